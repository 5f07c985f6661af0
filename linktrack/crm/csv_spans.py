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
from typing import NamedTuple, TextIO

from linktrack.crm.encoding import find_encoding, refuse_nul
from linktrack.errors import BadInput

DELIMITERS = ";,\t|"
MAX_RECORD = 4_000_000  # characters; more means that a quote was never closed
_SAMPLE_RECORDS = 50
_CLOSE = {  # by the sign that escapes quotes: from inside a quoted field to the quote that closes it
    "": re.compile(r'[^"]*(?:""[^"]*)*"(?!")'),
    "\\": re.compile(r'[^"\\]*(?:(?:""|\\.)[^"\\]*)*"(?!")', re.DOTALL),
}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. `preamble` is what stands before the header: a line like `sep=;`, or nothing.

    `escape` is a backslash where quoted fields use one before `"` and themselves, else nothing: quotes are doubled.
    """

    encoding: str
    bom: bytes
    delimiter: str
    preamble: str
    escape: str = ""


class Record(NamedTuple):
    """One record: `text`, as it stands in the file, is `delimiter.join(fields) + end`; `line` counts from 1."""

    line: int
    text: str
    fields: list[str]
    end: str


def find_dialect(path: Path, encoding: str | None, delimiter: str | None, wanted: str, escape: str = "") -> Dialect:
    """How `path` is written. `wanted` is a column that the right delimiter is likely to show in the header."""
    name, bom = find_encoding(path, encoding)
    with open_text(path, Dialect(name, bom, ",", "")) as text:
        sample = text.read(65_536)
        whole = not text.read(1)
    if not sample.strip():
        raise BadInput("the file is empty: an export begins with a line that names its columns", file=path)
    refuse_nul(path, name)
    if excel := re.match(r"sep=(.)(\r\n|\r|\n)", sample):
        return Dialect(name, bom, delimiter or excel[1], excel[0], escape)
    return Dialect(name, bom, delimiter or _find_delimiter(sample, whole, wanted, escape), "", escape)


def _find_delimiter(sample: str, whole: bool, wanted: str, escape: str) -> str:
    def score(delimiter: str) -> tuple[bool, float, int]:
        try:
            text = io.StringIO(sample, newline="")
            found = islice(read_records(text, delimiter, escape=escape), _SAMPLE_RECORDS)
            records = [record.fields for record in found]
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


def read_records(text: TextIO, delimiter: str, *, line: int = 1, escape: str = "") -> Iterator[Record]:
    """The records of a CSV text; blank lines are records with one empty field.

    BadInput (without the file's name) when a quote is not closed.
    """
    lines = iter(text)
    for piece in lines:
        first = line
        line += 1
        end = "\r\n" if piece.endswith("\r\n") else piece[-1:] if piece.endswith(("\n", "\r")) else ""
        body = piece[: -len(end)] if end else piece
        fields = split_record(body, delimiter, escape)
        if fields is None:
            pieces, length, is_open = [piece], len(piece), True
            while is_open:
                more = next(lines, "")
                line += 1
                pieces.append(more)
                length += len(more)
                if not more or length > MAX_RECORD:
                    hint = ": is escape = '\\' missing under [crm]?" if not escape and '\\"' in piece else ""
                    raise BadInput(f"the quote that opens in this record is never closed{hint}", line=first)
                is_open = _stays_open(more, delimiter, escape)
            piece = "".join(pieces)
            body = piece.rstrip("\r\n")
            end = piece[len(body) :]
            fields = split_record(body, delimiter, escape) or []
        yield Record(first, piece, fields, end)


def _stays_open(piece: str, delimiter: str, escape: str) -> bool:
    """Whether a line that begins inside a quoted field ends inside one, too."""
    close = _CLOSE[escape].match(piece)
    after = -1 if close is None else piece.find(delimiter, close.end())
    return close is None or (after >= 0 and split_record(piece[after + 1 :], delimiter, escape) is None)


def split_record(text: str, delimiter: str, escape: str = "") -> list[str] | None:
    """The fields of a record with their quotes, or None where a quoted field goes on in the next line."""
    pieces = text.split(delimiter)
    if '"' not in text:
        return pieces
    fields = []
    closes = _CLOSE[escape].match
    rest = iter(pieces)
    for piece in rest:
        # Most quoted fields are closed and hold no quote and no delimiter.
        if piece[:1] == '"' and (piece[-1] != '"' or piece.count('"') != 2 or escape) and not closes(piece, 1):
            parts = [piece]
            for more in rest:
                parts.append(more)
                if '"' in more and closes(more):
                    break
            else:
                return None
            piece = delimiter.join(parts)
        fields.append(piece)
    return fields


def unquoted(field: str, escape: str = "") -> str:
    """A field's value (RFC 4180); text behind the closing quote belongs to it, as spreadsheets read it."""
    if not field.startswith('"'):
        return field
    if escape:
        close = _CLOSE[escape].match(field, 1)
        if close is None:
            return field
        return re.sub(r'\\(["\\])|""', lambda found: found[1] or '"', close[0][:-1]) + field[close.end() :]
    if field.endswith('"') and len(field) > 1:
        return field[1:-1].replace('""', '"')
    close = _CLOSE[""].match(field, 1)
    if close is None:
        return field
    return close[0][:-1].replace('""', '"') + field[close.end() :]


def shows_escapes(record: Record, width: int) -> bool:
    """Whether a record that was read with doubled quotes says that they have backslashes instead: a field with `\\"`
    goes on behind its end, or one more than the `width` columns holds the quote that was to close it."""
    if '\\"' not in record.text:
        return False
    for field in record.fields:
        if not field.startswith('"'):
            if '"' in field and len(record.fields) > width:
                return True
        elif '\\"' in field and (close := _CLOSE[""].match(field, 1)) and close.end() < len(field):
            return True
    return False


def quoted(value: str, delimiter: str, escape: str = "", *, always: bool = False) -> str:
    """A value as a field: in quotes if it must be, or if `always`."""
    if always or any(sign in value for sign in (delimiter, '"', "\r", "\n")):
        if escape:
            value = value.replace(escape, 2 * escape)
        return '"' + value.replace('"', (escape or '"') + '"') + '"'
    return value
