"""One open database: connections, transactions and the two dialects, SQLite and PostgreSQL.

Reading and bulk writing go over the DB-API with SQL that both dialects understand (`?` marks parameters);
ordinary records go through a SQLModel session on the same connection. Every writing transaction begins
IMMEDIATE: a deferred one loses updates when two processes write.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.workspace import Workspace

if TYPE_CHECKING:
    from sqlmodel import Session

HEAD = "0004"  # the newest revision in migrations/versions; a test holds the two together
LOCK_WAIT_SECONDS = 30.0

Row = tuple[Any, ...]


class Database:
    """An open database. `rows` reads, `transaction` writes; close it, or use it as a context manager."""

    def __init__(self, connection: Any, dialect: str, name: str, faults: tuple[type[Exception], ...] = ()) -> None:
        self.connection = connection  # DB-API, in autocommit mode: transactions are begun by hand
        self.dialect = dialect  # "sqlite" or "postgresql"
        self.name = name  # for messages
        self.faults = faults  # of a server: out of reach, stopped, a lock that is held for too long
        self._depth = 0

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run one statement; returns the DB-API cursor."""
        with self._errors():
            return self.connection.execute(self._sql(sql), parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""
        with self._errors():
            cursor = self.connection.cursor()
            cursor.executemany(self._sql(sql), rows)
            cursor.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        with self._errors():
            return list(self.connection.execute(self._sql(sql), parameters).fetchall())

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        with self._errors():
            row = self.connection.execute(self._sql(sql), parameters).fetchone()
            return None if row is None else tuple(row)

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """A writing transaction: all of it or nothing. A transaction inside another is part of it.

        Conflict when another process holds the database for longer than `LOCK_WAIT_SECONDS`.
        """
        if self._depth:
            yield self
            return
        self.execute("BEGIN IMMEDIATE" if self.dialect == "sqlite" else "BEGIN")
        self._depth = 1
        try:
            yield self
            self.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        finally:
            self._depth = 0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A SQLModel session inside a writing transaction of this connection."""
        from sqlmodel import Session

        with self.transaction(), self._errors(), Session(self.engine(), expire_on_commit=False) as session:
            yield session
            session.flush()

    def engine(self) -> Any:
        """A SQLAlchemy engine whose only connection is this one; it neither begins nor commits by itself."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import StaticPool

        driver = "sqlite://" if self.dialect == "sqlite" else "postgresql+psycopg://"
        engine = create_engine(
            driver,
            creator=lambda: self.connection,
            poolclass=StaticPool,
            hide_parameters=True,
            pool_reset_on_return=None,
        )
        for step in ("do_commit", "do_rollback", "do_close"):  # `transaction` alone decides
            setattr(engine.dialect, step, lambda connection: None)
        return engine

    def _rollback(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        except Exception:  # the database has already rolled back, e.g. when the disk was full
            return

    def _sql(self, sql: str) -> str:
        return sql if self.dialect == "sqlite" else sql.replace("%", "%%").replace("?", "%s")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise _translated(problem, self.name) from problem
        except self.faults as problem:
            said = str(problem).strip().partition("\n")[0]
            raise Conflict(f"{self.name} does not do it now ({said}): try again when it does") from problem


def open_database(workspace: Workspace, *, wait: float = LOCK_WAIT_SECONDS, new: bool = False) -> Database:
    """Open the workspace's database, upgraded first if it is not of today's version.

    BadInput for a broken or newer database, Conflict for one that is locked or may not be written, NotFound for a
    SQLite file that is not there unless it may be `new`: an empty one in its place would call every click unknown.
    """
    path = sqlite_path(workspace.database_url)
    if path and not new and not path.exists():
        raise NotFound(f"{path} is missing: bring it back from a backup, or make it with linktrack database upgrade")
    database = connect(workspace.database_url, wait=wait)
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite database, None for another database."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def connect(url: str, *, wait: float = LOCK_WAIT_SECONDS) -> Database:
    """Open the database at `url` (`sqlite:///PATH` or `postgresql+psycopg://…`) as it is."""
    if path := sqlite_path(url):
        try:
            connection: Any = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as problem:
            raise _translated(problem, str(path)) from problem
        database = Database(connection, "sqlite", str(path))
        try:
            database.execute("PRAGMA foreign_keys=ON")
            database.execute("PRAGMA synchronous=NORMAL")
            if sys.platform == "darwin":  # where an ordinary fsync leaves the data in the disk's own cache
                database.execute("PRAGMA fullfsync=ON")
        except BaseException:
            database.close()
            raise
        return database
    if url.startswith("postgresql"):
        try:
            import psycopg
        except ImportError:
            raise BadInput("PostgreSQL needs the extra: pip install 'linktrack[postgres]'") from None
        try:
            connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
        except psycopg.OperationalError as problem:
            raise Conflict(f"the PostgreSQL server does not answer: {problem}".strip()) from None
        connection.execute(f"SET lock_timeout = {round(wait * 1000)}")
        return Database(connection, "postgresql", "the PostgreSQL database", (psycopg.OperationalError,))
    raise BadInput(f"database.url must begin with sqlite:/// or postgresql+psycopg://, not {url.split(':')[0]}:")


def revision(database: Database) -> str | None:
    """The version of the tables, or None where there are none."""
    if database.dialect == "sqlite":
        known = database.value("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        known = database.value("SELECT to_regclass('alembic_version')")
    return None if not known else database.value("SELECT version_num FROM alembic_version")


def upgrade(database: Database) -> str | None:
    """Bring the tables to version `HEAD`. Returns the version before; costs one query when it is `HEAD`."""
    before = revision(database)
    if before == HEAD:
        return before
    if before is not None and before > HEAD:
        raise BadInput(
            f"{database.name} was written by a newer linktrack (tables {before}, this program knows {HEAD}): "
            "upgrade this program with pip install --upgrade linktrack"
        )
    from linktrack.store.migrations import run

    if database.dialect == "sqlite":
        database.execute("PRAGMA journal_mode=WAL")
    with database.transaction():
        if revision(database) != HEAD:  # another process may have been first
            run(database)
    return before


def now() -> int:
    """The time, as the tables keep it: UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _translated(problem: sqlite3.Error, name: str) -> Exception:
    """An SQLite error as a sentence with a way out, or the error itself when it is a bug of ours."""
    text = str(problem)
    if isinstance(problem, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return problem
    if "locked" in text or "busy" in text:
        return Conflict(f"{name} is locked by another process: wait for it to end and try again")
    if "readonly" in text or "unable to open" in text:
        return Conflict(f"{name} cannot be opened for writing: check the permissions of the file and its folder")
    if "full" in text:
        return Conflict(f"the disk is full: {name} was left as it was; free some space and try again")
    if "not a database" in text or "malformed" in text or "encrypted" in text:
        return BadInput(f"{name} is not a usable SQLite database: bring it back from a backup")
    if "disk I/O" in text:
        return Conflict(f"the disk reports an error while {name} is read or written: {text}")
    return problem
