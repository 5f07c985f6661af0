"""linktrack shipment: sendings of a mailing to a list of recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.output import FormatOption, say, show_record, warn
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, protected_of, workspace_of
from linktrack.cli.shared_mails import OutOption, Output, WritingOptions
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.mailings.shipments import Shipment

app = noun("Sendings of a mailing to a list of recipients.")

COLUMNS = ["shipment", "mailing", "sent_at", "test", "state", "recipients", "uncounted", "output", "created_at"]
TABLE = ["shipment", "mailing", "sent_at", "state", "recipients", "uncounted"]

RECIPIENT_COLUMNS = [
    *("contact_id", "email", "name", "clicks", "machine_clicks", "first_click", "last_click", "uncounted"),
]
RECIPIENT_TABLE = ["contact_id", "email", "name", "clicks", "first_click", "uncounted"]

AgainOption = Annotated[
    bool, typer.Option("--again", help="Also when recipients of it have got the mailing by another shipment.")
]
ShipmentArgument = Annotated[int, typer.Argument(metavar="SHIPMENT", help="The shipment's number.")]


@app.command("list")
def list_all(
    context: typer.Context,
    mailing: Annotated[str | None, typer.Option(help="Only those of this mailing.")] = None,
    *,
    destination: Destination,
) -> None:
    """Shipments in the order in which they were made.

    \b
    Example:
      linktrack shipment list --mailing news
    """
    from linktrack.contacts.consent import anybody_refused
    from linktrack.mailings.shipments import list_shipments

    with opened(context) as database:
        rows = [_row(shipment) for shipment in list_shipments(database, mailing)]
        asked = anybody_refused(database)
    columns, table = _shown(COLUMNS, asked), _shown(TABLE, asked)
    list_rows(context, rows, columns, destination, Looks(table))
    if not rows:
        say(context, "There are no shipments yet: linktrack mailing rewrite makes one.")


@app.command()
def show(context: typer.Context, shipment: ShipmentArgument, format: FormatOption = None) -> None:
    """One shipment: when, to how many, and what its mails were made with.

    \b
    Example:
      linktrack shipment show 3
    """
    from linktrack.mailings.shipments import find_shipment

    with opened(context) as database:
        found = find_shipment(database, shipment)
    settings = found.settings
    record = {
        **_row(found),
        "base_url": settings.base_url,
        "honeypot": settings.honeypot,
        "merge_tag": settings.merge_tag or None,
        "from": settings.sender or None,
        "key_id": settings.key_id,
    }
    if not found.uncounted:
        del record["uncounted"]
    show_record(record, format, zone=workspace_of(context).zone)


@app.command()
def render(
    context: typer.Context,
    shipment: ShipmentArgument,
    out: OutOption,
    output: Annotated[Output | None, typer.Option("--as", help="Another output than at first.")] = None,
    *,
    writing: WritingOptions,
    again: AgainOption = False,
    wait: WaitOption = WAIT,
    format: FormatOption = None,
) -> None:
    """Write a shipment's mails again: the same bytes, with the same tokens. One that was unfinished is finished by it.

    Of an unfinished or cancelled one whose people have got the mailing by another shipment, nothing is written.

    \b
    Examples:
      linktrack shipment render 3 --out mails
      linktrack shipment render 3 --out - --as mbox --from 'Anna <anna@example.com>'
    """
    from linktrack.cli.shared_mails import out_of, progress_bars, show_rewritten
    from linktrack.mailings.rewriting import render_again

    workspace = workspace_of(context)
    with opened(context, wait) as database, progress_bars(context) as progress:
        done = render_again(
            workspace,
            database,
            shipment,
            out_of(out),
            output=None if output is None else output.value,
            **writing._asdict(),
            again=again,
            protected=protected_of(context),
            tell=warn,
            progress=progress,
        )
    show_rewritten(context, done, out, format)


@app.command()
def cancel(context: typer.Context, shipment: ShipmentArgument, wait: WaitOption = WAIT) -> None:
    """Take a shipment out of all figures and actions; the addresses in its mails go on working.

    \b
    Examples:
      linktrack shipment cancel 3
      linktrack shipment restore 3
    """
    from linktrack.mailings.shipment_states import cancel_shipment
    from linktrack.moments import now

    with opened(context, wait) as database:
        found = cancel_shipment(database, shipment, now())
    say(
        context,
        f"Cancelled shipment {shipment} of {found.mailing} ({counted(found.recipients, 'recipient')}): it counts in no "
        f"figure, and its addresses go on working. linktrack shipment restore {shipment} takes this back.",
    )


@app.command()
def restore(
    context: typer.Context, shipment: ShipmentArgument, again: AgainOption = False, wait: WaitOption = WAIT
) -> None:
    """Let a cancelled shipment count again, or an unfinished one: its mails were sent after all.

    Where people have got the mailing by another shipment meanwhile, it stops and says how many.

    \b
    Example:
      linktrack shipment restore 3
    """
    from linktrack.mailings.shipment_states import restore_shipment
    from linktrack.moments import now

    with opened(context, wait) as database:
        found = restore_shipment(database, shipment, now(), again=again)
    counts = "is a test and counts in no figure" if found.test else "counts from now on"
    say(context, f"Restored shipment {shipment} of {found.mailing}: it {counts}.")


@app.command()
def recipients(
    context: typer.Context,
    shipment: ShipmentArgument,
    *,
    destination: Destination,
) -> None:
    """Who a shipment went to, with the clicks of each (none where it is cancelled), in the order of the contacts.

    \b
    Examples:
      linktrack shipment recipients 3 --format csv
      linktrack shipment recipients 3 | linktrack mailing rewrite news --contacts all.csv --except - --out rest
    """
    from linktrack.contacts.consent import anybody_refused
    from linktrack.mailings.shipment_recipients import recipient_rows
    from linktrack.mailings.shipments import find_shipment

    with opened(context) as database:
        asked = anybody_refused(database)
        columns, table = _shown(RECIPIENT_COLUMNS, asked), _shown(RECIPIENT_TABLE, asked)
        list_rows(context, recipient_rows(database, shipment), columns, destination, Looks(table))
        found = find_shipment(database, shipment)
        if found.uncounted:
            say(context, f"{found.uncounted:,} of them refused tracking: nobody knows what they clicked.")
        if found.state == "cancelled":
            say(
                context,
                f"Shipment {shipment} is cancelled and counts in no figure, so no clicks stand here: "
                f"linktrack shipment restore {shipment} brings them back.",
            )


def _shown(columns: list[str], asked: bool) -> list[str]:
    """The columns, `uncounted` among them once somebody has refused tracking."""
    return [column for column in columns if asked or column != "uncounted"]


def _row(shipment: Shipment) -> dict[str, Any]:
    return {
        "shipment": shipment.id,
        "mailing": shipment.mailing,
        "sent_at": shipment.sent_at,
        "test": shipment.test,
        "state": shipment.state,
        "recipients": shipment.recipients,
        "uncounted": shipment.uncounted,
        "output": shipment.settings.output,
        "created_at": shipment.created_at,
    }
