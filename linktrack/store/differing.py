"""Two queries compared: how many rows of the one are not in the other."""

from __future__ import annotations

from linktrack.store.session import Database


def differing(database: Database, kept: str, counted: str) -> int:
    """How many rows of two queries with the same columns differ."""
    one_way, other_way = (
        int(database.value(f"SELECT count(*) FROM (SELECT * FROM ({one}) a EXCEPT SELECT * FROM ({other}) b) unlike"))  # noqa: S608  (queries of our own)
        for one, other in ((kept, counted), (counted, kept))
    )
    return max(one_way, other_way)
