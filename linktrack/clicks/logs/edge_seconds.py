"""The two ends of a log: the prints of the lines of its first and of its last second, by which cuts are mended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain, islice

from linktrack.clicks.event import NOTE, LineRow
from linktrack.clicks.formats.click_log import NUMBERED
from linktrack.clicks.logs.cut_logs import MAX_LINES
from linktrack.clicks.logs.fields import row_print


class Ends:
    """The ends of a log that is being read; `begun`: its beginning was read by an earlier run, and `only_second` says
    whether all that was read then was of one second.

    Lines that say nothing (notes, and what cannot be read) are no part of them, nor lines with a number of their own,
    of which no two are equal. An end that is out of the order of time does not count: a log that is cut goes on in
    time, so such a log was sorted in another way, not cut.
    """

    def __init__(self, moment: Callable[[bytes], int], *, begun: bool, only_second: bool = False) -> None:
        self._moment = moment
        self.first: list[int] = []
        self.first_at: int | None = None
        self.first_news = not begun  # whether `first` has anything that `source` has not
        self._only_second = only_second or not begun  # whether no line of another second was met …
        self._only_at: int | None = None  # … than this one
        self._last: deque[Sequence[LineRow]] = deque()  # the last rows, in the pieces that they came in …
        self._last_count = 0  # … so many of them

    def seed(self, rows: Sequence[LineRow], whole: bool) -> None:
        """Take the rows of lines before the position. `whole`: they are all lines before it, so the log's first second
        may still go on."""
        self._keep(rows)
        if whole:
            self._only_second = self.first_news = True
        if self._only_second:
            self._note_first(rows)

    def note(self, rows: list[LineRow]) -> None:
        """Take the next rows of the log."""
        if self._only_second:
            self._note_first(rows)
        self._keep(rows)

    def last(self) -> tuple[int | None, list[int]]:
        """The log's last second so far, as UTC milliseconds, and the prints of its lines; none where all of the log is
        of one second, which is its first."""
        if self._only_second:
            return self._only_at, []
        second: int | None = None
        lines: list[int] = []
        for row in islice(chain.from_iterable(map(reversed, reversed(self._last))), MAX_LINES + 1):
            here = self._second(row)
            if here is not None and second is None:
                second = here
            elif here is not None and second is not None and here != second:
                if here > second:
                    return None, []
                break
            if len(lines) >= MAX_LINES:
                break
            if _may_come_again(row):
                lines.append(row_print(row))
        return second, lines[::-1]

    def _keep(self, rows: Sequence[LineRow]) -> None:
        """Keep rows that may be among the last ones; what came before more than `MAX_LINES` others is not."""
        self._last.append(rows)
        self._last_count += len(rows)
        while self._last_count - len(self._last[0]) > MAX_LINES:
            self._last_count -= len(self._last.popleft())

    def _note_first(self, rows: Sequence[LineRow]) -> None:
        """Take rows of the first second, up to one of another second."""
        for row in rows:
            second = self._second(row)
            if second is not None:
                if self._only_at is None:
                    self._only_at = second
                    self.first_at = second if self.first_news else None
                elif second != self._only_at:
                    self._only_second = False
                    if second < self._only_at and self.first_news:
                        self.first, self.first_at = [], None
                    return
            if self.first_news and len(self.first) < MAX_LINES and _may_come_again(row):
                self.first.append(row_print(row))

    def _second(self, row: LineRow) -> int | None:
        """The second of a row as UTC milliseconds, or None for a line without a time."""
        if not row[2] or row[2] is NOTE:
            return None
        try:
            return self._moment(row[2]) // 1000 * 1000
        except (ValueError, OverflowError):
            return None


def _may_come_again(row: LineRow) -> bool:
    """Whether an equal line may be another request."""
    return bool(row[2]) and row[2] is not NOTE and NUMBERED not in row[2]
