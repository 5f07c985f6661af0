"""Action definitions: what TOML and options may say, and what is refused with a sentence when it is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack.errors import BadInput
from linktrack.links.actions import KINDS, canonical, parse_action, settings_of
from linktrack.settings.crm import CrmSettings
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

REFUSED: dict[str, tuple[object, str]] = {
    "no type": ({}, "an action needs its type: the types are set-field, interest"),
    "an unknown type": ({"type": "mail"}, "unknown action type 'mail'"),
    "an unknown setting": ({"type": "script", "file": "x"}, "script has no setting 'file': it has script, timeout, batch, repeat"),
    "a setting is missing": ({"type": "request"}, "request needs the setting 'title'"),
    "nothing to add or remove": ({"type": "selection"}, "selection: it needs names to add or to remove"),
    "an empty name": ({"type": "project", "add": [" "]}, 'add of project: it must be a list of names like ["Product news"]'),
    "an interest of something else": ({"type": "interest", "add": ["a"], "on": "team"}, "on of interest: it must be 'person', 'company' or 'both', not 'team'"),
    "a duration of nothing": ({"type": "follow-up", "duration": "0m"}, "longer than nothing"),
    "a duration in words": ({"type": "follow-up", "duration": "soon"}, "a length of time like 30m"),
    "a start that is no time": ({"type": "follow-up", "start": "tomorrow"}, '"next-available" or a time like'),
    "a flag in words": ({"type": "follow-up", "assignment": "yes"}, "assignment of follow-up: it must be true or false"),
    "an unknown kind of follow-up": ({"type": "follow-up", "kind": "call"}, "kind of follow-up: it must be 'task' or 'appointment', not 'call'"),
    "auto without a category": ({"type": "request", "title": "x", "owner": "auto"}, "name a category"),
    "an unknown repeat": ({"type": "request", "title": "x", "repeat": "daily"}, "repeat of request: it must be 'once', 'shipment' or 'click', not 'daily'"),
    "a script elsewhere": ({"type": "script", "script": "../evil.py"}, "a file in the workspace's scripts folder"),
    "a script by its whole path": ({"type": "script", "script": "/bin/sh"}, "a file in the workspace's scripts folder"),
    "an unknown group of placeholders": ({"type": "request", "title": "{user.name}"}, "unknown placeholder {user.name}: there are contact, company, link, mailing and click"),
    "an unknown name of the link": ({"type": "request", "title": "{link.title}"}, "unknown placeholder {link.title}: link has key, name, url, folder"),
    "an unknown name of the contact": ({"type": "request", "title": "{contact.phone}"}, "unknown placeholder {contact.phone}: contact has id,"),
    "a contact's name with a blank": ({"type": "request", "title": "{contact.first name}"}, "unknown placeholder {contact.first name}"),
    "a placeholder without a name": ({"type": "request", "title": "for {}"}, "unknown placeholder {}"),
    "an unknown name of the company": ({"type": "request", "title": "{company.city}"}, "unknown placeholder {company.city}: company has id, name"),
    "no table at all": ("selection", 'an action is a table like { type = "selection"'),
    "a type that is no text": ({"type": 5}, "unknown action type"),
    "a number for a text": ({"type": "request", "title": 5}, "title of request: it must be a text"),
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
    assert parse_action(definition.table) == definition
    assert definition.said()


def test_a_field_of_the_mapping_may_be_used_as_a_placeholder() -> None:
    crm = CrmSettings.model_validate({"contacts": {"fields": {"first name": "Förnamn"}}})
    assert parse_action({"type": "request", "title": "for {contact.first name}"}, crm).type == "request"


SAID: dict[str, tuple[dict[str, Any], str]] = {
    "a field": ({"type": "set-field", "field": "level", "value": "hot"}, "level = 'hot'"),
    "names both ways": ({"type": "selection", "add": ["A", "B"], "remove": ["C"]}, "add A, B; remove C"),
    "an interest of the company": ({"type": "interest", "add": ["A"], "on": "company"}, "add A (of the company)"),
    "a task": (
        {"type": "follow-up", "task": "Phone out", "default_recipient": "BO", "assign_to_our_contact": True},
        "task 'Phone out' for our contact, else BO at the next free time, 30m: Clicked {link.name} in {mailing.name}",
    ),
    "an appointment at a time": (
        {"type": "follow-up", "kind": "appointment", "description": "", "start": "2026-06-01T09:00"},
        "appointment for nobody on 2026-06-01 at 09:00:00, 30m",
    ),
    "a request": (
        {"type": "request", "title": "Help", "category": "C", "priority": "High", "owner": "auto"},
        "'Help', C, priority High, owner auto",
    ),
    "a script": ({"type": "script", "script": "s.py", "batch": True}, "run s.py, at most 10s, once for all clicks"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_it_does_in_a_few_words(case: str) -> None:
    action, said = SAID[case]
    assert parse_action(action).said() == said


def test_equal_actions_have_one_text_and_true_is_not_1() -> None:
    texts = [canonical(parse_action({"type": "set-field", "field": "x", "value": value}).table) for value in (1, True)]
    assert texts[0] != texts[1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_help_of_action_add_names_every_setting(kind: str, run: Run) -> None:
    words = re.findall(r"[\w-]+", run("action", "add", "--help").out)
    assert kind in words
    assert {f"--{name.replace('_', '-')}" for name in settings_of(kind)} <= set(words)


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
