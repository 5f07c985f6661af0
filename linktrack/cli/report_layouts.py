"""How each report looks: its keys, what fits a terminal, its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from linktrack.cli.report_drawing import BAR, EVENT, Layout
from linktrack.cli.report_frame import ReportBasis
from linktrack.reports import breakdowns, times
from linktrack.reports.breakdowns import CausedFigures, DeviceFigures, DomainFigures, PlacementFigures, ReasonFigures
from linktrack.reports.clickers import Clicker
from linktrack.reports.figures import Scope
from linktrack.reports.links import LinkFigures, LinkShipment, link_figures
from linktrack.reports.mailings import Comparison, Engagement, MailingFigures
from linktrack.reports.nonclickers import Nonclicker
from linktrack.reports.order import BY_CLICKS, SortOrder
from linktrack.reports.people import HistoryEntry
from linktrack.reports.shipments import ShipmentFigures, shipment_figures
from linktrack.reports.times import AgeFigures, DayFigures, HourFigures, WeekdayFigures, WeekhourFigures
from linktrack.reports.workbook_chart import Chart

_COUNTS = ("clicks", "clickers", "machine_clicks")
_ALL_CLICKS = ("clicks", "machine_clicks")

MAILINGS = Layout(
    MailingFigures._fields,
    ("mailing", "sent", "clickers", "clicks", "machine_clicks", "click_rate", "interval"),
    BY_CLICKS,
)
ENGAGEMENT = Layout(
    Engagement._fields,
    (*Engagement._fields, BAR),
    bars="recipients",
    chart=Chart("column", ("clicked",), ("recipients",)),
)
COMPARISON = Layout(
    Comparison._fields[:-2],
    ("mailing", "other", "click_rate", "other_rate", "difference", "interval", "verdict"),
    totals=False,
)
LINKS = Layout(LinkFigures._fields, ("key", "name", *_COUNTS, "click_rate", "interval"), BY_CLICKS)
LINK_SHIPMENTS = Layout(LinkShipment._fields, ("mailing", "shipment", "sent", *_COUNTS, "click_rate", "interval"))
SHIPMENTS = Layout(ShipmentFigures._fields, ("shipment", "sent_at", "sent", *_COUNTS, "click_rate", "interval"))
PLACEMENTS = Layout(PlacementFigures._fields, ("position", "placement", "link", "label", "kind", *_COUNTS, "share"))
HOURS = Layout(
    HourFigures._fields,
    ("hour", *_COUNTS, BAR),
    bars="clicks",
    times=("hour",),
    chart=Chart("column", ("hour",), _ALL_CLICKS),
)
DAYS = Layout(DayFigures._fields, ("day", *_COUNTS, BAR), bars="clicks", chart=Chart("column", ("day",), _ALL_CLICKS))
WEEKDAYS = Layout(
    WeekdayFigures._fields, ("weekday", *_COUNTS, BAR), bars="clicks", chart=Chart("column", ("weekday",), _ALL_CLICKS)
)
WEEKHOURS = Layout(
    WeekhourFigures._fields,
    ("weekday", "hour", *_COUNTS, BAR),
    bars="clicks",
    times=(),
    chart=Chart("column", ("weekday", "hour"), _ALL_CLICKS),
)
AGES = Layout(
    AgeFigures._fields[:-2],
    ("hours", *_COUNTS, "share", "median", BAR),
    bars="share",
    chart=Chart("line", ("hours",), ("share", "median")),
)
DOMAINS = Layout(
    DomainFigures._fields,
    ("domain", "sent", *_COUNTS, BAR),
    BY_CLICKS,
    bars="clicks",
    bar_width=8,
    chart=Chart("bar", ("domain",), _ALL_CLICKS),
)
DEVICES = Layout(
    DeviceFigures._fields,
    ("device", *_COUNTS, BAR),
    BY_CLICKS,
    bars="clicks",
    chart=Chart("bar", ("device",), _ALL_CLICKS),
)
REASONS = Layout(
    ReasonFigures._fields,
    (*ReasonFigures._fields, BAR),
    BY_CLICKS,
    bars="clicks",
    chart=Chart("bar", ("verdict", "reason"), ("clicks",)),
)
CAUSED = Layout(CausedFigures._fields, CausedFigures._fields, SortOrder("count"))
CLICKERS = Layout(Clicker._fields, ("contact_id", "name", "mailing", "shipment", "first_click", "clicks"))
NONCLICKERS = Layout(Nonclicker._fields, Nonclicker._fields, totals=False)
HISTORY = Layout(HistoryEntry._fields, ("at", "what", "mailing", EVENT), totals=False)


def with_tests(layout: Layout) -> Layout:
    """A report of shipments that has the tests too: in its table they and their clicks take the place of the rate."""
    rates = ("click_rate", "interval")
    table = [column for column in layout.table if column not in rates]
    table.insert(table.index("sent"), "test")
    return replace(layout, table=(*table, "test_clicks"))


class OneMailing(NamedTuple):
    """A report on one mailing: how it looks and what it is made by; `timed` where it can be told of a period."""

    layout: Layout
    figures: Callable[[ReportBasis, Scope], Iterable[Any]]
    timed: bool = False


ONE_MAILING = {
    "link": OneMailing(LINKS, lambda basis, scope: link_figures(basis.database, scope), timed=True),
    "placement": OneMailing(PLACEMENTS, lambda basis, scope: breakdowns.placement_figures(basis.database, scope)),
    "shipment": OneMailing(SHIPMENTS, lambda basis, scope: shipment_figures(basis.database, scope), timed=True),
    "hour": OneMailing(HOURS, lambda basis, scope: times.hours(basis.database, scope), timed=True),
    "day": OneMailing(DAYS, lambda basis, scope: times.days(basis.database, scope, basis.zone), timed=True),
    "weekday": OneMailing(WEEKDAYS, lambda basis, scope: times.weekdays(basis.database, scope, basis.zone), timed=True),
    "weekhour": OneMailing(
        WEEKHOURS, lambda basis, scope: times.weekhours(basis.database, scope, basis.zone), timed=True
    ),
    "domain": OneMailing(DOMAINS, lambda basis, scope: breakdowns.domain_figures(basis.database, scope)),
    "device": OneMailing(DEVICES, lambda basis, scope: breakdowns.device_figures(basis.database, scope)),
    "reason": OneMailing(REASONS, lambda basis, scope: breakdowns.reason_figures(basis.database, scope)),
    "age": OneMailing(AGES, lambda basis, scope: times.ages(basis.database, scope, basis.now)),
    "action": OneMailing(CAUSED, lambda basis, scope: breakdowns.caused_figures(basis.database, scope)),
}
