"""Number formats of a workbook, as far as they say what a number is: a day, a time, digits with zeros before them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from linktrack.crm.xlsx_package import WorkbookPackage, parse

MOST_EXACT = 2**53  # from here on a workbook's numbers are not what was typed
_DAYS = frozenset([*range(14, 18), 22, *range(27, 37), *range(50, 59)])  # built in: ECMA-376, part 1, 18.8.30
_TIMES = frozenset(range(18, 22)) | {45, 47}
_LITERAL = re.compile(r'"[^"]*"?|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


class CellFormat(NamedTuple):
    """What the numbers of cells with a style are: `number`, `day`, `time`, `elapsed`, `zeros` (`digits` of them) or
    `worded`, when other signs are shown with the digits. `code` is how the workbook says it."""

    kind: str
    digits: int = 0
    code: str = ""


NUMBER = CellFormat("number")


def read_formats(package: WorkbookPackage) -> list[CellFormat]:
    """By the number of a cell's style what its numbers are."""
    part = package.related("styles")
    codes: dict[str, str] = {}
    used: list[str] = []
    within: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        within.append(name)
        if name == "numFmt" and "numFmts" in within:
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and within[-2:-1] == ["cellXfs"]:
            used.append(attributes.get("numFmtId", "0"))

    def end(_: str) -> None:
        within.pop()

    if part is not None:
        with package.open(part) as file:
            parse(file, start, end)
    return [cell_format(number, codes.get(number)) for number in used]


def cell_format(number: str, code: str | None) -> CellFormat:
    """What a number format says: one of the workbook's own by its code, else one that is built in."""
    if code is None:
        known = int(number) if number.isdecimal() and len(number) < 5 else 0
        return CellFormat(
            "day" if known in _DAYS else "time" if known in _TIMES else "elapsed" if known == 46 else "number"
        )
    first = code.partition(";")[0]
    bare = re.sub("AM/PM|A/P", "h", _LITERAL.sub("", first), flags=re.IGNORECASE)
    if re.search(r"\[(h+|m+|s+)\]", bare, re.IGNORECASE):
        return CellFormat("elapsed", 0, code)
    clock = re.search("[hs]", bare, re.IGNORECASE)
    if re.search("[yd]", bare, re.IGNORECASE) or (re.search("m", bare, re.IGNORECASE) and not clock):
        return CellFormat("day", 0, code)
    if clock:
        return CellFormat("time", 0, code)
    if re.fullmatch(r"00+", bare.strip()) and bare.strip() == first.strip():
        return CellFormat("zeros", len(bare.strip()), code)
    if re.search(r"0", bare) and (re.search(r'"[^"]+"|\\\w', first) or re.search(r"0[-/ ]+0|0\\[-/. ]+0", first)):
        return CellFormat("worded", 0, code)
    return NUMBER


def number_text(raw: str, form: CellFormat, since: date) -> tuple[str, str]:
    """A number of a cell as text, and why it may not be what was typed into it (nothing, if it is).

    Whole numbers come without `.0`, times in ISO 8601, numbers with zeros before them as they are shown.
    """
    try:
        value = float(raw)
        whole = int(value) if value.is_integer() else None
    except (ValueError, OverflowError):
        return raw, "it is no number" if raw else ""
    if form.kind in ("day", "time", "elapsed"):
        return _moment(value, form.kind, since) or raw, ""
    if whole is None:
        return repr(value), "it is shown with other signs" if form.kind == "worded" else ""
    text = str(whole)
    if abs(whole) >= MOST_EXACT:
        return text, "a spreadsheet has rounded it"
    if form.kind == "zeros":
        return text.zfill(form.digits), ""
    return text, f"it is shown in the format {form.code}" if form.kind == "worded" else ""


def _moment(days: float, kind: str, since: date) -> str:
    """A count of days as a time in ISO 8601, or nothing where the calendar has none."""
    try:
        span = timedelta(milliseconds=round(days * 86_400_000))
        if kind == "elapsed":
            return str(span)
        if since.year == 1899 and 1 <= days < 60:
            span += timedelta(days=1)  # the 29th of February 1900, which workbooks count, was none
        moment = datetime(since.year, since.month, since.day) + span
    except OverflowError:
        return ""
    if kind == "time" and 0 <= days < 1:
        return moment.time().isoformat()
    whole_day = (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
    return moment.date().isoformat() if whole_day else moment.isoformat()


def number_of(text: str, form: CellFormat, since: date) -> str | None:
    """The digits of a number with a format that `number_text` reads as `text`, or None: then it must be a text."""
    if form.kind == "day":
        try:
            day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else date.min
        except ValueError:
            return None
        days = (day - since).days
        if since.year == 1899 and days <= 60:
            days -= 1  # the 29th of February 1900, which workbooks count, was none
            return str(days) if days > 0 else None
        return str(days) if days >= 0 else None
    if form.kind == "zeros" and re.fullmatch(rf"\d{{{form.digits}}}", text):
        return str(int(text)) if int(text) < MOST_EXACT else None
    if form.kind != "number" or not _PLAIN.fullmatch(text) or len(text) > 16 or abs(Decimal(text)) >= MOST_EXACT:
        return None
    return text
