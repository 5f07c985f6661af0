"""linktrack shipment: sendings of a mailing to a list of recipients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli.mailing import Output
from linktrack.cli.output import FormatOption, iso, say, show_record, show_rows
from linktrack.cli.shared_context import kept_of, noun, opened, workspace_of

if TYPE_CHECKING:
    from linktrack.mailings.shipments import Shipment

app = noun("Sendings of a mailing to a list of recipients.")

COLUMNS = ["shipment", "mailing", "sent_at", "test", "state", "recipients", "output", "created_at"]

NumberArgument = Annotated[int, typer.Argument(metavar="SHIPMENT", help="The shipment's number.")]


@app.command("list")
def list_all(
    context: typer.Context,
    mailing: Annotated[str | None, typer.Option(help="Only those of this mailing.")] = None,
    format: FormatOption = None,
) -> None:
    """Shipments in the order in which they were made."""
    from linktrack.mailings.shipments import list_shipments

    with opened(context) as database:
        rows = [_row(shipment) for shipment in list_shipments(database, mailing)]
    show_rows(rows, COLUMNS, format, table=COLUMNS[:-1])
    if not rows:
        say(context, "There are no shipments yet: linktrack mailing rewrite makes one.")


@app.command()
def show(context: typer.Context, shipment: NumberArgument, format: FormatOption = None) -> None:
    """One shipment: when, to how many, and what its mails were made with."""
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
    show_record(record, format)


@app.command()
def render(
    context: typer.Context,
    shipment: NumberArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new folder; - is stdout (ndjson and mbox).")],
    output: Annotated[Output | None, typer.Option("--as", help="Another output than at first.")] = None,
    format: FormatOption = None,
) -> None:
    """Write a shipment's mails again: the same bytes, with the same tokens."""
    from linktrack.cli.shared_mails import progress_bar, stream_or_folder, summary, unwritten
    from linktrack.links.keys import open_keys
    from linktrack.mailings.catalog import find_mailing
    from linktrack.mailings.rewriting import compile_mail
    from linktrack.mailings.rewriting import render as render_shipment
    from linktrack.mailings.shipments import find_shipment, finish_shipment
    from linktrack.moments import now

    workspace = workspace_of(context)
    kept = kept_of(context)
    with opened(context) as database:
        found = find_shipment(database, shipment)
        chosen = found.settings.output if output is None else output.value
        target = stream_or_folder(out, chosen, kept)
        settings = replace(found.settings, output=chosen)
        mail = compile_mail(database, find_mailing(database, found.mailing), settings)
        tokens = open_keys(workspace, database).tokens
        with unwritten(context, found), progress_bar(context, "Mails", found.recipients) as progress:
            written = render_shipment(
                database, mail, replace(found, settings=settings), tokens, target, kept=kept, progress=progress
            )
            finish_shipment(database, found.id, now())
    summary(context, found, written, out, (), format)


def _row(shipment: Shipment) -> dict[str, Any]:
    return {
        "shipment": shipment.id,
        "mailing": shipment.mailing,
        "sent_at": iso(shipment.sent_at),
        "test": shipment.test,
        "state": shipment.state,
        "recipients": shipment.recipients,
        "output": shipment.settings.output,
        "created_at": iso(shipment.created_at),
    }
