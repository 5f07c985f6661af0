"""linktrack database: the tables themselves."""

from __future__ import annotations

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_context import noun, workspace_of

app = noun("The database itself.")


@app.callback()
def database() -> None:
    pass


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the tables to the version of this program (SQLite: after a copy beside the file)."""
    from linktrack.store.revisions import HEAD
    from linktrack.store.revisions import upgrade as upgrade_tables
    from linktrack.store.session import connect

    with connect(workspace_of(context).database_url) as open_one:
        before = upgrade_tables(open_one)
    say(
        context,
        f"The tables are at {HEAD}." if before == HEAD else f"The tables went from {before} to {HEAD}.",
    )
