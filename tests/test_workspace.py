"""Whose a workspace is: one that was found and not named must be the user's own, with all that is run or trusted in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.server.click_log import ClickLogWriter, make_folder
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


def _all_of(root: Path) -> list[Path]:
    return [root, *root.rglob("*")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work in somebody else's workspace")
def test_what_root_makes_in_somebody_else_s_workspace_is_theirs(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    for path in _all_of(workspace.root):
        os.chown(path, NOBODY, NOBODY)
    (tmp_path / "access.log").write_text("")
    ours = ("--workspace", workspace.root)
    for command in (
        ("click", "import", tmp_path / "access.log"),
        ("redirects", "export", tmp_path / "export", "--for", "nginx"),
        ("redirects", "export", workspace.root / "redirects", "--for", "nginx"),
        ("database", "copy", "sqlite:///linktrack.db", "sqlite:///copy.sqlite"),
        ("key", "rotate"),
        ("init", workspace.root, "--example", "nginx"),
        ("init", workspace.root, "--example", "hubspot"),
    ):
        done = run(*(command if command[0] == "init" else (*ours, *command)))
        assert done.code == 0, done.err
    make_folder(workspace.click_log_path)
    log = ClickLogWriter(workspace.click_log_path, 100, UTC, lambda said: None)
    assert log.write(b"{}\n", 0)
    log.close()
    assert {path.relative_to(workspace.root).parts[0] for path in _all_of(workspace.root)[1:]} >= {
        ".linktrack-import.lock", "linktrack.exports", "linktrack.snapshot", "linktrack.key", "weblogs", "clicklog", "redirects", "copy.sqlite",
    }  # fmt: skip
    assert [path for path in _all_of(workspace.root) if path.stat().st_uid != NOBODY] == []
    assert "owner\tok" in run(*ours, "doctor").out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave such a file")
@pytest.mark.parametrize(
    "name",
    [
        ".linktrack-import.lock",
        "linktrack.exports",
        "linktrack.snapshot",
        "linktrack.key",
        "linktrack.db",
        "linktrack.toml",
    ],
)
def test_doctor_names_a_file_that_the_workspace_s_owner_cannot_use(run: Run, workspace: Workspace, name: str) -> None:
    (workspace.root / name).touch()
    for path in _all_of(workspace.root):
        os.chown(path, NOBODY, NOBODY)
    os.chown(workspace.root / name, 0, 0)
    (workspace.root / name).chmod(0o600)
    rows = [line for line in run("--workspace", workspace.root, "doctor").out.splitlines() if line.startswith("owner")]
    assert len(rows) == 1 and str(workspace.root / name) in rows[0] and "chown nobody" in rows[0]
