"""Lines in parts: what a container's runtime has cut, because it was long, put together again.

Kubernetes writes `stdout P` where a line goes on and `stdout F` where it ends; Docker's json-file leaves out the line
end of a text that goes on. The parts of one stream follow each other, those of another may stand between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from linktrack.clicks.formats.notation.json_lines import parsed, text_of
from linktrack.clicks.formats.notation.lines import split_lines
from linktrack.clicks.logs.line_ends import KEPT_BYTES, is_too_long

MAX_WAITING_BYTES = 16 << 20  # a stream that says nothing while another says so much does not go on

_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
# The stream, and whether the line is Full or Partial.
_CRI = re.compile(_ISO + rb" (stdout|stderr) ([FP])(?::[^ ]*)? ").match
_DOCKER = re.compile(rb'\s*\{\s*"log"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"').match


class LinePart(NamedTuple):
    """A line or part of one, without what the runtime has written around it."""

    text: bytes
    ends: bool
    stream: str


def part_of_line(line: bytes) -> LinePart | None:
    """What a line of a container's log holds; None for another line."""
    if (cri := _CRI(line)) is not None:
        return LinePart(line[cri.end() :], cri[2] == b"F", cri[1].decode())
    if _DOCKER(line) is None:
        return None
    record = parsed(line)
    if record is None or not isinstance(record.get("log"), str):
        return None
    text = text_of(record, "log")
    return LinePart(text.rstrip(b"\r\n").replace(b"\n", b" "), text.endswith(b"\n"), str(record.get("stream", "")))


class LineParts:
    """The unfinished lines of one log, and where they began."""

    def __init__(self) -> None:
        self._parts: dict[str, tuple[int, bytes]] = {}  # stream → where its unfinished line began, and what came of it
        self._taken = 0  # bytes

    @property
    def waiting(self) -> int:
        """How many of the last bytes are read again when more has come: from the first unfinished line on."""
        return self._taken - min(began for began, _ in self._parts.values()) if self._parts else 0

    def joined(self, block: bytes, unread: Iterable[bytes]) -> Sequence[tuple[bytes, bytes | None]] | None:
        """Each line of a block as the log has it, with the whole line that ends there: itself in nearly all cases, and
        None where it goes on. None where all lines are themselves.

        `unread` are those that a format does not read as they are: it reads none that goes on.
        """
        taken, self._taken = self._taken, self._taken + len(block)
        if not self._parts and not any(map(_goes_on, unread)):
            return None
        found: list[tuple[bytes, bytes | None]] = []
        for line, raw in zip(split_lines(block), block.split(b"\n"), strict=False):
            part = part_of_line(line) if self._parts or _goes_on(line) else None
            if part is None and is_too_long(line):  # the end of it may be missing: it may be a part of any of these
                self._parts = {name: (began, line[:KEPT_BYTES]) for name, (began, _) in self._parts.items()}
            if part is None or (part.ends and part.stream not in self._parts):
                found.append((line, line))
            else:
                began, text = self._parts.pop(part.stream, (taken, b""))
                whole = line[:KEPT_BYTES] if is_too_long(line) else (text + part.text)[:KEPT_BYTES]
                if not part.ends:
                    self._parts[part.stream] = (began, whole)
                found.append((line, whole if part.ends else None))
            taken += len(raw) + 1
        self._parts = {name: one for name, one in self._parts.items() if self._taken - one[0] <= MAX_WAITING_BYTES}
        return found


def _goes_on(line: bytes) -> bool:
    """Whether a line goes on in another one."""
    if (docker := _DOCKER(line)) is not None:
        text = docker[1]
        backslashes = len(text) - 1 - len(text[:-1].rstrip(b"\\")) if text.endswith(b"n") else 0
        return backslashes % 2 == 0
    cri = _CRI(line)
    return cri is not None and cri[2] == b"P"
