"""How often each print of a line came: of equal lines in one log each is a request of its own, and has its number.

They are kept by the minute of their times and in two generations: equal lines have equal times and stand near each
other, so nearly all that is looked up was written a moment ago.
"""

from __future__ import annotations

from hashlib import blake2b

from linktrack.clicks.logs.batches import EVER
from linktrack.moments import MINUTE, Stretch, merged


class PrintCounts:
    """The prints of the lines of one log. A generation ends once it has more than `many`, and the one before it is
    forgotten then; `uncounted` are the stretches of time of what was forgotten."""

    def __init__(self, many: int) -> None:
        self.uncounted: list[Stretch] = []
        self._many = many
        self._counts: dict[int, dict[int, int]] = {}
        self._older: dict[int, dict[int, int]] = {}
        self._moments: list[Stretch | None] = [None, None]  # the times of both

    def of_minute(self, minute: int) -> dict[int, int]:
        """How often each print came that is of this minute since 1970, to be counted on."""
        if minute not in self._counts:
            self._counts[minute] = self._older.pop(minute, {})
        return self._counts[minute]

    def count(self, mark: int, moment: int) -> int:
        """Count a print, and how often it has come now."""
        counts = self.of_minute(moment // MINUTE)
        counts[mark] = counts.get(mark, 0) + 1
        return counts[mark]

    def note_times(self, first: int, last: int) -> None:
        """Widen the stretch of time of what is counted."""
        now = self._moments[0] or (first, last)
        self._moments[0] = (min(now[0], first), max(now[1], last))

    def begin_late(self) -> None:
        """There were lines before those that are counted, which nobody knows."""
        self.uncounted = [EVER]

    def age(self) -> None:
        """End the generation if it has become large."""
        if sum(map(len, self._counts.values())) > self._many:
            self._counts, self._older = {}, self._counts
            now, before = self._moments
            self._moments = [None, now]
            self.uncounted = merged([*self.uncounted, *([before] if before else [])])


def nth(line: int, count: int) -> int:
    """The identity of the `count`-th line (1, 2, …) with this print."""
    if count == 1:
        return line
    data = line.to_bytes(8, "little", signed=True) + count.to_bytes(4, "little")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)
