"""Logs of one JSON object a line which all have the same names: what a line says is found by one pattern, without
reading it as JSON."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.json_lines import JsonLines, logged_bytes, parsed
from linktrack.clicks.formats.notation.json_values import JsonRecord
from linktrack.clicks.formats.notation.lines import split_lines

# Of a line, and what stands in the places of its names: a text or a number as bytes, anything else as JSON has it.
Reader = Callable[[bytes, Callable[[int], object]], LineRow]

_LAYOUTS = 4  # of a log; what is in none of them is read as JSON
# A name with what is around it, and its value: a text without escapes, or a number. Any other text, and any other
# number, in its place is the value of the same name, for bytes that are no UTF-8 hide no quote (`surrogateescape`).
_TEXT, _NUMBER = rb'"([^"\\]*+)"', rb"(-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][-+]?\d++)?)"
_PAIR = re.compile(rb'(\s*[{,]\s*"[^"\\]*+"\s*:\s*)(?:' + _TEXT + rb"|" + _NUMBER + rb")")
_END = re.compile(rb"\s*\}\s*").fullmatch


class FlatJsonLines(JsonLines):
    """A subclass says in `reader` what a line tells by its names; it has no other `row` but for objects with others in
    them, which it may make flat."""

    def __init__(self) -> None:
        self._layouts: list[tuple[Callable[[bytes], re.Match[bytes] | None], Reader]] = []

    @abstractmethod
    def reader(self, names: tuple[str, ...]) -> Reader:
        """What reads lines with these names, in this order."""

    def rows(self, block: bytes) -> list[LineRow]:
        found = []
        for line in split_lines(block):
            for match, reader in self._layouts:
                if values := match(line):
                    found.append(reader(line, values.groups().__getitem__))
                    break
            else:
                found.append(self._read(line))
        return found

    def row(self, line: bytes, record: JsonRecord) -> LineRow:
        values = [logged_bytes(value) if isinstance(value, str) else value for value in record.values()]
        return self.reader(tuple(record))(line, values.__getitem__)

    def _read(self, line: bytes) -> LineRow:
        """The row of a line in no layout that is known; its own is, from then on."""
        record = parsed(line)
        if record is None:
            return junk(line)
        if len(self._layouts) < _LAYOUTS and (layout := layout_of(line, len(record))):
            self._layouts.append((re.compile(layout).fullmatch, self.reader(tuple(record))))
        return self.row(line, record)


def layout_of(line: bytes, many: int) -> bytes | None:
    """The pattern of the lines that are the same JSON object as this one, with other values; each is a group. None for
    a line of other values than texts without escapes and numbers, or of other names than `many` different ones."""
    at, parts = 0, list[bytes]()
    while pair := _PAIR.match(line, at):
        parts += [re.escape(pair[1]), _NUMBER if pair[2] is None else _TEXT]
        at = pair.end()
    end = _END(line, at)
    return b"".join((*parts, re.escape(end[0]))) if end and len(parts) == 2 * many > 0 else None
