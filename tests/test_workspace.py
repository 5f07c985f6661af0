"""Whose a workspace is: one that was found and not named must be the user's own, with all that is run or trusted in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.workspace import Workspace

NOBODY = 65_534


def _given_away(path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def _opened(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


def _opened_to_a_group(path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can choose any group")
    os.chown(path, 0, 100)  # `users`, of which nobody can say who is in it
    path.chmod(path.stat().st_mode | 0o020)


PLACES = (
    *(".", "linktrack.toml", "linktrack.key", "linktrack.db", "scripts", "scripts/deep", "scripts/deep/x.py"),
    ".linktrack-import.lock",
)


@pytest.fixture
def scripted(workspace: Workspace) -> Workspace:
    (workspace.scripts_path / "deep").mkdir()
    (workspace.scripts_path / "deep" / "x.py").write_text("print(1)")
    (workspace.root / ".linktrack-import.lock").touch(0o600)
    return workspace


@pytest.mark.parametrize(
    ("place", "change"),
    [
        *((place, _given_away) for place in PLACES),
        *((place, _opened) for place in PLACES),
        ("scripts", _opened_to_a_group),
    ],
)
def test_a_workspace_that_others_could_have_put_there_is_refused_unless_it_is_named(
    run: Run, scripted: Workspace, place: str, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(scripted.root / place)
    below = scripted.root / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    found = run("link", "list")
    assert (found.code, f"--workspace {scripted.root}" in found.err) == (5, True), found.err
    if place == "scripts":
        assert run("action", "run", "--crm", "c.csv", "--out", "o").code == 5
        assert f"owner\terror\t{scripted.root}/scripts" in run("doctor").out
    if place != "linktrack.key" or change is _given_away:  # others may not read the key, named or not
        assert run("--workspace", scripted.root, "link", "list").code == 0


def test_a_folder_like_tmp_above_it_is_nobody_s_fault(run: Run, scripted: Workspace) -> None:
    scripted.root.parent.chmod(0o1777)
    assert run("link", "list").code == 0


def test_a_group_of_one_s_own_is_nobody_else(run: Run, scripted: Workspace) -> None:
    if os.geteuid() or os.getgid():
        pytest.skip("root's own group is known here")
    scripted.root.chmod(0o770)
    assert run("link", "list").code == 0


def test_a_link_is_judged_by_what_it_leads_to(run: Run, scripted: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "x.py"
    elsewhere.write_text("print(1)")
    (scripted.scripts_path / "linked.py").symlink_to(elsewhere)
    assert run("link", "list").code == 0
    _opened(elsewhere)
    assert run("link", "list").code == 5
