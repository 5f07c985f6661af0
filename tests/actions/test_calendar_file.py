"""follow-ups.ics: valid iCalendar in the eyes of another program's parser, whatever people write into it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from actions.actions_world import MAY_4
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.actions.calendar_file import calendar_text

icalendar = pytest.importorskip("icalendar")

CHANGE = {"id": "cabc", "contact_id": "007", "link": "offer", "mailing": "spring"}
ROW = {
    "kind": "task", "task": "Phone out", "description": "Clicked; a, b\\c\nand more", "project": "Launch", "created_by": "ANNA",
    "assigned_to": "BO", "assignment": "false", "start": "2026-05-04T14:00:00+02:00", "end": "2026-05-04T14:30:00+02:00",
    "duration_minutes": "30",
}  # fmt: skip


def parsed(*rows: dict[str, str]) -> list[Any]:
    data = calendar_text([({**CHANGE, "id": f"c{number}"}, row) for number, row in enumerate(rows)], MAY_4)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(data)
    assert (str(calendar["VERSION"]), calendar["PRODID"][:3], calendar.errors) == ("2.0", "-//", [])
    assert "METHOD" not in calendar  # a published event would need an organizer (RFC 5546, 3.2.1)
    assert all(not component.errors for component in calendar.subcomponents)
    return list(calendar.subcomponents)


def test_a_task_is_a_todo_and_an_appointment_an_event() -> None:
    todo, event = parsed(ROW, {**ROW, "kind": "appointment", "assignment": "true", "task": ""})
    assert (todo.name, str(todo["UID"]), str(todo["SUMMARY"])) == ("VTODO", "c0@linktrack", "Phone out")
    assert todo["DTSTART"].dt == datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert todo["DUE"].dt == datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    assert str(todo["DESCRIPTION"]) == "Clicked; a, b\\c\nand more"
    assert [str(name) for name in todo["CATEGORIES"].cats] == ["Launch"]
    assert (str(todo["X-LINKTRACK-ASSIGNED-TO"]), str(todo["X-LINKTRACK-CONTACT-ID"])) == ("BO", "007")
    assert (event.name, str(event["STATUS"]), event["DTEND"].dt) == ("VEVENT", "TENTATIVE", todo["DUE"].dt)
    assert str(event["SUMMARY"]) == "Clicked; a, b\\c\nand more"
    assert "STATUS" not in todo


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n;,\\:"å漢😀'), max_size=120)


@settings(max_examples=100)
@given(texts, texts)
def test_any_text_comes_through(description: str, task: str) -> None:
    (todo,) = parsed({**ROW, "description": description, "task": task})
    assert str(todo.get("DESCRIPTION", "")) == description
    assert str(todo["SUMMARY"]) == (task or description or "task")
