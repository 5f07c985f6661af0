"""Follow-ups: a task or an appointment for whoever looks after the person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from linktrack.actions.planned import Desk, Texts, Thing
from linktrack.links.actions import FollowUp, seconds_of


def plan(says: FollowUp, fill: Texts, contact: Callable[[str], str], desk: Desk) -> Iterable[Thing]:
    """One thing: with our contact or the default recipient, at the time named or the next that is free."""
    owner = ""
    if says.assign_to_our_contact:
        owner = contact("our_contact").strip()
        if desk.users and owner not in desk.users:
            owner = ""  # a seller who is not there any more
    owner = owner or fill(says.default_recipient)
    seconds = seconds_of(says.duration)
    start, end = (
        desk.slots.take(owner, seconds) if says.start == "next-available" else desk.slots.at(owner, says.start, seconds)
    )
    description, task = fill(says.description), fill(says.task)
    row = {
        "kind": says.kind,
        "task": task,
        "description": description,
        "project": fill(says.project),
        "created_by": fill(says.created_by),
        "assigned_to": owner,
        "assignment": "true" if says.assignment else "false",
        "start": start.isoformat(),
        "end": end.isoformat(),
        "duration_minutes": f"{seconds / 60:g}",
    }
    yield Thing(task or says.kind, description, owner, row, _milliseconds(start), _milliseconds(end))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
