"""linktrack key: the keys that sign addresses."""

from __future__ import annotations

from typing import Annotated

import typer

from linktrack.cli.output import confirm, say, warn
from linktrack.cli.shared_context import WAIT, WaitOption, noun, opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows
from linktrack.errors import PartlyDone

app = noun("The keys that sign addresses.")

COLUMNS = ["key", "signs", "verifies", "created_at", "revoked_at", "state", "fingerprint"]
SHOWN = ["key", "state", "fingerprint", "created_at", "revoked_at"]


@app.command("list")
def list_all(
    context: typer.Context,
    *,
    destination: Destination,
) -> None:
    """The key ids, and which one signs, is lost or revoked; never the keys themselves.

    A lost key is one that the key file lacks: bring the file back, or give the key up with revoke.

    \b
    Example:
      linktrack key list
    """
    from linktrack.links.signing_keys import list_keys, next_step

    workspace = workspace_of(context)
    with opened(context) as database:
        rows = [row._asdict() for row in list_keys(workspace, database)]
        todo = next_step(workspace, database)
    list_rows(context, rows, COLUMNS, destination, Looks(SHOWN))
    if todo:
        raise PartlyDone(todo)


@app.command()
def rotate(
    context: typer.Context,
    no_later_keys: Annotated[
        bool,
        typer.Option(
            "--no-later-keys", help="After a restore: there is no more key that the lost workspace made since."
        ),
    ] = False,
    wait: WaitOption = WAIT,
) -> None:
    """Add a new key that signs from now on; addresses in sent mails go on working.

    After a restore it takes in the keys that the lost workspace made since the backup, once its linktrack.key is here.

    \b
    Example:
      linktrack key rotate
    """
    from linktrack.links.signing_keys import rotate_key

    with opened(context, wait) as database:
        number, left = rotate_key(workspace_of(context), database, wait, no_later_keys=no_later_keys)
    more = f"This workspace can have {left} more." if left else "It is the last that this workspace can have."
    say(context, f"Key {number} signs from now on; mails signed with an older one go on working. {more}")


@app.command("revoke")
def revoke_(
    context: typer.Context,
    key: Annotated[int, typer.Argument(metavar="ID", help="The key's id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: WaitOption = WAIT,
) -> None:
    """End a key: no click on an address that it has signed is counted again. A lost one ends without its file.

    What waits in linktrack's own click log is imported first; import logs of other web servers before.

    \b
    Example:
      linktrack key revoke 0 --yes
    """
    from linktrack.links.held_keys import from_environment
    from linktrack.links.signing_keys import check_revoking, next_step
    from linktrack.upkeep.revoking import revoke

    question = f"End the key {key}? Clicks on addresses that it has signed are not counted any more."
    with opened(context, wait) as database:
        workspace = workspace_of(context)
        check_revoking(workspace, database, key)
        if confirm(context, question, yes):
            revoke(workspace, database, key, wait)
            rest = " Take its entry out of LINKTRACK_SECRET." if from_environment(workspace) else ""
            say(context, f"Key {key} is revoked.{rest}")
            if todo := next_step(workspace, database):
                warn(f"{todo[0].upper()}{todo[1:]}.")
