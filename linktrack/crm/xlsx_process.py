"""The process that reads a sheet of a workbook: rows out, in batches, within limits on memory and time."""

from __future__ import annotations

import marshal
import os
import re
import sys
import zipfile
from contextlib import suppress
from datetime import date
from typing import BinaryIO, NamedTuple

from linktrack.crm.xlsx_filling import cell_kind
from linktrack.crm.xlsx_formats import NUMBER, number_text, read_formats
from linktrack.crm.xlsx_package import CellCounter, DamagedWorkbook, WorkbookPackage, column_number, parse, unescaped

MEMORY = 1_000_000_000  # bytes
SECONDS = 300
MAX_ROW = 16_000_000  # characters of a row, as many as a line of other formats has
_BATCH, _BATCH_TEXT = 1_000, 4_000_000  # rows, characters
_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")
_CONSTANTS = {"TRUE()": "true", "FALSE()": "false", "TRUE": "true", "FALSE": "false"}  # formulas that are values
REFUSED, NO_ROOM = 3, 5  # exit codes of the process


class Area(NamedTuple):
    """A rectangle of cells: its first row and column, its last ones, and whether it is merged (else it is what one
    formula answers)."""

    top: int
    first: int
    bottom: int
    last: int
    merged: bool


def main() -> None:
    """The process: the path and the sheet's name as arguments, rows out, a reason on stderr."""
    _limit()
    path, sheet = sys.argv[2:4]
    code = 0
    try:
        with zipfile.ZipFile(path) as archive:
            write_rows(WorkbookPackage(archive), sheet, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except MemoryError:
        reason, code = f"reading it takes more than {MEMORY // 1_000_000_000} GB of memory: save it as CSV", REFUSED
    except (DamagedWorkbook, zipfile.BadZipFile, EOFError) as problem:
        reason, code = str(problem), REFUSED
    except OSError:  # of which the caller says what it is
        reason, code = "", NO_ROOM
    if code:
        sys.stderr.buffer.write(reason.encode("utf-8", "replace"))
        sys.stderr.flush()
        os._exit(code)


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):  # where a system has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def first_day(package: WorkbookPackage) -> date:
    """The day that dates are counted from: the workbook's date system (18.2.28), after its leap-year error."""
    return date(1904, 1, 1) if package.first_day_is_1904 else date(1899, 12, 30)


def write_rows(package: WorkbookPackage, name: str, to: BinaryIO) -> None:
    """Write a sheet's rows in batches; behind them its name, its columns with formulas, the names of hidden sheets, the
    areas of merged cells and of formulas, and what was seen in its columns; and at the end where these begin."""
    sheet = package.choose(name)
    reader = _SheetReader(package, to)
    with package.open(sheet.part) as file:
        parse(file, reader.start, reader.end, reader.text)
    reader.flush()
    hidden = [one.name for one in package.sheets if not one.visible]
    seen = [(*cells, times) for cells, times in reader.seen.items()]
    marshal.dump((sheet.name, sorted(reader.calculated), hidden, reader.areas, seen), to)
    to.write(reader.written.to_bytes(8, "big"))


class _SheetReader:
    """The handlers of a sheet's elements."""

    def __init__(self, package: WorkbookPackage, to: BinaryIO) -> None:
        self.to, self.written = to, 0
        self.since = first_day(package)
        self.formats = read_formats(package)
        self.shared = _shared_strings(package)
        self.calculated: set[int] = set()
        self.count = CellCounter()
        self.batch: list[tuple[int, list[str], dict[int, str], list[int]]] = []
        self.formulas: list[int] = []
        self.areas: list[tuple[int, int, int, int, bool]] = []
        self.values: list[str] = []
        self.doubts: dict[int, str] = {}
        self.length = self.batch_length = 0  # characters
        self.in_data = self.in_cell = self.in_value = self.in_formula = self.phonetic = False
        self.pieces: list[str] = []
        self.formula: list[str] | None = None  # of the cell that is read, in pieces
        self.seen: dict[tuple[int, str, str], int] = {}  # column, kind, style -> how many cells
        self.at = 0
        self.kind = self.style = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.in_data:
            self.in_data = name == "sheetData"
            if name == "mergeCell":
                self._note_area(attributes, merged=True)
        elif name == "c":
            self.at = self.count.next_cell(attributes)
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "0")
            self.in_cell, self.pieces, self.formula = True, [], None
        elif name == "row":
            self.count.next_row(attributes)
            self.values, self.doubts, self.formulas, self.length = [], {}, [], 0
        elif self.in_cell:
            if name in ("v", "t"):
                self.in_value = not self.phonetic
            elif name == "f":
                self.formula, self.in_formula = [], True
                if attributes.get("t") in ("array", "dataTable"):
                    self._note_area(attributes, merged=False)
            elif name == "rPh":
                self.phonetic = True

    def _note_area(self, attributes: dict[str, str], *, merged: bool) -> None:
        found = _AREA.fullmatch(attributes.get("ref", ""))
        if found:
            top, bottom = int(found[2]), int(found[4])
            self.areas.append((top, column_number(found[1]), bottom, column_number(found[3]), merged))

    def text(self, text: str) -> None:
        if self.in_value:
            self.pieces.append(text)
        elif self.in_formula and self.formula is not None:
            self.formula.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self.in_value = False
        elif name == "f":
            self.in_formula = False
        elif name == "rPh":
            self.phonetic = False
        elif name == "c" and self.in_cell:
            self.in_cell = False
            value = self._value("".join(self.pieces))
            kind = cell_kind(self.kind)
            if self.formula is not None:
                constant = _CONSTANTS.get("".join(self.formula).strip().upper())
                if constant is not None:  # as LibreOffice writes what is true or false
                    value, kind = constant, "b"
                else:
                    self.calculated.add(self.at)
                    self.formulas.append(self.at)
                    kind = ""
            if value:
                if kind:
                    what = self.at, kind, self.style
                    self.seen[what] = self.seen.get(what, 0) + 1
                self.values += [""] * (self.at - len(self.values))
                self.values.append(value)
                self.length += len(value)
                if self.length > MAX_ROW:
                    raise DamagedWorkbook(
                        f"row {self.count.row} holds more than {MAX_ROW // 1_000_000} million characters, which no "
                        "row of an export does"
                    )
        elif name == "row" and self.in_data:
            if self.values:
                self.batch.append((self.count.row, self.values, self.doubts, self.formulas))
                self.batch_length += self.length
            if len(self.batch) >= _BATCH or self.batch_length > _BATCH_TEXT:
                self.flush()
        elif name == "sheetData":
            self.in_data = False

    def _value(self, raw: str) -> str:
        match self.kind:
            case "s" if not raw:  # an empty cell that keeps the kind it had
                return ""
            case "s":
                if not raw.isdecimal() or int(raw) >= len(self.shared):
                    raise DamagedWorkbook(
                        f"a cell in row {self.count.row} is the text {raw[:20]!r}, which is not there"
                    )
                return self.shared[int(raw)]
            case "inlineStr" | "str":
                return unescaped(raw)
            case "b":
                return {"0": "false", "1": "true"}.get(raw.strip(), raw)
            case "n":
                raw = raw.strip()
                if not raw:
                    return ""
                style = int(self.style) if self.style.isdecimal() else 0
                form = self.formats[style] if style < len(self.formats) else NUMBER
                text, doubt = number_text(raw, form, self.since)
                if doubt:
                    self.doubts[self.at] = doubt
                return text
        return raw

    def flush(self) -> None:
        if self.batch:
            data = marshal.dumps(self.batch)
            self.to.write(data)
            self.written += len(data)
            self.batch, self.batch_length = [], 0


def _shared_strings(package: WorkbookPackage) -> list[str]:
    part = package.related("sharedstrings")
    found: list[str] = []
    pieces: list[str] = []
    phonetic = reads = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal phonetic, reads
        if name == "si":
            pieces.clear()
        elif name == "rPh":
            phonetic = True
        elif name == "t":
            reads = not phonetic

    def text(piece: str) -> None:
        if reads:
            pieces.append(piece)

    def end(name: str) -> None:
        nonlocal phonetic, reads
        if name == "t":
            reads = False
        elif name == "rPh":
            phonetic = False
        elif name == "si":
            found.append(unescaped("".join(pieces)))

    if part is not None:
        with package.open(part) as file:
            parse(file, start, end, text)
    return found
