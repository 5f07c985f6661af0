"""Requests: a service case, with its owner named, picked from the category's members, or left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Staff, Texts, Thing
from linktrack.errors import CannotChange
from linktrack.links.actions import RequestAction


def plan(action: RequestAction, fill: Texts, contact: Callable[[str], str], staff: Staff) -> Iterable[Thing]:
    """One thing; `auto` takes the member of the category with the fewest requests, nobody where it has no members.
    CannotChange where nothing is left of the title."""
    title, category = fill(action.title), fill(action.category)
    if not title.strip():
        raise CannotChange(f"the title {action.title!r} is empty once it is filled in")
    owner = "" if action.owner == "unassigned" else staff.user(fill(action.owner))
    if action.owner == "auto":
        owner = staff.owner_for(category)
    if owner:
        staff.requests[owner] = staff.requests.get(owner, 0) + 1
    row = {"title": title, "priority": fill(action.priority), "category": category, "owner": owner}
    yield Thing(category, title, owner, row)
