"""After a restore: what runs have made that the backup does not know is taken into the ledger, so that nothing is made
again.

Clicks that a run has passed count as passed here, too: an action that is added later does not reach them. Where a run's
folder does not say which clicks these were, they stay open, and what the run did because of them is not done again. No
run begins until all that is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.ledger.runs import is_taken, missing_runs, taken_runs
from linktrack.actions.lost_runs.catalogue import LostCatalogue, command_lines
from linktrack.actions.lost_runs.keys import former_keys
from linktrack.actions.lost_runs.reading import LostRun, find_runs
from linktrack.actions.lost_runs.taking import RunTaking
from linktrack.actions.output import SUMMARY
from linktrack.errors import BadInput, Conflict
from linktrack.moments import Clock, now
from linktrack.store.lock import alone
from linktrack.store.restored import is_awaited, keys_told, was_restored
from linktrack.store.revisions import workspace_print
from linktrack.store.session import Database
from linktrack.workspace import Workspace


class Taken(NamedTuple):
    """What was taken over: `runs` and their `changes`; `known` runs stood in the ledger already. `unknown` changes are
    of links or mailings that the backup does not have (no click on these is counted any more), or of people who were
    forgotten; `missing` are the numbers of runs in between whose folders were not named; `silent` those of runs whose
    folders do not say what people had said of mailings and of tracking."""

    runs: int
    known: int
    changes: int
    unknown: int
    missing: tuple[int, ...]
    silent: tuple[int, ...]


def no_runs(workspace: Workspace, database: Database, *, wait: float = 0, clock: Clock = now) -> tuple[int, ...]:
    """Note that nothing ran after the backup but what was taken, whose numbers are returned. Conflict where nothing was
    restored."""
    with alone(workspace, database, "action run", wait, does="the taking of runs"):
        _refuse_unrestored(database)
        _settle(database, clock())
        return tuple(sorted(taken_runs(database)))


def take_runs(
    workspace: Workspace, database: Database, folders: Sequence[Path], *, wait: float = 0, clock: Clock = now
) -> Taken:
    """Take what the runs in these folders made into the ledger, each run whole or not at all; a run that is known is
    left alone, so this may be called again. While one is missing in between, no run begins.

    Actions get the numbers back that they had in these runs, and that is said. Conflict where nothing was restored; the
    first time that links are found to have had other keys in these runs; and where a run carried out links and actions,
    made or changed since the backup, that are not here as they were then. NotFound without a run; BadInput for files
    that no run has written, or a run of another workspace.
    """
    with alone(workspace, database, "action run", wait, does="the taking of runs"):
        _refuse_unrestored(database)
        runs = find_runs(folders, workspace.settings.crm)
        for run in runs:
            _refuse_others(run, workspace_print(database))
        other_keys = _told_keys(database, runs, workspace.root)
        catalogue = LostCatalogue(database, runs, workspace.root)
        if not all(is_taken(database, run.summary) for run in runs):
            with database.transaction(durable=True):
                moved = catalogue.put_back()
            for sentence in moved:
                database.warn(sentence)
        taken = [RunTaking(database, run, catalogue).carry_out() for run in runs]
        missing = missing_runs(database)
        _settle(database, clock() if not missing else None)
        if other_keys:  # not beside commands for actions, which go by the keys of now
            database.warn(other_keys)
    known = sum(1 for one in taken if one is None)
    counts = [one for one in taken if one is not None]
    silent = tuple(run.number for run, one in zip(runs, taken, strict=True) if one is not None and not run.tells_words)
    return Taken(len(counts), known, sum(one[0] for one in counts), sum(one[1] for one in counts), missing, silent)


def _refuse_unrestored(database: Database) -> None:
    if not was_restored(database):
        raise Conflict("this workspace was not restored from a backup: its ledger knows all its runs")


def _told_keys(database: Database, runs: Sequence[LostRun], root: Path) -> str:
    """Which links had other keys in these runs: a Conflict the first time, a sentence afterwards, for a link may have
    been renamed again after the last run; "" where none had."""
    found, newest = former_keys(database, runs), max(run.number for run in runs)
    is_new = is_awaited(database) and newest > keys_told(database)
    if is_new:
        with database.transaction(durable=True):
            database.execute("UPDATE workspace SET keys_told = ?", (newest,))
    if not found.had:
        return ""
    named = ", ".join(f"{key!r} was {then!r}" for key, then in sorted(found.had.items()))
    renames = [["link", "edit", one.key, "--key", one.then] for one in found.renames]
    aside = "".join(
        f"\n   {key!r} only makes way: give it the key that it had last, or delete it if it is one of these, made again"
        for key in found.aside
    )
    said = f"links had other keys in these runs than here: {named}"
    if not is_new:
        return f"{said}; if that is not what they were renamed to after these runs:{command_lines(root, renames)}"
    raise Conflict(
        f"{said}. What is said of a link by its key, by link apply as well, would be laid to another, and so bring "
        "them back before anything else, then name the folders once more (a link that was renamed again after these "
        f"runs gets the key that it had last):{command_lines(root, renames)}{aside}"
    )


def _refuse_others(run: LostRun, ours: str) -> None:
    """BadInput for a run of another workspace, or one that does not say whose it is."""
    if run.workspace != ours:
        whose = "does not say which workspace made the run" if not run.workspace else "is a run of another workspace"
        raise BadInput(
            f"this {whose}: only those of the workspace that was backed up are taken", file=run.folder / SUMMARY
        )


def _settle(database: Database, at: int | None) -> None:
    """Note when all was said, of keys too; None while something is missing."""
    with database.transaction(durable=True):
        database.execute("UPDATE workspace SET runs_taken_at = ?", (at,))
        if at is not None:
            database.execute("UPDATE workspace SET keys_told = NULL")
