"""XLSX exports: read with calamine, written back by editing only the sheet's own part of the package."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from linktrack.errors import BadInput

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_RELATED = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_ROW = re.compile(r"<((?:\w+:)?)row\b([^>]*?)(/>|>(.*?)</\1row>)", re.DOTALL)
_CELL = re.compile(r"<((?:\w+:)?)c\b([^>]*?)(/>|>.*?</\1c>)", re.DOTALL)
_REFERENCE = re.compile(r'\br="([A-Z]+)(\d+)"')


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

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Row numbers as the sheet shows them; empty rows are left out."""
        assert self.header is not None  # noqa: S101  (checked when it was opened)
        for number, row in enumerate(self._values[self.header + 1 :], self.header + 2):
            values = [_text(value) for value in row]
            if any(values):
                yield number, values

    def write(self, to: Path, changes: Mapping[int, Mapping[int, str]], created: Sequence[str]) -> None:
        """The package again: every part as it came, but for the cells of the sheet that change."""
        assert self.header is not None  # noqa: S101
        wanted = {line: dict(cells) for line, cells in changes.items()}
        if created:
            width = len(self.columns)
            wanted.setdefault(self.header + 1, {}).update({width + at: name for at, name in enumerate(created)})
        with zipfile.ZipFile(self.path) as package, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as copy:
            part = _sheet_part(package)
            for entry in package.infolist():
                data = package.read(entry)
                if entry.filename == part and wanted:
                    data = _with_cells(data.decode("utf-8"), wanted).encode()
                copy.writestr(entry, data)


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
    workbook = ElementTree.fromstring(package.read("xl/workbook.xml"))  # noqa: S314
    sheet = workbook.find(f"{_MAIN}sheets/{_MAIN}sheet")
    related = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    wanted = None if sheet is None else sheet.get(f"{_OFFICE}id")
    for relation in related.iter(f"{_RELATED}Relationship"):
        if relation.get("Id") == wanted:
            target = relation.get("Target", "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    raise BadInput("the workbook does not say where its first sheet is", file=package.filename)


def _with_cells(xml: str, wanted: dict[int, dict[int, str]]) -> str:
    """The sheet with the texts of some cells replaced (row number -> column -> text), or added to their row."""
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
            for column in sorted(column for column in left if column < at):
                pieces.append(_cell(prefix, column, previous, left.pop(column), ""))
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


def _cell(prefix: str, column: int, row: int, text: str, style: str) -> str:
    """A cell with its text in line, so that the table of shared strings stays as it is."""
    reference = f"{_letters(column)}{row}"
    if text == "":
        return f'<{prefix}c r="{reference}"{style}/>'
    safe = escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text))
    return (
        f'<{prefix}c r="{reference}"{style} t="inlineStr"><{prefix}is>'
        f'<{prefix}t xml:space="preserve">{safe}</{prefix}t></{prefix}is></{prefix}c>'
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
