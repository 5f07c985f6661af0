"""What can be derived, made anew from the clicks: the figures of reports, and where open clicks lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linktrack.clicks.judging.judge import CLICK_COLUMNS
from linktrack.clicks.judging.verdicts import Click
from linktrack.clicks.rollups.counts import rebuild
from linktrack.clicks.rollups.zone import set_zone
from linktrack.clicks.storing import Shelf
from linktrack.errors import Conflict
from linktrack.moments import iso
from linktrack.store.lock import alone
from linktrack.store.open_times import replace_open_times
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_AT_ONCE = 50_000


class RepairPlan(NamedTuple):
    """What a repair would do: so many clicks counted anew, in hours of this zone instead of that one."""

    clicks: int
    counted: int  # as the figures have it now
    zone: str
    zone_before: str

    def sentence(self) -> str:
        said = f"Count {self.clicks:,} clicks anew for all reports (they know of {self.counted:,})"
        return (
            said if self.zone == self.zone_before else f"{said}, in hours of {self.zone} instead of {self.zone_before}"
        )


def plan_repair(workspace: Workspace, database: Database) -> RepairPlan:
    """What `repair` would do now. Conflict when clicks were purged: figures of them cannot be made again."""
    purged = horizon(database).clicks
    if purged != NEVER:
        zone = database.value("SELECT time_zone FROM workspace")
        raise Conflict(
            f"clicks before {iso(purged, workspace.zone)} were purged, so the figures cannot be counted anew from "
            f"those that are left: set time_zone back to {zone} if it was changed, and bring the database back from a "
            "backup if the figures are wrong"
        )
    return RepairPlan(
        int(database.value("SELECT count(*) FROM click")),
        int(database.value("SELECT COALESCE(sum(clicks), 0) FROM shipment_ruling")),
        workspace.settings.time_zone,
        str(database.value("SELECT time_zone FROM workspace")),
    )


def repair(workspace: Workspace, database: Database, wait: float = 0) -> None:
    """Make all figures anew from the clicks, in hours of the workspace's zone, in one transaction.

    No import runs meanwhile. Locked when one runs for longer than `wait` seconds; Conflict as `plan_repair`.
    """
    plan_repair(workspace, database)
    with alone(workspace, database, "import", wait), database.transaction():
        set_zone(database, workspace.settings.time_zone)
        rebuild(database, Shelf.of(database).facts, _clicks(database))
        _find_open_clicks(database)


def _find_open_clicks(database: Database) -> None:
    """Note anew where clicks lie that no run of the actions has passed."""
    moments = database.rows(
        "SELECT DISTINCT c.clicked_at FROM click c JOIN ruling g ON g.id = c.ruling_id "
        "WHERE g.verdict = 'human' AND c.passed = 0"
    )
    replace_open_times(database, [(row[0], row[0]) for row in moments])


def _clicks(database: Database) -> Iterator[tuple[Click, int]]:
    """All clicks with their rulings in the order of their key, a page at a time."""
    after = (-(2**62), -(2**63), -1)
    while rows := database.rows(
        f"SELECT {CLICK_COLUMNS}, ruling_id FROM click WHERE (clicked_at, print, recipient_id) > (?, ?, ?) "  # noqa: S608  (names of our own)
        f"ORDER BY clicked_at, print, recipient_id LIMIT {_AT_ONCE}",
        after,
    ):
        for row in rows:
            yield Click._make(row[:-1]), row[-1]
        last = Click._make(rows[-1][:-1])
        after = (last.clicked_at, last.print, last.recipient_id)
