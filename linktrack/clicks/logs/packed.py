"""What a log is packed in: compression, which is undone, and archives of several files, which are refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from io import BufferedReader
from typing import IO, Any, cast

from linktrack.errors import BadInput

_PACKED_BYTES = 1 << 13  # read of a compressed file at once: no more than 32 MB can come of it
_UNPACKED_BYTES = 1 << 14  # made of it at once, where that can be said
Unpack = Callable[[IO[bytes]], Any]  # a compressed file → a stream of its content
_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
# Several files in one, by what their content begins with, and tar by what stands further in.
_ARCHIVES = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "rar"))
_TAR, _TAR_AT, _TAR_HEAD, _TAR_SUM = b"ustar", 257, 512, slice(148, 156)
_OCTAL = re.compile(rb" *([0-7]+)[ \0]+").fullmatch
_ZSTD_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18").match  # a frame that says nothing, as pzstd begins with


def refuse_archive(start: bytes, path: str) -> None:
    """BadInput when content that begins so is an archive of several files: their heads would stand in lines."""
    kind = next((name for mark, name in _ARCHIVES if start.startswith(mark)), "")
    if start[_TAR_AT:].startswith(_TAR) or _is_old_tar(start[:_TAR_HEAD]):
        kind = "tar"
    if kind:
        how = "tar -xf" if kind == "tar" else "unzip" if kind == "zip" else kind
        raise BadInput(f"this is a {kind} archive: unpack it ({how}) and import the logs that are in it", file=path)


def _is_old_tar(head: bytes) -> bool:
    """Whether this is the head of a file in a tar archive of the old format without a mark (`--format=v7`): it has the
    right sum of its bytes, in which the eight bytes of the sum itself count as blanks."""
    said = head[_TAR_SUM]
    digits = _OCTAL(said)
    return digits is not None and int(digits[1], 8) == sum(head) - sum(said) + len(said) * ord(" ")


def unpacking(file: IO[bytes], path: str) -> Unpack | None:
    """How the content of a file at its beginning is decompressed, if it is compressed."""
    start = cast(BufferedReader, file).peek(6)
    if start.startswith(_GZIP):
        import zlib

        return partial(_Members, partial(zlib.decompressobj, 16 + zlib.MAX_WBITS), True)
    if start.startswith(_BZIP2):
        from bz2 import BZ2Decompressor

        return partial(_Members, BZ2Decompressor, True)
    if start.startswith(_XZ):
        from lzma import LZMADecompressor

        return partial(_Members, LZMADecompressor, True)
    if start.startswith(_ZSTD) or _ZSTD_SKIPPED(start):
        try:
            import zstandard
        except ImportError:
            raise BadInput(
                "zstd needs the extra: pip install 'linktrack[zstd]', or pipe the output of zstdcat in", file=path
            ) from None
        return partial(_Members, zstandard.ZstdDecompressor().decompressobj, False)
    return None


class _Members:
    """The content of a compressed file: one or more streams of its kind (gzip's members, zstd's frames), whatever
    number of NUL bytes stands between and behind them, as xz, tapes and disks pad.

    The readers of the standard library say nothing and leave out what follows such bytes, or garbage. `make` makes the
    decompressor of one stream, whose errors are raised here; it is `bounded` when it can be told how much to make at
    once.
    """

    def __init__(self, make: Callable[[], Any], bounded: bool, file: IO[bytes]) -> None:
        self._make = make
        self._bounded = bounded
        self._file = file
        self._member: Any = None  # None between two of them
        self._packed = b""  # read and not given to it yet
        self._content = b""

    def read1(self, count: int) -> bytes:
        """Some of the content, at most `count` bytes; EOFError where a stream lacks its end."""
        while not self._content:
            if self._member is None:
                self._packed = self._packed.lstrip(b"\0")
            packed, self._packed = self._packed, b""
            if not packed and getattr(self._member, "needs_input", True):
                packed = self._file.read(_PACKED_BYTES)
                if not packed and self._member is not None:
                    raise EOFError
                if not packed:
                    return b""
                if self._member is None and not (packed := packed.lstrip(b"\0")):
                    continue
            self._unpack(packed, min(count, _UNPACKED_BYTES))
        taken, self._content = self._content[:count], self._content[count:]
        return taken

    def _unpack(self, packed: bytes, most: int) -> None:
        """Unpack some, and keep the rest of what is packed: what comes with an error is lost."""
        if self._member is None:
            self._member = self._make()
        member = self._member
        self._content = member.decompress(packed, most) if self._bounded else member.decompress(packed)
        self._packed = getattr(member, "unconsumed_tail", b"")
        if member.eof:
            self._packed, self._member = member.unused_data, None

    def close(self) -> None:
        """Nothing is held."""


def kinds_of_damage() -> tuple[type[Exception], ...]:
    """What the decompressors that are loaded raise for broken content."""
    import zlib

    found: list[type[Exception]] = [zlib.error, OSError]
    if "lzma" in sys.modules:
        found.append(sys.modules["lzma"].LZMAError)
    if "zstandard" in sys.modules:
        found.append(sys.modules["zstandard"].ZstdError)
    return tuple(found)
