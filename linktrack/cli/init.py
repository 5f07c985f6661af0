"""linktrack init: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import say
from linktrack.cli.shared_context import single

app = single()


@app.command()
def init(
    context: typer.Context,
    base_url: Annotated[str, typer.Option(help="Where tracked addresses point, e.g. https://click.example.com.")],
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder; made when it is not there.")] = Path(),
) -> None:
    """Make a workspace: linktrack.toml, linktrack.key (keep it safe) and linktrack.db."""
    from linktrack.upkeep.making import init_workspace

    workspace = init_workspace(context.obj.workspace or folder, base_url)
    say(context, f"Made a workspace in {workspace.root}; keep a copy of {workspace.key_path.name} in a safe place.")
