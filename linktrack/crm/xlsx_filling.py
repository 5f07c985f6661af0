"""What a new text is in a cell of a workbook: a number, a day, yes or no, or a text, and with which style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from linktrack.crm.typed_values import value_of
from linktrack.crm.xlsx_formats import NUMBER, CellFormat, number_of
from linktrack.settings.crm import FieldSettings

_OF_TEXTS = ("s", "str", "inlineStr")
_AS_NUMBERS = ("number", "zeros", "worded")  # formats that show a number as one


class SeenCells(NamedTuple):
    """How many cells of a column hold what, and how they look: `kind` is n (a number), b (yes or no) or t (a text)."""

    column: int
    kind: str
    style: str
    times: int


class CellValue(NamedTuple):
    """What a cell gets: its kind, as in `SeenCells` or "" for nothing, what stands in it, and the number of its style
    ("" is none)."""

    kind: str
    text: str
    style: str


def cell_kind(kind: str) -> str:
    """What a cell with a value holds by the type that its tag says, as in `SeenCells`; "" for errors."""
    return "t" if kind in _OF_TEXTS else kind if kind in ("n", "b") else ""


@dataclass
class CellFiller:
    """What texts become in the cells of a sheet: by what stands in the cell, else by what is `seen` in the column's
    other cells and by the types of the columns' `fields`. `since` is the day that days are counted from."""

    formats: Sequence[CellFormat] = (NUMBER,)  # by the number of a style
    since: date = date(1899, 12, 30)
    fields: Mapping[int, FieldSettings] = field(default_factory=dict)
    seen: Sequence[SeenCells] = ()

    def value(self, column: int, text: str, held: str, style: str) -> CellValue:
        """What a cell gets that holds the kind `held` ("" is nothing) in a style; a text wherever it can be nothing
        else."""
        if text == "":
            return CellValue("", "", style)
        known = self.fields.get(column)
        kind = held or (self._kind_for(column, known, style) if known is not None else "t")
        meant = text if known is None else value_of(text, known)
        found = None
        if kind == "b" and (isinstance(meant, bool) or text in ("true", "false")):
            found = CellValue("b", str(int(meant is True or text == "true")), style)
        elif kind in ("n", "b") and isinstance(meant, bool | Decimal):
            found = self._number(column, str(int(meant)) if isinstance(meant, bool) else format(meant, "f"), style)
        elif kind == "n" and isinstance(meant, date):
            found = self._as_it_stands(column, text, held, style) or self._day(column, meant, style)
        elif kind == "n":
            found = self._as_it_stands(column, text, held, style)
        return found or CellValue("t", text, style)

    def _number(self, column: int, digits: str, style: str) -> CellValue | None:
        """A number, in a style that shows it as one, or in none."""
        safe = number_of(digits, NUMBER, self.since)
        return CellValue("n", safe, self._shown(column, style, _AS_NUMBERS) or "") if safe else None

    def _day(self, column: int, day: date, style: str) -> CellValue | None:
        """A day, in a style that shows it as one; None where the sheet has none."""
        shown = self._shown(column, style, ("day",), in_other_columns=True)
        digits = None if shown is None else number_of(day.isoformat(), self._form(shown), self.since)
        return CellValue("n", digits, shown or "") if digits else None

    def _as_it_stands(self, column: int, text: str, held: str, style: str) -> CellValue | None:
        """The number that is read as `text` in the cell's style, or of an empty cell in the column's."""
        shown = style if held else self._shown(column, style, (*_AS_NUMBERS, "day"))
        digits = None if shown is None else number_of(text, self._form(shown), self.since)
        return CellValue("n", digits, shown or "") if digits else None

    def _kind_for(self, column: int, known: FieldSettings, style: str) -> str:
        """What an empty cell becomes: by the column's other cells; where there are none, by the field's type."""
        texts = max(0, self._times(column, "t") - 1)  # without the header
        numbers, bools = self._times(column, "n"), self._times(column, "b")
        words = known.yes.casefold(), known.no.casefold()
        match known.type:
            case "date":
                return "n" if numbers >= texts or self._form(style).kind == "day" else "t"
            case "number":
                return "n" if numbers >= texts else "t"
            case "yes-no" if texts or numbers or bools:
                return "t" if texts > max(numbers, bools) else "b" if bools >= numbers else "n"
            case "yes-no":
                return "b" if words == ("true", "false") else "n" if words == ("1", "0") else "t"
        return "t" if texts else "n" if numbers else "b"

    def _times(self, column: int, kind: str) -> int:
        return sum(one.times for one in self.seen if one.column == column and one.kind == kind)

    def _form(self, style: str) -> CellFormat:
        at = int(style) if style.isdecimal() else 0
        return self.formats[at] if at < len(self.formats) else NUMBER

    def _shown(self, column: int, style: str, kinds: tuple[str, ...], *, in_other_columns: bool = False) -> str | None:
        """A style whose format is of one of the `kinds`: the cell's own, else that of most numbers in the column, else
        in the sheet; None where there is none. The default style is taken only where no other one fits."""
        fits = self._form(style).kind in kinds
        if fits and style not in ("", "0"):
            return style
        found = [one for one in self.seen if one.kind == "n" and self._form(one.style).kind in kinds]
        of_column = [one for one in found if one.column == column]
        if of_column:
            return max(of_column, key=lambda one: (one.times, one.style)).style
        if not fits and found and in_other_columns:
            return max(found, key=lambda one: (one.times, one.style)).style
        return style if fits else None
