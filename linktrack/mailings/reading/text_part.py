"""Addresses in plain text: where each one begins, and where it ends before the sentence goes on."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from linktrack.links.merge_tags import MergeTag, Pairs, find

# What ends an address wherever it stands, in the inside of a character class.
_ENDS = (
    r"\s\x00-\x20\x7f-\x9f"  # white space and controls
    r"<>\"`|"
    "\u00ab\u00bb\u2018-\u201f\u2039\u203a"  # quotation marks of all kinds
    "\u2012-\u2015"  # dashes longer than a hyphen
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # what nobody sees, text direction
    "\u3000-\u3003\u3008-\u3011\u3014-\u301f\ufe10-\ufe19\ufe30-\ufe48"  # full stops and brackets of CJK
    "\uff01\uff02\uff07-\uff09\uff0c\uff0e\uff1a\uff1b\uff1c\uff1e\uff1f\uff3b\uff3d\uff5b-\uff65"  # their wide forms
)
_PICTURE = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"  # emoji, arrows, dingbats
_is_picture = re.compile(f"[{_PICTURE}]").match
_URL = re.compile(  # the group is not possessive: Python before 3.11.5 does not go back into one
    rf"(?<![A-Za-z0-9+.\-])(?:https?://|linktrack:)"
    rf"(?:[^{_ENDS}{_PICTURE}&]"
    r"|&(?!(?:lt|gt|quot|apos|nbsp|laquo|raquo|#34|#39|#60|#62);)"  # of text that has been HTML once
    rf"|[{_PICTURE}]+[\ufe0e\ufe0f]?(?=[/?#&=]))+",  # a picture is part of a path only when that goes on
    re.IGNORECASE,
)
_STATEMENT = "!"  # stands for a statement's tag: it ends no word, and is of the sentence at the end
_EMPHASIS = "*_~"  # of the text where the same stands right before the address
_MOST_EMPHASIS = 8
_AFTER = ".,:;!?'…\u060c\u061b\u061f\u06d4\u0964\u0965\u0589\ufe0e\ufe0f"  # of the sentence when it comes last
_PAIRS = {")": "(", "]": "[", "}": "{"}


def find_urls(text: str, extra_tags: Pairs = ()) -> list[tuple[int, int]]:
    """(start, stop) of each web address and `linktrack:KEY` in plain text, merge tags in them included.

    A statement (`{% if %}`) behind an address is not part of it; one inside is, with all that follows it.
    """
    tags = find(text, extra_tags)
    hidden = _hidden(text, tags)
    statements = [tag for tag in tags if tag.statement]
    begins = [tag.start for tag in statements]
    found = []
    for match in _URL.finditer(hidden):
        start, stop = match.start(), _end(hidden, match.start(), match.end())
        following = bisect_left(begins, stop)
        if following > bisect_left(begins, start):
            while following < len(begins) and begins[following] == stop:
                stop = statements[following].stop
                following += 1
        found.append((start, stop))
    return found


def _hidden(text: str, tags: Sequence[MergeTag]) -> str:
    """`text` with a letter for each character of a value's tag, and a sign that ends no word for a statement's."""
    parts: list[str] = []
    here = 0
    for tag in tags:
        parts += (text[here : tag.start], (_STATEMENT if tag.statement else "x") * (tag.stop - tag.start))
        here = tag.stop
    parts.append(text[here:])
    return "".join(parts)


def _end(text: str, start: int, stop: int) -> int:
    """Where the address ends: without final punctuation or pictures, brackets that were opened before it, and marks of
    emphasis that stand before it too."""
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
    begin = start  # where marks of emphasis begin whose twins were found
    while stop > start:
        last = text[stop - 1]
        if last in _EMPHASIS:
            twins = _twins(text, begin, stop)
            if not twins:
                break
            begin, stop = begin - twins, stop - twins
        elif last in _AFTER or last in _PAIRS.values() or _is_picture(last):
            stop -= 1
        else:
            break
    return stop


def _twins(text: str, begin: int, stop: int) -> int:
    """How many marks of emphasis before `stop` are, mirrored, those before `begin`."""
    before = text[max(0, begin - _MOST_EMPHASIS) : begin]
    before = before[len(before.rstrip(_EMPHASIS)) :]
    after = text[stop - len(before) : stop]
    while before and after[::-1] != before:
        before, after = before[1:], after[1:]
    return len(before)
