"""The one writer: what it replaces, what it refuses, and what is left when it fails."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from linktrack.errors import BadInput, Conflict, DiskFull, LinktrackError, NotFound
from linktrack.files.beside import leftovers
from linktrack.files.folders import making_folder
from linktrack.files.kept import Kept
from linktrack.files.reading import read_bytes, read_own
from linktrack.files.writing import create, replace_own, write_file, writing

NOTHING = Kept()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777], ids=oct)
def test_what_is_made_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "a", b"1", NOTHING)
        create(tmp_path / "b", b"1")
        replace_own(tmp_path / "b", b"2")
        with making_folder(tmp_path / "c", NOTHING) as folder:
            write_file(folder / "d", b"1", NOTHING)
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("a", "b", "c", "c/d")] == [0o600, 0o600, 0o700, 0o600]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")
    with writing(path, NOTHING) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert sorted(tmp_path.iterdir()) == [path]


def test_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), writing(path, NOTHING) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == [path]


Place = Callable[[Path], Path]


def _workspace(root: Path) -> None:
    (root / "linktrack.toml").write_text("base_url = 'https://click.example.com'")
    for name in (
        "linktrack.key",
        "linktrack.db",
        "linktrack.db-wal",
        "linktrack.db.before-0001",
        "linktrack.snapshot",
        "linktrack.exports",
    ):
        (root / name).write_text("precious")
    for name in ("scripts", "clicklog", "pages"):
        (root / name / "deep").mkdir(parents=True)
        (root / name / "file").write_text("precious")


@pytest.mark.parametrize(
    "name",
    [
        "linktrack.toml", "linktrack.key", "linktrack.db", "linktrack.db-wal", "linktrack.db-shm",
        "linktrack.db.before-0001", "linktrack.snapshot", "linktrack.exports", ".linktrack-import.lock", "scripts/file", "scripts/new.py",
        "scripts/deep/new", "clicklog/file", "pages/text.html",
    ],
)  # fmt: skip
def test_no_output_replaces_what_belongs_to_a_workspace(tmp_path: Path, name: str) -> None:
    """By its place: also a workspace's that the command knows nothing of, through links, `..` and parents' links."""
    root = tmp_path / "workspace"
    root.mkdir()
    _workspace(root)
    (tmp_path / "link").symlink_to(root / name)
    (tmp_path / "other-name").symlink_to(root)
    before = (root / name).read_bytes() if (root / name).exists() else None
    for path in (root / name, root / "scripts" / ".." / name, tmp_path / "link", tmp_path / "other-name" / name):
        with pytest.raises(Conflict, match="belongs to a workspace"):
            write_file(path, b"gone", NOTHING)
        with pytest.raises((Conflict, LinktrackError)), making_folder(path, NOTHING):
            pass
    assert ((root / name).read_bytes() if (root / name).exists() else None) == before


def test_other_files_of_a_workspace_are_a_persons_to_replace(tmp_path: Path) -> None:
    _workspace(tmp_path)
    (tmp_path / "report.csv").write_text("old")
    write_file(tmp_path / "report.csv", b"new", NOTHING)
    assert (tmp_path / "report.csv").read_bytes() == b"new"


def test_places_that_only_the_settings_know_are_kept_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clicks.sqlite").write_text("precious")
    (tmp_path / "forms").mkdir()
    kept = Kept(own=(tmp_path / "data" / "clicks.sqlite", tmp_path / "forms"))
    for name in ("data/clicks.sqlite", "data/clicks.sqlite-wal", "data/clicks.sqlite.before-0001", "forms/new.html"):
        with pytest.raises(Conflict, match="belongs to a workspace"):
            write_file(tmp_path / name, b"gone", kept)
    write_file(tmp_path / "data" / "clicks.sqlitex", b"fine", kept)


@pytest.mark.parametrize("name", ["linktrack.toml", "linktrack.key", "linktrack.db", "scripts"])
def test_what_a_workspace_has_by_a_link_is_kept_by_both_names(tmp_path: Path, name: str) -> None:
    """Where the key stands in a safer place, or the database on a larger disk."""
    root, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    root.mkdir()
    _workspace(root)
    elsewhere.mkdir()
    (root / name).rename(elsewhere / "real")
    (root / name).symlink_to(elsewhere / "real")
    tail = "/file" if name == "scripts" else ""
    before = (elsewhere / f"real{tail}").read_bytes()
    kept = Kept(own=(root / name,))
    for path in (elsewhere / f"real{tail}", root / f"{name}{tail}"):
        with pytest.raises(Conflict, match="belongs to a workspace"):
            write_file(path, b"gone", kept)
    if tail:
        with pytest.raises(Conflict, match="belongs to a workspace"):
            write_file(root / "scripts" / "new.py", b"planted", NOTHING)
    assert (elsewhere / f"real{tail}").read_bytes() == before


@pytest.mark.parametrize("folder", ["scripts", "scripts/deep", "pages"])
def test_what_is_in_an_own_folder_by_a_link_is_kept_by_both_names(tmp_path: Path, folder: str) -> None:
    """A script of the CRM's, or a template that several workspaces share."""
    root, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    (root / folder).mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "real").write_text("precious")
    (elsewhere / "lib").mkdir()
    (root / folder / "file").symlink_to(elsewhere / "real")
    (root / folder / "lib").symlink_to("../" * folder.count("/") + "../../elsewhere/lib")
    (root / folder / "circle").symlink_to("circle")
    kept = Kept(own=(root / folder.partition("/")[0],))
    for path in (elsewhere / "real", root / folder / "file", elsewhere / "lib", elsewhere / "lib" / "new.py"):
        with pytest.raises(Conflict, match=r"belongs to a workspace|is a folder"):
            write_file(path, b"gone", kept)
    with pytest.raises(Conflict, match="belongs to a workspace"), making_folder(elsewhere / "lib" / "out", kept):
        pass
    assert (elsewhere / "real").read_text() == "precious"
    write_file(elsewhere / "another", b"fine", kept)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(os.path.relpath(path))


def _link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a socket": _socket,
    "a link to a pipe": _link_to_a_pipe,
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_no_plain_file_is_neither_read_nor_replaced_as_an_own_one(tmp_path: Path, what: str) -> None:
    path = tmp_path / "linktrack.key"
    ODD[what](path)
    before = path.stat()
    with pytest.raises(BadInput, match="this is no plain file, and so not a key file"):
        read_own(path, "a key file")
    with pytest.raises(BadInput, match="this is no plain file"):
        replace_own(path, b"new")
    assert os.path.samestat(before, path.stat()) and path.stat().st_mode == before.st_mode


def test_an_own_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "linktrack.toml"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(BadInput, match="this is longer than a settings file is"):
        read_own(path, "a settings file", 1000)
    os.truncate(path, 1000)
    assert len(read_own(path, "a settings file", 1000)) == 1000


def test_a_workspaces_own_file_is_replaced_where_its_link_leads(tmp_path: Path) -> None:
    """Else a key that was changed would be new in the workspace, and the old one would stay where it is kept."""
    (tmp_path / "safe.key").write_text("old")
    (tmp_path / "linktrack.key").symlink_to("safe.key")
    replace_own(tmp_path / "linktrack.key", b"new")
    assert (tmp_path / "linktrack.key").is_symlink() and (tmp_path / "safe.key").read_bytes() == b"new"


def test_no_output_replaces_an_input(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("clicks")
    (tmp_path / "same.log").hardlink_to(log)
    (tmp_path / "link.log").symlink_to(log)
    kept = NOTHING.and_inputs(log, "-", None)
    for name in ("a.log", "./a.log", "same.log", "link.log"):
        with pytest.raises(Conflict, match="read by the same command"):
            write_file(tmp_path / name, b"", kept)
    assert log.read_text() == "clicks"


def test_a_link_of_ones_own_is_followed_once_and_its_target_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "out").write_text("before")
    (tmp_path / "link").symlink_to("real/out")
    write_file(tmp_path / "link", b"after", NOTHING)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "out").read_bytes() == b"after"


def test_a_link_of_somebody_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a link of somebody else")
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    os.lchown(tmp_path / "link", 65_534, 65_534)
    with pytest.raises(Conflict, match="somebody else"):
        write_file(tmp_path / "link", b"gone", NOTHING)
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_link_in_a_circle_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(LinktrackError, match="circle"):
        write_file(tmp_path / "a", b"", NOTHING)


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write_file(fifo, b"through", NOTHING)
    reader.join()
    assert (read, stat.S_ISFIFO(fifo.stat().st_mode)) == ([b"through"], True)


@pytest.mark.parametrize("name", ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_device_is_written_into_and_stays_what_it_is(tmp_path: Path, name: str) -> None:
    program = f"from pathlib import Path; from linktrack.files.kept import Kept; from linktrack.files.writing import write_file; write_file(Path({name!r}), b'x', Kept())"
    with (tmp_path / "out").open("w") as out:
        out.write("before ")
        out.flush()
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == ("before " if name == "/dev/null" else "before x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        pytest.param("missing/out", NotFound, "no such folder", id="parents are not made"),
        pytest.param("", Conflict, "folder", id="a folder"),
        pytest.param("a/out", NotFound, "no such folder", id="below a file"),
        pytest.param("x" * 300, LinktrackError, "longer", id="too long a name"),
    ],
)
def test_where_nothing_can_be_written(tmp_path: Path, name: str, kind: type[LinktrackError], words: str) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(kind, match=words):
        write_file(tmp_path / name, b"", NOTHING)


@pytest.mark.parametrize(
    ("call", "number", "kind"),
    [
        ("fsync", errno.ENOSPC, DiskFull), ("fsync", errno.EIO, Conflict), ("replace", errno.EROFS, Conflict),
        ("replace", errno.EACCES, Conflict), ("fchmod", errno.EDQUOT, DiskFull),
    ],
)  # fmt: skip
def test_a_step_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kind: type[LinktrackError]
) -> None:
    path = tmp_path / "out"
    path.write_text("before")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(kind) as caught:
            write_file(path, b"after", NOTHING)
    assert caught.value.file == str(path)
    assert path.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == [path]


def test_what_a_killed_command_left_goes_with_the_next_one_in_that_folder(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from linktrack.files.kept import Kept\n"
        "from linktrack.files.writing import writing\n"
        "with writing(Path(sys.argv[1]), Kept()) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "out"], check=False)
    assert [path.name.startswith(".out.unfinished-") for path in leftovers(tmp_path)] == [True]
    with writing(tmp_path / "other", NOTHING) as other:
        assert leftovers(tmp_path) == []
        write_file(tmp_path / "out", b"whole", NOTHING)
        other.write(b"what is being written is no leftover")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


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


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        pytest.param("missing", NotFound, "no such file", id="not there"),
        pytest.param("", BadInput, "this is a folder, not a mail", id="a folder"),
        pytest.param("a/b", NotFound, "is a file, not a folder", id="below a file"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, kind: type[LinktrackError], words: str) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(kind, match=words):
        read_bytes(tmp_path / name, "a mail")
