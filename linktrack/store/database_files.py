"""Files that are SQLite databases of linktrack, told by what is in them, whatever they are called.

They are looked at without a lock, and nothing is made beside them: nobody has said that they may be touched.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
_MAGIC = b"SQLite format 3\0"
_TABLES = {"workspace", "shipment_recipient"}
_MADE = b"CREATE TABLE shipment_recipient "
_MOST = 1 << 26  # bytes of a file that is searched


def workspace_in(path: Path) -> bytes | None:
    """The id of the workspace whose people are in a file, None for one that is no database of linktrack; b"" where the
    id cannot be read, for it is damaged, or not written out of its write-ahead log. OSError for what cannot be read."""
    with path.open("rb") as file:
        beginning = file.read(len(_MAGIC))
        if beginning != _MAGIC:
            return None
    searched = [path.with_name(f"{path.name}-wal")]
    address = f"file:{quote(os.fsencode(path))}?immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            named = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if named >= _TABLES:
                return bytes(*database.execute("SELECT workspace_id FROM workspace").fetchone() or ())
    except (sqlite3.Error, TypeError, ValueError):  # what is no id is none of ours
        searched.append(path)
    return b"" if any(_makes_tables(one) for one in searched if one.is_file()) else None


def _makes_tables(path: Path) -> bool:
    with path.open("rb") as file:
        return _MADE in file.read(_MOST)
