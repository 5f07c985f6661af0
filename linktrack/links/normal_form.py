"""When two addresses are one: the form that browsers give to an address before they ask for it (WHATWG URL Standard).

A mail has `https://Shop.Example.com:443/åäö/`, the mail service's event of the click on it
`https://shop.example.com/%c3%a5%c3%a4%c3%b6/`, and both lead to the same page.
"""

from __future__ import annotations

import re
from functools import lru_cache

from linktrack.hosts import TRIMMED, browser_authority

_PARTS = re.compile(r"(?is)(https?):[/\\]{2,}([^/\\?#]*)([^?#]*)(\?[^#]*)?(#.*)?")
_LEFT_OUT = {ord(sign): None for sign in "\t\n\r"}
# An escape, or what stands in an address only as one.
_TO_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}|[^!#-;=?-\[\]_a-z~]")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]").fullmatch  # RFC 3986: with an escape or without it is the same


@lru_cache(maxsize=4096)  # a mailing has few targets, which are clicked often
def normal_form(url: str) -> str:
    """An http(s) address as a browser sends it: small letters in scheme and host, punycode, no default port, no `.` and
    `..` in the path, escapes in capitals, and nothing escaped that means the same without. Others as they are."""
    found = _PARTS.fullmatch(url.strip(TRIMMED).translate(_LEFT_OUT))
    if found is None:
        return url
    scheme = found[1].lower()
    info, host = browser_authority(scheme, found[2])
    path = "/".join(_segments(found[3].replace("\\", "/")))
    return f"{scheme}://{_escaped(info)}{host}{_escaped(path)}{_escaped(found[4] or '')}{_escaped(found[5] or '')}"


def _segments(path: str) -> list[str]:
    """The parts of a path, without those that only say where to go from there; the first one is empty."""
    found: list[str] = []
    parts = (path or "/").split("/")
    for place, part in enumerate(parts):
        plain = re.sub("%2e", ".", part, flags=re.IGNORECASE)
        if plain == "..":
            if len(found) > 1:
                found.pop()
        elif plain != ".":
            found.append(part)
        if plain in (".", "..") and place == len(parts) - 1:
            found.append("")
    return found


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    sign = match[0]
    if len(sign) == 3:
        plain = chr(int(sign[1:], 16))
        return plain if _UNRESERVED(plain) else sign.upper()
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "replace"))
