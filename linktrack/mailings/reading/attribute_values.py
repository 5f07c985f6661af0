"""The value of an attribute: its references decoded, and the address in it as browsers take it."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

from linktrack.hosts import TRIMMED
from linktrack.links.merge_tags import Pairs, find

_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)")
_NUMBER = re.compile(r"&#(?:([xX])(?=[0-9a-fA-F])|(?=[0-9]))((?(1)[0-9a-fA-F]|[0-9])+)")
_C1 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def pieces(raw: str) -> list[tuple[str, int, int]]:
    """An attribute's raw value as (decoded text, start, stop) of each reference and each run between them.

    References are decoded as browsers do in attributes (WHATWG 13.2.5.73): numeric ones always, named ones only
    with `;`, or without it when the name is a legacy one and neither `=` nor a letter or digit follows.
    """
    found: list[tuple[str, int, int]] = []
    here = 0
    for match in _REFERENCE.finditer(raw):
        character = _character(match[0], raw[match.end() : match.end() + 1])
        if character is None:
            continue
        if match.start() > here:
            found.append((raw[here : match.start()], here, match.start()))
        found.append((character, match.start(), match.end()))
        here = match.end()
    if here < len(raw):
        found.append((raw[here:], here, len(raw)))
    return found


def decode(raw: str) -> str:
    """An attribute's raw value with its references decoded."""
    return raw if "&" not in raw else "".join(text for text, _, _ in pieces(raw))


def decode_text(raw: str) -> str:
    """A text's references decoded, as browsers do outside of attributes."""
    return unescape(tamed(raw)) if "&" in raw else raw


def tamed(raw: str) -> str:
    """`raw` with numeric references that no character has, however long, as the sign for one that is unknown.

    Python's own reader refuses numbers of thousands of digits.
    """
    return _NUMBER.sub(lambda match: _tamed_number(match[1] or "", match[2]), raw)


def _tamed_number(base: str, digits: str) -> str:
    significant = digits.lstrip("0") or "0"
    return "&#65533" if len(significant) > 8 else f"&#{base}{significant}"


def _character(reference: str, after: str) -> str | None:
    name = reference[1:]
    if name[0] == "#":
        digits = name[1:].rstrip(";")
        base = 16 if digits[0] in "xX" else 10
        significant = digits.lstrip("xX").lstrip("0")
        code = int(significant or "0", base) if len(significant) < 9 else 0
        if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return "\ufffd"
        return _C1.get(code) or chr(code)
    if name.endswith(";"):
        if name in html5:
            return html5[name]
        return None
    if name in html5 and after != "=":
        return html5[name]
    return None


def clean(url: str, extra_tags: Pairs = ()) -> str:
    """An address as browsers take it: trimmed of blanks and controls, without tabs and line ends, blanks as %20.

    The text inside merge tags stays as it is.
    """
    url = url.strip(TRIMMED)
    parts: list[str] = []
    here = 0
    for tag in find(url, extra_tags):
        parts += [_joined(url[here : tag.start]), url[tag.start : tag.stop]]
        here = tag.stop
    return "".join((*parts, _joined(url[here:])))


def _joined(text: str) -> str:
    return re.sub(r"[\t\n\r]+", "", text).replace(" ", "%20")
