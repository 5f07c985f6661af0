"""The lock that lets one import at a time into a workspace, and says who holds it."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from linktrack.errors import Conflict

LOCK_NAME = ".linktrack-import.lock"


@contextmanager
def import_lock(root: Path, wait: float) -> Iterator[None]:
    """Hold the workspace's import lock. The system lets go of it when the process ends, however it ends.

    Conflict, with the holder named, when another process still has it after `wait` seconds.
    """
    path = root / LOCK_NAME
    try:
        handle = path.open("a+", encoding="utf-8")
    except PermissionError:
        raise Conflict(
            "no permission to write the lock of the workspace: check who owns the folder", file=path
        ) from None
    with handle:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    handle.seek(0)
                    holder = handle.read().strip() or "another process"
                    raise Conflict(
                        f"another import is running ({holder}): let it end, or wait for it with --wait SECONDS"
                    ) from None
                time.sleep(min(0.1, max(0.0, deadline - time.monotonic())))
        handle.seek(0)
        handle.truncate()
        started = datetime.now().astimezone().isoformat(timespec="seconds")
        handle.write(f"process {os.getpid()} on {socket.gethostname()} since {started}\n")
        handle.flush()
        try:
            yield
        finally:
            handle.seek(0)
            handle.truncate()
