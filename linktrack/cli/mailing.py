"""linktrack mailing: messages, tagged, tracked and rewritten for recipients."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from linktrack.cli.mailing_adding import add_mail, edit_mail
from linktrack.cli.mailing_previewing import preview_mailing
from linktrack.cli.mailing_rewriting import rewrite_mailing
from linktrack.cli.mailing_tagging import (
    tag_file,
)
from linktrack.cli.output import FormatOption, confirm, say, show_record
from linktrack.cli.shared_arguments import NameArgument
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.sentences import counted

app = noun("Mailings: add, tag, check, rewrite for recipients.")

NamesArgument = Annotated[list[str], typer.Argument(metavar="NAME …", help="The mailings' names.")]

LIST_COLUMNS = ["mailing", "subject", "type", "placements", "links", "shipments", "size", "status", "created_at"]
ADDRESS_COLUMNS = ["placement", "link", "label", "kind", "line", "column", "target", "tracked", "reason"]
FINDING_COLUMNS = ["mailing", "rule", "part", "line", "column", "address", "message"]


app.command("add")(add_mail)


@app.command("list")
def list_all(
    context: typer.Context,
    deleted: Annotated[bool, typer.Option("--all", "--deleted", help="Deleted mailings too.")] = False,
    *,
    destination: Destination,
) -> None:
    """Mailings in the order in which they were added.

    \b
    Examples:
      linktrack mailing list
      linktrack mailing list --all --format json
    """
    from linktrack.mailings.catalogue import list_mailings

    with opened(context) as database:
        rows = [vars(row) for row in list_mailings(database, deleted=deleted)]
    table = ["mailing", "subject", "placements", "links", "shipments", *(["status"] if deleted else []), "created_at"]
    list_rows(context, rows, LIST_COLUMNS, destination, Looks(table))
    if not rows:
        say(context, "There are no mailings here yet: add one with linktrack mailing add NAME FILE.")


@app.command()
def show(context: typer.Context, name: NameArgument, format: FormatOption = None) -> None:
    """One mailing: its settings, what is tracked, and its shipments.

    \b
    Example:
      linktrack mailing show news
    """
    from linktrack.links.utm import NAMES
    from linktrack.mailings.catalogue import find_mailing, placements_of
    from linktrack.mailings.shipments import list_shipments

    with opened(context) as database:
        mailing = find_mailing(database, name)
        placements = [placement for placement in placements_of(database, mailing.id) if placement.position > 0]
        shipments = list_shipments(database, name)
    utm = mailing.settings.utm
    record: dict[str, Any] = {
        "mailing": mailing.name,
        "subject": mailing.subject,
        "type": mailing.type,
        "size": len(mailing.html),
        "text": mailing.text is not None,
        "track_all": mailing.settings.track_all,
        "base": mailing.settings.base,
        **{f"utm_{part}": getattr(utm, part) or "" for part in NAMES},
        "utm_policy": utm.policy,
        "placements": len(placements),
        "links": len({placement.link for placement in placements}),
        "shipments": [shipment.id for shipment in shipments],
        "created_at": mailing.created_at,
        "status": "active" if mailing.deleted_at is None else "deleted",
    }
    show_record(record, format, zone=workspace_of(context).zone)


@app.command()
def links(
    context: typer.Context,
    name: NameArgument,
    tracked: Annotated[bool | None, typer.Option("--tracked/--untracked", help="Only these.")] = None,
    *,
    destination: Destination,
) -> None:
    """Every address in a mailing: where it leads, or why it is left alone.

    \b
    Example:
      linktrack mailing links news --untracked
    """
    from linktrack.mailings.catalogue import address_rows, find_mailing

    with opened(context) as database:
        found = address_rows(database, find_mailing(database, name), workspace_of(context).settings.base_url)
    rows = [vars(row) for row in found if tracked is None or row.tracked == tracked]
    table = ["placement", "link", "label", "line", "target", "reason"]
    list_rows(context, rows, ADDRESS_COLUMNS, destination, Looks(table))


@app.command()
def check(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME|FILE…", help="Mailings, or HTML files.")],
    online: Annotated[
        bool, typer.Option("--online", help="Ask every target once, and list what does not answer.")
    ] = False,
    *,
    destination: Destination,
) -> None:
    """Look for what goes wrong in mails: broken addresses, phishing looks, no unsubscribe link. Exit code 6 if any.

    \b
    Examples:
      linktrack mailing check news
      linktrack mailing check news.html
    """
    from linktrack.mailings.lint import check_mailing

    workspace = workspace_of(context)
    rows = []
    with opened(context) as database:
        for name in names:
            found = check_mailing(database, workspace, name, online=online)
            rows += [{"mailing": name, **vars(finding)} for finding in found]
    whose = ["mailing"] if len(names) > 1 else []
    part = ["part"] if any(row["part"] != "html" for row in rows) else []
    table = [*whose, "rule", *part, "line", "column", "message", "address"]
    list_rows(context, rows, FINDING_COLUMNS, destination, Looks(table), inputs=names)
    if rows:
        say(context, f"{counted(len(rows), 'finding')}.")
        raise typer.Exit(6)
    say(context, "Nothing found.")


app.command("tag")(tag_file)


app.command("rewrite")(rewrite_mailing)


app.command("preview")(preview_mailing)


app.command("edit")(edit_mail)


@app.command()
def delete(
    context: typer.Context,
    names: NamesArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Take mailings out of the lists; addresses in mails already sent go on working.

    \b
    Example:
      linktrack mailing delete news autumn --yes
    """
    from linktrack.mailings.catalogue import find_mailing
    from linktrack.mailings.editing import delete_mailings
    from linktrack.moments import now

    with opened(context, wait) as database:
        for name in names:
            find_mailing(database, name)
        asked = f"the mailing {names[0]!r}" if len(names) == 1 else f"the mailings {', '.join(map(repr, names))}"
        if confirm(context, f"Delete {asked}?", yes):
            delete_mailings(database, names, moment=now())
            typed = shlex.join(names)
            say(context, f"Deleted {', '.join(names)}. Take back with linktrack mailing restore {typed}.")


@app.command()
def restore(context: typer.Context, names: NamesArgument, wait: WaitOption = WAIT) -> None:
    """Bring deleted mailings back.

    \b
    Example:
      linktrack mailing restore news
    """
    from linktrack.mailings.editing import restore_mailings

    with opened(context, wait) as database:
        restore_mailings(database, names)
    say(context, f"Restored {', '.join(names)}.")
