"""Many values in one statement: how many it may name, and a mark for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

AT_ONCE = 500

_Value = TypeVar("_Value")


def at_once(values: Iterable[_Value], many: int = AT_ONCE) -> Iterator[list[_Value]]:
    """Values in their order, so `many` at a time; read as they are wanted."""
    left = iter(values)
    while some := list(islice(left, many)):
        yield some


def marks(values: Collection[object], one: str = "?") -> str:
    """`?, ?, ?`: a mark for each value in a statement (or several: `(?, ?)`); NULL, which nothing equals, for none."""
    return ", ".join([one] * len(values)) or "NULL"
