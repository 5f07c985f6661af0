"""The guard against formulas: what a spreadsheet would run in a CSV file, and how it is kept from that.

A CSV file has no types: a cell `=HYPERLINK(…)` or `=cmd|…` that a stranger chose (a user agent, a name in a form) is a
formula to the program that opens it. Programs look past blanks, read full-width signs, and split at other delimiters
than the file's, so that `x;=1+1` becomes two cells. See OWASP, "CSV Injection".
"""

from __future__ import annotations

import re
from collections.abc import Collection

_BLANKS = r"[\s\x00-\x1f\x7f-\xa0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*"
_EQUALS, _OTHERS = "=\uff1d\ufe66", "+\\-@\uff0b\uff0d\uff20\ufe62\ufe63\ufe6b"
_BEGIN = re.compile(f"{_BLANKS}[{_EQUALS}{_OTHERS}]")
# Behind another delimiter or a line end: an equals sign, or a sign that prose has too (`a, -b`) before a call or a
# pipe.
_DELIMITER = r"[;,\t|\r\n]"
_PASSED = r' "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff'
_WITHIN = re.compile(rf"({_DELIMITER}[{_PASSED}]*)(?=[{_EQUALS}]|[{_OTHERS}][^;,\t\r\n|(!]*[|(!])")
# All that either finds, and more, in lines: a sign behind a line end or another delimiter and blanks.
_SUSPECT = re.compile(rf"{_DELIMITER}[{_PASSED}\u1680]*[{_EQUALS}{_OTHERS}]")
_SIGN = re.compile(f"[{_EQUALS}{_OTHERS}]")  # without any of which nothing is run
_NUMBER = re.compile(r"[+-]?\d[\d .,\u00a0\u202f]*(?:[eE][+-]?\d+)?\s*%?")
# What has to be found again as it is and does nothing: an id, and an address (RFC 5322, atoms of letters, digits and
# the signs that no spreadsheet calculates with but for the sum of names that are none).
_ID = re.compile(r"-[\w-]+")
_ADDRESS = re.compile(r"[+-][\w+-]*(?:\.[\w+-]+)*@\w[\w-]*(?:\.\w[\w-]*)*")
_EXACT = frozenset({"id", "email", "token", "person_token"})


def would_run(text: str) -> bool:
    """Whether a spreadsheet that opens a CSV file would take `text`, or a part of it, for a formula that does anything.
    A plain number does not, nor does what looks like an id or an e-mail address: these must match, whichever column
    they stand in."""
    return _begins_formula(text) or _WITHIN.search(text) is not None


def _begins_formula(text: str) -> bool:
    return _BEGIN.match(text) is not None and not any(harmless.fullmatch(text) for harmless in (_NUMBER, _ID, _ADDRESS))


def guarded(text: str) -> str:
    """A text with a `'` before each part that a spreadsheet would run, which shows it as text then; others as they
    are. Guarded twice is guarded once."""
    if not _SIGN.search(text):
        return text
    within = _WITHIN.sub(r"\1'", text)
    return f"'{within}" if _begins_formula(text) else within


def any_suspect(texts: Collection[str]) -> bool:
    """Whether any of some texts might not stay as it is when it is guarded, seen at a look at all of them."""
    return _SUSPECT.search("\n" + "\n".join(texts)) is not None


def must_match(column: str) -> bool:
    """Whether a column's values have to be found again as they are: ids, e-mails, tokens."""
    return column in _EXACT or column.endswith("_id")
