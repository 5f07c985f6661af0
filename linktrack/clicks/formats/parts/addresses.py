"""Lists of addresses as proxies write them, known by their look where a log does not say what a field is."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    rb'(?:for=)?"?\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?:%\w+)?\]?(?::\d+)?"?'
    rb"(?:;[^,]*)?",
    re.IGNORECASE,
).fullmatch
_WORD = re.compile(rb"[^\s,]*").fullmatch


def is_address_list(field: bytes) -> bool:
    """Whether a field is a list that ends with an address, or one of words like `unknown` and `_hidden` with an address
    among them."""
    words = [word.strip(b" \t") for word in field.split(b",")]
    return bool(_ADDRESS(words[-1])) or (any(map(_ADDRESS, words)) and all(map(_WORD, words)))
