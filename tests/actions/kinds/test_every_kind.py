"""What every kind of action has: a plan, a place in the help, changes that are counted, and files."""

from __future__ import annotations

from inspect import signature
from typing import get_args

from linktrack.actions.kinds import PLANS
from linktrack.actions.lost_runs import _SaidChange, _SaidSummary, types_that_make
from linktrack.actions.output import ALWAYS, COLUMNS, SUMMARY_KEYS
from linktrack.actions.planned import MADE_FILES
from linktrack.cli.action import add
from linktrack.links.actions import KINDS


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
