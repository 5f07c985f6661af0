"""A CRM's export, read: a file or a folder of files, each a table with named columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from linktrack.crm import csv_spans as csvtext
from linktrack.crm.export_rows import BadRow as BadRow
from linktrack.crm.file_kinds import HEAD, WORKBOOK_ENDINGS, is_workbook, refuse_other_kinds
from linktrack.crm.footers import without_footers
from linktrack.crm.mapping import Mapping, TableLayout, find_column
from linktrack.errors import BadInput
from linktrack.files.reading import explained, open_input
from linktrack.settings.crm import CrmSettings

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ndjson", ".jsonl", ".json")
_UNDECODED = re.compile("[\udc80-\udcff]")  # a byte that the encoding does not allow, see `encoding.KEEPING`
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Table(Protocol):
    """One file of an export, of any format."""

    path: Path
    suffix: str  # of a file in the same format: .csv, .xlsx, .ndjson, .json
    columns: list[str]
    calculated: frozenset[int]  # the columns with a formula in every row, which cannot be written into
    lists: frozenset[int]  # the columns whose cells are lists, which any names can stand in
    header_line: int  # the line or row that names the columns; 0 where every row names its own
    header_is_found: bool  # it was looked for, no setting says where it is

    def rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
        """Each row's number (line, or row of the sheet) and its values: as many as there are columns, or more, which
        are empty. What is no row (a title, a footer, one with fewer or more fields than the header) goes to `left`."""
        ...

    def first_rows(self) -> list[tuple[int, list[str]]]:
        """The first rows with their numbers, as they are: the header is among them, if there is one."""
        ...

    def unwritable(self, line: int, column: int) -> str:
        """Why nothing can be written into a cell, or nothing."""
        ...


class CsvTable:
    """A CSV file: any delimiter, quoting, line end and encoding. Every cell is text, also one like `=1+1`."""

    calculated: frozenset[int] = frozenset()
    lists: frozenset[int] = frozenset()

    def __init__(self, path: Path, settings: CrmSettings, layout: TableLayout) -> None:
        self.path, self.suffix = path, ".csv"
        self.delimiter_is_set = bool(settings.delimiter)
        self.dialect = csvtext.find_dialect(
            path, settings.encoding or None, settings.delimiter or None, layout.key, settings.escape
        )
        first = 2 if self.dialect.preamble else 1
        records = islice(self.records(), max(csvtext.HEADER_WITHIN, layout.header_row - first + 1))
        candidates = ((record.line, self._values(record)) for record in records)
        line = find_header(candidates, layout, path)
        self.header_line, self.header_is_found = line, not layout.header_row
        self.header = next(record for record in self.records() if record.line == line)
        self._may_be_damaged = self.dialect.errors != "strict"
        if damage := self._damage(self.header):
            raise BadInput(f"the row that names the columns is damaged: {damage}", file=path, line=line)
        self.columns = [value.strip() for value in self._values(self.header)]
        self._id = layout.place_of_id(self.columns)

    def records(self) -> Iterator[csvtext.CsvRecord]:
        """All records behind the preamble; what stands before the header and blank lines come as records too."""
        dialect = self.dialect
        with csvtext.open_text(self.path, dialect) as text:
            text.read(len(dialect.preamble))
            first = 2 if dialect.preamble else 1
            try:
                yield from csvtext.read_records(
                    text, dialect.delimiter, line=first, escape=dialect.escape, file_end=dialect.end
                )
            except BadInput as problem:
                raise BadInput(problem.sentence, file=self.path, line=problem.line) from None

    def _values(self, record: csvtext.CsvRecord) -> list[str]:
        escape = self.dialect.escape
        return [csvtext.unquoted(field, escape) if '"' in field else field for field in record.fields]

    def is_blank(self, record: csvtext.CsvRecord) -> bool:
        """Whether a record is a blank line, which is no row."""
        return (
            len(record.fields) == 1 and not record.fields[0].strip() and (len(self.columns) > 1 or not record.fields[0])
        )

    def first_rows(self) -> list[tuple[int, list[str]]]:
        return [(record.line, self._values(record)) for record in islice(self.records(), csvtext.HEADER_WITHIN)]

    def unwritable(self, line: int, column: int) -> str:  # noqa: ARG002  (every cell is text)
        return ""

    def fault(self, record: csvtext.CsvRecord) -> str:
        """Why a record that is not blank is no row of this table, or nothing."""
        fields, width = record.fields, len(self.columns)
        if record.line < self.header_line:
            return "it stands before the header, like a title"
        if len(fields) < width or any(csvtext.unquoted(field, self.dialect.escape).strip() for field in fields[width:]):
            alone = ", like a title or a footer" if len(fields) == 1 else ""
            return f"it has {len(fields)} field{'' if len(fields) == 1 else 's'} and the header {width}{alone}"
        if '"' in record.text and any(
            field[:1] == " " and csvtext.is_doubtful(field, self.dialect.escape) for field in fields
        ):
            return "a quote after blanks is not closed in its line"
        if any(csvtext.goes_on(field, self.dialect.escape) for field in fields):
            return "a quote in it is not closed where its field ends, and the lines behind it may be other rows"
        return ""

    def _damage(self, record: csvtext.CsvRecord) -> str:
        """What is broken in a record, whatever its fields are, or nothing."""
        if "\0" in record.text:
            return "it holds a NUL byte"
        if self._may_be_damaged and not record.text.isascii() and (found := _UNDECODED.search(record.text)):
            return f"byte 0x{ord(found[0]) - 0xDC00:02X} in it cannot be read as {self.dialect.encoding}"
        return ""

    def rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
        return without_footers(self._rows(left), len(self.columns), self._id, left)

    def _rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str], bool]]:
        """The rows with footers among them, and whether each stands behind a blank line."""
        width, header, escape = len(self.columns), self.header_line, self.dialect.escape
        behind_blank = False
        for record in self.records():
            fields = record.fields
            if record.line == header:
                continue
            if len(fields) == 1 and self.is_blank(record):
                behind_blank = True
                continue
            if damage := self._damage(record):
                text = _UNDECODED.sub("\ufffd", record.text.strip()[:200])
                left.append(BadRow(damage, record.line, text, len(fields)))
                continue
            quotes = '"' in record.text
            if quotes and not escape and csvtext.shows_escapes(record, width):
                begin = record.text.splitlines()[0][:60]
                raise BadInput(
                    f"a quote within quotes seems to have a backslash before it ({begin}): "
                    "say escape = '\\' under [crm] if the export writes them so",
                    file=self.path,
                    line=record.line,
                )
            if (quotes or len(fields) != width or record.line < header) and (reason := self.fault(record)):
                apart = record.line < header or len(fields) == 1 < width
                left.append(BadRow(reason, record.line, record.text.strip()[:200], len(fields), apart))
                continue
            yield record.line, self._values(record) if quotes else fields, behind_blank
            behind_blank = False


def find_header(candidates: Iterable[tuple[int, list[str]]], layout: TableLayout, path: Path) -> int:
    """The number of the line or row that names the columns: the one that is set; else the first that is not blank,
    or, where that has no column `layout.key`, the first that has one: titles may stand above it.

    `candidates` are the first rows with their numbers. BadInput when there is none.
    """
    first = 0
    for number, values in candidates:
        if layout.header_row:
            if number == layout.header_row:
                return number
        elif any(value.strip() for value in values):
            first = first or number
            if _names_once(values, layout.key):
                return number
    if not first:
        wanted = f"row {layout.header_row}, which header_row names, is none of its rows" if layout.header_row else ""
        raise BadInput(wanted or "it has no row that names its columns", file=path)
    return first


def _names_once(values: list[str], key: str) -> bool:
    try:
        return find_column([value.strip() for value in values], key) is not None
    except BadInput:
        return True  # which is said when the column is looked for


def open_table(path: Path, mapping: Mapping, noun: str) -> Table:
    """The table of `noun` (`contacts`, `users` …) in `path`, whose format shows in its name or its first bytes.

    NotFound, Conflict (not readable) or BadInput (no such format, no columns, wrong encoding).
    """
    layout = mapping.layout(noun)
    with open_input(path) as file:
        head = file.read(HEAD)
    refuse_other_kinds(path, head)
    if is_workbook(head):
        from linktrack.crm.xlsx_cells import SheetTable

        return SheetTable(path, layout)
    json_like = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    if path.suffix.lower() in (".ndjson", ".jsonl", ".json") or (json_like and path.suffix.lower() not in SUFFIXES):
        from linktrack.crm.json_spans import JsonTable

        return JsonTable(path, layout.separator)
    return CsvTable(path, mapping.settings, layout)


def misnamed(export: Path) -> Iterator[str]:
    """A sentence on an export's contacts if they are a workbook of today under another ending; it is read as what it
    is. NotFound and the like as `open_table`."""
    path = find_table(export, "contacts")
    if path is None or path.suffix.lower() in (*WORKBOOK_ENDINGS, ""):  # what comes through a pipe has none
        return
    with open_input(path) as file:
        if is_workbook(file.read(HEAD)):
            yield f"{path.name} is an Excel workbook of today (.xlsx) under another ending, and is read as one"


def find_table(export: Path, noun: str) -> Path | None:
    """The file of an export that holds `noun` (`contacts`, `companies`, `selections` …).

    A file is its contacts. BadInput when a folder has two files for one noun.
    """
    if not export.is_dir():
        return export if noun == "contacts" else None
    with explained(export, "a folder"):
        files = sorted(export.iterdir())
    found = [path for path in files if path.stem.lower() == noun and path.suffix.lower() in SUFFIXES]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise BadInput(f"the export holds {names}: leave only one of them", file=export)
    return found[0] if found else None


def need_column(table: Table, name: str, what: str, setting: str) -> int:
    """Where the column `name` stands; BadInput that names what needs it, the columns there are and the setting."""
    found = column_of(table, name)
    if found is None:
        there = ", ".join(repr(column) for column in table.columns[:12])
        more = " …" if len(table.columns) > 12 else ""
        alone = isinstance(table, CsvTable) and len(table.columns) == 1
        way = "or the delimiter, if these are several columns, under [crm]" if alone else ""
        hint = f" ({odd})" if (odd := odd_header(table) or way) else ""
        raise BadInput(
            f"{what} needs the column {name!r}, which is not among {there}{more}: "
            f"name the right one as {setting}{hint}",
            file=table.path,
        )
    return found


def odd_header(table: Table) -> str:
    """What is odd about the line that names the columns of a table: it is one column where another delimiter stands,
    or it looks like a contact. Nothing for others, and where a setting says which line it is."""
    if not isinstance(table, CsvTable):
        return ""
    if len(table.columns) == 1 and table.delimiter_is_set:
        other = [sign for sign in csvtext.DELIMITERS if sign != table.dialect.delimiter and sign in table.header.text]
        if other:
            return (
                f"it is read with the delimiter {table.dialect.delimiter!r}, and has {other[0]!r} between its columns: "
                f"say delimiter = {json.dumps(other[0])} under [crm], or leave it out there"
            )
    if table.header_is_found and any(_ADDRESS.fullmatch(column) for column in table.columns):
        return "its first line looks like a contact, not like the names of columns: export it with a header line"
    return ""


def refuse_calculated(table: Table, column: int, what: str) -> None:
    """BadInput for a column that is to be written into and that holds formulas."""
    if column in table.calculated:
        raise BadInput(
            f"{what} would overwrite the column {table.columns[column]!r}, which holds formulas: "
            "export values, or name another column",
            file=table.path,
        )


def column_of(table: Table, name: str) -> int | None:
    """Where the column `name` stands, or None; BadInput with the file's name when it stands there twice."""
    try:
        return find_column(table.columns, name)
    except BadInput as problem:
        raise BadInput(problem.sentence, file=table.path) from None


def left_alone(table: Table, left: Sequence[BadRow], *, each: bool = False) -> Iterator[str]:
    """A sentence on the rows of a table that are left as they came, or none; with `each` one on every row."""
    if each:
        yield from (f"{table.path.name}:{row.line} was left as it came: {row.reason}" for row in left)
        return
    if not left:
        return
    shown = [f"{row.line} ({row.reason})" for row in left[:3]]
    if len(left) > 3:
        shown.append(f"{len(left) - 3:,} more, which doctor --crm --deep names")
    rows = "1 row was left as it came: line" if len(left) == 1 else f"{len(left):,} rows were left as they came: lines"
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
    yield f"{table.path.name}: {rows} {listed}"
