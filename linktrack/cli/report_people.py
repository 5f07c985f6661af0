"""linktrack report contact, clickers, nonclickers: persons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.report_frame import (
    Choice,
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
from linktrack.cli.shared_context import opened, workspace_of
from linktrack.cli.shared_inputs import refuse_pipe
from linktrack.cli.shared_runs import tell
from linktrack.cli.usage import CommandFrame
from linktrack.errors import UsageError

people = CommandFrame(rich_markup_mode=None, pretty_exceptions_enable=False)


@people.command()
def contact(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="ID|EMAIL|NAME", help="The contact, whatever the case.")],
    mailing: MailingOption = None,
    shipment: ShipmentOption = None,
    include_tests: TestsOption = False,
    *,
    choice: Choice,
) -> None:
    """What was sent to a person, clicked (by machines too, with the verdict) and changed by it.

    \b
    Example:
      linktrack report contact anna@example.com
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import EVERYTHING, scope_of
    from linktrack.reports.people import history
    from linktrack.store.lookups import recipient_id

    check_choice(layouts.HISTORY, choice)
    with report_basis(context) as basis:
        scope = scope_of(basis.database, mailing=mailing, shipment=shipment)
        number = recipient_id(basis.database, who)
        found = Found(
            lambda scope: history(basis.database, number, scope, tests=include_tests),
            EVERYTHING,
            Sentences(f"Nothing was sent to {who} but tests.", elsewhere=f"Nothing was sent to {who} there."),
        )
        show(context, basis, scope, found, layouts.HISTORY, choice)


@people.command()
def clickers(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="The link's key.")] = None,
    mailing: MailingOption = None,
    shipment: ShipmentOption = None,
    placement: Annotated[str | None, typer.Option(metavar="KEY", help="Only those who clicked at this spot.")] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only those whose address was at this domain at the sending; '': who had none."
        ),
    ] = None,
    *,
    times: Times,
    choice: Choice,
    add_to_selection: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Add them to this selection of the CRM (with --out).")
    ] = None,
    add_to_project: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Add them to this project of the CRM (with --out).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A new or empty folder for the files.")
    ] = None,
    crm: Annotated[
        Path | None,
        typer.Option("--crm", metavar="EXPORT", help="The CRM's export, to leave out who is there already."),
    ] = None,
) -> None:
    """Who clicked a link or in a mailing, when, in which shipment. In a period: whose first click lies in it.

    With --add-to-selection or --add-to-project they are added there, and --out gets the files of an action run.

    \b
    Examples:
      linktrack report clickers offer
      linktrack report clickers --mailing news --domain example.com
      linktrack report clickers offer | linktrack mailing rewrite autumn --contacts all.csv --only - --out mails
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.clickers import clickers as find_clickers
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import scope_of
    from linktrack.store.lookups import link_id, placement_id

    check_times(times)
    if key is None and mailing is None:
        raise UsageError("whose clicks? Name a link's key, or --mailing NAME, or both")
    names = [*(add_to_selection or ()), *(add_to_project or ())]
    if bool(names) != (out is not None) or (crm and not names):
        raise UsageError("--add-to-selection or --add-to-project, and --out DIR for the files, go together")
    if names and (key is None or times or shipment is not None or placement or domain is not None or choice.top):
        raise UsageError("the clickers of a KEY, or of a KEY in a --mailing, are added: leave out the other options")
    if not all(name.strip() for name in names):
        raise UsageError("a selection or project needs a name")
    refuse_pipe(crm, "--crm")
    check_choice(layouts.CLICKERS, choice)
    with report_basis(context) as basis:
        scope = scope_of(basis.database, mailing=mailing, shipment=shipment, period=period_of(context, basis, times))
        link = None if key is None else link_id(basis.database, key)
        of = () if scope.mailing is None else (scope.mailing,)
        spot = (
            None
            if placement is None
            else placement_id(basis.database, placement, of=of, link=link, shipment=scope.shipment)
        )
        where = " ".join(filter(None, (key, mailing and f"in {mailing}")))
        first = f"on {where}" if key else where
        every = Found(
            lambda scope: find_clickers(basis.database, scope, link=link, placement=spot, domain=domain),
            scope_of(basis.database, mailing=mailing),
            Sentences(
                f"Nobody {'of them ' if spot or domain is not None else ''}has clicked {where} so far.",
                f"Nobody's first click {first} lies in this time.",
                f"Nobody has clicked {where} in shipment {shipment}.",
            ),
        )
        count = show(context, basis, scope, every, layouts.CLICKERS, choice, inputs=[crm])
    if out is not None and key is not None and count:
        from linktrack.actions.by_hand import ByHand
        from linktrack.actions.run import run_actions
        from linktrack.actions.run_input import RunOptions
        from linktrack.moments import now

        wanted = ByHand(key, mailing, tuple(add_to_selection or ()), tuple(add_to_project or ()))
        with opened(context) as database:
            report = run_actions(workspace_of(context), database, RunOptions(crm, now(), by_hand=wanted), out)
        tell(context, report, missing="not added")


@people.command()
def nonclickers(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The mailing's name.")],
    *,
    choice: Choice,
) -> None:
    """The persons who got a mailing and clicked in none of its shipments.

    \b
    Examples:
      linktrack report nonclickers news
      linktrack report nonclickers news | linktrack mailing rewrite autumn --contacts all.csv --only - --out mails
    """
    from linktrack.cli import report_layouts as layouts
    from linktrack.reports.emptiness import Sentences
    from linktrack.reports.figures import scope_of
    from linktrack.reports.nonclickers import nonclickers as find_nonclickers

    check_choice(layouts.NONCLICKERS, choice)
    with report_basis(context) as basis:
        scope = scope_of(basis.database, mailing=name)
        nobody = Sentences(f"There is nobody who got {name} and did not click.")
        found = Found(lambda scope: find_nonclickers(basis.database, scope), scope, nobody)
        show(context, basis, scope, found, layouts.NONCLICKERS, choice)
