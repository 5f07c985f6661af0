"""A mailing's clicks in time: by hour, day, weekday, weekday and hour, and by the hours since it was sent.

A clicker belongs to the hour of their first human click in the shipment, so rows add up to the whole.
"""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from linktrack.clicks.rollups import AGES
from linktrack.moments import HOUR, datetime_of
from linktrack.reports.different_people import people_by_age
from linktrack.reports.figures import Scope
from linktrack.reports.statistics import enough
from linktrack.store.conditions import counted_shipment
from linktrack.store.session import Database

_DIGITS = 6
_WEEKDAYS = range(1, 8)


class HourFigures(NamedTuple):
    """One hour with clicks; `hour` is its start, UTC milliseconds."""

    hour: int
    clicks: int
    clickers: int
    machine_clicks: int


class DayFigures(NamedTuple):
    """One day of the workspace's zone, as `2026-03-29`."""

    day: str
    clicks: int
    clickers: int
    machine_clicks: int


class WeekdayFigures(NamedTuple):
    """One weekday, 1 (Monday) to 7."""

    weekday: int
    clicks: int
    clickers: int
    machine_clicks: int


class WeekhourFigures(NamedTuple):
    """One hour (0-23) of one weekday, by the clock on the wall."""

    weekday: int
    hour: int
    clicks: int
    clickers: int
    machine_clicks: int


class AgeFigures(NamedTuple):
    """One full hour (0-47) since a shipment was sent; `share` of the clickers of all 48 have clicked until its end.

    `median` is that of the shares of mailings sent earlier, None without such.
    """

    hours: int
    clicks: int
    clickers: int
    machine_clicks: int
    share: float | None
    median: float | None
    people: int  # what the share and the median rest on; no columns
    earlier_people: int


def hours(database: Database, scope: Scope) -> list[HourFigures]:
    """The hours with clicks, in order."""
    rows = database.rows(
        f"""
        SELECT hour, sum(human), sum(clickers), sum(machine)
        FROM shipment_hour JOIN shipment ON shipment.id = shipment_hour.shipment_id
        WHERE {scope.counted()}{scope.period.within("hour")}
        GROUP BY hour HAVING sum(human) + sum(machine) > 0 ORDER BY hour
        """
    )
    return [HourFigures(hour, *map(int, counts)) for hour, *counts in rows]


def days(database: Database, scope: Scope, zone: tzinfo) -> list[DayFigures]:
    """The days from the first to the last with clicks, those without between them too."""
    found: defaultdict[date, list[HourFigures]] = defaultdict(list)
    for hour in hours(database, scope):
        found[datetime_of(hour.hour, zone).date()].append(hour)
    if not found:
        return []
    first, last = min(found), max(found)
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [DayFigures(day.isoformat(), *_sums(found.get(day, ()))) for day in every]


def weekdays(database: Database, scope: Scope, zone: tzinfo) -> list[WeekdayFigures]:
    """The seven weekdays, also those without clicks."""
    found: defaultdict[int, list[HourFigures]] = defaultdict(list)
    for hour in hours(database, scope):
        found[datetime_of(hour.hour, zone).isoweekday()].append(hour)
    return [WeekdayFigures(weekday, *_sums(found[weekday])) for weekday in _WEEKDAYS]


def weekhours(database: Database, scope: Scope, zone: tzinfo) -> list[WeekhourFigures]:
    """The hours of a week with clicks. An hour that begins at :30 or :45 is the one that it begins in."""
    found: defaultdict[tuple[int, int], list[HourFigures]] = defaultdict(list)
    for hour in hours(database, scope):
        begins = datetime_of(hour.hour, zone)
        found[begins.isoweekday(), begins.hour].append(hour)
    return [WeekhourFigures(*when, *_sums(own)) for when, own in sorted(found.items())]


def _sums(rows: Iterable[HourFigures]) -> tuple[int, int, int]:
    own = list(rows)
    return sum(one.clicks for one in own), sum(one.clickers for one in own), sum(one.machine_clicks for one in own)


def ages(database: Database, scope: Scope, now: int) -> list[AgeFigures]:
    """All 48 hours since the shipments of the scope's mailing were sent, none where nothing was sent or clicked; `now`
    says which mailings have them behind."""
    from statistics import median

    every = [(0, 0, 0)] * AGES
    by_shipment: defaultdict[int, list[int]] = defaultdict(lambda: [0] * AGES)
    for shipment, age, *counted in database.rows(
        f"""
        SELECT shipment_id, age, human, clickers, machine
        FROM shipment_age JOIN shipment ON shipment.id = shipment_age.shipment_id WHERE {scope.counted()}
        """
    ):
        (clicks, clickers, machine), so_far = counted, every[age]
        every[age] = (so_far[0] + clicks, so_far[1] + clickers, so_far[2] + machine)
        by_shipment[shipment][age] = clickers
    if not any(map(any, every)):
        return []
    shares = _shares([clickers for _, clickers, _ in every])
    people = people_by_age(database, scope, list(by_shipment.values()))
    earlier, most = _earlier_shares(database, scope, now)
    return [
        AgeFigures(
            age, *every[age], shares[age] if shares else None,
            round(median(one[age] for one in earlier), _DIGITS) if earlier else None, people[age], most,
        )
        for age in range(AGES)
    ]  # fmt: skip


def _shares(clickers: Sequence[int]) -> list[float]:
    """The cumulative share after each hour; nothing without clickers."""
    whole, so_far, found = sum(clickers), 0, []
    for count in clickers:
        so_far += count
        if whole:
            found.append(round(so_far / whole, _DIGITS))
    return found


def _earlier_shares(database: Database, scope: Scope, now: int) -> tuple[list[list[float]], int]:
    """The shares of the mailings that were first sent before this one, with 48 hours behind all their shipments; and
    the clickers of that shipment of theirs which has most, who are different people."""
    began = database.value(f"SELECT min(sent_at) FROM shipment WHERE {Scope(mailing=scope.mailing).counted()}")
    if began is None:
        return [], 0
    clickers: defaultdict[int, list[int]] = defaultdict(lambda: [0] * AGES)
    in_shipments: Counter[int] = Counter()
    for mailing, shipment, age, count in database.rows(
        f"""
        SELECT mailing_id, shipment_id, age, clickers FROM shipment_age
        JOIN shipment ON shipment.id = shipment_age.shipment_id
        WHERE {counted_shipment()} AND mailing_id IN (
            SELECT mailing_id FROM shipment WHERE {counted_shipment()} GROUP BY mailing_id
            HAVING min(sent_at) < ? AND max(sent_at) <= ?
        )
        """,
        (began, now - AGES * HOUR),
    ):
        clickers[mailing][age] += count
        in_shipments[shipment] += count
    return [_shares(own) for own in clickers.values() if enough(sum(own))], max(in_shipments.values(), default=0)
