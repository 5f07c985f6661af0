"""The chart beside the figures in a workbook: what it is, for who does not write one."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Chart(NamedTuple):
    """What a chart draws: adjacent columns that name its points, and the columns of their values."""

    kind: Literal["column", "bar", "line"]
    names: tuple[str, ...]
    values: tuple[str, ...]
