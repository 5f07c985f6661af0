"""A log whose format changes on the way, as after a server's update: it is read on in the new one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from linktrack.clicks.event import NOTE, LineRow, TimedRow, junk, note
from linktrack.clicks.formats import LineFormat, line_formats
from linktrack.clicks.logs.envelopes import Unwrapping
from linktrack.clicks.logs.joined_lines import LineParts
from linktrack.clicks.logs.line_ends import KEPT_BYTES, is_too_long, too_long
from linktrack.links.address_shape import PLACEMENT, TOKEN

_ENDS = (
    20  # lines at each end of what cannot be read that are tried in other formats, besides those that look like ours
)
_OURS = re.compile(rf"/{PLACEMENT}(?:/|\\/|%2[fF]){TOKEN}".encode()).search


class Changing:
    """The format of a log, and those that it changes to.

    What it cannot read is tried in the other formats, and read in the one that fits; whichever read the last line is
    the log's format from then on. Where a person has `named` the format, it does not change, and `unlike` is the name
    of the first other one that lines with addresses of ours turned out to be in.

    `otherwise` has those of the last block's lines that are not read, as another format reads them: one that is not the
    named one, or one of `strings`, format strings that logs were read by before.
    """

    def __init__(
        self, format: LineFormat, *, named: bool, time_zone: str | None = None, strings: Sequence[LineFormat] = ()
    ) -> None:
        self._readers = [Unwrapping(format)]  # the one of the last line first
        self._named = named
        self._time_zone = time_zone
        self._parts = LineParts()
        self._others = [Unwrapping(one) for one in strings if one.name != format.name]  # which only tell `otherwise`
        self.otherwise: dict[bytes, TimedRow] = {}
        self.unlike = ""

    @property
    def format(self) -> LineFormat:
        """The format of the last line that could be read."""
        return self._readers[0].format

    @property
    def waiting(self) -> int:
        """How many of the last bytes are read again when more has come: see `LineParts`."""
        return self._parts.waiting

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
        """UTC milliseconds of a stamp of any of these formats; None if it is none."""
        with suppress(ValueError, OverflowError):
            return self.moment(stamp)
        return None

    def rows(self, block: bytes) -> list[LineRow]:
        """One row for each line of a block, each with its line as the log has it."""
        rows = self._plain_rows(block)
        unread = _unread(rows)
        joined = self._parts.joined(block, [rows[index][0] for index in unread])
        if joined is None:
            return self._read(rows, unread)
        whole = b"".join(text + b"\n" for _, text in joined if text and text.strip())
        rows = self._plain_rows(whole)
        read = iter(self._read(rows, _unread(rows)))
        if self.otherwise:
            found = self.otherwise
            self.otherwise = {line: found[text] for line, text in joined if text in found}
        return [
            (text if is_too_long(text) else line, *next(read)[1:]) if text and text.strip() else note(line)
            for line, text in joined
        ]

    def _plain_rows(self, lines: bytes) -> list[LineRow]:
        """The rows of lines as the format reads them, but for those that are too long: of these there is nothing."""
        found: list[LineRow] = []
        while (long := too_long(lines)) is not None:
            begins, ends = long
            found += [*self.format.rows(lines[:begins]), junk(lines[begins : min(ends, begins + KEPT_BYTES)])]
            lines = lines[ends + 1 :]
        return found + self.format.rows(lines)

    def _read(self, rows: list[LineRow], unread: Sequence[int]) -> list[LineRow]:
        """The rows of whole lines, those with the indices `unread` read otherwise, in their places."""
        rows = self._readers[0].unwrapped(rows, unread)
        bad = [index for index in unread if _is_missed(rows[index])]
        self.otherwise = {}
        if bad and not self._named:
            bad = self._change(rows, bad)
        if bad:
            self._read_otherwise(rows, bad)
        return rows

    def _read_otherwise(self, rows: Sequence[LineRow], bad: Sequence[int]) -> None:
        """Keep how other formats read what cannot be read."""
        number = 0
        while bad:
            if number == len(self._others):
                other = self._other_format([rows[index][0] for index in _sample(rows, bad)]) if self._named else None
                if other is None:
                    break
                self._others.append(Unwrapping(other))
            reader = self._others[number]
            number += 1
            for row in reader.rows(b"".join(rows[index][0] + b"\n" for index in bad)):
                if _is_request(row) and (moment := _moment(reader.format, row[2])) is not None:
                    self.otherwise[row[0]] = (moment, row)
                    if self._named and not self.unlike and _OURS(row[0]):
                        self.unlike = reader.format.name
            bad = [index for index in bad if rows[index][0] not in self.otherwise]

    def _change(self, rows: list[LineRow], bad: list[int]) -> list[int]:
        """Read the rows with the indices `bad` in other formats, and put what these read in their places. Returns the
        indices of the rows that no format reads."""
        last, of_last = next((index for index in range(len(rows) - 1, -1, -1) if _is_request(rows[index])), -1), 0
        number = 1
        while bad:
            if number == len(self._readers):
                other = self._other_format([rows[index][0] for index in _sample(rows, bad)])
                if other is None:
                    break
                self._readers.append(Unwrapping(other))
            bad, last_read = self._filled(rows, bad, self._readers[number])
            if last_read > last:
                last, of_last = last_read, number
            number += 1
        self._readers.insert(0, self._readers.pop(of_last))
        return bad

    def _filled(self, rows: list[LineRow], bad: list[int], reader: Unwrapping) -> tuple[list[int], int]:
        """Put what `reader` reads in the places of the rows with the indices `bad`. Returns the indices that are still
        bad, and the index of the last row that is a request."""
        last = -1
        for index, row in zip(bad, reader.rows(b"".join(rows[index][0] + b"\n" for index in bad)), strict=True):
            if _is_request(row):
                last = index
            elif rows[index][2] is NOTE:
                continue
            rows[index] = (rows[index][0], *row[1:])
        return [index for index in bad if _is_missed(rows[index])], last

    def _other_format(self, lines: Sequence[bytes]) -> LineFormat | None:
        """The format that reads most of these lines, fresh; None where there is none, or where two read the same."""
        known = {reader.format.name for reader in (*self._readers, *self._others)}
        text = b"".join(line + b"\n" for line in lines)
        read: dict[str, set[int]] = {}
        for format in line_formats(self._time_zone):
            if format.name not in known:
                found = Unwrapping(format).rows(text)
                timed = {
                    index for index, row in enumerate(found) if _is_request(row) and _moment(format, row[2]) is not None
                }
                if timed or (format.state() and any(row[2] is NOTE for row in found)):
                    read[format.name] = timed
        most = max(map(len, read.values()), default=0)
        best = [name for name, timed in read.items() if len(timed) == most]
        if len(best) != 1 and (not most or len(set().union(*(read[name] for name in best))) < most * len(best)):
            return None
        return next(fresh for fresh in line_formats(self._time_zone) if fresh.name == best[0])


def _unread(rows: Sequence[LineRow]) -> list[int]:
    """The indices of the rows that are no requests, and no longer than a line may be."""
    return [index for index, row in enumerate(rows) if (not row[2] or row[2] is NOTE) and not is_too_long(row[0])]


def _is_missed(row: LineRow) -> bool:
    """Whether a line could not be read, or was passed over with what looks like an address of ours in it: a message of
    one server's program may be another's request."""
    if row[2] is NOTE:
        return _OURS(row[0]) is not None
    return not row[2] and bool(row[0].strip())


def _is_request(row: LineRow) -> bool:
    return bool(row[2]) and row[2] is not NOTE


def _moment(format: LineFormat, stamp: bytes) -> int | None:
    try:
        return format.moment(stamp)
    except (ValueError, OverflowError):
        return None


def _sample(rows: Sequence[LineRow], bad: Sequence[int]) -> list[int]:
    """The indices of those bad rows that other formats are tried on: the first and the last ones, headers, and all that
    may hold an address of ours."""
    ends = {*bad[:_ENDS], *bad[-_ENDS:]}
    return [index for index in bad if index in ends or rows[index][0][:1] == b"#" or _OURS(rows[index][0])]
