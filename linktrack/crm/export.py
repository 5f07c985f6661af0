"""A CRM's export, read: a file or a folder of files, each a table with named columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from linktrack.crm import csv_spans as csvtext
from linktrack.crm.mapping import Mapping, find_column
from linktrack.crm.multivalue import names_in
from linktrack.errors import BadInput, Conflict, NotFound

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ndjson", ".jsonl", ".json")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class Table(Protocol):
    """One file of an export, of any format."""

    path: Path
    suffix: str  # of a file in the same format: .csv, .xlsx, .ndjson, .json
    columns: list[str]
    calculated: frozenset[int]  # the columns with formulas, which cannot be written into

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row's number (line, or row of the sheet) and its values: as many as there are columns, or more."""
        ...


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of the CRM. `fields` holds every column by its header; `line` is where the row begins."""

    contact_id: str
    email: str
    name: str
    fields: dict[str, str]
    line: int


@dataclass(frozen=True)
class BadRow:
    """A row of an export that cannot be used, and why."""

    reason: str
    line: int
    text: str


class CsvTable:
    """A CSV file: any delimiter, quoting, line end and encoding. Every cell is text, also one like `=1+1`."""

    calculated: frozenset[int] = frozenset()

    def __init__(self, path: Path, mapping: Mapping, wanted: str) -> None:
        settings = mapping.settings
        self.path, self.suffix = path, ".csv"
        self.dialect = csvtext.find_dialect(
            path, settings.encoding or None, settings.delimiter or None, wanted, settings.escape
        )
        for record in self.records():
            self.header = record
            break
        self.columns = [csvtext.unquoted(field, self.dialect.escape).strip() for field in self.header.fields]

    def records(self) -> Iterator[csvtext.Record]:
        """All records behind the preamble, the header first; blank lines come as records too."""
        with csvtext.open_text(self.path, self.dialect) as text:
            text.read(len(self.dialect.preamble))
            first = 1 + self.dialect.preamble.count("\n")
            try:
                yield from csvtext.read_records(text, self.dialect.delimiter, line=first, escape=self.dialect.escape)
            except BadInput as problem:
                raise BadInput(str(problem).partition(": ")[2], file=self.path, line=problem.line) from None

    def is_blank(self, record: csvtext.Record) -> bool:
        """Whether a record is a blank line, which is no row."""
        return (
            len(record.fields) == 1 and not record.fields[0].strip() and (len(self.columns) > 1 or not record.fields[0])
        )

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self.columns)
        unquoted, escape = csvtext.unquoted, self.dialect.escape
        header = True
        for record in self.records():
            fields = record.fields
            if header or (len(fields) == 1 and self.is_blank(record)):
                header = False
                continue
            if '"' in record.text:
                if not escape and csvtext.shows_escapes(record, width):
                    begin = record.text.splitlines()[0][:60]
                    raise BadInput(
                        f"a quote within quotes seems to have a backslash before it ({begin}): "
                        "say escape = '\\' under [crm] if the export writes them so",
                        file=self.path,
                        line=record.line,
                    )
                fields = [unquoted(field, escape) if field[:1] == '"' else field for field in fields]
            yield record.line, fields if len(fields) >= width else fields + [""] * (width - len(fields))


def open_table(path: Path, mapping: Mapping, wanted: str) -> Table:
    """The table in `path`, whose format shows in its name or its first bytes; `wanted` = a column it should have.

    NotFound, Conflict (not readable) or BadInput (no such format, no columns, wrong encoding).
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}") from None
    except IsADirectoryError:
        raise BadInput("this is a folder, not a file", file=path) from None
    except PermissionError:
        raise Conflict("no permission to read this file", file=path) from None
    if head.startswith(b"PK\x03\x04"):
        from linktrack.crm.xlsx_cells import SheetTable

        return SheetTable(path)
    if head.startswith(_OLD_EXCEL):
        raise BadInput(
            "this is an old Excel file (.xls), or one with a password: save it as .xlsx or CSV without one", file=path
        )
    if head.startswith((b"%PDF", b"\x1f\x8b", b"\x89PNG")):
        raise BadInput("this is neither CSV nor XLSX nor NDJSON", file=path)
    json_like = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    if path.suffix.lower() in (".ndjson", ".jsonl", ".json") or (json_like and path.suffix.lower() not in SUFFIXES):
        from linktrack.crm.json_spans import JsonTable

        return JsonTable(path, mapping.settings.contacts.interests_separator)
    return CsvTable(path, mapping, wanted)


def find_table(export: Path, noun: str) -> Path | None:
    """The file of an export that holds `noun` (`contacts`, `companies`, `selections` …).

    A file is its contacts. BadInput when a folder has two files for one noun.
    """
    if not export.is_dir():
        return export if noun == "contacts" else None
    found = sorted(path for path in export.iterdir() if path.stem.lower() == noun and path.suffix.lower() in SUFFIXES)
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise BadInput(f"the export holds {names}: leave only one of them", file=export)
    return found[0] if found else None


def open_contacts(export: Path, mapping: Mapping) -> Table:
    """The table of contacts of an export: a file, or the `contacts.*` of a folder."""
    path = find_table(export, "contacts")
    if path is None:
        raise NotFound(f"the folder {export} has no contacts.csv, contacts.xlsx or contacts.ndjson")
    return open_table(path, mapping, mapping.settings.contacts.id)


def need_column(table: Table, name: str, what: str, setting: str) -> int:
    """Where the column `name` stands; BadInput that names what needs it, the columns there are and the setting."""
    found = column_of(table, name)
    if found is None:
        there = ", ".join(repr(column) for column in table.columns[:12])
        more = " …" if len(table.columns) > 12 else ""
        alone = isinstance(table, CsvTable) and len(table.columns) == 1
        hint = " (or the delimiter, if these are several columns, under [crm])" if alone else ""
        raise BadInput(
            f"{what} needs the column {name!r}, which is not among {there}{more}: "
            f"name the right one as {setting}{hint}",
            file=table.path,
        )
    return found


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
        raise BadInput(str(problem), file=table.path) from None


def name_columns(table: Table, mapping: Mapping) -> list[int]:
    """Where the parts of a contact's name stand; none when the columns are not there."""
    names = mapping.settings.contacts.name
    found = [column_of(table, name) for name in ([names] if isinstance(names, str) else names)]
    return [number for number in found if number is not None]


def read_contacts(path: Path, mapping: Mapping, rejected: list[BadRow] | None = None) -> Iterator[Contact]:
    """The contacts of an export (a file, or a folder with `contacts.*`) one by one, in its order.

    A row without an id and a row whose id has come before are put into `rejected`; without that list they raise
    BadInput. The export must have the id's column; missing e-mail or name columns give empty texts.
    """
    table = open_contacts(path, mapping)
    identifier = need_column(table, mapping.settings.contacts.id, "every contact", "id under [crm.contacts]")
    email = column_of(table, mapping.settings.contacts.email)
    names = name_columns(table, mapping)
    columns, width = table.columns, len(table.columns)
    seen: set[str] = set()
    for line, values in table.rows():
        contact_id = values[identifier].strip()
        if not contact_id or contact_id in seen:
            reason = f"the id {contact_id!r} has come before" if contact_id else "the row has no contact id"
            if rejected is None:
                raise BadInput(f"{reason}: correct the export", file=table.path, line=line)
            rejected.append(BadRow(reason, line, " ".join(values)[:200]))
            continue
        seen.add(contact_id)
        yield Contact(
            contact_id,
            "" if email is None else values[email].strip(),
            " ".join(part for number in names if (part := values[number].strip())),
            dict(zip(columns, values if len(values) == width else values[:width], strict=True)),
            line,
        )


def export_names(export: Path, mapping: Mapping) -> dict[str, set[str]]:
    """The names in an export, as far as it lists them: `users`, `selections`, `projects`, the contacts' `columns` and
    their `interests`."""
    settings = mapping.settings
    contacts = open_contacts(export, mapping)
    found = {"columns": set(contacts.columns)}
    at = column_of(contacts, settings.contacts.interests)
    if at is not None:
        separator = settings.contacts.interests_separator
        cells = {values[at] for _, values in contacts.rows() if at < len(values)}
        found["interests"] = {name for cell in cells for name in names_in(cell, separator)}
    for noun, column, setting in (
        ("users", settings.user_column, "user_column under [crm]"),
        ("selections", settings.selections.name, "name under [crm.selections]"),
        ("projects", settings.projects.name, "name under [crm.projects]"),
    ):
        path = find_table(export, noun)
        if path is not None:
            table = open_table(path, mapping, column)
            at = need_column(table, column, f"every row of {noun}", setting)
            found[noun] = {values[at].strip() for _, values in table.rows()}
    return found
