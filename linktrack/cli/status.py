"""linktrack status: what a monitor wants to know."""

from __future__ import annotations

from typing import Annotated

import typer

from linktrack.cli.output import FormatOption, say, show_record, warn
from linktrack.cli.shared_context import opened, single, workspace_of

app = single()


@app.command()
def status(
    context: typer.Context,
    within: Annotated[
        str | None,
        typer.Option("--within", metavar="LENGTH", help="How old the last import may be, and an open click: 26h, 2d."),
    ] = None,
    format: FormatOption = None,
) -> None:
    """Last import, last run, open clicks, failures; exit code 6 when something is due, which is said even with --quiet.

    \b
    Examples:
      linktrack status
      linktrack status --within 2d --format json
    """
    from linktrack.moments import iso, now, read_length
    from linktrack.upkeep.status import USUAL, status_of

    workspace = workspace_of(context)
    allowed = USUAL if within is None else read_length(within, "--within")
    with opened(context) as database:
        found = status_of(workspace, database, now(), allowed)
    times = ("last_import", "last_run", "oldest_open_click")
    moments = {name: getattr(found, name) for name in times}
    shown = {name: None if moment is None else iso(moment, workspace.zone) for name, moment in moments.items()}
    show_record(
        {
            "checked_at": found.checked_at,
            "last_import": shown["last_import"],
            "last_run": shown["last_run"],
            "open_clicks": found.open_clicks,
            "oldest_open_click": shown["oldest_open_click"],
            "failures": found.failures,
            "unfinished_shipments": found.unfinished_shipments,
            "due": list(found.due),
        },
        format,
        zone=workspace.zone,
    )
    for sentence in found.advice:
        warn(sentence)
    if found.due:
        raise typer.Exit(6)
    say(context, "Nothing is due.")
