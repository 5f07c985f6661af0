"""linktrack link check, apply and export: all links at once, as their definitions say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_context import WAIT, WaitOption, opened, protected_of, workspace_of
from linktrack.cli.shared_inputs import readable_or_none
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.sentences import counted


def check(
    context: typer.Context,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only what concerns this link.")] = None,
    crm: Annotated[
        Path | None, typer.Option("--crm", metavar="EXPORT", help="Look for users, selections and columns there, too.")
    ] = None,
    *,
    destination: Destination,
) -> None:
    """Duplicate and contradictory actions, and references to what is not there; exit code 6 when it finds any.

    Selections, projects and interests that are new to the export, or without one to the settings, are only noted,
    unless they nearly have the name of another.

    \b
    Examples:
      linktrack link check
      linktrack link check offer --crm contacts.csv
    """
    from dataclasses import asdict

    from linktrack.actions.catalogue_check import check_catalogue
    from linktrack.links.check import FINDING_COLUMNS

    with opened(context) as database, readable_or_none(crm) as export:
        found = check_catalogue(workspace_of(context), database, key, export)
    rows = [asdict(one) for one in found]
    table = ["finding", "link", "mailing", "explanation"]
    list_rows(context, rows, FINDING_COLUMNS, destination, Looks(table), inputs=[crm])
    notes = sum(one.is_note for one in found)
    noted = counted(notes, "note") if notes else ""
    if count := len(found) - notes:
        say(context, counted(count, "finding") + (f" and {noted}." if noted else "."))
        raise typer.Exit(6)
    say(context, f"Nothing to complain about{f', {noted}' if noted else ''}.")


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A TOML file with [[link]] tables; - is standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show the difference, change nothing.")] = False,
    wait: WaitOption = WAIT,
    *,
    destination: Destination,
) -> None:
    """Make the links of a TOML file so; links that it does not name are left alone.

    Actions that are as they were keep their numbers, then changed ones of the same type in order; --dry-run shows it.
    A link is known by its key, or by its identity, its first key, where the file has one: then it gets the key.

    \b
    Example:
      linktrack link apply links.toml --dry-run
    """
    from dataclasses import asdict

    from linktrack.links.definitions import apply_definitions, compare, read_definitions

    destination.check_dry_run(dry_run)
    settings = workspace_of(context).settings
    wanted = read_definitions(file, settings.crm, settings.mailings.pairs, settings.serve.form_hosts)
    with opened(context, wait) as database:
        differences = compare(database, wanted) if dry_run else apply_definitions(database, wanted)
    if dry_run or destination.format is not None:
        rows = [asdict(difference) for difference in differences]
        list_rows(context, rows, ["key", "change", "field", "old", "new"], destination, inputs=[file])
    touched = len({difference.key for difference in differences})
    if not differences:
        say(context, f"Nothing to do: all {len(wanted)} links are as {file} says.")
    else:
        say(context, f"{'Would change' if dry_run else 'Changed'} {touched} of {len(wanted)} links.")


def export(
    context: typer.Context,
    folder: Annotated[str | None, typer.Option(help="Only this folder and those in it.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - is stdout.")] = Path("-"),
) -> None:
    """Write links as TOML that link apply reads; a link that was renamed has its identity, its first key, in it.

    \b
    Example:
      linktrack link export --folder Campaigns -o links.toml
    """
    from linktrack.files.writing import write_file
    from linktrack.links.definitions import exported_links

    with opened(context) as database:
        text, count = exported_links(database, folder)
    write_file(output, text.encode(), protected_of(context))
    if str(output) != "-":
        say(context, f"Wrote {count} links to {output}.")
