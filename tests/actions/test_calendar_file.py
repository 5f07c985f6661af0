"""follow-ups.ics: valid iCalendar in the eyes of another program's parser, whatever people write into it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from actions.actions_world import MAY_4
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.actions.calendar_file import ALL, CalendarFiles

icalendar = pytest.importorskip("icalendar")

ROW = {
    "contact_id": "007", "link": "offer", "mailing": "spring",
    "kind": "task", "task": "Phone out", "description": "Clicked; a, b\\c\nand more", "project": "Launch", "created_by": "ANNA",
    "assigned_to": "BO", "assignment": "false", "start": "2026-05-04T14:00:00+02:00", "end": "2026-05-04T14:30:00+02:00",
    "duration_minutes": "30",
}  # fmt: skip


def written(folder: Path, *rows: dict[str, str]) -> dict[str, bytes]:
    """The files of a run with these follow-ups."""
    calendars = CalendarFiles(lambda name: folder / name, MAY_4)
    for number, row in enumerate(rows):
        calendars.add({**row, "id": f"c{number}"})
    calendars.close()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def parsed(data: bytes) -> list[Any]:
    assert data.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(data)
    assert (str(calendar["VERSION"]), calendar["PRODID"][:3], calendar.errors) == ("2.0", "-//", [])
    assert "METHOD" not in calendar  # a published event would need an organizer (RFC 5546, 3.2.1)
    assert all(not component.errors for component in calendar.subcomponents)
    identifiers = [str(component["UID"]) for component in calendar.subcomponents]
    assert len(set(identifiers)) == len(identifiers)
    return list(calendar.subcomponents)


def test_a_task_is_a_todo_and_an_event_an_appointment_an_event(tmp_path: Path) -> None:
    rows = ROW, {**ROW, "kind": "appointment", "assignment": "true", "task": ""}
    todo, shown, event = parsed(written(tmp_path, *rows)["follow-ups.ics"])
    assert (todo.name, str(todo["UID"]), str(todo["SUMMARY"])) == ("VTODO", "c0@linktrack", "Phone out")
    assert (shown.name, str(shown["UID"]), str(shown["SUMMARY"])) == ("VEVENT", "c0-event@linktrack", "Phone out")
    assert todo["DTSTART"].dt == shown["DTSTART"].dt == datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert todo["DUE"].dt == shown["DTEND"].dt == datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    assert str(todo["DESCRIPTION"]) == "Clicked; a, b\\c\nand more"
    assert [str(name) for name in todo["CATEGORIES"].cats] == ["Launch"]
    assert (str(todo["X-LINKTRACK-ASSIGNED-TO"]), str(todo["X-LINKTRACK-CONTACT-ID"])) == ("BO", "007")
    assert (event.name, str(event["STATUS"]), event["DTEND"].dt) == ("VEVENT", "TENTATIVE", todo["DUE"].dt)
    assert str(event["SUMMARY"]) == "Clicked; a, b\\c\nand more"
    assert "STATUS" not in todo and "STATUS" not in shown


OWNERS = {  # the owners of follow-ups in their order -> the files
    "nobody": ([""], ["follow-ups.ics"]),
    "two": (["BO", "ANNA", "BO"], ["follow-ups-ANNA.ics", "follow-ups-BO.ics", "follow-ups.ics"]),
    "names that are no file names": (["../a/b", "Åsa Öberg", "bo@example.com"], ["follow-ups-_a_b.ics", "follow-ups-bo@example.com.ics", "follow-ups-Åsa_Öberg.ics", "follow-ups.ics"]),
    "names that differ in case, or in what no file name has": (["Bo", "BO", "B/O", "B:O"], ["follow-ups-B_O.ics", "follow-ups-B_O-2.ics", "follow-ups-BO-2.ics", "follow-ups-Bo.ics", "follow-ups.ics"]),
}  # fmt: skip


@pytest.mark.parametrize("case", OWNERS)
def test_every_owner_has_a_calendar(tmp_path: Path, case: str) -> None:
    owners, names = OWNERS[case]
    files = written(tmp_path, *({**ROW, "assigned_to": owner} for owner in owners))
    assert sorted(files) == sorted(names)
    entries = [str(one["X-LINKTRACK-ASSIGNED-TO"]) for name in files if name != ALL for one in parsed(files[name])]
    assert sorted(entries) == sorted(owner for owner in owners if owner for _ in range(2))


def test_no_follow_up_no_calendar(tmp_path: Path) -> None:
    assert written(tmp_path) == {}


def test_a_calendar_larger_than_what_is_kept_back_is_whole(tmp_path: Path) -> None:
    files = written(tmp_path, *({**ROW, "assigned_to": owner} for _ in range(150) for owner in ("ANNA", "BO")))
    assert len(files["follow-ups.ics"]) > 2 * 65_536
    assert [len(parsed(files[name])) for name in sorted(files)] == [300, 300, 600]


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n;,\\:"å漢😀'), max_size=120)


@settings(max_examples=100)
@given(texts, texts)
def test_any_text_comes_through(description: str, task: str) -> None:
    with TemporaryDirectory() as folder:
        todo, _ = parsed(written(Path(folder), {**ROW, "description": description, "task": task})["follow-ups.ics"])
    assert str(todo.get("DESCRIPTION", "")) == description
    assert str(todo["SUMMARY"]) == (task or description or "task")
