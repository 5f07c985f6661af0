"""Where log lines come from: files of any compression, pipes and standard input, known again by their content."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, RawIOBase
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, cast

from linktrack.clicks.logs.fields import digest
from linktrack.clicks.logs.line_ends import MAX_LINE_BYTES, complete_lines, with_short_holes
from linktrack.clicks.logs.pipe import Pipe
from linktrack.errors import BadInput
from linktrack.files.reading import explained
from linktrack.store.session import Database

HEAD_BYTES = 4096
TAIL_BYTES = 4096
BLOCK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 13  # read of a compressed file at once: no more than 32 MB can come of it
_UNPACKED_BYTES = 1 << 14  # made of it at once, where that can be said

Unpack = Callable[[IO[bytes]], Any]  # a compressed file → a stream of its content

_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
# Several files in one, by what their content begins with, and tar by what stands further in.
_ARCHIVES = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "rar"))
_TAR, _TAR_AT, _TAR_HEAD, _TAR_SUM = b"ustar", 257, 512, slice(148, 156)
_OCTAL = re.compile(rb" *([0-7]+)[ \0]+").fullmatch
_ZSTD_SKIPPED = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18").match  # a frame that says nothing, as pzstd begins with


@dataclass(frozen=True)
class Known:
    """How far a log was read, as the table `source` has it. `only_second`: all of that is of one second."""

    id: int
    format: str
    state: str
    position: int
    only_second: bool = False


class Log:
    """The uncompressed content of one file or pipe, read once from front to back.

    A last line without its end is never part of what is read: it waits for the next time, whatever the log comes from,
    for it may go on. `unfinished` says at the end whether there is one. NUL bytes at the beginning, as a log that was
    truncated under its server has them (logrotate's copytruncate), are no part of the content.
    """

    def __init__(self, path: str, file: IO[bytes] | Pipe, unpack: Unpack | None = None) -> None:
        self.path = path
        self.file = file
        self.line_end = b"\n"  # what ends its lines: see `line_ends`
        self._unpack = unpack
        self._begin()

    def _begin(self) -> None:
        self.stream: Any = self.file  # the uncompressed content
        if self._unpack is not None:
            self.stream = self._unpack(cast(IO[bytes], self.file))
        self.cut_off = False  # the compressed file ends too early
        self.unfinished = False
        self.ended = False  # there is no more to read
        self.damage: BadInput | None = None  # what ends it before its end; raised behind the last good block
        self.position = 0  # how many bytes of content are behind us: skipped, or given out in blocks
        self.tail = b""  # the last of them
        self._begun = self._unpack is None and self.regular  # behind NUL bytes at the beginning
        if self._begun:
            _pass_nuls(cast(BufferedReader, self.file))
        self._ahead = b""

    @property
    def regular(self) -> bool:
        """Whether it is a file that can be read again, not a pipe."""
        return not isinstance(self.file, Pipe)

    def rewind(self) -> None:
        """Go back to the beginning of a regular file."""
        assert not isinstance(self.file, Pipe)  # noqa: S101  (nobody recognises one)
        self.file.seek(0)
        self._begin()

    def again(self) -> Log:
        """The same regular file from its beginning, read apart from this one, also by a fork, and under any name."""
        assert self.handle is not None  # noqa: S101  (no pipe)
        log = Log(self.path, BufferedReader(_Apart(self.handle)), self._unpack)
        log.line_end = self.line_end
        return log

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.file.close()

    @property
    def handle(self) -> int | None:
        """The number of the open file; None for a pipe."""
        return None if isinstance(self.file, Pipe) else self.file.fileno()

    def peek(self, count: int) -> bytes:
        """The next `count` bytes, or all there are, not taking them. Of a pipe what has come, something at least."""
        while len(self._ahead) < count:
            more = self._read(count - len(self._ahead))
            if more is None and not self._ahead:
                continue
            if not more:
                break
            self._ahead += more
        return self._ahead[:count]

    def skip(self, count: int) -> None:
        """Go on `count` bytes further, without a look at them."""
        ahead, self._ahead = self._ahead[:count], self._ahead[count:]
        count -= len(ahead)
        if self._unpack is None and self.regular:
            self.stream.seek(count, 1)
            return
        while count > 0:
            taken = self._take(min(count, BLOCK_BYTES))
            if taken == b"":
                return
            count -= len(taken or b"")

    def blocks(self, size: int = BLOCK_BYTES, *, until: int | None = None) -> Iterator[bytes]:
        """The rest in blocks of complete lines, each with a line feed; an empty one where a pipe has brought nothing
        for a moment. `until` is a position behind a line that they end at.

        The middle of a line that is longer than `MAX_LINE_BYTES` may be missing, and most of a hole is; `position`
        counts them all the same. BadInput behind the last block that can be read of damaged content.
        """
        left, missing, recent = b"", 0, self.tail
        for more in self.chunks(size, None if until is None else until - self.position):
            if not more:
                yield b""
                continue
            recent += more
            text = left + more
            block, taken = complete_lines(text, self.line_end)
            if taken:
                rest = text[taken:]
                self.position += missing + taken
                self.tail = recent[: len(recent) - len(rest)][-TAIL_BYTES:]
                missing = 0
                yield block
            else:
                rest = left + more[: max(MAX_LINE_BYTES - len(left), 0)]
                missing += len(left) + len(more) - len(rest)
            left = with_short_holes(rest)
            missing += len(rest) - len(left)
            recent = recent[-TAIL_BYTES - len(left) :]
        self.unfinished = bool(left.strip(b" \t\r\n\0")) and not self.cut_off

    def chunks(self, size: int = BLOCK_BYTES, count: int | None = None) -> Iterator[bytes]:
        """The rest, or the next `count` bytes, in pieces that may end anywhere; an empty one where a pipe has brought
        nothing for a moment.

        BadInput behind the last piece of damaged content.
        """
        while count != 0 and (more := self._take(size if count is None else min(size, count))) != b"":
            if count is not None:
                count -= len(more or b"")
            yield more or b""
        if self.damage:
            raise self.damage

    def take(self, count: int) -> bytes:
        """The next `count` bytes; fewer only where the log ends."""
        piece = b""
        while len(piece) < count and (more := self._take(count - len(piece))):
            piece += more
        return piece

    def _take(self, count: int) -> bytes | None:
        if self._ahead:
            taken, self._ahead = self._ahead[:count], self._ahead[count:]
            return taken
        return self._read(count)

    def _read(self, count: int) -> bytes | None:
        """Some of the content, b"" at its end, None where a pipe has brought nothing for a moment."""
        try:
            while True:
                found = cast(bytes | None, self.stream.read1(count))  # read() would drop what came before an error
                if self._begun or not found:
                    break
                if found := found.lstrip(b"\0"):
                    self._begun = True
                    break
            self.ended = found == b""
            return found
        except EOFError:  # a compressed file that is still being written, or was cut off: what came is good
            self.cut_off = self.ended = True
            return b""
        except _damage() as problem:
            self.ended = True
            self.damage = BadInput(
                f"the compressed content is damaged ({problem}): what came before it is kept", file=self.path
            )
            return b""


def _pass_nuls(file: BufferedReader) -> None:
    """Go on to the first byte that is not NUL."""
    while (ahead := file.peek(1)).startswith(b"\0"):
        file.read(len(ahead) - len(ahead.lstrip(b"\0")))


def refuse_archive(start: bytes, path: str) -> None:
    """BadInput when content that begins so is an archive of several files: their heads would stand in lines."""
    kind = next((name for mark, name in _ARCHIVES if start.startswith(mark)), "")
    if start[_TAR_AT:].startswith(_TAR) or _is_old_tar(start[:_TAR_HEAD]):
        kind = "tar"
    if kind:
        how = "tar -xf" if kind == "tar" else "unzip" if kind == "zip" else kind
        raise BadInput(f"this is a {kind} archive: unpack it ({how}) and import the logs that are in it", file=path)


def _is_old_tar(head: bytes) -> bool:
    """Whether this is a member's head as tar wrote it before it had a mark of its own (`--format=v7`): with the right
    sum of its bytes, the eight of the sum as blanks."""
    said = head[_TAR_SUM]
    digits = _OCTAL(said)
    return digits is not None and int(digits[1], 8) == sum(head) - sum(said) + len(said) * ord(" ")


def open_log(path: str, stop: Callable[[], bool] = lambda: False) -> Log:
    """Open a log by what its first bytes say about its compression; `-` is standard input.

    A pipe ends where `stop` says so, also while it waits for input.
    """
    if path == "-":
        return Log(path, Pipe(lambda: _content(_standard_input(), path), stop))
    with suppress(OSError):  # which opening it says better
        if not S_ISREG(mode := Path(path).stat().st_mode) and not S_ISDIR(mode):
            return Log(path, Pipe(lambda: _content(_opened(path), path), stop))
    file = _opened(path)
    return Log(path, file, _unpacking(file, path))


def _opened(path: str) -> IO[bytes]:
    with explained(path, "a log"):
        return Path(path).open("rb")


def _standard_input() -> IO[bytes]:
    """Standard input under another number: a process that ends while it waits there would stumble over its buffer."""
    try:
        return open(os.dup(sys.stdin.fileno()), "rb")  # noqa: PTH123  (a handle; Log closes it)
    except OSError:
        return sys.stdin.buffer


@contextmanager
def _content(file: IO[bytes], path: str) -> Iterator[Any]:
    """The uncompressed content of a pipe."""
    try:
        unpack = _unpacking(file, path)
        yield unpack(cast(IO[bytes], _AsItComes(file))) if unpack else file
    finally:
        if file is not sys.stdin.buffer:
            file.close()


class _Apart(RawIOBase):
    """An open file at a place of its own: the other one's is shared with forks."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  (any buffer)
        data = os.pread(self._handle, len(buffer), self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


class _AsItComes:
    """A compressed pipe: what has come is unpacked, however little it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = cast(BufferedReader, file).read1


def _unpacking(file: IO[bytes], path: str) -> Unpack | None:
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

    The readers of the standard library pass over all that follows such a pad in silence, or what follows garbage.
    `make` makes the decompressor of one stream, `bounded` when it can be told how much to make at once; what it raises
    for what is none of its kind is raised here.
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


def _damage() -> tuple[type[Exception], ...]:
    """What the decompressors that are loaded raise for broken content."""
    import zlib

    found: list[type[Exception]] = [zlib.error, OSError]
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
        for number, form, state, position, tail, first_at, last_at, lines in database.rows(
            "SELECT id, format, state, position, tail, first_at, last_at, last_lines FROM source WHERE head = ?",
            (head,),
        ):
            only_second = first_at is not None and first_at == last_at and not lines
            found.append((position, bytes(tail), Known(number, form, state, position, only_second)))
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
