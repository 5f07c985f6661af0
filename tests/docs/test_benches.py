"""The workspaces that the programs in bench/ measure are whole: their SQL goes with the tables of today."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

BENCH = Path(__file__).parents[2] / "bench"


def program(name: str) -> Any:
    """A program of bench/ as a module of a name of its own: there is a room of tests called `actions`, too."""
    spec = spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MADE = {"actions": (20, 10), "import_log": (20,), "made_clicks": (2_000, 100, 2)}


@pytest.mark.parametrize("name", MADE)
def test_the_workspace_of_a_bench_can_be_made_and_asked(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    program(name).make_workspace(tmp_path / "ws", *MADE[name])
    assert run("--workspace", tmp_path / "ws", "report", "links", "--format", "json").json
