"""The CRM in memory: what an export says of the people who clicked, and what a run has changed of it so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from linktrack.actions.planned import Decision
from linktrack.crm.export import Table
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import OddCell, names_in, with_name, without_name


@dataclass(slots=True)
class Row:
    """A contact or company of the export: the cells that a run may need, by the names of the mapping."""

    id: str
    line: int
    cells: dict[str, str]
    changed: tuple[str, ...] = ()  # the names of cells
    again: tuple[int, ...] = ()  # further rows with the same id
    likes: str = ""  # the interests as they were before the first was removed: how names are set off


@dataclass
class CrmState:
    """People and companies as they are now; `apply` changes them as one click after the other decides."""

    mapping: Mapping
    contacts: Table | None  # None = there is no export, and everybody who clicked is a contact
    columns: dict[str, int]  # where a cell's name stands in the contacts; past the last column = to be created
    created: list[str]  # columns that are to be created
    companies: Table | None = None
    company_column: int = -1
    people: dict[str, Row] = field(default_factory=dict)
    firms: dict[str, Row] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()  # kinds of membership that the export lists: selection, project
    known_names: dict[str, set[str]] = field(default_factory=dict)
    members: dict[tuple[str, str, str], bool] = field(default_factory=dict)  # (contact, kind, name) -> is a member
    before: dict[tuple[str, str, str], bool | None] = field(default_factory=dict)  # the same, before this run
    users: frozenset[str] = frozenset()
    bookings: list[tuple[str, datetime, datetime]] = field(default_factory=list)  # (user, start, end)
    open_requests: Counter[str] | None = None  # by owner; None = the export does not list requests
    notes: list[str] = field(default_factory=list)

    def value(self, contact_id: str, name: str) -> str:
        """What a placeholder `{contact.name}` stands for."""
        if name in ("id", "contact_id"):
            return contact_id
        return self.people[contact_id].cells.get(name, "")

    def apply(self, contact_id: str, decision: Decision) -> tuple[str, str] | None:
        """Carry out a decision. Returns (old, new) as the ledger shows them, or None when nothing changes.

        LookupError, with a reason, when the export has no place for it.
        """
        person = self.people[contact_id]
        if decision.kind == "set-field":
            if decision.name not in self.columns:
                raise LookupError(f"the export has no column for the field {decision.name!r}")
            return _set(person, decision.name, decision.value)
        if decision.kind in ("selection", "project"):
            return self._join(contact_id, decision)
        row, separator = person, self.mapping.settings.contacts.interests_separator
        if decision.kind == "company-interest":
            company = person.cells.get("company", "")
            if company not in self.firms:
                raise LookupError(f"the company {company!r} of contact {contact_id!r} is not in the export")
            row, separator = self.firms[company], self.mapping.settings.companies.interests_separator
        cell = row.cells["interests"]
        try:
            there = decision.name in names_in(cell, separator)
            if there == bool(decision.value):
                return None
            if decision.value:
                changed = with_name(cell, separator, decision.name, like=row.likes)
            else:
                row.likes = row.likes or cell
                changed = without_name(cell, separator, decision.name)
        except OddCell as odd:
            raise LookupError(str(odd)) from None
        _set(row, "interests", changed)
        return ("", decision.name) if decision.value else (decision.name, "")

    def _join(self, contact_id: str, decision: Decision) -> tuple[str, str] | None:
        key = contact_id, decision.kind, decision.name
        member = self.members.get(key)
        if member is None and decision.kind in self.listed:
            member = False
        wanted = bool(decision.value)
        if member is wanted:
            return None
        self.before.setdefault(key, member)
        self.members[key] = wanted
        return ("", decision.name) if wanted else (decision.name, "")

    def net_members(self, kind: str) -> Iterator[tuple[str, str, str]]:
        """(name, contact id, add or remove) for each membership that is not what it was before the run."""
        for key, before in self.before.items():
            after = self.members[key]
            if key[1] == kind and after is not before:
                yield key[2], key[0], "add" if after else "remove"

    def changed_contacts(self) -> dict[int, dict[int, str]]:
        """By the number of the row: the new text of each cell that has changed, by its column."""
        return _changed(self.people.values(), self.columns)

    def changed_companies(self) -> dict[int, dict[int, str]]:
        return _changed(self.firms.values(), {"interests": self.company_column})


def _set(row: Row, name: str, value: str) -> tuple[str, str] | None:
    old = row.cells[name]
    if old == value:
        return None
    row.cells[name] = value
    if name not in row.changed:
        row.changed = (*row.changed, name)
    return old, value


def _changed(rows: Collection[Row], columns: dict[str, int]) -> dict[int, dict[int, str]]:
    return {
        line: {columns[name]: row.cells[name] for name in row.changed}
        for row in rows
        if row.changed
        for line in (row.line, *row.again)
    }
