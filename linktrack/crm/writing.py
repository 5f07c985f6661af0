"""Exports written back: the same file with the cells changed that changed, and nothing else."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from linktrack.crm.csv_dialect import BUFFER, Dialect
from linktrack.crm.csv_fields import quoted
from linktrack.crm.csv_records import CsvRecord
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import Table
from linktrack.crm.export_rows import BadRow
from linktrack.errors import BadInput
from linktrack.settings.crm import FieldSettings

Changes = AnyMapping[int, AnyMapping[int, str]]  # row number -> column -> new text
Fields = AnyMapping[int, FieldSettings]  # column -> the field that is written into it


class Rewritable(Protocol):
    """A table whose format writes itself again."""

    def write(self, to: Path, changes: Changes, created: Sequence[str], fields: Fields) -> None: ...


def write_back(
    table: Table, changes: Changes, created: Sequence[str], to: Path, changed_to: Path, fields: Fields | None = None
) -> None:
    """Write `table` with `changes` to `to`, and the header with the changed rows alone to `changed_to` (CSV).

    `created` names the columns that are added behind the last one; `fields` says what columns hold, for formats that
    know more than texts. BadInput for a text that the file's encoding does not have.
    """
    if isinstance(table, CsvTable):
        if not changes and not created:
            shutil.copyfile(table.path, to)
            changed_to.write_bytes(_head(table) + table.header.text.encode(table.dialect.encoding))
            return
        _write_csv(table, changes, created, to, changed_to)
        return
    cast(Rewritable, table).write(to, changes, created, fields or {})
    width = len(table.columns)
    with changed_to.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*table.columns, *created])
        for line, values in table.rows([]):
            if line in changes:
                values = [*values[:width], *("" for _ in created)]
                for column, text in changes[line].items():
                    values[column] = text
                rows.writerow(values)


def _write_csv(table: CsvTable, changes: Changes, created: Sequence[str], to: Path, changed_to: Path) -> None:
    dialect = table.dialect
    delimiter = dialect.delimiter
    width = len(table.columns) + len(created) if created else 0
    apart = _lines_apart(table) if created else frozenset()
    with to.open("wb", BUFFER) as every, changed_to.open("wb", BUFFER) as changed:
        for file in (every, changed):
            file.write(_head(table))
        header_line = table.header_line
        records = table.records() if created else table.copied(every, sorted({header_line, *changes}))
        for record in records:
            line, header = record.line, record.line == header_line
            cells = None if header else changes.get(line)
            if cells is None and not header and (table.is_blank(record) or line in apart):
                every.write(record.text.encode(dialect.encoding, dialect.errors))
                continue
            fields, end = record.fields, record.end
            if header and created:
                fields, end = _header_and_end(record)
                cells = dict(enumerate(created, len(fields)))
            if not header or created:
                fields = _changed(fields, cells or {}, width, dialect)
            data = _encoded(table, line, delimiter.join(fields) + end)
            every.write(data)
            if header or cells is not None:
                changed.write(data)


def _lines_apart(table: CsvTable) -> frozenset[int]:
    """The lines that are no rows, which stay as they are."""
    left: list[BadRow] = []
    for _ in table.rows(left):
        pass
    return frozenset(row.line for row in left)


def _head(table: CsvTable) -> bytes:
    """What stands before the header."""
    return table.dialect.bom + table.dialect.preamble.encode(table.dialect.encoding)


def _encoded(table: CsvTable, line: int, text: str) -> bytes:
    """A record in the export's encoding. BadInput when it does not have a character."""
    try:
        return text.encode(table.dialect.encoding)
    except UnicodeEncodeError as problem:
        raise BadInput(
            f"{problem.object[problem.start]!r} of {text.strip()[:60]!r} cannot be written as "
            f"{table.dialect.encoding}, the export's encoding: export as UTF-8, or use another text in the action",
            file=table.path,
            line=line,
        ) from None


def _header_and_end(record: CsvRecord) -> tuple[list[str], str]:
    """The names of a header, and its end with the carriage returns before it: no name ends with one."""
    last = record.fields[-1].rstrip("\r")
    returns = record.fields[-1][len(last) :]
    return [*record.fields[:-1], last], returns + record.end


def _changed(fields: Sequence[str], cells: AnyMapping[int, str], width: int, dialect: Dialect) -> list[str]:
    """The fields of a record with some replaced, and others added up to `width`. A new field is in quotes where it must
    be, where the old one was, and where all others are."""
    changed = [*fields]
    last = max(cells) + 1 if cells else 1
    missing = (last if last > width else width) - len(fields)
    if missing > 0:  # a row may end early
        changed += ['""' if all(fields) and _all_quoted(fields) else ""] * missing
    for column, text in cells.items():
        old = changed[column]
        always = old.startswith('"') or (old == "" and text != "" and _all_quoted(fields))
        changed[column] = quoted(text, dialect.delimiter, dialect.escape, always=always)
    return changed if changed != [""] else ['""']  # which would be a blank line


def _all_quoted(fields: Sequence[str]) -> bool:
    """Whether all fields that are not empty are in quotes, and some are."""
    filled = [field for field in fields if field]
    return bool(filled) and all(field.startswith('"') for field in filled)
