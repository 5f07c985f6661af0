"""Action definitions: what TOML and options may say, and what is refused with a sentence when it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack.errors import BadInput
from linktrack.links.actions import KINDS, parse_action
from linktrack.settings import CrmSettings
from linktrack.workspace import Workspace

SHORTEST: dict[str, dict[str, Any]] = {
    "set-field": {"field": "x", "value": 1},
    "interest": {"add": ["News"]},
    "selection": {"remove": ["Old"]},
    "project": {"add": ["Launch"]},
    "follow-up": {},
    "request": {"title": "Help"},
    "script": {"script": "notify.py"},
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no type": ({}, "unknown action type None: the types are set-field, interest"),
    "an unknown type": ({"type": "mail"}, "unknown action type 'mail'"),
    "an unknown setting": ({"type": "script", "file": "x"}, "script has no setting 'file': it has script, timeout, batch, repeat"),
    "a setting is missing": ({"type": "request"}, "request needs the setting 'title'"),
    "nothing to add or remove": ({"type": "selection"}, "selection: it needs names to add or to remove"),
    "an empty name": ({"type": "project", "add": [" "]}, 'add of project: it must be a list of names like ["Product news"]'),
    "an interest of something else": ({"type": "interest", "add": ["a"], "on": "team"}, "on of interest: it must be one of person, company, both"),
    "a duration of nothing": ({"type": "follow-up", "duration": "0m"}, "longer than nothing"),
    "a duration in words": ({"type": "follow-up", "duration": "soon"}, "a length of time like 30m"),
    "a start that is no time": ({"type": "follow-up", "start": "tomorrow"}, '"next-available" or a time like'),
    "a flag in words": ({"type": "follow-up", "assignment": "yes"}, "assignment of follow-up: it must be true or false"),
    "an unknown kind of follow-up": ({"type": "follow-up", "kind": "call"}, "one of task, appointment"),
    "auto without a category": ({"type": "request", "title": "x", "owner": "auto"}, "name a category"),
    "an unknown repeat": ({"type": "request", "title": "x", "repeat": "daily"}, "one of once, shipment, click"),
    "a script elsewhere": ({"type": "script", "script": "../evil.py"}, "a file in the workspace's scripts folder"),
    "a script by its whole path": ({"type": "script", "script": "/bin/sh"}, "a file in the workspace's scripts folder"),
    "an unknown group of placeholders": ({"type": "request", "title": "{user.name}"}, "unknown placeholder {user.name}: there are contact, link, mailing and click"),
    "an unknown name of the link": ({"type": "request", "title": "{link.title}"}, "unknown placeholder {link.title}: link has key, name, url, folder"),
    "an unknown name of the contact": ({"type": "request", "title": "{contact.phone}"}, "unknown placeholder {contact.phone}: contact has id,"),
    "a contact's name with a blank": ({"type": "request", "title": "{contact.first name}"}, "unknown placeholder {contact.first name}"),
    "a placeholder without a name": ({"type": "request", "title": "for {}"}, "unknown placeholder {}"),
    "an unknown placeholder in a list": ({"type": "selection", "add": ["{mailing.kind}"]}, "unknown placeholder {mailing.kind}"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused(case: str) -> None:
    action, sentence = REFUSED[case]
    with pytest.raises(BadInput) as problem:
        parse_action(action, CrmSettings())
    assert sentence in str(problem.value)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_not_stored_and_what_is_stored_is_read_back(kind: str) -> None:
    definition = parse_action({"type": kind, **SHORTEST[kind]}, CrmSettings())
    assert definition.settings == SHORTEST[kind]
    assert parse_action({"type": kind, **definition.settings}) == definition


def test_a_field_of_the_mapping_may_be_used_as_a_placeholder() -> None:
    crm = CrmSettings.model_validate({"contacts": {"fields": {"first name": "Förnamn"}}})
    assert parse_action({"type": "request", "title": "for {contact.first name}"}, crm).says.title


def test_apply_refuses_a_value_that_does_not_fit_and_changes_nothing(workspace: Workspace, run: Run) -> None:
    with workspace.config_path.open("a") as file:
        file.write('[crm.contacts.fields]\nlevel = { column = "Level", type = "list", values = ["cold", "hot"] }\n')
    links = Path("links.toml")
    links.write_text(
        '[[link]]\nkey = "a"\nurl = "https://www.example.com/"\n\n[[link]]\nkey = "b"\nurl = "https://www.example.com/"\n'
        'actions = [{ type = "set-field", field = "level", value = "warm" }]\n'
    )
    refused = run("link", "apply", links)
    assert refused.code == 3
    assert (
        "links.toml:5: action 1 of the link 'b': set-field: the field 'level' is a list: 'warm' is none of cold, hot"
        in refused.err
    )
    assert run("link", "list", "--format", "json").json == []
    links.write_text(
        links.read_text().replace('"warm"', '"hot"').replace("}]", '}, { type = "request", title = "{x.y}" }]')
    )
    assert "unknown placeholder {x.y}" in run("link", "apply", links).err


def test_actions_by_hand_are_added_listed_and_removed(workspace: Workspace, run: Run) -> None:
    run("link", "add", "offer", "--url", "https://www.example.com/")
    assert run("action", "add", "offer", "selection", "--add", "A", "--add", "B").code == 0
    assert (
        run("action", "add", "offer", "follow-up", "--assignment", "--no-assign-to-our-contact", "--duration=1h").code
        == 0
    )
    assert run("action", "add", "offer", "set-field", "--field", "x", "--value", "hot").code == 0
    assert run("action", "list", "offer", "--format", "json").json == [
        {"link": "offer", "position": 1, "type": "selection", "settings": {"add": ["A", "B"]}},
        {"link": "offer", "position": 2, "type": "follow-up", "settings": {"assignment": True, "duration": "1h"}},
        {"link": "offer", "position": 3, "type": "set-field", "settings": {"field": "x", "value": "hot"}},
    ]
    assert run("action", "remove", "offer", 2).code == 0
    assert [(row["position"], row["type"]) for row in run("action", "list", "--format", "json").json] == [
        (1, "selection"),
        (2, "set-field"),
    ]
    assert run("action", "remove", "offer", 3).code == 4
    assert run("action", "add", "nobody", "script", "--script", "x.py").code == 4
    assert run("action", "add", "offer", "script", "x.py").code == 2
    assert run("action", "add", "offer", "script", "--script").code == 2
    assert run("action", "add", "offer", "script", "--file", "x").code == 3
    assert run("action", "add", "offer", "mail").code == 3
