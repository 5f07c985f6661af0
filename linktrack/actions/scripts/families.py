"""What a script has started ends with it, even what has left its process group.

On Linux this process becomes the parent of every orphan below it (PR_SET_CHILD_SUBREAPER, see prctl(2)) while a
script is running, so nothing gets away by a double fork; elsewhere only the script's process group is ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SET_CHILD_SUBREAPER, _GET_CHILD_SUBREAPER = 36, 37
_PATIENCE_SECONDS = 10.0  # with a program that starts others faster than they can be ended


class Family:
    """The processes below this one that a script has brought."""

    def __init__(self, *, adopts: bool) -> None:
        self._adopts = adopts
        self._others = _children() if adopts else set()  # which were there before, and are not the script's

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End a process with all that it has started, and wait for it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        until = time.monotonic() + _PATIENCE_SECONDS
        while self._adopts and time.monotonic() < until:
            left = _children() - self._others
            if not left:
                return
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for pid in left:
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)


@contextmanager
def adopting() -> Iterator[Family]:
    """While it lasts, orphans of scripts become this process's children."""
    if not sys.platform.startswith("linux"):
        yield Family(adopts=False)
        return
    was = _subreaper()
    adopts = was is not None and _set_subreaper(on=True)
    try:
        yield Family(adopts=adopts)
    finally:
        if adopts:
            _set_subreaper(on=bool(was))


def _children() -> set[int]:
    """The processes that this one is the parent of."""
    found: set[int] = set()
    try:
        for task in Path("/proc/self/task").iterdir():
            found.update(map(int, (task / "children").read_text("ascii").split()))
    except OSError:  # a kernel without this list, or a thread that has just ended
        found.update(pid for pid, parent in _all_processes() if parent == os.getpid())
    return found


def _all_processes() -> Iterator[tuple[int, int]]:
    """(process, its parent)."""
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                yield int(path.name), int((path / "stat").read_text("latin-1").rpartition(")")[2].split()[1])


def _subreaper() -> int | None:
    import ctypes

    found = ctypes.c_int()
    failed = ctypes.CDLL(None, use_errno=True).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(found), 0, 0, 0)
    return None if failed else found.value


def _set_subreaper(*, on: bool) -> bool:
    import ctypes

    return not ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)
