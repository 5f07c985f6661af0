"""Addresses that are nearly a registered link's: the same page for a reader, another address for linktrack."""

from __future__ import annotations

import re
from typing import NamedTuple

from linktrack.hosts import browser_authority
from linktrack.links.merge_tags import find

_PARTS = re.compile(r"(?i)(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?")


def differs_in(url: str, other: str) -> tuple[str, ...]:
    """In what two addresses of one page differ: the scheme, a slash at the end, the query, what is behind #.

    Nothing for one and the same address, and nothing for two different pages.
    """
    if url == other:
        return ()
    one, two = _parts(url), _parts(other)
    if one is None or two is None or page_of(url) != page_of(other):
        return ()
    words = {
        "scheme": "the scheme",
        "path": "the slash at the end",
        "query": "the query",
        "fragment": "what is behind #",
    }
    return tuple(word for part, word in words.items() if getattr(one, part) != getattr(two, part))


def comparable_address(url: str) -> str:
    """An address as it is compared with others: scheme, host and port as browsers read them, no blanks in merge tags,
    the rest as it stands."""
    parts = _parts(url)
    return url if parts is None else f"{parts.scheme}://{''.join(parts[1:])}"


def page_of(url: str) -> tuple[str, str] | None:
    """What addresses of one page have in common: the host, and the path without a slash at its end."""
    parts = _parts(url)
    return None if parts is None else (parts.host, parts.path.rstrip("/"))


class _Parts(NamedTuple):
    """An address taken apart: `host` as a browser reads it, with user info and a port that is not the scheme's own;
    the blanks in merge tags, which are none of their names, are left out."""

    scheme: str
    host: str
    path: str
    query: str
    fragment: str


def _parts(url: str) -> _Parts | None:
    found = _PARTS.fullmatch(_tight(url) if " " in url else url)
    if found is None:
        return None
    scheme = found[1].lower()
    return _Parts(scheme, "".join(browser_authority(scheme, found[2])), found[3], found[4] or "", found[5] or "")


def _tight(url: str) -> str:
    """An address without the blanks that are in its merge tags."""
    pieces, done = [], 0
    for tag in find(url):
        if tag.plain:
            pieces += [url[done : tag.start], url[tag.start : tag.stop].replace(" ", "")]
            done = tag.stop
    return "".join((*pieces, url[done:]))
