"""Interests: names that are set and removed for the person, the company, or both."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Decision, Staff, Texts, named
from linktrack.links.actions import InterestAction

_OF = {"person": ("interest",), "company": ("company-interest",), "both": ("interest", "company-interest")}


def plan(action: InterestAction, fill: Texts, contact: Callable[[str], str], staff: Staff) -> Iterable[Decision]:
    """A decision for each interest, what is removed before what is added. CannotChange for a name without text."""
    for kind in _OF[action.on]:
        for name in action.remove:
            yield Decision(kind, named(fill, name), "remove", "")
        for name in action.add:
            yield Decision(kind, named(fill, name), "add", "yes")
