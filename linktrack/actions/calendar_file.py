"""Follow-ups as iCalendar (RFC 5545), one file of all and one for each owner, written as they come.

Appointments are VEVENTs. Tasks are VTODOs and, since most calendars show no tasks, VEVENTs too, under a UID of their
own. All times are in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

from linktrack.moments import datetime_of, datetime_written

ALL = "follow-ups.ics"
OF_OWNERS = "follow-ups-*.ics"
_BEGIN = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//linktrack//linktrack//EN\r\n"
_END = b"END:VCALENDAR\r\n"
_CUT = "\0"  # which no text holds
_LONGEST = 75  # bytes of a content line
_alike_of = itemgetter("kind", "assignment", "project", "assigned_to", "created_by", "link", "mailing")
_BUFFER = 1 << 16  # bytes of one calendar that are kept back; no file stays open, for there may be many owners


class CalendarFiles:
    """The calendars of a run. `path` says where the file of a name is written; no follow-up, no file."""

    def __init__(self, path: Callable[[str], Path], now: int) -> None:
        """`now`, in UTC milliseconds, is the time stamp of every entry."""
        self._path, self._stamp = path, _utc(datetime_of(now))
        self._names: dict[str, str] = {}  # by owner
        self._waiting: dict[str, bytearray] = {}  # by file name, what is not written yet

    def add(self, row: Mapping[str, str]) -> None:
        """Add a follow-up: its row of follow-ups.csv."""
        entry = calendar_entry(row, self._stamp)
        self._write(ALL, entry)
        if owner := row["assigned_to"]:
            if owner not in self._names:
                self._names[owner] = self._name_of(owner)
            self._write(self._names[owner], entry)

    def close(self) -> None:
        """End every calendar."""
        for name in self._waiting:
            self._waiting[name] += _END
            self._flush(name)

    def _name_of(self, owner: str) -> str:
        """A file name for an owner that no other has, also where upper and lower case are one."""
        plain = re.sub(r"[^\w.@\-]+", "_", owner).strip(".")[:80] or "_"
        taken = {name.casefold() for name in self._names.values()}
        name, number = f"follow-ups-{plain}.ics", 1
        while name.casefold() in taken:
            number += 1
            name = f"follow-ups-{plain}-{number}.ics"
        return name

    def _write(self, name: str, data: bytes) -> None:
        if (waiting := self._waiting.get(name)) is None:
            waiting = self._waiting[name] = bytearray(_BEGIN)
        waiting += data
        if len(waiting) > _BUFFER:
            self._flush(name)

    def _flush(self, name: str) -> None:
        with self._path(name).open("ab") as file:
            file.write(self._waiting[name])
        self._waiting[name].clear()


def calendar_entry(row: Mapping[str, str], stamp: str) -> bytes:
    """The component of a follow-up, or the two of a task; `stamp` is when it was written."""
    description = row["description"]
    text = _lines(("SUMMARY", row["task"] or description or row["kind"]), ("DESCRIPTION", description))
    contact = _line("X-LINKTRACK-CONTACT-ID", row["contact_id"])
    own = row["id"], _utc_written(row["end"]), _utc_written(row["start"]), text, contact
    pieces = [*_pieces(stamp, *_alike_of(row))]
    pieces[1::2] = own * (len(pieces) // 10)
    return "".join(pieces).encode()


@lru_cache(4096)  # many follow-ups are alike
def _pieces(stamp: str, kind: str, assignment: str, project: str, owner: str, creator: str, *of: str) -> list[str]:
    """The components of follow-ups that have all this in common, `of` a link and a mailing, cut where each has its own:
    five times in a component, for identifier, end, start, text and contact. The cuts stand between the pieces."""
    whose = ("CATEGORIES", project), ("X-LINKTRACK-ASSIGNED-TO", owner), ("X-LINKTRACK-CREATED-BY", creator)
    link, mailing = of
    lines = (
        f"DTSTAMP:{stamp}\r\nDTSTART:{_CUT}\r\n{_CUT}{_lines(*whose)}{_CUT}"
        f"{_lines(('X-LINKTRACK-LINK', link), ('X-LINKTRACK-MAILING', mailing))}"
    )
    if kind == "task":
        whole = _component("VTODO", _CUT, "DUE", lines) + _component("VEVENT", f"{_CUT}-event", "DTEND", lines)
    else:
        invitation = "STATUS:TENTATIVE\r\n" if assignment == "true" else ""  # that can be refused
        whole = _component("VEVENT", _CUT, "DTEND", lines + invitation)
    return re.split(f"({_CUT})", whole)


def _component(name: str, identifier: str, end: str, lines: str) -> str:
    return f"BEGIN:{name}\r\nUID:{identifier}@linktrack\r\n{end}:{_CUT}\r\n{lines}END:{name}\r\n"


@lru_cache(4096)
def _lines(*properties: tuple[str, str]) -> str:
    """The lines of those properties that have a value."""
    return "".join([_line(name, value) for name, value in properties if value])


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(4096)  # many owners have the same hours
def _utc_written(text: str) -> str:
    return _utc(datetime_written(text))


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545, section 3.3.11), without the control characters that it may not hold."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(sign for sign in text if (sign >= " " and sign != "\x7f") or sign in "\n\t")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _line(name: str, value: str) -> str:
    """The content line of a property, in pieces that are not too long (section 3.1), never cut inside a character."""
    line = f"{name}:{_escaped(value)}"
    if line.isascii() and len(line) <= _LONGEST:
        return line + "\r\n"
    data = line.encode()
    pieces: list[bytes] = []
    while len(data) > _LONGEST:
        cut = _LONGEST if not pieces else _LONGEST - 1
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(data[:cut])
        data = data[cut:]
    return b"\r\n ".join([*pieces, data]).decode() + "\r\n"
