"""Verdicts in the database: new clicks are judged with their neighbours, whose verdicts may change by it.

Judging is two passes: `verdicts` by what stands beside a click, then `reputation` by what its address does for hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeVar

from linktrack.click_marks import SHARED
from linktrack.clicks.judging.evidence import anything_said, evidence_of, heard_of, note_evidence
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
from linktrack.clicks.judging.rules.judged import REACH, Click, JunkRequest, Probe, Surroundings, address_of
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.verdicts import judge
from linktrack.moments import merged, stretches_of
from linktrack.store.many import marks
from linktrack.store.session import Database, Row

CLICK_COLUMNS = "clicked_at, print, link_id, placement_id, shipment_id, recipient_id, ip, network_id, agent_id, flags"
_WIDTH = len(Click._fields)
_RECIPIENT, _IP, _AGENT, _FLAGS = map(Click._fields.index, ("recipient_id", "ip", "agent_id", "flags"))
_CLICKED_AT = itemgetter(Click._fields.index("clicked_at"))
_DIGITS = "0123456789"
_FEW = 400  # recipients and addresses that a query can name

_Value = TypeVar("_Value", bound=Hashable)


class StoredClick(NamedTuple):
    """A click that is stored, with the number of its ruling and of the reading that it came with."""

    click: Click
    ruling: int
    reading: int


class FirstPass(NamedTuple):
    """The rulings of new clicks in their order, and the stored ones whose ruling is another one now, with it."""

    rulings: list[int]
    moved: list[tuple[StoredClick, int]]
    said: set[Evidence]  # what the clicks that were looked at say about addresses


def judge_new(
    database: Database,
    new: Sequence[Click],
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
    for start, stop, low, high in _spans(new, moments):
        own = new[start:stop]
        beside_them = besides[bisect_left(moments, low) : bisect_right(moments, high)]
        stored, concerned = _neighbours(database, own, beside_them, low, high)
        clicks = own if not stored else sorted([*own, *(one.click for one in stored)])
        verdicts = judge(clicks, by, *beside(database, low - 2 * REACH, high + 2 * REACH))
        said |= evidence(clicks, verdicts, by)
        places = [bisect_left(clicks, one.click) for one in stored]
        theirs = set(places)
        ours = [verdict for place, verdict in enumerate(verdicts) if place not in theirs] if theirs else verdicts
        number_of = {verdict: rulings.number(verdict) for verdict in dict.fromkeys(ours)}  # each as it comes first
        numbers[start:stop] = map(number_of.__getitem__, ours)
        for one, verdict in zip(stored, map(verdicts.__getitem__, places), strict=True):
            before = without_reputation(rulings.verdict(one.ruling))
            near = low - REACH <= one.click.clicked_at <= high + REACH
            reached = near and one.click in concerned and not by.is_final(one.click)
            if reached and verdict != before:
                moved.append((one, rulings.number(verdict)))
    return FirstPass(numbers, moved, said)


def _neighbours(
    database: Database, own: Sequence[Click], besides: Sequence[tuple[int, int, str]], low: int, high: int
) -> tuple[list[StoredClick], set[Click]]:
    """The stored clicks whose verdicts may depend on `own` and on what is `besides` them (moment, recipient or 0,
    address or ""), together with all clicks that these depend on, in order; and which of them are the former.

    That is a person's own clicks, those from one address, and those of one agent that have none: in a busy hour few of
    those who clicked a moment ago.
    """
    first, last = low - 2 * REACH, high + 2 * REACH
    rows: list[Row] | None = None
    if len(own) + len(besides) > _FEW:
        rows = _rows(database, first, last, "", ())
        if not rows:
            return [], set()
    _, _, _, _, _, recipients, ips, _, _, flags = zip(*own, strict=True) if own else ((),) * _WIDTH
    people = _met(rows, _RECIPIENT, [*recipients, *(recipient for _, recipient, _ in besides if recipient)])
    addresses, agents = _met(rows, _IP, [*ips, *(ip for _, _, ip in besides)]), set[int]()
    if "" in ips or any(flags):
        named = {click.ip for click in own if not click.flags & SHARED}
        addresses = named.union(ip for _, _, ip in besides)
        agents = {click.agent_id for click in own if click.flags & SHARED or not click.ip}
    addresses.discard("")

    def bearing() -> list[StoredClick]:
        nonlocal rows
        if rows is None and len(people) + len(addresses) + len(agents) <= _FEW:
            return stored_clicks(database, first, last, (people, addresses, agents))
        rows = _rows(database, first, last, "", ()) if rows is None else rows
        return [
            _click_of(row)
            for row in rows
            if row[_RECIPIENT] in people
            or row[_IP] in addresses
            or (row[_AGENT] in agents and (not row[_IP] or row[_FLAGS] & SHARED))
        ]

    concerned = bearing()
    if not concerned:
        return [], set()
    people |= {one.click.recipient_id for one in concerned}
    addresses |= {ip for one in concerned if (ip := address_of(one.click))}
    agents |= {one.click.agent_id for one in concerned if not address_of(one.click)}
    return bearing(), {one.click for one in concerned}


def _met(rows: Sequence[Row] | None, place: int, values: Sequence[_Value]) -> set[_Value]:
    """Those of some values that rows have at this place; all where the rows are not known."""
    return set(values) if rows is None else {row[place] for row in rows}.intersection(values)


def judge_reputation(
    database: Database, new: Sequence[Click], first: FirstPass, reading: int, by: Surroundings, rulings: Rulings
) -> list[tuple[StoredClick, int]]:
    """The second pass, on clicks that have rulings of the first (or of an earlier second) pass.

    `new` clicks, sorted, are not stored yet and will be with this `reading`; the stored ones have their rulings of the
    `first` pass already. Returns the clicks whose ruling is another one now, with it.
    """
    looked_at = [*new, *(one.click for one, _ in first.moved)]
    said = note_evidence(database, first.said)
    if not said and not anything_said(database, {click.shipment_id for click in looked_at}):
        return []  # no scanner has been seen
    places = neighbourhoods(looked_at)
    heard = heard_of(database, {row[:2] for row in said} | {place for place in set(places) if place[1]})
    if not heard:
        return []
    found = affected(
        (row for row in said if row[:2] in heard),
        [click for click, place in zip(looked_at, places, strict=True) if place in heard],
    )
    inside = _within(found)
    concerned = {(span.shipment_id, span.address) for span in found}
    scanners = known_scanners(evidence_of(database, found))
    own = [
        StoredClick(click, ruling, reading)
        for click, ruling, place in zip(new, first.rulings, places, strict=False)  # of which these are the first
        if place in concerned
    ]
    changed: list[tuple[StoredClick, int]] = []
    for start, stop in merged((span.start - LOOK_MS, span.stop) for span in found):
        stored = _clicks_from(database, start, stop, concerned)
        stored += [one for one in own if start <= one.click.clicked_at <= stop]
        changed += second_pass(sorted(stored), scanners, by, rulings, inside)
    return changed


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


def stored_clicks(
    database: Database, low: int, high: int, of: tuple[set[int], set[str], set[int]] | None = None
) -> list[StoredClick]:
    """The stored clicks of a stretch of time, both ends in it, in order. With `of` only those of these recipients or
    addresses, or of these agents and without an address: no more of them than a query can name."""
    where, values = "", list[int | str]()
    if of is not None:
        people, addresses, agents = marks(of[0]), marks(of[1]), marks(of[2])
        nameless = f"(ip = '' OR (flags & {SHARED}) <> 0)"
        where = f" AND (recipient_id IN ({people}) OR ip IN ({addresses}) OR ({nameless} AND agent_id IN ({agents})))"
        values = [*of[0], *of[1], *of[2]]
    return list(map(_click_of, _rows(database, low, high, where, values)))


def _clicks_from(database: Database, low: int, high: int, places: set[tuple[int, str]]) -> list[StoredClick]:
    """As `stored_clicks`, but of these shipments and addresses (/24 or /48)."""
    where, values = "", list[int | str]()
    # What an IPv4 address begins with; IPv6 is written in too many ways to be told apart by a query.
    beginnings = sorted({address.rstrip(_DIGITS) for _, address in places if ":" not in address})
    if len(beginnings) <= _FEW:
        where = f" AND (rtrim(ip, '{_DIGITS}') IN ({marks(beginnings)}) OR ip LIKE '%:%')"
        values = [*beginnings]
    stored = list(map(_click_of, _rows(database, low, high, where, values)))
    found = neighbourhoods([one.click for one in stored])
    return [one for one, place in zip(stored, found, strict=True) if place in places]


def _rows(database: Database, low: int, high: int, where: str, values: Sequence[int | str]) -> list[Row]:
    """Clicks of a stretch of time as `_click_of` takes them, in order."""
    return database.rows(
        f"SELECT {CLICK_COLUMNS}, ruling_id, reading_id FROM click "  # noqa: S608  (names and marks of our own)
        f"WHERE clicked_at BETWEEN ? AND ?{where} ORDER BY clicked_at, print",
        (low, high, *values),
    )


def _click_of(row: Row) -> StoredClick:
    return StoredClick(Click._make(row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1])


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


def _spans(clicks: Sequence[Click], besides: Iterable[int]) -> list[tuple[int, int, int, int]]:
    """Clicks sorted by time, cut into slices with their first and last moment. Slices are so far apart that no click of
    one, and nothing `besides` it, changes a verdict in another."""
    moments = list(map(_CLICKED_AT, clicks))
    stretches = stretches_of([*moments, *besides], 4 * REACH)
    return [(bisect_left(moments, low), bisect_right(moments, high), low, high) for low, high in stretches]
