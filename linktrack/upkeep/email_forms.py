"""E-mail addresses in lines of a log, however they were written: every text is put into one form, in which the same
address is the same text.

Links, forms and mail programs write `åsa@räv.example` with percent-escapes of UTF-8 or of Latin-1, escaped once more by
each service on the way, with the host in punycode, and with å in one sign or two.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator

from linktrack.hosts import read_label

_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_ESCAPED_SIGN = re.compile(rb"[%\\]u([0-9a-fA-F]{4})")  # JSON's, and those of JavaScript's escape()
_BYTES_OF_LATIN_1 = {0xDC00 + byte: chr(byte) for byte in range(0x80, 0x100)}  # as surrogateescape leaves them
_DOTS = str.maketrans("\u3002\uff61", "..")  # between the parts of a host (UTS 46); NFKC knows the third one
_PUNYCODE = re.compile(r"xn--[a-z0-9-]{1,59}(?![a-z0-9-])")  # a part of a host has 63 characters at most
# Where a sign is joined with others, it is with those about it; as many of them as are put in order in no time.
_JOINED = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]{1,300}")
_AT_SIGNS = tuple(sign.encode() for sign in "@\uff20\ufe6b")
_HEX = b"0123456789abcdefABCDEF"
_PERCENT = 0x25
_IN_STEPS = 4  # services that have escaped what was escaped: whole texts at once, then sign by sign


def one_form(text: str) -> str:
    """A text in the form in which addresses and names are compared: composed signs (NFKC), no letter case, hosts as
    they are read."""
    if text.isascii() and "xn--" not in (folded := text.casefold()):
        return folded
    folded = _folded(text).translate(_DOTS)
    return _folded(_PUNYCODE.sub(lambda found: read_label(found[0]), folded)) if "xn--" in folded else folded


def pattern_of(emails: Collection[str]) -> re.Pattern[str] | None:
    """What finds any of these addresses, and none that is longer, in what `texts_in` yields; None for none."""
    forms = {one_form(email.strip()) for email in emails} - {""}
    every = "|".join(map(re.escape, sorted(forms)))
    return re.compile(rf"(?<![\w.+-])(?:{every})(?!\.?[\w-])") if forms else None  # but for a host's final dot


def texts_in(line: bytes) -> Iterator[str]:
    """What a line says, value by value, unescaped and in `one_form`; values without an `@` are left out. The time grows
    with the line's length, whatever is in it."""
    if line.isascii() and b"@" not in line and b"%" not in line and b"\\u" not in line:
        return
    for value in _values(line):
        plain = _ESCAPED_SIGN.sub(_sign, percent_decoded(value))
        if any(sign in plain for sign in _AT_SIGNS):
            yield one_form(plain.decode("utf-8", "surrogateescape").translate(_BYTES_OF_LATIN_1))


def percent_decoded(data: bytes) -> bytes:
    """Bytes with their percent-escapes undone, until none are left: undone ones may show others."""
    for _ in range(_IN_STEPS):
        if (plain := _once(data)) == data:
            return data
        data = plain
    first, *pieces = data.split(b"%")
    out = bytearray(first)
    for piece in pieces:
        out.append(_PERCENT)
        at = 0
        while at < len(piece) and _PERCENT in out[-2:]:  # an escape has begun
            out.append(piece[at])
            at += 1
            while len(out) > 2 and out[-3] == _PERCENT and out[-2] in _HEX and out[-1] in _HEX:
                out[-3:] = (int(out[-2:], 16),)
        out += piece[at:]
    return bytes(out)


def _once(data: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), data)


def _values(line: bytes) -> Iterator[bytes]:
    """The texts of a JSON object, or a line that is none, as bytes: our server writes each byte as one sign."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        yield line
        return
    for value in record.values():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        try:
            yield text.encode("latin-1")
        except UnicodeEncodeError:
            yield text.encode("utf-8", "replace")


def _sign(found: re.Match[bytes]) -> bytes:
    number = int(found[1], 16)
    return bytes((number,)) if number < 0x100 else chr(number).encode("utf-8", "replace")


def _folded(text: str) -> str:
    return _JOINED.sub(_composed, text).casefold() if not text.isascii() else text.casefold()


def _composed(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", found[0]).casefold())
