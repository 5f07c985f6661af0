"""Where log lines come from: files of any compression and standard input, known again by their content."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any, cast

from linktrack.clicks.logs.fields import digest
from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.store.session import Database

HEAD_BYTES = 4096
TAIL_BYTES = 4096
BLOCK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 13  # read of a zstd file at once: no more than 32 MB can come of it
MAX_LINE_BYTES = 1 << 16  # what is longer is no log line: most of it is never looked at

Unpack = Callable[[IO[bytes]], Any]  # a compressed file → a stream of its content

_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Known:
    """How far a log was read, as the table `source` has it."""

    id: int
    format: str
    state: str
    position: int


class Log:
    """The uncompressed content of one file or of standard input, read once from front to back."""

    def __init__(self, path: str, file: IO[bytes], unpack: Unpack | None, *, regular: bool) -> None:
        self.path = path
        self.file = file
        self.regular = regular  # a file that can be read again, not a pipe
        self.whole = unpack is not None or not regular  # nothing will be added: its last line needs no line end
        self._unpack = unpack
        self._begin()

    def _begin(self) -> None:
        self.stream: Any = self._unpack(self.file) if self._unpack else self.file  # the uncompressed content
        self.cut_off = False  # the compressed file ends too early
        self.damage: BadInput | None = None  # what ends it before its end; raised behind the last good block
        self.position = 0  # how many bytes of content are behind us: skipped, or given out in blocks
        self.tail = b""  # the last of them
        self._ahead = b""

    def rewind(self) -> None:
        """Go back to the beginning of a regular file."""
        self.file.seek(0)
        self._begin()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        if self.path != "-":
            self.stream.close()
            self.file.close()

    @property
    def handle(self) -> int | None:
        """The number of the open file; None for a standard input that is no file."""
        try:
            return self.file.fileno()
        except OSError:
            return None

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, or all there are, without taking them."""
        while len(self._ahead) < count:
            more = self._read(count - len(self._ahead))
            if not more:
                break
            self._ahead += more
        return self._ahead[:count]

    def skip(self, count: int) -> None:
        """Go on `count` bytes further, without a look at them."""
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        count -= len(ahead)
        if not self.whole:
            self.stream.seek(count, 1)
            return
        while count > 0:
            taken = self._take(min(count, BLOCK_BYTES))
            if not taken:
                return
            count -= len(taken)

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The rest in blocks of complete lines. An unfinished last line is only part of it when `whole`.

        The middle of a line that is longer than `MAX_LINE_BYTES` may be missing; `position` counts it all the same.
        BadInput behind the last block that can be read of damaged content.
        """
        left, missing, recent = b"", 0, self.tail
        for more in self.chunks(size):
            end = more.rfind(b"\n") + 1
            if end:
                block, left = left + more[:end], more[end:]
                self.position += len(block) + missing
                self.tail = (recent + more[:end])[-TAIL_BYTES:]
                missing = 0
                yield block
            else:
                room = max(MAX_LINE_BYTES - len(left), 0)
                left += more[:room]
                missing += len(more[room:])
            recent = (recent + more)[-TAIL_BYTES:]
        if left and self.whole and not self.cut_off:
            self.position += len(left) + missing
            self.tail = recent
            yield left

    def chunks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The rest in pieces that may end anywhere. BadInput behind the last piece of damaged content."""
        while more := self._take(size):
            yield more
        if self.damage:
            raise self.damage

    def take(self, count: int) -> bytes:
        """The next `count` bytes; fewer only where the log ends."""
        piece = b""
        while len(piece) < count and (more := self._take(count - len(piece))):
            piece += more
        return piece

    def _take(self, count: int) -> bytes:
        if self._ahead:
            taken, self._ahead = self._ahead[:count], self._ahead[count:]
            return taken
        return self._read(count)

    def _read(self, count: int) -> bytes:
        try:
            return self.stream.read1(count) or b""  # read() would drop what came before an error
        except EOFError:  # a compressed file that is still being written, or was cut off: what came is good
            self.cut_off = True
            return b""
        except _damage() as problem:
            self.damage = BadInput(
                f"the compressed content is damaged ({problem}): what came before it is kept", file=self.path
            )
            return b""


def open_log(path: str) -> Log:
    """Open a log by what its first bytes say about its compression; `-` is standard input."""
    if path == "-":
        return Log(path, sys.stdin.buffer, _unpacking(sys.stdin.buffer, path), regular=False)
    try:
        file = Path(path).open("rb")  # noqa: SIM115  (Log closes it)
    except FileNotFoundError:
        raise NotFound("no such log", file=path) from None
    except IsADirectoryError:
        raise BadInput("this is a folder: name the logs in it", file=path) from None
    except PermissionError:
        raise Conflict("no permission to read this log", file=path) from None
    except OSError as problem:
        raise BadInput(f"this cannot be read ({problem.strerror}): name a file or a pipe", file=path) from None
    return Log(path, file, _unpacking(file, path), regular=S_ISREG(os.fstat(file.fileno()).st_mode))


def _unpacking(file: IO[bytes], path: str) -> Unpack | None:
    """How the content of a file at its beginning is decompressed, if it is compressed."""
    start = cast(BufferedReader, file).peek(6)
    if start.startswith(_GZIP):
        import gzip

        return gzip.open
    if start.startswith(_BZIP2):
        import bz2

        return bz2.open
    if start.startswith(_XZ):
        import lzma

        return lzma.open
    if start.startswith(_ZSTD):
        try:
            import zstandard
        except ImportError:
            raise BadInput(
                "zstd needs the extra: pip install 'linktrack[zstd]', or pipe the output of zstdcat in", file=path
            ) from None
        return partial(_ZstdFrames, zstandard.ZstdDecompressor())
    return None


class _ZstdFrames:
    """The content of a zstd file. The package's own reader does not tell a file that was cut off from a whole one."""

    def __init__(self, decompressor: Any, file: IO[bytes]) -> None:
        self._decompressor = decompressor
        self._file = file
        self._frame: Any = None
        self._content = b""

    def read1(self, count: int) -> bytes:
        """Some of the content, at most `count` bytes; EOFError where a frame lacks its end."""
        while not self._content:
            begun = self._frame is not None and not self._frame.eof
            packed = (b"" if self._frame is None or begun else self._frame.unused_data) or self._file.read(
                _PACKED_BYTES
            )
            if not packed and begun:
                raise EOFError
            if not packed:
                return b""
            if not begun:
                self._frame = self._decompressor.decompressobj()
            self._content = self._frame.decompress(packed)
        taken, self._content = self._content[:count], self._content[count:]
        return taken

    def close(self) -> None:
        """Nothing is held."""


def _damage() -> tuple[type[Exception], ...]:
    """What the decompressors that are loaded raise for broken content."""
    import zlib
    from gzip import BadGzipFile

    found: list[type[Exception]] = [zlib.error, BadGzipFile, OSError]
    if "lzma" in sys.modules:
        found.append(sys.modules["lzma"].LZMAError)
    if "zstandard" in sys.modules:
        found.append(sys.modules["zstandard"].ZstdError)
    return tuple(found)


def recognise(database: Database, log: Log, key: bytes) -> Known | None:
    """The source whose read part `log` begins with, if there is one: the longest. The log is at its beginning again.

    Its first `head_length` bytes and the bytes before its position must be the same. A pipe cannot be read twice and
    is never recognised: its lines are compared one by one.
    """
    if not log.regular:
        return None
    start = log.peek(HEAD_BYTES)
    lengths = [row[0] for row in database.rows("SELECT DISTINCT head_length FROM source")]
    prints = [digest(start[:length], key) for length in lengths if 0 < length <= len(start)]
    found: list[tuple[int, bytes, Known]] = []
    for head in prints:
        for number, form, state, position, tail in database.rows(
            "SELECT id, format, state, position, tail FROM source WHERE head = ?", (head,)
        ):
            found.append((position, bytes(tail), Known(number, form, state, position)))
    found.sort(key=lambda item: item[0])
    best: Known | None = None
    at = 0
    last = b""
    for position, tail, known in found:
        wanted = position - at
        if wanted > TAIL_BYTES:
            log.skip(wanted - TAIL_BYTES)
            wanted, last = TAIL_BYTES, b""
        piece = log.take(wanted)
        at = position
        if len(piece) < wanted:
            break  # shorter than what was read from that source: another file, or one that shrank
        last = (last + piece)[-TAIL_BYTES:]
        if digest(last[-min(TAIL_BYTES, position) :], key) == tail:
            best = known
    if found:
        log.rewind()
    return best
