"""linktrack report: who clicked what."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli import report_links
from linktrack.cli.report_drawing import show_week
from linktrack.cli.report_frame import (
    Choice,
    FolderOption,
    Found,
    MailingsOption,
    ReportBasis,
    ShipmentOption,
    TestsOption,
    Times,
    check_choice,
    check_times,
    is_table,
    period_of,
    report_basis,
    say_mailing,
    say_rules,
    say_uncounted,
    say_why_empty,
    show,
)  # fmt: skip
from linktrack.cli.report_page import page
from linktrack.cli.report_people import people
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import noun
from linktrack.errors import UsageError

if TYPE_CHECKING:
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import Scope

app = noun(
    "Who clicked what. Clicks and clickers are of people; machine clicks stand beside them. A clicker is a recipient "
    "of one shipment: who clicks in two shipments counts in both."
)

app.add_typer(people)
app.add_typer(page)


class By(StrEnum):
    """What a row of a mailing stands for."""

    link = "link"
    placement = "placement"
    shipment = "shipment"
    hour = "hour"
    day = "day"
    weekday = "weekday"
    weekhour = "weekhour"
    domain = "domain"
    device = "device"
    reason = "reason"
    age = "age"
    action = "action"


class MailingsBy(StrEnum):
    """What a row of all mailings stands for."""

    mailing = "mailing"
    engagement = "engagement"


@app.command()
def mailings(
    context: typer.Context,
    by: Annotated[
        MailingsBy, typer.Option(help="A row for each mailing, or for how many of the last ones persons clicked.")
    ] = MailingsBy.mailing,
    of: Annotated[
        int | None, typer.Option("--of", min=1, max=100, help="With --by engagement: of the last 5 mailings, or so.")
    ] = None,
    mailing: MailingsOption = None,
    shipment: ShipmentOption = None,
    *,
    times: Times,
    choice: Choice,
) -> None:
    """All mailings, with totals.

    \b
    Examples:
      linktrack report mailings
      linktrack report mailings --mailing news --mailing autumn
      linktrack report mailings --since 2026-03-01 --until 2026-03-31
      linktrack report mailings --by engagement --of 5
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import EVERYTHING, scope_of
    from linktrack.reports.mailings import engagement, mailing_figures

    if of is not None and by is not MailingsBy.engagement:
        raise UsageError("--of goes with --by engagement")
    if times and by is MailingsBy.engagement:
        raise UsageError("--by engagement is of whole mailings: leave out --since, --until and --last")
    check_times(times)
    layout = layouts.MAILINGS if by is MailingsBy.mailing else layouts.ENGAGEMENT
    check_choice(layout, choice)
    with report_basis(context) as basis:
        period = period_of(context, basis, times)
        scope = scope_of(basis.database, mailings=mailing or (), shipment=shipment, period=period)

        def find(scope: Scope) -> list[Any]:
            if by is MailingsBy.mailing:
                return list(mailing_figures(basis.database, scope))
            return list(engagement(basis.database, scope, of or 5))

        some = "None of them was sent yet." if by is MailingsBy.engagement else "None of them was sent or clicked."
        nothing = "There are no mailings yet: linktrack mailing add takes one in."
        if by is MailingsBy.engagement:
            nothing = "No mailing was sent yet: linktrack mailing rewrite sends one."
        show(context, basis, scope, Found(find, EVERYTHING, Sentences(nothing, elsewhere=some)), layout, choice)


@app.command()
def mailing(
    context: typer.Context,
    name: NameArgument,
    by: Annotated[By, typer.Option(help="What a row stands for.")] = By.link,
    shipment: ShipmentOption = None,
    folder: FolderOption = None,
    repeated: Annotated[
        bool, typer.Option("--repeated", help="With --by placement: only links that stand in several places.")
    ] = False,
    include_tests: TestsOption = False,
    *,
    times: Times,
    choice: Choice,
) -> None:
    """One mailing by link, placement, shipment, time, domain, device, reason, age or what it caused.

    \b
    Examples:
      linktrack report mailing news
      linktrack report mailing news --by placement
      linktrack report mailing news --by day --last 4w
      linktrack report mailing news --by domain --top 10
      linktrack report mailing news --by shipment --include-tests
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.breakdowns import placement_figures
    from linktrack.reports.breakdowns import repeated as repeated_placements
    from linktrack.reports.figures import scope_of
    from linktrack.reports.shipments import shipment_figures
    from linktrack.reports.times import hours

    check_times(times)
    report = layouts.ONE_MAILING[by]
    if times and not report.timed:
        timed = ", ".join(name for name, one in layouts.ONE_MAILING.items() if one.timed)
        raise UsageError(f"--by {by} is not counted by time: --since, --until and --last go with {timed}")
    if folder is not None and by not in (By.link, By.placement):
        raise UsageError("--folder goes with --by link and --by placement")
    if repeated and by is not By.placement:
        raise UsageError("--repeated goes with --by placement: it is about the places of a link")
    if include_tests and by is not By.shipment:
        raise UsageError("--include-tests goes with --by shipment: tests count in no other figure")
    check_choice(report.layout, choice)
    with report_basis(context) as basis:
        period = period_of(context, basis, times)
        scope = scope_of(basis.database, mailing=name, shipment=shipment, folder=folder, period=period)
        layout = layouts.with_tests(report.layout) if include_tests else report.layout

        def find(scope: Scope) -> Iterable[Any]:
            if repeated:
                return repeated_placements(placement_figures(basis.database, scope))
            return (
                shipment_figures(basis.database, scope, tests=True) if include_tests else report.figures(basis, scope)
            )

        found = Found(find, scope_of(basis.database, mailing=name), _of_mailing(basis, name, by, repeated=repeated))
        if by is By.weekday:  # of which there are always seven
            found = found._replace(clicked=lambda scope: hours(basis.database, scope))
        if by is By.weekhour and is_table(choice.destination) and choice.sort is None and choice.top is None:
            rows = list(find(scope))
            show_week(rows)
            if not rows:
                say_why_empty(context, basis, scope, found)
            say_rules(context, basis, scope)
            say_uncounted(context, basis, scope)
        else:
            show(context, basis, scope, found, layout, choice)
        say_mailing(context, basis, scope, name)


def _of_mailing(basis: ReportBasis, name: str, by: By, *, repeated: bool) -> Sentences:
    """What is said of a mailing of which there is nothing to report."""
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import scope_of
    from linktrack.reports.shipments import shipment_figures

    if not shipment_figures(basis.database, scope_of(basis.database, mailing=name)):
        nothing = f"{name} has not been sent yet: linktrack mailing rewrite {name} sends it."
    elif repeated:
        nothing = f"No link stands in several places of {name}."
    elif by in (By.link, By.placement):
        nothing = f"No tracked link stands in {name}."
    elif by is By.action:
        nothing = f"No click in {name} has caused anything so far."
    else:
        nothing = f"Nothing was clicked in {name} so far."
    in_time = "Nothing was sent or clicked in this time."
    if by in (By.hour, By.day, By.weekday, By.weekhour):
        in_time = f"Nothing was clicked in {name} in this time."
    return Sentences(nothing, in_time, f"Nothing of it is in that shipment of {name}.")


app.command("links")(report_links.links)
app.command("link")(report_links.link)


@app.command()
def compare(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME NAME ...", help="Two mailings or more.")],
    *,
    choice: Choice,
) -> None:
    """Each pair of mailings: the difference of their click rates, and how sure it is.

    significant: the 95 % interval of the difference excludes 0. promising: the 90 % interval does. not significant:
    neither, and the interval is narrow. inconclusive: too few to tell, or under 5 clickers. What people look at leaves
    out a verdict that rests on fewer than five different people, as it does rates.

    \b
    Example:
      linktrack report compare news autumn
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.figures import EVERYTHING
    from linktrack.reports.mailings import compare_mailings

    check_choice(layouts.COMPARISON, choice)
    with report_basis(context) as basis:
        found = Found(lambda _: compare_mailings(basis.database, names), EVERYTHING)
        show(context, basis, EVERYTHING, found, layouts.COMPARISON, choice)
