"""Whether a database is whole: its tables and columns, its pages and references, and that every value in it is one
that was ever written there. Both databases are asked the same, but for what PostgreSQL itself does not take."""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from linktrack.actions.planned import MADE_KINDS
from linktrack.click_marks import VERDICTS
from linktrack.clicks.formats import format_of, goes_on_from
from linktrack.clicks.judging.devices import DEVICES
from linktrack.clicks.judging.rules.reasons import REASONS
from linktrack.errors import Conflict, Damaged, LinktrackError
from linktrack.links.actions import KINDS
from linktrack.links.responses import read_response
from linktrack.mailings.catalogue import MailingOptions
from linktrack.mailings.shipments import read_settings
from linktrack.moments import zone_of
from linktrack.store.dialects import SQLITE
from linktrack.store.revisions import HEAD, revision
from linktrack.store.session import Database
from linktrack.values import shown

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

_JSON = frozenset(
    ("link.response", "action.settings", "mailing.settings", "recipient.fields", "shipment.settings", "run.summary",
     "definition.text", "made.fields"),
)  # fmt: skip
_TIMES = ("first_click", "last_click", "hour")  # and what ends in _at: see store.tables
_OUTCOMES = ("ok", "failed", "timeout", "interrupted")
_CHANGES = ("set-field", "interest", "company-interest", "selection", "project")
# Columns that have one of a few words, or the number of one.
_WORDS: dict[str, Sequence[str | int]] = {
    "link.kind": ("registered", "local", "special"),
    "action.type": tuple(KINDS),
    "placement.part": ("html", "text", "header"),
    "left_type.how": ("unsubscribe", "page", "action", "back"),
    **dict.fromkeys(("agent.device", "clicker.first_device", "recent_clicker.first_device"), range(len(DEVICES))),
    "ruling.verdict": VERDICTS,
    "run.status": ("running", "interrupted", "stored", "done", "taken"),
    "change.kind": (*_CHANGES, *MADE_KINDS),
    "change.operation": ("set", "add", "remove", "make", "run"),
    "change.status": _OUTCOMES,
    "failure.status": _OUTCOMES[1:],
    "made.kind": MADE_KINDS,
    "made.status": _OUTCOMES,
    "settled.kind": _CHANGES,
}
_READ_BY: dict[tuple[str, str], Callable[[str], object]] = {
    ("link", "response"): read_response,
    ("mailing", "settings"): MailingOptions.read,
    ("shipment", "settings"): read_settings,
}
_JSON_OBJECT = "JSON object"
_SHOWN = 60  # letters of a value that is none
_FIRST, _LAST = -62_135_500_000_000, 253_402_200_000_000  # the years 1 to 9999, in any zone
_BEYOND_ASCII = "'*[^' || char(1) || '-' || char(127) || ']*'"


def lacking(database: Database) -> list[str]:
    """The tables and columns that a database of this version has, and this one lacks."""
    there = _columns_there(database)
    return [
        *(f"the table {table.name}" for table in tables_of_today() if table.name not in there),
        *(
            f"the column {column.name} of {table.name}"
            for table in tables_of_today()
            for column in table.columns
            if column.name not in there.get(table.name, {column.name})
        ),
    ]


def broken(database: Database) -> str:
    """What is wrong with the pages of a SQLite file, or with the references in a database; "" when nothing is."""
    if database.dialect != SQLITE:
        return next(_orphans(database), "")
    try:
        verdict = str(database.connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        orphan = database.connection.execute("PRAGMA foreign_key_check").fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:
        return str(problem)
    if verdict != "ok":
        return verdict.replace("\n", " ")
    return "" if orphan is None else f"a row of {orphan[0]} has no parent"


def _orphans(database: Database) -> Iterator[str]:
    """Tables with rows that refer to one that is not there (which PostgreSQL refuses while its triggers work)."""
    there = _columns_there(database)
    for table in tables_of_today():
        for key in table.foreign_keys:
            child, parent = key.parent.name, key.column.table.name
            if child not in there.get(table.name, ()) or key.column.name not in there.get(parent, ()):
                continue  # which is said by itself
            lost = f"NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.{key.column.name} = c.{child})"
            sql = f'SELECT 1 FROM "{table.name}" c WHERE c."{child}" IS NOT NULL AND {lost} LIMIT 1'
            if database.value(sql) is not None:
                yield f"a row of {table.name} has no parent"


def wrong_values(database: Database) -> Iterator[str]:
    """Columns with values that may not stand there: texts that are not UTF-8, not the JSON that they should be
    or not one of the column's words, what is no number, times that no calendar has; and other than one workspace row.

    Every value is read, so that what a server cannot read of it any more is an error of it."""
    if database.dialect == SQLITE:
        database.connection.create_function("is_utf8", 1, _is_utf8, deterministic=True)
    there = _columns_there(database)
    for table in tables_of_today():
        columns = [column for column in table.columns if column.name in there.get(table.name, ())]
        if not columns:
            continue
        counts = ", ".join(f"count(*) FILTER (WHERE {_is_wrong(column, database.dialect)})" for column in columns)
        found = database.row(f'SELECT {counts} FROM "{table.name}"') or ()
        for column, count in zip(columns, found, strict=True):
            if count:
                where = _where(column, database, _is_wrong(column, database.dialect))
                yield f"{column.name} of {table.name}: {count:,} are no {_kind_of(column)}{where}"
        if database.dialect != SQLITE:
            for column in columns:
                if _kind_of(column) == _JSON_OBJECT and (wrong := _no_objects(column, database)):
                    where = _where(column, database, f'"{column.name}" = ?', next(iter(wrong)))
                    yield f"{column.name} of {table.name}: {sum(wrong.values()):,} are no {_JSON_OBJECT}{where}"
        if table.name == "workspace" and (count := database.value("SELECT count(*) FROM workspace")) != 1:
            yield f"workspace: there are {count:,} rows instead of one"
        if not any(found):
            yield from _wrong_names(database, table.name, there[table.name])
            yield from _wrong_texts(database, table.name, there[table.name])


def _wrong_texts(database: Database, table: str, columns: set[str]) -> Iterator[str]:
    """Texts that are JSON objects, but not what the program reads in their column."""
    for (of, column), read in _READ_BY.items():
        if of != table or not {"id", column} <= columns:
            continue
        for number, text in database.rows(f'SELECT min(id), {column} FROM "{table}" GROUP BY {column} ORDER BY 1'):
            try:
                read(text)
            except (LinktrackError, ValueError, TypeError, AttributeError, KeyError) as problem:
                said = _wrong_part(problem) or repr(text[:_SHOWN])
                yield f"{column} of {table} {number}: {said} cannot be understood"


def _wrong_part(problem: Exception) -> str:
    """Which value of a text it is, and what stands there; "" where it is not said."""
    from pydantic import ValidationError

    if not isinstance(problem, ValidationError):
        return ""
    error = problem.errors(include_url=False)[0]
    return f"{'.'.join(map(str, error['loc']))} = {shown(error['input'])[:_SHOWN]}" if error["loc"] else ""


def _wrong_names(database: Database, table: str, columns: set[str]) -> Iterator[str]:
    """Texts that should be one of the names that the program knows, and are none."""
    if table == "workspace" and "time_zone" in columns:
        for (name,) in database.rows("SELECT time_zone FROM workspace"):
            try:
                zone_of(name)
            except ValueError:
                yield f"time_zone of workspace: {name!r} is no time zone"
    if table == "ruling" and "reasons" in columns:
        for (said,) in database.rows("SELECT DISTINCT reasons FROM ruling"):
            if unknown := [one for one in said.split(",") if said and one.partition(":")[0] not in REASONS]:
                yield f"reasons of ruling: {unknown[0]!r} is none"
    if table == "source" and {"format", "state"} <= columns:
        for name, state in database.rows("SELECT DISTINCT format, state FROM source"):
            try:
                format = format_of(name)
            except LinktrackError:
                yield f"format of source: {name!r} is none"
                continue
            if not goes_on_from(format, state):
                yield f"state of source: {state[:_SHOWN]!r} is none of the format {name!r}"


def _where(column: Column[object], database: Database, wrong: str, *values: str) -> str:
    """Where the first row with a wrong value is: of an action its link's key, "" for other tables."""
    sql = f'SELECT number, (SELECT key FROM link WHERE id = link_id) FROM "action" WHERE {wrong} ORDER BY id LIMIT 1'
    number, key = (column.table.name == "action" and database.row(sql, values)) or ("", "")
    return f" (the first is action {number} of the link {key!r})" if key else ""


def _no_objects(column: Column[object], database: Database) -> dict[str, int]:
    """How often each text of a column on a server is no JSON object. (PostgreSQL before 16 cannot be asked that.)"""
    texts = database.stream(f'SELECT "{column.name}", count(*) FROM "{column.table.name}" GROUP BY 1')
    return {text: int(number) for text, number in texts if text is not None and not _is_object(text)}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def fault_of(database: Database, rows: dict[str, int] | None = None) -> str:
    """What is wrong with a database as a whole; "" when nothing is. `rows` are the numbers of rows that its tables
    should have. Conflict where it cannot be read."""
    try:
        of_today = revision(database) == HEAD  # of which alone it is known what it has
        if of_today and (missing := lacking(database)):
            return f"it lacks {', '.join(missing)}"
        if fault := broken(database) or (next(wrong_values(database), "") if of_today else ""):
            return fault
        counted = {} if rows is None else row_counts(database)
    except Conflict:  # it cannot be asked just now
        raise
    except Damaged as problem:
        return problem.fault
    except Exception as problem:  # whatever a damaged file makes of these few statements
        return str(problem).replace("\n", " ")
    wrong = [name for name in {*(rows or ()), *counted} if (rows or {}).get(name) != counted.get(name)]
    return (
        f"the table {wrong[0]} has {counted.get(wrong[0])} rows instead of {(rows or {}).get(wrong[0])}"
        if wrong
        else ""
    )


def row_counts(database: Database) -> dict[str, int]:
    """The rows of every table of a SQLite database."""
    tables = [row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return {
        name: int(database.value(f'SELECT count(*) FROM "{name}"')) for name in tables if not name.startswith("sqlite_")
    }


def tables_of_today() -> list[Table]:
    """All tables that a database of this version has, by name."""
    from sqlmodel import SQLModel

    import linktrack.store.tables  # noqa: F401  (which makes them known)

    return [table for _, table in sorted(SQLModel.metadata.tables.items())]


def _columns_there(database: Database) -> dict[str, set[str]]:
    """The columns that a database has, by table."""
    sql = (
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'"
        if database.dialect == SQLITE
        else "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped"
    )
    found: dict[str, set[str]] = {}
    for table, column in database.rows(sql):
        found.setdefault(table, set()).add(column)
    return found


def _kind_of(column: Column[object]) -> str:
    """What values of a column are, in a word."""
    if f"{column.table.name}.{column.name}" in _JSON:
        return _JSON_OBJECT
    if f"{column.table.name}.{column.name}" in _WORDS:
        return "word that stands there"
    if column.type.python_type is str:
        return "UTF-8"
    if column.type.python_type is bytes:
        return "bytes"
    return "times" if column.name.endswith("_at") or column.name in _TIMES else "numbers"


def _is_wrong(column: Column[object], dialect: str) -> str:
    """The condition, in SQL, that a value is none that the column may have."""
    name, kind = f'"{column.name}"', _kind_of(column)
    words = _WORDS.get(f"{column.table.name}.{column.name}", ())
    wrong = f"{name} NOT BETWEEN {_FIRST} AND {_LAST}" if kind == "times" else ""
    if words:
        wrong = f"{name} NOT IN ({', '.join(map(repr, words))})"
    if dialect != SQLITE:  # which keeps the types; what is kept apart and packed is read to its end
        read = f"length({name}) < 0" if column.type.python_type is str else f"{name} IS NULL"
        read = f"md5({name}) IS NULL" if column.type.python_type is bytes else read
        return f"({wrong or read}) AND {name} IS NOT NULL"
    stored = "text" if column.type.python_type is str else "blob" if kind == "bytes" else "integer"
    wrong = f"typeof({name}) <> '{stored}'{wrong and f' OR {wrong}'}"
    if stored == "text":
        not_plain = f"{name} GLOB {_BEYOND_ASCII} OR length(CAST({name} AS BLOB)) <> length({name})"
        wrong += f" OR (({not_plain}) AND NOT is_utf8(CAST({name} AS BLOB)))"
    if kind == _JSON_OBJECT:
        wrong += f" OR CASE WHEN json_valid({name}) THEN json_type({name}) <> 'object' ELSE TRUE END"
    return f"({wrong}) AND {name} IS NOT NULL" if column.nullable else wrong


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
