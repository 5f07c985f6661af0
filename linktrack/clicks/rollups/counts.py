"""Rollups: the tallies that reports read, moved with every verdict, and made anew from clicks and judgements."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

from linktrack.clicks.judging.verdicts import Click
from linktrack.clicks.rollups.clickers import (
    HUMAN,
    MACHINE,
    PREFETCH,
    SCANNER,
    SPAN,
    TEST,
    Key,
    Move,
    add_people,
    move_people,
    sums,
    wider,
)  # fmt: skip
from linktrack.store.session import Database

HOUR = 3_600_000
TABLES = ("link_tally", "placement_tally", "link_clicker", "shipment_tally", "hour_tally")

_WIDE = {"human": 0, "prefetch": 1, "scanner": 2, "test": 3}
_NARROW = {"human": 0, "prefetch": 1, "scanner": 1, "test": 2}
Span = tuple[int, int]  # first and last human click


class _Counts:
    """What is added to the tallies that have few rows."""

    def __init__(self) -> None:
        self.links: dict[Key, list[int]] = {}  # link, shipment → human, prefetch, scanner, test
        self.shipments: dict[Key, list[int]] = {}  # shipment → the same
        self.placements: dict[Key, list[int]] = {}  # placement, shipment → human, machine, test
        self.hours: dict[Key, list[int]] = {}  # shipment, hour → the same

    def count(self, link: int, placement: int, shipment: int, hour: int, verdict: str, times: int) -> None:
        wide, narrow = _WIDE[verdict], _NARROW[verdict]
        self.links.setdefault((link, shipment), [0, 0, 0, 0])[wide] += times
        self.shipments.setdefault((shipment,), [0, 0, 0, 0])[wide] += times
        self.placements.setdefault((placement, shipment), [0, 0, 0])[narrow] += times
        self.hours.setdefault((shipment, hour), [0, 0, 0])[narrow] += times

    def write(self, database: Database, clickers: Mapping[Key, int], spans: Mapping[Key, Span]) -> None:
        """Add the counts. `clickers` has (link, shipment) and (0, shipment), `spans` has (link, shipment)."""
        _upsert(database, "placement_tally", ("placement_id", "shipment_id"), _flat(self.placements))
        _upsert(database, "hour_tally", ("shipment_id", "hour"), _flat(self.hours))
        _upsert_spans(
            database,
            "link_tally",
            ("link_id", "shipment_id"),
            [
                (*key, *counts, clickers.get(key, 0), *spans.get(key, (None, None)))
                for key, counts in sorted(self.links.items())
            ],
        )
        wide = _widest(((shipment,), span) for (_, shipment), span in spans.items())
        _upsert_spans(
            database,
            "shipment_tally",
            ("shipment_id",),
            [
                (*key, *counts, clickers.get((0, *key), 0), *wide.get(key, (None, None)))
                for key, counts in sorted(self.shipments.items())
            ],
        )


def add(database: Database, clicks: Sequence[Click], verdicts: Sequence[str], first_id: int) -> None:
    """Add new clicks, sorted by time, to the tallies. They must be stored from `first_id` on, and judged.

    What has few rows is counted here, a column at a time; `link_clicker`, which has a row for every person, inside
    the database.
    """
    times, _, links, placements, shipments, *_ = zip(*clicks, strict=True)
    hours = [moment - moment % HOUR for moment in times]
    counts = _Counts()
    for key, number in Counter(zip(links, placements, shipments, hours, verdicts, strict=True)).items():
        counts.count(*key, number)
    human = [verdict == "human" for verdict in verdicts]
    places = list(compress(zip(links, shipments, strict=True), human))
    moments = list(compress(times, human))
    # In the order of time the last one of a key is the latest, and in the other order the earliest.
    latest = dict(zip(places, moments, strict=True))
    earliest = dict(zip(reversed(places), reversed(moments), strict=True))
    spans: dict[Key, Span] = {place: (earliest[place], last) for place, last in latest.items()}
    counts.write(database, add_people(database, first_id, first_id + len(clicks) - 1), spans)


def apply(database: Database, moves: Sequence[Move]) -> None:
    """Move the tallies for changed verdicts, in the open transaction. The judgements must be changed already."""
    if not moves:
        return
    counts = _Counts()
    for move in moves:
        hour = move.clicked_at - move.clicked_at % HOUR
        for verdict, sign in ((move.before, -1), (move.after, 1)):
            counts.count(move.link_id, move.placement_id, move.shipment_id, hour, verdict, sign)
    spans = _widest(
        ((move.link_id, move.shipment_id), (move.clicked_at, move.clicked_at))
        for move in moves
        if move.after == "human"
    )
    counts.write(database, move_people(database, moves), spans)
    _narrow(database, {(move.link_id, move.shipment_id) for move in moves if move.before == "human"})


def _narrow(database: Database, places: set[tuple[int, int]]) -> None:
    """Take first and last click of links and shipments that lost a human click from what `link_clicker` has left."""
    for table, keys, wanted in (
        ("link_tally", ("link_id", "shipment_id"), places),
        ("shipment_tally", ("shipment_id",), {(shipment,) for _, shipment in places}),
    ):
        same = " AND ".join(f"{key} = ?" for key in keys)
        for place in sorted(wanted):
            database.execute(
                f"UPDATE {table} SET first_click = (SELECT min(first_click) FROM link_clicker WHERE {same}), "
                f"last_click = (SELECT max(last_click) FROM link_clicker WHERE {same}) WHERE {same}",
                place * 3,
            )


def _widest(spans: Iterable[tuple[Key, Span]]) -> dict[Key, Span]:
    """One span for each key, over all of its spans."""
    result: dict[Key, Span] = {}
    for key, (first, last) in spans:
        known = result.get(key, (first, last))
        result[key] = (min(first, known[0]), max(last, known[1]))
    return result


def _flat(table: Mapping[Key, Sequence[int]]) -> list[tuple[int, ...]]:
    return [(*key, *counts) for key, counts in sorted(table.items())]


def _upsert(database: Database, table: str, keys: tuple[str, ...], rows: Sequence[Sequence[int]]) -> None:
    """Add rows of human, machine and test clicks."""
    counted = ("human", "machine", "test")
    columns = (*keys, *counted)
    database.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums(table, counted)}",
        rows,
    )


def _upsert_spans(database: Database, table: str, keys: tuple[str, ...], rows: Sequence[Sequence[int | None]]) -> None:
    """Add rows of clicks by verdict, clickers, first and last click."""
    counted = ("human", "prefetch", "scanner", "test", "clickers")
    columns = (*keys, *counted, "first_click", "last_click")
    database.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums(table, counted)}, {wider(table)}",
        rows,
    )


def rebuild(database: Database, shipments: Sequence[int] | None = None) -> None:
    """Make the tallies (of `shipments`, or all) anew from the clicks and their judgements, in one transaction."""
    with database.transaction():
        among = "" if shipments is None else f" AND shipment_id IN ({', '.join(map(str, shipments)) or 'NULL'})"
        for table in TABLES:
            database.execute(f"DELETE FROM {table} WHERE 1 = 1{among}")
        joined = f"FROM click JOIN judgement ON judgement.click_id = click.id WHERE 1 = 1{among}"
        database.execute(
            "INSERT INTO link_clicker (shipment_id, recipient_id, link_id, human, machine, first_click, last_click) "
            f"SELECT shipment_id, recipient_id, link_id, {HUMAN}, {MACHINE}, {SPAN} {joined} "
            "AND verdict <> 'test' GROUP BY shipment_id, recipient_id, link_id"
        )
        database.execute(
            "INSERT INTO placement_tally (placement_id, shipment_id, human, machine, test) "
            f"SELECT placement_id, shipment_id, {HUMAN}, {MACHINE}, {TEST} {joined} GROUP BY placement_id, shipment_id"
        )
        hour = f"clicked_at - ((clicked_at % {HOUR}) + {HOUR}) % {HOUR}"
        database.execute(
            "INSERT INTO hour_tally (shipment_id, hour, human, machine, test) "
            f"SELECT shipment_id, {hour}, {HUMAN}, {MACHINE}, {TEST} {joined} GROUP BY shipment_id, {hour}"
        )
        database.execute(
            "INSERT INTO link_tally (link_id, shipment_id, human, prefetch, scanner, test, clickers, first_click, "
            f"last_click) SELECT link_id, shipment_id, {HUMAN}, {PREFETCH}, {SCANNER}, {TEST}, "
            "(SELECT count(*) FROM link_clicker c WHERE c.shipment_id = click.shipment_id "
            f"AND c.link_id = click.link_id AND c.human > 0), {SPAN} {joined} GROUP BY link_id, shipment_id"
        )
        database.execute(
            "INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click"
            f") SELECT shipment_id, {HUMAN}, {PREFETCH}, {SCANNER}, {TEST}, "
            "(SELECT count(DISTINCT recipient_id) FROM link_clicker c WHERE c.shipment_id = click.shipment_id "
            f"AND c.human > 0), {SPAN} {joined} GROUP BY shipment_id"
        )
