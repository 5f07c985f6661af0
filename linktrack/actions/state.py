"""The CRM in memory: what an export says of the people who clicked, and what a run has changed of it so far."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from linktrack.actions.planned import Decision
from linktrack.crm.export import (
    Table,
    column_of,
    find_table,
    name_columns,
    need_column,
    open_contacts,
    open_table,
)
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import names_in, with_name, without_name


@dataclass(frozen=True)
class Needs:
    """What the actions of a run need of an export: fields that are written, contact values that are only read."""

    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    interests: bool = False
    company_interests: bool = False
    our_contact: bool = False
    scripts: bool = False  # they may set any field of the mapping


@dataclass(slots=True)
class Row:
    """A contact or company of the export: the cells that a run may need, by the names of the mapping."""

    id: str
    line: int
    cells: dict[str, str]
    changed: set[str] = field(default_factory=set)
    again: list[int] = field(default_factory=list)  # further rows with the same id


@dataclass
class CrmState:
    """People and companies as they are now; `apply` changes them as one click after the other decides."""

    mapping: Mapping
    contacts: Table
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
    rows: int = 0
    duplicates: int = 0
    without_id: int = 0

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
        row, settings = person, self.mapping.settings.contacts.interests_separator
        if decision.kind == "company-interest":
            company = person.cells.get("company", "")
            if company not in self.firms:
                raise LookupError(f"the company {company!r} of contact {contact_id!r} is not in the export")
            row, settings = self.firms[company], self.mapping.settings.companies.interests_separator
        cell = row.cells["interests"]
        there = decision.name in names_in(cell, settings)
        if there == bool(decision.value):
            return None
        change = with_name if decision.value else without_name
        _set(row, "interests", change(cell, settings, decision.name))
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
    row.changed.add(name)
    return old, value


def _changed(rows: Collection[Row], columns: dict[str, int]) -> dict[int, dict[int, str]]:
    return {
        line: {columns[name]: row.cells[name] for name in row.changed}
        for row in rows
        if row.changed
        for line in (row.line, *row.again)
    }


def load_state(export: Path, mapping: Mapping, needs: Needs, wanted: Collection[str]) -> CrmState:
    """Read what an export says of the contacts `wanted`, and check that it has all that the actions need.

    BadInput when a column is missing that an action needs and that the mapping does not create.
    """
    settings = mapping.settings.contacts
    table = open_contacts(export, mapping)
    identifier = need_column(table, settings.id, "every contact", "id under [crm.contacts]")
    columns, created = _columns(table, mapping, needs)
    state = CrmState(mapping, table, columns, created)
    names = name_columns(table, mapping)
    width = len(table.columns)
    seen: set[str] = set()
    for line, values in table.rows():
        state.rows += 1
        contact_id = values[identifier].strip()
        if not contact_id:
            state.without_id += 1
            continue
        if contact_id in seen:
            state.duplicates += 1
            if contact_id in state.people:
                state.people[contact_id].again.append(line)
            continue
        seen.add(contact_id)
        if contact_id in wanted:
            cells = {name: values[at] if at < width else "" for name, at in columns.items()}
            cells["name"] = " ".join(part for at in names if (part := values[at].strip()))
            state.people[contact_id] = Row(contact_id, line, cells)
    if needs.company_interests:
        _load_companies(state, export)
    _load_members(state, export)
    state.users = _users(export, mapping)
    return state


def _columns(table: Table, mapping: Mapping, needs: Needs) -> tuple[dict[str, int], list[str]]:
    """Where each cell stands that a run may read or write, and the columns to be created behind the last one."""
    settings = mapping.settings.contacts
    columns: dict[str, int] = {}
    created: list[str] = []
    needed = needs.writes | (needs.reads & settings.fields.keys())
    for name in sorted(needed | (settings.fields.keys() if needs.scripts else set())):
        wanted = mapping.field(name)
        found = column_of(table, wanted.column)
        if found is None and wanted.create:
            if wanted.column not in created:
                created.append(wanted.column)
            found = len(table.columns) + created.index(wanted.column)
        if found is None and name not in needed:
            continue  # a script that sets it will be told so
        if found is None:
            found = need_column(table, wanted.column, f"the field {name!r}", f"{name} under [crm.contacts.fields]")
        columns[name] = found
    named = settings.model_fields_set
    standard = {
        "email": (settings.email, False),
        "company": (settings.company, needs.company_interests),
        "our_contact": (settings.our_contact, needs.our_contact and "our_contact" in named),
        "interests": (settings.interests, needs.interests),
    }
    for name, (column, required) in standard.items():
        found = column_of(table, column)
        if required and found is None:
            found = need_column(table, column, f"an action on {name}", f"{name} under [crm.contacts]")
        if found is not None:
            columns.setdefault(name, found)
    return columns, created


def _load_companies(state: CrmState, export: Path) -> None:
    from linktrack.errors import BadInput

    settings = state.mapping.settings.companies
    path = find_table(export, "companies")
    if path is None:
        raise BadInput(
            "an action changes interests of companies, but the export has no companies.*: "
            "export the companies into the same folder and name the folder"
        )
    table = open_table(path, state.mapping, settings.id)
    identifier = need_column(table, settings.id, "every company", "id under [crm.companies]")
    at = need_column(table, settings.interests, "an action on interests", "interests under [crm.companies]")
    state.companies, state.company_column = table, at
    wanted = {person.cells.get("company", "").strip() for person in state.people.values()}
    for person in state.people.values():
        person.cells["company"] = person.cells["company"].strip()
    for line, values in table.rows():
        company = values[identifier].strip()
        if company in state.firms:
            state.firms[company].again.append(line)
        elif company and company in wanted:
            state.firms[company] = Row(company, line, {"interests": values[at]})


def _load_members(state: CrmState, export: Path) -> None:
    settings = state.mapping.settings
    listed = []
    for kind, noun, columns in (
        ("selection", "selections", settings.selections),
        ("project", "projects", settings.projects),
    ):
        path = find_table(export, noun)
        if path is None:
            continue
        listed.append(kind)
        table = open_table(path, state.mapping, columns.name)
        name = need_column(table, columns.name, f"every row of {noun}", f"name under [crm.{noun}]")
        contact = need_column(table, columns.contact, f"every row of {noun}", f"contact under [crm.{noun}]")
        known = state.known_names.setdefault(kind, set())
        for _, values in table.rows():
            known.add(values[name].strip())
            if values[contact].strip() in state.people:
                state.members[values[contact].strip(), kind, values[name].strip()] = True
    state.listed = frozenset(listed)


def _users(export: Path, mapping: Mapping) -> frozenset[str]:
    """Who may own things: the users of the mapping and of `users.*`; empty when neither says."""
    users = set(mapping.settings.users)
    path = find_table(export, "users")
    if path is not None:
        table = open_table(path, mapping, mapping.settings.user_column)
        at = column_of(table, mapping.settings.user_column) or 0
        users.update(name for _, values in table.rows() if (name := values[at].strip()))
    return frozenset(users)
