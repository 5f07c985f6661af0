"""Many values in one statement: how many it may name, and a mark for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

AT_ONCE = 500

_Value = TypeVar("_Value")


def at_once(values: Iterable[_Value], many: int = AT_ONCE) -> Iterator[list[_Value]]:
    """Values in their order, so `many` at a time; read as they are wanted."""
    left = iter(values)
    while some := list(islice(left, many)):
        yield some


def near(ordered: Sequence[int], column: str, spread: int) -> tuple[str, list[int]]:
    """The condition, with its values, that a column has one of these numbers, which are in order. Where they lie so
    close that between the first and the last there are at most `spread` times as many, it holds for those too: rows
    that lie side by side are read in a fifth of the time that looking each up takes."""
    if ordered[-1] - ordered[0] < spread * len(ordered):
        return f"{column} BETWEEN ? AND ?", [ordered[0], ordered[-1]]
    return f"{column} IN ({marks(ordered)})", [*ordered]


def marks(values: Collection[object], one: str = "?") -> str:
    """`?, ?, ?`: a mark for each value in a statement (or several: `(?, ?)`); NULL, which nothing equals, for none."""
    return ", ".join([one] * len(values)) or "NULL"
