"""Recipients: the people that mails went to, kept by the CRM's contact id with what their mails' targets need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linktrack.store.session import Database

if TYPE_CHECKING:  # reports only ask for a domain
    from linktrack.crm.export import Contact
    from linktrack.crm.mapping import Mapping

INTERESTS = "interests"  # the field that a subscriptions page needs: the cell of the mapping's column


def store_recipients(
    database: Database, contacts: Sequence[Contact], needed: Sequence[str], mapping: Mapping
) -> dict[str, int]:
    """Insert or update a batch of contacts with their values of the fields `needed`, and with their interests where
    those are kept already. Returns ids by contact id.

    Part of a transaction.
    """
    marks = ", ".join("?" * len(contacts))
    contact_ids = [contact.contact_id for contact in contacts]
    query = f"SELECT contact_id, id, fields FROM recipient WHERE contact_id IN ({marks})"  # noqa: S608  (names and marks of our own)
    known = {row[0]: json.loads(row[2]) for row in database.rows(query, contact_ids)}
    rows = []
    for contact in contacts:
        fields: dict[str, str] = known.get(contact.contact_id, {})
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
    return {row[0]: row[1] for row in database.rows(query, contact_ids)}


def know_any(database: Database, contact_ids: Sequence[str]) -> bool:
    """Whether a mailing went to any of these contacts."""
    marks = ", ".join("?" * len(contact_ids))
    found = database.row(f"SELECT 1 FROM recipient WHERE contact_id IN ({marks}) LIMIT 1", tuple(contact_ids))  # noqa: S608
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


def domain_of(email: str) -> str:
    """The domain of an address in lower case, "" without one."""
    return email.rpartition("@")[2].strip().lower() if "@" in email else ""
