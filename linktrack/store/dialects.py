"""The two databases as their drivers see them: opened from a URL, their errors made sentences.

Errors are told apart by their codes (SQLite's result codes, PostgreSQL's SQLSTATE), never by the words in them. No
message holds a URL: it may have a password in it.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from linktrack.database_urls import SQLITE_URL, postgresql_arguments
from linktrack.errors import BadInput, Conflict, Damaged, DiskFull, LinktrackError, Locked, NotFound
from linktrack.files.beside import NEW, give_to_owner_of
from linktrack.files.reading import explained, refuse_no_plain_file
from linktrack.store.database_files import is_sqlite_file

if TYPE_CHECKING:
    import psycopg

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_ROOM = 100_000  # bytes that a database's companions need to grow
_REFUSAL_SECONDS = 5.0  # for asking a server why it refuses
_CODE = re.compile(rb'ErrorResponse.*? C "([0-9A-Z]{5})"')  # in libpq's trace
# What was stored before stays, and of what was on its way nobody knows whether the server still took it.
_LEFT_OUT = "what was not stored yet is not in it"
_BUSY_SECONDS = 0.2  # that SQLite itself waits: for longer, `Database.transaction` asks again

Explain = Callable[[Exception, str], LinktrackError | None]


def open_sqlite(url: str, *, new: bool) -> tuple[sqlite3.Connection, str, Explain]:
    """The SQLite database at `sqlite:///PATH`: connection, path, and its errors explained.

    A `new` one is made readable by its owner alone, whatever the umask.
    """
    path = Path(url.removeprefix(SQLITE_URL))
    if new:
        with explained(path), suppress(FileExistsError):
            handle = os.open(path, NEW, 0o600)
            os.fchmod(handle, 0o600)
            give_to_owner_of(path.parent, handle)
            os.close(handle)
    elif not path.exists():
        raise NotFound(f"the database {path} is missing: {way_back(SQLITE)}")
    for end in ("", "-wal", "-shm"):  # SQLite itself would wait for a pipe, or call a device an empty database
        with explained(named := Path(f"{path}{end}"), "a database"), suppress(FileNotFoundError):
            refuse_no_plain_file(named, "a file of a SQLite database")
    where = f"file:{quote(os.fsencode(path))}"
    if not os.access(path, os.W_OK):
        alone = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
        where += "?immutable=1" if alone else "?mode=ro"
    else:
        where += "?mode=rw"
    try:
        connection = sqlite3.connect(
            where, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True
        )
    except sqlite3.Error as problem:
        raise explain_sqlite(problem, str(path)) or problem from None
    return connection, str(path), explain_sqlite


def open_own_copy(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A SQLite file that nobody else has opened: a copy on its way into a backup, or out of one."""
    where = f"file:{quote(os.fsencode(path))}?mode={'ro' if read_only else 'rwc'}"
    return sqlite3.connect(where, isolation_level=None, uri=True)


def explain_sqlite(problem: Exception, name: str) -> LinktrackError | None:
    """An error of SQLite as a sentence with a way out, None for a bug of ours."""
    if isinstance(problem, UnicodeDecodeError) or _is_undecodable(problem):
        return damaged(name, "a text in it is no UTF-8", SQLITE)
    if not isinstance(problem, sqlite3.Error):
        return None
    match getattr(problem, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Locked(f"{name} is locked by another process: wait for it to end and try again")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return Conflict(f"{name} cannot be opened for writing: check the permissions of the file and its folder")
        case sqlite3.SQLITE_FULL:
            return _disk_full(name)
        case sqlite3.SQLITE_IOERR if _has_no_room(Path(name)):  # its companions cannot grow
            return _disk_full(name)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return BadInput(f"{name} is not a usable SQLite database: {_way_to_one(Path(name))}")
        case sqlite3.SQLITE_IOERR:
            return Conflict(f"the disk reports an error while {name} is read or written: check it, and its quota")
        case sqlite3.SQLITE_TOOBIG:
            return BadInput(f"a value is larger than {name} takes (a thousand million bytes)")
        case _:
            return None


def damaged(name: str, fault: str, dialect: str) -> Damaged:
    """The error of a database of which something is lost, in the words of what was found."""
    return Damaged(name, fault, way_back(dialect))


def way_back(dialect: str) -> str:
    """How a database comes back of which something is lost."""
    if dialect == SQLITE:
        return "bring it back from a backup (linktrack restore BACKUP)"
    return (
        "bring it back from the dump that the pg_dump line of the last backup wrote: linktrack restore BACKUP DIR "
        "names the lines of createdb, pg_restore and psql for it"
    )


def _way_to_one(path: Path) -> str:
    """The way back of a damaged file; first of all, see whether it is meant at all, if it does not look like one."""
    if is_sqlite_file(path):
        return way_back(SQLITE)
    return (
        "see that url under [database] (or LINKTRACK_DATABASE_URL) names the file that is meant; if it does, "
        f"{way_back(SQLITE)}"
    )


def _is_undecodable(problem: Exception) -> bool:
    """Whether a value could not be made a Python text: the only error of this kind that has no code of SQLite's."""
    return isinstance(problem, sqlite3.OperationalError) and not hasattr(problem, "sqlite_errorcode")


def _disk_full(name: str) -> DiskFull:
    return DiskFull(f"the disk is full while {name} is written: {_LEFT_OUT}; free some space and try again")


def _has_no_room(path: Path) -> bool:
    """Whether the disk of a file is as good as full."""
    with suppress(OSError):
        return shutil.disk_usage(path.parent).free < _ROOM
    return False


def open_postgresql(url: str, wait: float) -> tuple[psycopg.Connection[tuple[object, ...]], Explain]:
    """The PostgreSQL database at `postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME?parameters`."""
    import logging

    try:
        import psycopg
        from psycopg.conninfo import make_conninfo
    except ImportError:
        raise BadInput("PostgreSQL needs the extra: pip install 'linktrack[postgres]'") from None
    if not (driver := logging.getLogger("psycopg")).handlers:
        driver.addHandler(logging.NullHandler())  # what it would print of a lost connection, we say in a sentence
    arguments = postgresql_arguments(url)
    try:
        connection = psycopg.connect(make_conninfo("", **arguments), autocommit=True)
    except psycopg.Error as problem:
        raise _not_opened(problem, make_conninfo("", **arguments), arguments) from None
    connection.execute(f"SET lock_timeout = {round(wait * 1000)}")
    return connection, explain_postgresql


def _not_opened(problem: psycopg.Error, conninfo: str, arguments: dict[str, str]) -> LinktrackError:
    """Why a connection could not be made, by the code with which the server refuses it, if it answers at all."""
    state = _refused_with(conninfo)
    not_given = problem.pgconn is not None and problem.pgconn.needs_password  # which the driver finds, not the server
    database = arguments.get("dbname") or arguments.get("user", "")
    user = f"the user {arguments['user']}" if "user" in arguments else "this user"
    if state == "3D000":
        return NotFound(
            f"the PostgreSQL server has no database {database}: make it with createdb, or correct url under [database] "
            "(or LINKTRACK_DATABASE_URL)"
        )
    if not_given or state.startswith("28"):
        fault = "it wants a password" if not_given else "there is no such role, or the password is wrong"
        return BadInput(
            f"the PostgreSQL server does not let {user} in, for {fault}: correct url under [database] (or "
            "LINKTRACK_DATABASE_URL, ~/.pgpass)"
        )
    if state == "42501":
        return Conflict(f"the PostgreSQL server does not let {user} into the database {database}: grant it CONNECT")
    said = _without_password(_words_of(problem), arguments)
    if state:
        return Conflict(f"the PostgreSQL server takes no connection just now ({state}): {said}")
    return Conflict(f"the PostgreSQL server does not answer: {said}")


def _refused_with(conninfo: str) -> str:
    """The SQLSTATE with which a server refuses a connection, "" where it says none.

    The driver hands on only the server's words, which are in its language; the code stands in what libpq traces.
    """
    import psycopg
    from psycopg import pq

    connection = pq.PGconn.connect_start(conninfo.encode())
    try:
        with os.fdopen(os.memfd_create("linktrack"), "rb") as trace:  # in memory alone: a password may be in it
            connection.trace(trace.fileno())
            waits = {pq.PollingStatus.READING: select.POLLIN, pq.PollingStatus.WRITING: select.POLLOUT}
            wanted = select.POLLOUT
            until = time.monotonic() + _REFUSAL_SECONDS
            while wanted and connection.status != pq.ConnStatus.BAD and time.monotonic() < until:
                poll = select.poll()
                poll.register(connection.socket, wanted)
                if poll.poll(_REFUSAL_SECONDS * 1000):
                    wanted = waits.get(pq.PollingStatus(connection.connect_poll()), 0)
            connection.untrace()  # which writes the rest of it
            trace.seek(0)
            found = _CODE.search(trace.read())
    except (psycopg.Error, OSError, AttributeError):  # an older libpq, another system
        return ""
    finally:
        connection.finish()
    return found[1].decode() if found else ""


def explain_postgresql(problem: Exception, name: str) -> LinktrackError | None:
    """An error of PostgreSQL as a sentence with a way out, None for a bug of ours."""
    import psycopg

    if not isinstance(problem, psycopg.Error):
        return None
    state = problem.sqlstate or ""
    match state[:2], state:
        case _, "55P03" | "40P01" | "40001":
            return Locked(f"{name} is locked by another process: wait for it to end and try again")
        case _, "53100" | "53200" | "53300" | "53400":
            return DiskFull(f"{name} has no room or no connection left: {_LEFT_OUT}; try again later")
        case _, "42501":
            return Conflict(f"{name} does not allow that to this user: ask for the privileges ({_words_of(problem)})")
        case _, "25006":
            return Conflict(f"{name} can only be read")
        case "22", _:
            return BadInput(f"a value cannot be stored in {name}: it holds a NUL, or is out of its range")
        case ("XX", _) | (_, "58P01"):  # pages, rows or indexes that are none, a table's file that is gone
            return damaged(name, _words_of(problem), POSTGRESQL)
        case _, "58030":
            return Conflict(f"the server's disk reports an error while {name} is read or written: check it")
        case _, "57014":
            return Conflict(f"{name} has ended what took too long for it (statement_timeout): {_LEFT_OUT}; try again")
        case ("08" | "57", _) | (_, "25P03") | ("", ""):
            if state == "25P03" or isinstance(problem, psycopg.OperationalError):
                return Conflict(f"the connection to {name} was lost: {_LEFT_OUT}; see that its server answers")
            if isinstance(problem, psycopg.DataError):
                return BadInput(f"a value cannot be stored in {name}: it holds a NUL, or is out of its range")
            return None
        case _:
            return None


def _words_of(problem: psycopg.Error) -> str:
    """What the server says first of an error, in its language."""
    return str(problem).strip().partition("\n")[0]


def _without_password(text: str, arguments: dict[str, str]) -> str:
    password = arguments.get("password")
    return text.replace(password, "…") if password else text
