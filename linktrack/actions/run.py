"""A run of the actions: open clicks in, files for the CRM out, and the one transaction that makes it count.

The order that makes it happen once: scripts stand in the ledger before they start; all files are on the disk
before the transaction; the summary is put beside them after it. Killed before the transaction, a run has handled
nothing and is done again; killed after it, only its summary is missing, and the next run puts it there.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from linktrack.actions import crm_names, output, selecting
from linktrack.actions.delivery import write_crm, write_for_restoring, write_plan
from linktrack.actions.done import delivered
from linktrack.actions.ledger import runs
from linktrack.actions.ledger.additions import Additions
from linktrack.actions.ledger.definitions import note_definitions
from linktrack.actions.lost_runs.before_taking import refuse_before_taking
from linktrack.actions.run_input import RunOptions, Work, prepare
from linktrack.actions.run_report import RunReport, empty_summary, notes_of, report_of, summary_of
from linktrack.actions.scripts.starting import rehearsed_scripts, run_open_scripts
from linktrack.contacts.export_evidence import witness_of
from linktrack.contacts.left import leave
from linktrack.contacts.seen import ExportPrints, prints_of
from linktrack.crm.authored import dialect_of
from linktrack.errors import BadInput, Conflict, DiskFull, LinktrackError, Locked, NotFound, UsageError
from linktrack.files.disk_folders import check_new_folder, making_folder
from linktrack.files.reading import sentence_of, tidy_path
from linktrack.files.writing import write_file
from linktrack.moments import Clock, iso, now
from linktrack.store.lock import alone
from linktrack.store.revisions import workspace_print
from linktrack.store.session import Database
from linktrack.workspace import Workspace

RESUME = (
    "what scripts did is kept: finish this run with linktrack action run --resume, or, where its folder cannot be "
    "made, begin another one with another --out"
)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """While it lasts, nobody looks for circles of objects: a run makes none that grow with the clicks. It is put around
    whole functions, whose many objects are gone when somebody looks again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_without_collecting()
def run_actions(
    workspace: Workspace,
    database: Database,
    options: RunOptions,
    out: Path | None,
    *,
    wait: float = 0,
    clock: Clock = now,
) -> RunReport:
    """Do what the options say with the people of its export, and write the files to the new or empty folder `out`.

    Without `out` it is a rehearsal: nothing is written, no script is run. BadInput when the export lacks what an
    action needs, NotFound without the export, Conflict when `out` is not empty or another run is going on for longer
    than `wait` seconds. What ends a run that has begun leaves one that `resume_run` finishes, and says so.
    """
    if options.retried and options.replay is not None:
        raise UsageError("--replay and --retry-failed are two runs: give one after the other")
    refuse_before_taking(database)
    if out is None:
        return _rehearse(workspace, database, options)
    with alone(workspace, database, "action run", wait):
        _finish_stored(database, workspace)
        _check_folder(database, workspace, out)
        work = prepare(workspace, database, options)
        before = runs.newest_run(database)
        if before is not None and before.is_unfinished:
            database.warn(
                f"run {before.id} was interrupted, and this run takes its place, though linktrack action run --resume "
                "would have finished it: what its scripts did is kept"
            )
        prints = _prints_of(options.export)
        seen = replace(options, export_print=prints.whole.hex())
        run_id = runs.begin_run(database, options.now, str(tidy_path(out)), seen.text())
        return _carry_out(work, out, run_id, prints, clock)


@_without_collecting()
def resume_run(workspace: Workspace, database: Database, *, wait: float = 0, clock: Clock = now) -> RunReport:
    """Finish the newest run if it was interrupted: with the same export, into the same folder. NotFound if none was."""
    refuse_before_taking(database)
    with alone(workspace, database, "action run", wait):
        finished = _finish_stored(database, workspace)
        run = runs.newest_run(database)
        if run is not None and run.id in finished:
            said = json.loads(run.summary)
            summary = {key: said[key] for key in empty_summary()}
            interrupted = runs.interrupted_in(database, run.id)
            return RunReport(run.id, Path(run.out), summary, tuple(said["notes"]), interrupted=interrupted)
        if run is None or not run.is_unfinished:
            raise NotFound("no run was interrupted, so there is none to resume: see linktrack action log")
        options, out = RunOptions.parse(run.summary), Path(run.out)
        if options.export is not None and not options.export.exists():
            raise NotFound(
                f"the export of the interrupted run is gone: {options.export}: bring it back or begin a new run"
            )
        prints = _prints_of(options.export)
        if options.export_print != prints.whole.hex():
            database.warn(
                f"the export {options.export} has changed since run {run.id} began: the run is finished with it as "
                "it is"
            )
        runs.interrupt_runs(database)
        work = prepare(workspace, database, options)
        output.clear_unfinished(out)
        check_new_folder(out, workspace.protected())
        runs.set_status(database, run.id, "running")
        return _carry_out(work, out, run.id, prints, clock)


def _prints_of(export: Path | None) -> ExportPrints:
    """What an export is known by, whichever of its files a run may read; nothing where there is none."""
    besides = ("companies", "selections", "projects", "users", "follow-ups", "requests")
    return ExportPrints(b"", b"") if export is None else prints_of(export, besides)


def _rehearse(workspace: Workspace, database: Database, options: RunOptions) -> RunReport:
    work = prepare(workspace, database, options)
    planner = work.planner(rehearsed_scripts(work), None)
    told = tuple(delivered(chain.from_iterable(planner.changes(work.ledger.clicks())), workspace.zone))
    return report_of(work, planner, None, None, notes_of(work, planner, crm_names.new_names(work.state)), told)


def _carry_out(work: Work, out: Path, run_id: int, prints: ExportPrints, clock: Clock) -> RunReport:
    """Run the scripts, write the files, and store the run in the ledger. `prints` are those of the export."""
    database, settings = work.ledger.database, work.workspace.settings
    work = replace(work, actions=note_definitions(database, run_id, work.actions, besides=work.reworded))
    protected = work.workspace.protected().and_inputs(work.options.export)
    with _finished_by_resuming(database):
        scripts = run_open_scripts(work, run_id)
        additions = Additions(database, run_id)
        planner = work.planner(scripts, additions)
        with making_folder(out, protected) as aside:
            dialect, guard = dialect_of(work.state.contacts), settings.actions.guard_formulas
            with output.RunFolder(aside, dialect, guard=guard) as folder:
                write_plan(folder, planner, work.ledger.clicks(), additions, work.workspace.zone)
                additions.flush()
                clicks, words = work.passing(planner.unknown), work.words(run_id, planner.departures)
                reckoned = write_for_restoring(folder, work.standing, clicks, words, work.workspace.zone)
                write_crm(folder, work.state)
            names = sorted(path.name for path in aside.iterdir())
        new = crm_names.new_names(work.state)
        notes = notes_of(work, planner, new)
        text = output.summary_text(
            {
                "run": run_id,
                "workspace": workspace_print(database),
                "by_hand": work.options.by_hand is not None,
                "ran_at": iso(work.options.now, work.workspace.zone),
                **summary_of(planner),
                **reckoned,
                "notes": [*work.notes, *notes],
                "new_selections": new.get("selection", []),
                "new_projects": new.get("project", []),
                "new_interests": sorted({*new.get("interest", []), *new.get("company-interest", [])}),
                "left_alone": [row._asdict() for row in work.state.left_alone],
                "files": [*names, output.SUMMARY],
            }
        )
        export = work.options.export  # read before the transaction, so that nobody waits meanwhile
        state = work.state
        seen = export and witness_of(database, export, state.mapping, state.contacts, prints.contacts)
        with database.transaction(durable=True):
            additions.store(text, clock())
            if seen:
                seen.note_what_was_seen(clock())
            for one in planner.departures:
                leave(database, one.recipient_id, one.type, "action", one.at)
            if work.options.by_hand is None:
                selecting.pass_clicks(work.ledger.found)
        write_file(out / output.SUMMARY, text.encode(), protected)
        runs.set_status(database, run_id, "done")
    return report_of(work, planner, run_id, out, notes, ())


@contextmanager
def _finished_by_resuming(database: Database) -> Iterator[None]:
    """Whatever ends a run that has begun also says how it is finished; but for bad input, which ends it again."""
    try:
        yield
    except KeyboardInterrupt:
        database.warn(f"the run is not finished; {RESUME}")
        raise
    except BadInput:
        raise
    except (OSError, LinktrackError) as problem:
        said = problem if isinstance(problem, LinktrackError) else sentence_of(problem)
        kinds = (DiskFull, Locked, Conflict, NotFound, LinktrackError)
        kind = next(kind for kind in kinds if isinstance(said, kind))
        raise kind(f"{said.sentence}; {RESUME}", file=said.file, line=said.line) from None


def _finish_stored(database: Database, workspace: Workspace) -> list[int]:
    """Put the missing `summary.json` into the folders of runs that the ledger has in full. Returns their numbers; one
    whose folder takes none is said, and tried again by the next command: other runs need not wait for it."""
    finished = []
    for run in runs.stored_runs(database):
        path = Path(run.out) / output.SUMMARY
        if path.parent.is_dir() and not path.exists():
            try:
                write_file(path, run.summary.encode(), workspace.protected())
            except LinktrackError as problem:
                database.warn(
                    f"{path}: {problem.sentence}. All else of run {run.id} is done: once this is mended, linktrack "
                    "action run --resume puts the summary there, and so does the next run"
                )
                continue
        runs.set_status(database, run.id, "done")
        finished.append(run.id)
    return finished


def _check_folder(database: Database, workspace: Workspace, out: Path) -> None:
    """Conflict when the folder is not empty; where a run was interrupted in it, with the way to finish it."""
    newest = runs.newest_run(database)
    unfinished = newest is not None and newest.is_unfinished
    if newest is not None and unfinished and newest.out == str(tidy_path(out)) and out.is_dir() and any(out.iterdir()):
        raise Conflict(
            f"run {newest.id} was interrupted in {out}: finish it with linktrack action run --resume, "
            "or name another folder with --out"
        )
    check_new_folder(out, workspace.protected())
