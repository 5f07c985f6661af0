"""Recipients: the people that mails went to, kept by the CRM's contact id with what their mails' targets need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from linktrack.store.many import marks
from linktrack.store.session import Database

if TYPE_CHECKING:  # reports only ask for a domain
    from linktrack.crm.mapping import Mapping
    from linktrack.crm.people import Contact

INTERESTS = "interests"  # the field that a subscriptions page needs: the cell of the mapping's column


class KnownRecipient(NamedTuple):
    """A recipient as the database has them, with their values by the names of fields; no `contact_id` once they are
    forgotten."""

    contact_id: str | None
    email: str
    name: str
    fields: dict[str, str]


class _RecipientBefore(NamedTuple):
    """A recipient as they were until now; `fields` are JSON."""

    id: int
    fields: str
    email: str
    name: str


def known_recipient(database: Database, number: int) -> KnownRecipient:
    """The recipient of this id; one that is not there has nothing."""
    row = database.row("SELECT contact_id, email, name, fields FROM recipient WHERE id = ?", (number,))
    contact_id, email, name, fields = row or ("", "", "", "{}")
    return KnownRecipient(contact_id, email, name, json.loads(fields))


def store_recipients(
    database: Database, contacts: Sequence[Contact], needed: Sequence[str], mapping: Mapping
) -> dict[str, int]:
    """Insert or update a batch of contacts with their values of the fields `needed`, and with their interests where
    those are kept already. The address and name that somebody had before are kept beside, for they are found by them
    too. Returns ids by contact id.

    Part of a transaction.
    """
    contact_ids = [contact.contact_id for contact in contacts]
    query = f"SELECT contact_id, id, fields, email, name FROM recipient WHERE contact_id IN ({marks(contacts)})"  # noqa: S608  (names and marks of our own)
    known = {contact_id: _RecipientBefore(*before) for contact_id, *before in database.rows(query, contact_ids)}
    rows, earlier = [], []
    for contact in contacts:
        before = known.get(contact.contact_id)
        fields: dict[str, str] = {} if before is None else json.loads(before.fields)
        if before is not None and (before.email, before.name) not in (("", ""), (contact.email, contact.name)):
            earlier.append((before.id, before.email, before.name))
        for name in (*needed, INTERESTS) if INTERESTS in fields else needed:
            value = field_value(contact, name, mapping)
            if value is not None:
                fields[name] = value
        rows.append((contact.contact_id, contact.email, contact.name, json.dumps(fields, ensure_ascii=False)))
    database.executemany(
        "INSERT INTO recipient (contact_id, email, name, fields) VALUES (?, ?, ?, ?) ON CONFLICT (contact_id) "
        "DO UPDATE SET email = excluded.email, name = excluded.name, fields = excluded.fields",
        rows,
    )
    database.executemany(
        "INSERT INTO earlier_address (recipient_id, email, name) VALUES (?, ?, ?) "
        "ON CONFLICT (recipient_id, email, name) DO NOTHING",
        earlier,
    )
    return {contact_id: number for contact_id, number, *_ in database.rows(query, contact_ids)}


def recipient_for(database: Database, contact_id: str) -> int:
    """The number of a contact; one who is not known yet becomes known by the id alone, until a mail goes to them. Part
    of a transaction."""
    sql = "SELECT id FROM recipient WHERE contact_id = ?"
    if database.value(sql, (contact_id,)) is None:
        database.execute(
            "INSERT INTO recipient (contact_id, email, name, fields) VALUES (?, '', '', '{}')", (contact_id,)
        )
    return int(database.value(sql, (contact_id,)))


def know_any(database: Database, contact_ids: Sequence[str]) -> bool:
    """Whether a mailing went to any of these contacts."""
    among = f"contact_id IN ({marks(contact_ids)})"
    found = database.row(f"SELECT 1 FROM recipient WHERE {among} LIMIT 1", tuple(contact_ids))  # noqa: S608  (marks)
    return found is not None


def field_value(contact: Contact, name: str, mapping: Mapping) -> str | None:
    """A contact's value by the name of a field: the mapping's column for it, else the column of that name."""
    from linktrack.links.merge_tags import fold

    wanted = fold(name)
    contacts = mapping.settings.contacts
    columns = [settings.column for field_name, settings in contacts.fields.items() if fold(field_name) == wanted]
    columns += [
        column for known, column in (("company", contacts.company), (INTERESTS, contacts.interests)) if known == wanted
    ]
    columns.append(name)
    for column in columns:
        if column in contact.fields:
            return contact.fields[column]
    alike = set(map(fold, columns))
    return next((value for header, value in contact.fields.items() if fold(header) in alike), None)
