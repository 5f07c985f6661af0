"""How much of a database SQLite keeps in memory; a server minds that itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database

_LITTLE = 2_000  # of 1,024 bytes: what SQLite takes by itself


@contextmanager
def much_in_memory(database: Database, megabytes: int) -> Iterator[None]:
    """While it lasts, so much is kept: for what looks rows up, or adds them, all over the database."""
    if database.dialect != SQLITE:
        yield
        return
    database.execute(f"PRAGMA cache_size=-{megabytes * 1000}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA cache_size=-{_LITTLE}")
