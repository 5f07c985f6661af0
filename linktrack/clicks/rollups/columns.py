"""Clicks in columns, as they are counted: many are taken in a third of the time that one after the other takes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple


class Columns(NamedTuple):
    """Clicks that shift, those of one shipment together, a column for each thing that they are counted by."""

    recipients: Sequence[int]  # those that a click counts for
    times: Sequence[int]
    links: Sequence[int]
    placements: Sequence[int]
    shipments: Sequence[int]
    devices: Sequence[int]
    before: Sequence[int | None]  # rulings
    after: Sequence[int | None]
    was: Sequence[str]  # as what these count: UNCOUNTED, BY_PERSON or BY_MACHINE
    now: Sequence[str]

    def by_shipment(self) -> Iterator[tuple[int, Columns]]:
        """The clicks of each shipment."""
        numbers = sorted(set(self.shipments))
        for number in numbers:
            start, stop = bisect_left(self.shipments, number), bisect_right(self.shipments, number)
            yield number, self if len(numbers) == 1 else Columns._make(column[start:stop] for column in self)

    def picked(self, which: Sequence[bool]) -> Columns:
        """Some of the clicks."""
        return Columns._make(list(compress(column, which)) for column in self)
