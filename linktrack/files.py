"""Files: read with errors as sentences, and the one way in which anything is written.

A file is written beside its target, synced and renamed over it, and then its folder is synced: it is there whole or
not at all, and stays so after a power cut. Everything is readable by its owner alone unless the caller says
otherwise, whatever the umask. No output ever replaces an input of its command or a file of a workspace, follows a
link that somebody else has planted, or puts a file in the place of a device or a pipe (which are written into; what
goes to a terminal, by whatever name it has, is cleaned).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from linktrack.errors import BadInput, Conflict, DiskFull, LinktrackError, NotFound, UsageError
from linktrack.terminals import clean_terminal

CONFIG_NAME = "linktrack.toml"  # what marks a folder as a workspace
PRIVATE, PUBLIC = 0o600, 0o644  # modes of files; their folders get 0o700 and 0o755
_OWN_FILE = re.compile(r"linktrack\.(toml|key|db|snapshot|exports).*|\.linktrack-.*")  # of a workspace, with companions
_OWN_FOLDERS = ("scripts", "clicklog", "pages")
_ASIDE = ".unfinished-"
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_MANY = 100  # files that are synced one by one
_LINKS = 40  # symbolic links that are followed, as the system does
_IN_MEMORY = 1 << 24  # bytes that wait there for a stream
MOST_OWN = 1 << 26  # bytes of a file that a workspace has in a place of its own and that is held in memory

_LONGEST_PATH, _LONGEST_NAME = 4_000, 255  # bytes
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SYSTEM_FOLDER = re.compile("/(proc|sys|dev(?!/shm/))/")

STDIN = STDOUT = "-"


# --- reading ---------------------------------------------------------------------------------------------------


def read_bytes(path: Path, what: str = "a file") -> bytes:
    """A file's bytes, or standard input's for `-`. `what` is what the command needs: "an HTML file".

    NotFound, BadInput or Conflict with a sentence.
    """
    if str(path) == STDIN:
        return sys.stdin.buffer.read()
    with open_input(path, what) as file, explained(path, what):
        return file.read()


def open_input(path: Path, what: str = "a file") -> BinaryIO:
    """A file, opened for reading. NotFound, BadInput or Conflict with a sentence."""
    with explained(path, what):
        return path.open("rb")


def read_own(path: Path, what: str, most: int = MOST_OWN) -> bytes:
    """The bytes of a file that a workspace has in a place of its own. `what` is what should be there: "a key file".

    NotFound, BadInput or Conflict with a sentence; BadInput also for a pipe or a device, which would keep the command
    waiting for ever, and for more than `most` bytes, which would fill the memory.
    """
    with open_own(path, what) as file, explained(path, what):
        endless = os.fstat(file.fileno()).st_size > most
        data = b"" if endless else file.read(most + 1)
    if endless or len(data) > most:
        raise BadInput(f"this is longer than {what} is ({most:,} bytes at most): see what has become of it", file=path)
    return data


def open_own(path: Path, what: str) -> BinaryIO:
    """A file that a workspace has in a place of its own, opened for reading. As `read_own`, but for its length."""
    with explained(path, what):
        refuse_no_plain_file(path, what)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # what came there since is not waited for
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise _no_plain_file(path, what)
    return file


def refuse_no_plain_file(path: Path, what: str) -> None:
    """BadInput for a pipe, a device or a folder where a file of a workspace should be. OSError without one."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise _no_plain_file(path, what)


def _no_plain_file(path: Path, what: str) -> BadInput:
    return BadInput(f"this is no plain file, and so not {what}: see what it is, and remove it", file=path)


def whole_path(path: Path) -> Path:
    """A path with all its links followed, as far as they lead; one that leads in a circle stays as it is."""
    return Path(os.path.realpath(path))


@contextmanager
def explained(path: Path | str, what: str = "a file") -> Iterator[None]:
    """Errors of the system about `path` as sentences."""
    try:
        yield
    except OSError as problem:
        raise sentence_of(problem, path, what) from None


AGAIN = " and run the command again"  # a way out that a server does not have
_SYSTEM: dict[int, tuple[type[LinktrackError], str]] = {
    errno.ENOENT: (NotFound, "there is no such file or folder: check the path"),
    errno.ENOTDIR: (NotFound, "a part of this path is a file, not a folder"),
    errno.ELOOP: (BadInput, "this link leads in a circle, or belongs to somebody else"),
    errno.ENAMETOOLONG: (BadInput, "this name is longer than the file system takes"),
    errno.EACCES: (Conflict, "no permission: check who owns the file and its folder"),
    errno.EPERM: (Conflict, "no permission: check who owns the file and its folder"),
    errno.EEXIST: (Conflict, "this exists already: name another path or remove it"),
    errno.ENOTEMPTY: (Conflict, "this folder is not empty: name another one"),
    errno.EROFS: (Conflict, "this file system is read-only: name another path"),
    errno.EIO: (Conflict, "the disk reports an error"),
    errno.EMFILE: (Conflict, f"too many files are open: raise the limit (ulimit -n){AGAIN}"),
    errno.ETXTBSY: (Conflict, "this file is being run: try again when it has ended"),
    errno.EBUSY: (Conflict, "this is in use: try again when it is not"),
    errno.ENXIO: (Conflict, "nobody reads this pipe"),
    errno.ENOSPC: (DiskFull, f"the disk is full: free some space{AGAIN}"),
    errno.EDQUOT: (DiskFull, f"the disk quota is used up: free some space{AGAIN}"),
    errno.EFBIG: (DiskFull, "the file would be larger than allowed: raise the limit (ulimit -f) or name another disk"),
}


def sentence_of(problem: OSError, path: Path | str | None = None, what: str = "a file") -> LinktrackError:
    """An error of the system as one of ours, about `path` or the file that it names."""
    named = path if path is not None else problem.filename
    if problem.errno == errno.EISDIR:
        return BadInput(f"this is a folder, not {what}", file=named)
    kind, sentence = _SYSTEM.get(problem.errno or 0, (Conflict, problem.strerror or str(problem)))
    return kind(sentence, file=named)


# --- what may be written ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What no output of a command may replace: the files it reads, and the files and folders of its workspace."""

    inputs: tuple[Path, ...] = ()
    own: tuple[Path, ...] = ()  # a database stands for its companions too, a folder for what is in it

    def and_inputs(self, *paths: Path | str | None) -> Kept:
        """The same with further inputs; `-` and None are none."""
        more = (Path(path) for path in paths if path is not None and str(path) != STDIN)
        return Kept((*self.inputs, *more), self.own)


NOTHING_KEPT = Kept()


def judged_target(path: Path, kept: Kept) -> Path:
    """Where an output named `path` is really written: links resolved once.

    Conflict for a folder, an input, a workspace's own file, or a link of another user; NotFound without the folder that
    it is to be in.
    """
    with explained(path):
        target = _resolved(path)
        there = target.stat() if target.exists() else None
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise folder_in_place(path)
    if not target.parent.is_dir():
        raise NotFound(f"there is no such folder: {path.parent}")
    if there is not None and _is_input(there, target, kept):
        raise Conflict("this is read by the same command, and writing would destroy it: name another", file=path)
    refuse_own(target, path, kept)
    return target


def folder_in_place(path: Path) -> Conflict:
    """The error of an output that is to be a file and names a folder."""
    return Conflict("this is a folder: name a file in it", file=path)


def refuse_unfit_place(path: Path, *, folder: bool) -> None:
    """See whether `path` can be a folder that is written into, else a file, as far as that shows; what is not there yet
    can be made.

    BadInput, NotFound or Conflict for a name that no file system takes, one of the system's own folders, a link in a
    circle, a file on the way, and where something else is there.
    """
    whole = Path(os.path.normpath(path.absolute()))
    if found := _CONTROLS.search(str(whole)):
        raise BadInput(f"a path must not have the sign {found[0]!r}", file=path)
    named = os.fsencode(whole)
    if len(named) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in named.split(b"/")):
        raise sentence_of(OSError(errno.ENAMETOOLONG, ""), path)
    if any(_SYSTEM_FOLDER.match(f"{one}/") for one in (whole, os.path.realpath(whole))):
        raise BadInput("this is among the system's own files, where nothing is kept: name another path", file=path)
    try:
        mode = whole.stat().st_mode
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.EACCES):  # which whoever writes there may make, and look into
            return
        raise sentence_of(problem, path) from None
    if folder and not stat.S_ISDIR(mode):
        raise Conflict("this must be a folder, and is none: name a folder", file=path)
    if not folder and stat.S_ISDIR(mode):
        raise folder_in_place(path)
    if not folder and not stat.S_ISREG(mode):
        raise Conflict("this must be a file, and is a pipe or a device: name a file", file=path)


def _is_input(there: os.stat_result, target: Path, kept: Kept) -> bool:
    """Whether a file is one that the command reads: by itself, in a folder, or redirected."""
    given = [path for path in kept.inputs if path.exists()]
    if any(os.path.samestat(there, one) for one in (*_stdin_file(), *(path.stat() for path in given))):
        return True
    whole = whole_path(target)
    return any(path.is_dir() and whole_path(path) in whole.parents for path in given)


def _stdin_file() -> Iterator[os.stat_result]:
    """The regular file that standard input is read from, if it is one: an input that no argument names."""
    with suppress(OSError):
        given = os.fstat(0)
        if stat.S_ISREG(given.st_mode):
            yield given


def refuse_own(target: Path, named: Path, kept: Kept) -> None:
    """Conflict when `target` is a file of a workspace: by its place in any, or one that `kept` names, also where the
    workspace has it, or what is in a folder of its own, by a link."""
    real = whole_path(target.parent) / target.name
    own = (one for path in kept.own for one in (path, *_links_in(path)))
    mine = {place for path in own for place in (whole_path(path.parent) / path.name, whole_path(path))}
    by_name = any(_is_own_by_name(place) for place in (real, named.absolute()))
    if by_name or any(
        real == place
        or place in real.parents
        or (real.parent == place.parent and real.name.startswith((f"{place.name}-", f"{place.name}.")))
        for place in mine
    ):
        raise Conflict("this belongs to a workspace, and writing would destroy it: name another path", file=named)


def _links_in(folder: Path) -> Iterator[Path]:
    """The links in a folder and the folders in it, each of which may lead out of it; none in what is no folder."""
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def _is_own_by_name(path: Path) -> bool:
    """Whether a path is a workspace's file or in a folder of it, by the names that these have in any."""
    if _OWN_FILE.fullmatch(path.name) and (path.parent / CONFIG_NAME).exists():
        return True
    return any(part.name in _OWN_FOLDERS and (part.parent / CONFIG_NAME).exists() for part in (path, *path.parents))


def _resolved(path: Path) -> Path:
    """`path` with the links at its end followed. Conflict for one of another user, there or on the way."""
    here = path
    for _ in range(_LINKS):
        refuse_planted(here, path)
        if _is_device_path(here) or not here.is_symlink():
            return here
        with explained(path):
            if here.lstat().st_uid != os.geteuid():
                raise Conflict("this is a link that belongs to somebody else: name the file itself", file=path)
            here = here.parent / here.readlink()
    raise sentence_of(OSError(errno.ELOOP, ""), path)


def refuse_planted(path: Path, named: Path) -> None:
    """Conflict when a folder on the way to `path` is a link of another user, who chooses where it leads."""
    for folder in path.absolute().parents:
        with explained(named):
            if folder.is_symlink() and folder.lstat().st_uid not in (0, os.geteuid()):
                raise Conflict(f"{folder} is a link that belongs to somebody else: name the folder itself", file=named)


def refuse_planted_folder(folder: Path) -> None:
    """The same for a folder that is written into, which may be a link itself: of this user, or the system's."""
    here = folder
    for _ in range(_LINKS):
        refuse_planted(here / CONFIG_NAME, folder)
        with explained(folder):
            if not here.is_symlink():
                return
            here = here.parent / here.readlink()
    raise sentence_of(OSError(errno.ELOOP, ""), folder)


def refuse_root(root: Path, named: Path, kept: Kept) -> None:
    """Conflict for a folder in which no workspace may be made: one that is reached by another user's link, or is among
    the own files of a workspace."""
    refuse_planted_folder(root)
    refuse_own(root, named, kept)


def _is_device_path(path: Path) -> bool:
    """Whether a path is one of the system's names for an open file: what it stands for is written into."""
    return str(path).startswith(("/dev/", "/proc/"))


def is_written_into(path: Path) -> bool:
    """Whether an output is a device or a pipe, which is never replaced by a file."""
    if _is_device_path(path):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


# --- writing ---------------------------------------------------------------------------------------------------


@contextmanager
def writing(
    path: Path, kept: Kept, *, mode: int = PRIVATE, waiting: Path | None = None, binary: str = ""
) -> Iterator[BinaryIO]:
    """A file to be written whole: it takes the name `path` when the block ends well, and vanishes when it does not.

    `-` is standard output, which gets nothing before all is well, nor does a pipe or a device: what is for them waits
    in the folder `waiting`, or the system's for such. What is no text is called so in `binary` ("a backup"), and goes
    to no terminal: UsageError, before anything is made. Errors as `judged_target`, DiskFull, Conflict; errors of
    reading inside are the caller's.
    """
    if str(path) == STDOUT:
        if binary and sys.stdout.isatty():
            raise _no_text(binary)
        with _waiting(waiting) as file:
            yield file
            _pass_on(file, sys.stdout.buffer)
        return
    target = judged_target(path, kept)
    if is_written_into(target):
        with explained(path):
            handle = os.open(target, os.O_WRONLY | os.O_APPEND)
        with os.fdopen(handle, "wb") as device, _waiting(waiting) as file:
            if binary and device.isatty():
                raise _no_text(binary)
            yield file
            _pass_on(file, clean_terminal(handle) if device.isatty() else device)
        return
    with _replacing(target, path, mode) as file:
        yield file


def _no_text(what: str) -> UsageError:
    return UsageError(f"{what} is no text, and is not shown on a terminal: name a file, or redirect it (> FILE)")


def _waiting(folder: Path | None) -> BinaryIO:
    """A file without a name, for what is to go into a stream once it is whole."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=None if folder is None else str(folder))  # noqa: SIM115  (closed by who asks)
    return cast("BinaryIO", file)


def _pass_on(file: BinaryIO, stream: BinaryIO) -> None:
    file.seek(0)
    shutil.copyfileobj(file, stream)
    stream.flush()


def write_file(path: Path, data: bytes, kept: Kept, *, mode: int = PRIVATE) -> None:
    """Write a whole file or nothing."""
    with writing(path, kept, mode=mode) as file:
        file.write(data)


def create(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Make a file that must not be there yet, synced with its folder, whose owner it gets. Conflict when it is."""
    with explained(path):
        handle = os.open(path, _NEW, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)
                give_to_owner_of(path.parent, handle)
                file.write(data)
                file.flush()
                os.fsync(handle)
            sync_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def replace_own(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Replace a file of the workspace itself (settings, keys, snapshot), whole or not at all; where the workspace has
    it by a link, what that leads to. It belongs to whom its folder does. BadInput for a device or a pipe in its
    place: nothing of ours ever takes the place of one."""
    target = _resolved(path)
    with explained(path), suppress(FileNotFoundError):
        refuse_no_plain_file(target, "a file of a workspace")
    with _replacing(target, path, mode) as file:
        give_to_owner_of(target.parent, file.fileno())
        file.write(data)


def give_to_owner_of(folder: Path, handle: int) -> None:
    """Give an open file or folder that root has made in somebody else's folder to them: else the jobs that they run
    could not use it any more."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        with suppress(PermissionError):  # a root that may not do so
            os.fchown(handle, owner.st_uid, owner.st_gid)


def make_own_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder where there is none; it belongs to whom the one above does."""
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        if folder.is_dir():
            return
        raise
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        give_to_owner_of(folder.parent, handle)
    finally:
        os.close(handle)


def folder_for_a_moment(wanted: Path) -> Path:
    """A folder that may be written to, for what is needed for a moment: `wanted`, or the system's for such."""
    return wanted if os.access(wanted, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


@contextmanager
def passing_folder(beside: Path) -> Iterator[Path]:
    """A folder for files that are needed for a moment, in a folder on the same disk; a killed command's goes with the
    next one."""
    with explained(beside):
        remove_leftovers(beside)
        folder = beside / f".linktrack{_ASIDE}{secrets.token_hex(6)}"
        folder.mkdir(mode=0o700)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        give_to_owner_of(beside, handle)
    try:
        _take(handle)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def making_folder(out: Path, kept: Kept, *, mode: int = 0o700) -> Iterator[Path]:
    """A folder beside `out` that takes its name when all is well and vanishes when it is not.

    Everything in it is synced first. Conflict when `out` is there and not empty; NotFound without the folder above.
    """
    check_new_folder(out, kept)
    whole = out.absolute()
    remove_leftovers(whole.parent)
    aside = whole.with_name(f".{whole.name}{_ASIDE}{secrets.token_hex(6)}")
    handle = -1
    try:
        with explained(out):
            aside.mkdir(mode=0o700)  # in here, for Ctrl-C may come as soon as it is there
            aside.chmod(mode)
            handle = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if not _take(handle):
                raise Conflict(f"{out} was cleared away while it was made: run the command again")
        with _about(aside, out):
            yield aside
            sync_tree(aside)
            check_new_folder(out, kept)
            if out.exists():
                out.rmdir()
            aside.rename(whole)
            sync_folder(whole.parent)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        if handle >= 0:
            os.close(handle)


def check_new_folder(out: Path, kept: Kept) -> None:
    """Conflict when nothing can be written into a folder `out`, because something is there or it is a workspace's;
    NotFound without the folder above it."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        what = "is a link" if out.is_symlink() else "is a file"
        raise Conflict(f"{out} {what}: name a new folder")
    refuse_planted(out, out)
    parent = out.absolute().parent
    if not parent.is_dir():
        raise NotFound(f"there is no such folder: {parent}")
    with explained(out):
        if out.is_dir() and any(out.iterdir()):
            raise Conflict(f"{out} is not empty: name a new folder")
        if not os.access(out if out.is_dir() else parent, os.W_OK | os.X_OK):
            raise sentence_of(PermissionError(errno.EACCES, ""), out)
    refuse_own(out.absolute(), out, kept)


def sync_tree(folder: Path) -> None:
    """Sync every file below a folder, and the folders; very many at once, for each one alone takes milliseconds."""
    found = list(islice(folder.rglob("*"), _MANY))
    if len(found) == _MANY:
        os.sync()
        return
    for path in found:
        if not path.is_symlink():
            _sync_path(path)
    _sync_path(folder)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder last."""
    _sync_path(folder)


def leftovers(folder: Path) -> list[Path]:
    """What a killed command has left in a folder: files and folders beside their targets that nobody writes to."""
    found = (path for path in folder.iterdir() if path.name.startswith(".") and _ASIDE in path.name)
    return sorted(path for path in found if not _is_held(path))


def remove_leftovers(folder: Path) -> None:
    """Remove what killed commands of this user have left in a folder, but a workspace that was on its way there: only
    with it a restore knows its own files again."""
    for path in leftovers(folder):
        with suppress(OSError), _held(path, fcntl.LOCK_EX):  # so that nobody begins to write to it meanwhile
            on_its_way = (path / CONFIG_NAME).exists() and not (folder / CONFIG_NAME).exists()
            if on_its_way or path.lstat().st_uid != os.geteuid():
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _is_held(path: Path) -> bool:
    """Whether a living process writes to it: it holds a lock that ends with the process."""
    try:
        with _held(path, fcntl.LOCK_SH):
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


@contextmanager
def _held(path: Path, lock: int) -> Iterator[None]:
    """Hold a file or folder that is there. BlockingIOError when another process does, OSError when it is gone."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, lock | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    """Hold what was just made, as long as `handle` is open; False when it was cleared away before."""
    fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_nlink > 0


@contextmanager
def _replacing(target: Path, named: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file beside `target` that this process holds, put in its place at the end; what a killed command has left
    of the same target goes. Errors are about `named`."""
    with explained(named):
        remove_leftovers(target.parent)
        while True:
            aside = target.with_name(f".{target.name[:200]}{_ASIDE}{secrets.token_hex(6)}")
            file = open(aside, "w+b", opener=lambda name, _: os.open(name, _NEW, mode))  # noqa: SIM115  (closed below)
            if _take(file.fileno()):
                break
            file.close()
    try:
        with _about(aside, named), file:
            os.fchmod(file.fileno(), mode)  # whatever the umask
            if mode == PUBLIC:  # what everybody may read belongs to whoever keeps it up to date
                give_to_owner_of(target.parent, file.fileno())
            yield file
            file.flush()
            os.fsync(file.fileno())
            aside.replace(target)
            sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


@contextmanager
def _about(aside: Path, path: Path) -> Iterator[None]:
    """Errors of writing into `aside` as sentences about `path`, the name that the user knows; others pass."""
    try:
        yield
    except OSError as problem:
        if problem.errno == errno.EPIPE or not str(problem.filename or aside).startswith(str(aside)):
            raise
        raise sentence_of(problem, path) from None


def _sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
