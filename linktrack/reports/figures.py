"""What all reports have in common: which shipments and which time they are about, and rates.

Every figure comes from the rollups, so a report costs what the number of links costs, not of clicks. `clicks` and
`clickers` are of people; a clicker is a recipient of a shipment with at least one human click, and in rows by time,
device or any period belongs to where the first one stands. `sent` counts the recipients of the shipments,
`uncounted` those of them who refused tracking: they are in no rate, and their clicks are in `clicks` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from linktrack.contacts.consent import anybody_refused
from linktrack.links.folders import clean_path
from linktrack.moments import HOUR, hour_start, iso, read_length, read_stretch
from linktrack.reports.statistics import Sample, wilson
from linktrack.store.conditions import counted_shipment, reached
from linktrack.store.lookups import folder_id, mailing_id, shipment_id
from linktrack.store.session import Database

_DIGITS = 6


class Period(NamedTuple):
    """A time to report on: from `since` on, before `until`, each the beginning of an hour (UTC milliseconds)."""

    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def holds(self, moment: int) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def within(self, column: str) -> str:
        """The condition that `column` lies in it, in SQL that begins with AND."""
        from_then_on = "" if self.since is None else f" AND {column} >= {self.since:d}"
        return from_then_on + ("" if self.until is None else f" AND {column} < {self.until:d}")


ALWAYS = Period()


@dataclass(frozen=True)
class Scope:
    """What a report is about: numbers of a mailing and a shipment, a folder's path, a time. None is all.

    `mailings` are several, each of which it is about.
    """

    mailing: int | None = None
    shipment: int | None = None
    folder: str | None = None
    period: Period = ALWAYS
    mailings: tuple[int, ...] | None = None

    def counted(self, condition: str = counted_shipment()) -> str:
        """The condition on `shipment`, in SQL, that a shipment counts here."""
        of_mailing = "" if self.mailing is None else f" AND shipment.mailing_id = {self.mailing:d}"
        if self.mailings is not None:
            of_mailing += f" AND shipment.mailing_id IN ({', '.join(map(str, self.mailings)) or 'NULL'})"
        return condition + of_mailing + ("" if self.shipment is None else f" AND shipment.id = {self.shipment:d}")

    def with_tests(self) -> str:
        """The same, and tests."""
        return self.counted(reached())

    def holds_mailing(self, number: int) -> bool:
        return self.mailing in (None, number) and (self.mailings is None or number in self.mailings)


EVERYTHING = Scope()


def scope_of(
    database: Database,
    *,
    mailing: str | None = None,
    shipment: int | None = None,
    folder: str | None = None,
    period: Period = ALWAYS,
    mailings: Sequence[str] = (),
) -> Scope:
    """The scope of what a person names; no `mailings` are all. UnknownName, with near ones, for what there is not,
    and for a shipment of another mailing."""
    path = None if folder is None else clean_path(folder)
    if path is not None:
        folder_id(database, path)
    one = None if mailing is None else mailing_id(database, mailing)
    several = tuple(mailing_id(database, name) for name in mailings)
    of = several if one is None else (one, *several)
    number = None if shipment is None else shipment_id(database, shipment, of=of)
    return Scope(one, number, path, period, several or None)


def read_period(
    since: str | None, until: str | None, last: str | None, zone: tzinfo, now: int
) -> tuple[Period, list[str]]:
    """The period of the options, and a sentence for each end that lay within an hour and was moved to its beginning.

    UsageError for what is no time or length. What ends now holds the hour that it is.
    """
    if last is not None:
        start = now - read_length(last, "--last")
        begin = hour_start(start, zone)
        return Period(begin, hour_start(now, zone) + HOUR), _moved("--last", start, begin, zone)
    said: list[str] = []
    ends: list[int | None] = []
    for moment, option in zip(read_stretch(since, until, zone), ("--since", "--until"), strict=True):
        if moment is None:
            ends.append(None)
            continue
        ends.append(hour_start(moment, zone))
        said += _moved(option, moment, hour_start(moment, zone), zone)
    return Period(*ends), said


def _moved(option: str, moment: int, hour: int, zone: tzinfo) -> list[str]:
    return [] if moment == hour else [f"{option}: figures are kept by the hour, so it means {iso(hour, zone)}."]


class Rate(NamedTuple):
    """Clickers by those who can be counted, with Wilson's 95 % interval; None where there are none."""

    click_rate: float | None
    rate_low: float | None
    rate_high: float | None


def rate_of(clickers: int, sent: int, uncounted: int = 0) -> Rate:
    """The rate in six digits. `uncounted` of those whom the mail was sent to refused tracking."""
    sample = sample_of(clickers, sent, uncounted)
    if not sample.sent:
        return Rate(None, None, None)
    interval = wilson(sample)
    return Rate(round(sample.rate, _DIGITS), round(interval.low, _DIGITS), round(interval.high, _DIGITS))


def sample_of(clickers: int, sent: int, uncounted: int = 0) -> Sample:
    """How many clicked of those who can be counted."""
    counted = sent - uncounted
    return Sample(min(clickers, counted), counted)


def columns_shown(columns: Sequence[str], database: Database) -> tuple[str, ...]:
    """The columns that a report shows: `uncounted` is among them once somebody has refused tracking."""
    shown = "uncounted" not in columns or anybody_refused(database)
    return tuple(column for column in columns if shown or column != "uncounted")


class Uncounted(NamedTuple):
    """How many of the recipients of a scope refused tracking."""

    uncounted: int
    sent: int


def uncounted_in(database: Database, scope: Scope) -> Uncounted:
    """Who could not be counted in the shipments that count in a scope."""
    row = database.row(
        f"SELECT COALESCE(sum(uncounted), 0), COALESCE(sum(recipients), 0) FROM shipment WHERE {scope.counted()}"  # noqa: S608  (a condition of our own)
    )
    return Uncounted(*map(int, row or (0, 0)))


def rules_that_judged(database: Database, scope: Scope) -> list[str]:
    """The versions of the rules that have judged the clicks of a scope."""
    rows = database.rows(
        "SELECT DISTINCT ruling.rules FROM ruling WHERE ruling.id IN (SELECT ruling_id FROM shipment_ruling "  # noqa: S608  (a condition of our own)
        f"JOIN shipment ON shipment.id = shipment_ruling.shipment_id WHERE {scope.with_tests()}) ORDER BY ruling.rules"
    )
    return [rules for (rules,) in rows]
