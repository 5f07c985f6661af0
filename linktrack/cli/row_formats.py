"""Rows as text in each format: JSON, CSV, columns parted by tabs, Markdown."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from linktrack.cli.streams import UTF8
from linktrack.visible import cell_of_a_line, json_text, markdown_cell, visible

if TYPE_CHECKING:
    from linktrack.settings.tables import Language

ShownRow = Mapping[str, Any]


class Spreadsheet(NamedTuple):
    """How a spreadsheet program of a language reads CSV, with a mark before its UTF-8 and the clock on the wall."""

    delimiter: str
    decimal: str


SPREADSHEETS: dict[Language, Spreadsheet] = {"en": Spreadsheet(",", "."), "sv": Spreadsheet(";", ",")}


def fitting(text: str, encoding: str) -> str:
    """A text in an encoding: what that has no letter for is escaped, before widths are counted."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def cell_text(value: object) -> str:
    """A value as text in a cell: lists joined by commas, nothing for None."""
    if isinstance(value, str):
        return value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case list() | tuple():
            return ", ".join(cell_text(item) for item in value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def picked(row: ShownRow, columns: Sequence[str]) -> dict[str, Any]:
    """These columns of a row."""
    return {column: row[column] for column in columns}


def json_lines(values: Iterable[ShownRow], out: IO[str], indent: int | None = None) -> Iterable[str]:
    """Each value as JSON, with a line end. What the encoding of `out` has no letter for is escaped as JSON does."""
    for value in values:
        text = json_text(value, indent)
        if fitting(text, getattr(out, "encoding", None) or UTF8) != text:
            text = json.dumps(value, indent=indent)
        yield text + "\n"


def json_array(rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    """A JSON array with a row on each line."""
    before = "[\n  "
    for line in json_lines((picked(row, columns) for row in rows), out):
        yield before + line[:-1]
        before = ",\n  "
    yield "[]\n" if before == "[\n  " else "\n]\n"


BYTE_ORDER_MARK = "\ufeff"


class _Lines:
    """A file for csv.writer that hands over the last line."""

    def write(self, line: str) -> str:
        return line


def csv_lines(
    rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str], spreadsheet: Spreadsheet | None
) -> Iterable[str]:
    """CSV whose texts no spreadsheet takes for formulas."""
    from linktrack.crm.guard import guarded

    on_terminal = out.isatty()
    delimiter, decimal = spreadsheet or Spreadsheet(",", ".")
    ends = "\n" if spreadsheet is None or on_terminal else "\r\n"
    writer = csv.writer(_Lines(), delimiter=delimiter, lineterminator=ends)
    if spreadsheet is not None and not on_terminal:
        yield BYTE_ORDER_MARK
    yield str(writer.writerow(columns))
    for row in rows:
        texts = []
        for column in columns:
            value, text = row[column], cell_text(row[column])
            if isinstance(value, float):
                text = text.replace(".", decimal)
            elif not isinstance(value, int):
                text = guarded(text)
            texts.append(visible(text) if on_terminal else text)
        yield str(writer.writerow(texts))


def tab_separated(rows: Iterable[ShownRow], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    """Lines of cells with a tab between them."""
    in_cell = visible if out.isatty() else cell_of_a_line
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(in_cell(cell_text(row[column])) for column in columns) + "\n"


def markdown(rows: Iterable[ShownRow], columns: Sequence[str]) -> Iterable[str]:
    """A Markdown table."""
    yield "| " + " | ".join(columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for row in rows:
        cells = (markdown_cell(cell_text(row[column])) for column in columns)
        yield "| " + " | ".join(cells) + " |\n"
