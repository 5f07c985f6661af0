"""linktrack database: the tables themselves."""

from __future__ import annotations

import typer

from linktrack.cli.output import say, warn
from linktrack.cli.shared_context import WAIT, WaitOption, noun, workspace_of

app = noun("The database itself.")


@app.callback()
def database() -> None:
    pass


@app.command()
def upgrade(context: typer.Context, wait: WaitOption = WAIT) -> None:
    """Bring the tables to the version of this program (SQLite: after a copy beside the file).

    \b
    Example:
      linktrack database upgrade
    """
    from linktrack.store.revisions import HEAD
    from linktrack.store.revisions import upgrade as upgrade_tables
    from linktrack.store.session import connect

    workspace = workspace_of(context)
    with connect(workspace.database_url, wait=wait, tell=warn) as open_one:
        before = upgrade_tables(open_one, workspace)
    say(
        context,
        f"The tables are at {HEAD}." if before == HEAD else f"The tables went from {before} to {HEAD}.",
    )
