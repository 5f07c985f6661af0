"""The two ends of a log: the prints of the lines of its first and of its last second, by which cuts are mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linktrack.clicks.event import NOTE, Row
from linktrack.clicks.logs.cuts import MAX_LINES
from linktrack.clicks.logs.fields import row_print


class Ends:
    """The ends of a log that is being read; `begun`: its beginning was read by an earlier run.

    Lines that say nothing (notes, and what cannot be read) are no part of them.
    """

    def __init__(self, moment: Callable[[bytes], int], begun: bool) -> None:
        self._moment = moment
        self.first: list[int] = []
        self.first_at: int | None = None
        self._first_done = begun
        self.first_news = not begun  # whether `first` has anything that `source` has not
        self._last_rows: list[Row] = []

    def seed(self, rows: Sequence[Row], whole: bool) -> None:
        """Take the rows before the position; if they are the `whole` of them, the first second may go on."""
        self._last_rows = list(rows[-MAX_LINES - 1 :])
        if whole:
            self._first_done = False
            self.first_news = True
            self._note_first(rows)

    def note(self, rows: list[Row]) -> None:
        """Take the next rows of the log."""
        if not self._first_done:
            self._note_first(rows)
        self._last_rows = rows if len(rows) > MAX_LINES else [*self._last_rows, *rows][-MAX_LINES - 1 :]

    def last(self) -> tuple[int | None, list[int]]:
        """The log's last second so far, as UTC milliseconds, and the prints of its lines."""
        second: int | None = None
        lines: list[int] = []
        for row in reversed(self._last_rows):
            here = self._second(row)
            if here is not None and second is None:
                second = here
            elif here is not None and here != second:
                break
            if len(lines) >= MAX_LINES:
                break
            if row[2] and row[2] is not NOTE:
                lines.append(row_print(row))
        return second, lines[::-1]

    def _note_first(self, rows: Sequence[Row]) -> None:
        for row in rows:
            second = self._second(row)
            if second is not None:
                if self.first_at is None:
                    self.first_at = second
                elif second != self.first_at:
                    self._first_done = True
                    return
            if len(self.first) >= MAX_LINES:
                self._first_done = True
                return
            if row[2] and row[2] is not NOTE:
                self.first.append(row_print(row))

    def _second(self, row: Row) -> int | None:
        """The second of a row as UTC milliseconds, or None for a line without a time."""
        if not row[2] or row[2] is NOTE:
            return None
        try:
            return self._moment(row[2]) // 1000 * 1000
        except (ValueError, OverflowError):
            return None
