"""A list or a report as a workbook: a sheet of typed cells, a chart where its figures have a shape, and no formula.

Texts are written as texts whatever they look like: nothing that a stranger chose becomes a formula or a link. Rows go
to the disk as they come, so that a long list needs no more memory than a short one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, BinaryIO

from linktrack.crm.guard import must_match, would_run
from linktrack.errors import BadInput
from linktrack.moments import datetime_of, iso, offset_that_tells, wall_time
from linktrack.reports.headings import WORDS, heading, in_one_phrase
from linktrack.reports.totals import SUM
from linktrack.reports.workbook_chart import Chart
from linktrack.visible import visible, visible_lines

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from linktrack.settings.tables import Language

MOST_ROWS = 1_048_575  # of a sheet, below its header
_LONGEST = 32_767  # characters of a cell
_EXACT_BELOW = 10**15  # numbers that a spreadsheet keeps to the last digit
_FIRST_YEAR = 1900  # of a spreadsheet's calendar
_NARROWEST, _WIDEST = 8, 60  # of columns, in characters
_BUTTON = 3  # characters that the filter of a column covers
_LINE = 15  # points of a line
_BARS = 30  # that can be told apart in one chart

_RATE, _DIFFERENCE, _TIME, _DAY = "0.0%", "+0.0%;-0.0%;0.0%", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"
_AS_TEXT = "@"
_SHARES = dict.fromkeys(("click_rate", "rate_low", "rate_high", "other_rate", "share", "median"), _RATE) | (
    dict.fromkeys(("difference", "low", "high"), _DIFFERENCE)
)
_DAYS = ("day",)
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """What a sheet looks like. `times` are the columns of UTC milliseconds; `notes` stand below the table."""

    columns: Sequence[str]
    times: frozenset[str]
    zone: tzinfo
    language: Language
    chart: Chart | None = None
    notes: tuple[str, ...] = ()


def write_workbook(file: BinaryIO, sheet: Sheet, rows: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Write rows of texts, numbers, booleans and None; those that hold SUM come last.

    `folder` takes what is needed for a moment. BadInput without the extra, and for more than MOST_ROWS rows.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise BadInput("a workbook needs the extra: pip install 'linktrack[xlsx]'") from None
    from tempfile import TemporaryFile

    options = {
        "constant_memory": sheet.chart is None,  # a chart keeps a copy of what it draws, so its rows must be known
        "tmpdir": str(folder),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with TemporaryFile(dir=folder) as whole:
        workbook = Workbook(whole, options)
        workbook.use_zip64()
        writer = _SheetWriter(workbook, sheet)
        try:
            writer.write(rows)
            workbook.close()
        finally:
            writer.release()
        whole.seek(0)
        shutil.copyfileobj(whole, file)


class _SheetWriter:
    """The one sheet of a workbook while it is written, row by row."""

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self._workbook = workbook
        self._sheet = sheet
        self._words = WORDS[sheet.language]
        self._page: Worksheet = workbook.add_worksheet(self._words["sheet"])
        self._formats: dict[tuple[str, bool, bool], Format] = {}
        self._widths: list[int] = []
        self._drawn: list[Mapping[str, Any]] = []

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._write_header()
        last = sums = 0
        for row in rows:
            if SUM in row:
                sums += 1
            elif last + sums < MOST_ROWS:
                last += 1
            else:
                raise BadInput(
                    f"a sheet has room for {MOST_ROWS:,} rows, and there are more: write CSV, with --format csv or "
                    "into a file that ends in .csv"
                )
            if last + sums <= MOST_ROWS:  # a table that fills its sheet has no room for sums
                self._write_row(last + sums, row)
            if self._sheet.chart is not None and not sums:
                self._drawn.append(row)
        for number, note in enumerate(self._sheet.notes, last + sums + 2):
            if number <= MOST_ROWS:
                self._page.write_string(number, 0, _fitting(note))
        self._arrange(last)
        if self._drawn:
            self._draw(self._sheet.chart)

    def release(self) -> None:
        """Let go of the file that rows went into as they came, also when not all of them have come."""
        if self._sheet.chart is None:
            self._page.row_data_fh.close()

    def _write_header(self) -> None:
        style = self._workbook.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8ECF1"}
        )
        lines = 1
        for at, column in enumerate(self._sheet.columns):
            text = heading(column, self._sheet.language)
            if column in self._sheet.times or column in _DAYS:
                text += f" ({self._sheet.zone})"
            self._page.write_string(0, at, text, style)
            width = max(map(len, text.split()))
            lines = max(lines, len(wrap(text, width)))
            self._widths.append(width + _BUTTON)
        self._page.set_row(0, _LINE * lines + 2)  # programs do not find it themselves

    def _write_row(self, at: int, row: Mapping[str, Any]) -> None:
        bold = SUM in row
        for place, column in enumerate(self._sheet.columns):
            if (shown := self._write_cell(at, place, column, row[column], bold=bold)) > self._widths[place]:
                self._widths[place] = shown

    def _write_cell(self, at: int, place: int, column: str, value: object, *, bold: bool) -> int:
        """Write a cell as the type that it has. Returns how many characters it shows."""
        page = self._page
        match value:
            case None | "":
                page.write_blank(at, place, None, self._format(bold=bold))
                return 0
            case bool():
                page.write_boolean(at, place, value, self._format(bold=bold))
                return len("FALSE")
            case int() if column in self._sheet.times:
                when = datetime_of(value, self._sheet.zone).replace(tzinfo=None, microsecond=0)  # 59.999 is shown as 60
                if when.year < _FIRST_YEAR:
                    return self._write_cell(at, place, "", iso(value, self._sheet.zone), bold=bold)
                offset = offset_that_tells(value, self._sheet.zone)  # which a cell's value has no room for
                page.write_datetime(at, place, when, self._format(_TIME + (offset and f'"{offset}"'), bold=bold))
                return len(_TIME + offset)
            case int() | float() if abs(value) < _EXACT_BELOW:
                page.write_number(at, place, value, self._format(_SHARES.get(column, ""), bold=bold))
                return len("-100.0%") if column in _SHARES else len(str(value))
            case str() if column in _DAYS and not bold:
                day = datetime.combine(date.fromisoformat(value), time())
                page.write_datetime(at, place, day, self._format(_DAY))
                return len(_DAY)
        text = _fitting(str(value))
        as_text = _AS_TEXT if must_match(column) else ""
        page.write_string(at, place, text, self._format(as_text, bold=bold, quoted=would_run(text)))
        return max(map(len, text.split("\n")))

    def _format(self, number: str = "", *, bold: bool = False, quoted: bool = False) -> Format | None:
        """The look of a cell: of a number, of a sum, of a text that would be a formula if somebody typed it."""
        if not (number or bold or quoted):
            return None
        if (number, bold, quoted) not in self._formats:
            looks: dict[str, Any] = {"num_format": number} if number else {}
            looks |= {"bold": True, "top": 1} if bold else {}
            looks |= {"quote_prefix": True} if quoted else {}
            self._formats[number, bold, quoted] = self._workbook.add_format(looks)
        return self._formats[number, bold, quoted]

    def _arrange(self, last: int) -> None:
        """What holds for the whole sheet: the header stays, rows can be filtered, columns fit their texts."""
        right = len(self._sheet.columns) - 1
        self._page.freeze_panes(1, 0)
        self._page.autofilter(0, 0, last, right)
        for place, width in enumerate(self._widths):
            self._page.set_column(place, place, min(max(width + 1, _NARROWEST), _WIDEST))
        self._page.repeat_rows(0)
        self._page.set_landscape()
        self._page.fit_to_pages(1, 0)

    def _draw(self, chart: Chart | None) -> None:
        """The native chart beside the table, with a title and a text for who cannot see it."""
        if chart is None:
            return
        columns, language = list(self._sheet.columns), self._sheet.language
        drawn = self._drawn[:_BARS] if chart.kind == "bar" else self._drawn
        names = [columns.index(name) for name in chart.names]
        native = self._workbook.add_chart(
            {"type": chart.kind} if chart.kind == "line" else {"type": chart.kind, "subtype": "stacked"}
        )
        for value, colour in zip(chart.values, ("#1F5FBF", "#C2571A"), strict=False):
            at = columns.index(value)
            native.add_series(
                {
                    "name": heading(value, language),
                    "categories": [self._page.name, 1, names[0], len(drawn), names[-1]],
                    "values": [self._page.name, 1, at, len(drawn), at],
                    "line" if chart.kind == "line" else "fill": {"color": colour},
                    "gap": 40,
                }
            )
        by = in_one_phrase(chart.names, language)
        title = f"{in_one_phrase(chart.values, language)} {self._words['by']} {by[:1].lower()}{by[1:]}"
        native.set_title({"name": title, "name_font": {"size": 13}, "overlay": False})
        hours = {"num_format": "yyyy-mm-dd hh:mm"} if chart.names[0] in self._sheet.times else {}
        points = {"text_axis": True, "reverse": chart.kind == "bar", **hours}
        values = {"num_format": "0%", "min": 0, "max": 1} if chart.values[0] in _SHARES else {"min": 0}
        flat, upright = (values, points) if chart.kind == "bar" else (points, values)
        native.set_x_axis(flat)
        native.set_y_axis(upright)
        native.set_legend({"position": "bottom"})
        native.set_size({"width": 760, "height": max(380, 22 * len(drawn) if chart.kind == "bar" else 0)})
        said = self._words["chart"].format(title=title[:1].lower() + title[1:], count=len(drawn))
        self._page.insert_chart(1, len(columns) + 1, native, {"description": f"{said} {self._highest(chart, drawn)}"})

    def _highest(self, chart: Chart, drawn: Sequence[Mapping[str, Any]]) -> str:
        """The point that stands out, in words."""
        value = chart.values[0]
        top = max(drawn, key=lambda row: row[value] or 0)
        where = " ".join(self._point(name, top[name]) for name in chart.names)
        number = top[value] or 0
        said = f"{number:.1%}" if value in _SHARES else str(number)
        return self._words["highest"].format(heading=heading(value, self._sheet.language), value=said, where=where)

    def _point(self, column: str, value: object) -> str:
        """What names a point of the chart."""
        if isinstance(value, int) and column in self._sheet.times:
            return wall_time(value, self._sheet.zone)
        return visible(str(value))


def _fitting(text: str) -> str:
    """A text that a cell can hold: visible, not longer than one may be, what XML has no letter for escaped."""
    text = _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", visible_lines(text))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
