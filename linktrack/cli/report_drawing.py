"""How a report looks, and what only its table on a terminal shows: bars, sparklines, intervals, lines to read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linktrack.cli.output import Format, show_rows
from linktrack.cli.streams import UTF8, encoding_of

if TYPE_CHECKING:
    from linktrack.reports.order import SortOrder
    from linktrack.reports.workbook_chart import Chart

Cells = dict[str, Any]

BAR = ""  # the column of the bars, which needs no name
EVENT = "event"  # the column of a person's history that says it in one line
BAR_WIDTH = 16
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SPARKS = " ▁▂▃▄▅▆▇█"
_ASCII_SPARKS = " .:-=+*%#"
_TIMES = ("at", "sent_at", "first_click", "last_click")
_POINTS = " pp"  # percentage points
WEEK_HEAD = "0.....6.....12....18...."  # over a line of 24 hours


@dataclass(frozen=True)
class Layout:
    """How a report looks: its keys, those that fit a terminal, and what its rows are sorted by (None: their own).

    `bars` is the column that a bar shows, as a part of the largest or, of a share, of all; `times` are read as times;
    `chart` is what stands beside the figures in a workbook.
    """

    columns: tuple[str, ...]
    table: tuple[str, ...]
    order: SortOrder | None = None
    bars: str | None = None
    bar_width: int = BAR_WIDTH
    totals: bool = True
    times: tuple[str, ...] = _TIMES
    chart: Chart | None = None


def drawn(records: list[Cells], layout: Layout, *, in_file: bool) -> list[Cells]:
    """Records with what only a table shows: intervals, differences, bars; a file is UTF-8, a terminal need not be."""
    from linktrack.reports.totals import SUM

    plain = not (in_file or can_draw())
    largest: float = 1
    if layout.bars is not None and layout.bars != "share":
        largest = max((record[layout.bars] for record in records if SUM not in record), default=0)
    for record in records:
        value = None if layout.bars is None or SUM in record else record[layout.bars]
        record[BAR] = bar(value / largest, plain=plain, width=layout.bar_width) if value else ""
        differs = "difference" in record
        low, high = ("low", "high") if differs else ("rate_low", "rate_high")
        unit = _POINTS if differs else "%"
        record["interval"] = _interval(record.get(low), record.get(high), unit, plain=plain)
        if "what" in record:
            record[EVENT] = "" if SUM in record else _event(record)
        if isinstance(record.get("weekday"), int):
            record["weekday"] = _DAYS[record["weekday"] - 1]
        for name in ("share", "median"):
            if record.get(name) is not None:
                record[name] = f"{record[name]:.0%}"
        if record.get("difference") is not None:
            record["difference"] = f"{record['difference'] * 100:+.1f}{_POINTS}"
    return records


def _event(record: Cells) -> str:
    """What happened with a person: the link and the verdict with its reasons, the change, or what a shipment is."""
    detail = str(record["detail"])
    if record["what"] == "sent":
        return detail.partition(", ")[2] if "@" in detail else detail
    verdict = " ".join(filter(None, (record["link"], record["verdict"])))
    return ": ".join(filter(None, (verdict, detail)))


def _interval(low: float | None, high: float | None, unit: str, *, plain: bool) -> str:
    if low is None or high is None:
        return ""
    return f"{low * 100:.1f}{' to ' if plain or low < 0 else '–'}{high * 100:.1f}{unit}"


def bar(share: float, *, plain: bool = False, width: int = BAR_WIDTH) -> str:
    """A bar of so much of its width; `plain`: of `#` alone. A share above 0 is always seen."""
    if share <= 0:
        return ""
    if plain:
        return "#" * max(1, round(share * width))
    eighths = max(1, round(share * width * 8))
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")


def sparkline(counts: Sequence[int], largest: int, *, plain: bool = False) -> str:
    """A letter for each count, as high as it is beside the largest; a count above 0 is always seen."""
    sparks = _ASCII_SPARKS if plain else _SPARKS
    steps = len(sparks) - 1
    return "".join(sparks[max(1, round(count / largest * steps))] if count else sparks[0] for count in counts)


def can_draw() -> bool:
    """Whether the terminal shows UTF-8."""
    return encoding_of(sys.stdout) == UTF8


def show_week(rows: Iterable[Any]) -> None:
    """Hours of weekdays as a table of seven rows, each with a line of its 24 hours."""
    found = list(rows)
    plain = not can_draw()
    counts = {(row.weekday, row.hour): row.clicks for row in found}
    largest = max(counts.values(), default=0)
    records: list[Cells] = []
    for weekday in range(1, 8):
        own = [row for row in found if row.weekday == weekday]
        line = sparkline([counts.get((weekday, hour), 0) for hour in range(24)], largest, plain=plain)
        records.append({"weekday": _DAYS[weekday - 1], WEEK_HEAD: line} | _added(own))
    if found:
        records.append({"weekday": "Total", WEEK_HEAD: ""} | _added(found))
    show_rows(records, list(records[0]), Format.table)


def _added(rows: Iterable[Any]) -> Cells:
    own = list(rows)
    return {name: sum(getattr(row, name) for row in own) for name in ("clicks", "clickers", "machine_clicks")}
