"""What was deleted made unreadable: free pages, what lies between the cells of pages, and the write-ahead log.

`secure_delete` is always on, so what is deleted is overwritten. But when SQLite rebuilds a page it leaves copies of
cells that moved to another in the gap between them: only VACUUM, which writes every page anew, takes those away.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import NamedTuple

from linktrack.errors import DiskFull, Locked
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.session import Database

_PAUSE_SECONDS = 0.1
_ROOM = 2.2  # sizes of the database: VACUUM makes a copy beside it, which then goes through the write-ahead log


class Cleaned(NamedTuple):
    """Whether nothing of what was deleted can be read in the database's files any more, and if not, why and the way
    out."""

    done: bool
    missing: str = ""


CLEAN = Cleaned(True)


def clean(database: Database, tables: tuple[str, ...], wait: float) -> Cleaned:
    """Write the database anew, as far as the disk allows, and empty its write-ahead log. `tables` are those of which
    something was deleted. No transaction is open; others may read meanwhile, and are waited for."""
    if database.dialect == POSTGRESQL:
        for table in tables:
            database.execute(f'VACUUM "{table}"')
        return Cleaned(True)
    room = shutil.disk_usage(Path(database.name).parent).free
    needed = int(Path(database.name).stat().st_size * _ROOM)
    found = Cleaned(True)
    if room < needed:
        found = Cleaned(
            False,
            f"there is no room to write the database anew ({_megabytes(needed)} are needed, {_megabytes(room)} free), "
            "so traces of what was deleted may be left between its rows: free some and run the same command again",
        )
    else:
        try:
            _when_nobody_writes(database, "VACUUM", wait)
        except DiskFull as problem:
            found = Cleaned(False, f"the database could not be written anew, so traces may be left: {problem.sentence}")
    began = time.monotonic()
    while database.value("PRAGMA wal_checkpoint(TRUNCATE)"):  # the first column: somebody reads, and it was not emptied
        if time.monotonic() - began >= wait:
            said = "the write-ahead log could not be emptied, for somebody reads: run the same command again later"
            return Cleaned(False, said)
        time.sleep(_PAUSE_SECONDS)
    return found


def _when_nobody_writes(database: Database, sql: str, wait: float) -> None:
    """Run a statement that no transaction may hold; Locked when somebody writes for longer than `wait` seconds."""
    began = time.monotonic()
    while True:
        try:
            database.execute(sql)
            return
        except Locked:
            if time.monotonic() - began >= wait:
                raise
            time.sleep(_PAUSE_SECONDS)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
