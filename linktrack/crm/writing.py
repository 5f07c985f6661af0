"""Exports written back: the same file with the cells changed that changed, and nothing else."""

from __future__ import annotations

import csv
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from linktrack.crm import csvtext
from linktrack.crm.export import CsvTable, Table
from linktrack.errors import BadInput

Changes = AnyMapping[int, AnyMapping[int, str]]  # row number -> column -> new text


def write_back(table: Table, changes: Changes, created: Sequence[str], to: Path, changed_to: Path) -> None:
    """Write `table` with `changes` to `to`, and the header with the changed rows alone to `changed_to` (CSV).

    `created` names the columns that are added behind the last one. BadInput for a text that the file's encoding
    does not have.
    """
    if isinstance(table, CsvTable):
        _write_csv(table, changes, created, to, changed_to)
        return
    writer: Any = table
    writer.write(to, changes, created)
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
    dialect, encoding = table.dialect, table.dialect.encoding
    width = len(table.columns)
    tail = "".join(dialect.delimiter for _ in created)
    header = True
    with to.open("wb") as every, changed_to.open("wb") as changed:
        for file in (every, changed):
            file.write(dialect.bom + dialect.preamble.encode(encoding))
        for record in table.records():
            cells = None if header else changes.get(record.line)
            if cells is None and not tail:
                text = dialect.delimiter.join(record.fields) + record.end
            elif header:
                always = all(field.startswith('"') for field in record.fields)
                names = [csvtext.quoted(name, dialect.delimiter, always=always) for name in created]
                text = dialect.delimiter.join([*record.fields, *names]) + record.end
            elif cells is None:
                blank = len(record.fields) == 1 and width > 1 and not record.fields[0].strip()
                padding = "" if blank else dialect.delimiter * max(0, width - len(record.fields)) + tail
                text = dialect.delimiter.join(record.fields) + padding + record.end
            else:
                text = _changed(record, cells, width + len(created) if created else 0, dialect.delimiter)
            try:
                data = text.encode(encoding)
            except UnicodeEncodeError as problem:
                raise BadInput(
                    f"{problem.object[problem.start]!r} of {text.strip()[:60]!r} cannot be written as {encoding}, the "
                    "export's encoding: export as UTF-8, or use another text in the action",
                    file=table.path,
                    line=record.line,
                ) from None
            every.write(data)
            if cells is not None or header:
                changed.write(data)
            header = False


def _changed(record: csvtext.Record, cells: AnyMapping[int, str], width: int, delimiter: str) -> str:
    fields = list(record.fields)
    fields += [""] * (max(max(cells) + 1, width) - len(fields))  # a row may end before its last columns
    for column, text in cells.items():
        fields[column] = csvtext.quoted(text, delimiter, always=fields[column].startswith('"'))
    return delimiter.join(fields) + record.end
