"""A whole database moved into another one, SQLite or PostgreSQL, with every count checked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from linktrack.clicks.rollups.zone import zone_of_hours
from linktrack.database_urls import SQLITE_URL, checked_database_url, passwordless
from linktrack.errors import BadInput, Conflict, UsageError
from linktrack.files.beside import sync
from linktrack.files.disk_folders import passing_folder, sync_tree
from linktrack.files.protected import Protected, refuse_own
from linktrack.files.reading import explained
from linktrack.store.counters import count_on
from linktrack.store.dialects import POSTGRESQL, SQLITE
from linktrack.store.lock import standing_still
from linktrack.store.lock_waits import Tell, in_silence
from linktrack.store.many import at_once
from linktrack.store.restored import awaits_later_keys
from linktrack.store.revisions import check_usable, make_tables, prepare_empty
from linktrack.store.session import Database, connect
from linktrack.workspace import DATABASE_NAME, Workspace

if TYPE_CHECKING:
    from sqlalchemy import Table

_AT_ONCE = 5_000  # rows


class Copied(NamedTuple):
    """A copy: the rows of each table, its own id, and its address without a password, both for the settings."""

    rows: dict[str, int]
    database_id: str
    url: str


def copy_database(
    workspace: Workspace, source_url: str, target_url: str, *, wait: float = 0, tell: Tell = in_silence
) -> Copied:
    """Copy the workspace's database into an empty one, all or nothing; nobody writes meanwhile.

    The copy has an id of its own, so that settings which name the one never open the other. UsageError for an address
    of no database; BadInput when the source is not the workspace's database, or a count differs afterwards; Conflict
    when the target has tables already; Locked when others write for longer than `wait` seconds.
    """
    source_url, target_url = (_whole(workspace, url) for url in (source_url, target_url))
    if source_url == target_url:
        raise UsageError("FROM and TO are the same database")
    with connect(source_url, wait=wait, tell=tell) as source:
        check_usable(source, workspace)
        with (
            standing_still(workspace, source, wait, "a copy of the database"),
            _new(target_url, workspace.protected(), wait, tell) as target,
            _locked(source),
        ):
            zone = zone_of_hours(source)
            with target.transaction(durable=True):
                database_id = secrets.token_hex(8)
                make_tables(target, time_zone=zone, database_id=database_id)
                for table in reversed(_tables()):  # of what new tables have in them
                    target.execute(f'DELETE FROM "{table.name}"')  # noqa: S608  (names of our own)
                rows = {table.name: _copy_table(source, target, table) for table in _tables()}
                if not awaits_later_keys(source):
                    target.execute("UPDATE workspace SET keys_settled_for = ?", (database_id,))
                target.execute("UPDATE workspace SET database_id = ?", (database_id,))
                for name, count in rows.items():
                    there = int(target.value(f'SELECT count(*) FROM "{name}"'))  # noqa: S608  (names of our own)
                    if there != count:
                        raise BadInput(
                            f"the table {name} has {there:,} rows there instead of {count:,}: nothing was kept"
                        )
    shown = target_url
    if not target_url.startswith(SQLITE_URL):
        shown = passwordless(target_url).replace("postgresql", "postgresql+psycopg", 1)
    return Copied(rows, database_id, shown)


def _whole(workspace: Workspace, url: str) -> str:
    """The address of a database as it is opened: a relative path is one from the workspace."""
    try:
        checked = checked_database_url(url)
    except ValueError as problem:
        raise UsageError(f"FROM and TO are addresses of databases: {problem}") from None
    if not checked:
        raise UsageError(f"FROM and TO are addresses of databases: {SQLITE_URL}FILE or postgresql+psycopg://…")
    if url.startswith(SQLITE_URL):
        return f"{SQLITE_URL}{workspace.root / url.removeprefix(SQLITE_URL)}"
    return url


@contextmanager
def _new(url: str, protected: Protected, wait: float, tell: Tell) -> Iterator[Database]:
    """An empty database. A file is made aside and gets its name when the block ends well; Conflict when there is one
    with anything in it."""
    if not url.startswith(SQLITE_URL):
        with connect(url, wait=wait, tell=tell, new=True) as database:
            prepare_empty(database)
            yield database
        return
    path = Path(url.removeprefix(SQLITE_URL))
    if path.name != DATABASE_NAME:  # which may come back to its place
        refuse_own(path, path, protected)
    _refuse_full(path)
    with passing_folder(path.parent) as aside:
        with connect(f"{SQLITE_URL}{aside / path.name}", wait=wait, tell=tell, new=True) as database:
            database.name = str(path)
            prepare_empty(database)
            yield database
        with explained(path):
            sync_tree(aside)
            _refuse_full(path)
            (aside / path.name).replace(path)
            sync(path.parent)


def _refuse_full(path: Path) -> None:
    """Conflict when a file is there that is not empty."""
    with explained(path):
        if path.is_symlink() or (path.exists() and (not path.is_file() or path.stat().st_size)):
            raise Conflict(f"{path} is there already: name a new file")


@contextmanager
def _locked(database: Database) -> Iterator[None]:
    """The source as it is now: whoever wants to write to it waits."""
    with database.transaction():
        if database.dialect == POSTGRESQL:
            names = ", ".join(f'"{table.name}"' for table in _tables())
            database.execute(f"LOCK TABLE {names} IN SHARE MODE")
        yield


def _tables() -> list[Table]:
    """All tables, each behind those that it refers to."""
    from sqlmodel import SQLModel

    import linktrack.store.tables  # noqa: F401  (which makes them known)

    return list(SQLModel.metadata.sorted_tables)


def _copy_table(source: Database, target: Database, table: Table) -> int:
    """Copy the rows of a table, in the order of its key. Returns how many there were. BadInput, with the row, for a
    value that the target does not take."""
    columns = [f'"{column.name}"' for column in table.columns if column.computed is None]
    key = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    rows = source.stream(f'SELECT {", ".join(columns)} FROM "{table.name}" ORDER BY {key}', at_once=_AT_ONCE)  # noqa: S608  (names of our own)
    count = 0
    for some in at_once(rows, _AT_ONCE):
        try:
            target.insert(f'"{table.name}"', columns, some)
        except BadInput as problem:
            raise BadInput(f"{problem.sentence} ({_place_of_misfit(table, some)}): nothing was kept") from None
        count += len(some)
    if target.dialect != SQLITE and table.autoincrement_column is not None:
        count_on(target, table.name)
    return count


def _place_of_misfit(table: Table, rows: Sequence[Sequence[object]]) -> str:
    """Which of some rows of a table has a text with a NUL, and in which column; where none has, between which rows
    lies what is not taken."""
    columns = [column for column in table.columns if column.computed is None]

    def named(row: Sequence[object]) -> str:
        key = (f"{column.name} {value!r}" for column, value in zip(columns, row, strict=True) if column.primary_key)
        return ", ".join(key)

    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, str) and "\0" in value:
                return f"a NUL in {column.name} of {table.name}, {named(row)}: change that in the source first"
    return f"in {table.name}, between {named(rows[0])} and {named(rows[-1])}"
