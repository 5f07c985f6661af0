"""The one writer: what it replaces, what it refuses, and what is left when it fails."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from linktrack.errors import BadInput, Conflict, DiskFull, LinktrackError, NotFound, UsageError
from linktrack.files import writing as files_writing
from linktrack.files.disk_folders import check_new_folder, make_own_folder, making_folder, passing_folder
from linktrack.files.protected import Protected
from linktrack.files.reading import is_open_file, read_bytes, read_own
from linktrack.files.writing import PUBLIC, create, replace_own, write_file, writing

NOTHING = Protected()
SOMEBODY, THEIR_GROUP = 65_534, 65_533


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
        write_file(tmp_path / "e", b"1", NOTHING, mode=PUBLIC)
        create(tmp_path / "f", b"1", mode=PUBLIC)
        replace_own(tmp_path / "g", b"1", mode=PUBLIC)
        with making_folder(tmp_path / "h", NOTHING, mode=0o755):
            pass
    finally:
        os.umask(before)
    assert [mode(tmp_path / name) for name in ("a", "b", "c", "c/d")] == [0o600, 0o600, 0o700, 0o600]
    assert [mode(tmp_path / name) for name in "efgh"] == [0o644, 0o644, 0o644, 0o755]  # what is for everybody


def test_what_is_private_is_so_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    real, before = (os.fchmod, os.chmod), os.umask(0)

    def noted(handle: int, mode: int) -> None:
        found.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real[0](handle, mode)

    def noted_by_name(path: Path, mode: int, **_: object) -> None:
        found.append(stat.S_IMODE(path.stat().st_mode))
        real[1](path, mode)

    monkeypatch.setattr(os, "fchmod", noted)
    monkeypatch.setattr(os, "chmod", noted_by_name)
    try:
        write_file(tmp_path / "a", b"1", NOTHING)
        create(tmp_path / "b", b"1")
        made_whole(tmp_path / "c", 0o755)
    finally:
        os.umask(before)
    assert found[:3] == [0o600, 0o600, 0o700]


def made_for_a_moment(path: Path) -> None:
    with passing_folder(path.parent) as folder:
        folder.rename(path)


def made_whole(path: Path, mode: int = 0o700) -> None:
    with making_folder(path, NOTHING, mode=mode) as folder:
        (folder / "a").write_text("x")


MADE: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a file of the workspace": (lambda path: create(path, b"x"), True),
    "one that is replaced": (lambda path: replace_own(path, b"x"), True),
    "what everybody may read": (lambda path: write_file(path, b"x", NOTHING, mode=PUBLIC), True),
    "an output": (lambda path: write_file(path, b"x", NOTHING), False),
    "a folder of the workspace": (make_own_folder, True),
    "a folder for a moment": (made_for_a_moment, True),
    "a folder that is an output": (made_whole, False),
}


@pytest.mark.parametrize("case", MADE)
@pytest.mark.parametrize("owner", [SOMEBODY, 0])
def test_what_root_makes_for_a_workspace_is_its_owners(tmp_path: Path, case: str, owner: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(tmp_path, owner, THEIR_GROUP)
    make, given = MADE[case]
    make(tmp_path / "made")
    found = (tmp_path / "made").stat()
    assert (found.st_uid, found.st_gid) == ((SOMEBODY, THEIR_GROUP) if given and owner else (0, 0))


def test_a_root_that_may_give_nothing_away_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(tmp_path, SOMEBODY, THEIR_GROUP)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "")

    monkeypatch.setattr(os, "fchown", refused)
    create(tmp_path / "a", b"x")
    assert (tmp_path / "a").stat().st_uid == 0


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
    with pytest.raises(ZeroDivisionError), writing(path, NOTHING) as file:
        Path(str(file.name)).unlink()  # whoever it was
        raise ZeroDivisionError
    assert path.read_text() == "before"


def test_what_is_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "linktrack.key"
    path.write_text("before")
    with pytest.raises(Conflict, match="exists already") as caught:
        create(path, b"after")
    assert (caught.value.file, path.read_text()) == (str(path), "before")


def test_a_long_name_has_room_for_what_is_beside_it(tmp_path: Path) -> None:
    write_file(tmp_path / ("x" * 250), b"1", NOTHING)
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 250]


WAYS: dict[str, Callable[[Path, bytes], None]] = {
    "created": create,
    "replaced": replace_own,
    "written": lambda path, data: write_file(path, data, NOTHING),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_no_folder_takes_is_named(tmp_path: Path, way: str) -> None:
    path = tmp_path / ("x" * 256)
    with pytest.raises(LinktrackError) as caught:
        WAYS[way](path, b"1")
    assert caught.value.file == str(path) and not list(tmp_path.iterdir())


def test_what_is_written_can_be_read_back_meanwhile(tmp_path: Path) -> None:
    with writing(tmp_path / "out", NOTHING) as file:
        file.write(b"abc")
        file.seek(1)
        assert file.read() == b"bc"


def test_standard_output_gets_nothing_before_all_is_well(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with writing(Path("-"), NOTHING) as file:
        file.write(b"whole")
        assert capfdbinary.readouterr().out == b""
    assert capfdbinary.readouterr().out == b"whole"
    with pytest.raises(ZeroDivisionError), writing(Path("-"), NOTHING) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("name", ["-", "/dev/null"])
def test_what_is_for_a_stream_waits_where_it_is_told(tmp_path: Path, name: str) -> None:
    for waiting, folder in ((tmp_path, tmp_path), (None, Path(tempfile.gettempdir()))):
        with writing(Path(name), NOTHING, waiting=waiting) as file:
            assert Path(f"/proc/self/fd/{file.fileno()}").readlink().parent == folder


def test_little_waits_in_memory_and_much_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_writing, "_IN_MEMORY", 4)
    with writing(Path("/dev/null"), NOTHING, waiting=tmp_path / "no such folder") as file:
        file.write(b"1234")
    with pytest.raises(FileNotFoundError), writing(Path("/dev/null"), NOTHING, waiting=tmp_path / "none") as file:
        file.write(b"12345")


def test_a_terminal_gets_nothing_that_moves_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    try:
        write_file(Path(os.ttyname(theirs)), b"a\x1b[2Jb\n", NOTHING)
        shown = os.read(ours, 100)
        with open(os.ttyname(theirs), "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            for name in ("-", os.ttyname(theirs)):
                refused = pytest.raises(
                    UsageError, match=r"^a backup is no text, and is not shown on a terminal: name a"
                )
                with refused, writing(Path(name), NOTHING, binary="a backup"):
                    pass
            monkeypatch.undo()
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"\x1b" not in shown and shown.startswith(b"a")


@pytest.mark.parametrize("binary", ["", "a backup"])
def test_a_stream_that_is_no_terminal_gets_every_byte(binary: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ours, theirs = os.pipe()
    for name in ("-", f"/dev/fd/{theirs}"):
        with writing(Path(name), NOTHING, binary=binary) as file:
            file.write(b"a\x1b[2Jb\n")
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        assert capfdbinary.readouterr().out == pipe.read() == b"a\x1b[2Jb\n"


def test_a_device_that_cannot_be_opened_is_named_as_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to("socket")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "socket"))
        with pytest.raises(LinktrackError) as caught:
            write_file(path, b"1", NOTHING)
    assert caught.value.file == str(path)


def test_a_stream_that_is_not_open_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        write_file(Path("/proc/self/fd/999999"), b"x", NOTHING)
    assert caught.value.file == "/proc/self/fd/999999"


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
        "linktrack.db.before-0001", "linktrack.snapshot", "linktrack.exports", "linktrack.logs", ".linktrack-import.lock", "scripts/file", "scripts/new.py",
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
    kept = Protected(own=(tmp_path / "data" / "clicks.sqlite", tmp_path / "forms"))
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
    kept = Protected(own=(root / name,))
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
    kept = Protected(own=(root / folder.partition("/")[0],))
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
    with pytest.raises(BadInput, match="this is no plain file, and so not a file of a workspace: see"):
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
    (tmp_path / "way").symlink_to(".")
    os.lchown(tmp_path / "way", 65_534, 65_534)
    with pytest.raises(Conflict, match="way is a link that belongs to somebody else") as caught:
        check_new_folder(tmp_path / "way" / "new", NOTHING)
    assert caught.value.file == str(tmp_path / "way" / "new")


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
    program = f"from pathlib import Path; from linktrack.files.writing import *\nwrite_file(Path({name!r}), b'x', Protected())"
    with (tmp_path / "out").open("w") as out:
        out.write("before ")
        out.flush()
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == ("before " if name == "/dev/null" else "before x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="this system has no folder of files under /dev")
def test_a_folder_under_dev_is_one_as_any() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "out"
        for data in (b"first", b"second"):
            write_file(path, data, NOTHING)
            assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (data, 0o600)
            path.chmod(0o644)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in ("/dev/stdin", "/dev/stderr", "/dev/fd/63", "/proc/self/fd/1", "/proc/12/fd/3")),
        *((name, True) for name in ("/dev/./stdout", "/dev/shm/../fd/1", "/proc/12/task/13/fd/3")),
        *(
            (name, False)
            for name in ("/dev/shm/fd/1", "/dev/stdout.csv", "/dev/null", "/dev/fd", "/proc/self/maps", "dev/fd/1")
        ),
    ],
)
def test_open_files_are_told_by_the_names_that_the_system_gives_them(name: str, is_one: bool) -> None:
    assert is_open_file(Path(name)) is is_one


def test_the_folder_that_a_link_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("nowhere/x.csv")
    with pytest.raises(NotFound, match=f"no such folder: {tmp_path}/nowhere"):
        write_file(tmp_path / "out", b"", NOTHING)


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
    ("name", "kind"),
    [("missing/linktrack.key", NotFound), ("a/linktrack.key", NotFound), ("x" * 300, LinktrackError)],
)
def test_where_an_own_file_cannot_be(tmp_path: Path, name: str, kind: type[LinktrackError]) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(kind) as caught:
        replace_own(tmp_path / name, b"x")
    assert caught.value.file == str(tmp_path / name)


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


@pytest.mark.parametrize(
    ("case", "call"),
    [
        ("a file of the workspace", "fsync"), ("one that is replaced", "fsync"), ("a folder that is an output", "fsync"),
        ("a folder that is an output", "mkdir"), ("a folder for a moment", "mkdir"),
    ],
)  # fmt: skip
def test_a_step_that_fails_leaves_nothing_of_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, call: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(DiskFull) as caught:
            MADE[case][0](tmp_path / "new")
    assert caught.value.file == str(tmp_path if case == "a folder for a moment" else tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    assert os.fstat(1)  # standard output is open as it was


Raised = Callable[[Path], BaseException]
# What is raised inside, with a file's own name → what comes out of it.
INSIDE: dict[str, tuple[Raised, type[BaseException]]] = {
    "an error of writing": (lambda _: OSError(errno.ENOSPC, ""), DiskFull),
    "an error of a file in it": (lambda path: OSError(errno.EIO, "", str(path)), Conflict),
    "an error of reading something else": (lambda _: OSError(errno.EIO, "", "/elsewhere"), OSError),
    "a reader of a pipe that is gone": (lambda _: OSError(errno.EPIPE, ""), BrokenPipeError),
    "anything else": (lambda _: KeyboardInterrupt(), KeyboardInterrupt),
}


@pytest.mark.parametrize("case", INSIDE)
def test_errors_of_writing_are_about_the_name_that_was_given(tmp_path: Path, case: str) -> None:
    raised, kind = INSIDE[case]
    out = tmp_path / "out"
    with pytest.raises(kind) as of_folder, making_folder(out, NOTHING) as folder:
        raise raised(folder / "a")
    with pytest.raises(kind) as of_file, writing(out, NOTHING) as file:
        raise raised(Path(str(file.name)))
    for caught in (of_folder, of_file):
        assert type(caught.value) is kind
        assert not isinstance(caught.value, LinktrackError) or caught.value.file == str(out)
    assert list(tmp_path.iterdir()) == []


def test_the_disk_has_all_of_it_before_it_has_its_name_and_its_name_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []  # the names' beginnings, and whether the output was there
    real, out = os.fsync, tmp_path / "out"

    def noted(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        name = "." if path == tmp_path else str(path.relative_to(tmp_path)).replace(out.name, "", 1)
        synced.append((name.partition("unfinished-")[0] + name.partition("/")[2], out.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_file(out, b"x", NOTHING)
    assert synced == [("..", False), (".", True)]
    out.unlink()
    synced.clear()
    create(out, b"x")
    assert synced == [("", True), (".", True)]
    out.unlink()
    synced.clear()
    with making_folder(out, NOTHING) as folder:
        (folder / "a" / "b").mkdir(parents=True)
        (folder / "a" / "c").write_text("x")
        (folder / "link").symlink_to("nowhere")
    assert sorted(synced[:-1]) == [("..", False), ("..a", False), ("..a/b", False), ("..a/c", False)]
    assert synced[-1] == (".", True)


def test_what_another_command_clears_away_at_once_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its being held; a folder, which something else may have been told of, is not."""
    real, left = fcntl.flock, [2]

    def late(handle: int, how: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if how == fcntl.LOCK_EX and left[0]:
            left[0] -= 1
            path.rmdir() if path.is_dir() else path.unlink()
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write_file(tmp_path / "out", b"whole", NOTHING)
    assert (tmp_path / "out").read_bytes() == b"whole"
    left[0] = 1
    with pytest.raises(Conflict, match=r"new was cleared away while it was made: run the command again$"):
        made_whole(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


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
