"""What a run delivers: the plan's rows and the CRM's changed files, written into the folder of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from linktrack.actions import output as files
from linktrack.actions.calendar_file import CalendarFiles
from linktrack.actions.crm_state import CrmState
from linktrack.actions.planned import Clicked
from linktrack.actions.planning import Planner
from linktrack.actions.selecting import PassedClick
from linktrack.click_names import click_name
from linktrack.contacts.words import Word
from linktrack.crm.writing import write_back
from linktrack.links.stored_actions import StandingAction
from linktrack.moments import iso


def write_plan(folder: files.RunFolder, planner: Planner, clicks: Iterable[Clicked]) -> None:
    """Walk over the clicks, in the order of time, and write every change to the files that it belongs to."""
    for name in files.ALWAYS:
        folder.start(name)
    calendars = CalendarFiles(folder.path, planner.now)
    for change, name, cells in planner.changes(clicks):
        folder.change(change)
        if name:
            folder.row(name, {**change._asdict(), **cells})
            if name == "follow-ups.csv":
                calendars.add(change, cells)
    calendars.close()
    state = planner.state
    for kind in ("selection", "project"):
        for name, contact_id, what in state.net_members(kind):
            person = state.people[contact_id]
            said = {"change": what, "name": person.get("name"), "email": person.get("email")}
            folder.row(f"{kind}s.csv", {kind: name, "contact_id": contact_id, **said})
    for contact_id, count in planner.unknown.items():
        folder.row("unknown-contacts.csv", {"contact_id": contact_id, "clicks": count})


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
    for action in actions:
        settings = {name: value for name, value in action.table.items() if name != "type"}
        link = {"link": action.key, "link_id": action.link_id, "link_identity": action.identity}
        row = {"number": action.number, "type": action.table["type"], "settings": settings}
        folder.row("actions.ndjson", link | row)
    passed = ((click_name(click.clicked_at, click.print), click.contact_id) for click in clicks)
    counts = {"actions": len(actions), "passed_clicks": folder.texts("passed-clicks.ndjson", passed)}
    said = ((word.contact_id, word.said, word.type, iso(word.said_at, zone)) for word in words)
    return {**counts, "said": folder.texts("said.ndjson", said)}


def write_crm(folder: files.RunFolder, state: CrmState) -> None:
    """Write the export's contacts and companies back, with the cells changed that changed."""
    if state.contacts is not None:
        changes = state.changed_contacts()
        width = len(state.contacts.columns)
        created = state.created if any(column >= width for cells in changes.values() for column in cells) else []
        to = folder.path(f"contacts{state.contacts.suffix}")
        write_back(state.contacts, changes, created, to, folder.path("contacts-changed.csv"), state.written_fields())
    if state.companies is not None:
        to = folder.path(f"companies{state.companies.suffix}")
        write_back(state.companies, state.changed_companies(), [], to, folder.path("companies-changed.csv"))
