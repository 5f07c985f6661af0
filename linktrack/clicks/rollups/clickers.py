"""Who clicked: the table `link_clicker`, a row for every person and link, and the SQL that all tallies share."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from linktrack.store.session import Database

Key = tuple[int, ...]


class Move(NamedTuple):
    """A click whose verdict has changed."""

    clicked_at: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    before: str
    after: str


HUMAN, PREFETCH, SCANNER, TEST = (
    f"sum(CASE WHEN verdict = '{name}' THEN 1 ELSE 0 END)" for name in ("human", "prefetch", "scanner", "test")
)
MACHINE = "sum(CASE WHEN verdict IN ('prefetch', 'scanner') THEN 1 ELSE 0 END)"
SPAN = ", ".join(
    f"{find}(CASE WHEN verdict = 'human' THEN clicked_at END) AS {name}"
    for find, name in (("min", "first_click"), ("max", "last_click"))
)


def add_people(database: Database, first_id: int, last_id: int) -> dict[Key, int]:
    """Add new clicks to `link_clicker`. Returns the new clickers of (link, shipment) and of (0, shipment)."""
    database.execute("DROP TABLE IF EXISTS fresh")
    person = "c.shipment_id = click.shipment_id AND c.recipient_id = click.recipient_id AND c.human > 0"
    database.execute(
        f"CREATE TEMPORARY TABLE fresh AS SELECT shipment_id, recipient_id, link_id, {HUMAN} AS human, "
        f"{MACHINE} AS machine, {SPAN}, "
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
        f"{sums('link_clicker', ('human', 'machine'))}, {wider('link_clicker')}"
    )
    database.execute("DROP TABLE fresh")
    return clickers


def move_people(database: Database, moves: Sequence[Move]) -> dict[Key, int]:
    """Move `link_clicker`. Returns how many clickers (link, shipment) and (0, shipment) won or lost."""
    people: dict[Key, dict[int, list[int]]] = {}  # shipment, recipient → link → human, machine
    spans: dict[Key, tuple[int, int]] = {}  # shipment, recipient, link → first, last of the new human clicks
    shrunk: set[Key] = set()  # shipment, recipient, link that lost a human click
    for clicked_at, link, _, shipment, recipient, before, after in moves:
        pair = people.setdefault((shipment, recipient), {}).setdefault(link, [0, 0])
        for name, sign in ((before, -1), (after, 1)):
            if name != "test":
                pair[name != "human"] += sign
        key = (shipment, recipient, link)
        if after == "human":
            earliest, latest = spans.get(key, (clicked_at, clicked_at))
            spans[key] = (min(earliest, clicked_at), max(latest, clicked_at))
        elif before == "human":
            shrunk.add(key)
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


def sums(table: str, names: Iterable[str]) -> str:
    """SQL that adds a row that is there already to the new one."""
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in names)


def wider(table: str) -> str:
    """SQL that widens first and last click. A bare min(a, b) differs between the databases, CASE does not."""
    return ", ".join(
        f"{name} = CASE WHEN {table}.{name} IS NULL OR excluded.{name} {sign} {table}.{name} "
        f"THEN excluded.{name} ELSE {table}.{name} END"
        for name, sign in (("first_click", "<"), ("last_click", ">"))
    )
