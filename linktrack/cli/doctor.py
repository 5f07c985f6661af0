"""linktrack doctor: is the workspace in order, and how is an export of the CRM understood?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import FormatOption, say, show_rows
from linktrack.cli.shared_context import single, workspace_of

app = single()


@app.command()
def doctor(
    context: typer.Context,
    crm: Annotated[
        Path | None,
        typer.Option("--crm", metavar="EXPORT", help="Show how each column of this file or folder is understood."),
    ] = None,
    format: FormatOption = None,
) -> None:
    """Check configuration, key, scripts and database, or an export of the CRM; exit code 6 when something is wrong."""
    if crm is not None:
        _show_export(context, crm, format)
        return
    from linktrack.upkeep.doctor import examine
    from linktrack.workspace import find_root

    root, _ = find_root(Path.cwd(), context.obj.workspace, os.environ)
    checks = examine(root, os.environ)
    show_rows([check._asdict() for check in checks], ["check", "state", "detail", "advice"], format)
    if any(check.state == "error" for check in checks):
        raise typer.Exit(6)
    say(context, "The workspace is in order.")


def _show_export(context: typer.Context, export: Path, format: FormatOption) -> None:
    from linktrack.crm.describe import COLUMNS, describe_export
    from linktrack.crm.mapping import mapping_of

    sentences, columns = describe_export(export, mapping_of(workspace_of(context)))
    show_rows([asdict(column) for column in columns], COLUMNS, format)
    for sentence in sentences:
        say(context, sentence)
    unused = sum(not column.meaning for column in columns)
    say(context, f"Columns without a meaning for linktrack, which are written back as they came: {unused}.")
    if any(column.state == "error" for column in columns):
        raise typer.Exit(6)
