"""How files of others are written: merge tags in mails, dates, encodings and what parts columns in exports."""

from __future__ import annotations

import codecs
import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator

from linktrack.values import CONTROLS

_OF_EVERY_TEXT = frozenset("<>\"'&=/:.,;?@#!()")  # alone it begins and ends merge tags all over a mail
_YEAR = re.compile("%[YyGxc]")  # directives of dates that hold one


def _merge_tags(value: list[list[str]]) -> list[list[str]]:
    for pair in value:
        if len(pair) != 2:
            raise ValueError(f'it must be a list of pairs like [["##", "##"]], not {value!r}')
        for sign in pair:
            if CONTROLS.search(sign) or not sign.strip():
                raise ValueError(f"{sign!r} begins or ends no merge tag: it must be a text that is not blank")
            if sign in _OF_EVERY_TEXT or sign.replace(" ", "").isalnum():
                raise ValueError(f"{sign!r} stands in every mail: it must be signs that only merge tags have")
    if len({tuple(pair) for pair in value}) < len(value):
        raise ValueError(f"one pair stands there twice: {value!r}")
    return value


def _date_format(value: str) -> str:
    """A format that `strftime` writes and `strptime` reads back, day for day."""
    has_year = _YEAR.search(value.replace("%%", "")) is not None  # Python 3.13 warns of reading a day without one
    days = (date(2001, 2, 3), date(2024, 2, 29), date(2026, 12, 31))
    if not has_year or not all(_comes_back(day, value) for day in days):
        raise ValueError(f"it must be a date's format that can be read back, like %d.%m.%Y or %Y-%m-%d, not {value!r}")
    return value


def _comes_back(day: date, form: str) -> bool:
    try:
        return datetime.strptime(day.strftime(form), form).date() == day
    except (ValueError, re.error):  # a directive that is none, or stands there twice
        return False


def _encoding(value: str) -> str:
    plain = "".join(map(chr, range(128))) + "\\u0041"  # what escapes and shifts begin with, too
    try:
        name = codecs.lookup(value or "utf-8").name
        written = plain.encode(name)
        fits = (written, written.decode(name)) == (plain.encode(), plain)
        fits = fits or name.startswith(("utf-8", "utf-16", "utf-32"))
    except (LookupError, ValueError):  # unknown, no encoding of text, or none of ASCII
        fits = False
    if not fits:
        raise ValueError(f"it must be the name of an encoding like cp1252 or utf-16, not {value!r}")
    return value


def _delimiter(value: str) -> str:
    if len(value) > 1 or value in ('"', "\r", "\n", "\0") or value.isalnum():
        raise ValueError(f"it must be one character that parts columns like ; or \\t, not {value!r}")
    return value


def _separator(value: str) -> str:
    if not value or any(sign.isalnum() or sign in '"\0' for sign in value):
        raise ValueError(f"it must be what parts the names in a cell, like a comma, not {value!r}")
    return value


MergeTags = Annotated[list[list[str]], AfterValidator(_merge_tags)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Delimiter = Annotated[str, AfterValidator(_delimiter)]
Separator = Annotated[str, AfterValidator(_separator)]
