"""Texts of which nothing is left once they are filled in: what has nothing to read is not made, and not lost."""

from __future__ import annotations

from typing import Any

import pytest
from actions.actions_world import ActionsWorld

EMPTY: dict[str, tuple[dict[str, Any], str]] = {
    "a request's title": ({"type": "request", "title": "{contact.name}"}, "requests"),
    "a request's title of blanks": ({"type": "request", "title": " {contact.name} "}, "requests"),
    "a task with nothing to read": (
        {"type": "follow-up", "task": "{contact.name}", "description": "", "default_recipient": "BO"},
        "follow_ups",
    ),
    "an appointment with nothing to read": (
        {"type": "follow-up", "kind": "appointment", "description": "{contact.name}", "default_recipient": "BO"},
        "follow_ups",
    ),
    "a project": ({"type": "project", "add": ["{contact.name}"]}, "projects"),
}


@pytest.mark.parametrize("case", EMPTY)
def test_it_fails_and_is_made_when_there_is_something(world: ActionsWorld, case: str) -> None:
    action, counted = EMPTY[case]
    world.link("call", [action])
    world.click("1", "call")
    report, _ = world.run(world.export("contact_id,name\n1,\n"))
    assert (report.summary["failed"], report.summary[counted]) == (1, 0)
    assert "empty once it is filled in" in report.failures[0]
    again, _ = world.run(world.export("contact_id,name\n1,Bo\n"), retry_failed=True)
    assert (again.summary["failed"], again.summary[counted]) == (0, 1)


def test_a_task_with_a_description_needs_no_name(world: ActionsWorld) -> None:
    world.link("call", [{"type": "follow-up", "task": "{contact.name}", "default_recipient": "BO"}])
    world.click("1", "call")
    report, _ = world.run(world.export("contact_id,name\n1,\n"))
    assert (report.summary["failed"], report.summary["follow_ups"]) == (0, 1)
