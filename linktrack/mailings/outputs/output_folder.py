"""The files of an output folder: how they are named, and how mails are written into them."""

from __future__ import annotations

import os
import re
from hashlib import blake2b

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


def write_buffers(target: int, buffers: list[bytes]) -> None:
    """Write all buffers to a file descriptor with as few calls as the system allows."""
    for start in range(0, len(buffers), _IOV_MAX):
        group = buffers[start : start + _IOV_MAX]
        written = os.writev(target, group)
        if written < sum(map(len, group)):  # a pipe, or a disk that is nearly full
            rest = memoryview(b"".join(group))[written:]
            while rest:
                rest = rest[os.write(target, rest) :]
