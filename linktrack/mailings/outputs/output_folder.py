"""What mails are written into: the files of an output folder, how they are named, and streams."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from linktrack.errors import Conflict
from linktrack.files.beside import NEW
from linktrack.files.writing import PRIVATE

_IOV_MAX = 1024  # buffers in one gathering write
_NAME_BYTES = 200  # of the 255 that file systems take, less what is added


_UNSAFE = re.compile(r"[^\w.@+=,() \-]|^[. ]|[. ]$")  # most signs, and a dot or blank at either end
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)  # no file names on Windows


def file_name(contact_id: str) -> str:
    """A contact id as a file's name, without its suffix: what a file system may not like becomes %XX.

    Different ids give different names; of a long one the end is a fingerprint of the whole.
    """
    safe = _UNSAFE.sub(lambda match: _escaped(match[0]), contact_id)
    if _DEVICE.fullmatch(safe):
        safe = _escaped(safe[0]) + safe[1:]
    if len(safe.encode()) <= _NAME_BYTES:
        return safe
    fingerprint = blake2b(contact_id.encode(), digest_size=16).hexdigest()
    return f"{safe.encode()[: _NAME_BYTES - 40].decode(errors='ignore')}%{fingerprint}"


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def write_mails(folder: Path, suffix: str, files: Iterable[tuple[str, list[bytes]]]) -> Iterator[None]:
    """Write a file for each (contact id, content), and yield after each one."""
    for contact_id, buffers in files:
        name = file_name(contact_id) + suffix
        try:
            target = new_file(folder / name)
        except FileExistsError:  # a file system without case
            raise Conflict(f"two contact ids make one file {name!r} here: use --as ndjson") from None
        try:
            write_buffers(target, buffers)
        finally:
            os.close(target)
        yield


def new_file(path: Path) -> int:
    """A descriptor for a file that was not there, readable by its owner alone. OSError when it is there."""
    return os.open(path, NEW, PRIVATE)


def write_stream(out: BinaryIO, rows: Iterable[list[bytes]]) -> Iterator[None]:
    """Write rows one after the other, and yield after each that the system has taken. A file is synced at the end."""
    for buffers in rows:
        _flush(out, buffers)
        yield
    _sync(out)


def _flush(out: BinaryIO, buffers: list[bytes]) -> None:
    if isinstance(out, io.FileIO):
        write_buffers(out.fileno(), buffers)
    else:
        out.write(b"".join(buffers))
        out.flush()


def _sync(out: BinaryIO) -> None:
    """Make what was written last, where it went into a file."""
    if isinstance(out, io.FileIO) and stat.S_ISREG(os.fstat(out.fileno()).st_mode):
        os.fsync(out.fileno())


def write_buffers(target: int, buffers: list[bytes]) -> None:
    """Write all buffers to a file descriptor with as few calls as the system allows."""
    for start in range(0, len(buffers), _IOV_MAX):
        group = buffers[start : start + _IOV_MAX]
        written = os.writev(target, group)
        if written < sum(map(len, group)):  # a pipe, or a disk that is nearly full
            rest = memoryview(b"".join(group))[written:]
            while rest:
                rest = rest[os.write(target, rest) :]
