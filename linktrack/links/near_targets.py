"""Addresses that are nearly a registered link's: the same page for a reader, another address for linktrack."""

from __future__ import annotations

import re

from linktrack.hosts import browser_host

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
    pairs = (("the scheme", 0), ("the slash at the end", 2), ("the query", 3), ("what is behind #", 4))
    return tuple(word for word, part in pairs if one[part] != two[part])


def comparable(url: str) -> str:
    """An address as it is compared with others: scheme and host as browsers read them, the rest as it stands."""
    parts = _parts(url)
    return url if parts is None else f"{parts[0]}://{''.join(parts[1:])}"


def page_of(url: str) -> tuple[str, str] | None:
    """What addresses of one page have in common: the host, and the path without a slash at its end."""
    parts = _parts(url)
    return None if parts is None else (parts[1], parts[2].rstrip("/"))


def _parts(url: str) -> tuple[str, str, str, str, str] | None:
    """Scheme, host (as a browser reads it, with user info and port), path, query and fragment."""
    found = _PARTS.fullmatch(url)
    if found is None:
        return None
    info, at, rest = found[2].rpartition("@")
    host, colon, port = rest.partition(":") if not rest.startswith("[") else (rest, "", "")
    host = browser_host(host) or host.lower()
    return found[1].lower(), info + at + host + colon + port, found[3], found[4] or "", found[5] or ""
