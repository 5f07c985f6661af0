"""Every click judged again with today's rules, and the rollups moved with those whose verdict changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from linktrack.clicks.judging.changes import Change, changes
from linktrack.clicks.judging.evidence import EvidenceAgain
from linktrack.clicks.judging.judge import second_pass, set_rulings
from linktrack.clicks.judging.reputation import (
    LOOK_MS,
    MINUTE_MS,
    Evidence,
    evidence,
    known_scanners,
    minutes_bearing_on,
    without_reputation,
)  # fmt: skip
from linktrack.clicks.judging.rules.judged import REACH, Surroundings, Verdict
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.stored_clicks import StoredClick, beside, stored_clicks
from linktrack.clicks.judging.verdicts import judge
from linktrack.clicks.rollups.counts import Facts, Shifts, apply
from linktrack.clicks.storing import ClickStore
from linktrack.store.lock import alone
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_BATCH_CLICKS = 50_000


@dataclass(frozen=True)
class Judged:
    """What judging again has changed, or would."""

    clicks: int
    changed: int
    human: int
    prefetch: int
    scanner: int
    test: int
    changes: tuple[Change, ...]
    unmatched: tuple[str, ...] = ()  # networks of the settings that no stored click is known to come from


class _DryRun(Exception):
    """Ends a transaction of which nothing is to be kept."""


def judge_all(
    workspace: Workspace,
    database: Database,
    tell: Callable[[int], None] = lambda done: None,
    *,
    wait: float = 0,
    dry_run: bool = False,
) -> Judged:
    """Judge every click with today's rules, in one transaction. With `dry_run` nothing is changed.

    `tell` gets the number of clicks judged so far. Locked when an import runs for longer than `wait` seconds.
    """
    found: Judged | None = None
    try:
        with alone(workspace, database, "import", wait, does="the judging of all clicks"), database.transaction():
            click_store = ClickStore.of(database, workspace.settings.clicks.networks)
            found = judge_stored(database, click_store.by, click_store.facts, tell)
            known = {name for (name,) in database.rows("SELECT name FROM network")}
            own = workspace.settings.clicks.networks
            found = replace(found, unmatched=tuple(network for network in own if network not in known))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    assert found is not None  # noqa: S101  (the transaction has ended well, or by us)
    return found


def judge_stored(
    database: Database, by: Surroundings, facts: Facts, tell: Callable[[int], None] = lambda done: None
) -> Judged:
    """As `judge_all`, but as part of an open transaction, for a job that holds the import's lock."""
    rulings = facts.rulings
    before = _tally(database, rulings)
    moves, again = _Moves(database, facts), EvidenceAgain(database)
    clicks = 0
    for (first, last), stored in _stretches(database, REACH, REACH):
        verdicts = judge([one.click for one in stored], by, *beside(database, first - REACH, last + REACH))
        inside = [
            (one, verdict) for one, verdict in zip(stored, verdicts, strict=True) if first <= one.click[0] <= last
        ]
        open_ones = [(one, verdict) for one, verdict in inside if not by.is_final(one.click)]
        own = [one.click for one, _ in open_ones]
        again.note(evidence(own, [verdict for _, verdict in open_ones], by))
        moves.move(
            [
                (one, rulings.number(verdict))
                for one, verdict in open_ones
                if without_reputation(rulings.verdict(one.ruling)) != verdict
            ],
        )
        clicks += len(inside)
        tell(clicks)
    again.settle(by.final // MINUTE_MS)
    for (first, last), stored in _stretches(database, LOOK_MS, 0):
        scanners = known_scanners(_evidence_about(database, stored, first, last))
        moves.move(
            second_pass(stored, scanners, by, rulings, lambda click: first <= click.clicked_at <= last),  # noqa: B023  (called at once)
        )
    moved = moves.made()
    _renew(database, rulings)
    after = _tally(database, rulings)
    counts = Counter[str]()
    for (name, _), count in after.items():
        counts[name] += count
    return Judged(
        clicks, moved.total(), counts["human"], counts["prefetch"], counts["scanner"], counts["test"],
        tuple(changes(before, moved)),
    )  # fmt: skip


def _tally(database: Database, rulings: Rulings) -> Counter[Verdict]:
    """Clicks by verdict and reasons."""
    found: Counter[Verdict] = Counter()
    for number, count in database.rows("SELECT ruling_id, sum(clicks) FROM shipment_ruling GROUP BY ruling_id"):
        found[rulings.verdict(number)] += int(count)
    return found


class _Moves:
    """Clicks that get other rulings, with their rollups and open times; one that is moved twice is one."""

    def __init__(self, database: Database, facts: Facts) -> None:
        self._database, self._facts = database, facts
        self._rulings: dict[tuple[int, int], tuple[int, int]] = {}  # at first and now, by time and print

    def move(self, changed: list[tuple[StoredClick, int]]) -> None:
        set_rulings(self._database, [(one.click, ruling) for one, ruling in changed])
        clicks, before = [one.click for one, _ in changed], [one.ruling for one, _ in changed]
        apply(self._database, Shifts(clicks, before, [ruling for _, ruling in changed]), self._facts)
        names = self._facts.rulings.verdict_names()
        opened = (one.click.clicked_at for one, ruling in changed if names[ruling] == "human")
        note_open_times(self._database, [(at, at) for at in opened])
        for one, ruling in changed:
            click = one.click.clicked_at, one.click.print
            first, _ = self._rulings.get(click, (one.ruling, ruling))
            self._rulings[click] = first, ruling

    def made(self) -> Counter[tuple[Verdict, Verdict]]:
        """Numbers of clicks by the verdict that they had and the other one that they have now."""
        verdict = self._facts.rulings.verdict
        found = Counter[tuple[Verdict, Verdict]]()
        for (first, now), clicks in Counter(self._rulings.values()).items():
            if verdict(first) != verdict(now):
                found[verdict(first), verdict(now)] += clicks
        return found


def _evidence_about(database: Database, stored: list[StoredClick], first: int, last: int) -> Iterator[Evidence]:
    """The evidence that may bear on these clicks."""
    low, high = minutes_bearing_on(first, last)
    for shipment in sorted({one.click.shipment_id for one in stored}):
        for row in database.rows(
            "SELECT shipment_id, address, minute, recipient_id, family FROM scanner_evidence "
            "WHERE shipment_id = ? AND minute BETWEEN ? AND ?",
            (shipment, low, high),
        ):
            yield Evidence._make(row)


def _renew(database: Database, rulings: Rulings) -> None:
    """Note that rulings of earlier rules hold under today's."""
    used = [ruling_id for (ruling_id,) in database.rows("SELECT DISTINCT ruling_id FROM shipment_ruling")]
    for old, new in rulings.renew(used).items():
        database.execute("UPDATE click SET ruling_id = ? WHERE ruling_id = ?", (new, old))
        database.execute(
            "INSERT INTO shipment_ruling (shipment_id, ruling_id, clicks) "
            "SELECT shipment_id, ?, clicks FROM shipment_ruling WHERE ruling_id = ? "
            "ON CONFLICT (shipment_id, ruling_id) DO UPDATE SET clicks = shipment_ruling.clicks + excluded.clicks",
            (new, old),
        )
        database.execute("DELETE FROM shipment_ruling WHERE ruling_id = ?", (old,))


def _stretches(database: Database, back: int, ahead: int) -> Iterator[tuple[tuple[int, int], list[StoredClick]]]:
    """One stretch of time after the other, each with its clicks and those up to `back` before it and `ahead` behind it.

    In a busy time a stretch ends after a number of clicks; in a quiet time it is long.
    """
    first = database.value("SELECT min(clicked_at) FROM click")
    while first is not None:
        edge = database.value(
            "SELECT max(clicked_at) FROM (SELECT clicked_at FROM click WHERE clicked_at >= ? "
            "ORDER BY clicked_at LIMIT ?) AS stretch",
            (first, _BATCH_CLICKS),
        )
        yield (first, edge), stored_clicks(database, first - back, edge + ahead)
        first = database.value("SELECT min(clicked_at) FROM click WHERE clicked_at > ?", (edge,))
