"""Selections and projects: the person is added to some and removed from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Decision, Staff, Texts, named
from linktrack.links.actions import ProjectAction, SelectionAction


def plan(
    action: SelectionAction | ProjectAction, fill: Texts, contact: Callable[[str], str], staff: Staff
) -> Iterable[Decision]:
    """A decision for each selection or project; what is removed comes before what is added.

    CannotChange for a name without text.
    """
    for name in action.remove:
        yield Decision(action.type, named(fill, name), "remove", "")
    for name in action.add:
        yield Decision(action.type, named(fill, name), "add", "yes")
