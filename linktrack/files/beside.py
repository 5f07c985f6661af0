"""What is made beside its target: held by its process, given to whom the folder belongs, synced, and cleared away by
the next command when its process is gone."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from linktrack.files.protected import CONFIG_NAME
from linktrack.files.reading import sentence_of

ASIDE = ".unfinished-"
NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


def give_to_owner_of(folder: Path, handle: int) -> None:
    """Give an open file or folder that root has made in somebody else's folder to them: else the jobs that they run
    could not use it any more."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        with suppress(PermissionError):  # a root that may not do so
            os.fchown(handle, owner.st_uid, owner.st_gid)


def leftovers(folder: Path) -> list[Path]:
    """What a killed command has left in a folder: files and folders beside their targets that nobody writes to."""
    found = (path for path in folder.iterdir() if path.name.startswith(".") and ASIDE in path.name)
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


def hold(handle: int) -> bool:
    """Hold what was just made, as long as `handle` is open; False when it was cleared away before."""
    fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_nlink > 0


@contextmanager
def errors_about(aside: Path, path: Path) -> Iterator[None]:
    """Errors of writing into `aside` as sentences about `path`, the name that the user knows; others pass."""
    try:
        yield
    except OSError as problem:
        if problem.errno == errno.EPIPE or not str(problem.filename or aside).startswith(str(aside)):
            raise
        raise sentence_of(problem, path) from None


def sync(path: Path) -> None:
    """Make what a file holds last, or what was made, renamed or removed in a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
