"""XLSX exports: one sheet of a workbook as a table, written back by editing only that sheet's part of the package."""

from __future__ import annotations

import shutil
import weakref
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import islice, zip_longest
from pathlib import Path

from linktrack.crm.csv_dialect import HEADER_WITHIN
from linktrack.crm.export_rows import HOLDS_NUL, BadRow
from linktrack.crm.footers import numbered, without_footers
from linktrack.crm.headers import find_header
from linktrack.crm.mapping import TableLayout
from linktrack.crm.typed_values import same_value
from linktrack.crm.xlsx_package import DamagedWorkbook, WorkbookPackage
from linktrack.crm.xlsx_reading import SheetRow, read_sheet
from linktrack.crm.xlsx_writing import rewrite_workbook
from linktrack.errors import BadInput
from linktrack.settings.crm import FieldSettings


class SheetTable:
    """A sheet of a workbook: the one that is set, else the first that people see. Every cell is text: numbers as
    `xlsx_formats.number_text` says, texts as they are."""

    suffix = ".xlsx"
    lists: frozenset[int] = frozenset()

    def __init__(self, path: Path, layout: TableLayout) -> None:
        self.path, self.header_is_found = path, not layout.header_row
        self._cells = read_sheet(path, layout.sheet)
        weakref.finalize(self, self._cells.close)
        self.sheet = self._cells.sheet
        rows = list(islice(self._cells.rows(), max(HEADER_WITHIN, layout.header_row)))
        if not rows:
            hidden = f" (these are hidden: {', '.join(self._cells.hidden)})" if self._cells.hidden else ""
            raise BadInput(
                f"the sheet {self.sheet!r} is empty: an export begins with a row that names its columns; name another "
                f"one with sheet{hidden}",
                file=path,
            )
        self.header_line = find_header(((row.number, row.values) for row in rows), layout, path)
        names = [name.strip() for row in rows if row.number == self.header_line for name in row.values]
        if "\0" in "".join(names):
            raise BadInput(f"the header's row: {HOLDS_NUL}", file=path, line=self.header_line)
        while names and not names[-1]:
            names.pop()
        self.columns = names
        self.calculated = self._calculated()
        self._id = layout.place_of_id(names)

    def rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[str]]]:
        """Row numbers as the sheet shows them; empty rows are left out."""
        return numbered(without_footers(self._rows(left), len(self.columns), self._id, left))

    def _rows(self, left: list[BadRow]) -> Iterator[tuple[int, list[list[str]], bool]]:
        """Number and values of each row alone, footers included, and whether an empty row stands before it."""
        width = len(self.columns)
        previous = self.header_line
        for row in self._cells.rows():
            number, values, doubts, _ = row
            if number == self.header_line:
                continue
            if reason := self._fault(row):
                filled = sum(map(bool, values))
                left.append(BadRow(reason, number, " ".join(values)[:200], filled, apart=number < self.header_line))
            elif doubts and self._id in doubts:
                reason = f"the number in {self.columns[self._id]!r} is not what was typed: {doubts[self._id]}"
                left.append(BadRow(f"{reason}; export ids as text", number, " ".join(values)[:200]))
            elif any(values[:width]):
                yield number, [values + [""] * (width - len(values))], number > previous + 1
            previous = number

    def first_rows(self) -> list[tuple[int, list[str]]]:
        return [(row.number, row.values) for row in islice(self._cells.rows(), HEADER_WITHIN)]

    def unwritable(self, line: int, column: int) -> str:
        if column in self._formulas.get(line, ()):
            return "its cell holds a formula"
        for area in self._cells.areas:
            if area.top <= line <= area.bottom and area.first <= column <= area.last:
                if not area.merged:
                    return "its cell holds a formula"
                if (line, column) != (area.top, area.first):
                    return "its cell is merged with another one, which covers it"
        return ""

    @cached_property
    def _formulas(self) -> dict[int, list[int]]:
        """By row the columns with formulas, of sheets that have any."""
        return (
            {row.number: row.formulas for row in self._cells.rows() if row.formulas} if self._cells.calculated else {}
        )

    def _calculated(self) -> frozenset[int]:
        """The columns that hold a formula in every row below the header."""
        found = self._cells.calculated
        below = 0
        for row in self._cells.rows() if found else ():
            if row.number > self.header_line and any(row.values):
                below += 1
                found = found.intersection(row.formulas)
                if not found:
                    break
        return found if below else frozenset()

    def _fault(self, row: SheetRow) -> str:
        """Why a row is none of this table, or nothing."""
        number, values = row.number, row.values
        width = len(self.columns)
        if number < self.header_line:
            return "it stands before the header, like a title"
        if len(values) > width and any(value.strip() for value in values[width:]):
            return f"it has {len(values)} cells and the header {width}"
        if "\0" in "".join(values):
            return HOLDS_NUL
        return ""

    def write(
        self,
        to: Path,
        changes: Mapping[int, Mapping[int, str]],
        created: Sequence[str],
        fields: Mapping[int, FieldSettings],
    ) -> None:
        """The package again, with the cells of the sheet changed that change, read back and compared."""
        if not changes and not created:
            shutil.copyfile(self.path, to)
            return
        width = len(self.columns)
        wanted = {line: dict(cells) for line, cells in changes.items()}
        if created:
            wanted.setdefault(self.header_line, {}).update({width + at: name for at, name in enumerate(created)})
        try:
            with zipfile.ZipFile(self.path) as archive:
                sheet = WorkbookPackage(archive).choose(self.sheet)
            rewrite_workbook(self.path, to, sheet, wanted, width + len(created), fields, self._cells.seen)
        except DamagedWorkbook as problem:
            raise BadInput(f"it cannot be written back: {problem}", file=self.path) from None
        self._compare(to, wanted, fields)

    def _compare(self, to: Path, wanted: Mapping[int, Mapping[int, str]], fields: Mapping[int, FieldSettings]) -> None:
        """BadInput unless all cells of the workbook that was written are as they were or as they are wanted."""
        try:
            written = read_sheet(to, self.sheet)
        except BadInput as problem:
            raise BadInput(f"what was written cannot be read back, {problem.sentence}", file=self.path) from None
        try:
            for old, new in zip_longest(self._cells.rows(), written.rows()):
                number = (old or new).number
                before, after = (old.values if old else []), (new.values if new else [])
                if new is None and not any(wanted.get(number, {0: "x"}).values()):
                    continue  # a row that has become empty
                if old is None or new is None or old.number != new.number:
                    raise BadInput(f"row {number} could not be written back: save it as CSV", file=self.path)
                cells = wanted.get(number)
                if cells is None:
                    alike = before == after
                else:
                    width = max(len(before), len(after), max(cells) + 1)
                    before, after = (row + [""] * (width - len(row)) for row in (before, after))
                    alike = all(
                        _same(cells[at], after[at], fields.get(at) if number != self.header_line else None)
                        if at in cells
                        else before[at] == after[at]
                        for at in range(width)
                    )
                if not alike:
                    raise BadInput(f"row {number} could not be written back: save it as CSV", file=self.path)
        finally:
            written.close()


def _same(wanted: str, written: str, known: FieldSettings | None) -> bool:
    """Whether a cell holds what was to be written: the same text, the same number, or what the field means by it."""
    if wanted == written or (known is not None and same_value(written, wanted, known)):
        return True
    try:
        return Decimal(wanted) == Decimal(written)
    except InvalidOperation:
        return False
