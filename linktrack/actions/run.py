"""A run of the actions: open clicks in, files for the CRM out, and the one transaction that makes it count.

The order that makes it happen once: scripts stand in the ledger before they start; all files are on the disk
before the transaction; the summary is put beside them after it. Killed before the transaction, a run has handled
nothing and is done again; killed after it, only its summary is missing, and the next run puts it there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from linktrack.actions import crm_names, ledger, output, selecting
from linktrack.actions.crm_load import load_answered
from linktrack.actions.delivery import write_crm, write_plan
from linktrack.actions.planning import Delivered, Planner
from linktrack.actions.scripts import FoundScript, run_open_scripts
from linktrack.actions.taking import refuse_before_taking
from linktrack.actions.work import Order, Work, get_unsubscribes, prepare
from linktrack.contacts.left import leave
from linktrack.contacts.witness import witness_of
from linktrack.crm.authored import dialect_of
from linktrack.crm.export import column_of, misnamed
from linktrack.crm.near_ids import near_ids
from linktrack.errors import Conflict, DiskFull, NotFound, UsageError
from linktrack.files import check_new_folder, making_folder, write_file
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
_NEAR = 20  # people whose ids nearly match that are named


@dataclass(frozen=True)
class RunReport:
    """What a run did, or would do: `summary` has the keys of SPEC section 12, `failures` the first reasons why
    something could not be carried out, `reworded` which actions made things when they had other settings, `delivered`
    every change of a rehearsal with the cells of what would be made. `interrupted` of the failed are scripts of which
    nobody knows what they did; `still_open` counts what failed in earlier runs, by status."""

    run: int | None
    out: Path | None
    summary: dict[str, int]
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    reworded: tuple[str, ...] = ()
    interrupted: int = 0
    still_open: Mapping[str, int] = field(default_factory=dict)
    delivered: tuple[Delivered, ...] = ()

    @property
    def nobody_matches(self) -> bool:
        """Whether people clicked and none of them is in the export."""
        return bool(self.unknown) and not self.summary["contacts"]


def run_actions(
    workspace: Workspace, database: Database, order: Order, out: Path | None, *, wait: float = 0
) -> RunReport:
    """Do what an order says with the people of its export, and write the files to the new or empty folder `out`.

    Without `out` it is a rehearsal: nothing is written, no script is run. BadInput when the export lacks what an
    action needs, NotFound without the export, Conflict when `out` is not empty or another run is going on for longer
    than `wait` seconds; DiskFull leaves a run that `resume_run` finishes.
    """
    if order.retried and order.replay is not None:
        raise UsageError("--replay and --retry-failed are two runs: give one after the other")
    refuse_before_taking(database)
    if out is None:
        return _rehearse(workspace, database, order)
    with alone(workspace, database, "action run", wait):
        _finish_stored(database, workspace)
        _check_folder(database, workspace, out)
        work = prepare(workspace, database, order)
        run_id = ledger.begin_run(database, order.now, str(out.absolute()), order.text())
        return _carry_out(work, out, run_id)


def resume_run(workspace: Workspace, database: Database, *, wait: float = 0) -> RunReport:
    """Finish the newest run if it was interrupted: with the same export, into the same folder. NotFound if none was."""
    refuse_before_taking(database)
    with alone(workspace, database, "action run", wait):
        finished = _finish_stored(database, workspace)
        run = ledger.newest_run(database)
        if run is not None and run.id in finished:
            said = json.loads(run.summary)
            summary = {key: said[key] for key in _empty_summary()}
            return RunReport(run.id, Path(run.out), summary, tuple(said["notes"]))
        if run is None or run.status not in ("running", "interrupted"):
            raise NotFound("no run was interrupted, so there is none to resume: see linktrack action log")
        order, out = Order.parse(run.summary), Path(run.out)
        if order.export is not None and not order.export.exists():
            raise NotFound(
                f"the export of the interrupted run is gone: {order.export}: bring it back or begin a new run"
            )
        ledger.interrupt_runs(database)
        work = prepare(workspace, database, order)
        output.clear_unfinished(out)
        check_new_folder(out, workspace.kept())
        ledger.set_status(database, run.id, "running")
        return _carry_out(work, out, run.id)


def _rehearse(workspace: Workspace, database: Database, order: Order) -> RunReport:
    work = prepare(workspace, database, order)
    planner = Planner(work, _run_scripts(work, None), None)
    delivered = tuple(planner.changes())
    return _report(work, planner, None, None, _notes(work, planner, crm_names.new_names(work.state)), delivered)


def _carry_out(work: Work, out: Path, run_id: int) -> RunReport:
    """Run the scripts, write the files, and store the run in the ledger."""
    work.ledger.note_definitions(run_id, work.reworded)
    work = replace(work, actions=work.ledger.note_definitions(run_id, work.actions))
    database, settings = work.ledger.database, work.workspace.settings
    kept = work.workspace.kept().and_inputs(work.order.export)
    try:
        planner = Planner(work, _run_scripts(work, run_id), run_id)
        work.ledger.lay_aside()
        with making_folder(out, kept) as aside:
            dialect, guard = dialect_of(work.state.contacts), settings.actions.guard_formulas
            with output.RunFolder(aside, dialect, guard=guard) as folder:
                write_plan(folder, planner, work.order.now)
                work.ledger.flush()
                write_crm(folder, work.state)
            names = sorted(path.name for path in aside.iterdir())
        new = crm_names.new_names(work.state)
        notes = _notes(work, planner, new)
        text = output.summary_text(
            {
                "run": run_id,
                "ran_at": iso(work.order.now, work.workspace.zone),
                **_summary(planner),
                "notes": [*work.notes, *notes],
                "new_selections": new.get("selection", []),
                "new_projects": new.get("project", []),
                "new_interests": sorted({*new.get("interest", []), *new.get("company-interest", [])}),
                "left_alone": [row._asdict() for row in work.state.left_alone],
                "files": [*names, output.SUMMARY],
            }
        )
        export = work.order.export  # read before the transaction, so that nobody waits meanwhile
        seen = None if export is None else witness_of(database, export, work.state.mapping)
        with database.transaction(durable=True):
            work.ledger.store(run_id, text, store_now())
            if seen is not None:
                seen.note_what_was_seen(store_now())
            for recipient_id, type, at in planner.departures:
                leave(database, recipient_id, type, "action", at)
            if work.order.by_hand is None:
                selecting.pass_clicks(database, planner.unknown, get_unsubscribes=get_unsubscribes(work.workspace))
        write_file(out / output.SUMMARY, text.encode(), kept)
        ledger.set_status(database, run_id, "done")
    except DiskFull as problem:
        raise DiskFull(
            f"{problem.sentence}; what scripts did is kept: finish this run with linktrack action run --resume",
            file=problem.file,
        ) from None
    return _report(work, planner, run_id, out, notes, ())


def _run_scripts(work: Work, run_id: int | None) -> dict[str, FoundScript]:
    """Run what is to be run, and make the fields that scripts have answered known to the state."""
    scripts = run_open_scripts(work, run_id)
    load_answered(work.state, {name for one in scripts.values() if one.result for name in one.result.fields})
    return scripts


def _finish_stored(database: Database, workspace: Workspace) -> list[int]:
    """Put the missing `summary.json` into the folders of runs that the ledger has in full. Returns their numbers."""
    finished = []
    for run in ledger.stored_runs(database):
        path = Path(run.out) / output.SUMMARY
        if path.parent.is_dir() and not path.exists():
            write_file(path, run.summary.encode(), workspace.kept())
        ledger.set_status(database, run.id, "done")
        finished.append(run.id)
    return finished


def _check_folder(database: Database, workspace: Workspace, out: Path) -> None:
    """Conflict when the folder is not empty; where a run was interrupted in it, with the way to finish it."""
    newest = ledger.newest_run(database)
    unfinished = newest is not None and newest.status in ("running", "interrupted")
    if newest is not None and unfinished and newest.out == str(out.absolute()) and out.is_dir() and any(out.iterdir()):
        raise Conflict(
            f"run {newest.id} was interrupted in {out}: finish it with linktrack action run --resume, "
            "or name another folder with --out"
        )
    check_new_folder(out, workspace.kept())


def _report(
    work: Work,
    planner: Planner,
    run_id: int | None,
    out: Path | None,
    notes: list[str],
    delivered: tuple[Delivered, ...],
) -> RunReport:
    earlier = ledger.open_failures(work.ledger.database, run_id)
    said = tuple(notes), tuple(planner.unknown), tuple(planner.failures), work.notes, planner.interrupted
    return RunReport(run_id, out, _summary(planner), *said, earlier, delivered)


def _notes(work: Work, planner: Planner, new: Mapping[str, list[str]]) -> list[str]:
    """What is to be said of a run besides its counts."""
    export = work.order.export
    odd = [] if export is None else misnamed(export)
    return [*odd, *work.state.notes, *crm_names.sentences(work.state, new), *_near_misses(work, planner)]


def _near_misses(work: Work, planner: Planner) -> Iterator[str]:
    """Who is not in the export, while somebody is whose id differs by what a spreadsheet does to it."""
    table = work.state.contacts
    if not planner.unknown or table is None:
        return
    at = column_of(table, work.state.mapping.settings.contacts.id)
    if at is None:
        return
    near = near_ids(planner.unknown.keys(), (values[at] for _, values in table.rows([])))
    for contact_id, others in list(near.items())[:_NEAR]:
        there = " or ".join(map(repr, others))
        yield f"{contact_id!r} has clicked and is not in {table.path.name}, but {there} is: is that the same contact?"
    if len(near) > _NEAR:
        yield f"so it is with {len(near) - _NEAR:,} more"


def _summary(planner: Planner) -> dict[str, int]:
    """The counts of a walk, with the keys of SPEC section 12 in their order."""
    kinds = {key: sum(planner.by_kind[kind] for kind in kinds) for key, kinds in SUMMARY_KEYS.items()}
    return {**_empty_summary(), **planner.counts(), "changes": sum(planner.by_kind.values()), **kinds}


def _empty_summary() -> dict[str, int]:
    return dict.fromkeys(("clicks", "contacts", "changes", *SUMMARY_KEYS, "failed", "unknown_contacts"), 0)
