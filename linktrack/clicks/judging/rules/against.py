"""Reasons to hold a click for a machine's, gathered by the click's index in the list that is judged."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from linktrack.clicks.judging.rules.reasons import REASONS
from linktrack.clicks.judging.rules.windows import is_near

_Key = TypeVar("_Key", bound=Hashable)

Against = dict[int, int]  # index of the click → the bits of its reasons
_BITS = {reason: 1 << place for place, reason in enumerate(REASONS)}


def mark_near(
    times: Sequence[int],
    keys: Iterable[_Key],
    moments: Mapping[_Key, Sequence[int]],
    reason: str,
    width: int,
    against: Against,
) -> None:
    """Mark every click, given in columns, within `width` milliseconds of one of its key's moments."""
    for index, key in enumerate(keys) if moments else ():
        if key in moments and is_near(moments[key], times[index], width):
            mark(against, reason, (index,))


def mark(against: Against, reason: str, places: Iterable[int]) -> None:
    """Note a reason against the clicks at these places."""
    bit = _BITS[reason]
    for index in places:
        against[index] = against.get(index, 0) | bit


def said_by(bits: int) -> set[str]:
    """The reasons that these bits are."""
    return {reason for reason, bit in _BITS.items() if bits & bit}
