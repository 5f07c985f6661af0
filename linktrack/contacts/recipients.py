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
    email: str
    name: str
    fields: str


_UNKNOWN = _RecipientBefore(0, "", "", "{}")


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
    query = "SELECT contact_id, id, email, name, fields FROM recipient WHERE contact_id IN"
    contact_ids = [contact.contact_id for contact in contacts]
    known = {
        contact_id: _RecipientBefore(*before)
        for contact_id, *before in database.rows(f"{query} ({marks(contact_ids)})", contact_ids)
    }
    rows, earlier = [], []
    for contact in contacts:
        before = known.get(contact.contact_id, _UNKNOWN)
        if (before.email, before.name) not in (("", ""), (contact.email, contact.name)):
            earlier.append((before.id, before.email, before.name))
        fields = _fields_now(contact, before.fields, needed, mapping)
        if before != (before.id, contact.email, contact.name, fields) or before is _UNKNOWN:
            rows.append((contact.contact_id, contact.email, contact.name, fields))
    database.insert(
        "recipient",
        ("contact_id", "email", "name", "fields"),
        rows,
        besides=" ON CONFLICT (contact_id) DO UPDATE SET email = excluded.email, name = excluded.name, "
        "fields = excluded.fields",
    )
    database.insert("earlier_address", ("recipient_id", "email", "name"), earlier, besides=" ON CONFLICT DO NOTHING")
    new = [contact_id for contact_id in contact_ids if contact_id not in known]
    stored = database.rows(f"{query} ({marks(new)})", new) if new else ()
    return {contact_id: before.id for contact_id, before in known.items()} | {row[0]: row[1] for row in stored}


def _fields_now(contact: Contact, before: str, needed: Sequence[str], mapping: Mapping) -> str:
    """A recipient's fields with the contact's values of those `needed`, as JSON; as they were where none is another."""
    if not needed and INTERESTS not in before:
        return before
    fields: dict[str, str] = json.loads(before)
    now = dict(fields)
    for name in (*needed, INTERESTS) if INTERESTS in fields else needed:
        value = field_value(contact, name, mapping)
        if value is not None:
            now[name] = value
    return before if now == fields else json.dumps(now, ensure_ascii=False)


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
