"""A figure as the page shows it: rounded, in the reader's language, beside the value that a command gives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from linktrack.moments import datetime_of, iso, offset_that_tells
from linktrack.reports.page_texts import TEXTS
from linktrack.reports.value_words import MONTHS, VALUES, said_value
from linktrack.settings.tables import Language

_TIMES = ("sent_at", "first_click", "last_click")
_RATES = ("click_rate", "rate_low", "rate_high", "other_rate", "share", "median", "machine_share")
_POINTS = ("difference", "low", "high")
_THIN = "\N{NARROW NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"


class PageValue(NamedTuple):
    """A value: `raw` as the JSON of its command has it (None: it is the text itself), `text` as it is shown.

    Both are a stranger's texts as they are: the template makes them `visible`.
    """

    raw: str | None
    text: str
    numeric: bool = False


EMPTY = PageValue(None, "")


def is_rate(column: str) -> bool:
    """Whether a column holds rates, shares or differences of them, also where too few people show none."""
    return column in _RATES or column in _POINTS


@dataclass(frozen=True)
class Writer:
    """How values are written: in which language, and times in which zone."""

    language: Language
    zone: tzinfo

    def text(self, name: str, /, **values: object) -> str:
        """A text of the page; `values` go where it names them."""
        return TEXTS[self.language][name].format(**values)

    def count(self, number: int) -> str:
        grouped = f"{number:,}"
        return grouped if self.language == "en" else grouped.replace(",", "\N{NO-BREAK SPACE}")

    def rate(self, share: float) -> str:
        """A share of 1 in percent."""
        return self._decimal(f"{share * 100:.1f}") + self._percent_sign()

    def round_rate(self, share: float) -> str:
        """A round share on an axis, without digits that say nothing."""
        return self.round_points(share) + self._percent_sign()

    def round_points(self, difference: float) -> str:
        """A round difference of two rates on an axis, likewise."""
        number = f"{abs(difference) * 100:.2f}".rstrip("0").rstrip(".")
        return ("" if difference >= 0 else _MINUS) + self._decimal(number)

    def points(self, difference: float) -> str:
        """A difference of two rates in percentage points, with its sign: `+7.9`."""
        number = f"{abs(difference) * 100:.1f}"
        sign = "" if number == "0.0" else "+" if difference > 0 else _MINUS
        return sign + self._decimal(number)

    def named_points(self, difference: float) -> str:
        """The same with its unit: `+7.9 points`."""
        return f"{self.points(difference)}\N{NO-BREAK SPACE}{self.text('points')}"

    def time(self, milliseconds: int) -> str:
        """A time to the minute: `4 May 2026 09:12`."""
        when = datetime_of(milliseconds, self.zone)
        month, offset = MONTHS[self.language][when.month - 1], offset_that_tells(milliseconds, self.zone)
        shown = f"{when.day} {month} {when.year} {when:%H:%M}{offset}"
        return shown.replace(" ", "\N{NO-BREAK SPACE}")

    def value(self, column: str, value: object) -> PageValue:
        """A value of a column."""
        if value is None:
            return EMPTY
        if isinstance(value, int) and column in _TIMES:
            return PageValue(iso(value, self.zone), self.time(value))
        if isinstance(value, tuple | list):
            return PageValue(", ".join(value), ", ".join(value))
        if isinstance(value, str):
            shown = said_value(column, value, self.language)
            return PageValue(None if shown == value else value, shown)
        raw = json.dumps(value)
        if not isinstance(value, int | float):
            return PageValue(raw, raw)
        if column in VALUES[self.language]:  # yes and no, and the days of the week
            return PageValue(raw, said_value(column, raw, self.language))
        if column in _RATES:
            return PageValue(raw, self.rate(value), numeric=True)
        if column in _POINTS:
            return PageValue(raw, self.points(value), numeric=True)
        return PageValue(raw, self.count(int(value)), numeric=True)

    def _decimal(self, number: str) -> str:
        return number if self.language == "en" else number.replace(".", ",")

    def _percent_sign(self) -> str:
        return "%" if self.language == "en" else f"{_THIN}%"
