"""linktrack init: make a workspace, and put shipped examples into it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linktrack.cli.output import at_terminal, say
from linktrack.cli.shared_context import protected_of, single

app = single()

TRY_OUT = "http://127.0.0.1:8080"


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
    from linktrack.files.protected import CONFIG_NAME
    from linktrack.links.held_keys import from_environment
    from linktrack.upkeep.examples import find_example, put_example
    from linktrack.upkeep.making import init_workspace

    root = (context.obj.workspace or folder).absolute()
    examples = example or []
    for name in examples:
        find_example(name)
    if base_url is None and not (examples and (root / CONFIG_NAME).exists()):
        base_url = _asked()
    if base_url is not None:
        workspace = init_workspace(root, base_url, protected=protected_of(context))
        key = "the key in LINKTRACK_SECRET" if from_environment(workspace) else workspace.key_path.name
        say(context, f"Made a workspace in {workspace.root}; keep a copy of {key} in a safe place.")
    for name in examples:
        say(context, f"Put the example {name} into {put_example(root, name)}.")


def _asked() -> str:
    """Where tracked addresses point, as the person at the terminal says. UsageError where there is nobody to ask."""
    from linktrack.errors import UsageError

    if not at_terminal():
        raise UsageError(
            "--base-url is missing: say where tracked addresses point, e.g. --base-url https://click.example.com, "
            f"or {TRY_OUT} to try it on this machine"
        )
    answer = str(
        typer.prompt(
            "Where do tracked addresses point? (Enter tries it out on this machine)", default=TRY_OUT, err=True
        )
    ).strip()
    from linktrack.hosts import is_this_machine

    if "://" in answer:
        return answer
    return f"{'http' if is_this_machine(f'http://{answer}') else 'https'}://{answer}"
