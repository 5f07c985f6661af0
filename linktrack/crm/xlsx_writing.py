"""Writing a workbook again with some cells changed: every part as it came, and in the sheet's part every byte outside
of these cells."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape

from linktrack.crm.xlsx_filling import CellFiller, SeenCells, cell_kind
from linktrack.crm.xlsx_formats import read_formats
from linktrack.crm.xlsx_package import (
    BLOCK,
    BROKEN,
    MAX_TAG,
    CellCounter,
    DamagedWorkbook,
    LocalNames,
    SheetName,
    WorkbookPackage,
    column_letters,
    column_number,
    part_name,
    refuse_doctype,
    xml_escaped,
)
from linktrack.crm.xlsx_process import first_day
from linktrack.settings.crm import FieldSettings

_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
_SPANS = re.compile(rb"""\s+spans\s*=\s*(?:"[^"]*"|'[^']*')""")
_DIMENSION = re.compile(rb"""(\bref\s*=\s*["'])([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?(?=["'])""")
_ENCODING = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._\-]+)["']""")
_HEAD = 1_000  # bytes in which a part says its encoding
Wanted = Mapping[int, Mapping[int, str]]  # row from 1 -> column from 0 -> text
ByteEdit = tuple[int, int, bytes]  # from which byte up to which one, and what stands there then


def rewrite_workbook(
    path: Path,
    to: Path,
    sheet: SheetName,
    wanted: Wanted,
    width: int,
    fields: Mapping[int, FieldSettings],
    seen: Sequence[SeenCells],
) -> None:
    """Write the workbook again with the cells `wanted` of a sheet, which is `width` columns wide then. `fields` are
    those of its columns that have one, `seen` what stands in it. Parts go through memory block by block, however large
    they are.

    DamagedWorkbook when the sheet is not as it was when it was read, or a part cannot be unpacked.
    """
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        package = WorkbookPackage(archive)
        filler = CellFiller(read_formats(package), first_day(package), fields, seen)
        for entry in archive.infolist():
            if entry.is_dir():
                new.writestr(copy(entry), b"")
                continue
            name = part_name(entry.filename)

            def part(name: str = name) -> BinaryIO:
                return package.open(name)

            blocks = with_cells(part, wanted, width, filler) if name == sheet.part else _blocks(part(), name)
            with new.open(copy(entry), "w") as written:
                for block in blocks:
                    written.write(block)


def with_cells(part: Callable[[], BinaryIO], wanted: Wanted, width: int, filler: CellFiller) -> Iterator[bytes]:
    """A sheet's part, which `part` opens, with some cells replaced, or added to their row; in blocks."""
    with part() as file:
        encoding = _encoding_of(file.read(_HEAD))
    sheet = _SheetSpans(wanted, filler)
    sheet.find(_as_utf8(_blocks(part(), "of the sheet"), encoding))
    edits = sorted(sheet.widened(width) + sheet.edits, key=lambda edit: edit[:2])
    for block in _spliced(_as_utf8(_blocks(part(), "of the sheet"), encoding), edits):
        yield block if encoding is None else block.decode().encode(encoding)


def _blocks(file: BinaryIO, name: str) -> Iterator[bytes]:
    """An open part, block by block. DamagedWorkbook when it cannot be unpacked."""
    with file:
        while True:
            try:
                block = file.read(BLOCK)
            except BROKEN as problem:
                raise DamagedWorkbook(f"its part {name} cannot be unpacked ({problem})") from None
            if not block:
                return
            yield block


def _as_utf8(blocks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """A part in UTF-8, in blocks of whole characters unless it is so already."""
    if encoding is None:
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in blocks:
        yield decoder.decode(block).encode()


def _spliced(blocks: Iterator[bytes], edits: Sequence[ByteEdit]) -> Iterator[bytes]:
    """What the blocks hold, with the edits made, which are in their order."""
    at = done = number = 0  # where the block begins; up to where all is written or replaced; which edit is next
    for block in blocks:
        end = at + len(block)
        pieces: list[bytes] = []
        while number < len(edits) and edits[number][0] < end:
            begin, until, new = edits[number]
            pieces += [block[max(done - at, 0) : max(begin - at, 0)], new]
            done = until
            number += 1
        pieces.append(block[max(done - at, 0) :])
        done = max(done, end)
        at = end
        yield b"".join(pieces)


def _encoding_of(data: bytes) -> str | None:
    """The encoding of an XML part by its first bytes, None for UTF-8; a BOM is kept as a character of the text."""
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
    comments, CDATA and quoted signs are what they are. What is kept of the part is what the parser has not passed."""

    def __init__(self, wanted: Wanted, filler: CellFiller) -> None:
        self.wanted, self.filler = wanted, filler
        self.kept, self.kept_from = b"", 0
        self.edits: list[ByteEdit] = []
        self.dimension: tuple[int, bytes] | None = None  # where its tag begins, and the tag
        self.count = CellCounter()
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = refuse_doctype
        self.names = LocalNames()
        self.in_data = False
        self.left: dict[int, str] | None = None  # of the row that is read and changes: what is still to be placed
        self.cell: tuple[int, bytes, dict[str, str]] | None = None  # begin, tag, attributes of what is replaced
        self.held = ""  # the kind of what stands in the cell
        self.prefix = ""
        self.row_begin, self.row_tag = 0, b""
        self.rows_found = 0

    def find(self, blocks: Iterator[bytes]) -> None:
        """Read the part once."""
        try:
            for block in blocks:
                self.kept += block
                self.parser.Parse(block, False)
                passed = max(self.parser.CurrentByteIndex, self.kept_from)
                self.kept, self.kept_from = self.kept[passed - self.kept_from :], passed
                if len(self.kept) > MAX_TAG:  # which is looked through again with every block
                    raise DamagedWorkbook(f"a tag is longer than {MAX_TAG // 1_000_000} MB")
            self.parser.Parse(b"", True)
        except expat.ExpatError as problem:
            raise DamagedWorkbook(f"its XML is broken ({problem})") from None
        if self.rows_found != len(self.wanted):
            raise DamagedWorkbook("a row is not where it was read")

    def widened(self, width: int) -> list[ByteEdit]:
        """The edit of the sheet's dimension, if it does not reach to its last column: some readers stop there."""
        if self.dimension is None:
            return []
        at, tag = self.dimension

        def edit(found: re.Match[bytes]) -> bytes:
            last = found[4] or found[2]
            if column_number(last.decode()) < width - 1:
                last = column_letters(width - 1).encode()
            return b"%b%b%b:%b%b" % (found[1], found[2], found[3], last, found[5] or found[3])

        found = _DIMENSION.search(tag)
        if found is None or column_number((found[4] or found[2]).decode()) >= width - 1:
            return []
        return [(at, at + len(tag), _DIMENSION.sub(edit, tag, count=1))]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = self.names[name]
        if self.left is None and self.in_data and name != "row":
            return  # of a row that stays
        at = self.parser.CurrentByteIndex
        if not self.in_data:
            self.in_data = name == "sheetData"
            if name == "dimension":
                self.dimension = at, self._tag(at)
        elif name == "row":
            number = self.count.next_row(attributes)
            if number in self.wanted:
                self.left, self.row_begin, self.row_tag = dict(self.wanted[number]), at, self._tag(at)
                self.rows_found += 1
                found = re.match(rb"<([^>/\s]*?)row\b", self.row_tag)
                self.prefix = found[1].decode() if found else ""
        elif name == "c" and self.left is not None:
            column = self.count.next_cell(attributes)
            before = sorted(one for one in self.left if one < column)
            if before:
                self.edits.append((at, at, "".join(self._written(one, {}) for one in before).encode()))
            if column in self.left:
                self.cell, self.held = (at, self._tag(at), attributes), ""
        elif self.cell is not None:
            if name == "f":  # TRUE() or FALSE(), for nothing is written into others
                self.held = "b"
            elif name in ("v", "is"):
                self.held = self.held or cell_kind(self.cell[2].get("t", "n"))

    def _end(self, name: str) -> None:
        name = self.names[name]
        if self.left is None:
            self.in_data = self.in_data and name != "sheetData"
            return
        at = self.parser.CurrentByteIndex
        if name == "c" and self.cell is not None:
            begin, tag, attributes = self.cell
            self.cell = None
            end = begin + len(tag) if tag.endswith(b"/>") else at + len(self._tag(at))
            self.edits.append((begin, end, self._written(self.count.column, attributes).encode()))
        elif name == "row" and self.left is not None:
            self._end_row(at)
            self.left = None

    def _end_row(self, at: int) -> None:
        assert self.left is not None  # noqa: S101  (it is a row that changes)
        rest = "".join(self._written(column, {}) for column in sorted(self.left)).encode()
        tag = self.row_tag
        begin = _SPANS.sub(b"", tag)  # a hint only, and it may not be true any more
        if tag.endswith(b"/>"):
            begin = begin[:-2].rstrip() + b">" + rest + f"</{self.prefix}row>".encode()
        elif rest:
            self.edits.append((at, at, rest))
        self.edits.append((self.row_begin, self.row_begin + len(tag), begin))

    def _tag(self, at: int) -> bytes:
        found = _TAG.match(self.kept, at - self.kept_from)
        if found is None:
            raise DamagedWorkbook("its XML is broken")
        return found[0]

    def _written(self, column: int, attributes: dict[str, str]) -> str:
        """The cell of a column with its new text, as the filler says; a text stands in the cell, so that the table of
        shared strings stays as it is."""
        assert self.left is not None  # noqa: S101  (it is a row that changes)
        new = self.filler.value(column, self.left.pop(column), self.held, attributes.get("s", ""))
        self.held = ""
        prefix = self.prefix
        style = f' s="{escape(new.style)}"' if new.style else ""
        begin = f'<{prefix}c r="{column_letters(column)}{self.count.row}"{style}'
        if new.kind == "":
            return f"{begin}/>"
        if new.kind in ("n", "b"):
            typed = ' t="b"' if new.kind == "b" else ""
            return f"{begin}{typed}><{prefix}v>{new.text}</{prefix}v></{prefix}c>"
        safe = escape(xml_escaped(new.text))
        return (
            f'{begin} t="inlineStr"><{prefix}is><{prefix}t xml:space="preserve">{safe}</{prefix}t></{prefix}is>'
            f"</{prefix}c>"
        )
