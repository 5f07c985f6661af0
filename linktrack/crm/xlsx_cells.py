"""XLSX exports: read with calamine, written back by editing only the sheet's own part of the package."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from linktrack.errors import BadInput

_DIMENSION = re.compile(r'(<(?:\w+:)?dimension\b[^>]*?\bref=")([A-Z]+\d+)(?::([A-Z]+)(\d+))?"')
_ROW = re.compile(r"<((?:\w+:)?)row\b([^>]*?)(/>|>(.*?)</\1row>)", re.DOTALL)
_CELL = re.compile(r"<((?:\w+:)?)c\b([^>]*?)(/>|>.*?</\1c>)", re.DOTALL)
_REFERENCE = re.compile(r'\br="([A-Z]+)(\d+)"')


@dataclass(frozen=True)
class Number:
    """A cell's value that is not text; `kind` is the cell's type, as in `b` for true and false."""

    digits: str
    kind: str = ""


class SheetTable:
    """The first sheet of a workbook; its first row that is not empty names the columns."""

    suffix = ".xlsx"

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            from python_calamine import CalamineError, load_workbook
        except ImportError:
            raise BadInput("XLSX files need the extra: pip install 'linktrack[xlsx]'", file=path) from None
        try:
            workbook = load_workbook(str(path))
            self.sheet = workbook.sheet_names[0]
            found = workbook.get_sheet_by_index(0)
            self._values: list[list[Any]] = found.to_python(skip_empty_area=False)
        except (CalamineError, OSError, IndexError) as problem:
            raise BadInput(f"not a usable XLSX file: {problem}", file=path) from None
        self.header = next((at for at, row in enumerate(self._values) if any(value != "" for value in row)), None)
        if self.header is None:
            raise BadInput("the first sheet is empty: an export begins with a row that names its columns", file=path)
        names = [_text(value).strip() for value in self._values[self.header]]
        while names and not names[-1]:
            names.pop()
        self.columns = names
        self.calculated = self._calculated_columns()

    def _calculated_columns(self) -> frozenset[int]:
        """The columns in which a cell holds a formula: a text put there would break it, and those that share it."""
        try:
            with zipfile.ZipFile(self.path) as package:
                xml = package.read(_sheet_part(package)).decode("utf-8")
        except (KeyError, zipfile.BadZipFile, ElementTree.ParseError, UnicodeDecodeError):
            raise BadInput("this is another format than XLSX: save it as .xlsx or CSV", file=self.path) from None
        if not re.search(r"<(?:\w+:)?f\b", xml):
            return frozenset()
        cells = (cell for cell in _CELL.finditer(xml) if re.search(r"<(?:\w+:)?f\b", cell[3]))
        return frozenset(_column(found[1]) for cell in cells if (found := _REFERENCE.search(cell[2])))

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers as the sheet shows them; empty rows are left out."""
        assert self.header is not None  # noqa: S101  (checked when it was opened)
        for number, row in enumerate(self._values[self.header + 1 :], self.header + 2):
            values = [_text(value) for value in row]
            if any(values):
                yield number, values

    def write(self, to: Path, changes: Mapping[int, Mapping[int, str]], created: Sequence[str]) -> None:
        """The package again: every part as it came, but for the cells of the sheet that change."""
        assert self.header is not None  # noqa: S101  (checked when it was opened)
        if not changes and not created:
            shutil.copyfile(self.path, to)
            return
        width = len(self.columns)
        head = {width + at: name for at, name in enumerate(created)}
        with zipfile.ZipFile(self.path) as package, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as copy:
            part = _sheet_part(package)
            since = _first_day(package)
            wanted = {
                line: {column: self._typed(line, column, text, since) for column, text in cells.items()}
                for line, cells in changes.items()
            }
            if head:
                wanted.setdefault(self.header + 1, {}).update(head)
            for entry in package.infolist():
                data = package.read(entry)
                if entry.filename == part:
                    xml = _with_cells(data.decode("utf-8"), wanted)
                    data = (_widened(xml, width + len(head)) if head else xml).encode()
                copy.writestr(entry, data)

    def _typed(self, line: int, column: int, text: str, since: date) -> str | Number:
        """A new text as what the cell held before: a number or a day where it can be one, else a text."""
        row = self._values[line - 1]
        match row[column] if column < len(row) else "":
            case bool():
                return Number(str(int(text == "true")), "b") if text in ("true", "false") else text
            case int() | float() if re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?", text):
                return Number(text)
            case date() if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                return Number(str((date.fromisoformat(text) - since).days))
        return text


def _text(value: Any) -> str:
    """A cell as text: whole numbers without `.0` (ids are often stored as numbers), times in ISO 8601."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()
        case date() | datetime() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case None:
            return ""
        case _:
            return str(value)


def _sheet_part(package: zipfile.ZipFile) -> str:
    """The name of the first sheet's part, by way of the workbook's relationships (ECMA-376, part 1, 18.2.20)."""
    sheet = _workbook(package).find("{*}sheets/{*}sheet")
    related = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  (expat of today limits the expansion of entities)
    attributes = {} if sheet is None else {name.rpartition("}")[2]: value for name, value in sheet.items()}
    for relation in related.iterfind("{*}Relationship"):
        if relation.get("Id") == attributes.get("id"):
            target = relation.get("Target", "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise BadInput("the workbook does not say where its first sheet is", file=package.filename)


def _first_day(package: zipfile.ZipFile) -> date:
    """The day that dates are counted from: the workbook's date system (18.2.28), after its leap-year error."""
    properties = _workbook(package).find("{*}workbookPr")
    old = properties is not None and properties.get("date1904") in ("1", "true")
    return date(1904, 1, 1) if old else date(1899, 12, 30)


def _workbook(package: zipfile.ZipFile) -> ElementTree.Element:
    return ElementTree.fromstring(package.read("xl/workbook.xml"))  # noqa: S314  (expat of today limits the expansion of entities)


def _widened(xml: str, width: int) -> str:
    """The sheet with a dimension that reaches to its last column: some readers stop where it ends."""

    def edit(found: re.Match[str]) -> str:
        column = found[3] if found[3] and _column(found[3]) >= width - 1 else _letters(width - 1)
        row = found[4] or re.sub(r"\D", "", found[2])
        return f'{found[1]}{found[2]}:{column}{row}"'

    return _DIMENSION.sub(edit, xml, count=1)


def _with_cells(xml: str, wanted: Mapping[int, Mapping[int, str | Number]]) -> str:
    """The sheet with some cells replaced (row number -> column -> value), or added to their row."""
    previous = 0

    def edit(row: re.Match[str]) -> str:
        nonlocal previous
        number = re.search(r'\br="(\d+)"', row[2])
        previous = int(number[1]) if number else previous + 1
        cells = wanted.get(previous)
        if cells is None:
            return row[0]
        prefix, inner, left, at = row[1], row[4] or "", dict(cells), -1
        pieces: list[str] = []
        done = 0
        for cell in _CELL.finditer(inner):
            reference = _REFERENCE.search(cell[2])
            at = _column(reference[1]) if reference else at + 1
            pieces.append(inner[done : cell.start()])
            done = cell.end()
            skipped = sorted(column for column in left if column < at)
            pieces.extend(_cell(prefix, column, previous, left.pop(column), "") for column in skipped)
            if at in left:
                style = re.search(r'\bs="\d+"', cell[2])
                pieces.append(_cell(prefix, at, previous, left.pop(at), f" {style[0]}" if style else ""))
            else:
                pieces.append(cell[0])
        pieces.append(inner[done:])
        pieces += [_cell(prefix, column, previous, left[column], "") for column in sorted(left)]
        attributes = re.sub(r'\s*\bspans="[^"]*"', "", row[2])  # a hint only, and it may not be true any more
        return f"<{prefix}row{attributes.rstrip()}>{''.join(pieces)}</{prefix}row>"

    return _ROW.sub(edit, xml)


def _cell(prefix: str, column: int, row: int, value: str | Number, style: str) -> str:
    """A cell; a text stands in it, so that the table of shared strings stays as it is."""
    begin = f'<{prefix}c r="{_letters(column)}{row}"{style}'
    if isinstance(value, Number):
        kind = f' t="{value.kind}"' if value.kind else ""
        return f"{begin}{kind}><{prefix}v>{value.digits}</{prefix}v></{prefix}c>"
    if value == "":
        return f"{begin}/>"
    safe = escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", value))
    return (
        f'{begin} t="inlineStr"><{prefix}is><{prefix}t xml:space="preserve">{safe}</{prefix}t></{prefix}is></{prefix}c>'
    )


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
