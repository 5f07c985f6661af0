"""What every kind of action has: a plan, a place in the help, changes that are counted, and files."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, get_args

import pytest
from actions.kinds.kind_world import VALUES, make_desk
from links.test_actions import SHORTEST

from linktrack.actions.crm_needs import Needs, needs_of
from linktrack.actions.kinds import PLANS
from linktrack.actions.lost_runs.reading import _SaidChange, _SaidSummary, types_that_make
from linktrack.actions.output import ALWAYS, COLUMNS, SUMMARY_KEYS
from linktrack.actions.planned import MADE_FILES, Decision, NumberedAction
from linktrack.cli.action import add
from linktrack.links.actions import KINDS, parse_action


def test_every_kind_is_planned_but_scripts_which_are_run() -> None:
    assert [*PLANS, "script"] == list(KINDS)


def test_the_help_names_every_kind() -> None:
    (_, argument) = get_args(signature(add, eval_str=True).parameters["kind"].annotation)
    *most, last = KINDS
    assert argument.help == f"{', '.join(most)} or {last}."


def test_every_kind_of_change_comes_from_actions_and_is_counted() -> None:
    changes = get_args(_SaidChange.model_fields["kind"].annotation)
    assert {kind for change in changes for kind in types_that_make(change)} == set(KINDS)
    assert sorted(kind for kinds in SUMMARY_KEYS.values() for kind in kinds) == sorted(changes)
    assert SUMMARY_KEYS.keys() <= _SaidSummary.model_fields.keys()


def test_what_is_made_has_a_file_with_columns_also_when_there_is_nothing_in_it() -> None:
    assert set(MADE_FILES) <= set(KINDS)
    assert set(MADE_FILES.values()) <= set(COLUMNS) & set(ALWAYS)


# By kind of change, what must be asked of an export so that a change of this name can be written into it.
WRITTEN: dict[str, Callable[[Needs, str], bool]] = {
    "set-field": lambda needs, name: name in needs.writes,
    "interest": lambda needs, name: needs.interests,
    "company-interest": lambda needs, name: needs.company_interests,
    "selection": lambda needs, name: True,  # both have files of their own
    "project": lambda needs, name: True,
}
FURTHER: dict[str, dict[str, Any]] = {
    "interest": {"add": ["News"], "on": "both"},
    "follow-up": {"assign_to_our_contact": True},
}


@pytest.mark.parametrize("kind", PLANS)
def test_what_an_action_reads_and_changes_of_an_export_is_asked_of_it(kind: str) -> None:
    for settings in (SHORTEST[kind], FURTHER.get(kind, SHORTEST[kind])):
        definition = parse_action({"type": kind, **settings})
        needs = needs_of({1: [NumberedAction(definition, 1, 1)]})
        read: set[str] = set()

        def cell(name: str, read: set[str] = read) -> str:
            read.add(name)
            return VALUES.get(f"contact.{name}", "")

        for planned in PLANS[kind](definition, str, cell, make_desk()):
            if isinstance(planned, Decision):
                assert WRITTEN[planned.kind](needs, planned.name), f"needs_of does not know what {kind} writes"
        asked = needs.reads | ({"our_contact"} if needs.sellers else set())
        assert read <= asked | {"id", "email", "name"}, f"needs_of does not know what {kind} reads"
