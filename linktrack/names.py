"""Names as they are kept and compared: folders, mailings, types, keys, interests, users, people, variables of logs.

A letter with its accent may be one sign or two (macOS writes two into the names of files). What people name here is
kept in one sign (NFC) and looked up so, at the door of each noun; what the CRM has written stays as it stands, and is
only compared so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar
from unicodedata import normalize

Held = TypeVar("Held")
_NO_NAME = re.compile(r"[^a-z0-9]+")


def composed(name: str) -> str:
    """A name as it is kept: each letter with its accents in one sign (NFC)."""
    return name if name.isascii() else normalize("NFC", name)


def held_under(table: Mapping[str, Held], name: str) -> Held | None:
    """What a table of the settings holds under a name, however either writes its accents."""
    if name in table or name.isascii():
        return table.get(name)
    return next((held for one, held in table.items() if composed(one) == composed(name)), None)


@lru_cache(maxsize=1000)
def same_name(name: str) -> str:
    """The form in which names are compared: whatever their case, the blanks around them, and how Unicode writes
    letters."""
    return composed(composed(name).strip().casefold())


def nearest(name: str, known: Iterable[str], at_most: int = 3, likeness: float = 0.6) -> tuple[str, ...]:
    """Those of some names that are most like one, the nearest first, whatever their case and accents; none that is
    less like it than `likeness` (0 to 1, as `difflib` counts it)."""
    from difflib import get_close_matches

    by_folded = {composed(one).casefold(): one for one in known if one}
    near = get_close_matches(composed(name).casefold(), by_folded, at_most, likeness)
    return tuple(by_folded[one] for one in near)


def did_you_mean(near: Iterable[str]) -> str:
    """What a sentence adds to an unknown name: the known ones that are most like it; nothing where there are none."""
    meant = " or ".join(map(repr, near))
    return f" (did you mean {meant}?)" if meant else ""


@lru_cache(maxsize=1000)
def folded(name: str) -> str:
    """A variable's name without case and all that is no letter or digit of ASCII; "" where nothing is left."""
    return _NO_NAME.sub("", name.lower())
