"""Rollups: the tallies that reports read, moved with every verdict, and made anew from clicks and judgements."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import NamedTuple

from linktrack.clicks.verdicts import Click
from linktrack.store.session import Database

HOUR = 3_600_000

_COLUMN = {"human": 0, "prefetch": 1, "scanner": 2, "test": 3}


class Move(NamedTuple):
    """A click whose verdict has changed."""

    clicked_at: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    before: str
    after: str


_HUMAN, _PREFETCH, _SCANNER, _TEST = (
    f"sum(CASE WHEN verdict = '{name}' THEN 1 ELSE 0 END)" for name in ("human", "prefetch", "scanner", "test")
)
_MACHINE = "sum(CASE WHEN verdict IN ('prefetch', 'scanner') THEN 1 ELSE 0 END)"
_SPAN = ", ".join(
    f"{find}(CASE WHEN verdict = 'human' THEN clicked_at END) AS {name}"
    for find, name in (("min", "first_click"), ("max", "last_click"))
)

Key = tuple[int, ...]
Table = dict[Key, list[int]]


def add(database: Database, clicks: Sequence[Click], verdicts: Sequence[str], first_id: int) -> None:
    """Add new clicks, sorted by time, to the tallies. They must be stored from `first_id` on, and judged.

    What has few rows is counted here, a column at a time; `link_clicker`, which has a row for every person, inside
    the database.
    """
    times, _, links, placements, shipments, *_ = zip(*clicks, strict=True)
    hours = [moment - moment % HOUR for moment in times]
    counted = Counter(zip(links, placements, shipments, hours, verdicts, strict=True))
    by_link: dict[Key, list[int]] = {}  # link, shipment → human, prefetch, scanner, test
    by_placement: dict[Key, list[int]] = {}
    by_hour: dict[Key, list[int]] = {}
    by_shipment: dict[Key, list[int]] = {}
    for (link, placement, shipment, hour, verdict), count in counted.items():
        column = _COLUMN[verdict]
        narrow = 0 if column == 0 else 2 if column == 3 else 1
        _add(by_link, (link, shipment), column, count, 4)
        _add(by_shipment, (shipment,), column, count, 4)
        _add(by_placement, (placement, shipment), narrow, count, 3)
        _add(by_hour, (shipment, hour), narrow, count, 3)
    human = [verdict == "human" for verdict in verdicts]
    places = list(compress(zip(links, shipments, strict=True), human))
    moments = list(compress(times, human))
    # In the order of time the last one of a key is the latest, and in the other order the earliest.
    latest = dict(zip(places, moments, strict=True))
    earliest = dict(zip(reversed(places), reversed(moments), strict=True))
    spans: Table = {place: [earliest[place], last] for place, last in latest.items()}
    clickers = _add_people(database, first_id, first_id + len(clicks) - 1)
    _write(database, by_link, by_placement, by_hour, by_shipment, clickers, spans)


def _write(
    database: Database,
    by_link: Table,
    by_placement: Table,
    by_hour: Table,
    by_shipment: Table,
    clickers: dict[Key, int],
    spans: Table,
) -> None:
    """Add counts to the small tallies. `clickers` has (link, shipment) and (0, shipment), `spans` (link, shipment)."""
    for table, keys, rows in (
        ("placement_tally", ("placement_id", "shipment_id"), by_placement),
        ("hour_tally", ("shipment_id", "hour"), by_hour),
    ):
        flat = [(*key, *row) for key, row in sorted(rows.items())]
        _upsert(database, table, keys, ("human", "machine", "test"), flat)
    _upsert_spans(
        database,
        "link_tally",
        ("link_id", "shipment_id"),
        [
            (*key, *counts, clickers.get(key, 0), *spans.get(key, (None, None)))
            for key, counts in sorted(by_link.items())
        ],
    )
    wide = _widest(((shipment,), span) for (_, shipment), span in spans.items())
    _upsert_spans(
        database,
        "shipment_tally",
        ("shipment_id",),
        [
            (*key, *counts, clickers.get((0, *key), 0), *wide.get(key, (None, None)))
            for key, counts in sorted(by_shipment.items())
        ],
    )


def _add_people(database: Database, first_id: int, last_id: int) -> dict[Key, int]:
    """Add new clicks to `link_clicker`. Returns the new clickers of (link, shipment) and of (0, shipment)."""
    database.execute("DROP TABLE IF EXISTS fresh")
    person = "c.shipment_id = click.shipment_id AND c.recipient_id = click.recipient_id AND c.human > 0"
    database.execute(
        f"CREATE TEMPORARY TABLE fresh AS SELECT shipment_id, recipient_id, link_id, {_HUMAN} AS human, "
        f"{_MACHINE} AS machine, {_SPAN}, "
        f"EXISTS (SELECT 1 FROM link_clicker c WHERE {person} AND c.link_id = click.link_id) AS known "
        "FROM click JOIN judgement ON judgement.click_id = click.id "
        f"WHERE click.id BETWEEN {first_id} AND {last_id} AND verdict <> 'test' "
        "GROUP BY shipment_id, recipient_id, link_id ORDER BY shipment_id, recipient_id, link_id"
    )
    clickers: dict[Key, int] = {}
    for link, shipment, count in database.rows(
        "SELECT link_id, shipment_id, count(*) FROM fresh WHERE human > 0 AND NOT known GROUP BY link_id, shipment_id"
    ):
        clickers[link, shipment] = count
    for shipment, count in database.rows(
        "SELECT shipment_id, count(DISTINCT recipient_id) FROM fresh AS click "
        f"WHERE human > 0 AND NOT known AND NOT EXISTS (SELECT 1 FROM link_clicker c WHERE {person}) "
        "GROUP BY shipment_id"
    ):
        clickers[0, shipment] = count
    database.execute(
        "INSERT INTO link_clicker (shipment_id, recipient_id, link_id, human, machine, first_click, last_click) "
        "SELECT shipment_id, recipient_id, link_id, human, machine, first_click, last_click FROM fresh WHERE 1 = 1 "
        "ON CONFLICT (shipment_id, recipient_id, link_id) DO UPDATE SET "
        f"{_sums('link_clicker', ('human', 'machine'))}, {_wider('link_clicker')}"
    )
    database.execute("DROP TABLE fresh")
    return clickers


def apply(database: Database, moves: Sequence[Move]) -> None:
    """Move the tallies for changed verdicts, in the open transaction. The judgements must be changed already."""
    if not moves:
        return
    links: dict[Key, list[int]] = {}  # link, shipment → human, prefetch, scanner, test
    placements: dict[Key, list[int]] = {}
    hours: dict[Key, list[int]] = {}
    people: dict[Key, dict[int, list[int]]] = {}  # shipment, recipient → link → human, machine
    spans: dict[Key, list[int]] = {}  # shipment, recipient, link → first, last of the new human clicks
    shrunk: set[Key] = set()  # shipment, recipient, link that lost a human click
    for clicked_at, link, placement, shipment, recipient, before, after in moves:
        for name, sign in ((before, -1), (after, 1)):
            column = _COLUMN[name]
            narrow = 0 if column == 0 else 2 if column == 3 else 1
            _add(links, (link, shipment), column, sign, 4)
            _add(placements, (placement, shipment), narrow, sign, 3)
            _add(hours, (shipment, clicked_at - clicked_at % HOUR), narrow, sign, 3)
            if narrow < 2:
                own = people.get((shipment, recipient))
                if own is None:
                    own = people[shipment, recipient] = {}
                pair = own.get(link)
                if pair is None:
                    pair = own[link] = [0, 0]
                pair[narrow] += sign
        if after == "human":
            key = (shipment, recipient, link)
            span = spans.get(key)
            if span is None:
                spans[key] = [clicked_at, clicked_at]
            elif clicked_at < span[0]:
                span[0] = clicked_at
            elif clicked_at > span[1]:
                span[1] = clicked_at
        elif before == "human":
            shrunk.add((shipment, recipient, link))
    clickers = _move_people(database, people, spans, shrunk)
    _move_links(database, links, clickers, {(link, shipment) for shipment, _, link in shrunk}, spans)
    _move_shipments(database, links, clickers, {shipment for shipment, _, _ in shrunk}, spans)
    for table, keys, rows in (
        ("placement_tally", ("placement_id", "shipment_id"), placements),
        ("hour_tally", ("shipment_id", "hour"), hours),
    ):
        _upsert(
            database, table, keys, ("human", "machine", "test"), [(*key, *row) for key, row in sorted(rows.items())]
        )


def _add(table: dict[Key, list[int]], key: Key, column: int, sign: int, width: int) -> None:
    row = table.get(key)
    if row is None:
        row = table[key] = [0] * width
    row[column] += sign


def _move_people(
    database: Database, people: dict[Key, dict[int, list[int]]], spans: dict[Key, list[int]], shrunk: set[Key]
) -> dict[Key, int]:
    """Move `link_clicker`. Returns how many clickers (link, shipment) and (0, shipment) won or lost."""
    empty = {
        shipment
        for shipment in {shipment for shipment, _ in people}
        if database.value("SELECT 1 FROM link_clicker WHERE shipment_id = ? LIMIT 1", (shipment,)) is None
    }
    edges = _remaining_spans(database, shrunk)
    clickers: dict[Key, int] = {}
    rows: list[tuple[int | None, ...]] = []
    gone: list[Key] = []
    sql = (
        "SELECT link_id, human, machine, first_click, last_click FROM link_clicker "
        "WHERE shipment_id = ? AND recipient_id = ?"
    )
    for (shipment, recipient), own in sorted(people.items()):
        stored = {} if shipment in empty else {row[0]: row[1:] for row in database.rows(sql, (shipment, recipient))}
        before_any = any(row[0] for row in stored.values())
        after_any = any(row[0] for link, row in stored.items() if link not in own)
        for link, (human, machine) in sorted(own.items()):
            old_human, old_machine, first, last = stored.get(link, (0, 0, None, None))
            human += old_human
            machine += old_machine
            key = (shipment, recipient, link)
            span = spans.get(key)
            if key in shrunk:
                first, last = edges.get(key, (None, None))
            if span is not None:
                first = span[0] if first is None else min(first, span[0])
                last = span[1] if last is None else max(last, span[1])
            if human or machine:
                rows.append((shipment, recipient, link, human, machine, first, last))
            else:
                gone.append(key)
            if bool(human) != bool(old_human):
                clickers[link, shipment] = clickers.get((link, shipment), 0) + (1 if human else -1)
            after_any = after_any or bool(human)
        if after_any != before_any:
            clickers[0, shipment] = clickers.get((0, shipment), 0) + (1 if after_any else -1)
    database.executemany(
        "INSERT INTO link_clicker (shipment_id, recipient_id, link_id, human, machine, first_click, last_click) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shipment_id, recipient_id, link_id) DO UPDATE SET "
        "human = excluded.human, machine = excluded.machine, "
        "first_click = excluded.first_click, last_click = excluded.last_click",
        rows,
    )
    if gone:
        database.executemany(
            "DELETE FROM link_clicker WHERE shipment_id = ? AND recipient_id = ? AND link_id = ?", gone
        )
    return clickers


def _remaining_spans(database: Database, keys: set[Key]) -> dict[Key, tuple[int, int]]:
    """First and last human click of each (shipment, recipient, link) that lost one, read from the clicks themselves.

    There is no index by recipient (it would halve the speed of every import); the time index bounds the search.
    """
    bounds: list[tuple[int, int]] = []
    for key in keys:
        row = database.row(
            "SELECT first_click, last_click FROM link_clicker "
            "WHERE shipment_id = ? AND recipient_id = ? AND link_id = ?",
            key,
        )
        if row is not None and row[0] is not None:
            bounds.append((row[0], row[1]))
    found: dict[Key, tuple[int, int]] = {}
    for start, stop in _merged(bounds):
        for clicked_at, link, shipment, recipient in database.execute(
            "SELECT click.clicked_at, click.link_id, click.shipment_id, click.recipient_id FROM click "
            "JOIN judgement ON judgement.click_id = click.id "
            "WHERE click.clicked_at BETWEEN ? AND ? AND judgement.verdict = 'human'",
            (start, stop),
        ):
            key = (shipment, recipient, link)
            if key in keys:
                first, last = found.get(key, (clicked_at, clicked_at))
                found[key] = (min(first, clicked_at), max(last, clicked_at))
    return found


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans made one, in order."""
    result: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(stop, result[-1][1]))
        else:
            result.append((start, stop))
    return result


def _move_links(
    database: Database,
    links: dict[Key, list[int]],
    clickers: dict[Key, int],
    shrunk: set[Key],
    spans: dict[Key, list[int]],
) -> None:
    rows = []
    wide = _widest(((link, shipment), span) for (shipment, _, link), span in spans.items())
    for (link, shipment), counts in sorted(links.items()):
        first, last = wide.get((link, shipment), (None, None))
        rows.append((link, shipment, *counts, clickers.get((link, shipment), 0), first, last))
    _upsert_spans(database, "link_tally", ("link_id", "shipment_id"), rows)
    for link, shipment in shrunk:
        database.execute(
            "UPDATE link_tally SET "
            "first_click = (SELECT min(first_click) FROM link_clicker WHERE shipment_id = ? AND link_id = ?), "
            "last_click = (SELECT max(last_click) FROM link_clicker WHERE shipment_id = ? AND link_id = ?) "
            "WHERE link_id = ? AND shipment_id = ?",
            (shipment, link, shipment, link, link, shipment),
        )


def _move_shipments(
    database: Database,
    links: dict[Key, list[int]],
    clickers: dict[Key, int],
    shrunk: set[int],
    spans: dict[Key, list[int]],
) -> None:
    totals: dict[int, list[int]] = {}
    for (_, shipment), counts in links.items():
        total = totals.setdefault(shipment, [0, 0, 0, 0])
        for column, count in enumerate(counts):
            total[column] += count
    wide = _widest(((shipment,), span) for (shipment, _, _), span in spans.items())
    rows = []
    for shipment, counts in sorted(totals.items()):
        first, last = wide.get((shipment,), (None, None))
        rows.append((shipment, *counts, clickers.get((0, shipment), 0), first, last))
    _upsert_spans(database, "shipment_tally", ("shipment_id",), rows)
    for shipment in shrunk:
        database.execute(
            "UPDATE shipment_tally SET "
            "first_click = (SELECT min(first_click) FROM link_clicker WHERE shipment_id = ?), "
            "last_click = (SELECT max(last_click) FROM link_clicker WHERE shipment_id = ?) WHERE shipment_id = ?",
            (shipment, shipment, shipment),
        )


def _widest(spans: Iterable[tuple[Key, list[int]]]) -> dict[Key, tuple[int, int]]:
    result: dict[Key, tuple[int, int]] = {}
    for key, (first, last) in spans:
        known = result.get(key)
        if known is None:
            result[key] = (first, last)
        elif first < known[0] or last > known[1]:
            result[key] = (min(first, known[0]), max(last, known[1]))
    return result


def _upsert_spans(database: Database, table: str, keys: tuple[str, ...], rows: Iterable[Sequence[int | None]]) -> None:
    counted = ("human", "prefetch", "scanner", "test", "clickers")
    columns = (*keys, *counted, "first_click", "last_click")
    marks = ", ".join("?" * len(columns))
    database.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {_sums(table, counted)}, {_wider(table)}",
        rows,
    )


def _upsert(
    database: Database, table: str, keys: tuple[str, ...], counted: tuple[str, ...], rows: Iterable[Sequence[int]]
) -> None:
    columns = (*keys, *counted)
    database.executemany(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {_sums(table, counted)}",
        rows,
    )


def _sums(table: str, names: Iterable[str]) -> str:
    """SQL that adds a row that is there already to the new one."""
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


def _wider(table: str) -> str:
    """SQL that widens first and last click. A bare min(a, b) differs between the databases, CASE does not."""
    return ", ".join(
        f"{name} = CASE WHEN {table}.{name} IS NULL OR excluded.{name} {sign} {table}.{name} "
        f"THEN excluded.{name} ELSE {table}.{name} END"
        for name, sign in (("first_click", "<"), ("last_click", ">"))
    )


TABLES = ("link_tally", "placement_tally", "link_clicker", "shipment_tally", "hour_tally")


def rebuild(database: Database, shipments: Sequence[int] | None = None) -> None:
    """Make the tallies (of `shipments`, or all) anew from the clicks and their judgements, in one transaction."""
    with database.transaction():
        among = "" if shipments is None else f" AND shipment_id IN ({', '.join(map(str, shipments)) or 'NULL'})"
        for table in TABLES:
            database.execute(f"DELETE FROM {table} WHERE 1 = 1{among}")
        joined = f"FROM click JOIN judgement ON judgement.click_id = click.id WHERE 1 = 1{among}"
        human, prefetch, scanner, test, machine, span = _HUMAN, _PREFETCH, _SCANNER, _TEST, _MACHINE, _SPAN
        database.execute(
            "INSERT INTO link_clicker (shipment_id, recipient_id, link_id, human, machine, first_click, last_click) "
            f"SELECT shipment_id, recipient_id, link_id, {human}, {machine}, {span} {joined} "
            "AND verdict <> 'test' GROUP BY shipment_id, recipient_id, link_id"
        )
        database.execute(
            "INSERT INTO placement_tally (placement_id, shipment_id, human, machine, test) "
            f"SELECT placement_id, shipment_id, {human}, {machine}, {test} {joined} GROUP BY placement_id, shipment_id"
        )
        hour = f"clicked_at - ((clicked_at % {HOUR}) + {HOUR}) % {HOUR}"
        database.execute(
            "INSERT INTO hour_tally (shipment_id, hour, human, machine, test) "
            f"SELECT shipment_id, {hour}, {human}, {machine}, {test} {joined} GROUP BY shipment_id, {hour}"
        )
        database.execute(
            "INSERT INTO link_tally (link_id, shipment_id, human, prefetch, scanner, test, clickers, first_click, "
            f"last_click) SELECT link_id, shipment_id, {human}, {prefetch}, {scanner}, {test}, "
            "(SELECT count(*) FROM link_clicker c WHERE c.shipment_id = click.shipment_id "
            f"AND c.link_id = click.link_id AND c.human > 0), {span} {joined} GROUP BY link_id, shipment_id"
        )
        database.execute(
            "INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click"
            f") SELECT shipment_id, {human}, {prefetch}, {scanner}, {test}, "
            "(SELECT count(DISTINCT recipient_id) FROM link_clicker c WHERE c.shipment_id = click.shipment_id "
            f"AND c.human > 0), {span} {joined} GROUP BY shipment_id"
        )
