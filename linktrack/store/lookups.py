"""What somebody may have meant who wrote a name that is not there."""

from __future__ import annotations

from linktrack.errors import NotFound
from linktrack.store.session import Database


def did_you_mean(database: Database, table: str, column: str, wanted: str) -> str:
    """` (did you mean 'offer'?)` for the value of a column that is most like `wanted`, nothing when none is."""
    from difflib import get_close_matches

    known = [row[0] for row in database.rows(f"SELECT {column} FROM {table} LIMIT 10000")]  # noqa: S608 (names of ours)
    close = get_close_matches(wanted, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def no_mailing(database: Database, name: str) -> NotFound:
    """The error of a mailing that is not there, with a near name."""
    near = did_you_mean(database, "mailing", "name", name)
    return NotFound(f"there is no mailing {name!r}{near}: see linktrack mailing list")
