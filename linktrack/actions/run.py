"""A run of the actions: open clicks in, files for the CRM out, and the one transaction that makes it count.

The order that makes it happen once: scripts stand in the ledger before they start; all files are on the disk
before the transaction; the summary is put beside them after it. Killed before the transaction, a run has handled
nothing and is done again; killed after it, only its summary is missing, and the next run puts it there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from linktrack.actions import files, scripting
from linktrack.actions.ledger import Ledger, find_open_clicks
from linktrack.actions.planning import Planner, Row, needs_of
from linktrack.actions.slots import Calendar
from linktrack.actions.state import CrmState, load_state
from linktrack.config import Workspace
from linktrack.crm.mapping import mapping_of
from linktrack.crm.writing import write_back
from linktrack.errors import NotFound
from linktrack.store.lock import alone
from linktrack.store.session import Database
from linktrack.store.session import now as store_now

SUMMARY_KEYS = {
    "set_field": ("set-field",),
    "interests": ("interest", "company-interest"),
    "selections": ("selection",),
    "projects": ("project",),
    "follow_ups": ("follow-up",),
    "requests": ("request",),
    "scripts": ("script",),
}


@dataclass(frozen=True)
class Report:
    """What a run did, or would do: `summary` has the keys of SPEC section 10, `rows` every change of a dry run."""

    run: int | None
    out: Path | None
    summary: dict[str, int]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


def run_actions(
    workspace: Workspace,
    database: Database,
    export: Path,
    out: Path | None,
    *,
    now: int,
    dry_run: bool = False,
    wait: float = 0,
    retry_failed: bool = False,
    crash: Callable[[str], None] = lambda point: None,
) -> Report:
    """Do what the open clicks ask for with the people of `export`, and write the files to the empty folder `out`.

    `now` (UTC milliseconds) is the time that free slots are looked for from. A dry run writes nothing at all.
    BadInput when the export lacks what an action needs, Conflict when `out` is not empty or another run is going on.
    `crash` is called with the name of each point at which a test may end the process.
    """
    if not export.exists():
        raise NotFound(f"no such file or folder: {export}")
    if dry_run or out is None:
        return _carry_out(workspace, database, export, None, None, now, retry_failed, crash)
    with alone(workspace, database, "action run", wait):
        finish_stored(database)
        folder = files.OutFolder(out, guard=workspace.settings.actions.guard_formulas)

        def begin() -> int:
            plan = json.dumps({"export": str(export.absolute()), "retry_failed": retry_failed})
            with database.transaction():
                database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")
                database.execute(
                    "INSERT INTO run (started_at, status, out, summary) VALUES (?, 'running', ?, ?)",
                    (now, str(out.absolute()), plan),
                )
                return int(database.value("SELECT max(id) FROM run"))

        return _carry_out(workspace, database, export, folder, begin, now, retry_failed, crash)


def resume(
    workspace: Workspace, database: Database, *, wait: float = 0, crash: Callable[[str], None] = lambda point: None
) -> Report:
    """Finish the newest run if it was interrupted: with the same export, into the same folder. NotFound if none was."""
    with alone(workspace, database, "action run", wait):
        stored = finish_stored(database)
        row = database.row("SELECT id, started_at, status, out, summary FROM run WHERE id = (SELECT max(id) FROM run)")
        if row is not None and row[0] in stored:
            said = json.loads(row[4])
            return Report(row[0], Path(row[3]), {key: said[key] for key in empty_summary()}, tuple(said["notes"]), ())
        if row is None or row[2] not in ("running", "interrupted"):
            raise NotFound("no run was interrupted, so there is none to resume: see linktrack action log")
        plan, out = json.loads(row[4]), Path(row[3])
        export = Path(plan["export"])
        if not export.exists():
            raise NotFound(f"the export of the interrupted run is gone: {export}: bring it back or begin a new run")
        folder = files.OutFolder(out, guard=workspace.settings.actions.guard_formulas, again=True)
        database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")
        run_id = int(row[0])

        def begin() -> int:
            database.execute("UPDATE run SET status = 'running' WHERE id = ?", (run_id,))
            return run_id

        return _carry_out(workspace, database, export, folder, begin, row[1], plan["retry_failed"], crash)


def finish_stored(database: Database) -> list[int]:
    """Put the missing `summary.json` into the folders of runs that the ledger has in full. Returns their numbers."""
    finished = []
    for run_id, out, summary in database.rows("SELECT id, out, summary FROM run WHERE status = 'stored' ORDER BY id"):
        if Path(out).is_dir() and not (Path(out) / files.SUMMARY).exists():
            files.finish(Path(out), summary)
        database.execute("UPDATE run SET status = 'done' WHERE id = ?", (run_id,))
        finished.append(run_id)
    return finished


def empty_summary() -> dict[str, int]:
    return dict.fromkeys(("clicks", "contacts", "changes", *SUMMARY_KEYS, "failed", "unknown_contacts"), 0)


def _carry_out(
    workspace: Workspace,
    database: Database,
    export: Path,
    folder: files.OutFolder | None,
    begin: Callable[[], int] | None,
    now: int,
    retry_failed: bool,
    crash: Callable[[str], None],
) -> Report:
    mapping = mapping_of(workspace)
    find_open_clicks(database, retry=retry_failed)
    ledger = Ledger(database)
    actions = ledger.actions()
    state = load_state(export, mapping, needs_of(actions), ledger.contact_ids())
    for contact_id, kind, name, value in ledger.memberships():
        if kind not in state.listed:
            state.members[contact_id, kind, name] = bool(value)
    calendar = Calendar(workspace.settings.actions, datetime.fromtimestamp(now / 1000, UTC))
    for user, start, end in ledger.bookings(now):
        calendar.book(user, datetime.fromtimestamp(start / 1000, UTC), datetime.fromtimestamp(end / 1000, UTC))
    run_id = None if begin is None else begin()
    crash("begun")
    if folder is not None:
        folder.make()
        actions = scripting.noted_definitions(ledger, actions)
    scripts = scripting.run_open_scripts(
        workspace, ledger, actions, state, run_id=run_id, now=now, retry=retry_failed, crash=crash
    )
    crash("scripts have run")
    rows: list[Row] = []
    planner = Planner(mapping, ledger, actions, state, calendar, scripts, run_id or 0, now)
    events: list[tuple[Row, dict[str, str]]] = []
    for name in (
        "selections.csv",
        "projects.csv",
        "follow-ups.csv",
        "requests.csv",
        "scripts.ndjson",
        "changes.ndjson",
    ):
        if folder is not None:
            folder.start(name)
    for change, row in planner.changes(spool=folder is not None):
        if folder is None:
            rows.append(change)
            continue
        folder.row("changes.ndjson", change)
        if row is not None:
            folder.row(row[0], {**change, **row[1]})
            if row[0] == "follow-ups.csv":
                events.append((change, row[1]))
    ledger.flush()
    crash("planned")
    summary = {**empty_summary(), **planner.counts()}
    for key, kinds in SUMMARY_KEYS.items():
        summary[key] = sum(planner.by_kind[kind] for kind in kinds)
    summary["changes"] = sum(planner.by_kind.values())
    notes = (*_about_rows(state), *planner.notes)
    unknown = tuple(planner.unknown)
    if folder is None or run_id is None:
        return Report(None, None, summary, notes, unknown, rows)
    _write_files(folder, state, planner, events, now, summary)
    crash("written")
    folder.place()
    crash("placed")
    names = sorted(path.name for path in folder.folder.iterdir())
    said = {
        "run": run_id,
        "ran_at": files.iso(now),
        **summary,
        "notes": list(notes),
        "new_selections": [],
        "new_projects": [],
    }
    said["new_selections"] = planner.new_names("selection")
    said["new_projects"] = planner.new_names("project")
    text = files.summary_text(said, [*names, files.SUMMARY])
    with database.transaction():
        ledger.store(run_id)
        database.execute(
            "UPDATE run SET status = 'stored', finished_at = ?, summary = ? WHERE id = ?", (store_now(), text, run_id)
        )
        crash("in the transaction")
    crash("stored")
    files.finish(folder.folder, text)
    crash("finished")
    database.execute("UPDATE run SET status = 'done' WHERE id = ?", (run_id,))
    return Report(run_id, folder.folder, summary, notes, unknown)


def _write_files(
    folder: files.OutFolder,
    state: CrmState,
    planner: Planner,
    events: list[tuple[Row, dict[str, str]]],
    now: int,
    summary: dict[str, Any],
) -> None:
    for kind in ("selection", "project"):
        for name, contact_id, change in state.net_members(kind):
            folder.row(f"{kind}s.csv", {kind: name, "contact_id": contact_id, "change": change})
    for contact_id, clicks in planner.unknown.items():
        folder.row("unknown-contacts.csv", {"contact_id": contact_id, "clicks": clicks})
    if events:
        from linktrack.actions.calendar_file import calendar_text

        folder.path("follow-ups.ics").write_bytes(calendar_text(events, now))
    changes = state.changed_contacts()
    width = len(state.contacts.columns)
    created = state.created if any(column >= width for cells in changes.values() for column in cells) else []
    write_back(
        state.contacts,
        changes,
        created,
        folder.path(f"contacts{state.contacts.suffix}"),
        folder.path("contacts-changed.csv"),
    )
    if state.companies is not None:
        write_back(
            state.companies,
            state.changed_companies(),
            [],
            folder.path(f"companies{state.companies.suffix}"),
            folder.path("companies-changed.csv"),
        )


def _about_rows(state: CrmState) -> list[str]:
    notes = []
    if state.without_id:
        notes.append(f"{state.without_id} rows of {state.contacts.path.name} have no contact id and were left alone")
    if state.duplicates:
        notes.append(
            f"{state.duplicates} rows of {state.contacts.path.name} repeat the id of an earlier row: "
            "the first one counts, and all of a contact's rows get its changes"
        )
    return notes
