"""The figures of shipments, one by one: of all their links, or of one."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from typing import Any, NamedTuple

from linktrack.moments import HOUR
from linktrack.reports.figures import EVERYTHING, Period, Scope, rate_of
from linktrack.store.session import Database


class ShipmentFigures(NamedTuple):
    """One shipment of a mailing. Times are UTC milliseconds."""

    mailing: str
    shipment: int
    sent_at: int
    test: bool
    sent: int
    uncounted: int
    clicks: int
    clickers: int
    machine_clicks: int
    test_clicks: int
    click_rate: float | None
    rate_low: float | None
    rate_high: float | None
    first_click: int | None
    last_click: int | None


class ShipmentCounts(NamedTuple):
    """What was counted of a shipment, or of a link in it."""

    mailing_id: int
    mailing: str
    shipment: int
    sent_at: int
    test: bool
    sent: int
    uncounted: int
    clicks: int
    clickers: int
    machine_clicks: int
    test_clicks: int
    first_click: int | None
    last_click: int | None


def shipment_figures(database: Database, scope: Scope = EVERYTHING, *, tests: bool = False) -> list[ShipmentFigures]:
    """The shipments of a scope, oldest first; `clickers` clicked any link."""
    return [
        ShipmentFigures(
            one.mailing, one.shipment, one.sent_at, one.test, one.sent, one.uncounted, one.clicks, one.clickers,
            one.machine_clicks, one.test_clicks, *rate_of(one.clickers, one.sent, one.uncounted), one.first_click,
            one.last_click,
        )
        for one in counts_by_shipment(database, scope, tests=tests)
    ]  # fmt: skip


def counts_by_shipment(
    database: Database, scope: Scope, *, link: int | None = None, tests: bool = False, idle: bool = False
) -> list[ShipmentCounts]:
    """The shipments that count, and with `tests` the tests too, oldest first; `link` is the number of one link.

    In a period: those that were sent or clicked in it, and with `idle` the others too.
    """
    tally, hours, same = (
        ("shipment_tally", "shipment_hour", "")
        if link is None
        else ("link_tally", "link_hour", f" AND tally.link_id = {link:d}")
    )
    rows = [
        ShipmentCounts(mailing_id, mailing, shipment, sent_at, bool(test), *counts)
        for mailing_id, mailing, shipment, sent_at, test, *counts in database.rows(
            f"""
            SELECT mailing.id, mailing.name, shipment.id, shipment.sent_at, shipment.is_test, shipment.recipients,
                   shipment.uncounted, COALESCE(tally.human, 0), COALESCE(tally.clickers, 0),
                   COALESCE(tally.prefetch + tally.scanner, 0), COALESCE(tally.test, 0), tally.first_click,
                   tally.last_click
            FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id
            LEFT JOIN {tally} AS tally ON tally.shipment_id = shipment.id{same}
            WHERE {scope.with_tests() if tests else scope.counted()} ORDER BY shipment.sent_at, shipment.id
            """
        )
    ]
    if not scope.period:
        return rows
    counted = _in_period(database, scope, rows, hours, same)
    return [one for one in counted if idle or is_clicked(one) or scope.period.holds(one.sent_at)]


def is_clicked(one: ShipmentCounts) -> bool:
    """Whether anybody or anything clicked."""
    return bool(one.clicks or one.machine_clicks or one.test_clicks)


def _in_period(
    database: Database, scope: Scope, rows: list[ShipmentCounts], hours: str, same: str
) -> list[ShipmentCounts]:
    """The same shipments with the clicks of the period alone."""
    within: dict[int, tuple[Any, ...]] = {
        shipment: tuple(counts)
        for shipment, *counts in database.rows(
            f"""
            SELECT tally.shipment_id, sum(tally.human), sum(tally.clickers), sum(tally.machine), sum(tally.test),
                   min(CASE WHEN tally.human > 0 THEN tally.hour END),
                   max(CASE WHEN tally.human > 0 THEN tally.hour END)
            FROM {hours} AS tally WHERE 1 = 1{same}{scope.period.within("tally.hour")} GROUP BY tally.shipment_id
            """
        )
    }
    found = []
    for row in rows:
        clicks, clickers, machine, test, first, last = within.get(row.shipment, (0, 0, 0, 0, None, None))
        first_click, last_click = edges(first, last, row.first_click, row.last_click, scope.period)
        found.append(
            row._replace(
                clicks=int(clicks), clickers=int(clickers), machine_clicks=int(machine), test_clicks=int(test),
                first_click=first_click, last_click=last_click,
            )
        )  # fmt: skip
    return found


def edges(
    first_hour: int | None, last_hour: int | None, first: int | None, last: int | None, period: Period
) -> tuple[int | None, int | None]:
    """First and last human click of a period, from its first and last hour with one and the times over all.

    Exact where the time over all lies in the period. Elsewhere nothing but the hour is kept: it is the hour's beginning
    for the first and its end for the last, so that all clicks of the period lie between the two.
    """
    if first_hour is None or last_hour is None:
        return None, None
    end = last_hour + HOUR if period.until is None else min(last_hour + HOUR, period.until)
    return (
        first if first is not None and period.holds(first) else first_hour,
        last if last is not None and period.holds(last) else end - 1,
    )
