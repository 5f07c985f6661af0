"""One open database: connections, transactions and the two dialects, SQLite and PostgreSQL.

Reading and bulk writing go over the DB-API with SQL that both dialects understand (`?` marks parameters);
ordinary records go through a SQLModel session on the same connection. Every writing transaction begins
IMMEDIATE: a deferred one loses updates when two processes write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

from linktrack.errors import Locked
from linktrack.store.dialects import POSTGRESQL, SQLITE, Explain, open_postgresql, open_sqlite
from linktrack.store.lock_waits import LOCK_WAIT_SECONDS, Patience, Tell, in_silence

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlmodel import Session

_cursors = count(1)  # numbers of those on a server
_AT_ONCE = 90  # rows of one INSERT: more are no faster
Row = tuple[Any, ...]


class Database(Patience):
    """An open database. `rows` reads, `transaction` writes; close it, or use it as a context manager."""

    def __init__(
        self,
        connection: Any,
        dialect: str,
        name: str,
        explain: Explain,
        wait: float = 0,
        tell: Tell = in_silence,
        warn: Tell = in_silence,
    ) -> None:
        self.connection = connection  # DB-API, in autocommit mode: transactions are begun by hand
        self.dialect = dialect
        self.like = "LIKE" if dialect == SQLITE else "ILIKE"  # to which a small ASCII letter is a large one
        self.name = name  # for messages
        super().__init__(wait, tell, warn)
        self._explain = explain  # an error of the driver → one of ours, or None for a bug
        self._depth = 0
        self.has_stored = False  # whether a transaction of this connection has been committed

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()

    def take_alone(self, number: int, does: str) -> None:
        """On a server: let nobody else take the lock of this number until the transaction ends. Locked when another
        process, which `does` that, has it for longer than `wait` seconds."""
        if not self.wait_for(
            lambda: bool(self.value("SELECT pg_try_advisory_xact_lock(?)", (number,))),
            self._wait,
            lambda: f"another process {does} of {self.name}: waiting for up to {self._wait:g} s",
        ):
            raise Locked(f"another process {does} of {self.name}: wait for it to end and try again")

    def folds_beyond_ascii(self, column: str, *, punycode: bool = True) -> str:
        """The condition that a name or address may be compared as more than small letters of ASCII."""
        length = f"length(CAST({column} AS BLOB))" if self.dialect == SQLITE else f"octet_length({column})"
        coded = f" OR {column} {self.like} '%xn--%'" if punycode else ""
        return f"({length} > length({column}){coded})"

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run one statement; returns the DB-API cursor."""
        with self.explained():
            return self.connection.execute(self._sql(sql), parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows."""
        with self.explained():
            cursor = self.connection.cursor()
            cursor.executemany(self._sql(sql), rows)
            cursor.close()

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, besides: str = "") -> None:
        """Insert many rows at once, with `besides` (`ON CONFLICT …`) for those that are there."""
        if not rows:
            return
        head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608  (names of our own)
        if self.dialect == POSTGRESQL and not besides:
            target = f"{table} ({', '.join(columns)})"
            with self.explained(), self.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        one = f"({', '.join('?' * len(columns))})"
        many = head + ", ".join([one] * _AT_ONCE) + besides
        rest = iter(rows)
        while values := list(chain.from_iterable(islice(rest, _AT_ONCE))):
            some = len(values) // len(columns)
            self.execute(many if some == _AT_ONCE else head + ", ".join([one] * some) + besides, values)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        with self.explained():
            return list(self.connection.execute(self._sql(sql), parameters).fetchall())

    def stream(self, sql: str, parameters: Sequence[Any] = (), at_once: int = 1000) -> Iterator[Row]:
        """The rows of a query without holding them all. The database may be read, but not written, meanwhile."""
        if self.dialect == POSTGRESQL:
            name = f"linktrack_{next(_cursors)}"  # of its own: another one may be read within it
            with self.explained(), self.at_one_moment(), self.connection.cursor(name=name) as cursor:
                cursor.itersize = at_once
                yield from cursor.execute(self._sql(sql), parameters)
            return
        yield from self.each(sql, parameters, at_once)

    def each(self, sql: str, parameters: Sequence[object] = (), at_once: int = 1000) -> Iterator[Row]:
        """The rows of a query one after the other, while the caller writes, too (PostgreSQL's are all held)."""
        return chain.from_iterable(self._fetched(sql, parameters, at_once))

    def _fetched(self, sql: str, parameters: Sequence[object], at_once: int) -> Iterator[list[Row]]:
        cursor = self.execute(sql, parameters)
        with self.explained():
            while rows := cursor.fetchmany(at_once):
                yield rows

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        with self.explained():
            row = self.connection.execute(self._sql(sql), parameters).fetchone()
            return None if row is None else tuple(row)

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Database]:
        """A writing transaction: all of it or nothing. A transaction inside another is part of it.

        A `durable` one has reached the disk when it ends, with all that was committed before: it survives a power cut.
        (Others survive a crash of the process; SQLite writes them to the disk a little later.)
        Locked when another process holds the database for longer than `wait` seconds; waiting is told after a second.
        """
        with self._within(lambda: self._begin(durable)):
            yield self

    @contextmanager
    def aside(self) -> Iterator[Database]:
        """A transaction of temporary tables alone: it locks nobody out. Inside another one it is part of that."""
        with self._within(lambda: self.execute("BEGIN")):
            yield self

    @contextmanager
    def _within(self, begin: Callable[[], object]) -> Iterator[None]:
        """What is begun now is committed at the end; what has been begun already is not ended here."""
        if self._depth:
            yield
            return
        begin()
        self._depth = 1
        try:
            yield
            self.execute("COMMIT")
            self.has_stored = True
        except BaseException:
            self._rollback()
            raise
        finally:
            self._depth = 0

    @contextmanager
    def at_one_moment(self) -> Iterator[Database]:
        """A transaction that only reads: all its queries see the same moment, and writers are not kept waiting."""
        if self._depth:
            yield self
            return
        with self._undone("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield self

    @contextmanager
    def pretending(self) -> Iterator[Database]:
        """A transaction of which nothing is kept, in which all queries see the same moment: for temporary tables that
        stand before those of the same name. Writers are not kept waiting."""
        with self._undone("BEGIN ISOLATION LEVEL REPEATABLE READ"):
            yield self

    @contextmanager
    def _undone(self, on_a_server: str) -> Iterator[None]:
        """What is begun now is taken back at the end. (SQLite's transactions all see one moment.)"""
        self.execute("BEGIN" if self.dialect == SQLITE else on_a_server)
        self._depth = 1
        try:
            yield
        finally:
            self._depth = 0
            self._rollback()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A SQLModel session inside a writing transaction of this connection."""
        from sqlmodel import Session

        with self.transaction(), self.explained(), Session(self.engine(), expire_on_commit=False) as session:
            yield session
            session.flush()

    def engine(self) -> Engine:
        """A SQLAlchemy engine whose only connection is this one; it neither begins nor commits by itself."""
        from sqlalchemy import create_engine
        from sqlalchemy.pool import StaticPool

        driver = "sqlite://" if self.dialect == SQLITE else "postgresql+psycopg://"
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

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Errors of the driver as sentences; what is a bug of ours stays what it is."""
        try:
            yield
        except Exception as problem:
            ours = self._explain(getattr(problem, "orig", problem), self.name)  # SQLAlchemy wraps the driver's
            if ours is None:
                raise
            raise ours from None

    def _begin(self, durable: bool) -> None:
        if self.dialect == POSTGRESQL:
            self.execute("BEGIN")
            return
        self.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        busy: list[Locked] = []

        def begun() -> bool:
            try:
                self.execute("BEGIN IMMEDIATE")
            except Locked as problem:
                busy[:] = [problem]
                return False
            return True

        # SQLite's own waiting cannot be interrupted by Ctrl-C
        if not self.wait_for(
            begun,
            self._wait,
            lambda: f"{self.name} is being written by another process: waiting for up to {self._wait:g} s",
        ):
            raise busy[0]

    def _rollback(self) -> None:
        try:
            self.connection.execute("ROLLBACK")
        except Exception:  # the database has already rolled back, e.g. when the disk was full
            return

    def _sql(self, sql: str) -> str:
        return sql if self.dialect == SQLITE else sql.replace("%", "%%").replace("?", "%s")


def connect(
    url: str,
    *,
    wait: float = LOCK_WAIT_SECONDS,
    tell: Tell = in_silence,
    warn: Tell = in_silence,
    new: bool = False,
) -> Database:
    """Open the database at `url` (`sqlite:///PATH` or `postgresql+psycopg://…`) as it is.

    NotFound for a SQLite file that is not there unless it may be `new`; a file that may not be written is opened for
    reading.
    """
    if url.startswith("postgresql"):
        server, explain = open_postgresql(url, wait)
        return Database(server, POSTGRESQL, "the PostgreSQL database", explain, wait, tell, warn)
    connection, path, explain = open_sqlite(url, new=new)
    database = Database(connection, SQLITE, path, explain, wait, tell, warn)
    try:
        with database.explained():
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")
            if sys.platform == "darwin":
                connection.execute("PRAGMA fullfsync=ON")
    except BaseException:
        database.close()
        raise
    return database
