"""Reading ahead: a long log is read by a process of its own while batches are stored.

A log whose length is not known, such as a compressed one, is read ahead from its second batch on.

The process is a fork, so it goes on just where the reading stands. It only reads the log and writes to a pipe, has no
part in the database or in any lock, and ends as soon as nobody reads what it writes.
"""

from __future__ import annotations

import gc
import marshal
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from linktrack.clicks.click import Clicks
from linktrack.clicks.logs.batches import Batch, Reached
from linktrack.errors import Conflict

_COLUMN, _BATCH, _ERROR, _END = b"C", b"B", b"E", b"."  # a batch comes behind the columns of its clicks
_LENGTH = 8  # bytes of the length that follows the kind
_PLAIN = 2  # marshal's version that looks for no values to write only once: a batch is written in a third of the time

LONG_BYTES = 8 << 20  # a log of this length and more has several batches


def read_ahead(batches: Iterator[Batch], log: int | None, position: int = 0) -> Iterator[Batch]:
    """The same batches in the same order, made by a second process where that pays.

    `log` is the handle of the file that they are read from, or None to stay in this process; `position` is the byte
    in it where they begin.
    """
    if log is None or not _worthwhile():
        yield from batches
        return
    if os.fstat(log).st_size - position < LONG_BYTES:
        first = next(batches)
        yield first
        if first.last:
            yield from batches  # an error may stand behind it
            return
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _work(batches, theirs, keep={log, theirs})
    os.close(theirs)
    try:
        with open(ours, "rb", buffering=1 << 20) as pipe:  # noqa: PTH123  (a handle, not a path)
            yield from _received(pipe)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)  # it holds nothing, and an error or a stop may have left it at work
        os.waitpid(child, 0)


def _worthwhile() -> bool:
    """Whether there is a second processor, on a system where a fork is safe."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _received(pipe: BinaryIO) -> Iterator[Batch]:
    while (batch := _next(pipe)) is not None:
        yield batch
        del batch  # before the next one is there


def _next(pipe: BinaryIO) -> Batch | None:
    """What the other process sends next; None at the end."""
    columns: list[list[int | str]] = []
    while True:
        kind = pipe.read(1)
        length = int.from_bytes(pipe.read(_LENGTH), "big")
        data = pipe.read(length)
        if not kind or len(data) < length:
            raise Conflict(
                "the process that reads this log was ended from outside: what it had read before is stored, "
                "run the import again to go on"
            )
        if kind == _END:
            return None
        if kind == _ERROR:
            raise pickle.loads(data)  # noqa: S301  (made by the fork of this process)
        values = marshal.loads(data)  # noqa: S302  (made by the fork of this process)
        if kind == _BATCH:
            return Batch(**{**values, "clicks": Clicks(columns), "reached": Reached._make(values["reached"])})
        columns.append(values)


def _work(batches: Iterator[Batch], pipe: int, keep: set[int]) -> None:
    """The life of the reading process; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other one to answer
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()
        for handle in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
            if handle > 2 and handle not in keep:
                with suppress(OSError):
                    os.close(handle)  # a lock would outlive the process that holds it
        with open(pipe, "wb", buffering=0) as out:
            try:
                for batch in batches:
                    for column in batch.clicks.columns:
                        _send(out, _COLUMN, marshal.dumps(list(column), _PLAIN))
                    plain = {"clicks": None, "reached": tuple(batch.reached)}
                    _send(out, _BATCH, marshal.dumps({**batch._asdict(), **plain}, _PLAIN))
                _send(out, _END, b"")
            except BrokenPipeError:
                pass
            except Exception as problem:  # whatever it is, it is raised where the batches are stored
                _send(out, _ERROR, pickle.dumps(problem))
    finally:
        os._exit(0)


def _send(out: BinaryIO, kind: bytes, data: bytes) -> None:
    view = memoryview(kind + len(data).to_bytes(_LENGTH, "big") + data)
    while view:
        view = view[out.write(view) :]
