"""Follow-ups as iCalendar (RFC 5545): appointments as VEVENT, tasks as VTODO, all times in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any


def calendar_text(follow_ups: Iterable[tuple[Mapping[str, Any], Mapping[str, str]]], now: int) -> bytes:
    """The calendar of (change, row of follow-ups.csv) pairs; `now` in UTC milliseconds is its time stamp."""
    stamp = _utc(datetime.fromtimestamp(now // 1000, UTC))
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//linktrack//linktrack//EN"]
    for change, row in follow_ups:
        task = row["kind"] == "task"
        component = "VTODO" if task else "VEVENT"
        lines += [
            f"BEGIN:{component}",
            f"UID:{change['id']}@linktrack",
            f"DTSTAMP:{stamp}",
            f"DTSTART:{_utc(datetime.fromisoformat(row['start']))}",
            f"{'DUE' if task else 'DTEND'}:{_utc(datetime.fromisoformat(row['end']))}",
            f"SUMMARY:{_escaped(row['task'] or row['description'] or row['kind'])}",
        ]
        if row["description"]:
            lines.append(f"DESCRIPTION:{_escaped(row['description'])}")
        if row["project"]:
            lines.append(f"CATEGORIES:{_escaped(row['project'])}")
        if row["assignment"] == "true" and not task:
            lines.append("STATUS:TENTATIVE")  # an invitation that can be refused
        for name, value in (
            ("ASSIGNED-TO", row["assigned_to"]),
            ("CREATED-BY", row["created_by"]),
            ("CONTACT-ID", change["contact_id"]),
            ("LINK", change["link"]),
            ("MAILING", change["mailing"]),
        ):
            if value:
                lines.append(f"X-LINKTRACK-{name}:{_escaped(value)}")
        lines.append(f"END:{component}")
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """A TEXT value (RFC 5545, section 3.3.11), without the control characters that it may not hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign >= " " or sign in "\n\t")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line of at most 75 bytes a piece (section 3.1), never cut inside a character."""
    data = line.encode()
    pieces: list[bytes] = []
    while len(data) > 75:
        cut = 75 if not pieces else 74
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(data[:cut])
        data = data[cut:]
    return b"\r\n ".join([*pieces, data]) + b"\r\n"
