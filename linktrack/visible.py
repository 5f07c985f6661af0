"""What a terminal may be shown, and texts of strangers as JSON and Markdown write them.

What a stranger put into a log, a name or a file must not move a cursor, hide a word or turn a line round: control
characters (C0, C1), bidi controls, invisible line ends and lone surrogates are shown as escapes.
"""

from __future__ import annotations

import json
import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff{_BIDI}\ud800-\udfff\U000e0000-\U000e007f]")
_JSON_UNSAFE = re.compile(f"[\x7f-\x9f\u2028\u2029{_BIDI}\ud800-\udfff]")
_DELETE = "\x7f"  # the only one of these in ASCII
_NO_ASCII = re.compile(r"[^\x00-\x7f]+")
_ENDS_A_CELL = re.compile("[\t\n\r\ud800-\udfff]")  # and what no encoding can write
_ENDLESS = re.compile(r"\S{1001,}")
_NAMES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&])")  # what begins markup within a line; a cell has no blocks


def visible(text: str) -> str:
    """`text` in one line, with an escape for every character that would do something to a terminal."""
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)


def cell_of_a_line(text: str) -> str:
    """`text` as a cell of tab-separated lines for a program: only what would end the cell or the line is an escape."""
    return _ENDS_A_CELL.sub(_escape, text)


def ends_a_cell(text: str) -> bool:
    """Whether a text, or any of some that were put together, has anything of which `cell_of_a_line` makes an escape."""
    return _ENDS_A_CELL.search(text) is not None


def visible_lines(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(map(visible, text.split("\n")))


def spoken(text: str) -> str:
    """A sentence for a person: visible, and of a word longer than anybody reads (a value of a million digits) only the
    beginning and the end."""
    return visible_lines(_ENDLESS.sub(lambda word: f"{word[0][:100]}…{word[0][-20:]}", text))


def json_text(value: object, indent: int | None = None) -> str:
    """`value` as JSON, readable, with C1 and bidi controls as `\\u` escapes (C0 always are)."""
    return readable_json(json.dumps(value, ensure_ascii=False, indent=indent))


def readable_json(text: str) -> str:
    """A text of JSON with C1 and bidi controls as escapes, which JSON itself lets stand."""
    if text.isascii() and _DELETE not in text:
        return text
    return _JSON_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def ascii_json(text: str) -> str:
    """A text of JSON with an escape for every letter outside of ASCII."""
    return _NO_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)


def markdown_cell(text: str) -> str:
    """`text` as it stands in a cell of a Markdown table: none of it is markup."""
    return _MARKDOWN.sub(r"\\\1", visible(text))


def would_be_markup(text: str) -> bool:
    """Whether a text, or any of some that were put together, has anything that `markdown_cell` shows otherwise."""
    return not text.isprintable() or _MARKDOWN.search(text) is not None


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in _NAMES:
        return _NAMES[match[0]]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
