"""Addresses that are nearly a registered link's: the same page for a reader, another address for linktrack."""

from __future__ import annotations

import re

from linktrack.links.location import browser_host

_PARTS = re.compile(r"(?i)(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?")


def differs_in(url: str, other: str) -> tuple[str, ...]:
    """In what two addresses of one page differ: the scheme, a slash at the end, the query, what is behind #.

    Nothing for one and the same address, and nothing for two different pages.
    """
    if url == other:
        return ()
    one, two = _parts(url), _parts(other)
    if one is None or two is None or (one[1], one[2].rstrip("/")) != (two[1], two[2].rstrip("/")):
        return ()
    pairs = (("the scheme", 0), ("the slash at the end", 2), ("the query", 3), ("what is behind #", 4))
    return tuple(word for word, part in pairs if one[part] != two[part])


def _parts(url: str) -> tuple[str, str, str, str, str] | None:
    """Scheme, host (as a browser reads it, with user info and port), path, query and fragment."""
    found = _PARTS.fullmatch(url)
    if found is None:
        return None
    info, at, rest = found[2].rpartition("@")
    host, colon, port = rest.partition(":") if not rest.startswith("[") else (rest, "", "")
    try:
        host = browser_host(host)
    except ValueError:
        host = host.lower()
    return found[1].lower(), info + at + host + colon + port, found[3], found[4] or "", found[5] or ""
