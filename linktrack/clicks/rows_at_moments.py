"""What a table has at the moments of some rows: asked for by stretches of time, or one by one where they lie apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain

from linktrack.clicks.judging.stored_clicks import ends_within
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database, Row

_GAP = 60_000  # milliseconds: what is stored is looked up in stretches of time no further apart than this …
_SPARSE = 1_000  # … or, where they are as far apart as this on average, one by one


def known_marks(database: Database, table: str, times: Sequence[int], prints: Sequence[int]) -> set[tuple[int, int]]:
    """Those pairs of times, in order, and prints that a table has."""
    there = rows_at(database, "clicked_at, print", table, times)
    first = next(there, None)
    if first is None:  # nearly always: all is new
        return set()
    ours = set(zip(times, prints, strict=True))
    return {mark for mark in chain((first,), there) if mark in ours}


def rows_at(database: Database, columns: str, table: str, moments: Sequence[int]) -> Iterator[Row]:
    """What a table has at these moments, which are in order, and perhaps between them."""
    for stretch in _stretches(_as_stored(database, table, moments)):
        if stretch[-1] - stretch[0] < _SPARSE * len(stretch):
            yield from database.stream(
                f"SELECT {columns} FROM {table} WHERE clicked_at BETWEEN ? AND ?",  # noqa: S608  (names of our own)
                (stretch[0], stretch[-1]),
            )
            continue
        for some in at_once(sorted(set(stretch))):
            sql = f"SELECT {columns} FROM {table} WHERE clicked_at IN ({marks(some)})"  # noqa: S608  (names of our own)
            yield from database.rows(sql, some)


def _as_stored(database: Database, table: str, moments: Sequence[int]) -> Sequence[int]:
    """Those of some moments, in order, that lie between the first and the last that a table has: none where all is
    new."""
    if not moments:
        return moments
    ends = ends_within(database, table, moments[0], moments[-1])
    return moments[bisect_left(moments, ends[0]) : bisect_right(moments, ends[1])] if ends else []


def _stretches(moments: Sequence[int]) -> Iterator[Sequence[int]]:
    """Moments in order, parted where they are further apart than `_GAP`."""
    start = 0
    for index in range(1, len(moments)):
        if moments[index] - moments[index - 1] > _GAP:
            yield moments[start:index]
            start = index
    if moments:
        yield moments[start:]
