"""A CSV file as a table of an export, whose cells alone are written anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice, repeat
from pathlib import Path
from typing import BinaryIO, TextIO

from linktrack.crm.csv_dialect import HEADER_WITHIN, find_dialect, open_lines, open_text
from linktrack.crm.csv_fields import goes_on, is_doubtful, split_if_plain, unquoted
from linktrack.crm.csv_records import CsvRecord, Cutter, read_plain, read_records, shows_escapes
from linktrack.crm.export_rows import HOLDS_NUL, BadRow
from linktrack.crm.footers import Block, numbered, without_footers
from linktrack.crm.headers import find_header
from linktrack.crm.mapping import TableLayout
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings

BATCH = 250  # lines that are handed over at once: what is made of more stays in no cache of a processor
_UNDECODED = re.compile("[\udc80-\udcff]")  # a byte that the encoding does not allow, see `encoding.KEEPING`


class CsvTable:
    """A CSV file: any delimiter, quoting, line end and encoding. Every cell is text, also one like `=1+1`."""

    calculated: frozenset[int] = frozenset()
    lists: frozenset[int] = frozenset()

    def __init__(self, path: Path, settings: CrmSettings, layout: TableLayout) -> None:
        self.path, self.suffix = path, ".csv"
        self.delimiter_is_set = bool(settings.delimiter)
        self.dialect = find_dialect(
            path, settings.encoding or None, settings.delimiter or None, layout.key, settings.escape
        )
        records = islice(self.records(), max(HEADER_WITHIN, layout.header_row - self._first + 1))
        candidates = ((record.line, record.values) for record in records)
        line = find_header(candidates, layout, path)
        self.header_line, self.header_is_found = line, not layout.header_row
        self.header = next(record for record in self.records() if record.line == line)
        self._may_be_damaged = self.dialect.errors != "strict"
        if damage := self._damage(self.header):
            raise BadInput(f"the row that names the columns is damaged: {damage}", file=path, line=line)
        self.columns = [value.strip() for value in self.header.values]
        self._id = layout.place_of_id(self.columns)

    def records(self) -> Iterator[CsvRecord]:
        """All records behind the preamble; what stands before the header and blank lines come as records too."""
        with self._opened() as text:
            yield from self._read(text, self._first)

    def copied(self, to: BinaryIO, lines: Iterable[int]) -> Iterator[CsvRecord]:
        """The records that begin at these lines, which come in order; what stands between them has been copied to the
        file `to` when one comes, and what stands behind them at the end."""
        at, line_end = self._first, self.dialect.end[-1]  # as `open_text` cuts lines
        with open_lines(self.path, self.dialect) as raw:
            text = map(str, raw, repeat(self.dialect.encoding), repeat(self.dialect.errors))
            cutter = Cutter(self.dialect.delimiter, self.dialect.escape)
            for line in lines:
                to.writelines(islice(raw, line - at))
                first = next(text, None)
                if first is None:
                    return
                record = self._plain(line, first, cutter) or next(self._read(chain([first], text), line))
                at = line + record.text.count(line_end)
                yield record
            to.writelines(raw)

    def _plain(self, line: int, text: str, cutter: Cutter) -> CsvRecord | None:
        """The record that is a line of the file, where it shows at once what its fields are."""
        end = self.dialect.end
        body = text.removesuffix(end)
        if cutter.escape or len(body) == len(text) or "\r" in body or "\n" in body:
            return None
        fields = split_if_plain(body, cutter.delimiter)
        return None if fields is None else CsvRecord(line, text, end, cutter, fields)

    @property
    def _first(self) -> int:
        """The line of the first record."""
        return 2 if self.dialect.preamble else 1

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        """The file as text, read up to its first record."""
        with open_text(self.path, self.dialect) as text:
            text.read(len(self.dialect.preamble))
            yield text

    def _read(self, text: Iterable[str], line: int) -> Iterator[CsvRecord]:
        dialect = self.dialect
        try:
            yield from read_records(text, dialect.delimiter, line=line, escape=dialect.escape, file_end=dialect.end)
        except BadInput as problem:
            raise BadInput(problem.sentence, file=self.path, line=problem.line) from None

    def is_blank(self, record: CsvRecord) -> bool:
        """Whether a record is a blank line, which is no row."""
        return (
            len(record.fields) == 1 and not record.fields[0].strip() and (len(self.columns) > 1 or not record.fields[0])
        )

    def first_rows(self) -> list[tuple[int, list[str]]]:
        return [(record.line, record.values) for record in islice(self.records(), HEADER_WITHIN)]

    def unwritable(self, line: int, column: int) -> str:  # noqa: ARG002  (every cell is text)
        return ""

    def fault(self, record: CsvRecord) -> str:
        """Why a record that is not blank is no row of this table, or nothing."""
        fields, width, escape = record.fields, len(self.columns), self.dialect.escape
        if record.line < self.header_line:
            return "it stands before the header, like a title"
        if len(fields) < width or any(unquoted(field, escape).strip() for field in fields[width:]):
            alone = ", like a title or a footer" if len(fields) == 1 else ""
            return f"it has {len(fields)} field{'' if len(fields) == 1 else 's'} and the header {width}{alone}"
        if ' "' in record.text and any(is_doubtful(field, escape) for field in fields):
            return "a quote after blanks is not closed in its line"
        if any(goes_on(field, escape) for field in fields):
            return "a quote in it is not closed where its field ends, and the lines behind it may be other rows"
        return ""

    def _damage(self, record: CsvRecord) -> str:
        """What is broken in a record, whatever its fields are, or nothing."""
        if "\0" in record.text:
            return HOLDS_NUL
        if self._may_be_damaged and not record.text.isascii() and (found := _UNDECODED.search(record.text)):
            return f"byte 0x{ord(found[0]) - 0xDC00:02X} in it cannot be read as {self.dialect.encoding}"
        return ""

    def rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
        return numbered(self.blocks(left))

    def blocks(self, left: list[BadRow]) -> Iterator[Block]:
        """What `rows` gives, many at once."""
        return without_footers(self._blocks(left), len(self.columns), self._id, left)

    def _blocks(self, left: list[BadRow]) -> Iterator[tuple[int, list[list[str]], bool]]:
        """The rows with footers among them, one or many at once: the line of the first, and whether a blank one stands
        before it."""
        line, line_end, behind_blank = self._first, self.dialect.end[-1], False
        with self._opened() as text:
            while block := list(islice(text, BATCH if line > self.header_line else self.header_line - line + 1)):
                behind = line + len(block)
                if line > self.header_line and (rows := self._plain_rows(block)):
                    yield line, rows, behind_blank
                    line, behind_blank = behind, False
                    continue
                for record in self._read(chain(block, text), line):
                    values = record.values
                    if record.line == self.header_line:
                        pass
                    elif len(values) == 1 and self.is_blank(record):
                        behind_blank = True
                    elif self._is_row(record, len(values), left):
                        yield record.line, [values], behind_blank
                        behind_blank = False
                    line = record.line + max(record.text.count(line_end), 1)
                    if line >= behind:
                        break

    def _plain_rows(self, lines: list[str]) -> list[list[str]] | None:
        """What some lines behind the header say, where each of them is a row without anything odd; else None."""
        if self.dialect.escape or (self._may_be_damaged and any(map(_UNDECODED.search, lines))):
            return None
        rows = read_plain(lines, self.dialect.delimiter, self.dialect.end)
        return rows if rows and {*map(len, rows)} == {len(self.columns)} else None

    def _is_row(self, record: CsvRecord, fields: int, left: list[BadRow]) -> bool:
        """Whether a record that is not blank and has so many fields is a row; what is none goes to `left`."""
        line, text, width = record.line, record.text, len(self.columns)
        if damage := self._damage(record):
            left.append(BadRow(damage, line, _UNDECODED.sub("\ufffd", text.strip()[:200]), fields))
            return False
        quotes = '"' in text
        if quotes and not self.dialect.escape and '\\"' in text and shows_escapes(record, width):
            begin = text.splitlines()[0][:60]
            raise BadInput(
                f"a quote within quotes seems to have a backslash before it ({begin}): "
                "say escape = '\\' under [crm] if the export writes them so",
                file=self.path,
                line=line,
            )
        odd = (quotes and not record.is_plain) or fields != width or line < self.header_line
        if odd and (reason := self.fault(record)):
            apart = line < self.header_line or fields == 1 < width
            left.append(BadRow(reason, line, text.strip()[:200], fields, apart))
            return False
        return True
