"""A link's counter set to zero: its clicks, and all that was counted of them, go."""

from __future__ import annotations

from linktrack.clicks.click import Click
from linktrack.clicks.judging.stored_clicks import CLICK_COLUMNS
from linktrack.clicks.rollups.counts import Shifts, apply
from linktrack.clicks.storing import ClickStore
from linktrack.errors import Conflict
from linktrack.moments import iso
from linktrack.store import catalogue
from linktrack.store.lock import alone
from linktrack.store.lookups import link_id
from linktrack.store.purged import horizon
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_AT_ONCE = 50_000


def reset_link(workspace: Workspace, database: Database, key: str, moment: int, wait: float = 0) -> int:
    """Forget all clicks on the link `key`, while no import runs. Returns how many there were.

    `moment` (UTC milliseconds) is the time of the reset: clicks up to it do not come back when a log is imported again,
    nor do later ones that were stored, for their lines are remembered. UnknownName for a link that is not there;
    Conflict when clicks of it were purged.
    """
    number = link_id(database, key)
    purged = horizon(database).clicks
    if database.value("SELECT 1 FROM link_hour WHERE link_id = ? AND hour < ? LIMIT 1", (number, purged)) is not None:
        raise Conflict(
            f"the link {key!r} has clicks that were purged (before {iso(purged, workspace.zone)}), and without them "
            "its counter cannot be set to zero: make another link for what comes now"
        )
    removed = 0
    with alone(workspace, database, "import", wait, does="the reset of a link"), database.transaction():
        facts = ClickStore.of(database).facts
        while stored := [
            (Click._make(click), ruling)
            for *click, ruling in database.rows(
                f"SELECT {CLICK_COLUMNS}, ruling_id FROM click WHERE link_id = ? "  # noqa: S608  (names of our own)
                f"ORDER BY clicked_at, print LIMIT {_AT_ONCE}",
                (number,),
            )
        ]:
            database.executemany(
                "DELETE FROM click WHERE clicked_at = ? AND print = ? AND recipient_id = ?",
                [(click.clicked_at, click.print, click.recipient_id) for click, _ in stored],
            )
            database.insert(
                "wiped_click",
                ("clicked_at", "print"),
                sorted({(click.clicked_at, click.print) for click, _ in stored if click.clicked_at > moment}),
                besides=" ON CONFLICT DO NOTHING",
            )
            clicks, rulings = zip(*stored, strict=True)
            apply(database, Shifts(clicks, rulings, [None] * len(clicks)), facts)
            removed += len(stored)
        database.execute(
            "DELETE FROM probe WHERE placement_id IN (SELECT id FROM placement WHERE link_id = ?)", (number,)
        )
        database.execute("UPDATE link SET reset_at = ? WHERE id = ?", (moment, number))
        catalogue.touch(database)
    return removed
