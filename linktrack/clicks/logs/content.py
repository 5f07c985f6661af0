"""Log lines out of files of any compression, pipes and standard input, read once from front to back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, RawIOBase
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Any, cast

from linktrack.clicks.logs.line_ends import beginning, complete_lines, without_holes
from linktrack.clicks.logs.packed import Unpack, kinds_of_damage, unpacking
from linktrack.clicks.logs.pipe import Pipe
from linktrack.errors import BadInput
from linktrack.files.reading import explained

HEAD_BYTES = 4096
TAIL_BYTES = 4096
BLOCK_BYTES = 1 << 16


class Log:
    """The uncompressed content of one file or pipe, read once from front to back.

    A last line without its end is not read: it may go on, and waits for the next time, whatever the log comes from.
    Where `is_given_up` says that it never will go on, it is a line like others. `unfinished` says at the end whether
    one waits. NUL bytes at the beginning, as a log that was truncated under its server has them (logrotate's
    copytruncate), are no part of the content.
    """

    def __init__(self, path: str, file: IO[bytes] | Pipe, unpack: Unpack | None = None) -> None:
        self.path = path
        self.file = file
        self.line_end = b"\n"  # what ends its lines: see `line_ends`
        self.is_given_up = False  # nobody writes into it any more: see `torn_lines.given_up`
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

    def read_apart(self) -> Log:
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

    @property
    def written_at(self) -> int | None:
        """When the file was written into last, in UTC milliseconds; None for a pipe."""
        return None if self.handle is None else os.fstat(self.handle).st_mtime_ns // 1_000_000

    def peek(self, count: int) -> bytes:
        """The next `count` bytes without taking them, or all there are until the end; of a pipe what has come so far,
        at least one byte unless it has ended."""
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

        The end of a line that is longer than `MAX_LINE_BYTES` may be missing, and most of a hole is; `position` counts
        them all the same. BadInput behind the last block that can be read of damaged content.
        """
        left, missing, recent = b"", 0, self.tail
        for more in self.chunks(size, None if until is None else until - self.position):
            if not more:
                yield b""
                continue
            recent += more
            text = left + more
            block, taken = complete_lines(text, self.line_end)
            rest = text[taken:]
            if taken:
                self.position += missing + taken
                self.tail = recent[: len(recent) - len(rest)][-TAIL_BYTES:]
                missing = 0
                yield block
            left = beginning(rest)
            missing += len(rest) - len(left)
            recent = recent[-TAIL_BYTES - len(left) :]
        self.unfinished = bool(left.strip(b" \t\r\n\0")) and not self.cut_off
        has_return = left.endswith(b"\r") and not self.cut_off  # its line feed may come yet, and is another one's then
        if has_return or (self.unfinished and self.is_given_up):
            self.position += missing + len(left)
            self.tail = recent[-TAIL_BYTES:]
            self.unfinished = False
            yield without_holes(left.removesuffix(b"\r") + b"\n")

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
        """The next `count` bytes, or all there are until the log ends."""
        piece = b""
        while len(piece) < count and (more := self._take(count - len(piece))):
            piece += more
        return piece

    def give_back(self, taken: bytes) -> None:
        """Have the bytes that were taken last before us again."""
        self._ahead = taken + self._ahead

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
        except kinds_of_damage() as problem:
            self.ended = True
            self.damage = BadInput(
                f"the compressed content is damaged ({problem}): what came before it is kept", file=self.path
            )
            return b""


def _pass_nuls(file: BufferedReader) -> None:
    """Go on to the first byte that is not NUL."""
    while (ahead := file.peek(1)).startswith(b"\0"):
        file.read(len(ahead) - len(ahead.lstrip(b"\0")))


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
    return Log(path, file, unpacking(file, path))


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
        unpack = unpacking(file, path)
        yield unpack(cast(IO[bytes], _AsItComes(file))) if unpack else file
    finally:
        if file is not sys.stdin.buffer:
            file.close()


class _Apart(RawIOBase):
    """A file that is open already, read from a position of its own: its handle's position is shared with forks."""

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
    """A compressed pipe, unpacked as bytes come: nobody waits until a buffer is full."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = cast(BufferedReader, file).read1
