"""What a run of the actions says of itself: its counts, its notes, and who was not found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from linktrack.actions import crm_names, output, selecting
from linktrack.actions.ledger import runs
from linktrack.actions.occasions import MOST_A_DAY
from linktrack.actions.planned import Delivered
from linktrack.actions.planning import Planner
from linktrack.actions.run_input import Work
from linktrack.contacts.recipients import know_any
from linktrack.crm.export import column_of, misnamed
from linktrack.crm.near_ids import near_ids
from linktrack.store.many import at_once

_NEAR = 20  # people whose ids nearly match that are named


@dataclass(frozen=True)
class RunReport:
    """What a run did, or would do."""

    run: int | None  # None for a rehearsal
    out: Path | None
    summary: dict[str, int]  # what `action run --format json` shows
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()  # who clicked and is not in the export
    failures: tuple[str, ...] = ()  # the first reasons why something could not be carried out
    reworded: tuple[str, ...] = ()  # actions that made things when they had other settings
    interrupted: int = 0  # of the failed: scripts of which nobody knows what they did
    still_open: Mapping[str, int] = field(default_factory=dict)  # what failed in earlier runs, by status
    delivered: tuple[Delivered, ...] = ()  # every change of a rehearsal, with the cells of what would be made
    missing: tuple[str, ...] = ()  # of the unknown, those whose clicks earlier runs have reported already
    others_match: bool = False  # whether the export has anybody else to whom a mailing went, where that was asked
    urgent: frozenset[str] = frozenset()  # of the notes, those on faults of the export: bad rows, ids nearly right

    @property
    def nobody_matches(self) -> bool:
        """Whether people clicked and none of them is in the export, as happens when the export has other ids.

        False where the ids are the right ones (others who got a mailing are in the export) and earlier runs have
        reported all of these people as missing: they have left the CRM.
        """
        gone = self.others_match and len(self.missing) == len(self.unknown)
        return bool(self.unknown) and not self.summary["contacts"] and not gone


def report_of(
    work: Work,
    planner: Planner,
    run_id: int | None,
    out: Path | None,
    notes: list[str],
    delivered: tuple[Delivered, ...],
) -> RunReport:
    """What a run reports once its walk is done; `run_id`, `out` and what was `delivered` as in a `RunReport`."""
    database = work.ledger.database
    summary = summary_of(planner)
    earlier = runs.open_failures(database, run_id)
    said = tuple(notes), tuple(planner.unknown), tuple(planner.notes.sentences), work.notes, planner.notes.interrupted
    missing: tuple[str, ...] = ()
    others = False
    if planner.unknown and work.options.by_hand is None:
        since = runs.last_look(database, run_id)
        new = None if since is None else selecting.came_since(work.ledger.found, since)
        missing = () if new is None else tuple(one for one in planner.unknown if one not in new)
        others = len(missing) == len(planner.unknown) and not summary["contacts"] and _others_match(work)
    return RunReport(run_id, out, summary, *said, earlier, delivered, missing, others, frozenset(work.state.urgent))


def _others_match(work: Work) -> bool:
    """Whether the export has anybody to whom a mailing went: then its ids are those that are meant."""
    table = work.state.contacts
    if table is None:
        return False
    ids = (values[work.state.id_column].strip() for _, values in table.rows([]))
    return any(know_any(work.ledger.database, some) for some in at_once(ids))


def notes_of(work: Work, planner: Planner, new: Mapping[str, list[str]]) -> list[str]:
    """What is to be said of a run besides its counts; ids that are nearly right are `urgent`, like faulty rows."""
    export = work.options.export
    odd = [] if export is None else misnamed(export)
    near = list(_near_misses(work, planner))
    work.state.urgent += near
    if beyond := planner.occasions.beyond:
        near.append(
            f"nothing was made for {beyond:,} more clicks: an action that repeats at every click makes at most "
            f"{MOST_A_DAY} things for one person and day"
        )
    return [*odd, *work.state.notes, *crm_names.sentences(work.state, new), *near]


def _near_misses(work: Work, planner: Planner) -> Iterator[str]:
    """Who is not in the export, where somebody is whose id differs only in what a spreadsheet may have done to it."""
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


def summary_of(planner: Planner) -> dict[str, int]:
    """The counts of a walk, with the keys that are shown, in their order."""
    kinds = {key: sum(planner.notes.by_kind[kind] for kind in kinds) for key, kinds in output.SUMMARY_KEYS.items()}
    return {**empty_summary(), **planner.counts(), "changes": sum(planner.notes.by_kind.values()), **kinds}


def empty_summary() -> dict[str, int]:
    """The keys of a summary, in their order, with nothing counted."""
    return dict.fromkeys(("clicks", "contacts", "changes", *output.SUMMARY_KEYS, "failed", "unknown_contacts"), 0)
