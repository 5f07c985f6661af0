"""linktrack serve: answer tracked addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import warn
from linktrack.cli.shared_context import single, workspace_of

app = single()


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="The address to listen at; 127.0.0.1 unless set.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="The port, 8080 unless set; 0 takes one that is free.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer.")] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the click log is written; clicklog in the workspace. Noted, and imported with it.",
        ),
    ] = None,
) -> None:
    """Answer tracked addresses: redirects, pages, unsubscribing. Every request is in the click log, which click import
    reads. It goes on while the database is locked, upgraded or gone; SIGTERM and Ctrl-C end it.

    \b
    Examples:
      linktrack serve
      linktrack serve --host 0.0.0.0 --port 80 --workers 4
    """
    from linktrack.server.serving import ServeOptions
    from linktrack.server.serving import serve as run

    run(workspace_of(context), ServeOptions(host, port, workers, log), tell=warn)
