"""The figures of mailings: each as a whole, two compared, and how many of the last ones a person has clicked."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from linktrack.errors import UsageError
from linktrack.links.tokens import NOBODY
from linktrack.names import composed
from linktrack.reports.different_people import DifferentPeople
from linktrack.reports.figures import EVERYTHING, Scope, rate_of, sample_of
from linktrack.reports.shipments import ShipmentCounts, counts_by_shipment, is_clicked
from linktrack.reports.statistics import NO_VERDICT, Sample, difference_word, newcombe
from linktrack.store.clickers import all_clickers
from linktrack.store.lookups import mailing_id
from linktrack.store.session import Database

_DIGITS = 6


class MailingFigures(NamedTuple):
    """One mailing; `test_clicks` are those of its tests, the rest is of the shipments that count."""

    mailing: str
    type: str
    shipments: int
    sent: int
    uncounted: int
    clickers: int
    clicks: int
    machine_clicks: int
    test_clicks: int
    click_rate: float | None
    rate_low: float | None
    rate_high: float | None
    first_click: int | None
    last_click: int | None


class Comparison(NamedTuple):
    """Two mailings. `difference` is click_rate - other_rate, `low` and `high` its 95 % interval."""

    mailing: str
    other: str
    click_rate: float | None
    rate_low: float | None
    rate_high: float | None
    other_rate: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: str
    people: int  # what each rate rests on; no columns
    other_people: int


class Engagement(NamedTuple):
    """How many persons have clicked in so many of the last mailings."""

    clicked: int
    recipients: int


def mailing_figures(database: Database, scope: Scope = EVERYTHING) -> list[MailingFigures]:
    """The mailings of a scope, by name. In a period: those that were sent or clicked in it."""
    shipments: dict[int, list[ShipmentCounts]] = {}
    for one in counts_by_shipment(database, scope, tests=True, idle=True):
        shipments.setdefault(one.mailing_id, []).append(one)
    return [
        _mailing(name, type, own)
        for number, name, type, deleted_at in database.rows(
            "SELECT id, name, type, deleted_at FROM mailing ORDER BY name"
        )
        if _is_shown(scope, number, deleted_at is None, own := shipments.get(number, []))
    ]


def _is_shown(scope: Scope, number: int, is_kept: bool, shipments: Sequence[ShipmentCounts]) -> bool:
    """Whether a mailing is a row: it was sent or clicked, or is there to be sent."""
    if not scope.holds_mailing(number):
        return False
    if scope.period:
        return any(is_clicked(one) or (not one.test and scope.period.holds(one.sent_at)) for one in shipments)
    sent = any(not one.test or one.test_clicks for one in shipments)
    return sent or (is_kept and scope.shipment is None)


def _mailing(name: str, type: str, shipments: Sequence[ShipmentCounts]) -> MailingFigures:
    counted = [one for one in shipments if not one.test]
    sent, clickers = sum(one.sent for one in counted), sum(one.clickers for one in counted)
    uncounted = sum(one.uncounted for one in counted)
    return MailingFigures(
        name, type, len(counted), sent, uncounted, clickers, sum(one.clicks for one in counted),
        sum(one.machine_clicks for one in counted), sum(one.test_clicks for one in shipments),
        *rate_of(clickers, sent, uncounted),
        min((one.first_click for one in counted if one.first_click is not None), default=None),
        max((one.last_click for one in counted if one.last_click is not None), default=None),
    )  # fmt: skip


def compare_mailings(database: Database, names: Sequence[str]) -> list[Comparison]:
    """Each pair of these mailings, in the order given: A and B, A and C, B and C.

    UnknownName for an unknown one, UsageError for fewer than two different ones.
    """
    numbers = {composed(name): mailing_id(database, name) for name in names}
    if len(numbers) < 2:
        raise UsageError("report compare needs two different mailings or more: linktrack report compare A B")
    sides = [_side(database, name, number) for name, number in numbers.items()]
    return [_comparison(one, other) for one, other in combinations(sides, 2)]


class _Side(NamedTuple):
    """A mailing to compare: its rate's sample, and how many different people clicked, as far as it matters."""

    name: str
    sample: Sample
    people: int


def _side(database: Database, name: str, number: int) -> _Side:
    scope = Scope(mailing=number)
    (found,) = mailing_figures(database, scope) or (None,)
    if found is None:
        return _Side(name, Sample(0, 0), 0)
    sample = sample_of(found.clickers, found.sent, found.uncounted)
    return _Side(name, sample, DifferentPeople(database, scope).behind(found._asdict()))


def _comparison(one: _Side, other: _Side) -> Comparison:
    sample, other_sample = one.sample, other.sample
    rate, other_rate = rate_of(*sample), rate_of(*other_sample).click_rate
    people = (one.people, other.people)
    if not (sample.sent and other_sample.sent):
        return Comparison(one.name, other.name, *rate, other_rate, None, None, None, NO_VERDICT, *people)
    interval = newcombe(sample, other_sample)
    return Comparison(
        one.name, other.name, *rate, other_rate, round(sample.rate - other_sample.rate, _DIGITS),
        round(interval.low, _DIGITS), round(interval.high, _DIGITS), difference_word(sample, other_sample), *people,
    )  # fmt: skip


def engagement(database: Database, scope: Scope, last: int) -> list[Engagement]:
    """How many persons clicked 0, 1 … `last` of the `last` mailings sent latest; persons who got any of them and can be
    counted there."""
    latest = [
        mailing
        for (mailing,) in database.rows(
            f"SELECT mailing_id FROM shipment WHERE {scope.counted()} GROUP BY mailing_id "
            "ORDER BY max(sent_at) DESC, mailing_id DESC LIMIT ?",
            (last,),
        )
    ]
    if not latest:
        return []
    these = f"{scope.counted()} AND shipment.mailing_id IN ({', '.join(map(str, latest))})"
    got = int(
        database.value(
            "SELECT count(DISTINCT recipient_id) FROM shipment_recipient "
            f"WHERE NOT uncounted AND shipment_id IN (SELECT id FROM shipment WHERE {these})"
        )
    )
    clicked: dict[int, int] = dict(
        database.rows(
            f"""
            SELECT mailings, count(*) FROM (
                SELECT recipient_id, count(DISTINCT mailing_id) AS mailings
                FROM {all_clickers(database)} AS clicker JOIN shipment ON shipment.id = clicker.shipment_id
                WHERE {these} AND human > 0 AND recipient_id <> {NOBODY} GROUP BY recipient_id
            ) AS person GROUP BY mailings
            """
        )
    )
    clicked[0] = got - sum(clicked.values())
    return [Engagement(number, clicked.get(number, 0)) for number in range(last + 1)]
