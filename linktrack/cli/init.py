"""linktrack init: make a workspace, and put shipped examples into it."""

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
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder; made when it is not there.")] = Path(),
    base_url: Annotated[
        str | None, typer.Option(help="Where tracked addresses point, e.g. https://click.example.com.")
    ] = None,
    example: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Put a shipped example where it is needed (again for more; a wrong name lists them all). "
            "Without --base-url into the workspace that is there.",
        ),
    ] = None,
) -> None:
    """Make a workspace: linktrack.toml, linktrack.key (keep it safe) and linktrack.db.

    \b
    Examples:
      linktrack init --base-url https://click.example.com
      linktrack init try --base-url http://127.0.0.1:8080
    """
    from linktrack.errors import UsageError
    from linktrack.files import CONFIG_NAME
    from linktrack.upkeep.examples import find_example, put_example
    from linktrack.upkeep.making import init_workspace

    root = (context.obj.workspace or folder).absolute()
    examples = example or []
    for name in examples:
        find_example(name)
    if base_url is not None:
        workspace = init_workspace(root, base_url)
        say(context, f"Made a workspace in {workspace.root}; keep a copy of {workspace.key_path.name} in a safe place.")
    elif not examples or not (root / CONFIG_NAME).exists():
        raise UsageError("--base-url is missing: where tracked addresses point, e.g. https://click.example.com")
    for name in examples:
        say(context, f"Put the example {name} into {put_example(root, name)}.")
