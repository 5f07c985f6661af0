"""What a monitor wants to know of a workspace: its last import and run, what stands open, what is due."""

from __future__ import annotations

from dataclasses import dataclass

from linktrack.actions import selecting
from linktrack.actions.ledger.runs import last_ended, newest_run, open_failures
from linktrack.actions.run_input import get_unsubscribes
from linktrack.clicks.own_logs import log_troubles
from linktrack.errors import Conflict
from linktrack.mailings.shipments import unfinished_shipments
from linktrack.moments import HOUR, iso
from linktrack.sentences import counted
from linktrack.store.lock import alone
from linktrack.store.restored import is_awaited
from linktrack.store.session import Database
from linktrack.workspace import Workspace

USUAL = 26 * HOUR  # a nightly job, and two hours for it


@dataclass(frozen=True)
class Status:
    """How a workspace is at `checked_at`; times are UTC milliseconds. `due` says in words what somebody must see to
    (click-log, import, run, resume, runs-after-restore, failures, shipments), `advice` in sentences with the way out.
    """

    checked_at: int
    last_import: int | None  # when it ended
    last_run: int | None  # when it ended, of the runs that did
    open_clicks: int  # that ask for something which no run has done
    oldest_open_click: int | None
    failures: int  # actions that failed and stand open
    unfinished_shipments: int
    due: tuple[str, ...]
    advice: tuple[str, ...]


def status_of(workspace: Workspace, database: Database, now: int, within: int = USUAL) -> Status:
    """How a workspace is at `now` (UTC milliseconds). Once mails were sent, an import is due when the last one is more
    than `within` milliseconds ago; a run of the actions is due when a click has waited longer than that."""
    open_clicks, oldest = selecting.waiting_for_a_run(database, get_unsubscribes=get_unsubscribes(workspace))
    imported = database.value("SELECT imported_at FROM workspace")
    first_sent = database.value("SELECT min(sent_at) FROM shipment WHERE finished_at IS NOT NULL")
    newest = newest_run(database)
    by_status = open_failures(database, None)
    failures = sum(by_status.values())
    unfinished = len(unfinished_shipments(database))
    since = f"within {within / HOUR:g} hours"
    due: dict[str, str] = {}
    if is_awaited(database):
        due["runs-after-restore"] = (
            "This workspace was restored, and no run begins until linktrack action run --runs DIR… or --no-runs has "
            "said what was made since the backup."
        )
    if troubles := log_troubles(workspace):
        due["click-log"] = "; and ".join(map(str, troubles))
    reference = imported if imported is not None else first_sent
    if reference is not None and now - reference > within:
        last = "never" if imported is None else f"not since {iso(imported, workspace.zone)}"
        due["import"] = f"No log was imported {since} ({last}): see linktrack click import."
    if newest is not None and newest.is_unfinished and not _is_running(workspace, database):
        due["resume"] = f"Run {newest.id} was interrupted: finish it with linktrack action run --resume."
    if oldest is not None and now - oldest > within:
        due["run"] = (
            f"{open_clicks:,} clicks wait for their actions, the oldest since {iso(oldest, workspace.zone)}: "
            "see linktrack action run."
        )
    if failures:
        stands = f"{counted(failures, 'action')} failed and {'stands' if failures == 1 else 'stand'} open"
        due["failures"] = f"{stands}: see linktrack action log --status {' or '.join(by_status)}."
    if unfinished:
        due["shipments"] = (
            f"Mails were not all handed out of {counted(unfinished, 'shipment')}: see linktrack shipment list."
        )
    return Status(
        checked_at=now,
        last_import=imported,
        last_run=last_ended(database),
        open_clicks=open_clicks,
        oldest_open_click=oldest,
        failures=failures,
        unfinished_shipments=unfinished,
        due=tuple(due),
        advice=tuple(due.values()),
    )


def _is_running(workspace: Workspace, database: Database) -> bool:
    """Whether a run of the actions is going on just now, here or on another machine."""
    try:
        with alone(workspace, database, "action run", 0):
            return False
    except Conflict:  # held, or not ours to look at
        return True
