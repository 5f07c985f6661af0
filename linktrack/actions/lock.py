"""The one run at a time: a lock that says who holds it, and that the system takes back when its process dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from linktrack.config import Workspace
from linktrack.errors import Conflict
from linktrack.store.session import Database

LOCK_NAME = "linktrack.actions.lock"
_ADVISORY = 0x6C696E6B  # PostgreSQL's number for this lock, one for each database


@contextmanager
def running_alone(workspace: Workspace, database: Database, wait: float) -> Iterator[None]:
    """Hold the lock. Conflict that names the holder when another run has it for longer than `wait` seconds."""
    path = workspace.root / LOCK_NAME
    until = time.monotonic() + wait
    with path.open("a+") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    file.seek(0)
                    holder = file.read().strip() or "another process"
                    raise Conflict(
                        f"the actions are being run by {holder}: wait for it to end, or use --wait SECONDS"
                    ) from None
                time.sleep(0.1)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {os.uname().nodename}")
        file.flush()
        try:
            _take_advisory(database, until)
            yield
        finally:
            if database.dialect == "postgresql":
                database.execute("SELECT pg_advisory_unlock(?)", (_ADVISORY,))
            file.truncate(0)


def _take_advisory(database: Database, until: float) -> None:
    if database.dialect != "postgresql":
        return
    while not database.value("SELECT pg_try_advisory_lock(?)", (_ADVISORY,)):
        if time.monotonic() >= until:
            raise Conflict("the actions are being run from another machine: wait for it to end, or use --wait SECONDS")
        time.sleep(0.1)
