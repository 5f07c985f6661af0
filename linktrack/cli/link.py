"""linktrack link: the library of tracked links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from linktrack.cli.output import FormatOption, confirm, iso, say, show_record, show_rows
from linktrack.cli.shared_context import noun, opened, workspace_of

app = noun("Tracked links: registered once, used in any mailing.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The link's key.")]
UrlOption = Annotated[str | None, typer.Option("--url", help="Where a click leads.")]
NameOption = Annotated[str | None, typer.Option("--name", help="What people call it.")]
TextOption = Annotated[
    str | None, typer.Option("--text", help="Show this feedback text (HTML) instead of redirecting.")
]
FormOption = Annotated[str | None, typer.Option("--form", metavar="URL", help="Open this form instead of redirecting.")]
PrefillOption = Annotated[
    list[str] | None,
    typer.Option("--prefill", metavar="FIELD=CONTACT_FIELD", help="Fill a form field with a contact's; repeatable."),
]

LIST_COLUMNS = ["key", "name", "folder", "url", "kind", "status", "mailing", "response", "actions"]


@app.command("add")
def add(
    context: typer.Context,
    key: KeyArgument,
    url: UrlOption = None,
    name: NameOption = None,
    folder: Annotated[str | None, typer.Option(help="The folder it belongs in.")] = None,
    parents: Annotated[bool, typer.Option("--parents", help="Make a missing folder.")] = False,
    text: TextOption = None,
    form: FormOption = None,
    prefill: PrefillOption = None,
) -> None:
    """Register a link."""
    from linktrack.errors import UsageError
    from linktrack.links.catalog import add_link
    from linktrack.links.folders import clean_path, ensure_folder
    from linktrack.store import lookups

    response = _response(text, form, prefill, redirect=False)
    if url is None and response is None:
        raise UsageError(f"the link {key!r} needs --url, or --text or --form for what a visitor sees instead")
    with opened(context) as database, database.session() as session:
        folder_id = None
        if folder is not None:
            path = clean_path(folder)
            folder_id = ensure_folder(database, path) if parents else lookups.folder_id(database, path)
        link = add_link(session, key, url=url or "", name=name, folder_id=folder_id, response=response)
    say(context, f"Registered {link.key}: {link.url or link.response}")


@app.command("list")
def list_all(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(help="Only this folder and those in it.")] = None,
    mailing: Annotated[str | None, typer.Option(help="The local links of this mailing.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Local, special and deleted links too.")] = False,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted links too.")] = False,
    format: FormatOption = None,
) -> None:
    """Registered links by folder; --all for every link there is."""
    from linktrack.links.catalog import list_links

    kinds = ("registered", "local", "special") if every or mailing else ("registered",)
    with opened(context) as database:
        links = list_links(database, folder=folder, kinds=kinds, deleted=deleted or every, mailing=mailing)
    rows = [_row(link) for link in links]
    show_rows(rows, LIST_COLUMNS, format, table=["key", "name", "folder", "actions"])
    if not rows:
        say(context, "There are no links here yet: make one with linktrack link add KEY --url URL.")


@app.command()
def show(context: typer.Context, key: KeyArgument, format: FormatOption = None) -> None:
    """One link: what it does, and what has been clicked."""
    from linktrack.links.catalog import find_link
    from linktrack.links.definitions import stored_definitions
    from linktrack.reports.figures import link_figures

    with opened(context) as database:
        link = find_link(database, key)
        definition = stored_definitions(database, [link])[key]
        figures = link_figures(database, keys=[key])[0]
    record = {
        **_row(link),
        "response": link.response,
        "actions": list(definition.actions),
        "created_at": iso(link.created_at),
        "updated_at": iso(link.updated_at),
        "reset_at": iso(link.reset_at),
        "clicks": figures.clicks,
        "clickers": figures.clickers,
        "machine_clicks": figures.machine_clicks,
        "first_click": iso(figures.first_click),
        "last_click": iso(figures.last_click),
    }
    show_record(record, format)


@app.command()
def edit(
    context: typer.Context,
    key: KeyArgument,
    url: UrlOption = None,
    name: NameOption = None,
    new_key: Annotated[str | None, typer.Option("--key", help="Another key; sent mails follow.")] = None,
    redirect: Annotated[bool, typer.Option("--redirect", help="Redirect to the URL again.")] = False,
    text: TextOption = None,
    form: FormOption = None,
    prefill: PrefillOption = None,
) -> None:
    """Change a link; mails already sent follow."""
    from linktrack.errors import UsageError
    from linktrack.links.catalog import edit_link

    response = _response(text, form, prefill, redirect=redirect)
    if url is None and name is None and new_key is None and response is None:
        raise UsageError("say what to change: --url, --name, --key, --redirect, --text or --form")
    with opened(context) as database, database.session() as session:
        link = edit_link(session, key, new_key=new_key, url=url, name=name, response=response)
        session.flush()
    shown = {"redirect": f"leads to {link.url}", "text": "shows its text", "form": "opens its form"}
    say(context, f"{link.key} now {shown[json.loads(link.response)['kind']]}.")


@app.command()
def move(
    context: typer.Context,
    key: KeyArgument,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder to put it in; / is none.")],
) -> None:
    """Put a link into another folder."""
    from linktrack.links.catalog import move_link

    with opened(context) as database:
        path = move_link(database, key, folder)
    say(context, f"{key} is now in {path or 'no folder'}.")


@app.command()
def reset(
    context: typer.Context,
    key: KeyArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Set a link's counter to zero and forget who clicked it, e.g. after a test sending."""
    from linktrack.clicks.reset import reset_link
    from linktrack.links.catalog import find_link
    from linktrack.moments import now
    from linktrack.reports.figures import link_figures

    with opened(context) as database:
        find_link(database, key)
        clicks = link_figures(database, keys=[key])[0].clicks
        if not confirm(context, f"Forget all clicks on {key} ({clicks} by people)?", yes):
            say(context, "Nothing was changed.")
            return
        reset_link(workspace_of(context), database, key, now())
    say(context, f"{key} counts from zero again.")


@app.command()
def delete(context: typer.Context, key: KeyArgument) -> None:
    """Delete a link; mails already sent go on redirecting, and their clicks go on counting and acting."""
    from linktrack.links.catalog import delete_link

    with opened(context) as database:
        delete_link(database, key)
    say(context, f"Deleted {key}; sent mails go on redirecting. Take it back with linktrack link restore {key}.")


@app.command()
def restore(context: typer.Context, key: KeyArgument) -> None:
    """Take a deleted link back."""
    from linktrack.links.catalog import restore_link

    with opened(context) as database:
        restore_link(database, key)
    say(context, f"{key} is back.")


@app.command("check")
def check(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only what concerns this link.")] = None,
    crm: Annotated[
        Path | None, typer.Option("--crm", metavar="EXPORT", help="Look for users, selections and columns there, too.")
    ] = None,
    format: FormatOption = None,
) -> None:
    """Duplicate and contradictory actions, and references to what is not there; exit code 6 when it finds any."""
    from linktrack.crm.export import export_names
    from linktrack.crm.mapping import mapping_of
    from linktrack.links.catalog import find_link
    from linktrack.links.check import FINDING_COLUMNS, ExportNames, check_links

    workspace = workspace_of(context)
    with opened(context) as database:
        if key is not None:
            find_link(database, key)
        names = ExportNames() if crm is None else ExportNames(**export_names(crm, mapping_of(workspace)))
        rows = check_links(workspace, database, key, names)
    show_rows(rows, FINDING_COLUMNS, format, table=["finding", "link", "mailing", "explanation"])
    if rows:
        say(context, f"{len(rows)} finding{'s' if len(rows) > 1 else ''}.")
        raise typer.Exit(6)
    say(context, "Nothing to complain about.")


@app.command("apply")
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A TOML file with [[link]] tables; - is standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show the difference, change nothing.")] = False,
    format: FormatOption = None,
) -> None:
    """Make the links of a TOML file so; links that it does not name are left alone."""
    from dataclasses import asdict

    from linktrack.links.definitions import apply_definitions, compare, read_definitions

    wanted = read_definitions(file, workspace_of(context).settings.crm)
    with opened(context) as database:
        differences = compare(database, wanted) if dry_run else apply_definitions(database, wanted)
    if dry_run or format is not None:
        show_rows([asdict(difference) for difference in differences], ["key", "change", "field", "old", "new"], format)
    touched = len({difference.key for difference in differences})
    if not differences:
        say(context, f"Nothing to do: all {len(wanted)} links are as {file} says.")
    else:
        say(context, f"{'Would change' if dry_run else 'Changed'} {touched} of {len(wanted)} links.")


@app.command("export")
def export(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(help="Only this folder and those in it.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write, instead of stdout.")] = None,
) -> None:
    """Write links as TOML that link apply reads."""
    from linktrack.links.catalog import list_links
    from linktrack.links.definitions import export_toml, stored_definitions

    with opened(context) as database:
        links = list_links(database, folder=folder)
        if folder is None:
            links += [link for link in list_links(database, kinds=("special",)) if link.actions]
        text = export_toml(stored_definitions(database, links).values())
    if output is None or str(output) == "-":
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        say(context, f"Wrote {len(links)} links to {output}.")


def _row(link: Any) -> dict[str, Any]:
    return {
        "key": link.key,
        "name": link.name,
        "folder": link.folder,
        "url": link.url,
        "kind": link.kind,
        "status": link.status,
        "mailing": link.mailing,
        "response": link.response["kind"],
        "actions": list(link.actions),
    }


def _response(
    text: str | None, form: str | None, prefill: list[str] | None, *, redirect: bool
) -> dict[str, Any] | None:
    """The response that the options describe, or None when they say nothing of it."""
    from linktrack.errors import UsageError

    if (text is not None) + (form is not None) + redirect > 1:
        raise UsageError("a link has one response: --text, --form or --redirect")
    if prefill and form is None:
        raise UsageError("--prefill goes with --form")
    if text is not None:
        return {"kind": "text", "text": text}
    if form is not None:
        response: dict[str, Any] = {"kind": "form", "url": form}
        pairs = [pair.partition("=") for pair in prefill or []]
        if any(not (name and sign and value) for name, sign, value in pairs):
            raise UsageError("--prefill is written FIELD=CONTACT_FIELD, e.g. --prefill name=name")
        if pairs:
            response["prefill"] = {name: value for name, _, value in pairs}
        return response
    return {"kind": "redirect"} if redirect else None
