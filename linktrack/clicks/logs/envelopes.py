"""Envelopes: what a syslog daemon, a container's runtime or `docker compose` puts around a server's own line."""

from __future__ import annotations

import re

from linktrack.clicks.event import Row
from linktrack.clicks.formats import Format, LineFormat, detect
from linktrack.clicks.formats.parts.lines import split_lines
from linktrack.clicks.logs.parts import LineParts, part_of_line
from linktrack.errors import BadInput

_DEPTH = 3  # envelopes around one line: a container's log of what a syslog daemon wrote
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_DATE = rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|" + _ISO + rb")"
_COLOUR = rb"(?:\x1b\[[\d;]*m)?"

_HEAD = re.compile(
    # RFC 5424, with its structured data
    rb"(?:<\d{1,3}>)?1 (?:" + _ISO + rb"|-) [^ ]+ [^ ]+ [^ ]+ [^ ]+ "
    rb'(?:-|(?:\[[^"\]\n]*(?:"[^"\\\n]*(?:\\.[^"\\\n]*)*"[^"\]\n]*)*\])+) ?(?:\xef\xbb\xbf)?'
    # RFC 3164 as nginx, rsyslog and journald write it, with a host or without
    rb"|(?:<\d{1,3}>)?" + _DATE + rb" (?:[^ ]+ )?[\w./@-]+(?:\[\d+\])?: "
    # docker compose logs: `nginx.1  | `
    rb"|" + _COLOUR + rb"[\w.-]+ *\| " + _COLOUR + rb"(?:" + _ISO + rb" )?"
    # kubectl logs --prefix, docker logs --timestamps, and a bare priority
    rb"|\[pod/[^\]\n]*\] |" + _ISO + rb" |<\d{1,3}>"
).match


def opened(line: bytes) -> bytes | None:
    """What is inside of the outermost envelope of a line; None for a line without one."""
    if (part := part_of_line(line)) is not None:
        return part.text
    head = _HEAD(line)
    return line[head.end() :] if head else None


class Unwrapping:
    """A format that reads through envelopes: what it cannot read is taken out of its envelope and read again.

    So a log without envelopes costs nothing, and lines with and without one may stand in one log.
    """

    def __init__(self, format: LineFormat) -> None:
        self.format = format

    def rows(self, block: bytes) -> list[Row]:
        """One row for each line of a block, as the format would give; each carries its line as the log has it."""
        rows = self.format.rows(block)
        found = [(index, row[0]) for index, row in enumerate(rows) if not row[2]]
        for _ in range(_DEPTH if found else 0):
            inside = [(index, text) for index, line in found if (text := opened(line)) is not None]
            self._read(rows, inside)
            found = [(index, text) for index, text in inside if not rows[index][2]]
        return rows

    def _read(self, rows: list[Row], found: list[tuple[int, bytes]]) -> None:
        """Put what the format reads in the texts in the place of the rows that could not be read."""
        texts = [(index, text) for index, text in found if text.strip()]
        inside = self.format.rows(b"".join(text + b"\n" for _, text in texts)) if texts else []
        for (index, _), row in zip(texts, inside, strict=True):
            rows[index] = (rows[index][0], *row[1:])


def bare(sample: bytes) -> bytes:
    """A sample without the envelopes around its lines."""
    joined = LineParts().joined(sample)
    lines = list(split_lines(sample)) if joined is None else [whole for _, whole in joined if whole is not None]
    for _ in range(_DEPTH):
        inside = [opened(line) for line in lines]
        if not any(inside):
            break
        lines = [line if text is None else text for line, text in zip(lines, inside, strict=True)]
    return b"\n".join(lines)


def detect_inside(sample: bytes, path: str, time_zone: str | None = None) -> Format:
    """The format of a log by the beginning of it, as `formats.detect`, also when its lines are in envelopes."""
    try:
        return detect(sample, path, time_zone)
    except BadInput:
        inside = bare(sample)
        if inside.strip() == sample.strip():
            raise
        try:
            found = detect(inside, path, time_zone)
        except BadInput:
            found = None
        if not isinstance(found, LineFormat):  # events are no lines
            raise
        return found
