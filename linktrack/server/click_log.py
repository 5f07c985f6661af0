"""The server's own click log: a file for each worker, written line by line before the answer leaves.

A file is followed by another when it is large, at midnight of the workspace's zone, and when somebody has moved or
removed it: that is looked for before a line, but not before each of many at once, and what went into the file since the
last look stands first in the next, too. A moved file is written on while no other can be begun. What cannot be written
is counted and said once a minute, until there is room for many lines again.
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

from linktrack.clicks.formats.click_log import FILES
from linktrack.errors import Conflict
from linktrack.files.beside import NEW, give_to_owner_of
from linktrack.files.disk_folders import make_own_folder
from linktrack.files.reading import AGAIN, sentence_of
from linktrack.moments import datetime_of, moment_of

_NEW = NEW | os.O_APPEND
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAY_EVERY = 60_000  # milliseconds
_LOOK_EVERY = 100  # milliseconds
_ROOM = 65_536  # bytes that a disk must have before it is held to be full no more


class ClickLogWriter:
    """What one worker writes into `folder`. A file is followed by another beyond `size` bytes; `tell` hears of lost
    lines. Times are UTC milliseconds."""

    def __init__(self, folder: Path, size: int, zone: tzinfo, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._size = size
        self._zone = zone
        self._tell = tell
        self._handle = -1
        self._path, self._inode = folder, (0, 0)  # of the file
        self._written = 0
        self._until = 0  # the midnight at which the file ends
        self._looked_at, self._good_until = 0, 0  # between these the file is held to be there
        self._seen = 0  # bytes of it when that was seen last
        self._saved = b""  # of a moved or removed file, for the next one
        self._lost = 0
        self._said_at: int | None = None
        self._turn = Lock()
        self.lines = 0  # that were written

    @property
    def works(self) -> bool:
        """Whether no line was lost since the log could be written last, and none waits for it."""
        return not self._lost and not self._saved

    def write(self, line: bytes, at: int, sure: bool = False) -> bool:
        """Write one line, whole or not at all. False where it is lost. `sure`: into a file that is there now."""
        with self._turn:
            try:
                if sure or not self._looked_at <= at < self._good_until or self._written + len(line) > self._size:
                    self._look(len(line), at)
                self._append(line)
            except OSError as problem:
                self._lost += 1
                self._give_up(problem, at)
                return False
            self.lines += 1
            return True

    def try_again(self, at: int) -> None:
        """Where lines were lost, or the file was removed, see whether there is a file and room for many lines now."""
        with self._turn:
            if self.works and not self._is_removed():
                return
            try:
                if self._lost:
                    _refuse_full(self._folder)
                self._look(0, at)
            except OSError as problem:
                self._give_up(problem, at)
                return
            if self._lost:
                self._tell(f"the click log can be written again: {_lines(self._lost, 'was', 'were')} lost")
            self._lost, self._said_at = 0, None

    def finish(self, at: int) -> None:
        """Before the process ends: save what is in a removed file, and say how much is lost for good."""
        with self._turn:
            try:
                if self._is_removed() or self._saved:
                    self._look(0, at)
            except OSError:
                self._lost += self._saved.count(b"\n")
            if self._lost:
                self._tell(f"the click log in {self._folder} has ended: {_lines(self._lost, 'is', 'are')} lost")
            self.close()

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
        """See that the file is in its place and has room for `more` bytes; begin another where it is not or has not."""
        if self._handle >= 0 and not self._is_in_place():
            tail = os.pread(self._handle, self._written - self._seen, self._seen)
            if self._is_removed():
                self._saved += tail
                self.close()
            else:
                with suppress(OSError):
                    self._begin(at)
                    self._saved += tail
        if self._handle < 0 or at >= self._until or self._written + more > self._size:
            self._begin(at)
        if self._saved:
            self._append(self._saved)
            self._saved = b""
        self._looked_at, self._good_until, self._seen = at, min(self._until, at + _LOOK_EVERY), self._written

    def _is_in_place(self) -> bool:
        try:
            there = self._path.stat(follow_symlinks=False)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == self._inode

    def _is_removed(self) -> bool:
        return self._handle >= 0 and os.fstat(self._handle).st_nlink == 0

    def _begin(self, at: int) -> None:
        """Go on in a new file; that of before stays for the import."""
        when = datetime_of(at, self._zone)
        path = self._folder / FILES.replace("*", f"{when:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(3)}")
        handle = os.open(path, _NEW, 0o600)
        self.close()
        os.fchmod(handle, 0o600)
        give_to_owner_of(self._folder, handle)
        made = os.fstat(handle)
        self._path, self._inode = path, (made.st_dev, made.st_ino)
        self._handle, self._written, self._seen = handle, 0, 0
        midnight = datetime.combine(when.date() + timedelta(days=1), time(), self._zone)
        self._until = moment_of(midnight)

    def _give_up(self, problem: OSError, at: int) -> None:
        if problem.errno not in _FULL:  # then the file is as good as before
            with suppress(OSError):
                self.close()
        if self._said_at is None or not 0 <= at - self._said_at < _SAY_EVERY:
            self._said_at = at
            why = sentence_of(problem).sentence.removesuffix(AGAIN)
            lost = f", {_lines(self._lost, 'is', 'are')} lost" if self._lost else ""
            self._tell(f"the click log in {self._folder} cannot be written{lost}: {why}")


def _lines(count: int, one: str, more: str) -> str:
    return f"1 line {one}" if count == 1 else f"{count:,} lines {more}"


def _refuse_full(folder: Path) -> None:
    """OSError where a folder's disk has no room for many lines."""
    probe = folder / f".linktrack-{secrets.token_hex(6)}"
    handle = os.open(probe, _NEW, 0o600)
    try:
        if os.write(handle, bytes(_ROOM)) < _ROOM:
            raise OSError(errno.ENOSPC, "")
    finally:
        os.close(handle)
        probe.unlink()


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
