"""An XLSX package: its parts, found by their relationships as ECMA-376 (parts 1 and 2) says, and within limits."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote
from xml.parsers import expat

from linktrack.files.reading import sentence_of

MAX_PART = 500_000_000  # bytes
MAX_CELLS = 50_000_000  # of the rectangle that is used
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
_LETTERS = re.compile(r"[A-Z]{1,3}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")  # ST_Xstring (part 1, 22.9.2.19)
BLOCK = 1 << 18  # bytes that are read at once
MAX_TAG = 16_000_000  # bytes
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError)  # what unpacking a damaged part raises


class DamagedWorkbook(ValueError):
    """A package that is no workbook, or not one that can be read safely; the text is the reason."""


class SheetName(NamedTuple):
    """A worksheet of a workbook: its name, its part, and whether people see it."""

    name: str
    part: str
    visible: bool


class WorkbookPackage:
    """The parts of an open package. Their names are compared without regard to case, `\\` is `/`, and `./` nothing."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """DamagedWorkbook when there is no workbook in it, or a part is too large or there twice."""
        self.archive = archive
        self.entries: dict[str, zipfile.ZipInfo] = {}
        for entry in archive.infolist():
            name = part_name(entry.filename)
            if entry.is_dir() or not name:
                continue
            if entry.file_size > MAX_PART:
                raise DamagedWorkbook(f"its part {name} is larger than {MAX_PART // 1_000_000} MB")
            if name in self.entries:
                raise DamagedWorkbook(f"it holds the part {name} twice")
            self.entries[name] = entry
        found = [target for kind, target in self._relations("").values() if kind == "officedocument"]
        self.workbook = found[0] if found else "xl/workbook.xml"
        if self.workbook not in self.entries:
            raise DamagedWorkbook("it has no workbook, as other formats and cut files have none")
        self.sheets: list[SheetName] = []
        self.first_day_is_1904 = False
        self._related = self._relations(self.workbook)
        self._read_workbook()

    def open(self, part: str) -> BinaryIO:
        """A part, to be read. DamagedWorkbook when it is not there or encrypted."""
        if part not in self.entries:
            raise DamagedWorkbook(f"its part {part} is missing")
        try:
            return self.archive.open(self.entries[part])  # type: ignore[return-value]
        except (RuntimeError, NotImplementedError) as problem:  # a password, a method of compression
            raise DamagedWorkbook(f"its part {part} cannot be unpacked ({problem})") from None

    def related(self, kind: str) -> str | None:
        """The part that the workbook names for `kind` (`sharedstrings`, `styles`), if it does and it is there."""
        found = [target for one, target in self._related.values() if one == kind and target in self.entries]
        return found[0] if found else None

    def choose(self, name: str) -> SheetName:
        """The sheet `name`, without regard to case if need be; without a name the first that is visible."""
        if not name:
            return next((sheet for sheet in self.sheets if sheet.visible), self.sheets[0])
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        alike = [sheet for sheet in self.sheets if sheet.name.strip().casefold() == name.strip().casefold()]
        if len(alike) != 1:
            raise DamagedWorkbook(
                f"it has no sheet {name!r}: set sheet to one of {', '.join(repr(sheet.name) for sheet in self.sheets)}"
            )
        return alike[0]

    def _read_workbook(self) -> None:
        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "workbookPr":
                self.first_day_is_1904 = attributes.get("date1904") in ("1", "true")
            elif name == "sheet":
                related = [value for key, value in attributes.items() if key.rpartition(" ")[2] == "id"]
                kind, part = self._related.get(related[0] if related else "", ("", ""))
                if kind == "worksheet":
                    visible = attributes.get("state", "visible") == "visible"
                    self.sheets.append(SheetName(attributes.get("name", ""), part, visible))

        with self.open(self.workbook) as file:
            parse(file, start)
        if not self.sheets:
            raise DamagedWorkbook("it does not say where its sheets are")

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """By id the kind (the last word of its type, in lower case) and the target of what a part is related to."""
        folder, name = posixpath.split(part)
        where = part_name(f"{folder}/_rels/{name}.rels")
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = unquote(attributes.get("Target", ""))
                target = target if target.startswith(("/", "\\")) else f"{folder}/{target}"
                found[attributes.get("Id", "")] = (
                    attributes.get("Type", "").rpartition("/")[2].lower(),
                    part_name(target),
                )

        if where in self.entries:
            with self.open(where) as file:
                parse(file, start)
        return found


def part_name(name: str) -> str:
    """A part's name as it is compared."""
    path = posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/").casefold()
    return "" if path == "." else path


class LocalNames(dict[str, str]):
    """By an element's whole name the one without its namespace."""

    def __missing__(self, name: str) -> str:
        found = self[name] = name.rpartition(" ")[2]
        return found


def parse(
    file: BinaryIO,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Read an XML part in any of its encodings; elements come without their namespaces. DamagedWorkbook when it is not
    well-formed or declares a document type, which no part of a workbook has."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    names = LocalNames()
    parser.StartElementHandler = lambda name, attributes: start(names[name], attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(names[name])
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        given = 0
        while block := file.read(BLOCK):
            parser.Parse(block, False)
            given += len(block)
            if given - parser.CurrentByteIndex > MAX_TAG:  # which is looked through again with every block
                raise DamagedWorkbook(f"a tag is longer than {MAX_TAG // 1_000_000} MB")
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeDecodeError) as problem:
        raise DamagedWorkbook(f"its XML is broken ({problem})") from None
    except BROKEN as problem:
        raise DamagedWorkbook(f"it cannot be unpacked ({problem})") from None
    except OSError as problem:
        raise DamagedWorkbook(f"it cannot be unpacked: {sentence_of(problem).sentence}") from None


def refuse_doctype(*_: object) -> None:
    """DamagedWorkbook: by entities a small part can become a large one."""
    raise DamagedWorkbook("a part declares a document type, which no workbook does")


class CellCounter:
    """Where rows and cells are: by what they say, else behind the one before."""

    def __init__(self) -> None:
        self.row = self.column = self.width = 0
        self._row_text = ""

    def next_row(self, attributes: dict[str, str]) -> int:
        """The row that begins, counted from 1. DamagedWorkbook for one that is out of order or beyond the size of a
        sheet."""
        said = attributes.get("r", "")
        number = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0 if said else self.row + 1
        if not self.row < number <= LAST_ROW:
            raise DamagedWorkbook(f"the row {said[:20] or number} stands where none can be")
        self.row, self.column, self._row_text = number, -1, str(number)
        return number

    def next_cell(self, attributes: dict[str, str]) -> int:
        """The column of the cell that begins, counted from 0. DamagedWorkbook for one that is out of order, in another
        row, or beyond the size that a sheet may have."""
        said = attributes.get("r")
        if said is None:
            at = self.column + 1
        else:
            at = _COLUMNS[said[: -len(self._row_text)]] if said.endswith(self._row_text) else -1
        if not self.column < at < LAST_COLUMN:
            raise DamagedWorkbook(f"the cell {said if said is None else said[:20]!r} stands where none can be")
        self.column = at
        if at >= self.width:
            self.width = at + 1
        if self.width * self.row > MAX_CELLS:
            raise DamagedWorkbook(
                f"its used cells reach to {column_letters(self.width - 1)}{self.row}, and more than "
                f"{MAX_CELLS // 1_000_000} million are never read: delete what stands there, or save it as CSV"
            )
        return at


class _ColumnNumbers(dict[str, int]):
    """By the letters of a column its number from 0, -1 where these are no column."""

    def __missing__(self, letters: str) -> int:
        number = column_number(letters) if _LETTERS.fullmatch(letters) else -1
        if number >= 0:
            self[letters] = number
        return number


_COLUMNS = _ColumnNumbers()


def column_number(letters: str) -> int:
    """The column `A`, counted from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(column: int) -> str:
    """What a sheet calls a column that is counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def unescaped(text: str) -> str:
    """A text of a workbook with its `_x000D_` read; half a character is a question mark."""
    if "_x" not in text:
        return text
    return (
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )


def xml_escaped(text: str) -> str:
    """A text as a workbook writes it: signs that XML has not, and carriage returns, as `_x000D_`."""
    text = _ESCAPED.sub(lambda found: f"_x005F{found[0]}", text)
    return re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", lambda found: f"_x{ord(found[0]):04X}_", text)
