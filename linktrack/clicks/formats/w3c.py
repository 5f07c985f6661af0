"""The W3C extended log of IIS, whose columns are named by a header that may change in mid-file."""

from __future__ import annotations

import json
import re

from linktrack.clicks.event import LineRow, junk, note
from linktrack.clicks.formats.notation.addresses import FORWARDED_NAMES
from linktrack.clicks.formats.notation.json_values import list_of_texts
from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, agent_in, row, split_lines
from linktrack.clicks.formats.notation.times import iso_moment, next_day
from linktrack.names import folded

_PLUS = re.compile(rb"(?<!\()\+(\+?)")
_DATE = re.compile(rb"#Date:\s*(\d{4}-\d\d-\d\d)")
_HALF_A_DAY = 12

# The columns a click needs, by the names they may have, without case and signs: what an administrator adds to IIS's
# own is called as they like (`X-ARR-ClientIP`, `cs(X-Forwarded-For)`).
_FIELDS = (
    ("date",), ("time",), ("c-ip",),
    tuple(one for name in FORWARDED_NAMES for one in (name, f"cs{name}")),
    ("cs-method",),
    ("cs-uri-stem", "cs-uri"), ("cs-uri-query",), ("sc-status",), ("cs(user-agent)",),
    (*(f"cs({name})" for name in PREFETCH_HEADERS), *PREFETCH_HEADERS),
)  # fmt: skip


class ExtendedLog:
    """`#Fields:` names the columns of the lines behind it; times are UTC.

    A log without a `date` column takes its day from `#Date:`, and the next day when the hour falls back by half a
    day or more. Columns and day are what a later line needs of earlier ones: the state.
    """

    name = "iis"
    names: tuple[str, ...] = ("iis", "w3c", "w3c-extended")
    separator = b" "
    columns = ""  # of lines before any header

    def __init__(self) -> None:
        self.day = ""
        self.hour = 0
        self.header: list[str] = []
        self._name_columns(self.columns.split())

    def rows(self, block: bytes) -> list[LineRow]:
        return [
            self._comment(line) if line.startswith((b"#", b"\xef\xbb\xbf#")) else self._row(line)
            for line in split_lines(block)
        ]

    def moment(self, stamp: bytes) -> int:
        return iso_moment(stamp)

    def state(self) -> str:
        return json.dumps([self.header, self.day, self.hour]) if self.header else ""

    def resume(self, state: str) -> None:
        if state:
            header, day, hour = json.loads(state)
            if not isinstance(day, str) or not isinstance(hour, int):
                raise ValueError(state)
            self.header, self.day, self.hour = list_of_texts(header), day, hour
            self._name_columns(self.header)

    def is_ours(self, columns: list[str]) -> bool:
        """Whether a header is of this kind of log; CloudFront writes one too."""
        return "x-edge-location" not in columns

    def agent_of(self, text: bytes) -> bytes:
        """IIS writes a blank as `+` and a plus as it is: of two the second is one, and so is the one behind `(`."""
        return _PLUS.sub(rb" \1", text)

    def forwarded_of(self, text: bytes) -> bytes:
        """`192.0.2.7,+10.0.0.1` is a list of two: no address has a plus in it."""
        return text.replace(b"+", b" ")

    def _comment(self, line: bytes) -> LineRow:
        text = line.removeprefix(b"\xef\xbb\xbf")
        if text.startswith(b"#Fields:"):
            columns = text[8:].decode("utf-8", "replace").split()
            if self.is_ours(columns):
                self.header = columns
                self._name_columns(columns)
        elif match := _DATE.match(text):
            self.day, self.hour = match[1].decode(), 0
        return note(line)

    def _name_columns(self, columns: list[str]) -> None:
        place = {folded(name): index for index, name in enumerate(columns)}
        self.count = len(columns)
        # Where each field stands; of several names the first that is there, and -1, an empty value, for none.
        self.spots = [next((place[one] for one in map(folded, names) if one in place), -1) for names in _FIELDS]

    def _row(self, line: bytes) -> LineRow:
        values = line.split(self.separator)
        if len(values) != self.count:
            return junk(line)
        values.append(b"")
        found = [b"" if values[spot] == b"-" else values[spot] for spot in self.spots]
        day, time, host, forwarded, method, path, query, status, agent, purpose = found
        has_agent = self.spots[-2] >= 0
        return row(
            line,
            host=host,
            stamp=self._stamp(day, time),
            method=method,
            target=path + b"?" + query if path and query else path,
            status=status,
            agent=agent_in(self.agent_of(agent) if has_agent else None),
            forwarded=self.forwarded_of(forwarded),
            purpose=purpose,
        )

    def _stamp(self, day: bytes, time: bytes) -> bytes:
        if not day and self.day and time[:2].isdigit():
            hour = int(time[:2])
            if hour + _HALF_A_DAY <= self.hour:
                try:
                    self.day = next_day(self.day)
                except (ValueError, OverflowError):  # a #Date: that is none
                    return b""
            self.hour = hour
            day = self.day.encode()
        return day + b" " + time if time else b""
