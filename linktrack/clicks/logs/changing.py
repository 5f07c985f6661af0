"""A log whose format changes on the way, as after a server's update: it is read on in the new one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from linktrack.clicks.event import NOTE, Row
from linktrack.clicks.formats import LineFormat, line_formats
from linktrack.clicks.logs.envelopes import Unwrapping
from linktrack.links.tokens import PLACEMENT, TOKEN

_ENDS = (
    20  # lines at each end of what cannot be read that are tried in other formats, besides those that look like ours
)
_OURS = re.compile(rf"/{PLACEMENT}(?:/|\\/|%2[fF]){TOKEN}".encode()).search


class Changing:
    """The format of a log, and those that it changes to.

    What it cannot read is tried in the other formats, and read in the one that fits; whichever read the last line is
    the log's format from then on. Where a person has `named` the format, it does not change, and `unlike` is the name
    of the first other one that lines turned out to be in.
    """

    def __init__(self, format: LineFormat, *, named: bool, time_zone: str | None = None) -> None:
        self._readers = [Unwrapping(format)]  # the one of the last line first
        self._named = named
        self._time_zone = time_zone
        self.unlike = ""

    @property
    def format(self) -> LineFormat:
        """The format of the last line that could be read."""
        return self._readers[0].format

    @property
    def waiting(self) -> int:
        """How many of the last bytes are read again when more has come: see `Unwrapping`."""
        return self._readers[0].waiting

    def moment(self, stamp: bytes) -> int:
        """UTC milliseconds of a stamp of any of these formats; ValueError if it is none."""
        try:
            return self._readers[0].format.moment(stamp)
        except (ValueError, OverflowError):
            for reader in self._readers[1:]:
                if (other := _moment(reader.format, stamp)) is not None:
                    return other
            raise

    def moment_or_none(self, stamp: bytes) -> int | None:
        """The same, and None where it is none."""
        with suppress(ValueError, OverflowError):
            return self.moment(stamp)
        return None

    def rows(self, block: bytes) -> list[Row]:
        """One row for each line of a block, each with its line as the log has it."""
        rows = self._readers[0].rows(block)
        bad = [index for index, row in enumerate(rows) if not row[2] and row[0].strip()]
        if bad and not (self._named and self.unlike):
            self._read_otherwise(rows, bad)
        return rows

    def _read_otherwise(self, rows: list[Row], bad: list[int]) -> None:
        """Put what other formats read in the place of the rows that could not be read."""
        last, of_last = next((index for index in range(len(rows) - 1, -1, -1) if _is_request(rows[index])), -1), 0
        for number, reader in enumerate(self._readers[1:], 1):
            bad, last_read = self._filled(rows, bad, reader)
            if last_read > last:
                last, of_last = last_read, number
        if bad and (other := self._other_format([rows[index][0] for index in _sample(rows, bad)])) is not None:
            if self._named:
                self.unlike = other.name
                return
            self._readers.append(Unwrapping(other))
            _, last_read = self._filled(rows, bad, self._readers[-1])
            if last_read > last:
                of_last = len(self._readers) - 1
        self._readers.insert(0, self._readers.pop(of_last))

    def _filled(self, rows: list[Row], bad: list[int], reader: Unwrapping) -> tuple[list[int], int]:
        """Rows that `reader` reads are put in their places. Returns those that are still bad, and the last request."""
        last = -1
        for index, row in zip(bad, reader.rows(b"".join(rows[index][0] + b"\n" for index in bad)), strict=True):
            rows[index] = (rows[index][0], *row[1:])
            if _is_request(row):
                last = index
        return [index for index in bad if not rows[index][2]], last

    def _other_format(self, lines: Sequence[bytes]) -> LineFormat | None:
        """The one format that reads most of these lines, fresh; None where there is none, or more than one."""
        known = {reader.format.name for reader in self._readers}
        text = b"".join(line + b"\n" for line in lines)
        read: dict[str, int] = {}
        for format in line_formats(self._time_zone):
            if format.name not in known:
                found = Unwrapping(format).rows(text)
                timed = sum(_is_request(row) and _moment(format, row[2]) is not None for row in found)
                if timed or (format.state() and any(row[2] is NOTE for row in found)):
                    read[format.name] = timed
        best = [name for name, count in read.items() if count == max(read.values())]
        if len(best) != 1:
            return None
        return next(fresh for fresh in line_formats(self._time_zone) if fresh.name == best[0])


def _is_request(row: Row) -> bool:
    return bool(row[2]) and row[2] is not NOTE


def _moment(format: LineFormat, stamp: bytes) -> int | None:
    try:
        return format.moment(stamp)
    except (ValueError, OverflowError):
        return None


def _sample(rows: Sequence[Row], bad: Sequence[int]) -> list[int]:
    """Those of the bad rows that are worth a look: at both ends, headers, and all that may be ours."""
    ends = {*bad[:_ENDS], *bad[-_ENDS:]}
    return [index for index in bad if index in ends or rows[index][0][:1] == b"#" or _OURS(rows[index][0])]
