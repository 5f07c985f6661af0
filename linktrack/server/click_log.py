"""The server's own click log: a file for each worker, written line by line before the answer leaves.

A file is followed by another when it is large, at midnight of the workspace's zone, and when somebody has removed it:
that is looked for before a line, but not before each of many at once, and what went into the removed file since the
last look stands first in the next. What cannot be written is counted and said once a minute, and tried again with the
next line.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from threading import Lock

from linktrack.errors import Conflict
from linktrack.files.beside import give_to_owner_of
from linktrack.files.folders import make_own_folder
from linktrack.files.reading import AGAIN, sentence_of
from linktrack.moments import datetime_of, moment_of

_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAY_EVERY = 60_000  # milliseconds
_LOOK_EVERY = 100  # milliseconds


class ClickLogWriter:
    """What one worker writes into `folder`. A file is followed by another beyond `size` bytes; `tell` hears of lost
    lines. Times are UTC milliseconds."""

    def __init__(self, folder: Path, size: int, zone: tzinfo, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._size = size
        self._zone = zone
        self._tell = tell
        self._handle = -1
        self._written = 0
        self._until = 0  # the midnight at which the file ends
        self._looked_at, self._good_until = 0, 0  # between these the file is held to be there
        self._seen = 0  # bytes of it when that was seen last
        self._saved = b""  # of a removed file, for the next one
        self._lost = 0
        self._said_at: int | None = None
        self._turn = Lock()
        self.lines = 0  # that were written

    @property
    def works(self) -> bool:
        """Whether the last line could be written."""
        return not self._lost

    def write(self, line: bytes, at: int, sure: bool = False) -> bool:
        """Write one line, whole or not at all. False where it is lost. `sure`: into a file that is there now."""
        with self._turn:
            try:
                if sure or not self._looked_at <= at < self._good_until or self._written + len(line) > self._size:
                    self._look(len(line), at)
                self._append(line)
            except OSError as problem:
                self._give_up(problem, at)
                return False
            self.lines += 1
            if self._lost:
                self._tell(f"the click log can be written again: {self._lost:,} lines were lost")
                self._lost, self._said_at = 0, None
            return True

    def try_again(self, at: int) -> None:
        """Where lines were lost, or the file was removed, see whether one could be written now: an empty one, which
        means nothing."""
        with self._turn:
            removed = self._is_removed()
        if self._lost or removed:
            self.write(b"\n", at, sure=True)

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        self._good_until = 0
        if handle >= 0:
            os.close(handle)

    def _append(self, line: bytes) -> None:
        done = os.write(self._handle, line)
        if done != len(line):  # the disk was full in the middle of it
            os.ftruncate(self._handle, self._written)
            done = os.write(self._handle, line)
            if done != len(line):
                os.ftruncate(self._handle, self._written)
                raise OSError(errno.ENOSPC, "")
        self._written += done

    def _look(self, more: int, at: int) -> None:
        """See to it that there is a file for so many bytes more, good for a moment."""
        if self._is_removed():
            self._saved += os.pread(self._handle, self._written - self._seen, self._seen)
            self.close()
        if self._handle < 0 or at >= self._until or self._written + more > self._size:
            self._begin(at)
        if self._saved:
            self._append(self._saved)
            self._saved = b""
        self._looked_at, self._good_until, self._seen = at, min(self._until, at + _LOOK_EVERY), self._written

    def _is_removed(self) -> bool:
        return self._handle >= 0 and os.fstat(self._handle).st_nlink == 0

    def _begin(self, at: int) -> None:
        """Go on in a new file; that of before stays for the import."""
        when = datetime_of(at, self._zone)
        name = f"clicks-{when:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(3)}.ndjson"
        handle = os.open(self._folder / name, _NEW, 0o600)
        self.close()
        os.fchmod(handle, 0o600)
        give_to_owner_of(self._folder, handle)
        self._handle, self._written = handle, 0
        midnight = datetime.combine(when.date() + timedelta(days=1), time(), self._zone)
        self._until = moment_of(midnight)

    def _give_up(self, problem: OSError, at: int) -> None:
        if problem.errno not in _FULL:  # then the file is as good as before
            with suppress(OSError):
                self.close()
        self._lost += 1
        if self._said_at is None or not 0 <= at - self._said_at < _SAY_EVERY:
            self._said_at = at
            lines = "1 line is" if self._lost == 1 else f"{self._lost:,} lines are"
            why = sentence_of(problem).sentence.removesuffix(AGAIN)
            self._tell(f"the click log in {self._folder} cannot be written, {lines} lost: {why}")


def make_folder(folder: Path) -> None:
    """Make the folder of the click log where there is none, and see whether it can be written. Conflict where not."""
    probe = folder / f".linktrack-{secrets.token_hex(6)}"
    try:
        make_own_folder(folder)
        os.close(os.open(probe, _NEW, 0o600))
        probe.unlink()
    except OSError as problem:
        said = sentence_of(problem, folder)
        raise Conflict(f"the click log cannot be written: {said.sentence}", file=folder) from None
