"""The workspaces that the programs in bench/ measure are whole: their SQL goes with the tables of today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Run

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCH)


def by_actions(root: Path) -> None:
    import actions

    actions.make_workspace(root, 20, 10)


def by_import(root: Path) -> None:
    import import_log

    import_log.make_workspace(root, 20)


def by_reports(root: Path) -> None:
    import made_clicks

    made_clicks.make_workspace(root, 2_000, 100, 2)


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("make", [by_actions, by_import, by_reports])
def test_the_workspace_of_a_bench_can_be_made_and_asked(tmp_path: Path, run: Run, make: Callable[[Path], None]) -> None:
    make(tmp_path / "ws")
    assert run("--workspace", tmp_path / "ws", "report", "links", "--format", "json").json
