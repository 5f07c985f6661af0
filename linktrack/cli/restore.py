"""linktrack restore: a workspace made of a backup."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linktrack.cli.output import at_terminal, say, warn
from linktrack.cli.shared_context import protected_of, single
from linktrack.errors import UsageError
from linktrack.files.reading import STDIN

if TYPE_CHECKING:
    from linktrack.upkeep.restore import Restored

app = single()

_MOST = 5  # logs that are named


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup; - is standard input.")],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="[DIR]", help="The folder; made when it is not there (those above it are not), never a workspace."
        ),
    ] = Path(),
) -> None:
    """Make a workspace of a backup, and say what has to be done before it goes on where the lost one stopped.

    Addresses in sent mails go on working. The database is SQLite in DIR; for PostgreSQL the lines are named.

    \b
    Example:
      linktrack restore linktrack-2026-05-04.tar.gz restored
    """
    from linktrack.upkeep.restore import restore as make_workspace

    if str(file) == STDIN and at_terminal():
        raise UsageError("a backup is not typed at a terminal: name its file, or redirect it (< FILE)")
    root = context.obj.workspace or folder
    made = make_workspace(file, root, protected=protected_of(context))
    _tell(context, made)


def _tell(context: typer.Context, made: Restored) -> None:
    """What was made, and what comes next; that is no success, so --quiet does not silence it."""
    from linktrack.moments import iso
    from linktrack.workspace import load_workspace

    workspace = load_workspace(made.root, {})
    at, zone = iso(made.made_at, workspace.zone), workspace.zone
    held = "its database comes from the dump" if made.clicks is None else f"{made.clicks:,} clicks"
    say(context, f"Made a workspace in {made.root} of the backup of {at} ({held}).")
    here = f"linktrack --workspace {shlex.quote(str(made.root))}"
    since = "" if made.last_import is None else f" since {iso(made.last_import, zone)}"
    named = ", ".join(made.logs[:_MOST]) + (" …" if len(made.logs) > _MOST else "")
    known = f" (read before: {named})" if named else ""
    steps = [
        f"Copy from the lost workspace what this backup has not: its click log to {workspace.click_log_path}, scripts "
        f"that were added or changed since to {workspace.scripts_path}, and its linktrack.key, if a key was rotated "
        f"since: then take each new key in with {here} key rotate.",
        f"Import every log with clicks{since}, the rotated ones too{known}: {here} click import LOG…",
        f"Name the folders with the files of all runs of the actions since then: {here} action run --runs DIR…, or "
        "say --no-runs if there was none. Links that have other keys here than in these runs are named first, with the "
        "commands that rename them. No run begins before all is taken, so that nothing is made again.",
        "Give links without actions, which no run names, and those that were renamed after the last run, the keys that "
        f"they had last, too, if you have renamed any ({here} link edit OLD --key NEW; a file of link export from "
        "after the renaming says which link was which, and link apply renames them): what is said of a link by its key "
        "would be laid to another.",
        f"Make links and actions that were added or changed since then again ({here} link apply FILE; --dry-run shows "
        "what it would change), in whatever order: the next run does what they say by then for the clicks that no run "
        "has passed.",
        "If it has refused the runs, name the same folders once more. Each action gets the number back that it "
        "had in these runs, and what they carried out and is not here as it was then is named, with the commands that "
        "bring it back.",
    ]
    if made.commands:
        lines = "".join(f"\n     {line}" for line in made.commands)
        steps.insert(
            0, f"Bring the database back from its dump, and name it in linktrack.toml (url under [database]):{lines}"
        )
    warn("What comes next:")
    for number, step in enumerate(steps, 1):
        warn(f"  {number}. {step}")
    warn(
        f"People who were forgotten since {at} are in it again, and it does not know who they were: forget each again "
        f"with {here} contact forget ID, also who is not known here, before anything is sent or imported."
    )
    warn(
        "Clicks on mails that were sent since are rejected as unknown-shipment: the backup does not know who got them."
    )
