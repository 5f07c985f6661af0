"""Verdicts in the database: new clicks are judged with their neighbours, whose verdicts may change by it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.agents import rules
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.verdicts import PLAIN, REACH, Click, Probe, Surroundings, Verdict, judge
from linktrack.clicks.rollups import counts as rollups
from linktrack.clicks.rollups.clickers import Move
from linktrack.store.session import Database

_CLICK = "clicked_at, identity, link_id, placement_id, shipment_id, recipient_id, ip, 0, agent_id, flags"
_BATCH_CLICKS = 50_000


@dataclass(frozen=True)
class Judged:
    """What judging again has changed."""

    clicks: int
    changed: int
    human: int
    prefetch: int
    scanner: int
    test: int


def surroundings(database: Database, networks: Networks, agents: Agents | None = None) -> Surroundings:
    """The facts that clicks are judged by."""
    sendings = database.rows("SELECT id, sent_at, is_test, mailing_id FROM shipment")
    links: dict[int, int] = dict(
        database.rows(
            "SELECT mailing_id, count(DISTINCT link_id) FROM placement WHERE kind NOT IN ('honeypot', 'header') "
            "GROUP BY mailing_id"
        )
    )
    agents = agents or Agents(database)
    return Surroundings(
        agent=agents.signal,
        family=agents.family,
        network=_ByAddress(networks),
        sent_at={number: sent_at for number, sent_at, _, _ in sendings},
        tests=frozenset(number for number, _, is_test, _ in sendings if is_test),
        traps=frozenset(row[0] for row in database.rows("SELECT id FROM placement WHERE kind = 'honeypot'")),
        links={number: links.get(mailing, 0) for number, _, _, mailing in sendings},
        rules=rules(),
    )


class _ByAddress:
    """Weights of networks by number, found by what is kept of an address: clicks are stored without their network."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def __call__(self, number: int) -> int:
        return number

    def numbered(self, click: Click) -> Click:
        weight = self._networks.weight(self._networks.find(click.ip))
        return click._replace(network_id=weight) if weight else click


def _judge(clicks: Sequence[Click], by: Surroundings, probes: Sequence[Probe]) -> list[Verdict]:
    assert isinstance(by.network, _ByAddress)  # noqa: S101
    return judge([by.network.numbered(click) for click in clicks], by, probes)


def judge_new(
    database: Database, new: Sequence[Click], first_id: int, probes: Sequence[int], by: Surroundings
) -> list[int]:
    """Judge stored clicks that have no verdict yet, and their neighbours again; move the rollups.

    `new` is sorted by time and has the ids from `first_id` on; `probes` are the times of HEAD requests that came with
    them, which have neighbours too. Returns the ids of clicks stored before whose verdict is another one now.
    """
    special: list[tuple[int, str, str, str]] = []
    changed: list[tuple[str, str, str, int]] = []
    moves: list[Move] = []
    moved: list[int] = []
    for start, stop, low, high in _spans(new, probes):
        own = new[start:stop]
        stored = _neighbours(database, low, high, first_id)
        clicks = own if not stored else sorted([*own, *(click for click, _, _ in stored)])
        verdicts = _judge(clicks, by, _probes(database, low, high))
        if not stored:
            for at, verdict in enumerate(verdicts, first_id + start):
                if verdict is not PLAIN and verdict != PLAIN:
                    special.append((at, *verdict, by.rules))
            continue
        judged = dict(zip(clicks, verdicts, strict=True))
        special += [
            (at, *judged[click], by.rules) for at, click in enumerate(own, first_id + start) if judged[click] != PLAIN
        ]
        for click, number, before in stored:
            verdict = judged[click]
            if verdict != before and low - REACH <= click.clicked_at <= high + REACH:
                changed.append((*verdict, by.rules, number))
                if verdict[0] != before[0]:
                    moves.append(_move(click, before[0], verdict[0]))
                    moved.append(number)
    if new:
        _write_new(database, special, first_id, first_id + len(new) - 1, by.rules)
        names = ["human"] * len(new)
        for number, name, _, _ in special:
            names[number - first_id] = name
        rollups.add(database, new, names, first_id)
    _change(database, changed)
    rollups.apply(database, moves)
    return moved


def _write_new(database: Database, special: list[tuple[int, str, str, str]], first: int, last: int, rules: str) -> None:
    """Write the verdicts on new clicks: the special ones, and for all others that nothing speaks against them."""
    database.executemany("INSERT INTO judgement (click_id, verdict, reasons, rules) VALUES (?, ?, ?, ?)", special)
    if len(special) <= last - first:
        database.execute(
            "INSERT INTO judgement (click_id, verdict, reasons, rules) SELECT id, 'human', '', ? FROM click "
            "WHERE id BETWEEN ? AND ? AND id NOT IN (SELECT click_id FROM judgement WHERE click_id BETWEEN ? AND ?)",
            (rules, first, last, first, last),
        )


def _move(click: Click, before: str, after: str) -> Move:
    return Move(
        click.clicked_at, click.link_id, click.placement_id, click.shipment_id, click.recipient_id, before, after
    )


def _change(database: Database, changed: list[tuple[str, str, str, int]]) -> None:
    if changed:
        database.executemany("UPDATE judgement SET verdict = ?, reasons = ?, rules = ? WHERE click_id = ?", changed)


def _spans(clicks: Sequence[Click], probes: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Clicks sorted by time as slices with their first and last moment, so far apart that no click or probe of one
    bears on another's neighbours."""
    moments = [click[0] for click in clicks]
    bounds: list[list[int]] = []
    for moment in sorted([*moments, *probes]):
        if bounds and moment - bounds[-1][1] <= 4 * REACH:
            bounds[-1][1] = moment
        else:
            bounds.append([moment, moment])
    return [(bisect_left(moments, low), bisect_right(moments, high), low, high) for low, high in bounds]


def _neighbours(database: Database, low: int, high: int, first_id: int) -> list[tuple[Click, int, Verdict]]:
    """The clicks stored before within twice `REACH` of new ones: click, id, verdict."""
    return [
        (Click._make(row[:10]), row[10], (row[11], row[12]))
        for row in database.rows(
            f"SELECT {_CLICK}, id, verdict, reasons FROM click JOIN judgement ON judgement.click_id = click.id "  # noqa: S608  (names and marks of our own)
            "WHERE clicked_at BETWEEN ? AND ? AND id < ?",
            (low - 2 * REACH, high + 2 * REACH, first_id),
        )
    ]


def _probes(database: Database, low: int, high: int) -> list[Probe]:
    """The HEAD requests within twice `REACH` of a stretch of time."""
    return [
        Probe._make(row)
        for row in database.rows(
            "SELECT clicked_at, identity, placement_id, shipment_id, recipient_id FROM probe "
            "WHERE clicked_at BETWEEN ? AND ?",
            (low - 2 * REACH, high + 2 * REACH),
        )
    ]


def judge_all(database: Database, by: Surroundings, tell: Callable[[int], None] = lambda done: None) -> Judged:
    """Judge every click with today's rules and make the rollups anew, in one transaction."""
    counts = dict.fromkeys(("human", "prefetch", "scanner", "test"), 0)
    clicks = changed = 0
    with database.transaction():
        first = database.value("SELECT min(clicked_at) FROM click")
        while first is not None:
            # One stretch of time after the other; a busy one is cut by number, a quiet one reaches far.
            edge = database.value(
                f"SELECT max(clicked_at) FROM (SELECT clicked_at FROM click WHERE clicked_at >= ? "  # noqa: S608  (names and marks of our own)
                f"ORDER BY clicked_at LIMIT {_BATCH_CLICKS}) AS stretch",
                (first,),
            )
            seen: list[Click] = []
            ids: list[int] = []
            old: list[tuple[str | None, ...]] = []
            for row in database.rows(
                f"SELECT {_CLICK}, id, verdict, reasons, rules FROM click "  # noqa: S608  (names and marks of our own)
                "LEFT JOIN judgement ON judgement.click_id = click.id "
                "WHERE clicked_at BETWEEN ? AND ? ORDER BY clicked_at, identity",
                (first - REACH, edge + REACH),
            ):
                seen.append(Click._make(row[:10]))
                ids.append(row[10])
                old.append(row[11:])
            verdicts = _judge(seen, by, _probes(database, first, edge))
            updates: list[tuple[int, str, str, str]] = []
            for click, number, before, (verdict, reasons) in zip(seen, ids, old, verdicts, strict=True):
                if first <= click.clicked_at <= edge:
                    clicks += 1
                    counts[verdict] += 1
                    if before != (verdict, reasons, by.rules):
                        changed += before[:2] != (verdict, reasons)
                        updates.append((number, verdict, reasons, by.rules))
            database.executemany(
                "INSERT INTO judgement (click_id, verdict, reasons, rules) VALUES (?, ?, ?, ?) ON CONFLICT (click_id) "
                "DO UPDATE SET verdict = excluded.verdict, reasons = excluded.reasons, rules = excluded.rules",
                updates,
            )
            tell(clicks)
            first = database.value("SELECT min(clicked_at) FROM click WHERE clicked_at > ?", (edge,))
        rollups.rebuild(database)
    return Judged(clicks, changed, **counts)
