"""Names as they are compared: interests, types of mailings, people; variables of logs and of mail services."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

_NO_NAME = re.compile(r"[^a-z0-9]+")


def same_name(name: str) -> str:
    """A name as it is the same whatever its case, the blanks around it, and how Unicode writes its letters."""
    return normalize("NFC", normalize("NFC", name).strip().casefold())


@lru_cache(maxsize=1000)
def folded(name: str) -> str:
    """A variable's name without case and all that is no letter or digit of ASCII; "" where nothing is left."""
    return _NO_NAME.sub("", name.lower())
