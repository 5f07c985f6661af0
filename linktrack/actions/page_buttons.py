"""What the subscriptions page changes in the CRM: its buttons as actions, which take interests away and set them.

A type of mailing that a person leaves or joins there is the interest of that name. `off=*` ends all types.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from linktrack.actions.planned import NumberedAction
from linktrack.contacts.pressed import said_in
from linktrack.contacts.types import same_type
from linktrack.links.actions import parse_action
from linktrack.links.placeholders import placeholders_in

NUMBER = -1  # of what a button does, where actions have theirs
_NOTHING: frozenset[str] = frozenset()


def button_actions(types: Collection[str]) -> list[NumberedAction]:
    """What each button that the page can have does: for every one of these types, and for all of them."""
    types = [type for type in types if not any(placeholders_in(type))]  # which an action's name would have filled
    every: list[tuple[str, dict[str, list[str]]]] = [("off=*", {"remove": sorted(types)})] if types else []
    for type in sorted(types):
        every += [(f"off={same_type(type)}", {"remove": [type]}), (f"on={same_type(type)}", {"add": [type]})]
    return [
        NumberedAction(parse_action({"type": "interest", **settings}), NUMBER, 0, button) for button, settings in every
    ]


def buttons_in(query: str) -> frozenset[str]:
    """The buttons that a query names, as `button_actions` calls them."""
    return _buttons(query) if query else _NOTHING


@cache
def _buttons(query: str) -> frozenset[str]:
    return frozenset(f"{what}={type}" for what, type in said_in(query) or () if what in ("off", "on"))
