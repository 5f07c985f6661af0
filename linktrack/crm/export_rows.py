"""Rows of an export that could not be used, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

HOLDS_NUL = "it holds a NUL, which no database takes"


@dataclass(frozen=True)
class BadRow:
    """A row of an export that cannot be used and is left as it is: why, where it begins, how it begins, how many
    fields it has (None where that does not matter), and whether it stands `apart`, like a title or a footer: that is no
    fault of the export."""

    reason: str
    line: int
    text: str
    fields: int | None = None
    apart: bool = False


class LeftRow(NamedTuple):
    """A row that a run has left as it came, as `summary.json` says it."""

    file: str
    line: int
    fields: int | None
    reason: str
