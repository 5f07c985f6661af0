"""The fields of a CSV record as they stand in the file: with their quotes, so that joining them gives the text again.

The standard library's writer would change the quoting of about a third of the lines of a real export.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

CLOSE = {  # by the sign that escapes quotes: from inside a quoted field to the quote that closes it
    "": re.compile(r'[^"]*(?:""[^"]*)*"(?!")'),
    "\\": re.compile(r'[^"\\]*(?:(?:""|\\.)[^"\\]*)*"(?!")', re.DOTALL),
}


@cache
def plain_record(delimiter: str) -> re.Pattern[str]:
    """The pattern of a record without line ends, whose quoted fields are closed where they end, have their quotes
    doubled, and which has no other quote: the standard library reads such a record as we do, and fast."""
    field, sign = r'"[^"]*(?:""[^"]*)*"', re.escape(delimiter)
    others = r'[^"]*'
    return re.compile(f"(?:{others}{sign})?{field}(?:{sign}(?:{others}{sign})?{field})*(?:{sign}{others})?")


@cache
def behind_blanks(delimiter: str) -> tuple[Callable[[str], object], ...]:
    """What finds a quote with blanks before it where a field of some lines begins: patterns that begin with one sign,
    for which the standard library looks fast."""
    return tuple(re.compile(before + ' +"').search for before in (re.escape(delimiter), "\n", r"\A"))


@cache
def _fields_of_plain(delimiter: str) -> re.Pattern[str]:
    """The pattern of each field of a plain record, with what stands before it; none with blanks before a quote."""
    sign, blanks = re.escape(delimiter), "" if delimiter == " " else " *"
    return re.compile(rf'(?:\A|{sign})("[^"]*(?:""[^"]*)*"|(?!{blanks}")[^{sign}]*)')


def split_plain(text: str, delimiter: str) -> list[str]:
    """What `split_record` makes of a plain record."""
    return _fields_of_plain(delimiter).findall(text)


def split_if_plain(text: str, delimiter: str) -> list[str] | None:
    """What `split_record` makes of a record without line ends whose quotes are doubled, where that shows at once."""
    if '"' not in text:
        return text.split(delimiter)
    fields = split_plain(text, delimiter)
    return fields if delimiter.join(fields) == text else None


def split_record(text: str, delimiter: str, escape: str = "") -> list[str] | None:
    """The fields of a record with their quotes, or None where a quoted field goes on in the next line.

    Blanks may stand before a quoted field (`1, "Berg, Ann"`), if it is closed in its line and nothing but blanks
    follows it; else the quote is a sign like others, see `is_doubtful`.
    """
    pieces = text.split(delimiter)
    if '"' not in text:
        return pieces
    fields = []
    closes = CLOSE[escape].match
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        at += 1
        # Most quoted fields are closed and hold no quote and no delimiter.
        if piece[:1] == '"' and (piece[-1] != '"' or piece.count('"') != 2 or escape) and not closes(piece, 1):
            parts = [piece]
            for more in pieces[at:]:
                parts.append(more)
                if '"' in more and closes(more):
                    break
            else:
                return None
            at += len(parts) - 1
            piece = delimiter.join(parts)
        elif piece[:1] == " " and piece.lstrip(" ")[:1] == '"':
            piece, at = _behind_blanks(pieces, at - 1, delimiter, escape)
        fields.append(piece)
    return fields


def _behind_blanks(pieces: list[str], at: int, delimiter: str, escape: str) -> tuple[str, int]:
    """The field that begins with blanks and a quote in `pieces[at]`, and where the next one begins."""
    closes = CLOSE[escape].match
    first = pieces[at]
    if closes(first, first.index('"') + 1):
        return first, at + 1
    for last in range(at + 1, len(pieces)):
        if '"' in pieces[last] and (close := closes(pieces[last])):
            if pieces[last][close.end() :].strip(" "):
                break
            return delimiter.join(pieces[at : last + 1]), last + 1
    return first, at + 1


def is_doubtful(field: str, escape: str = "") -> bool:
    """Whether a field begins with blanks and a quote that nothing closes: whoever wrote it may have meant
    more to be in it."""
    return field[:1] == " " and field.lstrip(" ")[:1] == '"' and not CLOSE[escape].match(field, field.index('"') + 1)


def goes_on(field: str, escape: str = "") -> bool:
    """Whether a quoted field has more than one line, and text behind the quote that closes it. Then it has a quote too
    few or too many, and other records may be in it."""
    if "\n" not in field and "\r" not in field:
        return False
    bare = field.strip(" ")
    close = CLOSE[escape].match(bare, 1) if bare.startswith('"') else None
    return close is not None and close.end() < len(bare)


def unquoted(field: str, escape: str = "") -> str:
    """A field's value (RFC 4180); text behind the closing quote belongs to it, as spreadsheets read it. Blanks around
    a quoted field are none of its value."""
    if not field.startswith('"'):
        bare = field.strip(" ")
        if not bare.startswith('"') or is_doubtful(field, escape):
            return field
        close = CLOSE[escape].match(bare, 1)
        return field if close is None or close.end() < len(bare) else unquoted(bare, escape)
    if escape:
        close = CLOSE[escape].match(field, 1)
        if close is None:
            return field
        return re.sub(r'\\(["\\])|""', lambda found: found[1] or '"', close[0][:-1]) + field[close.end() :]
    if field.endswith('"') and len(field) > 1:
        return field[1:-1].replace('""', '"')
    close = CLOSE[""].match(field, 1)
    if close is None:
        return field
    return close[0][:-1].replace('""', '"') + field[close.end() :]


def quoted(value: str, delimiter: str, escape: str = "", *, always: bool = False) -> str:
    """A value as a field: in quotes if it must be, or if `always`."""
    if always or goes_in_quotes(value, delimiter):
        if escape:
            value = value.replace(escape, 2 * escape)
        return '"' + value.replace('"', (escape or '"') + '"') + '"'
    return value


def goes_in_quotes(value: str, delimiter: str) -> bool:
    """Whether a value, or any of some that were put together, has to be in quotes."""
    return delimiter in value or '"' in value or "\r" in value or "\n" in value
