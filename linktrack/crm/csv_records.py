"""The records of a CSV file as they stand in it: each with its line and its line end, so that one after the other they
are the file again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from linktrack.crm.csv_fields import CLOSE, behind_blanks, plain_record, split_plain, split_record, unquoted
from linktrack.errors import BadInput

MAX_RECORD = 4_000_000  # characters; more means that a quote was never closed
_MOST_PLAIN = 100_000  # characters that the standard library reads as one field


class CsvRecord:
    """One record: `text`, as it stands in the file, is `delimiter.join(fields) + end`; `line` counts from 1.
    `is_plain`: it has quotes, each where everybody puts them."""

    __slots__ = ("_cutter", "_fields", "end", "is_plain", "line", "text")

    def __init__(self, line: int, text: str, end: str, cutter: Cutter, fields: list[str] | None = None) -> None:
        self.line, self.text, self.end = line, text, end
        self.is_plain = fields is None
        self._cutter, self._fields = cutter, fields

    @property
    def body(self) -> str:
        """The record without its line end."""
        return self.text[: len(self.text) - len(self.end)]

    @property
    def fields(self) -> list[str]:
        """The fields as they stand in the file."""
        if self._fields is None:
            self._fields = split_plain(self.body, self._cutter.delimiter)
        return self._fields

    @property
    def values(self) -> list[str]:
        """What the fields say."""
        if self._fields is None:
            return self._cutter.values_of(self.body)
        escape = self._cutter.escape
        return [unquoted(field, escape) if '"' in field else field for field in self._fields]


class Cutter:
    """How the records of a file are cut into fields."""

    def __init__(self, delimiter: str, escape: str) -> None:
        self.delimiter, self.escape = delimiter, escape
        self.is_plain = plain_record(delimiter).fullmatch if not escape else None
        self._waiting: list[str] = []
        self._read = csv.reader(iter(self._waiting.pop, None), delimiter=delimiter)

    def values_of(self, body: str) -> list[str]:
        """What the fields of a plain record say."""
        self._waiting.append(body)
        return next(self._read)


def read_plain(lines: Sequence[str], delimiter: str, file_end: str) -> list[list[str]] | None:
    """What the fields of lines say, each of which is a record, where the standard library reads all of them as we do;
    None where that is not sure. Quotes must be doubled, and lines cut as `open_text` cuts them."""
    text = "".join(lines)
    if file_end not in ("\n", "\r\n") or not all(map(str.endswith, lines, repeat(file_end))):
        return None
    if text.count("\r") != len(lines) * (len(file_end) - 1) or "\0" in text:
        return None
    if '"' in text and ("\\" in text or any(begins(text) for begins in behind_blanks(delimiter))):
        return None
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:  # a quote that is not closed where its field ends, or a very long field
        return None
    return rows if len(rows) == len(lines) else None


def read_records(
    text: Iterable[str], delimiter: str, *, line: int = 1, escape: str = "", file_end: str = "\n"
) -> Iterator[CsvRecord]:
    """The records of a CSV text, which comes in lines as `open_text` cuts them; blank lines are records with one empty
    field. `file_end` is the file's line end.

    BadInput (without the file's name) when a quote is not closed.
    """
    lines = iter(text)
    cutter = Cutter(delimiter, escape)
    is_plain = cutter.is_plain
    known_ends = frozenset({file_end, "\r\n"})
    for piece in lines:
        first = line
        line += 1
        body = piece.rstrip("\r\n")
        end = piece[len(body) :]
        if len(end) > 1 and end not in known_ends:
            end = _end_of(piece, file_end)  # what stands before it belongs to the last cell
            body = piece[: -len(end)]
        in_line = '"' in body and len(body) < _MOST_PLAIN and "\r" not in body and "\n" not in body
        if in_line and is_plain is not None and is_plain(body):
            yield CsvRecord(first, piece, end, cutter)
            continue
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
        yield CsvRecord(first, piece, end, cutter, fields)


def _end_of(piece: str, file_end: str) -> str:
    """The line end of a line or record: the file's, or another one that it has."""
    return next((end for end in (file_end, "\r\n", "\n", "\r") if piece.endswith(end)), "")


def _stays_open(piece: str, delimiter: str, escape: str) -> bool:
    """Whether a line that begins inside a quoted field ends inside one, too."""
    close = CLOSE[escape].match(piece)
    after = -1 if close is None else piece.find(delimiter, close.end())
    return close is None or (after >= 0 and split_record(piece[after + 1 :], delimiter, escape) is None)


def shows_escapes(record: CsvRecord, width: int) -> bool:
    """Whether a record that was read with doubled quotes shows that quotes have backslashes instead: a field with `\"`
    goes on behind its end, or there are more fields than the `width` columns, and one of them has the quote that should
    have closed it."""
    if '\\"' not in record.text:
        return False
    for field in record.fields:
        if not field.startswith('"'):
            if '"' in field and len(record.fields) > width:
                return True
        elif '\\"' in field and (close := CLOSE[""].match(field, 1)) and close.end() < len(field):
            return True
    return False
