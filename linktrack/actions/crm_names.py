"""Names that are new to the CRM: selections, projects and interests that a run is going to make, each with the known
names that are most like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from linktrack.actions.crm_load import MAX_CELLS
from linktrack.actions.crm_state import CrmState
from linktrack.crm.multivalue import OddCell, names_in, needs_quotes
from linktrack.links.actions import InterestAction
from linktrack.names import did_you_mean, nearest
from linktrack.settings.crm import CrmSettings

NOUNS = {
    "selection": "selection",
    "project": "project",
    "interest": "interest",
    "company-interest": "interest of companies",
}
_MOST = 20  # names that are said one by one


def new_names(state: CrmState) -> dict[str, list[str]]:
    """By kind the names that the run gives somebody and that the export does not have. Of a kind that an export does
    not list nothing is called new."""
    found: dict[str, list[str]] = {}
    for kind in ("selection", "project"):
        if kind in state.listed:
            given = {name for name, _, change in state.net_members(kind) if change == "add"}
            found[kind] = sorted(given - state.known_names.get(kind, set()))
    settings = state.mapping.settings
    for kind, table, column, separator in (
        ("interest", state.contacts, state.columns.get("interests", -1), settings.contacts.interests_separator),
        ("company-interest", state.companies, state.company_column, settings.companies.interests_separator),
    ):
        left = state.given_names.get(kind, set()) - state.known_names.get(kind, set())
        if left and table is not None:
            cells: Iterable[str] = (values[column] for _, values in table.rows([]))
            if kind == "interest" and 0 < len(state.interest_cells) < MAX_CELLS:
                cells = state.interest_cells
            state.known_names.setdefault(kind, set()).update(_names_of(cells, separator))
        found[kind] = sorted(left - state.known_names.get(kind, set()))
    return found


def sentences(state: CrmState, new: Mapping[str, list[str]]) -> Iterator[str]:
    """A sentence on each new name, with those that it nearly is."""
    for kind, names in new.items():
        for name in names[:_MOST]:
            hint = did_you_mean(nearest(name, state.known_names.get(kind, set())))
            yield f"the {NOUNS[kind]} {name!r} is new: the export has none of that name{hint}"
        if len(names) > _MOST:
            yield f"{len(names) - _MOST:,} more names of the kind {NOUNS[kind]} are new: see summary.json"


def unfit_interests(action: InterestAction, crm: CrmSettings) -> Iterator[str]:
    """A sentence on each interest that can stand only in a list, or in a cell whose names are in quotes."""
    separators = {
        "person": [crm.contacts.interests_separator],
        "company": [crm.companies.interests_separator],
        "both": [crm.contacts.interests_separator, crm.companies.interests_separator],
    }
    for name in action.add:
        for separator in dict.fromkeys(separators[action.on]):
            if "{" not in name and needs_quotes(name, separator):
                what = "holds" if separator in name else "could be read as something else beside"
                yield (
                    f"the interest {name!r} {what} {separator!r}, which parts names: it is only written where the "
                    "export's cells are lists or have names in quotes"
                )


def _names_of(cells: Iterable[str], separator: str) -> Iterator[str]:
    """All names in cells; what is not understood is passed over."""
    seen = set()
    for cell in cells:
        if cell and cell not in seen:
            seen.add(cell)
            try:
                yield from names_in(cell, separator)
            except OddCell:
                continue
