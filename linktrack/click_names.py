"""What a click is called outside of the database: its time and print, as text."""

from __future__ import annotations

import re

_MASK = (1 << 64) - 1
_WRITTEN = "%x-%016x"  # which is filled in two thirds of the time of f"{…:x}"
_NAME = re.compile(r"(-?[0-9a-f]{1,15})-([0-9a-f]{16})")


def click_name(clicked_at: int, print_of_line: int) -> str:
    """`19a3f5c0b80-00c4…`: the time in hexadecimal milliseconds, and the 64-bit print."""
    return _WRITTEN % (clicked_at, print_of_line & _MASK)


def click_of(name: str) -> tuple[int, int]:
    """The time and print that a name stands for. ValueError for no name of a click."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no name of a click")
    mark = int(found[2], 16)
    return int(found[1], 16), mark - (1 << 64) if mark >> 63 else mark
