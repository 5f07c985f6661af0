"""A CRM's export, read: a file or a folder of files, each a table with named columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from linktrack.crm.csv_dialect import DELIMITERS
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export_rows import BadRow
from linktrack.crm.file_kinds import HEAD, WORKBOOK_ENDINGS, is_workbook, refuse_other_kinds
from linktrack.crm.footers import Block
from linktrack.crm.mapping import Mapping, find_column
from linktrack.errors import BadInput, NotFound
from linktrack.files.reading import explained, open_input
from linktrack.workspace import Workspace

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ndjson", ".jsonl", ".json")
_LIKE_AN_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


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


def blocks_of(table: Table, left: list[BadRow]) -> Iterator[Block]:
    """The rows of a table, many at once where its format has that; `left` as in `Table.rows`."""
    if isinstance(table, CsvTable):
        return table.blocks(left)
    return ((number, [values]) for number, values in table.rows(left))


def mapping_of(workspace: Workspace) -> Mapping:
    """How exports for a workspace are understood: by `[crm]` in its `linktrack.toml`."""
    return Mapping(workspace.settings.crm, workspace.config_path)


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


def need_contacts(export: Path) -> Path:
    """The file of an export that holds the contacts. NotFound for a folder without one; else as `find_table`."""
    path = find_table(export, "contacts")
    if path is None:
        raise NotFound(f"the folder {export} has no contacts.csv, contacts.xlsx or contacts.ndjson")
    return path


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
        other = [sign for sign in DELIMITERS if sign != table.dialect.delimiter and sign in table.header.text]
        if other:
            return (
                f"it is read with the delimiter {table.dialect.delimiter!r}, and has {other[0]!r} between its columns: "
                f"say delimiter = {json.dumps(other[0])} under [crm], or leave it out there"
            )
    if table.header_is_found and any(map(looks_like_email, table.columns)):
        return "its first line looks like a contact, not like the names of columns: export it with a header line"
    return ""


def looks_like_email(cell: str) -> bool:
    """Whether a cell holds what anybody would take for an e-mail address, whether mail gets there or not."""
    return _LIKE_AN_EMAIL.fullmatch(cell.strip()) is not None


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
