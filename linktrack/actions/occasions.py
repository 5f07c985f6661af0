"""What things are made for: nothing is made twice for the same occasion, nor without end by one person's clicks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from linktrack.actions.planned import MADE_KINDS, Clicked, ClickKey, NumberedAction
from linktrack.moments import wall_time

MOST_A_DAY = 100  # things that an action makes at every click: so many for one person and day

_Occasion = tuple[int, ...]  # link, number of the action, recipient and, as it repeats, shipment, time and print


class _DayOfPerson(NamedTuple):
    """The day of a person with an action of a link."""

    link_id: int
    action: int
    recipient_id: int
    day: str


class MadeFor(NamedTuple):
    """What something was made for."""

    link_id: int
    action: int
    shipment_id: int
    click: ClickKey


class Occasions:
    """The occasions for which actions have made something, as they repeat by today's settings."""

    def __init__(self, made: Iterable[MadeFor], actions: Mapping[int, Sequence[NumberedAction]], zone: tzinfo) -> None:
        """`made` earlier for the people with open clicks; days are those of `zone`."""
        self.beyond = 0  # clicks for which an action made nothing, because of that day's others
        self._zone = zone
        self._taken: set[_Occasion] = set()
        self._of_day: Counter[_DayOfPerson] = Counter()
        repeats = {
            (link_id, action.number): action.repeat
            for link_id, every in actions.items()
            for action in every
            if action.kind in MADE_KINDS
        }
        for one in made:
            if repeat := repeats.get((one.link_id, one.action)):
                once = _occasion(repeat, *one)
                if repeat == "click" and once not in self._taken:
                    at, _, recipient_id = one.click
                    self._of_day[self._day(one.link_id, one.action, recipient_id, at)] += 1
                self._taken.add(once)

    def take(self, action: NumberedAction, click: Clicked) -> bool:
        """Whether an action makes something because of a click; if so, it makes nothing for the same occasion again."""
        repeat = action.repeat
        at, mark, link, shipment, _, recipient_id, _, _, _ = click
        once = _occasion(repeat, link.id, action.number, shipment.id, (at, mark, recipient_id))
        if once in self._taken:
            return False
        if repeat == "click":
            day = self._day(link.id, action.number, recipient_id, at)
            if self._of_day[day] >= MOST_A_DAY:
                self.beyond += 1
                return False
            self._of_day[day] += 1
        self._taken.add(once)
        return True

    def _day(self, link_id: int, action: int, recipient_id: int, at: int) -> _DayOfPerson:
        return _DayOfPerson(link_id, action, recipient_id, wall_time(at, self._zone)[:10])


def _occasion(repeat: str, link_id: int, action: int, shipment_id: int, click: ClickKey) -> _Occasion:
    """What something is made once for: the person, the person and shipment, or the click."""
    at, print_of_line, recipient_id = click
    if repeat == "once":
        return link_id, action, recipient_id
    if repeat == "shipment":
        return link_id, action, recipient_id, shipment_id
    return link_id, action, recipient_id, shipment_id, at, print_of_line
