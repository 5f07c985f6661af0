"""What every kind of action has: a plan, and a place in the help."""

from __future__ import annotations

from inspect import signature
from typing import get_args

from linktrack.actions.kinds import PLANS
from linktrack.cli.action import add
from linktrack.links.actions import KINDS


def test_every_kind_is_planned_but_scripts_which_are_run() -> None:
    assert [*PLANS, "script"] == list(KINDS)


def test_the_help_names_every_kind() -> None:
    (_, argument) = get_args(signature(add, eval_str=True).parameters["kind"].annotation)
    *most, last = KINDS
    assert argument.help == f"{', '.join(most)} or {last}."
