"""What has become too old: clicks themselves, files of the own click log, agents, recipients' values.

Reports are made from the rollups, so they stay what they are. That clicks before a moment are gone is noted first, and
they are removed in steps, so that a purge may be stopped anywhere: the same command done again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from linktrack.actions import selecting
from linktrack.actions.run_input import get_unsubscribes
from linktrack.clicks.blanking import blank_agents, remove_needless_agents
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.waiting import import_waiting
from linktrack.errors import Conflict, UsageError
from linktrack.moments import datetime_of, iso, moment_of, read_length
from linktrack.store.catalogue import touch
from linktrack.store.forgotten import nobodies
from linktrack.store.lock import OF_CLICKS, standing_still
from linktrack.store.open_times import open_times, replace_open_times
from linktrack.store.purged import horizon, note_purged
from linktrack.store.session import Database
from linktrack.upkeep.cleaning import CLEAN, Cleaned, write_anew
from linktrack.upkeep.own_log import empty_lines, remove_done_files
from linktrack.upkeep.traces import traces_of
from linktrack.workspace import Workspace

_AT_ONCE = 50_000  # clicks of one transaction
_MINUTE = 60_000
TellRemoved = Callable[[int], None]  # clicks removed so far


class OpenClicks(Conflict):
    """Of the clicks to be purged, `clicks` were passed by no run of the actions."""

    def __init__(self, clicks: int, before: str) -> None:
        self.clicks = clicks
        wait = "1 click before {} waits" if clicks == 1 else f"{clicks:,} clicks before {{}} wait"
        super().__init__(
            f"{wait.format(before)} for a run of the actions, and nothing was purged: run linktrack action run first, "
            "or add --yes and their actions are not carried out"
        )


@dataclass(frozen=True)
class PurgeSummary:
    """What was removed: clicks (machines' clicks included), files of the own click log, agents, and the values of so
    many recipients; and how many lines of forgotten people in that log were emptied. `open`: how many of the clicks no
    run of the actions had passed. `notes` say what could not be done."""

    before: int | None = None
    clicks: int = 0
    open: int = 0
    log_files: int = 0
    log_lines: int = 0
    agents: int = 0
    values: int = 0
    cleaned: Cleaned = CLEAN
    notes: tuple[str, ...] = ()


def purge_clicks(
    workspace: Workspace,
    database: Database,
    before: int,
    now: int,
    *,
    even_open: bool = False,
    wait: float = 0,
    tell: TellRemoved = lambda done: None,
) -> PurgeSummary:
    """Remove the clicks before a moment (UTC milliseconds), while no import and no run of the actions goes on, and what
    forgotten people have left in the own click log. That is imported first: of what waits there, nothing of before the
    moment could be read any more.

    UsageError for a moment to come; OpenClicks unless `even_open`; Conflict where the log cannot be read; Locked when
    another job goes on for longer than `wait` seconds.
    """
    if before > now:
        raise UsageError(f"--clicks-before {iso(before, workspace.zone)} is still to come: name a day that is past")
    sizes = import_waiting(workspace, database, wait, clock=lambda: now).sizes
    with standing_still(workspace, database, wait, "a purge", OF_CLICKS):
        waiting = _check_open(workspace, database, before, even_open)
        lines = _empty_lines(workspace, database, sizes)
        clicks = _remove_clicks(database, before, tell)
        with database.transaction():
            agents = remove_needless_agents(database)
        cleaned = write_anew(database, _TABLES, wait)
    return PurgeSummary(before, clicks, waiting, log_lines=lines, agents=agents, cleaned=cleaned)


def purge_due(
    workspace: Workspace,
    database: Database,
    now: int,
    *,
    even_open: bool = False,
    wait: float = 0,
    tell: TellRemoved = lambda done: None,
) -> PurgeSummary:
    """Remove what is older than `[retention]` says, after the own click log was imported. Days end at midnight of the
    workspace's zone. Conflict where that log cannot be read; others as `purge_clicks`."""
    settings = workspace.settings.retention
    clicks, logs, agents, values = (
        _midnight(workspace, now, length) if length else None
        for length in (settings.clicks, settings.click_logs, settings.agents, settings.values)
    )
    if clicks is logs is agents is values is None:
        return PurgeSummary()
    sizes = import_waiting(workspace, database, wait, clock=lambda: now).sizes
    removed = emptied = files = needless = waiting = 0
    notes: tuple[str, ...] = ()
    with standing_still(workspace, database, wait, "a purge", OF_CLICKS):
        if clicks is not None:
            waiting = _check_open(workspace, database, clicks, even_open)
        lines = _empty_lines(workspace, database, sizes)
        if clicks is not None:
            removed = _remove_clicks(database, clicks, tell)
        with database.transaction():
            if agents is not None:
                blank_agents(database, "clicked_at >= ? AND clicked_at < ?", (horizon(database).agents, agents))
                note_purged(database, agents=agents)
            if clicks is not None or agents is not None:
                needless = remove_needless_agents(database)
            if values is not None:
                emptied = _empty_values(database, values)
        if logs is not None:
            files, kept = remove_done_files(workspace, database, logs)
            notes = tuple(f"{one.path} is old and stays: {one.reason}" for one in kept)
        cleaned = write_anew(database, _TABLES, wait) if removed or needless or emptied else CLEAN
    return PurgeSummary(clicks, removed, waiting, files, lines, needless, emptied, cleaned, notes)


_TABLES = (
    "click",
    "probe",
    "junk_request",
    "wiped_click",
    "passed_click",
    "scanner_evidence",
    "agent",
    "reading",
    "recipient",
)


def _check_open(workspace: Workspace, database: Database, before: int, even_open: bool) -> int:
    """How many of the clicks that are to go wait for a run. OpenClicks unless they may go."""
    get = get_unsubscribes(workspace)
    waiting = selecting.waiting_for_a_run(database, get_unsubscribes=get, before=before).clicks
    if waiting and not even_open:
        raise OpenClicks(waiting, iso(before, workspace.zone))
    return waiting


def _remove_clicks(database: Database, before: int, tell: TellRemoved) -> int:
    """Note that the clicks before a moment are gone, and remove them. Returns how many there were."""
    with database.transaction(durable=True):
        note_purged(database, clicks=before)
        stretches = [(max(first, before), last) for first, last in open_times(database) if last >= before]
        replace_open_times(database, stretches)
        database.execute("DELETE FROM probe WHERE clicked_at < ?", (before,))
        database.execute("DELETE FROM junk_request WHERE clicked_at < ?", (before,))
        database.execute("DELETE FROM wiped_click WHERE clicked_at < ?", (before,))
        database.execute("DELETE FROM passed_click WHERE clicked_at < ?", (before,))
        database.execute("DELETE FROM scanner_evidence WHERE minute < ?", (before // _MINUTE,))
        touch(database)
    removed = 0
    while True:
        edge = database.value(
            "SELECT max(clicked_at) FROM (SELECT clicked_at FROM click WHERE clicked_at < ? "
            "ORDER BY clicked_at LIMIT ?) AS oldest",
            (before, _AT_ONCE),
        )
        if edge is None:
            break
        with database.transaction():
            removed += database.execute("DELETE FROM click WHERE clicked_at <= ?", (edge,)).rowcount
        tell(removed)
    with database.transaction():
        database.execute("DELETE FROM reading WHERE id NOT IN (SELECT reading_id FROM click)")
    return removed


def _empty_lines(workspace: Workspace, database: Database, sizes: Mapping[Path, int]) -> int:
    """Empty the lines of forgotten people that have come into the own click log since they were forgotten. Returns how
    many."""
    gone = nobodies(database)
    if not gone:
        return 0
    traces = traces_of(database, AddressBook(workspace, database), gone, of_revoked=True)
    return empty_lines(database, sizes, traces)


def _empty_values(database: Database, before: int) -> int:
    """Empty the values of recipients to whom nothing was sent since `before` (UTC milliseconds). Returns how many
    recipients had some."""
    return int(
        database.execute(
            "UPDATE recipient SET fields = '{}' WHERE fields <> '{}' AND id NOT IN (SELECT recipient_id "
            "FROM shipment_recipient JOIN shipment ON shipment.id = shipment_id WHERE sent_at >= ?)",
            (before,),
        ).rowcount
    )


def _midnight(workspace: Workspace, now: int, length: str) -> int:
    """Midnight, in the workspace's zone, of the day that was `length` before `now`; both are UTC milliseconds."""
    day = datetime_of(now - read_length(length, "[retention]"), workspace.zone).date()
    return moment_of(datetime.combine(day, datetime.min.time()), workspace.zone)
