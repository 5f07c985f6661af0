"""Where the columns' names stand in a table: the first row that has those which are needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from linktrack.crm.export_rows import BadRow as BadRow
from linktrack.crm.mapping import TableLayout, find_column
from linktrack.errors import BadInput


def find_header(candidates: Iterable[tuple[int, list[str]]], layout: TableLayout, path: Path) -> int:
    """The number of the line or row that names the columns: the one that is set; else the first that is not blank,
    or, where that has no column `layout.key`, the first that has one: titles may stand above it.

    `candidates` are the first rows with their numbers. BadInput when there is none.
    """
    first = 0
    for number, values in candidates:
        if layout.header_row:
            if number == layout.header_row:
                return number
        elif any(value.strip() for value in values):
            first = first or number
            if _names_once(values, layout.key):
                return number
    if not first:
        wanted = f"row {layout.header_row}, which header_row names, is none of its rows" if layout.header_row else ""
        raise BadInput(wanted or "it has no row that names its columns", file=path)
    return first


def _names_once(values: list[str], key: str) -> bool:
    try:
        return find_column([value.strip() for value in values], key) is not None
    except BadInput:
        return True  # which is said when the column is looked for
