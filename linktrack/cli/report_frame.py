"""What reports share on the command line: options of time and order, totals, and the line about the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from linktrack.cli.output import Format, say
from linktrack.cli.report_drawing import Cells, Layout, drawn
from linktrack.cli.row_formats import ShownRow
from linktrack.cli.shared_context import opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.errors import UsageError

if TYPE_CHECKING:
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import Period, Scope
    from linktrack.store.session import Database

SinceOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Clicks from this time on, in the workspace's zone, to the hour.")
]
UntilOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Clicks before this time; a date alone is the whole day.")
]
LastOption = Annotated[
    str | None, typer.Option(metavar="LENGTH", help="Clicks of the last 12h, 30d, 4w; instead of the other two.")
]
SortOption = Annotated[
    str | None,
    typer.Option(metavar="KEY[:asc|desc]", help="Sort by a column: figures from large to small, texts from A to Z."),
]
TopOption = Annotated[
    int | None, typer.Option(min=1, max=1_000_000_000, metavar="NUMBER", help="Only the first so many rows.")
]
MailingOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only what belongs to this mailing.")]
MailingsOption = Annotated[
    list[str] | None, typer.Option("--mailing", metavar="NAME", help="Only this mailing; again for further ones.")
]
ShipmentOption = Annotated[int | None, typer.Option(metavar="NUMBER", help="Only what belongs to this shipment.")]
FolderOption = Annotated[str | None, typer.Option(metavar="PATH", help="Only links of this folder and those in it.")]
TestsOption = Annotated[bool, typer.Option("--include-tests", help="Test shipments too; they are in no total.")]


class Choice(NamedTuple):
    """Which rows a person wants, in which order and where."""

    sort: SortOption = None
    top: TopOption = None
    destination: Destination = Destination()


class Times(NamedTuple):
    """The options of time, as they are written."""

    since: SinceOption = None
    until: UntilOption = None
    last: LastOption = None

    def __bool__(self) -> bool:
        return any(text is not None for text in self)


class ReportBasis(NamedTuple):
    """What a report is made from: the database, the zone that people live in, and now."""

    database: Database
    zone: tzinfo
    now: int


class Found(NamedTuple):
    """How a report finds its rows."""

    find: Callable[[Scope], Iterable[NamedTuple]]
    whole: Scope  # that it has without any option
    sentences: Sentences | None = None  # said where nothing is found; None for a report that always has rows
    clicked: Callable[[Scope], Iterable[object]] | None = None  # what tells that, where rows of 0 are shown as well
    link: int | None = None  # the number of the one that all rows are about, if they are


@contextmanager
def report_basis(context: typer.Context) -> Iterator[ReportBasis]:
    """The database as it is at one moment, once its figures are known to be counted in the workspace's hours."""
    from linktrack.clicks.rollups.zone import check_zone
    from linktrack.moments import now

    workspace = workspace_of(context)
    with opened(context) as database, database.at_one_moment():
        check_zone(database, workspace.settings.time_zone)
        yield ReportBasis(database, workspace.zone, now())


def check_times(times: Times) -> None:
    """UsageError where --last meets the other two."""
    if times.last is not None and (times.since is not None or times.until is not None):
        raise UsageError("--last ends now: leave out --since and --until, or --last")


def period_of(context: typer.Context, basis: ReportBasis, times: Times) -> Period:
    """The period of the options; that a time means the beginning of its hour is said."""
    from linktrack.reports.figures import read_period

    period, sentences = read_period(*times, basis.zone, basis.now)
    for sentence in sentences:
        say(context, sentence)
    return period


def say_rules(context: typer.Context, basis: ReportBasis, scope: Scope) -> None:
    """Which rules have told people from machines."""
    from linktrack.reports.figures import rules_that_judged

    if rules := rules_that_judged(basis.database, scope):
        mixed = "" if len(rules) == 1 else "; linktrack click judge judges all by today's"
        say(context, f"Judged by the rules of {' and of '.join(rules)}{mixed}.")


def say_uncounted(context: typer.Context, basis: ReportBasis, scope: Scope) -> None:
    """How many of the recipients refused tracking, where somebody did."""
    from linktrack.reports.figures import uncounted_in

    uncounted, sent = uncounted_in(basis.database, scope)
    if uncounted:
        say(context, f"{uncounted:,} of {sent:,} recipients could not be counted: they refused tracking.")


def say_mailing(context: typer.Context, basis: ReportBasis, scope: Scope, name: str) -> None:
    """To how many a mailing went and how many clicked, in a sentence."""
    from linktrack.reports.different_people import DifferentPeople
    from linktrack.reports.mailings import mailing_figures
    from linktrack.reports.totals import without_thin_rates

    people = DifferentPeople(basis.database, scope)
    for one in mailing_figures(basis.database, scope):
        looked_at, rate = without_thin_rates(one._asdict(), people), ""
        if looked_at["click_rate"] is not None:
            rate = f" ({one.click_rate:.1%}; 95 % interval {one.rate_low:.1%} to {one.rate_high:.1%})"
        say(context, f"{name}: sent to {one.sent:,}, {one.clickers:,} of them clicked{rate}.")


def show(
    context: typer.Context, basis: ReportBasis, scope: Scope, found: Found, layout: Layout, choice: Choice, *,
    inputs: Sequence[Path | None] = (),
) -> int:  # fmt: skip
    """The rows in their order, or why there are none, and which rules judged.

    Returns how many rows there were; totals are none. No file that is written is one of `inputs`.
    """
    from linktrack.reports.figures import columns_shown
    from linktrack.reports.order import read_order, sorted_rows

    layout = replace(layout, columns=columns_shown(layout.columns, basis.database))
    order = layout.order if choice.sort is None else read_order(choice.sort, layout.columns)
    rows = found.find(scope)
    if order is not None:
        rows = sorted_rows(rows, layout.columns, order)
    counted = _Counted(rows)
    shown, looks = _looked_at(context, basis, scope, found, counted, layout, choice)
    list_rows(context, shown, layout.columns, choice.destination, looks, inputs=inputs)
    if counted.count == 0 or (found.clicked is not None and not any(True for _ in found.clicked(scope))):
        say_why_empty(context, basis, scope, found)
    say_rules(context, basis, scope)
    say_uncounted(context, basis, scope)
    return counted.count


def say_why_empty(context: typer.Context, basis: ReportBasis, scope: Scope, found: Found) -> None:
    """Why a report has no rows, where it says anything of that."""
    from linktrack.reports.emptiness import why_empty

    if found.sentences is not None:
        say(context, why_empty(basis.database, scope, found.whole, found.clicked or found.find, found.sentences))


def _looked_at(
    context: typer.Context, basis: ReportBasis, scope: Scope, found: Found, rows: Iterable[NamedTuple], layout: Layout,
    choice: Choice,
) -> tuple[Iterable[ShownRow], Looks]:  # fmt: skip
    """Rows as they are written: with totals and what is drawn where people look at them, without thin rates there
    and in CSV for a spreadsheet."""
    from linktrack.reports.different_people import DifferentPeople
    from linktrack.reports.headings import WORDS
    from linktrack.reports.totals import with_totals, without_thin_rates

    chosen = choice.destination.chosen()
    looks = Looks(layout.table, layout.times)
    people = DifferentPeople(basis.database, scope, found.link)
    if chosen not in (Format.table, Format.md, Format.xlsx):
        some = islice(rows, choice.top)
        if not choice.destination.excel:
            return some, looks
        return (without_thin_rates(row._asdict(), people) for row in some), looks
    label = layout.table[0] if chosen is Format.table else layout.columns[0]
    words = WORDS[workspace_of(context).settings.language if chosen is Format.xlsx else "en"]
    if chosen is Format.xlsx:
        looks = replace(looks, chart=layout.chart, notes=_rules_note(words, basis, scope))
    whole = words["total"] if layout.totals else None
    shown: Iterable[Cells] = with_totals(
        (row._asdict() for row in rows), layout.columns, choice.top, label, people, rest=words["more"], whole=whole
    )
    if chosen is Format.table:
        shown = drawn(list(shown), layout, in_file=choice.destination.file is not None)
    return shown, looks


def _rules_note(words: Mapping[str, str], basis: ReportBasis, scope: Scope) -> tuple[str, ...]:
    """The line below the table of a workbook: the rules that judged."""
    from linktrack.reports.figures import rules_that_judged

    rules = rules_that_judged(basis.database, scope)
    return (words["rules"].format(rules=f" {words['and']} ".join(rules)),) if rules else ()


def is_table(destination: Destination) -> bool:
    """Whether rows are written as a table on stdout: as told, or on a terminal."""
    return destination.file is None and destination.chosen() is Format.table


def check_choice(layout: Layout, choice: Choice) -> None:
    """UsageError for a column or a format that the report does not have, before anything is looked up."""
    from linktrack.reports.order import read_order

    choice.destination.chosen()
    if choice.sort is not None:
        read_order(choice.sort, layout.columns)


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Iterable[NamedTuple]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[NamedTuple]:
        for row in self._rows:
            self.count += 1
            yield row
