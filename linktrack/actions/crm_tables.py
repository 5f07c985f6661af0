"""The tables of an export of the CRM, and the cells of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from linktrack.actions.crm_state import CrmState
from linktrack.crm.export import (
    Table,
    find_table,
    need_column,
    open_table,
)
from linktrack.crm.export_rows import BadRow


def table_of(state: CrmState, export: Path, noun: str) -> Table | None:
    """The table of an export that holds `noun` (such as "selections"); None where the export has no such file."""
    path = find_table(export, noun)
    return None if path is None else open_table(path, state.mapping, noun)


def cells_of(state: CrmState, table: Table, noun: str, columns: Mapping[str, str]) -> Iterator[tuple[int, list[str]]]:
    """The line of each row and its cells in these columns (setting -> column), all of which must be there."""
    section = noun.replace("-", "_")
    places = [
        need_column(table, column, f"every row of {noun}", f"{setting} under [crm.{section}]")
        for setting, column in columns.items()
    ]
    left: list[BadRow] = []
    for line, values in table.rows(left):
        yield line, [values[at].strip() for at in places]
    state.leave_alone(table, left)
