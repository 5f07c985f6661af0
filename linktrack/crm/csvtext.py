"""CSV as text spans: every record of an export with its fields exactly as they stand in the file.

The standard library's writer would change the quoting or the line ends of about a third of the lines of a real
export. Here a field keeps its quotes and a record its line end, so that joining them gives the original text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from linktrack.crm.encoding import find_encoding, refuse_nul
from linktrack.errors import BadInput

DELIMITERS = ";,\t|"
MAX_RECORD = 4_000_000  # characters; more means that a quote was never closed
_SAMPLE_RECORDS = 50


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. `preamble` is what stands before the header: a line like `sep=;`, or nothing."""

    encoding: str
    bom: bytes
    delimiter: str
    preamble: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record: `delimiter.join(fields) + end` is its text in the file; `line` counts from 1."""

    line: int
    fields: list[str]
    end: str


def find_dialect(path: Path, encoding: str | None, delimiter: str | None, wanted: str) -> Dialect:
    """How `path` is written. `wanted` is a column that the right delimiter is likely to show in the header."""
    name, bom = find_encoding(path, encoding)
    with open_text(path, Dialect(name, bom, ",", "")) as text:
        sample = text.read(65_536)
        whole = not text.read(1)
    if not sample.strip():
        raise BadInput("the file is empty: an export begins with a line that names its columns", file=path)
    refuse_nul(path, name)
    if excel := re.match(r"sep=(.)(\r\n|\r|\n)", sample):
        return Dialect(name, bom, delimiter or excel[1], excel[0])
    return Dialect(name, bom, delimiter or _find_delimiter(sample, whole, wanted), "")


def _find_delimiter(sample: str, whole: bool, wanted: str) -> str:
    def score(delimiter: str) -> tuple[bool, float, int]:
        records = []
        try:
            for record in islice(read_records(io.StringIO(sample, newline=""), delimiter), _SAMPLE_RECORDS):
                records.append(record.fields)
        except BadInput:
            return False, 0.0, 0
        if not whole and len(records) < _SAMPLE_RECORDS:
            records = records[: max(1, len(records) - 1)]  # the last one may be cut
        width = len(records[0]) if records else 0
        if width < 2:
            return False, 0.0, 0
        alike = sum(len(fields) == width for fields in records) / len(records)
        return wanted in [unquoted(field).strip() for field in records[0]], alike, width

    best = max(DELIMITERS, key=score)
    return best if score(best)[2] else ","


def open_text(path: Path, dialect: Dialect) -> TextIO:
    """The text of a file behind its BOM, with its line ends as they are."""
    file = path.open("rb")
    file.seek(len(dialect.bom))
    return io.TextIOWrapper(file, dialect.encoding, newline="")


def read_records(text: TextIO, delimiter: str, *, line: int = 1) -> Iterator[Record]:
    """The records of a CSV text; blank lines are records with one empty field.

    BadInput (without the file's name) when a quote is not closed.
    """
    lines = iter(text)
    for piece in lines:
        first = line
        line += 1
        body, end = _without_end(piece)
        fields = split_record(body, delimiter)
        if fields is None:
            pieces, length, is_open = [piece], len(piece), True
            while is_open:
                piece = next(lines, "")
                line += 1
                pieces.append(piece)
                length += len(piece)
                if not piece or length > MAX_RECORD:
                    raise BadInput("the quote that opens in this record is never closed", line=first)
                is_open = _stays_open(piece, delimiter)
            body, end = _without_end("".join(pieces))
            fields = split_record(body, delimiter) or []
        yield Record(first, fields, end)


def _stays_open(piece: str, delimiter: str) -> bool:
    """Whether a line that begins inside a quoted field ends inside one, too."""
    search = 0
    while True:
        close = piece.find('"', search)
        if close < 0:
            return True
        search = close + 1
        if not piece.startswith('"', search):
            break
        search += 1
    after = piece.find(delimiter, search)
    return after >= 0 and split_record(piece[after + 1 :], delimiter) is None


def _without_end(text: str) -> tuple[str, str]:
    if text.endswith("\r\n"):
        return text[:-2], "\r\n"
    if text.endswith(("\n", "\r")):
        return text[:-1], text[-1]
    return text, ""


def split_record(text: str, delimiter: str) -> list[str] | None:
    """The fields of a record with their quotes, or None where a quoted field goes on in the next line."""
    if '"' not in text:
        return text.split(delimiter)
    fields, start = [], 0
    while True:
        search = start
        if text.startswith('"', start):
            search = start + 1
            while True:
                close = text.find('"', search)
                if close < 0:
                    return None
                search = close + 1
                if not text.startswith('"', search):
                    break
                search += 1
        stop = text.find(delimiter, search)
        if stop < 0:
            fields.append(text[start:])
            return fields
        fields.append(text[start:stop])
        start = stop + 1


def unquoted(field: str) -> str:
    """A field's value (RFC 4180); text behind the closing quote belongs to it, as spreadsheets read it."""
    if not field.startswith('"'):
        return field
    if field.endswith('"') and len(field) > 1:
        return field[1:-1].replace('""', '"')
    close = re.match(r'"(?:[^"]|"")*"', field)
    if close is None:
        return field
    return close[0][1:-1].replace('""', '"') + field[close.end() :]


def quoted(value: str, delimiter: str, *, always: bool = False) -> str:
    """A value as a field: in quotes if it must be, or if `always`."""
    if always or any(sign in value for sign in (delimiter, '"', "\r", "\n")):
        return '"' + value.replace('"', '""') + '"'
    return value
