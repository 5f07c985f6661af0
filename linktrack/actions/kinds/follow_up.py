"""Follow-ups: a task or an appointment for whoever looks after the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Staff, Texts, Thing
from linktrack.errors import CannotChange
from linktrack.links.action_values import seconds_of
from linktrack.links.actions import FollowUpAction


def plan(action: FollowUpAction, fill: Texts, contact: Callable[[str], str], staff: Staff) -> Iterable[Thing]:
    """One thing: with our contact or the default recipient, at the time named or the next that is free."""
    description, task = fill(action.description), fill(action.task)
    if not (description.strip() or task.strip()):
        raise CannotChange(f"{action.description or action.task!r} is empty once it is filled in")
    owner = ""
    if action.assign_to_our_contact:
        owner = staff.user(contact("our_contact"))
        if staff.users and owner not in staff.users:
            owner = ""  # a seller who is not there any more
    owner = owner or staff.user(fill(action.default_recipient))
    seconds = seconds_of(action.duration)
    slots = staff.slots
    is_next = action.start == "next-available"
    booked = slots.take(owner, seconds) if is_next else slots.at(owner, action.start, seconds)
    row = {
        "kind": action.kind,
        "task": task,
        "description": description,
        "project": fill(action.project),
        "created_by": fill(action.created_by),
        "assigned_to": owner,
        "assignment": "true" if action.assignment else "false",
        "start": booked.start,
        "end": booked.end,
        "duration_minutes": f"{seconds / 60:g}",
    }
    yield Thing(task or action.kind, description, owner, row, booked.start_at, booked.end_at)
