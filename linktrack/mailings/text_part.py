"""Addresses in plain text: where each one begins, and where it ends before the sentence goes on."""

from __future__ import annotations

import re

from linktrack.links.merge_tags import Pairs, find, masked

# White space, controls, angle brackets and quotation marks of all kinds end an address in text.
_URL = re.compile(
    r"(?<![A-Za-z0-9+.\-])(?:https?://|linktrack:)[^\s\x00-\x20\x7f<>\"`\u00ab\u00bb\u2018-\u201f\u2039\u203a\u3000-\u3002]+",
    re.IGNORECASE,
)
_AFTER = ".,:;!?'*_~|…"  # belongs to the sentence when it comes last
_PAIRS = {")": "(", "]": "[", "}": "{"}


def find_urls(text: str, extra_tags: Pairs = ()) -> list[tuple[int, int]]:
    """(start, stop) of each web address and `linktrack:KEY` in plain text, merge tags in them included."""
    tags = find(text, extra_tags)
    hidden = masked(text, tags)
    return [(match.start(), _end(hidden, match.start(), match.end())) for match in _URL.finditer(hidden)]


def _end(text: str, start: int, stop: int) -> int:
    """Where the address ends: without final punctuation and without brackets that were opened before it."""
    depth = dict.fromkeys(_PAIRS, 0)
    for index in range(start, stop):
        character = text[index]
        if character in _PAIRS.values():
            depth[next(closing for closing, opening in _PAIRS.items() if opening == character)] += 1
        elif character in _PAIRS:
            depth[character] -= 1
            if depth[character] < 0:  # closes a bracket from before the address
                stop = index
                break
    while stop > start:
        last = text[stop - 1]
        if last in _AFTER or last in _PAIRS.values():
            stop -= 1
        else:
            break
    return stop
