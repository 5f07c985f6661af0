"""linktrack link: the library of tracked links."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linktrack.cli import link_definitions, link_editing
from linktrack.cli.output import Format, FormatOption, confirm, say, show_record
from linktrack.cli.shared_arguments import KeyArgument
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows

if TYPE_CHECKING:
    from linktrack.links.catalogue import LinkRow

app = noun("Tracked links: registered once, used in any mailing.")

KeysArgument = Annotated[list[str], typer.Argument(metavar="KEY …", help="The links' keys.")]
LIST_COLUMNS = ["key", "name", "folder", "url", "kind", "status", "mailing", "response", "actions"]


app.command("add")(link_editing.add)


@app.command("list")
def list_all(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(help="Only this folder and those in it.")] = None,
    mailing: Annotated[str | None, typer.Option(help="The local links of this mailing.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Local, special and deleted links too.")] = False,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted links too.")] = False,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="In key, name or address.")] = None,
    *,
    destination: Destination,
) -> None:
    """Registered links by folder; --all for every link there is.

    \b
    Examples:
      linktrack link list --folder Campaigns
      linktrack link list --all --search offer
    """
    from linktrack.links.catalogue import list_links

    kinds = ("registered", "local", "special") if every or mailing else ("registered",)
    with opened(context) as database:
        links = list_links(
            database, folder=folder, kinds=kinds, deleted=deleted or every, mailing=mailing, search=search
        )
    rows = [_row(link) for link in links]
    list_rows(context, rows, LIST_COLUMNS, destination, Looks(["key", "name", "folder", "actions"]))
    if not rows:
        if search is not None:
            say(context, f"No link has {search!r} in its key, name or address.")
        else:
            say(context, "There are no links here yet: make one with linktrack link add KEY --url URL.")


@app.command()
def show(context: typer.Context, key: KeyArgument, format: FormatOption = None) -> None:
    """One link: what it does, what has been clicked, and the mailings where it stands.

    \b
    Example:
      linktrack link show offer
    """
    from linktrack.cli.link_sections import link_sections
    from linktrack.reports.links import whole_link

    with opened(context) as database:
        found = whole_link(database, key)
    link = found.link
    record = {
        **_row(link),
        "response": link.response.table,
        "confirm": link.confirm,
        "actions": [action.table for action in found.actions],
        "created_at": link.created_at or None,  # the special links are as old as the database
        "updated_at": link.updated_at or None,
        "deleted_at": link.deleted_at,
        "reset_at": link.reset_at,
        "clicks": found.clicks,
        "clickers": found.clickers,
        "machine_clicks": found.machine_clicks,
        "first_click": found.first_click,
        "last_click": found.last_click,
        "mailings": [place.mailing for place in found.places],
    }
    if format is Format.table or (format is None and sys.stdout.isatty()):
        typer.echo(link_sections(record, found.actions, found.places, workspace_of(context).zone))
    else:
        show_record(record, format, zone=workspace_of(context).zone)


app.command("edit")(link_editing.edit)


@app.command()
def move(
    context: typer.Context,
    keys: KeysArgument,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder to put them in; / is none.")],
    wait: WaitOption = WAIT,
) -> None:
    """Put links into another folder.

    \b
    Example:
      linktrack link move offer news Campaigns/Spring
    """
    from linktrack.links.editing import move_links

    with opened(context, wait) as database:
        path = move_links(database, keys, folder)
    say(context, f"{_said(keys)} now in {path or 'no folder'}.")


@app.command()
def reset(
    context: typer.Context,
    key: KeyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Set a link's counter to zero and forget who clicked it, as after a test sending.

    \b
    Example:
      linktrack link reset offer --yes
    """
    from linktrack.clicks.reset import reset_link
    from linktrack.moments import now
    from linktrack.reports.links import whole_link

    with opened(context, wait) as database:
        clicks = whole_link(database, key).clicks
        if not confirm(context, f"Forget all clicks on {key} ({clicks} by people)?", yes):
            say(context, "Nothing was changed.")
            return
        reset_link(workspace_of(context), database, key, now(), wait)
    say(context, f"{key} counts from zero again.")


@app.command()
def delete(
    context: typer.Context,
    keys: KeysArgument,
    yes: Annotated[  # noqa: ARG001  (taken, as by mailing and folder delete)
        bool, typer.Option("--yes", "-y", help="Nothing is asked, with it or without: link restore takes it back.")
    ] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Delete links; mails already sent go on redirecting, and their clicks go on counting and acting.

    \b
    Example:
      linktrack link delete offer news
    """
    from linktrack.links.editing import delete_links

    with opened(context, wait) as database:
        delete_links(database, keys)
    names = " ".join(keys)
    say(context, f"Deleted {names}; sent mails go on redirecting. Take back with linktrack link restore {names}.")


@app.command()
def restore(
    context: typer.Context,
    keys: KeysArgument,
    wait: WaitOption = WAIT,
) -> None:
    """Take deleted links back.

    \b
    Example:
      linktrack link restore offer news
    """
    from linktrack.links.editing import restore_links

    with opened(context, wait) as database:
        lost = restore_links(database, keys)
    say(context, f"{_said(keys)} back.")
    for key, folder in lost.items():
        say(
            context,
            f"{key} stands in no folder now, for {folder} is deleted: take that back with linktrack folder restore, "
            "and put the link into it with linktrack link move.",
        )


app.command("check")(link_definitions.check)
app.command("apply")(link_definitions.apply)
app.command("export")(link_definitions.export)


def _said(keys: list[str]) -> str:
    """`offer is`, `offer, news are`."""
    return f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'}"


def _row(link: LinkRow) -> dict[str, Any]:
    return {
        "key": link.key,
        "name": link.name,
        "folder": link.folder,
        "url": link.url,
        "kind": link.kind,
        "status": link.status,
        "mailing": link.mailing,
        "response": link.response.kind,
        "actions": list(link.actions),
    }
