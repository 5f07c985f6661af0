"""Names that stand in a cell without quotes: which texts are clearly one name, and which look like several names, like
part of a list, or like a word for nothing.

A name holds no sign that parts lists (a slash parts only with a blank beside it: `AC/DC` is a name). Its brackets are
closed and not around all of it (`Wine (red)`); nor are quotes or other signs around it (within it they may be: `C#`,
`Rock'n'Roll`); and no sign stands before it like a bullet (`- News`). Of the signs beyond ASCII it may hold those that
are written within names: quotes, dashes, currencies, pictures (`Sommar ☀`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# What parts names in other exports, or stands before such a sign to mean itself.
_PARTING = re.compile(r"[;|^,<>~\\\t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]|(?<=\s)/|/(?=\s)|//|::")
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_APOSTROPHES = "'\u2019"  # which may end a name: `Ladies'`
_BRACKETS = {"(": ")", "[": "]", "{": "}", "\uff08": "\uff09", "\u3010": "\u3011", "\u300c": "\u300d"}
_BULLET = re.compile(r"[^\w\s]+(?=\s)|[-*\u2010-\u2015]+(?=[^\W\d])")
# What databases, spreadsheets and programs write where there is nothing, in lower case.
_NOTHING = frozenset({"null", "\\n", "nil", "none", "nan", "na", "n/a", "n.a.", "undefined", "empty", "blank"})
_NOTHING |= {"false", "true", "0", "ingen", "inga", "saknas"}
_ERROR = re.compile(r"#[\w/ ]+[!?]|#n/?[av]|#+", re.IGNORECASE)  # of a spreadsheet, in whatever language
_CATALAN = re.compile("(?<=[lL])\u00b7(?=[lL])")  # `col·legi`
_WITHIN_NAMES = "\u00a1\u00bf\u2026\u2030\u00a7\u00b0\u00a9\u00ae\u2122\u00ad\u200c\u200d\u00d7\u00b1\u2764"
_PICTURES = 0x1F000  # from here on signs are pictures, and in the block before


def is_word_for_nothing(text: str) -> bool:
    """Whether a text is what programs write where there is nothing: a word, a spreadsheet's error, dashes or dots."""
    return text.casefold() in _NOTHING or _ERROR.fullmatch(text) is not None or not any(sign.isalnum() for sign in text)


def parting_sign(text: str) -> str:
    """The first sign in a text that may part names, or nothing."""
    if found := _PARTING.search(text):
        return found[0]
    if text.isascii():
        return ""
    text = _CATALAN.sub("", text)
    return next((sign for sign in text if not sign.isascii() and not _is_of_names(sign)), "")


@cache
def _is_of_names(sign: str) -> bool:
    """Whether a sign beyond ASCII is one that names have."""
    category, code = unicodedata.category(sign), ord(sign)
    if (
        category[0] in "LMN"
        or category in ("Zs", "Sc", "Sk", "Pd", "Pi", "Pf", "Pc")
        or sign in _WITHIN_NAMES + _QUOTES
    ):
        return True
    if sign in "".join(_BRACKETS) + "".join(_BRACKETS.values()):
        return True
    return category == "So" and (code >= _PICTURES or (0x2600 <= code < 0x2700 and not 0x2610 <= code <= 0x2612))


def bullet_before(name: str) -> str:
    """The sign that stands before a name as before an item of a list, or nothing. A picture is a part of its name."""
    found = _BULLET.match(name)
    return found[0] if found and ord(found[0][0]) < 0x2600 else ""


def is_wrapped(name: str) -> bool:
    """Whether quotes, brackets or other signs stand around a name, or the first or last of them is missing."""
    if not name:
        return False
    if name[0] in _QUOTES or (name[-1] in _QUOTES and name[-1] not in _APOSTROPHES):
        return True
    if name[0] == name[-1] and not name[0].isalnum() and len(set(name)) > 1:
        return True
    opened: list[int] = []
    for at, sign in enumerate(name):
        if sign in _BRACKETS:
            opened.append(at)
        elif sign in _BRACKETS.values():
            if not opened or _BRACKETS[name[begin := opened.pop()]] != sign:
                return True
            if begin == 0 and at == len(name) - 1:
                return True
    return bool(opened)
