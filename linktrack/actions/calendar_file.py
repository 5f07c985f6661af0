"""Follow-ups as iCalendar (RFC 5545), one file of all and one for each owner, written as they come.

Appointments are VEVENTs. Tasks are VTODOs and, since most calendars show no tasks, VEVENTs too, under a UID of their
own. All times are in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from linktrack.moments import datetime_of, datetime_written

ALL = "follow-ups.ics"
OF_OWNERS = "follow-ups-*.ics"
_BEGIN = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//linktrack//linktrack//EN\r\n"
_END = b"END:VCALENDAR\r\n"
_LONGEST = 75  # bytes of a content line
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
        if name not in self._waiting:
            self._waiting[name] = bytearray(_BEGIN)
        self._waiting[name] += data
        if len(self._waiting[name]) > _BUFFER:
            self._flush(name)

    def _flush(self, name: str) -> None:
        with self._path(name).open("ab") as file:
            file.write(self._waiting[name])
        self._waiting[name].clear()


def calendar_entry(row: Mapping[str, str], stamp: str) -> bytes:
    """The component of a follow-up, or the two of a task; `stamp` is when it was written."""
    identifier, description = row["id"], row["description"]
    start, end = _utc_written(row["start"]), _utc_written(row["end"])
    shared = [
        f"DTSTAMP:{stamp}",
        f"DTSTART:{start}",
        *_lines(
            ("SUMMARY", row["task"] or description or row["kind"]),
            ("DESCRIPTION", description),
            ("CATEGORIES", row["project"]),
            ("X-LINKTRACK-ASSIGNED-TO", row["assigned_to"]),
            ("X-LINKTRACK-CREATED-BY", row["created_by"]),
        ),
        f"X-LINKTRACK-CONTACT-ID:{_escaped(row['contact_id'])}",
        *_lines(("X-LINKTRACK-LINK", row["link"]), ("X-LINKTRACK-MAILING", row["mailing"])),
    ]
    if row["kind"] == "task":
        first = _component("VTODO", identifier, f"DUE:{end}", shared)
        whole = first + _component("VEVENT", f"{identifier}-event", f"DTEND:{end}", shared)
    else:
        if row["assignment"] == "true":
            shared.append("STATUS:TENTATIVE")  # an invitation that can be refused
        whole = _component("VEVENT", identifier, f"DTEND:{end}", shared)
    if whole.isascii() and max(map(len, shared)) <= _LONGEST:
        return whole.encode()
    return b"".join(map(_folded, whole.removesuffix("\r\n").split("\r\n")))


def _component(name: str, identifier: str, end: str, shared: list[str]) -> str:
    """The lines of a component, of which those that are not `shared` are short."""
    more = "\r\n".join(shared)
    return f"BEGIN:{name}\r\nUID:{identifier}@linktrack\r\n{end}\r\n{more}\r\nEND:{name}\r\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(4096)  # many owners have the same hours
def _utc_written(text: str) -> str:
    return _utc(datetime_written(text))


@lru_cache(4096)  # many follow-ups are alike
def _lines(*properties: tuple[str, str]) -> list[str]:
    """The lines of those properties that have a value."""
    return [f"{name}:{_escaped(value)}" for name, value in properties if value]


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545, section 3.3.11), without the control characters that it may not hold."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = "".join(sign for sign in text if (sign >= " " and sign != "\x7f") or sign in "\n\t")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line in pieces that are not too long (section 3.1), never cut inside a character."""
    data = line.encode()
    pieces: list[bytes] = []
    while len(data) > _LONGEST:
        cut = _LONGEST if not pieces else _LONGEST - 1
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(data[:cut])
        data = data[cut:]
    return b"\r\n ".join([*pieces, data]) + b"\r\n"
