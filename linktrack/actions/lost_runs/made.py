"""What the files of a lost run say of each thing that it has made: follow-ups, requests, and what became of scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from linktrack.actions.output import COLUMNS
from linktrack.crm.csv_dialect import Dialect, find_line_end, open_text
from linktrack.crm.csv_fields import unquoted
from linktrack.crm.csv_records import read_records
from linktrack.crm.encoding import find_encoding
from linktrack.errors import BadInput
from linktrack.files.json_files import WrittenModel, read_written_lines
from linktrack.files.reading import explained
from linktrack.moments import moment_written
from linktrack.settings.crm import CrmSettings

CHANGES = "changes.ndjson"
WHOLE = "name the folder as the run left it, with all its files"


class Made(NamedTuple):
    """What a run's files say of a thing besides its change: whose it is and when, or what became of a script."""

    owner: str = ""
    start_at: int | None = None
    end_at: int | None = None
    status: str = "ok"
    exit_code: int | None = None
    return_url: str = ""
    message: str = ""


class _SaidScript(WrittenModel):
    """A line of `scripts.ndjson`."""

    id: str
    status: Literal["ok", "failed", "timeout", "interrupted"]
    exit_code: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] | None
    return_url: str
    message: str


def read_made(path: Path, crm: CrmSettings) -> Iterator[tuple[str, Made]]:
    """What a file says of each thing that was made, by the id of its change."""
    if path.suffix == ".ndjson":
        for _, one in read_written_lines(_SaidScript, path, "what became of a script"):
            yield one.id, Made("", None, None, one.status, one.exit_code, one.return_url, one.message)
        return
    for line, row in _cells(path, crm):
        if "owner" in row:
            yield row["id"], Made(row["owner"])
            continue
        try:
            start, end = (moment_written(row[at]) if row[at] else None for at in ("start", "end"))
        except ValueError:
            raise BadInput("this row's start or end is no time", file=path, line=line) from None
        yield row["id"], Made(row["assigned_to"], start, end)


def check_made(path: Path, kind: str, rows: Mapping[str, Made], ids: set[str]) -> None:
    """BadInput when a file of what was made has other rows than the changes name."""
    if lost := sorted(ids - rows.keys()):
        raise BadInput(
            f"{CHANGES} names {len(ids):,} of the kind {kind}, and {len(rows):,} are found here, not {lost[0]!r}: "
            f"{WHOLE}",
            file=path,
        )
    if more := sorted(rows.keys() - ids):
        raise BadInput(f"{CHANGES} knows nothing of {more[0]!r} ({kind}), which is found here: {WHOLE}", file=path)


def _cells(path: Path, crm: CrmSettings) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file that a run has written, in whatever dialect its export had, with their lines."""
    columns, escape = COLUMNS[path.name], crm.escape
    with explained(path):
        encoding, bom, errors = find_encoding(path, crm.encoding or "cp1252")
        dialect = Dialect(encoding, bom, ",", "", escape, errors=errors)
        try:
            with open_text(path, dialect) as text:
                end = find_line_end(text.read(65_536), escape)
            dialect = replace(dialect, end=end)
            with open_text(path, dialect) as text:
                header = text.readline()
            names = header.replace('"', "").rstrip("\r\n")
            delimiter = names[len(columns[0]) : names.find(columns[1])]
            if names != delimiter.join(columns) or len(delimiter) != 1:
                raise BadInput("this file was not written by a run, or somebody has changed its columns", line=1)
            with open_text(path, dialect) as text:
                for record in read_records(text, delimiter, escape=escape, file_end=end):
                    if record.line == 1:
                        continue
                    values = [unquoted(field, escape) for field in record.fields]
                    if len(values) != len(columns) or not _is_text(values):
                        raise BadInput("this row was not written by a run, or is cut short", line=record.line)
                    yield record.line, dict(zip(columns, values, strict=True))
        except UnicodeError:
            raise BadInput(f"this file is not {encoding}, in which the run has written it", file=path) from None
        except BadInput as problem:
            raise BadInput(problem.sentence, file=path, line=problem.line) from None


def _is_text(values: Sequence[str]) -> bool:
    """Whether values can be stored: there are no bytes among them that their file's encoding does not allow."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return False
    return True
