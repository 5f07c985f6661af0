"""The CRM in memory: what an export says of the people who clicked, and what a run has changed of it so far."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, lru_cache

from linktrack.actions.planned import Decision
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import Table, left_alone
from linktrack.crm.export_rows import BadRow, LeftRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import OddCell, names_in, names_like, with_name, without_name
from linktrack.crm.typed_values import same_value
from linktrack.errors import CannotChange
from linktrack.names import composed, same_name
from linktrack.settings.crm import FieldSettings

_NOT_XML = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_OWN = ("email", "company", "our_contact", "interests")  # columns that the mapping has names of its own for
_MOST_IN_A_CELL = 32_767


@dataclass(slots=True)
class CrmRow:
    """A contact or company of the export: the cells that a run may need, at the `places` that all rows of a table have
    for the mapping's names."""

    id: str
    line: int
    places: dict[str, int]
    cells: list[str]
    changed: tuple[str, ...] = ()  # the names of cells
    again: tuple[int, ...] = ()  # further rows with the same id
    has_clicked: bool = False
    as_listed: str = ""  # the interests as they were before the first was removed: how names are set off

    def __getitem__(self, name: str) -> str:
        return self.cells[self.places[name]]

    def get(self, name: str) -> str:
        """What the cell of a name says; nothing where there is none."""
        at = self.places.get(name)
        return "" if at is None else self.cells[at]

    def change(self, name: str, text: str) -> None:
        """Say something else in a cell."""
        self.cells[self.places[name]] = text
        if name not in self.changed:
            self.changed = _with(self.changed, name)


@cache
def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Names and one more: all rows in which the same has changed have the same tuple."""
    return (*names, name)


class ChangedRows(AnyMapping[int, dict[int, str]]):
    """By line of a table, column by column, what its changed rows say now: put together for who asks."""

    def __init__(self, rows: Iterable[CrmRow], columns: dict[str, int]) -> None:
        self._columns = columns
        self._rows = {line: row for row in rows if row.changed for line in (row.line, *row.again)}
        # By names of cells: their columns, with their places in a row.
        self._changed: dict[tuple[str, ...], list[tuple[int, int]]] = {}

    def __getitem__(self, line: int) -> dict[int, str]:
        row = self._rows[line]
        if (changed := self._changed.get(row.changed)) is None:
            changed = self._changed[row.changed] = [(self._columns[name], row.places[name]) for name in row.changed]
        cells = row.cells
        return {column: cells[place] for column, place in changed}

    def __contains__(self, line: object) -> bool:
        return line in self._rows

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


@dataclass
class CrmState:
    """People and companies as they are now; `apply` changes them as one click after the other decides."""

    mapping: Mapping
    contacts: Table | None  # None = there is no export, and everybody who clicked is a contact
    columns: dict[str, int]  # where a cell's name stands in the contacts; past the last column = to be created
    created: list[str]  # columns that are to be created
    companies: Table | None = None
    company_column: int = -1
    id_column: int = -1  # of the contacts, which nothing is written into
    no_companies: str = ""  # why there are none, where an action asks for them
    people: dict[str, CrmRow] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)  # of a contact's cells in its row
    firms: dict[str, CrmRow] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()  # kinds of membership that the export lists: selection, project
    known_names: dict[str, set[str]] = field(default_factory=dict)  # by kind
    interest_cells: set[str] = field(default_factory=set)  # of all contacts, or the first so many
    quoting: set[str] = field(default_factory=set)  # kinds of interests whose column has names in quotes, or lists
    given_names: dict[str, set[str]] = field(default_factory=dict)  # of interests, by kind: what the run has added
    members: dict[tuple[str, str, str], bool] = field(default_factory=dict)  # (contact, kind, composed name) -> is one
    written: dict[tuple[str, str], str] = field(default_factory=dict)  # (kind, composed name) -> as the export has it
    before: dict[tuple[str, str, str], bool | None] = field(default_factory=dict)  # the same, before this run
    users: frozenset[str] = frozenset()
    bookings: list[tuple[str, datetime, datetime]] = field(default_factory=list)  # (user, start, end)
    open_requests: Counter[str] | None = None  # by owner; None = the export does not list requests
    notes: list[str] = field(default_factory=list)
    urgent: list[str] = field(default_factory=list)  # of the notes, those on faults of the export's rows
    left_alone: list[LeftRow] = field(default_factory=list)

    def leave_alone(self, table: Table, left: Sequence[BadRow], without_id: Sequence[BadRow] = ()) -> None:
        """Note which rows of a table stay as they came, and why: those that are no rows of it, and those without an id
        (which may be on purpose)."""
        is_urgent = any(not row.apart for row in left)
        left = sorted([*left, *without_id], key=lambda row: row.line)
        said = list(left_alone(table, left))
        self.notes += said
        self.urgent += said if is_urgent else ()
        self.left_alone += (LeftRow(table.path.name, row.line, row.fields, row.reason) for row in left)

    def company(self, person: CrmRow, name: str) -> str:
        """What a placeholder `{company.name}` stands for: the company's own name where the export has its companies,
        else what the contact's column says; `{company.id}` is always the latter."""
        written = person.get("company")
        firm = self.firms.get(written.strip()) if self.firms else None
        return written if name == "id" or firm is None else firm.get("name") or written

    def apply(self, person: CrmRow, decision: Decision) -> tuple[str, str] | None:
        """Carry out a decision. Returns (old, new) as the ledger shows them, or None when nothing changes.

        CannotChange, with the reason, when the export has no place for it.
        """
        kind, name, _, value = decision
        if kind == "set-field":
            if (column := self.columns.get(name)) is None:
                raise CannotChange(
                    f"the export has no column for the field {name!r}: "
                    "name one under [crm.contacts.fields], or add it to the export"
                )
            if column == self.id_column:
                raise CannotChange(f"the field {name!r} is the contact's id, which is never changed")
            old = person[name]
            if old == value:
                return None
            _holdable(value, self.contacts)
            if self.contacts is not None and self.contacts.suffix != ".csv":
                if same_value(old, value, self.mapping.field(name)):
                    return None  # a number, a day, yes or no, in whatever way the cell says it
                _refuse_unwritable(person, name, value, self.contacts, column)
            person.change(name, value)
            return old, value
        if kind in ("selection", "project"):
            return self._join(person, decision)
        try:
            return self._interest(person, decision)
        except (OddCell, CannotChange) as problem:
            done = "added" if decision.value else "removed"
            raise CannotChange(f"the interest {decision.name!r} cannot be {done}: {problem}") from None

    def _interest(self, person: CrmRow, decision: Decision) -> tuple[str, str] | None:
        kind, name, _, is_added = decision
        row, separator, table = person, self.mapping.settings.contacts.interests_separator, self.contacts
        if kind == "company-interest":
            row, separator, table = self._firm_of(person), *self._of_companies()
        cell, quotes = row["interests"], kind in self.quoting
        standing = names_like(cell, separator, name)
        if standing:
            self.known_names.setdefault(kind, set()).update(standing)
        if bool(standing) == bool(is_added):
            return None
        if is_added:
            name = self._spelled_interests.get(same_name(name), name) if kind == "interest" else name
            changed = _holdable(with_name(cell, separator, name, like=row.as_listed, quotes=quotes), table)
        else:
            changed = without_name(cell, separator, name, quotes=quotes)
        at = self.company_column if kind == "company-interest" else self.columns["interests"]
        _refuse_unwritable(row, "interests", changed, table, at)
        if is_added:
            self.given_names.setdefault(kind, set()).add(name)
        else:
            row.as_listed = row.as_listed or cell
        if changed != cell:
            row.change("interests", changed)
        return ("", name) if is_added else (standing[0], "")

    @cached_property
    def _spelled_interests(self) -> dict[str, str]:
        """By `same_name` the interests as the contacts of the export have them; of several spellings the first in the
        alphabet."""
        found = set[str]()
        for cell in self.interest_cells:
            with suppress(OddCell):
                found.update(names_in(cell, self.mapping.settings.contacts.interests_separator))
        return {same_name(name): name for name in sorted(found, reverse=True)}

    def _firm_of(self, person: CrmRow) -> CrmRow:
        """A contact's company. CannotChange when it is not there."""
        company = person.get("company").strip()
        if self.no_companies:
            raise CannotChange(self.no_companies)
        if company not in self.firms:
            raise CannotChange(
                f"the company {company!r} of contact {person.id!r} is not in the export"
                if company
                else f"the contact {person.id!r} has no company"
            )
        return self.firms[company]

    def _of_companies(self) -> tuple[str, Table | None]:
        return self.mapping.settings.companies.interests_separator, self.companies

    def _join(self, person: CrmRow, decision: Decision) -> tuple[str, str] | None:
        name = composed(decision.name)
        key = person.id, decision.kind, name  # the id that is kept anyway
        member = self.members.get(key)
        if member is None and decision.kind in self.listed:
            member = False
        wanted = bool(decision.value)
        if member is wanted:
            return None
        self.before.setdefault(key, member)
        self.members[key] = wanted
        shown = self.written.get((decision.kind, name), decision.name)
        return ("", shown) if wanted else (shown, "")

    def net_members(self, kind: str) -> Iterator[tuple[str, str, str]]:
        """(name, contact id, add or remove) for each membership that is not what it was before the run."""
        for key, before in self.before.items():
            if key[1] == kind and (after := self.members[key]) is not before:
                yield self.written.get(key[1:], key[2]), key[0], "add" if after else "remove"

    def changed_contacts(self) -> ChangedRows:
        """By the number of the row: the new text of each cell that has changed, by its column."""
        return ChangedRows(self.people.values(), self.columns)

    def written_fields(self) -> dict[int, FieldSettings]:
        """By the column what the fields hold that may have changed in it."""
        declared = self.mapping.settings.contacts.fields
        return {
            at: self.mapping.field(name) for name, at in self.columns.items() if name in declared or name not in _OWN
        }

    def changed_companies(self) -> ChangedRows:
        return ChangedRows(self.firms.values(), {"interests": self.company_column})


def _holdable(text: str, table: Table | None) -> str:
    """A text that the table's file can hold. CannotChange, with the reason, for any other."""
    encoding = table.dialect.encoding if isinstance(table, CsvTable) else ""
    return _held_in(text, encoding, "" if table is None else table.suffix)


@lru_cache(4_096)  # what is written into cells is mostly the same
def _held_in(text: str, encoding: str, suffix: str) -> str:
    """A text that a file can hold; `encoding` of a CSV."""
    if encoding:
        try:
            text.encode(encoding)
        except UnicodeEncodeError as problem:
            raise CannotChange(
                f"{problem.object[problem.start]!r} cannot be written as {encoding}, the export's "
                "encoding: export as UTF-8, or use another text in the action"
            ) from None
    elif any("\ud800" <= sign <= "\udfff" for sign in text):
        raise CannotChange("it holds half a character, which no file can")
    if "\0" in text:
        raise CannotChange("it holds a NUL, which no cell can")
    if suffix == ".xlsx":
        if _NOT_XML.search(text):
            raise CannotChange("it holds a control character, which no cell of a workbook can")
        if len(text) > _MOST_IN_A_CELL:
            raise CannotChange(f"it is longer than the {_MOST_IN_A_CELL:,} characters that a cell of a workbook holds")
    return text


def _refuse_unwritable(row: CrmRow, name: str, value: str, table: Table | None, column: int) -> None:
    """CannotChange, with the reason, where a cell is to be changed that cannot be written into."""
    if table is not None and table.suffix != ".csv" and row[name] != value:
        for line in (row.line, *row.again):
            if reason := table.unwritable(line, column):
                raise CannotChange(f"row {line} of {table.path.name} cannot take it: {reason}")
