"""How a CSV file is written: its encoding, delimiter, line end and quotes, found by looking at its beginning."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from linktrack.crm.csv_fields import CLOSE, unquoted
from linktrack.crm.csv_records import read_records
from linktrack.crm.encoding import find_encoding, refuse_long_lines, refuse_nul
from linktrack.errors import BadInput

DELIMITERS = ";,\t|"
BUFFER = 1 << 16  # bytes of a file that are read or written at once: each time costs
HEADER_WITHIN = 20  # records, of which one is the header
_SAMPLE_RECORDS = 50
_MOST = 0.3  # of the records are rows, where no header is known: the others are titles, footers and blank lines
_LINES_OF_BYTES = ("utf-8", "cp1252", "iso8859-1")  # what was read in these is written again as the bytes it was
_EXCEL = re.compile(r'("?)sep=(.)\1(\r+\n|\n\r(?!\n)|\r|\n)', re.IGNORECASE)


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
    """What ends the lines of a file that begins with `sample`, outside of quotes; `\n` where nothing does.

    It is `\r` only where no other line end is seen, and `\n\r` (some instruments write it) only where all lines end so.
    It is several `\r` before `\n` where most lines have that: a program has written Windows' line ends twice. Else it
    is that of the first line. Lines that end in another way keep their ends, but a lone `\r` that is not the file's
    line end belongs to its cell.
    """
    outside = re.sub('"' + CLOSE[escape].pattern, "", sample, flags=re.DOTALL)
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
    """A file opened as text after its BOM. Line ends are kept, and lines are cut only at the dialect's own."""
    file = path.open("rb", BUFFER)
    file.seek(len(dialect.bom))
    return io.TextIOWrapper(file, dialect.encoding, dialect.errors, newline=dialect.end[-1])


@contextmanager
def open_lines(path: Path, dialect: Dialect) -> Iterator[Iterator[bytes]]:
    """The lines of a file behind what stands before its first record, cut where `open_text` cuts them, and encoded."""
    if dialect.end[-1] == "\n" and dialect.encoding in _LINES_OF_BYTES:
        with path.open("rb", BUFFER) as file:
            file.seek(len(dialect.bom) + len(dialect.preamble.encode(dialect.encoding)))
            yield file
        return
    with open_text(path, dialect) as text:
        text.read(len(dialect.preamble))
        yield (line.encode(dialect.encoding, dialect.errors) for line in text)
