"""Envelopes: what a syslog daemon, a container's runtime or `docker compose` puts around a server's own line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from linktrack.clicks.event import LineRow, Report
from linktrack.clicks.formats import EventFormat, LineFormat, LogFormat, detect
from linktrack.clicks.formats.notation.json_lines import parsed, text_of
from linktrack.clicks.formats.notation.lines import split_lines
from linktrack.clicks.logs.joined_lines import LineParts, part_of_line
from linktrack.errors import BadInput

_DEPTH = 3  # envelopes around one line: a container's log of what a syslog daemon wrote
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_COLOUR = rb"(?:\x1b\[[\d;]*m)?"
_DATE = (  # RFC 3164, journalctl's short-precise and short-full
    rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?"
    rb"|[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? [A-Z0-9+-]{1,6}|" + _ISO + rb")"
)
_PRIORITY = rb"(?:\d{1,6} (?=<)|)(?:<\d{1,3}>)"  # with RFC 6587's count of octets before it
_NAME = _COLOUR + rb"[a-z][\w.-]*" + _COLOUR + rb" "

_HEAD = re.compile(
    # RFC 5424, with its structured data
    rb"(?:" + _PRIORITY + rb")?1 (?:" + _ISO + rb"|-) [^ ]+ [^ ]+ [^ ]+ [^ ]+ "
    rb'(?:-|(?:\[[^"\]\n]*(?:"[^"\\\n]*(?:\\.[^"\\\n]*)*"[^"\]\n]*)*\])+) ?(?:\xef\xbb\xbf)?'
    # RFC 3164 as nginx, rsyslog and journald write it, with a host or without
    rb"|(?:" + _PRIORITY + rb")?" + _DATE + rb" (?:[^ ]+ )?[\w./@-]+(?:\[\d+\])?: "
    # docker compose logs: `nginx.1  | `, docker service logs: `web.1.k3j4@node  | `
    rb"|" + _COLOUR + rb"[\w.@-]+ *\| " + _COLOUR + rb"(?:" + _ISO + rb" )?"
    # kubectl logs --prefix, docker logs --timestamps, and a bare priority
    rb"|\[pod/[^\]\n]*\] |" + _ISO + rb" |" + _PRIORITY + rb"|"
    # stern: pod and container, with a namespace before them or without
    rb"(?:" + _NAME + rb"){2,3}(?=[\d\[{:\"a-fA-F])"
).match  # fmt: skip
# Where an object of what collects logs has the line: Fluent Bit, journalctl -o json, Filebeat.
_TEXTS = ("log", "MESSAGE", "message")
_FORM = b"mandrill_events="  # the body of Mandrill's webhook as it is posted


def opened_envelope(line: bytes) -> bytes | None:
    """What is inside of the outermost envelope of a line; None for a line without one."""
    if (part := part_of_line(line)) is not None:
        return part.text
    if line.startswith(_FORM):
        return unquote_to_bytes(line.removeprefix(_FORM).partition(b"&")[0].replace(b"+", b" "))
    if line.lstrip()[:1] == b"{":
        return _collected(line)
    head = _HEAD(line)
    return line[head.end() :] if head else None


def _collected(line: bytes) -> bytes | None:
    """The line in an object of a program that collects logs."""
    record = parsed(line) or {}
    for name in _TEXTS:
        if isinstance(found := record.get(name), list):  # journald's way with what is not UTF-8: a number each byte
            with suppress(ValueError, TypeError):
                record[name] = bytes(map(int, found)).decode("utf-8", "surrogateescape")
        if isinstance(record.get(name), str):
            return text_of(record, name).rstrip(b"\r\n").replace(b"\n", b" ")
    return None


class Unwrapping:
    """A format that reads through envelopes: what it cannot read is taken out of its envelope and read again.

    So a log without envelopes costs nothing, and lines with and without one may stand in one log.
    """

    def __init__(self, format: LineFormat) -> None:
        self.format = format

    def rows(self, block: bytes) -> list[LineRow]:
        """One row for each line of a block, as the format would give; each carries its line as the log has it."""
        rows = self.format.rows(block)
        return self.unwrapped(rows, range(len(rows)))

    def unwrapped(self, rows: list[LineRow], among: Iterable[int]) -> list[LineRow]:
        """The rows of a block, those that the format could not read, `among` the ones with these indices, read again,
        in their places."""
        found = [(index, rows[index][0]) for index in among if not rows[index][2]]
        for _ in range(_DEPTH if found else 0):
            inside = [(index, text) for index, line in found if (text := opened_envelope(line)) is not None]
            self._read(rows, inside)
            found = [(index, text) for index, text in inside if not rows[index][2]]
        return rows

    def _read(self, rows: list[LineRow], found: list[tuple[int, bytes]]) -> None:
        """Put what the format reads in the texts in the place of the rows that could not be read."""
        texts = [(index, text) for index, text in found if text.strip()]
        inside = self.format.rows(b"".join(text + b"\n" for _, text in texts)) if texts else []
        for (index, _), row in zip(texts, inside, strict=True):
            rows[index] = (rows[index][0], *row[1:])


class OpenedEvents:
    """A service's events of which each line is in an envelope: a container's log of what a webhook was sent."""

    def __init__(self, format: EventFormat) -> None:
        self._format = format
        self.name, self.names = format.name, format.names
        self._line = b""  # its end has not come
        self._held = 0  # bytes of the lines before it that belong to an event that is not complete

    @property
    def pending(self) -> int:
        return len(self._line) + self._held

    def events(self, block: bytes) -> list[Report]:
        *lines, self._line = (self._line + block).split(b"\n")
        return [report for line in lines for report in self._opened(line, 1)]

    def finish(self, whole: bool) -> list[Report]:
        line, self._line = self._line, b""
        return [*self._opened(line, 0), *self._format.finish(whole)]

    def fits(self, sample: bytes) -> bool:
        return self._format.fits(bare(sample))

    def state(self) -> str:
        return self._format.state()

    def resume(self, state: str) -> None:
        self._format.resume(state)

    def _opened(self, line: bytes, end: int) -> list[Report]:
        found = self._format.events(bare(line) + b"\n")
        self._held = self._held + len(line) + end if self._format.pending else 0
        return found


def bare(sample: bytes) -> bytes:
    """A sample without the envelopes around its lines."""
    lines = list(split_lines(sample))
    joined = LineParts().joined(sample, lines)
    if joined is not None:
        lines = [whole for _, whole in joined if whole is not None]
    for _ in range(_DEPTH):
        inside = [opened_envelope(line) for line in lines]
        if not any(inside):
            break
        lines = [line if text is None else text for line, text in zip(lines, inside, strict=True)]
    return b"\n".join(lines)


def detect_inside(sample: bytes, path: str, time_zone: str | None = None) -> LogFormat:
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
        if found is None:
            raise
        return OpenedEvents(found) if isinstance(found, EventFormat) else found


def with_envelopes(format: LogFormat, sample: bytes) -> LogFormat:
    """A format that is known by its name, as it reads a log that begins like this."""
    if isinstance(format, EventFormat) and not format.fits(sample):
        inside = bare(sample)
        if inside.strip() != sample.strip() and format.fits(inside):
            return OpenedEvents(format)
    return format
