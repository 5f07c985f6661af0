"""Who is in a CRM's export: its contacts one by one, and the names that it lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from linktrack.crm.export import Table, column_of, find_table, need_column, need_contacts, open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import OddCell, names_in, shows_quotes
from linktrack.errors import BadInput


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of the CRM. `fields` holds every column by its header; `line` is where the row begins; `consent` is what
    the row says of being tracked, None where the mapping or the file has no column for it."""

    contact_id: str
    email: str
    name: str
    fields: dict[str, str]
    line: int
    consent: bool | None = None


def open_contacts(export: Path, mapping: Mapping) -> Table:
    """The table of contacts of an export: a file, or the `contacts.*` of a folder."""
    return open_table(need_contacts(export), mapping, "contacts")


def name_columns(table: Table, mapping: Mapping) -> list[int]:
    """Where the parts of a contact's name stand; none when the columns are not there."""
    names = mapping.settings.contacts.name
    found = [column_of(table, name) for name in ([names] if isinstance(names, str) else names)]
    return [number for number in found if number is not None]


def read_contacts(
    path: Path, mapping: Mapping, rejected: list[BadRow] | None = None, wanted: Collection[str] | None = None
) -> Iterator[Contact]:
    """The contacts of an export (a file, or a folder with `contacts.*`), see `contacts_in`."""
    return contacts_in(open_contacts(path, mapping), mapping, rejected, wanted)


def contacts_in(
    table: Table, mapping: Mapping, rejected: list[BadRow] | None = None, wanted: Collection[str] | None = None
) -> Iterator[Contact]:
    """The contacts of a table one by one, in its order: all of them, or the first and those whose ids are `wanted`.

    A row without an id, one whose id has come before and what is no row (`Table.rows`) are put into `rejected`;
    without that list they raise BadInput. The export must have the id's column; missing e-mail or name columns give
    empty texts.
    """
    identifier = need_column(table, mapping.settings.contacts.id, "every contact", "id under [crm.contacts]")
    email = column_of(table, mapping.settings.contacts.email)
    names = name_columns(table, mapping)
    asked = mapping.settings.contacts.consent
    consent = None if asked is None else column_of(table, asked.column)
    columns, width = table.columns, len(table.columns)
    seen: set[str] = set()
    left = [] if rejected is None else rejected
    for line, values in table.rows(left):
        contact_id = values[identifier].strip()
        if not contact_id or contact_id in seen:
            reason = f"the id {contact_id!r} has come before" if contact_id else "the row has no contact id"
            left.append(BadRow(reason, line, " ".join(values)[:200]))
        if rejected is None and left:
            break
        if not contact_id or contact_id in seen:
            continue
        if wanted is not None and seen and contact_id not in wanted:
            if not wanted:
                return
            continue
        seen.add(contact_id)
        yield Contact(
            contact_id,
            "" if email is None else values[email].strip(),
            " ".join(part for number in names if (part := values[number].strip())),
            dict(zip(columns, values if len(values) == width else values[:width], strict=True)),
            line,
            None if asked is None or consent is None else asked.given(values[consent]),
        )
    if rejected is None and left:
        raise BadInput(f"{left[0].reason}: correct the export", file=table.path, line=left[0].line)


def any_interests(export: Path, mapping: Mapping) -> bool:
    """Whether the contacts' cells of interests can hold any names: they are lists, or show names in quotes."""
    table = open_contacts(export, mapping)
    at = column_of(table, mapping.settings.contacts.interests)
    separator = mapping.settings.contacts.interests_separator
    return at is not None and (at in table.lists or shows_quotes((row[at] for _, row in table.rows([])), separator))


def export_names(export: Path, mapping: Mapping) -> dict[str, set[str]]:
    """The names in an export, as far as it lists them: `users`, `selections`, `projects`, the contacts' `columns` and
    their `interests`."""
    settings = mapping.settings
    contacts = open_contacts(export, mapping)
    found = {"columns": set(contacts.columns)}
    at = column_of(contacts, settings.contacts.interests)
    if at is not None:
        separator = settings.contacts.interests_separator
        cells = {values[at] for _, values in contacts.rows([])}
        found["interests"] = set()
        for cell in cells:
            with suppress(OddCell):  # doctor says so; here it names nothing
                found["interests"].update(names_in(cell, separator))
    for noun, column, setting in (
        ("users", settings.user_column, "user_column under [crm]"),
        ("selections", settings.selections.name, "name under [crm.selections]"),
        ("projects", settings.projects.name, "name under [crm.projects]"),
    ):
        path = find_table(export, noun)
        if path is not None:
            table = open_table(path, mapping, noun)
            at = need_column(table, column, f"every row of {noun}", setting)
            found[noun] = {values[at].strip() for _, values in table.rows([])}
    return found
