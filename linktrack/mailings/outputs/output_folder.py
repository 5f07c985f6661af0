"""A folder of files that appears under its name only when it is whole, and how they are named and written."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from linktrack.errors import Conflict

_IOV_MAX = 1024  # buffers in one gathering write
_NAME_BYTES = 200  # of the 255 that file systems take, less what is added


def check_folder(out: Path) -> None:
    """Conflict when mails cannot be written into `out` because something is there."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        what = "is not empty" if out.is_dir() else "is a file"
        raise Conflict(f"{out} {what}: name a new folder with --out")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name when all is well and vanishes when it is not."""
    check_folder(out)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.absolute().with_name(f".{out.absolute().name}.unfinished-{os.getpid()}")
    try:
        unfinished.mkdir()  # in here, for Ctrl-C may come as soon as it is there
        yield unfinished
        check_folder(out)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


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


def write_buffers(target: int, buffers: list[bytes]) -> None:
    """Write all buffers to a file descriptor with as few calls as the system allows."""
    for start in range(0, len(buffers), _IOV_MAX):
        group = buffers[start : start + _IOV_MAX]
        written = os.writev(target, group)
        if written < sum(map(len, group)):  # a pipe, or a disk that is nearly full
            rest = memoryview(b"".join(group))[written:]
            while rest:
                rest = rest[os.write(target, rest) :]
