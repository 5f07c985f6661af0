"""Verdicts in the database: new clicks are judged with their neighbours, whose verdicts may change by it.

Judging is two passes: `verdicts` by what stands beside a click, then `reputation` by what its address does for hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from linktrack.click_marks import HUMAN
from linktrack.clicks.click import Click, Clicks, address_of
from linktrack.clicks.judging.evidence import anything_said, evidence_of, heard_of, note_evidence
from linktrack.clicks.judging.neighbours import neighbours
from linktrack.clicks.judging.reputation import (
    LOOK_MS,
    Affected,
    Evidence,
    Scanners,
    affected,
    evidence,
    known_scanners,
    neighbourhood,
    neighbourhoods,
    with_reputation,
    without_reputation,
)  # fmt: skip
from linktrack.clicks.judging.rules.judged import REACH, JunkRequest, Probe, Surroundings
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.stored_clicks import StoredClick, beside, clicks_from, ends_within
from linktrack.clicks.judging.verdicts import judge
from linktrack.moments import merged, stretches_of
from linktrack.store.session import Database


class FirstPass(NamedTuple):
    """The rulings of new clicks in their order, and the stored ones whose ruling is another one now, with it."""

    rulings: list[int]
    moved: list[tuple[StoredClick, int]]
    said: set[Evidence]  # what the clicks that were looked at say about addresses


class SecondPass(NamedTuple):
    """The same after the second pass."""

    rulings: list[int]
    moved: list[tuple[StoredClick, int]]


def judge_new(
    database: Database,
    new: Clicks,
    probes: Sequence[Probe],
    junk: Sequence[JunkRequest],
    by: Surroundings,
    rulings: Rulings,
) -> FirstPass:
    """The first pass on clicks that are not stored yet, and on their stored neighbours again.

    `new` is sorted by time; `probes` and `junk` came with them, have neighbours too, and are stored already.
    """
    numbers = [0] * len(new)
    moved: list[tuple[StoredClick, int]] = []
    said: set[Evidence] = set()
    from_probes = ((one.clicked_at, one.recipient_id, "") for one in probes)
    besides = sorted([*from_probes, *((request.clicked_at, 0, request.ip) for request in junk)])
    moments = [moment for moment, _, _ in besides]
    for start, stop, low, high in _joined(database, _spans(new, moments)):
        own = new if stop - start == len(new) else new[start:stop]
        beside_them = besides[bisect_left(moments, low) : bisect_right(moments, high)]
        stored, concerned = neighbours(database, own, beside_them, low, high)
        clicks, places = own.merged([one.click for one in stored])
        verdicts = judge(clicks, by, *beside(database, low - 2 * REACH, high + 2 * REACH))
        said |= evidence(clicks, verdicts, by)
        theirs = set(places)
        ours = [verdict for place, verdict in enumerate(verdicts) if place not in theirs] if theirs else verdicts
        number_of = {verdict: rulings.number(verdict) for verdict in dict.fromkeys(ours)}  # each as it comes first
        numbers[start:stop] = map(number_of.__getitem__, ours)
        for one, verdict in zip(stored, map(verdicts.__getitem__, places), strict=True):
            before = without_reputation(rulings.verdict(one.ruling))
            if one.click in concerned and not by.is_final(one.click) and verdict != before:
                moved.append((one, rulings.number(verdict)))
    return FirstPass(numbers, moved, said)


def judge_reputation(
    database: Database, new: Clicks, first: FirstPass, reading: int, by: Surroundings, rulings: Rulings
) -> SecondPass:
    """The second pass, on clicks that have rulings of the first (or of an earlier second) pass.

    `new` clicks are not stored yet and will be with this `reading`; the stored ones have their rulings of the `first`
    pass already.
    """
    second = SecondPass(list(first.rulings), [])
    moved = Clicks.of(one.click for one, _ in first.moved)
    said = note_evidence(database, first.said)
    if not said and not anything_said(database, {*new.shipments, *moved.shipments}):
        return second  # no scanner has been seen
    places = [*neighbourhoods(new), *neighbourhoods(moved)]
    heard = heard_of(database, [*places, *(row[:2] for row in said)])
    if not heard:
        return second
    in_doubt = [at for at, place in enumerate(places) if place in heard]
    times = [*new.times, *moved.times]
    doubtful = ((places[at], times[at]) for at in in_doubt)
    found = affected((row for row in said if row[:2] in heard), doubtful)
    inside = _within(found)
    concerned = {(span.shipment_id, span.address) for span in found}
    scanners = known_scanners(evidence_of(database, found))
    arrived = [at for at in in_doubt if at < len(new)]
    # Only what the first pass takes for a person's changes, by what else was asked for of the same recipient's mail.
    persons = {number for number in rulings.numbers() if without_reputation(rulings.verdict(number))[0] == HUMAN}
    machines = set(rulings.numbers()) - persons
    for start, stop in merged((span.start - LOOK_MS, span.stop) for span in found):
        own = [at for at in arrived if start <= times[at] <= stop]
        suspects = {new.recipients[at] for at in own if first.rulings[at] in persons}
        some = clicks_from(database, start, stop, concerned, rulings=persons)
        suspects.update(one.click.recipient_id for one in some)
        if suspects:
            some += clicks_from(database, start, stop, concerned, rulings=machines, people=suspects)
        theirs = {new[at]: at for at in own if new.recipients[at] in suspects}
        some += [StoredClick(click, first.rulings[at], reading) for click, at in theirs.items()]
        for one, ruling in second_pass(sorted(some), scanners, by, rulings, inside):
            if one.click in theirs:
                second.rulings[theirs[one.click]] = ruling
            else:
                second.moved.append((one, ruling))
    return second


def second_pass(
    stored: Sequence[StoredClick],
    scanners: Scanners,
    by: Surroundings,
    rulings: Rulings,
    wanted: Callable[[Click], bool],
) -> list[tuple[StoredClick, int]]:
    """The `wanted` ones of stored clicks, sorted, whose ruling is another one by what their addresses do."""
    clicks = [one.click for one in stored]
    before = {number: rulings.verdict(number) for number in {one.ruling for one in stored}}
    without = {number: without_reputation(verdict) for number, verdict in before.items()}
    first = [without[one.ruling] for one in stored]
    return [
        (one, rulings.number(verdict))
        for one, verdict in zip(stored, with_reputation(clicks, first, scanners, by), strict=True)
        if verdict != before[one.ruling] and wanted(one.click) and not by.is_final(one.click)
    ]


def set_rulings(database: Database, changed: Sequence[tuple[Click, int]]) -> None:
    """Give stored clicks other rulings."""
    database.executemany(
        "UPDATE click SET ruling_id = ? WHERE clicked_at = ? AND print = ? AND recipient_id = ?",
        [(ruling, click.clicked_at, click.print, click.recipient_id) for click, ruling in changed],
    )


def _within(spans: Iterable[Affected]) -> Callable[[Click], bool]:
    """What tells whether a click lies in one of these spans, which are sorted and do not overlap."""
    starts: dict[tuple[int, str], list[int]] = {}
    stops: dict[tuple[int, str], list[int]] = {}
    for shipment, address, start, stop in spans:
        starts.setdefault((shipment, address), []).append(start)
        stops.setdefault((shipment, address), []).append(stop)

    def inside(click: Click) -> bool:
        key = (click.shipment_id, neighbourhood(address_of(click)))
        at = bisect_right(starts.get(key, ()), click.clicked_at) - 1
        return at >= 0 and click.clicked_at <= stops[key][at]

    return inside


class _Span(NamedTuple):
    """The clicks from one index up to another, with the first and the last moment of them and of what is besides."""

    start: int
    stop: int
    low: int
    high: int


def _spans(clicks: Clicks, besides: Iterable[int]) -> list[_Span]:
    """Clicks sorted by time, cut into slices. They are so far apart that no click of one, and nothing `besides` it,
    changes a verdict in another."""
    moments = clicks.times
    stretches = stretches_of([*moments, *besides], 4 * REACH)
    return [_Span(bisect_left(moments, low), bisect_right(moments, high), low, high) for low, high in stretches]


def _joined(database: Database, spans: Sequence[_Span]) -> Iterator[_Span]:
    """The same, those as one between which nothing is stored: a click an hour would take some queries each."""
    if not spans:
        return
    whole = _Span(spans[0].start, spans[-1].stop, spans[0].low, spans[-1].high)
    tables = ("click", "probe", "junk_request")
    if len(spans) == 1 or not any(ends_within(database, table, whole.low, whole.high) for table in tables):
        yield whole
        return
    half = len(spans) // 2
    yield from _joined(database, spans[:half])
    yield from _joined(database, spans[half:])
