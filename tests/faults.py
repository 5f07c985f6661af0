"""Faults on the way to the disk: every write, sync, rename and commit of a job, counted, and one of them made to fail
or to be the last thing that the process does.

A job is any call without arguments. `points_of` says what an undisturbed one passes; `failing` lets one point fail
as a full disk does; `killed` runs the job in a process of its own that is killed (SIGKILL) at a point, after which
nothing of it runs any more, no `finally` and no `except`.

    for number in range(1, len(points_of(job)) + 1):
        with failing(number): ...
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import stat
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from linktrack.errors import DiskFull
from linktrack.store.session import Database

Job = Callable[[], object]
Meet = Callable[[str], None]  # called with the name of each point before it is passed

_OF_THE_SYSTEM = ("write", "writev", "fsync", "replace", "rename", "link", "sendfile", "copy_file_range")


def points_of(job: Job) -> list[str]:
    """The points that a job passes when nothing disturbs it, in order."""
    passed: list[str] = []
    with _watched(passed.append):
        job()
    return passed


@contextmanager
def failing(number: int) -> Iterator[None]:
    """Let the `number`-th point fail as if the disk were full, and no other."""
    left = [number]

    def meet(point: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise (
                DiskFull("the disk is full") if point == "commit" else OSError(errno.ENOSPC, "No space left on device")
            )

    with _watched(meet):
        yield


def killed(job: Job, number: int) -> bool:
    """Run a job in a process that is killed before its `number`-th point. Returns whether it was: it may be done
    before. Whatever goes wrong in there otherwise is raised here."""
    left = [number]

    def meet(point: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        code = 1
        try:
            with _watched(meet):
                job()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the job failed by itself: see what it has printed"
    return False


def sample(points: Sequence[str], most: int) -> list[int]:
    """A fixed choice of the numbers of points, spread evenly: the first, the last, and what lies between."""
    if len(points) <= most:
        return list(range(1, len(points) + 1))
    return sorted({1 + round(place * (len(points) - 1) / (most - 1)) for place in range(most)})


# --- how the points are found ------------------------------------------------------------------------------------


@contextmanager
def _watched(meet: Meet) -> Iterator[None]:
    """Call `meet` before everything that goes to the disk."""
    patches = [
        mock.patch.object(os, name, _met(name, getattr(os, name), meet)) for name in _OF_THE_SYSTEM if hasattr(os, name)
    ]
    opened = _counting_open(meet)
    patches += [mock.patch.object(builtins, "open", opened), mock.patch.object(io, "open", opened)]
    execute = Database.execute

    def counting_execute(self: Database, sql: str, parameters: Sequence[Any] = ()) -> Any:
        if sql == "COMMIT":
            meet("commit")
        return execute(self, sql, parameters)

    patches.append(mock.patch.object(Database, "execute", counting_execute))
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def _met(name: str, function: Callable[..., Any], meet: Meet) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        to_a_pipe = name in ("write", "writev") and not stat.S_ISREG(os.fstat(arguments[0]).st_mode)
        if not to_a_pipe:
            meet(name)
        return function(*arguments, **named)

    return call


def _counting_open(meet: Meet) -> Callable[..., Any]:
    """`open`, with files for writing whose every write to the system is a point."""
    real = io.open

    class CountedFile(io.FileIO):
        def write(self, data: Any) -> Any:
            meet(f"write {Path(str(self.name)).name}")
            return super().write(data)

    def call(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+"):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        raw = CountedFile(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    return call
