"""CSV as text spans: every record of an export with its fields exactly as they stand in the file.

The standard library's writer would change the quoting or the line ends of about a third of the lines of a real
export. Here a field keeps its quotes and a record its line end, so that joining them gives the original text.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from linktrack.crm.encoding import find_encoding, refuse_long_lines, refuse_nul
from linktrack.errors import BadInput

DELIMITERS = ";,\t|"
HEADER_WITHIN = 20  # records, of which one is the header
MAX_RECORD = 4_000_000  # characters; more means that a quote was never closed
_SAMPLE_RECORDS = 50
_MOST = 0.3  # of the records are rows, where no header is known: the others are titles, footers and blank lines
_EXCEL = re.compile(r'("?)sep=(.)\1(\r+\n|\n\r(?!\n)|\r|\n)', re.IGNORECASE)
_CLOSE = {  # by the sign that escapes quotes: from inside a quoted field to the quote that closes it
    "": re.compile(r'[^"]*(?:""[^"]*)*"(?!")'),
    "\\": re.compile(r'[^"\\]*(?:(?:""|\\.)[^"\\]*)*"(?!")', re.DOTALL),
}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written. `bom` is what marks its encoding, `preamble` what stands before the records then: a
    line like `sep=;`, or nothing.

    `escape` is a backslash where quoted fields use one before `"` and themselves, else nothing: quotes are doubled.
    `end` is its line end, see `find_line_end`. `errors` is how bytes are read that the encoding does not allow.
    """

    encoding: str
    bom: bytes
    delimiter: str
    preamble: str
    escape: str = ""
    end: str = "\n"
    errors: str = "strict"

    @property
    def has_two_boms(self) -> bool:
        """Whether the file begins with its BOM twice, as files do that were put together."""
        return len(self.bom) > 1 and self.bom == 2 * self.bom[: len(self.bom) // 2]


class CsvRecord(NamedTuple):
    """One record: `text`, as it stands in the file, is `delimiter.join(fields) + end`; `line` counts from 1."""

    line: int
    text: str
    fields: list[str]
    end: str


def find_dialect(path: Path, encoding: str | None, delimiter: str | None, wanted: str, escape: str = "") -> Dialect:
    """How `path` is written. `wanted` is a column that the right delimiter is likely to show in the header."""
    refuse_long_lines(path)
    name, bom, errors = find_encoding(path, encoding)
    with open_text(path, Dialect(name, bom, ",", "", errors=errors)) as text:
        sample = text.read(65_536)
        whole = not text.read(1)
    if not sample.strip():
        raise BadInput("the file is empty: an export begins with a line that names its columns", file=path)
    refuse_nul(path, name)
    end = find_line_end(sample, escape)
    if excel := _EXCEL.match(sample):
        return Dialect(name, bom, delimiter or excel[2], excel[0], escape, end, errors)
    found = delimiter or _find_delimiter(sample.replace(end, "\n"), whole, wanted, escape)
    return Dialect(name, bom, found, "", escape, end, errors)


def find_line_end(sample: str, escape: str = "") -> str:
    """What ends the lines of a file that begins with `sample`, outside of quotes; `\\n` where nothing does.

    `\\r` only where no other line end is seen, and `\\n\\r` (as of some instruments) only where no line ends
    otherwise. Several `\\r` before `\\n`, as a program leaves them that writes Windows' line ends twice, where most
    lines have them; else what the first line has. Lines of the file that end otherwise keep their ends, but a lone
    `\\r` that is not the file's belongs to its cell.
    """
    outside = re.sub('"' + _CLOSE[escape].pattern, "", sample, flags=re.DOTALL)
    text = outside if "\n" in outside or "\r" in outside else sample
    breaks: list[str] = re.findall(r"[\r\n]+", text)
    if not any("\n" in one for one in breaks):
        return "\r" if breaks else "\n"
    whole = breaks[:-1] if len(breaks) > 1 else breaks  # the sample may end within the last one
    if all(re.fullmatch(r"(?:\n\r)+", one) for one in whole):
        return "\n\r"
    ends: list[str] = re.findall(r"\r*\n", text)
    most, times = Counter(ends).most_common(1)[0]
    return most if len(most) > 2 and times * 2 > len(ends) else ends[0][-2:]


def _find_delimiter(sample: str, whole: bool, wanted: str, escape: str) -> str:
    def score(delimiter: str) -> tuple[bool, float, int]:
        text = io.StringIO(sample, newline="\n")
        records: list[list[str]] = []
        with suppress(BadInput):  # a quote that is never closed: those before it show the delimiter
            found = islice(read_records(text, delimiter, escape=escape), _SAMPLE_RECORDS)
            records.extend(record.fields for record in found)
        if not whole and len(records) < _SAMPLE_RECORDS:
            records = records[: max(1, len(records) - 1)]  # the last one may be cut
        widths = Counter(len(fields) for fields in records if len(fields) > 1)  # a title or a footer has one
        width, alike = widths.most_common(1)[0] if widths else (0, 0)
        heads = [fields for fields in records[:HEADER_WITHIN] if len(fields) > 1]
        shown = any(wanted in [unquoted(field).strip() for field in fields] for fields in heads)
        share = alike / max(1, len(records))
        return (shown, share, width) if shown or share >= _MOST else (False, 0.0, 0)

    best = max(DELIMITERS, key=score)
    return best if score(best)[2] else ","


def open_text(path: Path, dialect: Dialect) -> TextIO:
    """The text of a file behind its BOM, with its line ends as they are, in lines that end as the file's do."""
    file = path.open("rb")
    file.seek(len(dialect.bom))
    return io.TextIOWrapper(file, dialect.encoding, dialect.errors, newline=dialect.end[-1])


def read_records(
    text: TextIO, delimiter: str, *, line: int = 1, escape: str = "", file_end: str = "\n"
) -> Iterator[CsvRecord]:
    """The records of a CSV text, which comes in lines as `open_text` cuts them; blank lines are records with one empty
    field. `file_end` is the file's line end.

    BadInput (without the file's name) when a quote is not closed.
    """
    lines = iter(text)
    known_ends = frozenset({file_end, "\r\n"})
    for piece in lines:
        first = line
        line += 1
        body = piece.rstrip("\r\n")
        end = piece[len(body) :]
        if len(end) > 1 and end not in known_ends:
            end = _end_of(piece, file_end)  # what stands before it belongs to the last cell
            body = piece[: -len(end)]
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
            end = _end_of(piece, file_end)
            fields = split_record(piece[: len(piece) - len(end)], delimiter, escape) or []
        yield CsvRecord(first, piece, fields, end)


def _end_of(piece: str, file_end: str) -> str:
    """The line end of a line or record: the file's, or another one that it has."""
    return next((end for end in (file_end, "\r\n", "\n", "\r") if piece.endswith(end)), "")


def _stays_open(piece: str, delimiter: str, escape: str) -> bool:
    """Whether a line that begins inside a quoted field ends inside one, too."""
    close = _CLOSE[escape].match(piece)
    after = -1 if close is None else piece.find(delimiter, close.end())
    return close is None or (after >= 0 and split_record(piece[after + 1 :], delimiter, escape) is None)


def split_record(text: str, delimiter: str, escape: str = "") -> list[str] | None:
    """The fields of a record with their quotes, or None where a quoted field goes on in the next line.

    Blanks may stand before a quoted field (`1, "Berg, Ann"`), if it is closed in its line and nothing but blanks
    follows it; else the quote is a sign like others, see `is_doubtful`.
    """
    pieces = text.split(delimiter)
    if '"' not in text:
        return pieces
    fields = []
    closes = _CLOSE[escape].match
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        # Most quoted fields are closed and hold no quote and no delimiter.
        if piece[:1] == '"' and (piece[-1] != '"' or piece.count('"') != 2 or escape) and not closes(piece, 1):
            parts = [piece]
            for more in pieces[at:]:
                parts.append(more)
                if '"' in more and closes(more):
                    break
            else:
                return None
            at += len(parts) - 1
            piece = delimiter.join(parts)
        elif piece[:1] == " " and piece.lstrip(" ")[:1] == '"':
            piece, at = _behind_blanks(pieces, at - 1, delimiter, escape)
        fields.append(piece)
    return fields


def _behind_blanks(pieces: list[str], at: int, delimiter: str, escape: str) -> tuple[str, int]:
    """The field that begins with blanks and a quote in `pieces[at]`, and where the next one begins."""
    closes = _CLOSE[escape].match
    first = pieces[at]
    if closes(first, first.index('"') + 1):
        return first, at + 1
    for last in range(at + 1, len(pieces)):
        if '"' in pieces[last] and (close := closes(pieces[last])):
            if pieces[last][close.end() :].strip(" "):
                break
            return delimiter.join(pieces[at : last + 1]), last + 1
    return first, at + 1


def is_doubtful(field: str, escape: str = "") -> bool:
    """Whether a field begins with blanks and a quote that nothing closes: who wrote it may mean more than is here."""
    return field[:1] == " " and field.lstrip(" ")[:1] == '"' and not _CLOSE[escape].match(field, field.index('"') + 1)


def goes_on(field: str, escape: str = "") -> bool:
    """Whether a quoted field goes over the end of its line and on behind the quote that closes it: a quote is missing
    in it, or one too many, and what it holds may be other records."""
    if "\n" not in field and "\r" not in field:
        return False
    bare = field.strip(" ")
    close = _CLOSE[escape].match(bare, 1) if bare.startswith('"') else None
    return close is not None and close.end() < len(bare)


def unquoted(field: str, escape: str = "") -> str:
    """A field's value (RFC 4180); text behind the closing quote belongs to it, as spreadsheets read it. Blanks around
    a quoted field are none of its value."""
    if not field.startswith('"'):
        bare = field.strip(" ")
        if not bare.startswith('"') or is_doubtful(field, escape):
            return field
        close = _CLOSE[escape].match(bare, 1)
        return field if close is None or close.end() < len(bare) else unquoted(bare, escape)
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


def shows_escapes(record: CsvRecord, width: int) -> bool:
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
    if always or delimiter in value or '"' in value or "\r" in value or "\n" in value:
        if escape:
            value = value.replace(escape, 2 * escape)
        return '"' + value.replace('"', (escape or '"') + '"') + '"'
    return value
