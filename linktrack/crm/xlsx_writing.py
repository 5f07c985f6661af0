"""Writing a workbook again with some cells changed: every part as it came, and in the sheet's every other byte."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from xml.parsers import expat
from xml.sax.saxutils import escape

from linktrack.crm.xlsx_formats import NUMBER, CellFormat, number_of, read_formats
from linktrack.crm.xlsx_package import (
    CellCounter,
    DamagedWorkbook,
    LocalNames,
    SheetName,
    WorkbookPackage,
    column_letters,
    column_number,
    escaped,
    part_name,
    refuse_doctype,
)
from linktrack.crm.xlsx_reading import first_day

_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
_SPANS = re.compile(rb"""\s+spans\s*=\s*(?:"[^"]*"|'[^']*')""")
_DIMENSION = re.compile(rb"""(\bref\s*=\s*["'])([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?(?=["'])""")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._\-]+)["']""")
Wanted = Mapping[int, Mapping[int, str]]  # row from 1 -> column from 0 -> text


def write_workbook(path: Path, to: Path, sheet: SheetName, wanted: Wanted, width: int) -> None:
    """Write the workbook again with the cells `wanted` of a sheet, which is `width` columns wide then.

    DamagedWorkbook when the sheet is not as it was when it was read.
    """
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as copy:
        package = WorkbookPackage(archive)
        formats, since = read_formats(package), first_day(package)
        for entry in archive.infolist():
            data = archive.read(entry)
            if part_name(entry.filename) == sheet.part and not entry.is_dir():
                data = with_cells(data, wanted, width, formats, since)
            copy.writestr(entry, data)


def with_cells(data: bytes, wanted: Wanted, width: int, formats: list[CellFormat], since: date) -> bytes:
    """A sheet's part with some cells replaced, or added to their row."""
    encoding = _encoding_of(data)
    plain = data if encoding is None else data.decode(encoding).encode()
    sheet = _SheetSpans(plain, wanted, formats, since)
    sheet.find()
    pieces: list[bytes] = []
    done = 0
    for begin, end, new in sorted(sheet.widened(width) + sheet.edits, key=lambda edit: edit[:2]):
        pieces += [plain[done:begin], new]
        done = end
    written = b"".join([*pieces, plain[done:]])
    return written if encoding is None else written.decode().encode(encoding)


def _encoding_of(data: bytes) -> str | None:
    """The encoding of an XML part, None for UTF-8; a BOM is kept as a character of the text."""
    for bom, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(bom):
            return name
    if data.startswith(b"<\0"):
        return "utf-16-le"
    if data.startswith(b"\0<"):
        return "utf-16-be"
    said = _ENCODING.match(data)
    name = codecs.lookup(said[1].decode()).name if said else "utf-8"
    return None if name in ("utf-8", "ascii") else name


class _SheetSpans:
    """Where the cells that change stand in a sheet's part, which is UTF-8 here: an XML parser says it, so that
    comments, CDATA and quoted signs are what they are."""

    def __init__(self, data: bytes, wanted: Wanted, formats: list[CellFormat], since: date) -> None:
        self.data, self.wanted, self.formats, self.since = data, wanted, formats, since
        self.edits: list[tuple[int, int, bytes]] = []
        self.dimension: int | None = None
        self.count = CellCounter()
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = refuse_doctype
        self.names = LocalNames()
        self.in_data = False
        self.left: dict[int, str] | None = None  # of the row that is read and changes: what is still to be placed
        self.cell: tuple[int, dict[str, str]] | None = None  # begin and attributes of the cell that is replaced
        self.has_value = False
        self.prefix = ""
        self.row_begin = 0
        self.rows_found = 0

    def find(self) -> None:
        try:
            self.parser.Parse(self.data, True)
        except expat.ExpatError as problem:
            raise DamagedWorkbook(f"its XML is broken ({problem})") from None
        if self.rows_found != len(self.wanted):
            raise DamagedWorkbook("a row is not where it was read")

    def widened(self, width: int) -> list[tuple[int, int, bytes]]:
        """The edit of the sheet's dimension, if it does not reach to its last column: some readers stop there."""
        if self.dimension is None:
            return []
        tag = self._tag(self.dimension)

        def edit(found: re.Match[bytes]) -> bytes:
            last = found[4] or found[2]
            if column_number(last.decode()) < width - 1:
                last = column_letters(width - 1).encode()
            return b"%b%b%b:%b%b" % (found[1], found[2], found[3], last, found[5] or found[3])

        found = _DIMENSION.search(tag)
        if found is None or column_number((found[4] or found[2]).decode()) >= width - 1:
            return []
        return [(self.dimension, self.dimension + len(tag), _DIMENSION.sub(edit, tag, count=1))]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = self.names[name]
        if self.left is None and self.in_data and name != "row":
            return  # of a row that stays
        at = self.parser.CurrentByteIndex
        if not self.in_data:
            self.in_data = name == "sheetData"
            if name == "dimension":
                self.dimension = at
        elif name == "row":
            number = self.count.next_row(attributes)
            if number in self.wanted:
                self.left, self.row_begin = dict(self.wanted[number]), at
                self.rows_found += 1
                found = re.match(rb"<([^>/\s]*?)row\b", self._tag(at))
                self.prefix = found[1].decode() if found else ""
        elif name == "c" and self.left is not None:
            column = self.count.next_cell(attributes)
            before = sorted(one for one in self.left if one < column)
            if before:
                self.edits.append((at, at, "".join(self._written(one, {}) for one in before).encode()))
            if column in self.left:
                self.cell, self.has_value = (at, attributes), False
        elif name == "v" and self.cell is not None:
            self.has_value = True

    def _end(self, name: str) -> None:
        name = self.names[name]
        if self.left is None:
            self.in_data = self.in_data and name != "sheetData"
            return
        at = self.parser.CurrentByteIndex
        if name == "c" and self.cell is not None:
            begin, attributes = self.cell
            self.cell = None
            tag = self._tag(begin)
            end = begin + len(tag) if tag.endswith(b"/>") else at + len(self._tag(at))
            self.edits.append((begin, end, self._written(self.count.column, attributes).encode()))
        elif name == "row" and self.left is not None:
            self._end_row(at)
            self.left = None

    def _end_row(self, at: int) -> None:
        assert self.left is not None  # noqa: S101  (it is a row that changes)
        rest = "".join(self._written(column, {}) for column in sorted(self.left)).encode()
        tag = self._tag(self.row_begin)
        begin = _SPANS.sub(b"", tag)  # a hint only, and it may not be true any more
        if tag.endswith(b"/>"):
            begin = begin[:-2].rstrip() + b">" + rest + f"</{self.prefix}row>".encode()
        elif rest:
            self.edits.append((at, at, rest))
        self.edits.append((self.row_begin, self.row_begin + len(tag), begin))

    def _tag(self, at: int) -> bytes:
        found = _TAG.match(self.data, at)
        if found is None:
            raise DamagedWorkbook("its XML is broken")
        return found[0]

    def _written(self, column: int, attributes: dict[str, str]) -> str:
        """The cell of a column with its new text, as what it held before: a number or a day where it can be one, else
        a text, which stands in the cell, so that the table of shared strings stays as it is."""
        assert self.left is not None  # noqa: S101  (it is a row that changes)
        text = self.left.pop(column)
        prefix, style, kind = self.prefix, attributes.get("s", ""), attributes.get("t", "n")
        begin = f'<{prefix}c r="{column_letters(column)}{self.count.row}"' + (f' s="{escape(style)}"' if style else "")
        if text == "":
            return f"{begin}/>"
        digits, typed = None, ""
        if self.has_value and kind == "b" and text in ("true", "false"):
            digits, typed = str(int(text == "true")), ' t="b"'
        elif self.has_value and kind == "n":
            at = int(style) if style.isdecimal() else 0
            form = self.formats[at] if at < len(self.formats) else NUMBER
            digits = number_of(text, form, self.since)
        self.has_value = False
        if digits is not None:
            return f"{begin}{typed}><{prefix}v>{digits}</{prefix}v></{prefix}c>"
        safe = escape(escaped(text))
        return (
            f'{begin} t="inlineStr"><{prefix}is><{prefix}t xml:space="preserve">{safe}</{prefix}t></{prefix}is>'
            f"</{prefix}c>"
        )
