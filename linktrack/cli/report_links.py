"""linktrack report links and link: what was clicked of every link, or of one."""

from __future__ import annotations

import typer

from linktrack.cli.report_frame import (
    Choice,
    FolderOption,
    Found,
    MailingOption,
    ShipmentOption,
    TestsOption,
    Times,
    check_choice,
    check_times,
    period_of,
    report_basis,
    show,
)  # fmt: skip
from linktrack.cli.shared_arguments import KeyArgument


def links(
    context: typer.Context,
    folder: FolderOption = None,
    mailing: MailingOption = None,
    shipment: ShipmentOption = None,
    *,
    times: Times,
    choice: Choice,
) -> None:
    """Every link with its clicks.

    \b
    Examples:
      linktrack report links --folder Campaigns --sort click_rate --top 10
      linktrack report links --last 30d --format csv
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import EVERYTHING, scope_of
    from linktrack.reports.links import link_figures

    check_times(times)
    check_choice(layouts.LINKS, choice)
    with report_basis(context) as basis:
        period = period_of(context, basis, times)
        scope = scope_of(basis.database, mailing=mailing, shipment=shipment, folder=folder, period=period)
        nothing = "There are no links to report on yet: see linktrack link add and linktrack mailing add."
        sentences = Sentences(nothing, elsewhere="No tracked link stands there.")
        found = Found(lambda scope: link_figures(basis.database, scope), EVERYTHING, sentences)
        show(context, basis, scope, found, layouts.LINKS, choice)


def link(
    context: typer.Context,
    key: KeyArgument,
    mailing: MailingOption = None,
    shipment: ShipmentOption = None,
    include_tests: TestsOption = False,
    *,
    times: Times,
    choice: Choice,
) -> None:
    """One link, a row for each shipment of the mailings where it stands.

    \b
    Examples:
      linktrack report link offer
      linktrack report link offer --last 4w
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import EVERYTHING, scope_of
    from linktrack.reports.links import link_shipments
    from linktrack.store.lookups import link_id

    check_times(times)
    check_choice(layouts.LINK_SHIPMENTS, choice)
    with report_basis(context) as basis:
        scope = scope_of(basis.database, mailing=mailing, shipment=shipment, period=period_of(context, basis, times))
        found = Found(
            lambda scope: link_shipments(basis.database, key, scope, tests=include_tests),
            EVERYTHING,
            Sentences(f"{key} has not been sent yet.", elsewhere=f"{key} has not been sent there."),
            link=link_id(basis.database, key),
        )
        layout = layouts.with_tests(layouts.LINK_SHIPMENTS) if include_tests else layouts.LINK_SHIPMENTS
        show(context, basis, scope, found, layout, choice)
