"""linktrack doctor: is the workspace in order?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from linktrack.cli.context import single, workspace_of
from linktrack.cli.output import FormatOption, say, show_rows

app = single()


@app.command()
def doctor(context: typer.Context, format: FormatOption = None) -> None:
    """Check configuration, key, scripts and database; exit code 6 when something is wrong."""
    from linktrack.workspace import examine

    findings = examine(workspace_of(context))
    show_rows([asdict(finding) for finding in findings], ["check", "state", "detail", "advice"], format)
    wrong = [finding for finding in findings if finding.state == "error"]
    if wrong:
        raise typer.Exit(6)
    say(context, "The workspace is in order.")
