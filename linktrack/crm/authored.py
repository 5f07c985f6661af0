"""CSV files that linktrack makes: in the export's own dialect, and guarded against formulas."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO

from linktrack.crm.csv_dialect import DELIMITERS, Dialect
from linktrack.crm.csv_fields import quoted
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import Table
from linktrack.crm.guard import guarded

_REMEMBERED = 4_096  # cells
_CONTROLS = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]"
)  # which linktrack, like others, refuses or reads as line ends
# To a spreadsheet and, where no delimiter is among these signs, in any file. Most signs are named, though \w has them
# too: that one is looked up in half the time.
_HARMLESS = r"\w[a-zA-Z0-9\w .:@+-]*+"
_harmless = re.compile(_HARMLESS).fullmatch
_harmless_row = {  # rows of such fields and empty ones
    sign: re.compile(f"(?:{_HARMLESS}|)(?:{re.escape(sign)}(?:{_HARMLESS}|))+").fullmatch for sign in DELIMITERS
}
PLAIN = Dialect("utf-8", b"", ",", "")


def dialect_of(table: Table | None) -> Dialect:
    """The dialect of the files that are written beside an export: that of its contacts file, or PLAIN where that is no
    CSV. A byte order mark that stands twice in the contacts file is written once."""
    if not isinstance(table, CsvTable):
        return PLAIN
    dialect = table.dialect
    return replace(dialect, bom=dialect.bom[: len(dialect.bom) // 2]) if dialect.has_two_boms else dialect


class AuthoredCsv:
    """A CSV file that is written row by row into `file` (open for reading and writing, empty, and left open).

    Delimiter, escapes, encoding, BOM and line end are those of `dialect`; from the first text on that its encoding
    lacks, the whole file is UTF-8 with a BOM. A control character (C0) other than a tab or a line end is a blank.
    With `guard`, texts that a spreadsheet would run get a `'`, whatever column they stand in.
    """

    def __init__(self, file: BinaryIO, dialect: Dialect, columns: Sequence[str], *, guard: bool = True) -> None:
        self.dialect, self.columns = dialect, tuple(columns)
        self._file, self._encoding = file, dialect.encoding
        self._guards, self._delimiter = guard, dialect.delimiter
        self._taken_from = itemgetter(*columns) if len(columns) > 1 else lambda row: (row[columns[0]],)
        self._is_harmless = _harmless_row.get(dialect.delimiter)
        self._field = lru_cache(_REMEMBERED)(self._field_of)  # many cells of a file are alike
        file.write(dialect.bom)
        self._write([self._delimiter.join(map(self._field, columns))])

    def rows(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows, whose cells are taken from each by the names of the columns; None is an empty cell."""
        delimiter, is_harmless, field, between = self._delimiter, self._is_harmless, self._field, len(self.columns) - 1
        lines = []
        for values in map(self._taken_from, rows):
            cells = [value if type(value) is str else "" if value is None else str(value) for value in values]
            row = delimiter.join(cells)
            if not (is_harmless and is_harmless(row) and row.count(delimiter) == between):
                row = delimiter.join(map(field, cells))
            lines.append(row)
        self._write(lines)

    def _field_of(self, text: str) -> str:
        if _harmless(text) and self._delimiter not in text:
            return text
        text = _CONTROLS.sub(" ", text)  # first: the guard is to see what is written
        return quoted(guarded(text) if self._guards else text, self._delimiter, self.dialect.escape)

    def _write(self, lines: Iterable[str]) -> None:
        text = "".join([(line or '""') + self.dialect.end for line in lines])
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError:
            if self._encoding != "utf-8":
                self._turn_to_utf8()
            data = text.encode("utf-8", "replace")  # half a character cannot be written at all
        self._file.write(data)

    def _turn_to_utf8(self) -> None:
        """Write again what has been written, as UTF-8 with a BOM."""
        self._file.seek(len(self.dialect.bom))
        text = self._file.read().decode(self._encoding)
        self._file.seek(0)
        self._file.truncate()
        self._file.write(codecs.BOM_UTF8 + text.encode())
        self._encoding = "utf-8"
