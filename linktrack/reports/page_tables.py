"""The tables of the page: for each the command that gives its rows, in that order, and the columns that are shown."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from itertools import islice
from typing import Any, NamedTuple

from linktrack.reports import breakdowns, times
from linktrack.reports.figures import EVERYTHING, Scope
from linktrack.reports.links import LinkFigures, link_figures
from linktrack.reports.mailings import Comparison, Engagement, MailingFigures, compare_mailings, engagement, mailing_figures  # fmt: skip
from linktrack.reports.order import BY_CLICKS, SortOrder, in_order
from linktrack.reports.shipments import ShipmentFigures, shipment_figures
from linktrack.reports.totals import SUM, Record, with_totals, without_thin_rates
from linktrack.store.session import Database

TOP = 20  # rows of a long table

_COUNTS = ("clicks", "clickers", "machine_clicks")
_RATE = ("click_rate", "rate_low", "rate_high")


class PageTable(NamedTuple):
    """Rows of a command: all its keys in `records`, `columns` are those that are shown; `sums` are the rest, if rows
    were cut off, and the total. `whole` are the records before the cut."""

    subject: str  # mailings, compare, engagement, or what a row of a mailing stands for
    command: str
    columns: tuple[str, ...]
    records: list[Record]
    sums: list[Record]
    whole: list[Record]

    @property
    def total(self) -> Record | None:
        return self.sums[-1] if self.sums else None


class Words(NamedTuple):
    """What stands in the first column of sums."""

    rest: str
    total: str


class TableDesk(NamedTuple):
    """What tables are made from: the database, the zone that people live in, now, and the words of sums."""

    database: Database
    zone: tzinfo
    now: int
    words: Words


def mailings_table(desk: TableDesk, names: Sequence[str], scope: Scope) -> PageTable:
    """The mailings of a scope: those of these names, or all."""
    found = mailing_figures(desk.database, scope)
    command = ["report", "mailings", *(word for name in names for word in ("--mailing", name))]
    columns = ("mailing", "type", "shipments", "sent", *_COUNTS, *_RATE)
    return _table(desk, "mailings", command, found, MailingFigures._fields, columns, BY_CLICKS, cut=True)


def compare_table(desk: TableDesk, names: Sequence[str]) -> PageTable:
    """Each pair of these mailings."""
    found = compare_mailings(desk.database, names)
    columns = ("mailing", "other", "click_rate", "other_rate", "difference", "low", "high", "verdict")
    command = ["report", "compare", *names]
    return _table(desk, "compare", command, found, Comparison._fields, columns, None, cut=True, totals=False)


def engagement_table(desk: TableDesk, last: int) -> PageTable:
    """How many persons clicked in how many of the `last` mailings that were sent."""
    found = engagement(desk.database, EVERYTHING, last)
    command = ["report", "mailings", "--by", "engagement", "--of", str(last)]
    return _table(desk, "engagement", command, found, Engagement._fields, Engagement._fields, None)


def mailing_tables(desk: TableDesk, name: str, scope: Scope) -> dict[str, PageTable]:
    """The tables of one mailing, by what their rows stand for; `places` are the placements, link by link."""
    database = desk.database
    placements = breakdowns.placement_figures(database, scope)
    placement = ("label", *_COUNTS, "link", "kind", "line")
    reports: tuple[tuple[str, str, Iterable[Any], Sequence[str], tuple[str, ...], SortOrder | None, bool], ...] = (
        ("reason", "reason", breakdowns.reason_figures(database, scope), breakdowns.ReasonFigures._fields,
         ("verdict", "reason", "clicks"), BY_CLICKS, True),
        ("link", "link", link_figures(database, scope), LinkFigures._fields,
         ("key", "name", "placements", *_COUNTS, *_RATE), BY_CLICKS, True),
        ("map", "placement --sort clicks", placements, breakdowns.PlacementFigures._fields,
         placement, SortOrder("clicks"), False),
        ("places", "placement --sort link", placements, breakdowns.PlacementFigures._fields,
         ("link", "label", "kind", "line", *_COUNTS), SortOrder("link"), False),
        ("age", "age", times.ages(database, scope, desk.now), times.AgeFigures._fields,
         times.AgeFigures._fields, None, False),
        ("weekhour", "weekhour", times.weekhours(database, scope, desk.zone), times.WeekhourFigures._fields,
         times.WeekhourFigures._fields, None, False),
        ("domain", "domain", breakdowns.domain_figures(database, scope), breakdowns.DomainFigures._fields,
         breakdowns.DomainFigures._fields, BY_CLICKS, True),
        ("device", "device", breakdowns.device_figures(database, scope), breakdowns.DeviceFigures._fields,
         breakdowns.DeviceFigures._fields, BY_CLICKS, True),
        ("shipment", "shipment", shipment_figures(database, scope), ShipmentFigures._fields,
         ("shipment", "sent_at", "sent", *_COUNTS, *_RATE), None, True),
        ("action", "action", breakdowns.caused_figures(database, scope), breakdowns.CausedFigures._fields,
         breakdowns.CausedFigures._fields, SortOrder("count"), True),
    )  # fmt: skip
    return {
        subject: _table(
            desk, subject, ["report", "mailing", name, "--by", *by.split()], rows, fields, columns, order, cut=cut
        )
        for subject, by, rows, fields, columns, order, cut in reports
    }


def _table(
    desk: TableDesk,
    subject: str,
    command: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    fields: Sequence[str],
    columns: tuple[str, ...],
    order: SortOrder | None,
    *,
    cut: bool = False,
    totals: bool = True,
) -> PageTable:
    """A table of rows in their order. Those that may be long are cut, and the command says so; what has a row for each
    hour or each placement never is."""
    ordered = rows if order is None else in_order(rows, fields, order)
    whole = [dict(zip(fields, row, strict=True)) for row in ordered]
    top = TOP if cut and len(whole) > TOP else None
    words = [*command, "--top", str(TOP)] if top else command
    found = [
        without_thin_rates(record)
        for record in (
            with_totals(whole, fields, top, columns[0], rest=desk.words.rest, whole=desk.words.total)
            if totals
            else islice(whole, top)
        )
    ]
    return PageTable(
        subject, shlex.join(words), columns, [record for record in found if SUM not in record],
        [record for record in found if SUM in record], whole,
    )  # fmt: skip
