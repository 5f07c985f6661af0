"""Envelopes: what a syslog daemon, a container's runtime or `docker compose` puts around a server's own line."""

from __future__ import annotations

import re
from typing import NamedTuple

from linktrack.clicks.event import Row, note
from linktrack.clicks.formats import Format, LineFormat, detect
from linktrack.clicks.formats.parts.json_lines import parsed, text_of
from linktrack.clicks.formats.parts.lines import split_lines
from linktrack.clicks.logs.sources import MAX_LINE_BYTES
from linktrack.errors import BadInput

_DEPTH = 3  # envelopes around one line: a container's log of what a syslog daemon wrote
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_DATE = rb"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|" + _ISO + rb")"
_COLOUR = rb"(?:\x1b\[[\d;]*m)?"

# Kubernetes CRI: the stream, and whether the line is Full or Partial.
_CRI = re.compile(_ISO + rb" (stdout|stderr) ([FP])(?::[^ ]*)? ").match
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
_DOCKER = re.compile(rb'\s*\{\s*"log"\s*:').match


class Letter(NamedTuple):
    """What was in an envelope: the line or part of one, whether the line ends with it, and the stream it belongs to."""

    text: bytes
    ends: bool = True
    stream: str = ""


def opened(line: bytes) -> Letter | None:
    """What is inside of the outermost envelope of a line; None for a line without one."""
    if _DOCKER(line):
        return _docker(line)
    if (cri := _CRI(line)) is not None:
        return Letter(line[cri.end() :], cri[2] == b"F", cri[1].decode())
    head = _HEAD(line)
    return Letter(line[head.end() :]) if head else None


def _docker(line: bytes) -> Letter | None:
    """Docker's json-file: a text that lacks its line end goes on in the next line of its stream."""
    record = parsed(line)
    if record is None or not isinstance(record.get("log"), str):
        return None
    text = text_of(record, "log")
    return Letter(text.rstrip(b"\r\n").replace(b"\n", b" "), text.endswith(b"\n"), str(record.get("stream", "")))


class Unwrapping:
    """A format that reads through envelopes: what it cannot read is taken out of its envelope and read again.

    So a log without envelopes costs nothing, and lines with and without one may stand in one log. A line that came in
    parts is read when its last part is there.
    """

    def __init__(self, format: LineFormat) -> None:
        self.format = format
        self._parts: dict[str, tuple[int, bytes]] = {}  # stream → where its unfinished line began, and what came of it
        self._taken = 0  # bytes

    @property
    def waiting(self) -> int:
        """How many of the last bytes are read again when more has come: from the first unfinished line on."""
        return self._taken - min(began for began, _ in self._parts.values()) if self._parts else 0

    def rows(self, block: bytes) -> list[Row]:
        """One row for each line of a block, as the format would give; each carries its line as the log has it."""
        rows = self.format.rows(block)
        if bad := [index for index, row in enumerate(rows) if not row[2]]:
            found = self._opened(rows, bad, block)
            for _ in range(_DEPTH):
                self._read(rows, found)
                still = [(index, opened(text)) for index, text in found if not rows[index][2]]
                found = [(index, letter.text) for index, letter in still if letter is not None]
        self._taken += len(block)
        return rows

    def _opened(self, rows: list[Row], bad: list[int], block: bytes) -> list[tuple[int, bytes]]:
        """What was in the envelopes of rows that could not be read, whole lines only; the others become notes."""
        found: list[tuple[int, bytes]] = []
        for index in bad:
            letter = opened(rows[index][0])
            if letter is None:
                continue
            began, text = self._parts.pop(letter.stream, (-1, b""))
            if letter.ends:
                found.append((index, text + letter.text))
                continue
            if began < 0:
                began = self._taken + sum(len(line) + 1 for line in block.split(b"\n")[:index])
            rows[index] = note(rows[index][0])
            self._parts[letter.stream] = (began, (text + letter.text)[:MAX_LINE_BYTES])
        return found

    def _read(self, rows: list[Row], found: list[tuple[int, bytes]]) -> None:
        """Put what the format reads in the texts in the place of the rows that could not be read."""
        texts = [(index, text) for index, text in found if text.strip()]
        inside = self.format.rows(b"".join(text + b"\n" for _, text in texts)) if texts else []
        for (index, _), row in zip(texts, inside, strict=True):
            rows[index] = (rows[index][0], *row[1:])


def bare(sample: bytes) -> bytes:
    """A sample without the envelopes around its lines."""
    lines = list(split_lines(sample))
    for _ in range(_DEPTH):
        letters = [opened(line) for line in lines]
        if not any(letters):
            break
        lines = [line if letter is None else letter.text for line, letter in zip(lines, letters, strict=True)]
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
