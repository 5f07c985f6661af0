"""In a restored workspace no run begins before somebody has said what the runs since the backup have made."""

from __future__ import annotations

from linktrack.actions.ledger.runs import missing_runs
from linktrack.errors import Conflict
from linktrack.store.restored import is_awaited
from linktrack.store.session import Database

HOW_A_GAP_CLOSES = (
    "name the folder with its files, too, with linktrack action run --runs DIR…, so that nothing is made again, or say "
    "--no-runs if it made nothing"
)


def refuse_before_taking(database: Database) -> None:
    """Conflict in a restored workspace as long as nobody has said what all later runs have made."""
    if not is_awaited(database):
        return
    if missing := missing_runs(database):
        raise Conflict(
            "this workspace was restored from a backup, and nobody has said what run "
            f"{', '.join(map(str, missing))} made: {HOW_A_GAP_CLOSES}"
        )
    raise Conflict(
        "this workspace was restored from a backup: name the folders with the files of all later runs of the "
        "actions with linktrack action run --runs DIR…, so that nothing is made again, or say --no-runs if there "
        "was none"
    )
