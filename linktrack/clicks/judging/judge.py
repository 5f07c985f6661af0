"""Verdicts in the database: new clicks are judged with their neighbours, whose verdicts may change by it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.verdicts import REACH, Click, Probe, Surroundings, judge
from linktrack.clicks.rollups.counts import Facts, Shift, apply
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database

CLICK_COLUMNS = (
    "clicked_at, print, link_id, placement_id, shipment_id, recipient_id, ip, network_id, agent_id, flags"
)
_WIDTH = len(Click._fields)
_BATCH_CLICKS = 50_000


class Stored(NamedTuple):
    """A click that is stored, with the number of its ruling and of the reading that it came with."""

    click: Click
    ruling: int
    reading: int


@dataclass(frozen=True)
class Judged:
    """What judging again has changed, or would: `reasons` has (before, after) of the clicks that a reason decides."""

    clicks: int
    changed: int
    human: int
    prefetch: int
    scanner: int
    test: int
    reasons: dict[str, tuple[int, int]]


def judge_new(
    database: Database, new: Sequence[Click], probes: Sequence[Probe], by: Surroundings, rulings: Rulings
) -> tuple[list[int], list[tuple[Stored, int]]]:
    """Judge clicks that are not stored yet, and their stored neighbours again.

    `new` is sorted by time; `probes` are the HEAD requests that came with them, which have neighbours too and are
    stored already. Returns the rulings of the new ones, and the neighbours whose ruling is another one now, with it.
    """
    numbers = [0] * len(new)
    moved: list[tuple[Stored, int]] = []
    for start, stop, low, high in _spans(new, [probe.clicked_at for probe in probes]):
        own = new[start:stop]
        stored = _stored(database, low - 2 * REACH, high + 2 * REACH)
        clicks = own if not stored else sorted([*own, *(one.click for one in stored)])
        verdicts = judge(clicks, by, _probes(database, low - 2 * REACH, high + 2 * REACH))
        if not stored:
            numbers[start:stop] = map(rulings.number, verdicts)
            continue
        judged = dict(zip(clicks, verdicts, strict=True))
        numbers[start:stop] = [rulings.number(judged[click]) for click in own]
        for one in stored:
            verdict = judged[one.click]
            if verdict != rulings.verdict(one.ruling) and low - REACH <= one.click.clicked_at <= high + REACH:
                moved.append((one, rulings.number(verdict)))
    return numbers, moved


def set_rulings(database: Database, changed: Sequence[tuple[Click, int]]) -> None:
    """Give stored clicks other rulings."""
    database.executemany(
        "UPDATE click SET ruling_id = ? WHERE clicked_at = ? AND print = ? AND recipient_id = ?",
        [(ruling, click.clicked_at, click.print, click.recipient_id) for click, ruling in changed],
    )


def judge_all(
    database: Database,
    by: Surroundings,
    facts: Facts,
    tell: Callable[[int], None] = lambda done: None,
    *,
    dry_run: bool = False,
) -> Judged:
    """Judge every click with today's rules and move the rollups of those that changed, in one transaction.

    With `dry_run` nothing is changed.
    """
    rulings = facts.rulings
    counts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    used: set[int] = set()
    clicks = changed = 0
    with database.transaction():
        for stretch, stored in _stretches(database):
            verdicts = judge([one.click for one in stored], by, _probes(database, *stretch))
            shifts: list[Shift] = []
            for one, verdict in zip(stored, verdicts, strict=True):
                if not stretch[0] <= one.click.clicked_at <= stretch[1]:
                    continue
                old = rulings.verdict(one.ruling)
                clicks += 1
                counts[verdict[0]] += 1
                before[_reason(old[1])] += 1
                after[_reason(verdict[1])] += 1
                if old == verdict:
                    used.add(one.ruling)
                elif dry_run:
                    changed += 1
                else:
                    shifts.append(Shift(one.click, one.ruling, rulings.number(verdict)))
            changed += len(shifts)
            set_rulings(database, [(shift.click, shift.after or 0) for shift in shifts])
            apply(database, shifts, facts)
            note_open_times(
                database,
                [(at, at) for click, _, ruling in shifts if rulings.verdict(ruling or 0)[0] == "human"
                 for at in (click.clicked_at,)],
            )  # fmt: skip
            tell(clicks)
        if not dry_run:
            _renew(database, rulings, used)
    reasons = {name: (before[name], after[name]) for name in sorted({*before, *after} - {""})}
    return Judged(
        clicks, changed, counts["human"], counts["prefetch"], counts["scanner"], counts["test"], reasons
    )


def _reason(reasons: str) -> str:
    """The reason that decides: the first one."""
    return reasons.partition(",")[0]


def _renew(database: Database, rulings: Rulings, used: set[int]) -> None:
    """Note that rulings of earlier rules hold under today's."""
    for old, new in rulings.renew(used).items():
        database.execute("UPDATE click SET ruling_id = ? WHERE ruling_id = ?", (new, old))
        database.execute(
            "UPDATE shipment_ruling SET clicks = clicks + COALESCE((SELECT sum(clicks) FROM shipment_ruling AS other "
            "WHERE other.shipment_id = shipment_ruling.shipment_id AND other.ruling_id = ?), 0) WHERE ruling_id = ?",
            (old, new),
        )
        database.execute(
            "DELETE FROM shipment_ruling WHERE ruling_id = ? AND EXISTS (SELECT 1 FROM shipment_ruling AS other "
            "WHERE other.shipment_id = shipment_ruling.shipment_id AND other.ruling_id = ?)",
            (old, new),
        )
        database.execute("UPDATE shipment_ruling SET ruling_id = ? WHERE ruling_id = ?", (new, old))


def _stretches(database: Database) -> Iterator[tuple[tuple[int, int], list[Stored]]]:
    """One stretch of time after the other, each with its clicks and those within `REACH` of it.

    A busy stretch is cut by number, a quiet one reaches far.
    """
    first = database.value("SELECT min(clicked_at) FROM click")
    while first is not None:
        edge = database.value(
            "SELECT max(clicked_at) FROM (SELECT clicked_at FROM click WHERE clicked_at >= ? "
            f"ORDER BY clicked_at LIMIT {_BATCH_CLICKS}) AS stretch",  # noqa: S608  (a number of our own)
            (first,),
        )
        yield (first, edge), _stored(database, first - REACH, edge + REACH)
        first = database.value("SELECT min(clicked_at) FROM click WHERE clicked_at > ?", (edge,))


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


def _stored(database: Database, low: int, high: int) -> list[Stored]:
    """The clicks that are stored of a stretch of time, both ends in it, in order."""
    return [
        Stored(Click._make(row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1])
        for row in database.rows(
            f"SELECT {CLICK_COLUMNS}, ruling_id, reading_id FROM click "  # noqa: S608  (names of our own)
            "WHERE clicked_at BETWEEN ? AND ? ORDER BY clicked_at, print",
            (low, high),
        )
    ]


def _probes(database: Database, low: int, high: int) -> list[Probe]:
    """The HEAD requests of a stretch of time."""
    return [
        Probe._make(row)
        for row in database.rows(
            "SELECT clicked_at, print, placement_id, shipment_id, recipient_id FROM probe "
            "WHERE clicked_at BETWEEN ? AND ?",
            (low, high),
        )
    ]
