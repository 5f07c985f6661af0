"""Exports written back: the same file with the cells changed that changed, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from linktrack.crm import csvtext
from linktrack.crm.export import CsvTable, Table
from linktrack.errors import BadInput

Changes = AnyMapping[int, AnyMapping[int, str]]  # row number -> column -> new text


class Rewritable(Protocol):
    """A table whose format writes itself again."""

    def write(self, to: Path, changes: Changes, created: Sequence[str]) -> None: ...


def write_back(table: Table, changes: Changes, created: Sequence[str], to: Path, changed_to: Path) -> None:
    """Write `table` with `changes` to `to`, and the header with the changed rows alone to `changed_to` (CSV).

    `created` names the columns that are added behind the last one. BadInput for a text that the file's encoding
    does not have.
    """
    if isinstance(table, CsvTable):
        _write_csv(table, changes, created, to, changed_to)
        return
    cast(Rewritable, table).write(to, changes, created)
    width = len(table.columns)
    with changed_to.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*table.columns, *created])
        for line, values in table.rows():
            if line in changes:
                values = [*values[:width], *("" for _ in created)]
                for column, text in changes[line].items():
                    values[column] = text
                rows.writerow(values)


def _write_csv(table: CsvTable, changes: Changes, created: Sequence[str], to: Path, changed_to: Path) -> None:
    dialect = table.dialect
    width = len(table.columns) + len(created)
    with to.open("wb") as every, changed_to.open("wb") as changed:
        for file in (every, changed):
            file.write(dialect.bom + dialect.preamble.encode(dialect.encoding))
        cells: AnyMapping[int, str] | None = {}  # of the header, which both files have
        for record in table.records():
            fields = record.fields
            if record.line == table.header.line:
                always = all(field.startswith('"') for field in fields)
                fields = fields + [csvtext.quoted(name, dialect.delimiter, always=always) for name in created]
            elif cells := changes.get(record.line):
                fields = _changed(fields, cells, width if created else 0, dialect.delimiter)
            elif created and not table.is_blank(record):
                fields = fields + [""] * (width - len(fields))
            text = dialect.delimiter.join(fields) + record.end
            try:
                data = text.encode(dialect.encoding)
            except UnicodeEncodeError as problem:
                raise BadInput(
                    f"{problem.object[problem.start]!r} of {text.strip()[:60]!r} cannot be written as "
                    f"{dialect.encoding}, the export's encoding: export as UTF-8, or use another text in the action",
                    file=table.path,
                    line=record.line,
                ) from None
            every.write(data)
            if cells is not None:
                changed.write(data)


def _changed(fields: Sequence[str], cells: AnyMapping[int, str], width: int, delimiter: str) -> list[str]:
    """The fields of a record with some replaced, quoted where they must be or were; never fewer than `width`."""
    changed = [*fields, *[""] * (max(max(cells) + 1, width) - len(fields))]  # a row may end before its last columns
    for column, text in cells.items():
        changed[column] = csvtext.quoted(text, delimiter, always=changed[column].startswith('"'))
    return changed if changed != [""] else ['""']  # which would be a blank line
