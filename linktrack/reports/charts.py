"""Charts as inline SVG: bars, estimates with their intervals, the hours after a sending, the hours of a week.

Pure: figures and texts in, one `<svg>` out, with a title and a description for who cannot see it. Places are in
percent and texts in pixels, so that a chart is as wide as its page, also on a phone, and its letters stay as large as
they are. Colours are the page's: every shape has a class (`people`, `machines`, `quiet`, `mark` …).
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from linktrack.visible import visible

BarLook = Literal["people", "machines", "quiet"]

_ROW, _BAR, _BASELINE = 42, 10, 13  # pixels: a row, its bar, the line of its label
_BAR_TOP = 19
_WIDE, _NARROW = "78%", "52%"  # of a chart: how far a label may go, beside a count and beside a sentence
_GROUP = 28  # pixels above a group for its name
_AXIS = 20  # pixels below a chart for its axis
_SHARES, _GAP, _COLUMNS, _HANGING = 130, 36, 90, 40  # pixels of the chart of hours: its parts, and between them
_WEEK_LEFT, _WEEK_TOP, _CELL = 0.09, 18, 20  # the names of days (share), those of hours, an hour (pixels)
_HOURS, _DAYS = 24, 7


class ChartTexts(NamedTuple):
    """What a chart says to who cannot see it; `name` makes its ids, which are unique in a page."""

    name: str
    title: str
    description: str


class Segment(NamedTuple):
    """A part of a bar: where it begins and how long it is, in shares of the chart's width."""

    start: float
    length: float
    look: BarLook
    tip: str = ""


class Bar(NamedTuple):
    """A row: its label, what stands at its end, its parts; `group` is a heading over all that share it in a row."""

    label: str
    shown: str
    segments: tuple[Segment, ...]
    group: str = ""


class Estimate(NamedTuple):
    """A value with its interval, and what stands at the end of its row. None: nothing can be said."""

    label: str
    shown: str
    low: float | None
    value: float | None
    high: float | None


class Tick(NamedTuple):
    """A place on an axis, in shares of it, and its name."""

    place: float
    text: str


class HourColumn(NamedTuple):
    """Clicks of people and of machines in one hour."""

    people: int
    machines: int
    tip: str = ""


class MostInAnHour(NamedTuple):
    """What stands at the highest column of people, and at the longest of machines."""

    people: str
    machines: str


def bar_chart(texts: ChartTexts, bars: Sequence[Bar]) -> str:
    """Bars under each other, each below its label."""
    drawn, top, group = [], 0, ""
    for bar in bars:
        if bar.group != group:
            group = bar.group
            top += _GROUP
            drawn.append(_label(group, top - 22, "100%", "label group"))
        drawn.append(_row(bar.label, bar.shown, top, _WIDE))
        drawn.append(f'<rect class="track" x="0" y="{top + _BAR_TOP}" width="100%" height="{_BAR}"/>')
        drawn += [
            f'<rect class="{segment.look}" x="{_percent(segment.start)}" y="{top + _BAR_TOP}" '
            f'width="{_percent(max(segment.length, 0.003))}" height="{_BAR}">{_tip(segment.tip)}</rect>'
            for segment in bar.segments
            if segment.length > 0
        ]
        top += _ROW
    return _svg(texts, top, drawn)


def estimate_chart(
    texts: ChartTexts, estimates: Sequence[Estimate], ticks: Sequence[Tick], *, low: float, high: float
) -> str:
    """Points with their intervals over an axis from `low` to `high`; a line stands at 0 within it."""
    height = _ROW * len(estimates)

    def place(value: float) -> float:
        return (value - low) / (high - low)

    drawn = [_line(tick.place, 16, height, "grid") for tick in ticks if tick.place > 0.01]
    if low < 0 < high:
        drawn.append(_line(place(0), 16, height, "zero"))
    for number, one in enumerate(estimates):
        top = number * _ROW
        drawn.append(_row(one.label, one.shown, top, _NARROW))
        if one.low is not None and one.high is not None and one.value is not None:
            middle = top + _BAR_TOP + _BAR / 2
            left, right = place(one.low), place(one.high)
            drawn.append(
                f'<rect class="interval" x="{_percent(left)}" y="{_short(middle - 3)}" '
                f'width="{_percent(right - left)}" height="6" rx="3"/>'
            )
            drawn.append(f'<circle class="point" cx="{_percent(place(one.value))}" cy="{_short(middle)}" r="5"/>')
    drawn += [_tick(tick, height + 14) for tick in ticks]
    return _svg(texts, height + _AXIS, drawn)


def hours_chart(
    texts: ChartTexts,
    columns: Sequence[HourColumn],
    *,
    share: Sequence[float | None] = (),
    median: Sequence[float | None] = (),
    shares: Sequence[Tick] = (),
    hours: Sequence[Tick] = (),
    most: MostInAnHour,
) -> str:
    """Two parts over one axis of hours: the cumulative share (and the median of others), and the clicks an hour.

    `shares` are lines across the upper part (0 below, 1 above), `hours` names on the axis.
    """
    upper = _SHARES if share or median else 0
    begin = upper + (_GAP if upper else 18)
    drawn: list[str] = []
    if upper:
        for tick in shares:
            y = round(upper - tick.place * (upper - 16)) + 0.5
            drawn.append(f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
            drawn.append(_text(1, y - 4, tick.text, "axis end"))  # where curves are high
        for curve, look in ((median, "median"), (share, "share")):
            if curve:
                drawn.append(
                    f'<svg x="0" y="16" width="100%" height="{upper - 16}" viewBox="0 0 {len(curve)} 1" '
                    f'preserveAspectRatio="none"><path class="{look}" d="{_curve(curve)}"/></svg>'
                )
    drawn += _columns(columns, begin, most)
    bottom = begin + _COLUMNS + (_HANGING + 18 if any(one.machines for one in columns) else 0)
    drawn += [_tick(tick, bottom + 14) for tick in hours]
    return _svg(texts, bottom + _AXIS, drawn)


def week_chart(
    texts: ChartTexts, clicks: Mapping[tuple[int, int], int], days: Sequence[str], tips: Mapping[tuple[int, int], str]
) -> str:
    """Seven rows of 24 fields, the darker the more clicks; `clicks` by weekday (1-7) and hour, `days` their names."""
    largest = max(clicks.values(), default=0)
    width = (1 - _WEEK_LEFT) / _HOURS
    drawn = [_text(_WEEK_LEFT + hour * width, 11, str(hour), "axis") for hour in range(0, _HOURS, 3)]
    for day in range(1, _DAYS + 1):
        top = _WEEK_TOP + (day - 1) * _CELL
        drawn.append(_text(0, top + 14, days[day - 1], "axis"))
        for hour in range(_HOURS):
            count = clicks.get((day, hour), 0)
            # The root: what is twice as dark to the eye, and a few clicks are still seen beside very many.
            dark = _short(max(0.12, (count / largest) ** 0.5)) if count else ""
            ink = f'class="people" fill-opacity="{dark}"' if count else 'class="track"'
            drawn.append(
                f'<rect {ink} x="{_percent(_WEEK_LEFT + hour * width)}" y="{top}" width="{_percent(width * 0.92)}" '
                f'height="{_CELL - 2}">{_tip(tips.get((day, hour), ""))}</rect>'
            )
    return _svg(texts, _WEEK_TOP + _DAYS * _CELL, drawn)


def round_ticks(largest: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to `largest`, at least two and `most` (3 or more) at most: in steps of 1, 2 or 5 times a
    power of ten."""
    if largest <= 0:
        return [0.0]
    power = 1e-9
    while power * 10 <= largest / most * (1 + 1e-9):
        power *= 10
    step = next(power * times for times in (1, 2, 5, 10) if largest / (power * times) + 1e-9 < most or times == 10)
    return [round(number * step, 12) for number in range(int(largest / step + 1e-9) + 1)]


# --- parts -----------------------------------------------------------------------------------------------------


def _svg(texts: ChartTexts, height: float, drawn: Sequence[str]) -> str:
    ids = f"{texts.name}-title {texts.name}-description"
    return (
        f'<svg class="chart" role="img" aria-labelledby="{ids}" width="100%" height="{_short(height)}">'
        f'<title id="{texts.name}-title">{_written(texts.title)}</title>'
        f'<desc id="{texts.name}-description">{_written(texts.description)}</desc>{"".join(drawn)}</svg>'
    )


def _row(label: str, shown: str, top: float, width: str) -> str:
    return _label(label, top, width) + _text(1, top + _BASELINE, shown, "end")


def _label(text: str, top: float, width: str, look: str = "label") -> str:
    """A name of any length, cut where its room ends: SVG cannot, the HTML in it can."""
    return (
        f'<foreignObject x="0" y="{_short(top)}" width="{width}" height="18">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" class="{look}">{_written(text)}</div></foreignObject>'
    )


def _columns(columns: Sequence[HourColumn], top: int, most: MostInAnHour) -> list[str]:
    """People's clicks as columns that stand on a line, and machines' hanging from it, each to a scale of its own."""
    width = 1 / max(len(columns), 1)
    foot = top + _COLUMNS
    drawn = [
        _text(0, top - 5, most.people, "axis"),
        f'<line class="foot" x1="0" x2="100%" y1="{foot + 0.5}" y2="{foot + 0.5}"/>',
        _text(0, foot + _HANGING + 13, most.machines, "axis"),
    ]
    for counts, look, height in (
        ([one.people for one in columns], "people", _COLUMNS),
        ([one.machines for one in columns], "machines", _HANGING),
    ):
        highest = max(counts, default=0)
        for number, count in enumerate(counts):
            if count:
                tall = max(count / highest * height, 1)
                y = foot - tall if look == "people" else foot + 1
                drawn.append(
                    f'<rect class="{look}" x="{_percent((number + 0.1) * width)}" y="{_short(y)}" '
                    f'width="{_percent(width * 0.8)}" height="{_short(tall)}">{_tip(columns[number].tip)}</rect>'
                )
    return drawn


def _curve(shares: Sequence[float | None]) -> str:
    """The path of a share that each hour ends with: from nothing on, or from the first hour that says one."""
    known = [(hour, share) for hour, share in enumerate(shares, 1) if share is not None]
    points = known if shares[0] is None else [(0, 0.0), *known]
    return "M" + "L".join(f"{hour} {_short(1 - share)}" for hour, share in points)


def _line(place: float, top: float, foot: float, look: str) -> str:
    x = _percent(place)
    return f'<line class="{look}" x1="{x}" x2="{x}" y1="{top}" y2="{foot}"/>'


def _tick(tick: Tick, y: float) -> str:
    """A name below an axis: in the middle of its place, but at the edges within the chart."""
    look = "axis" if tick.place < 0.04 else "axis end" if tick.place > 0.96 else "axis middle"
    return _text(tick.place, y, tick.text, look)


def _text(place: float, y: float, text: str, look: str) -> str:
    return f'<text class="{look}" x="{_percent(place)}" y="{_short(y)}">{_written(text)}</text>' if text else ""


def _tip(text: str) -> str:
    return f"<title>{_written(text)}</title>" if text else ""


def _written(text: str) -> str:
    """A text as it stands in the SVG: neither markup nor what turns a line round."""
    return html.escape(visible(text))


def _percent(share: float) -> str:
    return f"{_short(share * 100)}%" if share else "0"


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
