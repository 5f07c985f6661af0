"""linktrack key: the keys that sign addresses."""

from __future__ import annotations

import typer

from linktrack.cli.output import FormatOption, say, show_rows
from linktrack.cli.shared_context import noun, workspace_of

app = noun("The keys that sign addresses.")


@app.command("list")
def list_keys(context: typer.Context, format: FormatOption = None) -> None:
    """The key ids, and which one signs; never the keys themselves."""
    from linktrack.links.tokens import Keyring

    ring = Keyring.parse(workspace_of(context).secret())
    rows = [{"key": key_id, "signs": key_id == ring.signing_id, "verifies": True} for key_id in ring.secrets]
    show_rows(rows, ["key", "signs", "verifies"], format)


@app.command()
def rotate(context: typer.Context) -> None:
    """Add a new key that signs from now on; addresses in sent mails go on working."""
    from linktrack.upkeep.life import rotate_key

    ring = rotate_key(workspace_of(context))
    say(context, f"Key {ring.signing_id} signs from now on; mails signed with an older one go on working.")
