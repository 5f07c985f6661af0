"""The counters that number new rows, set behind rows that were stored with numbers of their own."""

from __future__ import annotations

from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database


def count_on(database: Database, table: str) -> None:
    """Number the next row of a table after its highest. Part of the transaction. (SQLite does so by itself.)"""
    if database.dialect == SQLITE:
        return
    database.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table})) "  # noqa: S608  (names of our own)
        f"WHERE EXISTS (SELECT 1 FROM {table})"
    )
