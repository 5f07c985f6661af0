"""Clicks as they are stored, read to be judged, and what stands beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from linktrack.clicks.click import Click
from linktrack.clicks.judging.reputation import neighbourhoods
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe
from linktrack.store.many import marks
from linktrack.store.session import Database, Row

CLICK_COLUMNS = "clicked_at, print, link_id, placement_id, shipment_id, recipient_id, ip, network_id, agent_id, flags"
FEW = 2_000  # recipients and addresses that a query can name
_WIDTH = len(Click._fields)
_DIGITS = "0123456789"


class StoredClick(NamedTuple):
    """A click that is stored, with the number of its ruling and of the reading that it came with."""

    click: Click
    ruling: int
    reading: int

    @classmethod
    def of(cls, row: Row) -> StoredClick:
        """The click of a row of `click_rows`."""
        return cls(Click._make(row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1])


def stored_clicks(database: Database, low: int, high: int) -> list[StoredClick]:
    """The stored clicks of a stretch of time, both ends in it, in order."""
    return list(map(StoredClick.of, click_rows(database, low, high)))


def clicks_from(
    database: Database,
    low: int,
    high: int,
    places: set[tuple[int, str]],
    *,
    rulings: Collection[int] | None = None,
    people: Collection[int] | None = None,
) -> list[StoredClick]:
    """As `stored_clicks`, but of these shipments and addresses (/24 or /48), with one of these rulings if some are
    given, and of these recipients."""
    where, values = "", list[int | str]()
    for column, wanted in (("ruling_id", rulings), ("recipient_id", people)):
        if wanted is not None and len(wanted) <= FEW:  # else they are most that there are
            where += f" AND {column} IN ({marks(wanted)})"
            values += wanted
    # What an IPv4 address begins with; IPv6 is written in too many ways to be told apart by a query.
    beginnings = sorted({address.rstrip(_DIGITS) for _, address in places if ":" not in address})
    if len(beginnings) <= FEW:
        where += f" AND (rtrim(ip, '{_DIGITS}') IN ({marks(beginnings)}) OR ip LIKE '%:%')"
        values += beginnings
    stored = list(map(StoredClick.of, click_rows(database, low, high, where, values)))
    found = neighbourhoods([one.click for one in stored])
    return [
        one
        for one, place in zip(stored, found, strict=True)
        if place in places
        and (rulings is None or one.ruling in rulings)
        and (people is None or one.click.recipient_id in people)
    ]


def click_rows(
    database: Database, low: int, high: int, where: str = "", values: Sequence[int | str] = ()
) -> Iterator[Row]:
    """Clicks of a stretch of time as `StoredClick.of` takes them, in order; `where` is a condition more (` AND …`)."""
    return database.stream(
        f"SELECT {CLICK_COLUMNS}, ruling_id, reading_id FROM click "  # noqa: S608  (names and marks of our own)
        f"WHERE clicked_at BETWEEN ? AND ?{where} ORDER BY clicked_at, print",
        (low, high, *values),
    )


def beside(database: Database, low: int, high: int) -> tuple[list[Probe], list[JunkRequest]]:
    """The HEAD requests and the junk of a stretch of time."""
    probes = database.rows(
        f"SELECT {', '.join(Probe._fields)} FROM probe WHERE clicked_at BETWEEN ? AND ?",  # noqa: S608  (names of ours)
        (low, high),
    )
    junk = database.rows(
        "SELECT clicked_at, print, ip, recipient_id FROM junk_request WHERE clicked_at BETWEEN ? AND ?", (low, high)
    )
    return [Probe._make(row) for row in probes], [JunkRequest._make(row) for row in junk]


def ends_within(database: Database, table: str, low: int, high: int) -> tuple[int, int] | None:
    """The first and the last moment of clicks that a table has in a stretch of time; None where it has none."""
    there = f"FROM {table} WHERE clicked_at BETWEEN ? AND ?"
    first = database.value(f"SELECT min(clicked_at) {there}", (low, high))  # the key's order has either at once
    last = database.value(f"SELECT max(clicked_at) {there}", (low, high))
    return None if first is None else (first, last)
