"""Clickers added to selections and projects by hand: done as if the last click of each had run an action for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linktrack.actions.planned import NumberedAction
from linktrack.links.actions import parse_action

NUMBER = 0  # of what is done by hand, where actions have theirs


@dataclass(frozen=True)
class ByHand:
    """Whom to add and to what: the clickers of a link, of one mailing if `mailing` is named."""

    key: str
    mailing: str | None
    selections: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def actions(self) -> list[NumberedAction]:
        """What each click of theirs is to cause."""
        wanted = (("selection", self.selections), ("project", self.projects))
        return [
            NumberedAction(parse_action({"type": kind, "add": list(names)}), NUMBER, 0)
            for kind, names in wanted
            if names
        ]

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> ByHand:
        return cls(said["key"], said["mailing"], tuple(said["selections"]), tuple(said["projects"]))
