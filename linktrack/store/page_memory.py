"""How much of a database SQLite keeps in memory; a server minds that itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database

_LITTLE, _MUCH = 2_000, 20_000  # of 1,024 bytes; the first is what SQLite takes by itself


@contextmanager
def much_in_memory(database: Database) -> Iterator[None]:
    """While it lasts, more is kept: for queries that look rows up all over the database."""
    if database.dialect != SQLITE:
        yield
        return
    database.execute(f"PRAGMA cache_size=-{_MUCH}")
    try:
        yield
    finally:
        database.execute(f"PRAGMA cache_size=-{_LITTLE}")
