"""Contact ids as they are compared: without what a spreadsheet, or a program like one, puts around them."""

from __future__ import annotations

import re
import unicodedata

_FORMULA = re.compile(r'="(.*)"')  # ="0001", which keeps the zeros in Excel
_SHORTENED = re.compile(r"([1-9])(?:[.,](\d+))?[eE]\+?(\d{1,2})")  # 1,23E+15
_DECIMALS = re.compile(r"(\d+)[.,]0+")


def bare_id(text: str) -> str:
    """An id without invisible signs and blanks, quotes and an apostrophe or `="..."` around it, zeros before it, `.0`
    behind it; full-width digits are digits."""
    if not (text.isascii() and text.isalnum()):
        text = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in text if sign.isprintable() and not sign.isspace())
        if formula := _FORMULA.fullmatch(text):
            text = formula[1]
        text = text.strip("'\"`\u00b4\u2018\u2019\u201c\u201d")
        if decimals := _DECIMALS.fullmatch(text):
            text = decimals[1]
    return text.lstrip("0") or text[:1]


def same_id(text: str) -> str:
    """The one form of an id for all forms in which nothing of it is lost: bare, and `1.2E+5` written out."""
    bare = bare_id(text)
    shape = shortened(bare)
    if shape is None or len(shape[0]) > shape[1] + 1:
        return bare
    return shape[0].ljust(shape[1] + 1, "0")


def shortened(bare: str) -> tuple[str, int] | None:
    """The digits that a number like `1,23E+15` keeps, and its power of ten."""
    found = _SHORTENED.fullmatch(bare)
    return (found[1] + (found[2] or ""), int(found[3])) if found else None
