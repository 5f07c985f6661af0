"""Selections and projects: the person is added to some and removed from others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Decision, Desk, Texts, named
from linktrack.links.actions import Selection


def plan(says: Selection, fill: Texts, contact: Callable[[str], str], desk: Desk) -> Iterable[Decision]:
    """A decision for each selection or project; what is removed comes before what is added.

    ValueError for a name without text.
    """
    for name in says.remove:
        yield Decision(says.type, named(fill, name), "remove", "")
    for name in says.add:
        yield Decision(says.type, named(fill, name), "add", "yes")
