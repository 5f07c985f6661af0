"""One at a time: a lock on a job of a workspace that names its holder and that dies with its process."""

from __future__ import annotations

import fcntl
import os
import socket
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from linktrack.errors import Locked
from linktrack.files import explained
from linktrack.moments import iso, now
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.session import Database
from linktrack.workspace import Workspace


@contextmanager
def alone(workspace: Workspace, database: Database, job: str, wait: float) -> Iterator[None]:
    """Hold the lock of `job`, as in "import". The system lets go of it when the process ends, however it ends.

    Locked, with the holder named, when another process has it for longer than `wait` seconds. Several machines
    on one PostgreSQL database exclude each other too.
    """
    path = workspace.root / f".linktrack-{job.replace(' ', '-')}.lock"

    def holder() -> str:
        file.seek(0)
        return file.read().strip() or "another process"

    def taken(take: Callable[[], bool], who: Callable[[], str]) -> bool:
        return database.wait_for(
            take, wait, lambda: f"another {job} is running ({who()}): waiting for up to {wait:g} s"
        )

    with explained(path):
        file = open(path, "a+", encoding="utf-8", opener=_private)  # noqa: SIM115  (closed below)
    with file:
        if not taken(lambda: _flock(file.fileno()), holder):
            raise Locked(f"another {job} is running ({holder()}): let it end, or wait for it with --wait SECONDS")
        since = iso(now(), workspace.zone)
        with explained(path):
            file.seek(0)
            file.truncate()
            file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n")
            file.flush()
        number = zlib.crc32(job.encode())
        server = database.dialect == POSTGRESQL
        elsewhere = "on another machine"
        if server and not taken(
            lambda: bool(database.value("SELECT pg_try_advisory_lock(?)", (number,))), lambda: elsewhere
        ):
            raise Locked(f"another {job} is running {elsewhere}: wait for it with --wait SECONDS")
        try:
            yield
        finally:
            if server:
                database.execute("SELECT pg_advisory_unlock(?)", (number,))
            file.seek(0)
            file.truncate()


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
