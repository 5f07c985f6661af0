"""linktrack report: who clicked what."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from linktrack.cli.output import FormatOption, say, show_rows
from linktrack.cli.shared_context import noun, opened, workspace_of
from linktrack.cli.shared_runs import tell

app = noun(
    "Who clicked what. Clicks and clickers are of people; machine clicks stand beside them. A clicker is a recipient "
    "of one shipment: who clicks in two shipments counts in both."
)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The link's key.")]
MailingArgument = Annotated[str, typer.Argument(metavar="NAME", help="The mailing's name.")]

LINK_COLUMNS = [
    "key", "name", "folder", "url", "status", "placements", "clicks", "clickers", "machine_clicks", "sent",
    "click_rate", "first_click", "last_click", "actions",
]  # fmt: skip
LINK_TABLE = ["key", "name", "clicks", "clickers", "machine_clicks", "sent", "click_rate"]
SHIPMENT_COLUMNS = [
    "mailing", "shipment", "sent_at", "test", "sent", "clicks", "clickers", "machine_clicks", "test_clicks",
    "click_rate", "first_click", "last_click",
]  # fmt: skip
SHIPMENT_TABLE = ["shipment", "sent_at", "test", "sent", "clicks", "clickers", "machine_clicks", "click_rate"]
PLACEMENT_COLUMNS = ["placement", "position", "link", "label", "part", "kind", "line", "clicks", "machine_clicks"]
PLACEMENT_TABLE = ["position", "link", "label", "kind", "clicks", "machine_clicks"]
CLICKER_COLUMNS = ["contact_id", "email", "name", "mailing", "shipment", "first_click", "last_click", "clicks"]
CLICKER_TABLE = ["contact_id", "name", "mailing", "shipment", "first_click", "clicks"]


class By(StrEnum):
    link = "link"
    placement = "placement"
    shipment = "shipment"
    hour = "hour"


@app.command()
def links(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(help="Only links of this folder and those in it.")] = None,
    mailing: Annotated[str | None, typer.Option(help="Only links and clicks of this mailing.")] = None,
    format: FormatOption = None,
) -> None:
    """Every link with its clicks.

    \b
    Example:
      linktrack report links --folder Campaigns
    """
    from linktrack.links.folders import clean_path
    from linktrack.reports.figures import link_figures
    from linktrack.store.lookups import folder_id

    with opened(context) as database:
        path = None if folder is None else clean_path(folder)
        if path is not None:
            folder_id(database, path)
        rows = [_row(figures) for figures in link_figures(database, folder=path, mailing=mailing)]
    show_rows(rows, LINK_COLUMNS, format, zone=workspace_of(context).zone, table=LINK_TABLE)
    if not rows:
        say(context, "There are no links to report on yet: see linktrack link add and linktrack mailing add.")


@app.command()
def link(context: typer.Context, key: KeyArgument, format: FormatOption = None) -> None:
    """One link, a row for each shipment of the mailings where it stands.

    \b
    Example:
      linktrack report link offer
    """
    from linktrack.reports.figures import shipment_figures_of_link

    with opened(context) as database:
        rows = [_row(figures) for figures in shipment_figures_of_link(database, key)]
    show_rows(
        rows,
        SHIPMENT_COLUMNS,
        format,
        zone=workspace_of(context).zone,
        table=["mailing", *SHIPMENT_TABLE[:-2], SHIPMENT_TABLE[-1]],
    )
    if not rows:
        say(context, f"{key} has not been sent in a mailing yet.")


@app.command()
def mailing(
    context: typer.Context,
    name: MailingArgument,
    by: Annotated[By, typer.Option(help="What a row stands for.")] = By.link,
    format: FormatOption = None,
) -> None:
    """One mailing by link, placement, shipment or hour.

    \b
    Examples:
      linktrack report mailing news
      linktrack report mailing news --by hour --format csv
    """
    from linktrack.reports import figures

    with opened(context) as database:
        shipments = [shipment for shipment in figures.shipment_figures_of_mailing(database, name) if not shipment.test]
        match by:
            case By.link:
                found: list[Any] = list(figures.link_figures(database, mailing=name))
                columns, table = LINK_COLUMNS, LINK_TABLE
            case By.placement:
                found = list(figures.placement_figures(database, name))
                columns, table = PLACEMENT_COLUMNS, PLACEMENT_TABLE
            case By.shipment:
                found = list(figures.shipment_figures_of_mailing(database, name))
                columns, table = SHIPMENT_COLUMNS, SHIPMENT_TABLE
            case By.hour:
                found = list(figures.hour_figures(database, name))
                columns = table = ["hour", "clicks", "machine_clicks"]
    show_rows([_row(row) for row in found], columns, format, zone=workspace_of(context).zone, table=table)
    sent = sum(shipment.sent for shipment in shipments)
    clicked = sum(shipment.clickers for shipment in shipments)
    share = f" ({clicked / sent:.1%})" if sent else ""
    say(context, f"{name}: sent to {sent:,}, {clicked:,} of them clicked{share}.")


@app.command()
def clickers(
    context: typer.Context,
    key: KeyArgument,
    mailing: Annotated[str | None, typer.Option(help="Only those of this mailing.")] = None,
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
    format: FormatOption = None,
) -> None:
    """Who clicked a link, when, in which mailing.

    With --add-to-selection or --add-to-project they are added there, and --out gets the files of an action run.

    \b
    Example:
      linktrack report clickers offer --mailing news
    """
    from linktrack.errors import UsageError
    from linktrack.reports.figures import clickers as find_clickers

    names = [*(add_to_selection or ()), *(add_to_project or ())]
    if bool(names) != (out is not None) or (crm and not names):
        raise UsageError("--add-to-selection or --add-to-project, and --out DIR for the files, go together")
    if not all(name.strip() for name in names):
        raise UsageError("a selection or project needs a name")
    with opened(context) as database:
        rows = [_row(clicker) for clicker in find_clickers(database, key, mailing=mailing)]
        report = None
        if out is not None and rows:
            from linktrack.actions.by_hand import ByHand
            from linktrack.actions.run import run_actions
            from linktrack.actions.work import Order
            from linktrack.moments import now

            wanted = ByHand(key, mailing, tuple(add_to_selection or ()), tuple(add_to_project or ()))
            report = run_actions(workspace_of(context), database, Order(crm, now(), by_hand=wanted), out)
    show_rows(rows, CLICKER_COLUMNS, format, zone=workspace_of(context).zone, table=CLICKER_TABLE)
    if not rows:
        say(context, f"Nobody has clicked {key} yet.")
    if report is not None:
        tell(context, report, missing="not added")


def _row(figures: Any) -> dict[str, Any]:
    """Frozen figures as a row, the rate beside the counts."""
    row = dict(vars(figures))
    if hasattr(figures, "click_rate"):
        row["click_rate"] = figures.click_rate
    return row
