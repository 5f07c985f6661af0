"""linktrack doctor: is the workspace in order, and how is an export of the CRM understood?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linktrack.cli.output import confirm, say, warn
from linktrack.cli.shared_context import WAIT, WaitOption, opened, single, workspace_of
from linktrack.cli.shared_inputs import readable
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.errors import PartlyDone, UsageError
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.crm.guess import GuessedSetting

app = single()

_NEEDED = (("crm", "contacts", "id"), ("crm", "encoding"))  # settings without which the export cannot be used


@app.command()
def doctor(
    context: typer.Context,
    crm: Annotated[
        Path | None,
        typer.Option(
            "--crm", metavar="EXPORT", help="Show how each column of this file or folder is understood; - reads stdin."
        ),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="With --crm: put what was guessed into [crm] of linktrack.toml.")
    ] = False,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Look at every row and every figure, too; with --crm, name every row that is left as it is."
        ),
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make anew what can be derived from the clicks, after saying what.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --repair or --write: do it, or change what stands there, unasked.")
    ] = False,
    wait: WaitOption = WAIT,
    *,
    destination: Destination,
) -> None:
    """Check configuration, key, scripts and database, or an export of the CRM; exit code 6 with findings, warnings too.

    What can be derived (the figures of reports, which clicks are open) is made anew by --repair.

    \b
    Examples:
      linktrack doctor
      linktrack doctor --deep --format json
      linktrack doctor --crm contacts.csv
    """
    if crm is not None and not repair:
        _show_export(context, crm, destination, write, yes, deep)
        return
    if write or (crm is not None) or (yes and not repair):
        raise UsageError("--write goes with --crm EXPORT alone, --yes with it or with --repair")
    if repair:
        _repair(context, yes, wait)
        return
    from linktrack.server.live import check_pages
    from linktrack.upkeep.doctor import examine
    from linktrack.workspace import find_root

    root, _ = find_root(Path.cwd(), context.obj.workspace, os.environ)
    checks = examine(root, os.environ, deep=deep, uses=(check_pages,))
    list_rows(context, [check._asdict() for check in checks], ["check", "state", "detail", "advice"], destination)
    errors, warnings = (sum(check.state == state for check in checks) for state in ("error", "warning"))
    if errors or warnings:
        raise PartlyDone(f"{counted(errors, 'error')} and {counted(warnings, 'warning')}: follow the advice of each")
    say(context, "The workspace is in order.")


def _repair(context: typer.Context, yes: bool, wait: float) -> None:
    """Say what a repair does, ask, do it, and look whether all is well then."""
    from linktrack.server.live import check_pages
    from linktrack.upkeep.doctor import examine
    from linktrack.upkeep.repair import plan_repair, repair

    workspace = workspace_of(context)
    with opened(context, wait) as database:
        plan = plan_repair(workspace, database)
        say(context, f"{plan.sentence()}.")
        if not confirm(context, "Do it?", yes):
            raise typer.Exit(130)
        words = repair(workspace, database, wait)
    say(context, plan.done(words))
    checks = examine(workspace.root, os.environ, deep=True, uses=(check_pages,))
    if left := sum(check.state == "error" for check in checks):
        raise PartlyDone(f"{counted(left, 'finding')} cannot be mended so: see linktrack doctor --deep")


def _show_export(
    context: typer.Context, export: Path, destination: Destination, write: bool, yes: bool, deep: bool
) -> None:
    from linktrack.crm.describe import COLUMNS, SHOWN, describe_export
    from linktrack.crm.export import mapping_of
    from linktrack.crm.settings_file import as_lines

    workspace = workspace_of(context)
    with readable(export) as file:
        understood = describe_export(file, mapping_of(workspace), deep=deep)
    several = len({column.file for column in understood.columns}) > 1
    table = ["file", *SHOWN] if several else SHOWN
    rows = [asdict(column) for column in understood.columns]
    list_rows(context, rows, COLUMNS, destination, Looks(table), inputs=[export])
    for sentence in understood.sentences:
        say(context, sentence)
    unused = sum(not column.meaning for column in understood.columns)
    say(context, f"Columns without a meaning for linktrack, which are written back as they came: {unused}.")
    if understood.guessed and not write:
        say(context, f"This is a guess: {as_lines(understood.guessed)}. Write it into linktrack.toml with --write.")
    elif write:
        known = not any(column.state == "error" and column.number is None for column in understood.columns)
        _write_guess(context, workspace.config_path, understood.guessed, yes, understood=known)
    if understood.faulty:
        warn(f"{counted(understood.faulty, 'row')} cannot be read: correct the export.")
    unwritten = not write and any(setting.keys in _NEEDED for setting in understood.guessed)
    if unwritten or understood.faulty or any(column.state != "ok" for column in understood.columns):
        raise typer.Exit(6)


def _write_guess(
    context: typer.Context, file: Path, guessed: list[GuessedSetting], yes: bool, *, understood: bool
) -> None:
    """Write the guess into the settings; what stands there is changed only when somebody says so."""
    from linktrack.crm.settings_file import as_lines, with_settings
    from linktrack.errors import BadInput
    from linktrack.files.reading import read_bytes
    from linktrack.files.writing import replace_own

    if not guessed:
        reason = (
            "it says what can be said of this export"
            if understood
            else "no column of this export could be guessed: name them under [crm.contacts] yourself"
        )
        say(context, f"{file.name} stays as it is: {reason}.")
        return
    changed = [setting for setting in guessed if setting.before is not None and setting.before != setting.value]
    if changed and not confirm(context, f"Change {as_lines(changed)} in {file.name}?", yes):
        raise typer.Exit(130)
    try:
        text = with_settings(read_bytes(file).decode("utf-8-sig"), guessed)
    except BadInput as problem:
        raise BadInput(problem.sentence, file=file) from None
    replace_own(file, text.encode())
    say(context, f"Wrote {as_lines(guessed)} into {file}.")
