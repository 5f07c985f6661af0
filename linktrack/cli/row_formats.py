"""Rows as text in each format: JSON, CSV, columns parted by tabs, Markdown.

Rows come as columns, some hundreds of rows at a time: what is done to a cell is decided once for its column, and done
once to a text that stands in it many times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from json.encoder import encode_basestring
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from linktrack.cli.streams import UTF8
from linktrack.visible import (
    ascii_json,
    cell_of_a_line,
    ends_a_cell,
    markdown_cell,
    readable_json,
    visible,
    would_be_markup,
)

if TYPE_CHECKING:
    from linktrack.settings.tables import Language

ShownRecord = Mapping[str, Any]  # values by their names
ShownRow: TypeAlias = "ShownRecord | NamedTuple"  # those of the columns, and others
ColumnCells = Sequence[object]  # of a column
RowBlock = Sequence[ColumnCells]  # some rows: the cells of each column

_ROWS = 500  # of a block
_JSON = json.JSONEncoder(ensure_ascii=False)


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


def by_names(row: ShownRow) -> ShownRecord:
    """A row's values by their names."""
    return row._asdict() if isinstance(row, tuple) else row


def row_blocks(rows: Iterable[ShownRow], columns: Sequence[str]) -> Iterator[RowBlock]:
    """Rows as columns, a block at a time; those of a block are of one kind. The first block is one row, which need not
    wait for others."""
    left = iter(rows)
    for many in chain((1,), repeat(_ROWS)):
        if not (some := list(islice(left, many))):
            return
        first = some[0]
        if isinstance(first, tuple):
            cells = dict(zip(first._fields, zip(*some, strict=True), strict=True))
            yield [cells[column] for column in columns]
        else:
            yield [[row[column] for row in map(by_names, some)] for column in columns]


def _as_texts(
    cells: ColumnCells, of_texts: Callable[[Sequence[str]], Iterable[str]], of_other: Callable[[object], str]
) -> Iterable[str]:
    """The cells of a column as they are written: of texts, of numbers, and of what is neither, or some of each."""
    kinds = set(map(type, cells))
    if kinds == {str}:
        return of_texts(cast("Sequence[str]", cells))
    if kinds == {int}:
        return map(str, cells)
    texts = iter(of_texts([cell for cell in cells if type(cell) is str]))
    others = iter(_each_once(of_other, [cell for cell in cells if type(cell) is not str]))
    return [next(texts if type(cell) is str else others) for cell in cells]


def _each_once(make: Callable[[object], str], things: Sequence[object]) -> list[str]:
    """What is made of each thing, made once of one that is there many times."""
    different = dict(zip(map(id, things), things, strict=True))  # ids, for 1 and True are equal
    made = {number: make(thing) for number, thing in different.items()}
    return [made[number] for number in map(id, things)]


def _changed(
    texts: Sequence[str], change: Callable[[str], str], needed: Callable[[Collection[str]], bool]
) -> Sequence[str]:
    """Each text changed, once if it is there many times; none where that is not needed by any of them."""
    different = set(texts)
    if not needed(different):
        return texts
    made = {text: change(text) for text in different}
    return [made[text] for text in texts]


def json_lines(blocks: Iterable[RowBlock], columns: Sequence[str], out: IO[str], ends: str = "\n") -> Iterable[str]:
    """Each row of some blocks as JSON, with `ends` (a line end, and what stands around it) behind it."""
    names = (json.dumps(column, ensure_ascii=False).replace("%", "%%") for column in columns)
    one = "{" + ", ".join(f"{name}: %s" for name in names) + "}" + ends
    for block in blocks:
        cells = (_as_texts(column, lambda texts: map(encode_basestring, texts), _JSON.encode) for column in block)
        text = readable_json("".join(map(one.__mod__, zip(*cells, strict=True))))
        if json_for(out, text) is not text:
            text = ends.join(json_for(out, line) for line in text.split(ends))
        yield text


def json_for(out: IO[str], text: str) -> str:
    """A text of JSON, itself or, where the encoding of `out` has no letter for some of it, with escapes for all outside
    of ASCII."""
    fits = text.isascii() or fitting(text, getattr(out, "encoding", None) or UTF8) == text
    return text if fits else ascii_json(text)


def json_array(blocks: Iterable[RowBlock], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    """A JSON array with a row on each line."""
    before = "[\n  "
    for lines in json_lines(blocks, columns, out, ends=_BETWEEN):
        yield before + lines.removesuffix(_BETWEEN)
        before = _BETWEEN
    yield "\n]\n" if before == _BETWEEN else "[]\n"


_BETWEEN = ",\n  "
BYTE_ORDER_MARK = "\ufeff"


def csv_lines(
    blocks: Iterable[RowBlock], columns: Sequence[str], out: IO[str], spreadsheet: Spreadsheet | None
) -> Iterable[str]:
    """CSV whose texts no spreadsheet takes for formulas."""
    from linktrack.crm.csv_fields import goes_in_quotes, quoted
    from linktrack.crm.guard import any_suspect, guarded

    on_terminal = out.isatty()
    delimiter, decimal = spreadsheet or Spreadsheet(",", ".")
    ends = "\n" if spreadsheet is None or on_terminal else "\r\n"

    def field(text: str) -> str:
        return quoted(text, delimiter)

    def texts(cells: Sequence[str]) -> Sequence[str]:
        safe = _changed(cells, guarded, any_suspect)
        shown = list(map(visible, safe)) if on_terminal else safe
        return _changed(shown, field, lambda some: goes_in_quotes("".join(some), delimiter))

    def other(value: object) -> str:
        text = cell_text(value)
        if isinstance(value, int | float):
            return text.replace(".", decimal)
        return field(visible(guarded(text)) if on_terminal else guarded(text))

    if spreadsheet is not None and not on_terminal:
        yield BYTE_ORDER_MARK
    yield delimiter.join(map(field, columns)) + ends
    for block in blocks:
        rows = map(delimiter.join, zip(*(_as_texts(cells, texts, other) for cells in block), strict=True))
        # Of one column, nothing would be an empty line.
        yield ends.join(rows if len(columns) > 1 else (row or '""' for row in rows)) + ends


def tab_separated(blocks: Iterable[RowBlock], columns: Sequence[str], out: IO[str]) -> Iterable[str]:
    """Lines of cells with a tab between them."""
    yield "\t".join(columns) + "\n"
    ways = (visible, lambda text: not text.isprintable()) if out.isatty() else (cell_of_a_line, ends_a_cell)
    for rows in _cells_of(blocks, *ways):
        yield "".join(f"{row}\n" for row in map("\t".join, rows))


def markdown(blocks: Iterable[RowBlock], columns: Sequence[str]) -> Iterable[str]:
    """A Markdown table."""
    yield "| " + " | ".join(columns) + " |\n"
    yield "|" + " --- |" * len(columns) + "\n"
    for rows in _cells_of(blocks, markdown_cell, would_be_markup):
        yield "".join(f"| {row} |\n" for row in map(" | ".join, rows))


def _cells_of(
    blocks: Iterable[RowBlock], in_cell: Callable[[str], str], needed: Callable[[str], bool]
) -> Iterator[Iterable[Sequence[str]]]:
    """The rows of each block, their cells as they stand in one; `needed` tells of texts that were put together."""

    def texts(cells: Sequence[str]) -> Sequence[str]:
        return _changed(cells, in_cell, lambda some: needed("".join(some)))

    def other(value: object) -> str:
        return in_cell(cell_text(value))

    for block in blocks:
        yield zip(*(_as_texts(cells, texts, other) for cells in block), strict=True)
