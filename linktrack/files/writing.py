"""The one way in which files are written.

A file is written beside its target, synced and renamed over it, and then its folder is synced: it is there whole or
not at all, and stays so after a power cut. Everything is readable by its owner alone unless the caller says
otherwise, whatever the umask. No file takes the place of a device or a pipe (which are written into; what goes to a
terminal, by whatever name it has, is cleaned).
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from linktrack.errors import UsageError
from linktrack.files.beside import ASIDE, NEW, errors_about, give_to_owner_of, hold, remove_leftovers, sync
from linktrack.files.protected import Protected, is_written_into, judged_target, resolved
from linktrack.files.reading import STDOUT, explained, refuse_no_plain_file
from linktrack.files.terminals import clean_terminal

PRIVATE, PUBLIC = 0o600, 0o644  # modes of files; their folders get 0o700 and 0o755
_IN_MEMORY = 1 << 24  # bytes that wait there for a stream


@contextmanager
def writing(
    path: Path, protected: Protected, *, mode: int = PRIVATE, waiting: Path | None = None, binary: str = ""
) -> Iterator[BinaryIO]:
    """A file to be written whole: it takes the name `path` when the block ends well, and vanishes when it does not.

    `-` is standard output, which gets nothing before all is well, nor does a pipe or a device: what is for them waits
    in the folder `waiting`, or the system's temporary one. What is no text is called so in `binary` ("a backup"), and
    goes to no terminal: UsageError, before anything is made. Errors as `judged_target`, DiskFull, Conflict; errors of
    reading inside are the caller's.
    """
    if str(path) == STDOUT:
        if binary and sys.stdout.isatty():
            raise _no_text(binary)
        with _waiting(waiting) as file:
            yield file
            _pass_on(file, sys.stdout.buffer)
        return
    target = judged_target(path, protected)
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


def write_file(path: Path, data: bytes, protected: Protected, *, mode: int = PRIVATE) -> None:
    """Write a whole file or nothing."""
    with writing(path, protected, mode=mode) as file:
        file.write(data)


def create(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Make a file that must not be there yet, synced with its folder, whose owner it gets. Conflict when it is."""
    with explained(path):
        handle = os.open(path, NEW, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)
                give_to_owner_of(path.parent, handle)
                file.write(data)
                file.flush()
                os.fsync(handle)
            sync(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def replace_own(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Replace a file of the workspace itself (settings, keys, snapshot), whole or not at all; where the workspace has
    it by a link, what that leads to. It belongs to whom its folder does. BadInput for a device or a pipe in its
    place: nothing of ours ever takes the place of one."""
    target = resolved(path)
    with explained(path), suppress(FileNotFoundError):
        refuse_no_plain_file(target, "a file of a workspace")
    with _replacing(target, path, mode) as file:
        give_to_owner_of(target.parent, file.fileno())
        file.write(data)


@contextmanager
def _replacing(target: Path, named: Path, mode: int) -> Iterator[BinaryIO]:
    """A new file beside `target` that this process holds, put in its place at the end; what a killed command has left
    of the same target goes. Errors are about `named`."""
    with explained(named):
        remove_leftovers(target.parent)
        while True:
            aside = target.with_name(f".{target.name[:200]}{ASIDE}{secrets.token_hex(6)}")
            file = open(aside, "w+b", opener=lambda name, _: os.open(name, NEW, mode))  # noqa: SIM115  (closed below)
            if hold(file.fileno()):
                break
            file.close()
    try:
        with errors_about(aside, named), file:
            os.fchmod(file.fileno(), mode)  # whatever the umask
            if mode == PUBLIC:  # what everybody may read belongs to whoever keeps it up to date
                give_to_owner_of(target.parent, file.fileno())
            yield file
            file.flush()
            os.fsync(file.fileno())
            aside.replace(target)
            sync(target.parent)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
