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
    """Bring the tables to the version of this program (every other command does it too)."""
    from linktrack.store.session import HEAD, connect
    from linktrack.store.session import upgrade as upgrade_tables

    with connect(workspace_of(context).database_url) as open_one:
        before = upgrade_tables(open_one)
    say(
        context,
        f"The tables are at {HEAD}." if before == HEAD else f"The tables went from {before or 'none'} to {HEAD}.",
    )
