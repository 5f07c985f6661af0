"""What was deleted made unreadable: free pages, what lies between the cells of pages, and the write-ahead log.

`secure_delete` is always on, so what is deleted is overwritten. But when SQLite rebuilds a page it leaves copies of
cells that moved to another in the gap between them: only VACUUM, which writes every page anew, takes those away.

PostgreSQL overwrites nothing, its plain VACUUM neither: what was deleted stays in the pages of tables and indexes, and
in the samples of values that the planner keeps. VACUUM FULL writes a table and its indexes anew.
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
_SAMPLES = "pg_statistic"  # where PostgreSQL keeps values of columns; the owner of the database may write it anew
_ROOM = 2.2  # sizes of the database: VACUUM makes a copy beside it, which then goes through the write-ahead log


class Cleaned(NamedTuple):
    """Whether nothing of what was deleted can be read in the database's files any more, and if not, why and the way
    out."""

    done: bool
    missing: str = ""


CLEAN = Cleaned(True)


def write_anew(database: Database, tables: tuple[str, ...], wait: float) -> Cleaned:
    """Write the database anew, as far as the disk allows, and empty its write-ahead log. `tables` are those of which
    something was deleted: on PostgreSQL these alone. No transaction is open; others may read meanwhile, and are waited
    for."""
    if database.dialect == POSTGRESQL:
        return _clean_on_a_server(database, tables, wait)
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


def _clean_on_a_server(database: Database, tables: tuple[str, ...], wait: float) -> Cleaned:
    """Write tables anew, with their indexes and samples, each while nobody else uses it. For that it waits as long as
    the connection waits for locks. Its log (pg_wal) is overwritten in the server's own time."""
    again = "so traces of what was deleted may be left in the server's files: run the same command again later"
    now = database.value("SELECT clock_timestamp()")
    older = (  # who sees the time before still needs the rows that were deleted, and VACUUM would keep them
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND backend_xmin IS NOT NULL AND xact_start < ? LIMIT 1"
    )
    if not database.wait_for(
        lambda: database.value(older, (now,)) is None,
        wait,
        lambda: f"somebody reads {database.name}: waiting for up to {wait:g} s",
    ):
        return Cleaned(False, f"somebody reads the database since before, {again}")
    for table in (*tables, _SAMPLES):
        before = database.value("SELECT pg_relation_filenode(?::regclass)", (table,))
        try:
            database.execute(f'VACUUM ({"FULL" if table == _SAMPLES else "FULL, ANALYZE"}) "{table}"')
        except Locked:
            return Cleaned(False, f"the table {table} could not be written anew, for somebody else uses it, {again}")
        except DiskFull:
            return Cleaned(False, f"the server has no room to write the table {table} anew, {again}")
        if before == database.value("SELECT pg_relation_filenode(?::regclass)", (table,)):  # it is skipped in silence
            return Cleaned(
                False,
                f"the table {table} may be written anew by its owner or the database's alone, so traces of what was "
                f"deleted may be left in the server's files: have one of them run VACUUM (FULL, ANALYZE)",
            )
    return Cleaned(True)


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
