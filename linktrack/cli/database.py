"""linktrack database: the tables themselves."""

from __future__ import annotations

from typing import Annotated

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


@app.command()
def copy(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The workspace's database: sqlite:///FILE or postgresql+psycopg://…")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="An empty one: postgresql+psycopg://… or sqlite:///FILE.")
    ],
    wait: WaitOption = WAIT,
) -> None:
    """Copy the workspace's database into an empty one of either kind, and check every count; FROM stays as it is.

    The copy has an id of its own: the last line says what belongs into linktrack.toml from then on.

    \b
    Example:
      linktrack database copy sqlite:///linktrack.db sqlite:///moved.db
    """
    from linktrack.upkeep.copy import copy_database

    workspace = workspace_of(context)
    done = copy_database(workspace, source, target, wait=wait, tell=lambda sentence: say(context, sentence))
    say(context, f"Copied {sum(done.rows.values()):,} rows of {len(done.rows)} tables; every count is the same.")
    warn(
        f'To go on there write under [database] in {workspace.config_path}: url = "{done.url}" and '
        f'id = "{done.database_id}". What is written to the old database from now on is not in the copy.'
    )
