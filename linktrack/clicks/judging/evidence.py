"""What clicks say about addresses, as the table of scanners' evidence has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from linktrack.clicks.judging.reputation import RECIPIENTS, Affected, Evidence, minutes_bearing_on
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database

_FEWER = 8  # by so much addresses with evidence must be fewer than clicks, where all of them are looked at


def note_evidence(database: Database, said: Iterable[Evidence]) -> list[Evidence]:
    """Store evidence about addresses that clicks have given, in the open transaction. Returns what was not stored
    before."""
    rows = sorted(said)
    known = set[Evidence]()
    if rows:
        minutes = [row.minute for row in rows]
        known.update(_evidence_about(database, dict.fromkeys((row[:2] for row in rows), (min(minutes), max(minutes)))))
    new = [row for row in rows if row not in known]
    database.insert("scanner_evidence", Evidence._fields, new)
    return new


class EvidenceAgain:
    """What clicks say when all are judged again, in the open transaction: noted apart, so that of what is stored only
    that is written which is another."""

    _COLUMNS = ", ".join(Evidence._fields)

    def __init__(self, database: Database) -> None:
        self._database = database
        database.execute(
            f"CREATE TEMP TABLE said_again AS SELECT {self._COLUMNS} FROM scanner_evidence LIMIT 0"  # noqa: S608  (of our own)
        )

    def note(self, said: Iterable[Evidence]) -> None:
        """Note what some clicks say, in the open transaction; others may have said the same."""
        self._database.insert("said_again", Evidence._fields, list(said))

    def settle(self, since: int) -> None:
        """Store what was noted, and take away what else is stored of the minute `since` and later, in the open
        transaction. What forgotten people's clicks have said stays: it could not be found again."""
        columns = self._COLUMNS
        self._database.execute(
            f"DELETE FROM scanner_evidence WHERE ({columns}) IN "  # noqa: S608  (of our own)
            f"(SELECT {columns} FROM scanner_evidence WHERE minute >= ? "
            "AND recipient_id NOT IN (SELECT id FROM recipient WHERE forgotten_at IS NOT NULL) "
            f"EXCEPT SELECT {columns} FROM said_again)",
            (since,),
        )
        self._database.execute(
            f"INSERT INTO scanner_evidence ({columns}) "  # noqa: S608  (of our own)
            f"SELECT {columns} FROM said_again EXCEPT SELECT {columns} FROM scanner_evidence"
        )
        self._database.execute("DROP TABLE said_again")


def anything_said(database: Database, shipments: Iterable[int]) -> bool:
    """Whether there is evidence about any address in these shipments."""
    sql = "SELECT 1 FROM scanner_evidence WHERE shipment_id = ? LIMIT 1"
    return any(database.value(sql, (shipment,)) is not None for shipment in shipments)


def heard_of(database: Database, places: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of these (shipment id, /24 or /48, or "") that may be scanners': there is evidence about at least
    `RECIPIENTS` recipients of theirs. Perhaps with others of the same shipments."""
    found: set[tuple[int, str]] = set()
    different: dict[int, set[str]] = {}
    for shipment in sorted({shipment for shipment, _ in places}):
        addresses = _addresses_spoken_of(database, shipment, len(places) // _FEWER)
        if addresses is None:
            if not different:
                for number, address in set(places):
                    different.setdefault(number, set()).add(address)
            addresses = sorted(different[shipment])
        for some in at_once(addresses):
            rows = database.rows(
                f"SELECT e.address FROM (VALUES {marks(some, '(?)')}) AS wanted CROSS JOIN scanner_evidence e "  # noqa: S608  (marks of our own)
                "WHERE e.shipment_id = ? AND e.address = wanted.column1 "
                "GROUP BY e.address HAVING count(DISTINCT e.recipient_id) >= ?",
                (*some, shipment, RECIPIENTS),
            )
            found.update((shipment, address) for (address,) in rows)
    return found


def _addresses_spoken_of(database: Database, shipment: int, most: int) -> list[str] | None:
    """The /24 and /48 about which there is evidence in a shipment; None where they are more than `most`."""
    rows = database.rows(
        "WITH RECURSIVE spoken(address) AS (SELECT min(address) FROM scanner_evidence WHERE shipment_id = ? "
        "UNION ALL SELECT (SELECT min(address) FROM scanner_evidence WHERE shipment_id = ? "
        "AND address > spoken.address) FROM spoken WHERE spoken.address IS NOT NULL) "
        "SELECT address FROM spoken LIMIT ?",
        (shipment, shipment, most + 2),
    )
    found = [address for (address,) in rows]
    return found[:-1] if found[-1] is None else None


def evidence_of(database: Database, spans: Iterable[Affected]) -> Iterator[Evidence]:
    """The evidence that may bear on the clicks of these spans: of their addresses, and of a day or so around them."""
    bearing: dict[tuple[int, str], tuple[int, int]] = {}
    for shipment, address, start, stop in spans:
        low, high = minutes_bearing_on(start, stop)
        least, most = bearing.get((shipment, address), (low, high))
        bearing[shipment, address] = min(low, least), max(high, most)
    return _evidence_about(database, bearing)


def _evidence_about(database: Database, minutes: Mapping[tuple[int, str], tuple[int, int]]) -> Iterator[Evidence]:
    """The evidence about these (shipment id, /24 or /48) from one minute to another (since 1970), both included. Many
    are asked for in one query, because a query to a server takes longer than looking the rows up."""
    wanted = sorted((*place, *bounds) for place, bounds in minutes.items())
    for some in at_once(wanted):
        rows = database.rows(
            f"SELECT e.shipment_id, e.address, e.minute, e.recipient_id, e.family "  # noqa: S608  (marks of our own)
            f"FROM (VALUES {marks(some, '(?, ?, ?, ?)')}) AS wanted "
            "CROSS JOIN scanner_evidence e WHERE e.shipment_id = wanted.column1 AND e.address = wanted.column2 "
            "AND e.minute BETWEEN wanted.column3 AND wanted.column4",
            [*chain.from_iterable(some)],
        )
        yield from map(Evidence._make, rows)
