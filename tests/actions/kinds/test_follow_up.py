"""Follow-ups: whom they are for, when they are, and what stands in their row."""

from __future__ import annotations

from typing import Any

import pytest
from actions.kinds.kind_world import make_desk, planned

from linktrack.actions.planned import Thing

ROW = {
    "kind": "task", "task": "", "description": "Clicked Yes please in spring", "project": "", "created_by": "",
    "assigned_to": "", "assignment": "false", "start": "2026-05-04T12:00:00+00:00", "end": "2026-05-04T12:30:00+00:00",
    "duration_minutes": "30",
}  # fmt: skip
OURS: dict[str, Any] = {"assign_to_our_contact": True}

CASES: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str, ...], dict[str, str]]] = {
    "nothing but defaults": ({}, {}, (), {}),
    "a task of a type": ({"task": "Phone out"}, {}, (), {"task": "Phone out"}),
    "an appointment that can be refused": (
        {"kind": "appointment", "assignment": True}, {}, (), {"kind": "appointment", "assignment": "true"},
    ),
    "texts with placeholders": (
        {"description": "{contact.name}", "project": "{mailing.name}", "created_by": "{contact.our_contact}"}, {}, (),
        {"description": "Karin Sjöström", "project": "spring", "created_by": "ANNA"},
    ),
    "our contact": ({**OURS, "default_recipient": "BO"}, {}, (), {"assigned_to": "ANNA"}),
    "the default recipient where there is no seller": (
        {**OURS, "default_recipient": "BO"}, {"our_contact": " "}, (), {"assigned_to": "BO"},
    ),
    "the default recipient where the seller has left": (
        {**OURS, "default_recipient": "BO"}, {"our_contact": "OLD"}, ("ANNA", "BO"), {"assigned_to": "BO"},
    ),
    "nobody where there is neither": (OURS, {"our_contact": ""}, (), {"assigned_to": ""}),
    "the default recipient where nobody asks for our contact": ({"default_recipient": "BO"}, {}, (), {"assigned_to": "BO"}),
    "a time that is named": (
        {"start": "2026-06-01T08:15"}, {}, (),
        {"start": "2026-06-01T08:15:00+00:00", "end": "2026-06-01T08:45:00+00:00"},
    ),
    "a length of its own": ({"duration": "1h30m"}, {}, (), {"end": "2026-05-04T13:30:00+00:00", "duration_minutes": "90"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_made(case: str) -> None:
    settings, contact, users, expected = CASES[case]
    (thing,) = planned({"type": "follow-up", **settings}, make_desk(users=users), **contact)
    assert isinstance(thing, Thing)
    assert thing.row == {**ROW, **expected}
    assert thing.owner == thing.row["assigned_to"]
    assert (thing.name, thing.text) == (thing.row["task"] or thing.row["kind"], thing.row["description"])


def test_what_is_planned_takes_the_time_of_its_owner() -> None:
    staff = make_desk()
    action = {"type": "follow-up", "default_recipient": "BO"}
    fixed = {**action, "start": "2026-05-04T12:30"}
    starts = [planned(one, staff)[0].row["start"][11:16] for one in (fixed, action, action)]  # type: ignore[union-attr]
    assert starts == ["12:30", "12:00", "13:00"]
