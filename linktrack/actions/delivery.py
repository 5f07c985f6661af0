"""What a run delivers: the plan's rows and the CRM's changed files, written into the folder of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from linktrack.actions import output as files
from linktrack.actions.calendar_file import CalendarFiles
from linktrack.actions.crm_state import CrmState
from linktrack.actions.ledger.additions import Additions
from linktrack.actions.planned import MADE_FILES, Clicked, RowCells
from linktrack.actions.planning import Planner
from linktrack.actions.selecting import PassedClick
from linktrack.contacts.words import Word
from linktrack.crm.writing import write_back
from linktrack.links.stored_actions import StandingAction
from linktrack.moments import iso
from linktrack.store.many import at_once

_AT_ONCE = 90  # rows


def write_plan(
    folder: files.RunFolder, planner: Planner, clicks: Iterable[Clicked], ledger: Additions, zone: tzinfo
) -> None:
    """Walk over the clicks, in the order of time, and write every change to the files that it belongs to, and put it
    aside for the ledger. Times are in `zone`."""
    for name in files.ALWAYS:
        folder.start(name)
    calendars = CalendarFiles(folder.path, planner.now)
    for done in planner.changes(clicks):
        ledger.add_done(done, planner.now)
        shown = folder.changes(done, zone)
        made = defaultdict[str, list[RowCells]](list)  # by kind the rows of what was made
        for one in done:
            if one.cells:
                made[one.kind].append(one.row(shown[one.click.at]))
        for kind, rows in made.items():
            folder.rows(MADE_FILES[kind], rows)
        for row in made["follow-up"]:
            calendars.add(row)
    calendars.close()
    state = planner.state
    for kind in ("selection", "project"):
        for some in at_once(state.net_members(kind), _AT_ONCE):
            folder.rows(f"{kind}s.csv", [_member(state, kind, *one) for one in some])
    if planner.unknown:
        folder.rows("unknown-contacts.csv", ({"contact_id": one, "clicks": n} for one, n in planner.unknown.items()))


def _member(state: CrmState, kind: str, name: str, contact_id: str, change: str) -> dict[str, str]:
    """A row of selections.csv or projects.csv."""
    person = state.people[contact_id]
    who = {"contact_id": contact_id, "name": person.get("name"), "email": person.get("email")}
    return {kind: name, "change": change, **who}


def write_for_restoring(
    folder: files.RunFolder,
    actions: Sequence[StandingAction],
    clicks: Iterable[PassedClick],
    words: Iterable[Word],
    zone: tzinfo,
) -> dict[str, int]:
    """Write what a restored workspace has to know of the run besides its changes: the actions as they stood when it
    began, the clicks that it passes, and, asked for after these, what people have said. Returns how many, as the
    summary counts them. Times are in `zone`."""
    rows = [
        {
            "link": action.key,
            "link_id": action.link_id,
            "link_identity": action.identity,
            "number": action.number,
            "type": action.table["type"],
            "settings": {name: value for name, value in action.table.items() if name != "type"},
        }
        for action in actions
    ]
    folder.rows("actions.ndjson", rows)
    counts = {"actions": len(actions), "passed_clicks": folder.passed(clicks)}
    said = ((word.contact_id, word.said, word.type, iso(word.said_at, zone)) for word in words)
    return {**counts, "said": folder.texts("said.ndjson", said)}


def write_crm(folder: files.RunFolder, state: CrmState) -> None:
    """Write the export's contacts and companies back, with the cells changed that changed."""
    if state.contacts is not None:
        changes = state.changed_contacts()
        width = len(state.contacts.columns)
        created = state.created
        if created and all(column < width for cells in changes.values() for column in cells):
            created = []
        to = folder.path(f"contacts{state.contacts.suffix}")
        write_back(state.contacts, changes, created, to, folder.path("contacts-changed.csv"), state.written_fields())
    if state.companies is not None:
        to = folder.path(f"companies{state.companies.suffix}")
        write_back(state.companies, state.changed_companies(), [], to, folder.path("companies-changed.csv"))
