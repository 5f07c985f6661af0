"""Files are read, and errors of the system become sentences."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from linktrack.errors import BadInput, Conflict, DiskFull, LinktrackError, NotFound

MOST_OWN = 1 << 26  # bytes of a file that a workspace has in a place of its own and that is held in memory
STDIN = STDOUT = "-"


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


def is_open_file(path: Path) -> bool:
    """Whether a path is one of the system's names for a file that a process has open: what that is, not what it is
    called, is read or written. Other names under `/dev` and `/proc` are files as any, by what they are."""
    return _OPEN_FILE.fullmatch(os.path.normpath(path.absolute())) is not None


def tidy_path(path: Path) -> Path:
    """A path as it is noted and shown, for whoever looks may stand elsewhere: whole, without `.` and `..`, by the
    folders themselves that it leads through. What is a link itself keeps its name, and so do the system's names for
    open files."""
    whole = path.absolute()
    if is_open_file(whole):
        return Path(os.path.normpath(whole))
    return whole_path(whole) if whole.name in ("", "..") else whole_path(whole.parent) / whole.name


@contextmanager
def explained(path: Path | str, what: str = "a file") -> Iterator[None]:
    """Errors of the system about `path` as sentences."""
    try:
        yield
    except OSError as problem:
        raise sentence_of(problem, path, what) from None


_OPEN_FILE = re.compile("/dev/(stdin|stdout|stderr|fd/[0-9]+)|/proc/(self|thread-self|[0-9]+(/task/[0-9]+)?)/fd/[0-9]+")
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
