"""One at a time: a lock on a job of a workspace that names its holder and that dies with its process."""

from __future__ import annotations

import fcntl
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from linktrack.errors import Conflict
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_PAUSE_SECONDS = 0.1


@contextmanager
def alone(workspace: Workspace, database: Database, job: str, wait: float) -> Iterator[None]:
    """Hold the lock of `job`, as in "import". The system lets go of it when the process ends, however it ends.

    Conflict, with the holder named, when another process has it for longer than `wait` seconds. Several machines
    on one PostgreSQL database exclude each other too.
    """
    path = workspace.root / f".linktrack-{job.replace(' ', '-')}.lock"
    until = time.monotonic() + wait
    try:
        file = path.open("a+", encoding="utf-8")
    except PermissionError:
        raise Conflict("no permission to write this lock: check who owns the folder", file=path) from None
    with file:
        if not _taken(lambda: _flock(file.fileno()), until):
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise Conflict(f"another {job} is running ({holder}): let it end, or wait for it with --wait SECONDS")
        file.seek(0)
        file.truncate()
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
        file.flush()
        number = zlib.crc32(job.encode())
        server = database.dialect == "postgresql"
        if server and not _taken(lambda: database.value("SELECT pg_try_advisory_lock(?)", (number,)), until):
            raise Conflict(f"another {job} is running on another machine: wait for it with --wait SECONDS")
        try:
            yield
        finally:
            if server:
                database.execute("SELECT pg_advisory_unlock(?)", (number,))
            file.seek(0)
            file.truncate()


def _taken(take: Callable[[], bool], until: float) -> bool:
    """Try `take` until it succeeds or the time is over."""
    while not take():
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
