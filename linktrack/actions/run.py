"""A run of the actions: open clicks in, files for the CRM out, and the one transaction that makes it count.

The order that makes it happen once: scripts stand in the ledger before they start; all files are on the disk
before the transaction; the summary is put beside them after it. Killed before the transaction, a run has handled
nothing and is done again; killed after it, only its summary is missing, and the next run puts it there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

from linktrack.actions import output as files
from linktrack.actions import scripts as scripting
from linktrack.actions.by_hand import ByHand
from linktrack.actions.delivery import write_crm, write_plan
from linktrack.actions.planning import Planner, Row
from linktrack.actions.work import Crash, Order, Work, prepare
from linktrack.errors import LinktrackError, NotFound
from linktrack.moments import iso
from linktrack.moments import now as store_now
from linktrack.store.lock import alone
from linktrack.store.session import Database
from linktrack.workspace import Workspace

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
    """What a run did, or would do: `summary` has the keys of SPEC section 10, `rows` every change of a dry run,
    with the cells of what would be `made`."""

    run: int | None
    out: Path | None
    summary: dict[str, int]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)


def never(point: str) -> None:
    """The `crash` of ordinary runs."""


def run_actions(
    workspace: Workspace,
    database: Database,
    export: Path,
    out: Path,
    *,
    now: int,
    wait: float = 0,
    retry_failed: bool = False,
    crash: Crash = never,
) -> Report:
    """Do what the open clicks ask for with the people of `export`, and write the files to the empty folder `out`.

    `now` (UTC milliseconds) is the time that free slots are looked for from. BadInput when the export lacks what an
    action needs, Conflict when `out` is not empty or another run is going on for longer than `wait` seconds.
    """
    return _carry_out(workspace, database, Order(export, now, retry_failed), out, wait, crash)


def rehearse(workspace: Workspace, database: Database, export: Path, *, now: int, retry_failed: bool = False) -> Report:
    """The same without doing anything: nothing is written, no script is run."""
    work = prepare(workspace, database, Order(export, now, retry_failed))
    planner = Planner(work, scripting.run_open_scripts(work, None, never), None)
    rows = [change if made is None else {**change, "made": made[1]} for change, made in planner.changes()]
    return Report(None, None, _summary(planner), (*work.state.notes, *planner.notes), tuple(planner.unknown), rows)


def add_clickers(
    workspace: Workspace,
    database: Database,
    wanted: ByHand,
    out: Path,
    *,
    export: Path | None,
    now: int,
    wait: float = 0,
) -> Report:
    """Add the clickers of a link to selections and projects by hand: the same files as those of an action run."""
    return _carry_out(workspace, database, Order(export, now, by_hand=wanted), out, wait, never)


def resume(workspace: Workspace, database: Database, *, wait: float = 0, crash: Crash = never) -> Report:
    """Finish the newest run if it was interrupted: with the same export, into the same folder. NotFound if none was."""
    with alone(workspace, database, "action run", wait):
        stored = finish_stored(database)
        row = database.row("SELECT id, started_at, status, out, summary FROM run WHERE id = (SELECT max(id) FROM run)")
        if row is not None and row[0] in stored:
            said = json.loads(row[4])
            return Report(row[0], Path(row[3]), {key: said[key] for key in empty_summary()}, tuple(said["notes"]), ())
        if row is None or row[2] not in ("running", "interrupted"):
            raise NotFound("no run was interrupted, so there is none to resume: see linktrack action log")
        run_id, out, order = int(row[0]), Path(row[3]), Order.parse(row[4], row[1])
        if order.export is not None and not order.export.exists():
            raise NotFound(
                f"the export of the interrupted run is gone: {order.export}: bring it back or begin a new run"
            )
        folder = files.OutFolder(out, guard=workspace.settings.actions.guard_formulas, again=True)
        database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")
        work = prepare(workspace, database, order)
        database.execute("UPDATE run SET status = 'running' WHERE id = ?", (run_id,))
        return _finish(work, folder, run_id, crash)


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


def _carry_out(workspace: Workspace, database: Database, order: Order, out: Path, wait: float, crash: Crash) -> Report:
    with alone(workspace, database, "action run", wait):
        finish_stored(database)
        folder = files.OutFolder(out, guard=workspace.settings.actions.guard_formulas)
        work = prepare(workspace, database, order)
        with database.transaction():
            database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")
            database.execute(
                "INSERT INTO run (started_at, status, out, summary) VALUES (?, 'running', ?, ?)",
                (order.now, str(out.absolute()), order.text()),
            )
            run_id = int(database.value("SELECT max(id) FROM run"))
        return _finish(work, folder, run_id, crash)


def _finish(work: Work, folder: files.OutFolder, run_id: int, crash: Crash) -> Report:
    """Run the scripts, write the files, and store the run in the ledger."""
    crash("begun")
    folder.make()
    ledger, state, now = work.ledger, work.state, work.order.now
    work = replace(work, actions=scripting.noted_definitions(ledger, work.actions))
    scripts = scripting.run_open_scripts(work, run_id, crash)
    crash("scripts have run")
    planner = Planner(work, scripts, run_id)
    try:
        write_plan(folder, planner, now)
        ledger.flush()
        crash("planned")
        write_crm(folder, state)
    except LinktrackError:
        folder.discard()  # the cause can be mended and the same command given again
        raise
    crash("written")
    folder.place(crash)
    crash("placed")
    summary = _summary(planner)
    notes = (*state.notes, *planner.notes)
    text = files.summary_text(
        {
            "run": run_id,
            "ran_at": iso(now),
            **summary,
            "notes": list(notes),
            "new_selections": planner.new_names("selection"),
            "new_projects": planner.new_names("project"),
            "files": [*sorted(path.name for path in folder.folder.iterdir()), files.SUMMARY],
        }
    )
    with ledger.database.transaction():
        ledger.store(run_id)
        ledger.database.execute(
            "UPDATE run SET status = 'stored', finished_at = ?, summary = ? WHERE id = ?", (store_now(), text, run_id)
        )
        crash("in the transaction")
    crash("stored")
    files.finish(folder.folder, text)
    crash("finished")
    ledger.database.execute("UPDATE run SET status = 'done' WHERE id = ?", (run_id,))
    return Report(run_id, folder.folder, summary, notes, tuple(planner.unknown))


def _summary(planner: Planner) -> dict[str, int]:
    """The counts of a walk, with the keys of SPEC section 10 in their order."""
    kinds = {key: sum(planner.by_kind[kind] for kind in kinds) for key, kinds in SUMMARY_KEYS.items()}
    return {**empty_summary(), **planner.counts(), "changes": sum(planner.by_kind.values()), **kinds}
