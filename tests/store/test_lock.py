"""A lock is a file of its workspace alone: nothing that lies in its place is emptied, and doctor names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.workspace import Workspace

JOBS: dict[str, tuple[str | Path, ...]] = {
    "import": ("click", "import", "access.log"),
    "action-run": ("action", "run", "--no-runs"),
    "key-change": ("key", "rotate"),
}


def _link(place: Path, target: Path) -> None:
    place.symlink_to(os.path.relpath(target, place.parent))


def _hard_link(place: Path, target: Path) -> None:
    os.link(target, place)


def _folder(place: Path, _: Path) -> None:
    place.mkdir()


def _pipe(place: Path, _: Path) -> None:
    os.mkfifo(place)


def _given_away(place: Path, _: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    place.touch(0o600)
    os.chown(place, 65_534, 65_534)


IN_ITS_PLACE = {
    "a link": (_link, "is a link to another file"),
    "a second name of a file": (_hard_link, "has another name, too"),
    "a folder": (_folder, "is no plain file"),
    "a pipe": (_pipe, "is no plain file"),
    "a file of somebody else": (_given_away, "belongs to another user"),
}


@pytest.mark.parametrize(("put", "fault"), IN_ITS_PLACE.values(), ids=IN_ITS_PLACE)
@pytest.mark.parametrize("job", JOBS)
def test_what_is_in_the_place_of_a_lock_is_refused_and_left_alone(
    run: Run, workspace: Workspace, tmp_path: Path, job: str, put: Callable[[Path, Path], None], fault: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("dear to somebody\n")
    (tmp_path / "access.log").write_text("")
    place = workspace.root / f".linktrack-{job}.lock"
    put(place, precious)
    done = run("--workspace", workspace.root, *JOBS[job])
    assert (done.code, place.name in done.err, fault in done.err) == (5, True, True), done.err
    assert precious.read_text() == "dear to somebody\n"
    found = [line for line in run("--workspace", workspace.root, "doctor").out.splitlines() if "lock" in line]
    assert any(line.startswith(f"lock\terror\t{place} {fault}") for line in found), found


def test_a_link_to_the_signing_key_or_to_nothing_is_no_lock(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("")
    place, key = workspace.root / ".linktrack-import.lock", workspace.key_path.read_bytes()
    for target in ("linktrack.key", "nowhere"):
        place.unlink(missing_ok=True)
        place.symlink_to(target)
        assert run("--workspace", workspace.root, "click", "import", tmp_path / "access.log").code == 5
    assert workspace.key_path.read_bytes() == key
    assert not (workspace.root / "nowhere").exists(), "and none is made where it leads"
