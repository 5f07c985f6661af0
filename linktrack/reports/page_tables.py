"""The tables of the page: for each the command that gives its rows, in that order, and the columns that are shown."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from linktrack.reports import breakdowns, times
from linktrack.reports.different_people import DifferentPeople
from linktrack.reports.figures import EVERYTHING, Scope, columns_shown
from linktrack.reports.links import LinkFigures, link_figures
from linktrack.reports.mailings import (
    Comparison,
    Engagement,
    MailingFigures,
    compare_mailings,
    engagement,
    mailing_figures,
)  # fmt: skip
from linktrack.reports.order import BY_CLICKS, SortOrder, sorted_rows
from linktrack.reports.shipments import ShipmentFigures, shipment_figures
from linktrack.reports.totals import SUM, TotalsRecord, with_totals
from linktrack.store.session import Database

TOP = 20  # rows of a long table

_COUNTS = ("clicks", "clickers", "machine_clicks")
_RATE = ("click_rate", "rate_low", "rate_high")
_LINK = ("key", "name", "placements", *_COUNTS, *_RATE)
_MAP = ("label", *_COUNTS, "share", "link", "kind", "line")
_PLACES = ("link", "label", "kind", "line", *_COUNTS)
_AGE = ("hours", *_COUNTS, "share", "median")
_SHIPMENT = ("shipment", "sent_at", "sent", "uncounted", *_COUNTS, *_RATE)


class PageTable(NamedTuple):
    """Rows of a command: all its keys in `records`, `columns` are those that are shown; `sums` are the rest, if rows
    were cut off, and the total. `whole` are the records before the cut."""

    subject: str  # mailings, compare, engagement, or what a row of a mailing stands for
    command: str
    columns: tuple[str, ...]
    records: list[TotalsRecord]
    sums: list[TotalsRecord]
    whole: list[TotalsRecord]

    @property
    def total(self) -> TotalsRecord | None:
        return self.sums[-1] if self.sums else None


class TableBasis(NamedTuple):
    """What tables are made from: the database, the zone that people live in, now, and what rows of sums are called;
    `more` has a place for a count."""

    database: Database
    zone: tzinfo
    now: int
    total: str
    more: str


def mailings_table(basis: TableBasis, names: Sequence[str], scope: Scope) -> PageTable:
    """The mailings of a scope: those of these names, or all."""
    found = mailing_figures(basis.database, scope)
    command = ["report", "mailings", *(word for name in names for word in ("--mailing", name))]
    columns = ("mailing", "type", "shipments", "sent", "uncounted", *_COUNTS, *_RATE)
    return _table(basis, scope, "mailings", command, found, MailingFigures._fields, columns, BY_CLICKS, cut=True)


def compare_table(basis: TableBasis, names: Sequence[str]) -> PageTable:
    """Each pair of these mailings."""
    found = compare_mailings(basis.database, names)
    columns = ("mailing", "other", "click_rate", "other_rate", "difference", "low", "high", "verdict")
    command = ["report", "compare", *names]
    return _table(
        basis, EVERYTHING, "compare", command, found, Comparison._fields, columns, None, cut=True, totals=False
    )


def engagement_table(basis: TableBasis, last: int) -> PageTable:
    """How many persons clicked in how many of the `last` mailings that were sent."""
    found = engagement(basis.database, EVERYTHING, last)
    command = ["report", "mailings", "--by", "engagement", "--of", str(last)]
    return _table(basis, EVERYTHING, "engagement", command, found, Engagement._fields, Engagement._fields, None)


def mailing_tables(basis: TableBasis, name: str, scope: Scope) -> dict[str, PageTable]:
    """The tables of one mailing, by their subjects: `map` are its placements by clicks, `places` those of links
    that stand in several."""

    def table(
        by: str,
        rows: Sequence[tuple[Any, ...]],
        fields: Sequence[str],
        columns: tuple[str, ...] | None = None,
        *,
        subject: str = "",
        order: SortOrder | None = None,
        sort: str = "",
        only: Sequence[str] = (),
        cut: bool = True,
    ) -> PageTable:
        command = ["report", "mailing", name, "--by", by, *only, *(("--sort", sort) if sort else ())]
        chosen = SortOrder(sort) if sort else order
        return _table(basis, scope, subject or by, command, rows, fields, columns or tuple(fields), chosen, cut=cut)

    database = basis.database
    places, spot = breakdowns.placement_figures(database, scope), breakdowns.PlacementFigures._fields
    found = (
        table("reason", breakdowns.reason_figures(database, scope), breakdowns.ReasonFigures._fields, order=BY_CLICKS),
        table("link", link_figures(database, scope), LinkFigures._fields, _LINK, order=BY_CLICKS),
        table("placement", places, spot, _MAP, subject="map", sort="clicks", cut=False),
        table("placement", breakdowns.repeated(places), spot, _PLACES, subject="places", only=["--repeated"],
              sort="link", cut=False),
        table("age", times.ages(database, scope, basis.now), times.AgeFigures._fields, _AGE, cut=False),
        table("weekhour", times.weekhours(database, scope, basis.zone), times.WeekhourFigures._fields, cut=False),
        table("domain", breakdowns.domain_figures(database, scope), breakdowns.DomainFigures._fields, order=BY_CLICKS),
        table("device", breakdowns.device_figures(database, scope), breakdowns.DeviceFigures._fields, order=BY_CLICKS),
        table("shipment", shipment_figures(database, scope), ShipmentFigures._fields, _SHIPMENT),
        table("action", breakdowns.caused_figures(database, scope), breakdowns.CausedFigures._fields,
              order=SortOrder("count")),
    )  # fmt: skip
    return {one.subject: one for one in found}


def _table(
    basis: TableBasis,
    scope: Scope,
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
    """A table of rows of a scope in their order. Those that may be long are cut, and the command says so; what has a
    row for each hour or each placement never is."""
    ordered = rows if order is None else sorted_rows(rows, fields, order)
    whole = [dict(zip(fields, row, strict=True)) for row in ordered]
    top = TOP if cut and len(whole) > TOP else None
    words = [*command, "--top", str(TOP)] if top else command
    people = DifferentPeople(basis.database, scope)
    found = list(
        with_totals(whole, fields, top, columns[0], people, rest=basis.more, whole=basis.total if totals else None)
    )
    shown, added = ([one for one in found if (SUM in one) is is_sum] for is_sum in (False, True))
    return PageTable(subject, shlex.join(words), columns_shown(columns, basis.database), shown, added, whole)
