"""NDJSON and JSON exports: objects whose values are cells, written back with the untouched lines as they came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from linktrack.crm.encoding import refuse_long_lines
from linktrack.crm.export_rows import HOLDS_NUL, BadRow
from linktrack.crm.multivalue import OddCell, joined, names_in
from linktrack.crm.typed_values import typed_text
from linktrack.errors import BadInput
from linktrack.settings.crm import FieldSettings
from linktrack.values import holds_nul

MAX_COLUMNS = 5_000  # names in all objects together: every row has a cell for each
_BOMS = re.compile(rb"(?:\xef\xbb\xbf)*")  # files that were put together have several
_BLANK = re.compile(r"[ \t\r\n]*")
_NUL = "\\u0000"  # the only way to write one in JSON
_NO_OBJECT = "each contact must be a JSON object"


class JsonTable:
    """One object a line (NDJSON), or one array of objects (JSON). The columns are all names in the order of their
    first appearance; a list of texts is a cell with `separator` between them, any other one is its JSON.

    A line, or a thing in the array, that is no object or holds a NUL is left as it is; an array that is broken is no
    file of rows."""

    calculated: frozenset[int] = frozenset()
    header_line, header_is_found = 0, False

    def __init__(self, path: Path, separator: str) -> None:
        self.path, self.separator = path, separator
        data = path.read_bytes() if path.suffix.lower() == ".json" or _begins_with_array(path) else b""
        self.array = _shown(data)[:1] == b"["
        self.suffix = ".json" if path.suffix.lower() == ".json" else ".ndjson"
        if not self.array:
            refuse_long_lines(path)
        samples: dict[str, Any] = {}  # by column the first value that is not null: what its values are like
        self._with_structures: set[str] = set()
        left: list[BadRow] = []
        for number, row in self._objects(left):
            for name, value in row.items():
                if samples.get(name) is None:
                    samples[name] = value
                if _is_structure(value):
                    self._with_structures.add(name)
            if len(samples) > MAX_COLUMNS:
                raise BadInput(
                    f"up to this object there are more than {MAX_COLUMNS:,} different names, which no export has",
                    file=path,
                    line=number,
                )
        if not samples and left:
            raise BadInput(f"{left[0].reason}, and no other line holds a contact", file=path, line=left[0].line)
        if not samples:
            raise BadInput("the file holds no objects: an export has one for each contact", file=path)
        self.columns, self.samples = list(samples), samples
        self.lists = frozenset(at for at, value in enumerate(samples.values()) if isinstance(value, list))
        self._fields: dict[str, FieldSettings] = {}  # by column, of those that are written
        self._unwritable: dict[str, frozenset[int]] = {}  # by column, of those that were asked for

    def rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
        for line, row in self._objects(left):
            yield line, [_cell(row.get(column), self.separator) for column in self.columns]

    def first_rows(self) -> list[tuple[int, list[str]]]:
        return []

    def unwritable(self, line: int, column: int) -> str:
        """Why no text can be written here: an object, or a list of anything but texts, is never replaced. An empty cell
        of a column with such values is not filled either."""
        name = self.columns[column] if column < len(self.columns) else ""
        if name not in self._with_structures:
            return ""
        if name not in self._unwritable:
            fills = _is_structure(self.samples[name])
            self._unwritable[name] = frozenset(
                number
                for number, row in self._objects([])
                if _is_structure(value := row.get(name)) or (fills and value is None)
            )
        return "the column holds JSON objects or lists, not texts" if line in self._unwritable[name] else ""

    def _objects(self, left: list[BadRow]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each object with its line, or with its place in the array; what is none goes to `left`."""
        if self.array:
            try:
                text = _parted(self.path.read_bytes())[1]
                every, nuls = _load(text), _NUL in text
            except (ValueError, RecursionError) as problem:
                line = getattr(problem, "lineno", None)
                raise BadInput(_reason(problem), file=self.path, line=line) from None
            for number, row in enumerate(every if isinstance(every, list) else [every], 1):
                if isinstance(row, dict) and not (nuls and holds_nul(row)):
                    yield number, row
                else:
                    reason = HOLDS_NUL if isinstance(row, dict) else _NO_OBJECT
                    left.append(BadRow(reason, number, str(row)[:200]))
            return
        for number, line in self._lines():
            if line.strip():
                try:
                    row = _load(_parted(line)[1].rstrip("\r\n"))  # the column of a fault is within the line
                except (ValueError, RecursionError) as problem:
                    row, reason = None, _reason(problem)
                else:
                    reason = _NO_OBJECT
                    if _NUL.encode() in line and holds_nul(row):
                        row, reason = None, HOLDS_NUL
                if isinstance(row, dict):
                    yield number, row
                else:
                    left.append(BadRow(reason, number, line[:200].decode("utf-8-sig", "replace").strip()))

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            yield from enumerate(file, 1)

    def write(
        self,
        to: Path,
        changes: Mapping[int, Mapping[int, str]],
        created: Sequence[str],
        fields: Mapping[int, FieldSettings],
    ) -> None:
        """The file again; in an object that changes, only the changed values are written anew."""
        columns = [*self.columns, *created]
        self._fields = {columns[at]: known for at, known in fields.items() if at < len(columns)}
        if self.array:
            data = self.path.read_bytes()
            bom, text = _parted(data)
            to.write_bytes(bom + self._array_with(text, changes, columns).encode())
            return
        with to.open("wb") as file:
            for number, line in self._lines():
                if number in changes:
                    bom, text = _parted(line)
                    named = {columns[at]: value for at, value in changes[number].items()}
                    line = bom + self._with_values(text, 0, named).encode()
                file.write(line)

    def _array_with(self, text: str, changes: Mapping[int, Mapping[int, str]], columns: list[str]) -> str:
        pieces, start, number, done = [], _skip(_BLANK, text, text.index("[") + 1), 0, 0
        decoder = json.JSONDecoder(parse_float=Decimal)
        while text[start] != "]":
            number += 1
            _, at = decoder.raw_decode(text, start)
            if number in changes:
                named = {columns[column]: value for column, value in changes[number].items()}
                pieces += [text[done:start], self._with_values(text[:at], start, named)]
                done = at
            start = _skip(_BLANK, text, at)
            if text[start] == ",":
                start = _skip(_BLANK, text, start + 1)
        return "".join([*pieces, text[done:]])

    def _with_values(self, text: str, start: int, values: Mapping[str, str]) -> str:
        """The object that begins at `start`, with some values replaced or added and every other sign as it was."""
        decoder = json.JSONDecoder(parse_float=Decimal)
        pieces: list[str] = []
        missing = dict(values)
        done = start
        at = _skip(_BLANK, text, text.index("{", start) + 1)
        first, last_end = at, at
        while text[at] != "}":
            name, at = decoder.raw_decode(text, at)
            at = _skip(_BLANK, text, _skip(_BLANK, text, at) + 1)  # the colon
            old, end = decoder.raw_decode(text, at)
            if name in values:
                missing.pop(name, None)
                pieces += [text[done:at], self._typed(values[name], name, old)]
                done = end
            last_end = end
            at = _skip(_BLANK, text, end)
            if text[at] == ",":
                at = _skip(_BLANK, text, at + 1)
        added = ", ".join(
            f"{json.dumps(name, ensure_ascii=False)}: {self._typed(value, name, None)}"
            for name, value in missing.items()
        )
        if added:
            pieces += [text[done:last_end], ", " if last_end > first else "", added]
            done = last_end
        return "".join([*pieces, text[done:]])

    def _typed(self, value: str, name: str, old: object) -> str:
        """A new text as JSON, of the kind that the column's values are where the text allows it."""
        like = self.samples.get(name) if old is None else old
        if isinstance(like, list):
            try:
                names = names_in(value, self.separator)
            except OddCell:  # a text that no list was read as
                names = [value]
            return json.dumps(names, ensure_ascii=False)
        if value == "" and not isinstance(like, str | None):
            return "null"
        known = self._fields.get(name)
        plain = value if known is None else typed_text(value, known)
        if like is None and known is not None:  # nothing shows what the column holds: what the field says
            words = known.type == "yes-no" and (known.yes, known.no) == ("true", "false")
            like = False if words else 0 if known.type == "number" else None
        if isinstance(like, bool) and plain in ("true", "false"):
            return plain
        number = isinstance(like, int | Decimal) and not isinstance(like, bool)
        if number and known is not None and known.type == "yes-no" and plain in ("true", "false"):
            return "1" if plain == "true" else "0"
        if number and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", plain):
            return plain
        return json.dumps(value, ensure_ascii=False)


def _reason(problem: Exception) -> str:
    """Why a text is no JSON."""
    match problem:
        case json.JSONDecodeError():
            said = problem.msg.rstrip(": ").removesuffix(" at")
            what = f"{said[0].lower()}{said[1:]} at column {problem.colno}"
        case UnicodeDecodeError():
            what = "it is not UTF-8"
        case _NoJson():
            what = str(problem)
        case _:
            what = "it is nested too deeply, or a number is too long"
    return f"not valid JSON: {what}"


def _begins_with_array(path: Path) -> bool:
    with path.open("rb") as file:
        return _shown(file.read(64))[:1] == b"["


def _parted(data: bytes) -> tuple[bytes, str]:
    """The BOMs that a line or file begins with, and its text. UnicodeDecodeError."""
    found = _BOMS.match(data)
    bom = found[0] if found else b""
    return bom, data[len(bom) :].decode()


def _shown(data: bytes) -> bytes:
    """What a file begins with behind BOMs and blanks."""
    return _BOMS.sub(b"", data, count=1).lstrip()


class _NoJson(ValueError):
    """A value that programs write and JSON has not (RFC 8259, section 6); the text is the reason."""


def _load(text: str) -> object:
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise _NoJson(f"{name} is no number in it: write null or a text")


def _is_structure(value: object) -> bool:
    """Whether a value is an object, or a list that is not one of texts."""
    return isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(one, str) for one in value))


def _cell(value: object, separator: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not _is_structure(value):
        return joined([_cell(one, separator) for one in value], separator)
    text = json.dumps(value, ensure_ascii=False, default=float) if _is_structure(value) else str(value)
    # half a character, as in "\\ud83d", cannot be written anywhere
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _skip(blank: re.Pattern[str], text: str, at: int) -> int:
    found = blank.match(text, at)
    return found.end() if found else at
