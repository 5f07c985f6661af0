"""Folders that are made whole, and where none can be made."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from linktrack.errors import Conflict, LinktrackError, NotFound
from linktrack.files.beside import leftovers
from linktrack.files.disk_folders import (
    check_new_folder,
    folder_for_a_moment,
    make_own_folder,
    making_folder,
    passing_folder,
)
from linktrack.files.protected import Protected

NOTHING = Protected()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), making_folder(tmp_path / "out", NOTHING) as folder:
        (folder / "a").write_text("half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with making_folder(tmp_path / "out", NOTHING) as folder:
        (folder / "a").write_text("whole")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a").read_text() == "whole"
    with pytest.raises(Conflict, match="not empty"), making_folder(tmp_path / "out", NOTHING):
        pass
    (tmp_path / "empty").mkdir()
    with making_folder(tmp_path / "empty", NOTHING) as folder:
        (folder / "a").write_text("whole")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a"]


def test_a_new_folder_takes_no_name_that_was_taken_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="not empty"), making_folder(tmp_path / "out", NOTHING):
        (tmp_path / "out" / "theirs").mkdir(parents=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


NO_NEW_FOLDER: dict[str, tuple[type[LinktrackError], str]] = {
    "link": (Conflict, "link is a link: name a new folder"),
    "nowhere": (Conflict, "nowhere is a link: name a new folder"),
    "file": (Conflict, "file is a file: name a new folder"),
    "full": (Conflict, "full is not empty: name a new folder"),
    "missing/new": (NotFound, "there is no such folder: .*missing"),
    "file/new": (NotFound, "there is no such folder: .*file"),
    "full/scripts/new": (Conflict, "belongs to a workspace"),
}


@pytest.mark.parametrize("name", NO_NEW_FOLDER)
def test_where_no_new_folder_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full" / "scripts").mkdir(parents=True)
    (tmp_path / "full" / "linktrack.toml").touch()
    (tmp_path / "link").symlink_to("full")
    (tmp_path / "nowhere").symlink_to("missing")
    kind, words = NO_NEW_FOLDER[name]
    with pytest.raises(kind, match=f"{words}$" if "name a new" in words else words):
        check_new_folder(tmp_path / name, NOTHING)


def test_a_new_folder_is_refused_where_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    check_new_folder(tmp_path / "empty", NOTHING)
    monkeypatch.setattr(os, "access", lambda path, how: (path, how) != (tmp_path / "empty", os.W_OK | os.X_OK))
    check_new_folder(tmp_path / "new", NOTHING)
    with pytest.raises(Conflict, match="no permission") as caught:
        check_new_folder(tmp_path / "empty", NOTHING)
    assert caught.value.file == str(tmp_path / "empty")
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(Conflict, match="no permission"):
        check_new_folder(tmp_path / "new", NOTHING)

    def ill(_: Path) -> None:
        raise OSError(errno.EIO, "")

    monkeypatch.setattr(Path, "iterdir", ill)
    with pytest.raises(Conflict, match="the disk reports an error") as caught:
        check_new_folder(tmp_path / "empty", NOTHING)
    assert caught.value.file == str(tmp_path / "empty")


def test_a_folder_of_very_many_files_is_synced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: said.append("all"))
    for count in (99, 100, 101):
        with making_folder(tmp_path / str(count), NOTHING) as folder:
            for number in range(count):
                (folder / str(number)).touch()
    assert said == ["all", "all"]


def test_a_folder_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".linktrack.unfinished-1").mkdir()
    with pytest.raises(ZeroDivisionError), passing_folder(tmp_path) as folder:
        assert (folder.parent, mode(folder), leftovers(tmp_path)) == (tmp_path, 0o700, [])
        assert folder.name.startswith(".linktrack.unfinished-") and list(tmp_path.iterdir()) == [folder]
        (folder / "x").write_text("x")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFound) as caught, passing_folder(tmp_path / "missing"):
        pass
    assert caught.value.file == str(tmp_path / "missing")
    assert folder_for_a_moment(tmp_path) == tmp_path
    assert folder_for_a_moment(tmp_path / "missing") == Path(tempfile.gettempdir())
    monkeypatch.setattr(os, "access", lambda _, how: how != os.W_OK | os.X_OK)
    assert folder_for_a_moment(tmp_path) == Path(tempfile.gettempdir())


def test_a_folder_of_the_workspace_may_be_there(tmp_path: Path) -> None:
    make_own_folder(tmp_path / "a")
    make_own_folder(tmp_path / "b", 0o711)
    make_own_folder(tmp_path / "a", 0o711)
    assert [mode(tmp_path / name) for name in "ab"] == [0o700, 0o711]
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_own_folder(tmp_path / "file")
