"""Verdicts in the database: new clicks are judged with their neighbours, whose verdicts may change by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from linktrack.clicks import rollups
from linktrack.clicks.agents import Networks, Signal, agent_signal
from linktrack.clicks.rollups import Move
from linktrack.clicks.verdicts import REACH, RULES, Seen, Surroundings, Verdict, judge
from linktrack.store.session import Database

_SEEN = "id, clicked_at, link_id, placement_id, shipment_id, recipient_id, ip, agent_id, flags"
_BATCH_MS = 3_600_000
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


def surroundings(database: Database, networks: Networks) -> Surroundings:
    """The facts that clicks are judged by."""
    memo: dict[str, Signal] = {}
    known: dict[int, Signal] = {}

    def agent(number: int) -> Signal:
        signal = known.get(number)
        if signal is None:
            text = database.value("SELECT text FROM agent WHERE id = ?", (number,))
            signal = known[number] = ("human", "") if text == NOT_LOGGED else agent_signal(text or "", memo)
        return signal

    sendings = database.rows("SELECT id, sent_at, is_test, mailing_id FROM shipment")
    links: dict[int, int] = dict(
        database.rows(
            "SELECT mailing_id, count(DISTINCT link_id) FROM placement WHERE kind <> 'honeypot' GROUP BY mailing_id"
        )
    )
    return Surroundings(
        agent=agent,
        network=networks.weight,
        sent_at={number: sent_at for number, sent_at, _, _ in sendings},
        tests=frozenset(number for number, _, is_test, _ in sendings if is_test),
        traps=frozenset(row[0] for row in database.rows("SELECT id FROM placement WHERE kind = 'honeypot'")),
        links={number: links.get(mailing, 0) for number, _, _, mailing in sendings},
    )


NOT_LOGGED = ""  # the agent of a log that has no agents at all: nothing can be said about it


def judge_new(database: Database, new: Sequence[Seen], by: Surroundings) -> dict[str, int]:
    """Judge stored clicks that have no verdict yet, and their neighbours again; move the rollups.

    `new` is sorted by time. Returns how many clicks by verdict were added (a neighbour that changes its verdict
    counts -1 and +1).
    """
    verdicts: list[tuple[int, str, str, str]] = []
    changed: list[tuple[str, str, str, int]] = []
    moves: list[Move] = []
    fresh = {click.id for click in new}
    for start, stop in _spans(click.clicked_at for click in new):
        for group in _with_neighbours(database, new, fresh, start, stop):
            clicks, old = group
            for click, (verdict, reasons) in zip(clicks, judge(clicks, by), strict=True):
                if click.id in fresh:
                    verdicts.append((click.id, verdict, reasons, RULES))
                    moves.append(_move(click, None, verdict))
                elif start - REACH <= click.clicked_at <= stop + REACH and old[click.id] != (verdict, reasons):
                    changed.append((verdict, reasons, RULES, click.id))
                    if old[click.id][0] != verdict:
                        moves.append(_move(click, old[click.id][0], verdict))
    database.executemany("INSERT INTO judgement (click_id, verdict, reasons, rules) VALUES (?, ?, ?, ?)", verdicts)
    _change(database, changed)
    rollups.apply(database, moves)
    counts = dict.fromkeys(("human", "prefetch", "scanner", "test"), 0)
    for move in moves:
        counts[move.after] += 1
        if move.before:
            counts[move.before] -= 1
    return counts


def _move(click: Seen, before: str | None, after: str) -> Move:
    return Move(
        click.clicked_at, click.link_id, click.placement_id, click.shipment_id, click.recipient_id, before, after
    )


def _change(database: Database, changed: list[tuple[str, str, str, int]]) -> None:
    if changed:
        database.executemany("UPDATE judgement SET verdict = ?, reasons = ?, rules = ? WHERE click_id = ?", changed)


def _spans(times: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted times as spans, so far apart that no click of one bears on another's neighbours."""
    spans: list[tuple[int, int]] = []
    for moment in times:
        if spans and moment - spans[-1][1] <= 4 * REACH:
            spans[-1] = (spans[-1][0], moment)
        else:
            spans.append((moment, moment))
    return spans


def _with_neighbours(
    database: Database, new: Sequence[Seen], fresh: set[int], start: int, stop: int
) -> list[tuple[list[Seen], dict[int, Verdict]]]:
    """The new clicks of a span and the stored ones that lie within twice `REACH` of them, sorted by time."""
    low, high = start - 2 * REACH, stop + 2 * REACH
    old: dict[int, Verdict] = {}
    clicks: list[Seen] = []
    for row in database.rows(
        f"SELECT {_SEEN}, verdict, reasons FROM click JOIN judgement ON judgement.click_id = click.id "  # noqa: S608
        "WHERE clicked_at BETWEEN ? AND ?",
        (low, high),
    ):
        click = Seen(*row[:9])
        if click.id not in fresh:
            clicks.append(click)
            old[click.id] = (row[9], row[10])
    own = new if len(new) and new[0].clicked_at == start and new[-1].clicked_at == stop else [
        click for click in new if start <= click.clicked_at <= stop
    ]  # fmt: skip
    if not clicks:
        return [(list(own), old)]
    clicks.extend(own)
    clicks.sort(key=lambda click: click.clicked_at)
    return [(clicks, old)]


def judge_all(database: Database, by: Surroundings, tell: Callable[[int], None] = lambda done: None) -> Judged:
    """Judge every click with today's rules and make the rollups anew, in one transaction."""
    counts = dict.fromkeys(("human", "prefetch", "scanner", "test"), 0)
    clicks = changed = 0
    with database.transaction():
        first = database.value("SELECT min(clicked_at) FROM click")
        while first is not None:
            # One stretch of time after the other; a busy one is cut by number, a quiet one reaches far.
            edge = database.value(
                f"SELECT max(clicked_at) FROM (SELECT clicked_at FROM click WHERE clicked_at >= ? "  # noqa: S608
                f"ORDER BY clicked_at LIMIT {_BATCH_CLICKS}) AS stretch",
                (first,),
            )
            seen: list[Seen] = []
            old: dict[int, tuple[str | None, str | None, str | None]] = {}
            for row in database.rows(
                f"SELECT {_SEEN}, verdict, reasons, rules FROM click "  # noqa: S608
                "LEFT JOIN judgement ON judgement.click_id = click.id "
                "WHERE clicked_at BETWEEN ? AND ? ORDER BY clicked_at, id",
                (first - REACH, edge + REACH),
            ):
                seen.append(Seen(*row[:9]))
                old[row[0]] = (row[9], row[10], row[11])
            updates: list[tuple[int, str, str, str]] = []
            for click, (verdict, reasons) in zip(seen, judge(seen, by), strict=True):
                if first <= click.clicked_at <= edge:
                    clicks += 1
                    counts[verdict] += 1
                    before = old[click.id]
                    if before != (verdict, reasons, RULES):
                        changed += before[:2] != (verdict, reasons)
                        updates.append((click.id, verdict, reasons, RULES))
            database.executemany(
                "INSERT INTO judgement (click_id, verdict, reasons, rules) VALUES (?, ?, ?, ?) ON CONFLICT (click_id) "
                "DO UPDATE SET verdict = excluded.verdict, reasons = excluded.reasons, rules = excluded.rules",
                updates,
            )
            tell(clicks)
            first = database.value("SELECT min(clicked_at) FROM click WHERE clicked_at > ?", (edge,))
        rollups.rebuild(database)
    return Judged(clicks, changed, **counts)
