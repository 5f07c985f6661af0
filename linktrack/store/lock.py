"""One at a time: a lock on a job of a workspace that names its holder and that dies with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from linktrack.errors import Conflict, Locked
from linktrack.files.beside import give_to_owner_of
from linktrack.files.reading import explained
from linktrack.moments import Clock, iso, now
from linktrack.ownership import lock_fault
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.session import Database
from linktrack.workspace import Workspace, lock_path

HANDING_OUT = "rewrite"  # of mails, which several do at once
OF_CLICKS = ("import", "action run")  # the jobs that write of clicks, as they are locked
WRITING = (HANDING_OUT, *OF_CLICKS, "key change")  # the jobs that write more than once


@contextmanager
def standing_still(
    workspace: Workspace, database: Database, wait: float, does: str, jobs: Sequence[str] = WRITING
) -> Iterator[None]:
    """Hold the locks of some jobs (all that write), so that none of them is halfway. `does` and errors as `alone`."""
    with ExitStack() as held:
        for job in jobs:
            held.enter_context(alone(workspace, database, job, wait, does=does))
        yield


@contextmanager
def handing_out(workspace: Workspace, database: Database, wait: float) -> Iterator[None]:
    """Hold the lock of those who hand mails out, with others of them: what has to stand still waits for them all.
    Errors as `alone`."""
    with alone(workspace, database, HANDING_OUT, wait, shared=True):
        yield


@contextmanager
def alone(
    workspace: Workspace,
    database: Database,
    job: str,
    wait: float,
    clock: Clock = now,
    *,
    does: str = "",
    shared: bool = False,
) -> Iterator[None]:
    """Hold the lock of `job`, as in "import". The system lets go of it when the process ends, however it ends. A
    `shared` one is held together with others who share it. `does` is what goes on meanwhile where it is not that job
    itself but what must not go on beside it, as in "a purge of clicks": whoever is kept waiting reads it.

    Locked, with what goes on and its process, when another one has the lock for longer than `wait` seconds; Conflict
    when the lock is no file of this workspace alone. Several machines on one PostgreSQL database exclude each other
    too.
    """
    path = lock_path(workspace.root, job)
    itself = f"{'an' if job[0] in 'aeiou' else 'a'} {job}"
    unnamed = "an upgrade or a copy of the database" if shared else itself

    def holder() -> str:
        file.seek(0)
        who, _, what = file.read().strip().partition("\n")
        return f"{what or unnamed} is running ({who or 'another process'})"

    def elsewhere() -> str:
        return f"{unnamed if shared else f'{itself}, or what must not go on beside it,'} is running on another machine"

    def take(taken: Callable[[], bool], who: Callable[[], str]) -> None:
        if not database.wait_for(taken, wait, lambda: f"{who()}: waiting for up to {wait:g} s"):
            raise Locked(f"{who()}: let it end, or wait for it with --wait SECONDS")

    with _opened(path) as file:
        take(lambda: _flock(file.fileno(), shared), holder)
        since = iso(clock(), workspace.zone)
        with explained(path):
            file.seek(0)
            file.truncate()
            file.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n{does or itself}\n")
            file.flush()
        number, kind = zlib.crc32(job.encode()), "_shared" * shared
        server = database.dialect == POSTGRESQL
        if server:
            take(lambda: bool(database.value(f"SELECT pg_try_advisory_lock{kind}(?)", (number,))), elsewhere)
        try:
            yield
        finally:
            if server:
                with suppress(Conflict):  # a connection that is lost has let go of it, and whoever lost it has said so
                    database.execute(f"SELECT pg_advisory_unlock{kind}(?)", (number,))
            file.seek(0)
            file.truncate()


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of something that takes a moment, on this machine; another process that has it is waited for."""
    with _opened(path) as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield


def _opened(path: Path) -> TextIO:
    """The lock's file, which is emptied and written into: never what a link leads to, nor anything but a file."""
    with explained(path):
        try:
            handle = os.open(path, _FLAGS, 0o600)
        except OSError as problem:
            if problem.errno not in _NO_FILE:
                raise
            raise _no_lock(path, lock_fault(path.lstat(), path.parent) or "is no file") from None
        found = os.fstat(handle)
        fault = lock_fault(found, path.parent)
        if fault:
            os.close(handle)
            raise _no_lock(path, fault)
        if found.st_size == 0:  # just made, or left by another root: nothing in it could be given away
            give_to_owner_of(path.parent, handle)
        return os.fdopen(handle, "a+", encoding="utf-8", errors="replace")


_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_FILE = (errno.ELOOP, errno.EISDIR, errno.ENXIO)  # what the system says of a link, a folder, a socket


def _no_lock(path: Path, fault: str) -> Conflict:
    return Conflict(f"this lock {fault}: see what it is, and remove it", file=path)


def _flock(handle: int, shared: bool) -> bool:
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
