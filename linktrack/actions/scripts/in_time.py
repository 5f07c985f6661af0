"""What became of the scripts, handed to a walk over the clicks as it gets to those that asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from linktrack.actions.planned import ClickKey, FoundScript


class ScriptsInTime:
    """The scripts of one click at a time, out of many in the order of time: only those of a click are in memory."""

    def __init__(self, scripts: Iterable[FoundScript]) -> None:
        self._rest = iter(scripts)
        self._next = next(self._rest, None)
        self._click: ClickKey | None = None
        self._found: dict[int, FoundScript] = {}

    def of(self, click: ClickKey) -> Mapping[int, FoundScript]:
        """The scripts that a click has asked for, by the numbers of the actions; of two the last counts. Clicks are
        asked for in the order of time, the same one as often as you like."""
        if click != self._click:
            self._click, self._found = click, {}
            while (one := self._next) is not None and one.click <= click:
                if one.click == click:
                    self._found[one.action] = one
                self._next = next(self._rest, None)
        return self._found
