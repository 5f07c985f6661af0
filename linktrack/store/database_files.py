"""Files that are SQLite databases of linktrack, or may be what is left of one, told by what is in them, whatever they
are called.

They are looked at without a lock, and nothing is made beside them: nobody has said that they may be touched.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_MAGIC = b"SQLite format 3\0"
# What its companions begin with (SQLite's file format, 3 and 4.1, and its WAL-mode file format, 2.1). The beginning of
# a journal is emptied when it has served; the pages behind it are still there.
_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_INDEXES = (b"\x18\xe2\x2d\x00", b"\x00\x2d\xe2\x18")
_JOURNALS = (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",)
_EMPTIED = bytes(8)
_TABLES = {"workspace", "shipment_recipient"}
# Statements that lie in several pages, of which one may be gone.
_MADE = re.compile(rb"CREATE TABLE (?:shipment_recipient|shipment_tally|link_tally|scanner_evidence) ")
_MOST = 1 << 26  # bytes of a file that is searched


class DatabaseFile(NamedTuple):
    """What a file is: a database of linktrack, one that nobody can read (cut short or damaged, linktrack's or another
    program's), or the log, the index or the journal of one that is not there.

    `workspace_id` is that of the workspace whose people are in it, b"" where it cannot be read, for it is damaged, or
    not written out of its write-ahead log.
    """

    what: Literal["database", "unreadable", "log", "index", "journal"]
    workspace_id: bytes = b""


def is_sqlite_file(path: Path) -> bool:
    """Whether a file begins as a SQLite database does; not one that cannot be read, and no pipe or device."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(len(_MAGIC)) == _MAGIC
    return False


def database_file(path: Path) -> DatabaseFile | None:
    """What a file has to do with databases of linktrack, None for nothing. OSError for what cannot be read."""
    with path.open("rb") as file:
        beginning = file.read(len(_MAGIC))
    if beginning != _MAGIC:
        return _companion(path, beginning)
    searched, readable = [path.with_name(f"{path.name}-wal")], True
    address = f"file:{quote(os.fsencode(path))}?immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            named = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if named >= _TABLES:
                identifier = bytes(*database.execute("SELECT workspace_id FROM workspace").fetchone() or ())
                return DatabaseFile("database", identifier)
    except (sqlite3.Error, TypeError, ValueError):  # what is no id is none of ours
        searched.append(path)
        readable = False
    if any(_makes_tables(one) for one in searched if one.is_file()):
        return DatabaseFile("database")
    return None if readable else DatabaseFile("unreadable")


def _companion(path: Path, beginning: bytes) -> DatabaseFile | None:
    """What a file is that is no database: none of what goes with a database that is there."""
    end = next((end for end in COMPANIONS if path.name.endswith(end)), "")
    if end and _is_database(path.with_name(path.name.removesuffix(end))):
        return None
    if beginning.startswith(_LOGS):
        return DatabaseFile("log")
    if beginning.startswith(_JOURNALS) or (end == "-journal" and beginning.startswith(_EMPTIED)):
        return DatabaseFile("journal")
    return DatabaseFile("index") if beginning.startswith(_INDEXES) else None


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _makes_tables(path: Path) -> bool:
    with path.open("rb") as file:
        return _MADE.search(file.read(_MOST)) is not None
