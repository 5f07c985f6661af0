"""The rules that are data: the rows of the files in `data/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def rows_of(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of a file, their columns parted by tabs; lines that begin with # are comments."""
    text = (files("linktrack.clicks.judging") / "data" / name).read_text("utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#"))
