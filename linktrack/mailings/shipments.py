"""Shipments: one sending of a mailing to a list of recipients, stored before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.merge_tags import fold, names
from linktrack.links.tokens import Keyring
from linktrack.mailings.catalog import StoredMailing, StoredPlacement, placements_of, tagged_target
from linktrack.moments import now
from linktrack.store.lookups import no_mailing
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.crm.export import Contact
    from linktrack.crm.mapping import Mapping

WITH_HEADER = ("eml", "mbox")  # outputs with headers, List-Unsubscribe among them
MERGE_TAG = "{{ linktrack_token }}"  # where the token goes in a template, unless another one is named
_BATCH = 500


@dataclass(frozen=True)
class ShipmentSettings:
    """What a shipment's mails were made with, so that they can be made again; kept as JSON."""

    base_url: str
    output: str  # html, eml, mbox, ndjson, template
    key_id: int
    honeypot: bool = False
    merge_tag: str = ""
    sender: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class Shipment:
    """A stored shipment. `sent_at` and `created_at` are UTC milliseconds."""

    id: int
    mailing: str
    sent_at: int
    test: bool
    recipients: int
    settings: ShipmentSettings
    created_at: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person of a shipment, with the token that stands in the mail."""

    contact_id: str
    email: str
    name: str
    token: str


def make_shipment(
    database: Database,
    mailing: StoredMailing,
    contacts: Iterable[Contact],
    mapping: Mapping,
    settings: ShipmentSettings,
    *,
    sent_at: int,
    test: bool,
    progress: Callable[[int], None] = lambda done: None,
) -> Shipment:
    """Store a shipment and its recipients, all of them or nothing; memory is flat in their number.

    Conflict for a deleted mailing, BadInput for a list without a usable contact.
    """
    if mailing.deleted_at is not None:
        raise Conflict(f"the mailing {mailing.name!r} is deleted: add it under another name")
    count = 0
    with database.transaction():
        needed = needed_fields(mailing, placements_of(database, mailing.id))
        shipment_id: int = database.value(
            "INSERT INTO shipment (mailing_id, sent_at, is_test, recipients, settings, created_at) "
            "VALUES (?, ?, ?, 0, ?, ?) RETURNING id",
            (mailing.id, sent_at, test, settings.text(), now()),
        )
        stream = iter(contacts)
        while batch := list(islice(stream, _BATCH)):
            ids = _store_recipients(database, batch, needed, mapping)
            rows = [
                (shipment_id, position, ids[contact.contact_id], contact.email, contact.name)
                for position, contact in enumerate(batch, count + 1)
            ]
            database.executemany(
                "INSERT INTO shipment_recipient (shipment_id, position, recipient_id, email, name) "
                "VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            count += len(batch)
            progress(len(batch))
        if not count:
            raise BadInput("the contacts file has nobody in it to send to: nothing was stored")
        database.execute("UPDATE shipment SET recipients = ? WHERE id = ?", (count, shipment_id))
    return find_shipment(database, shipment_id)


def needed_fields(mailing: StoredMailing, placements: Sequence[StoredPlacement]) -> list[str]:
    """The contact fields that the mailing's targets and form prefills take, beside id, e-mail and name."""
    wanted: list[str] = []
    for placement in placements:
        extra = mailing.settings.merge_tags
        wanted += names(tagged_target(mailing, placement), extra)
        if placement.response.get("kind") == "form":
            wanted += names(str(placement.response.get("url", "")), extra)
            wanted += [str(value) for value in placement.response.get("prefill", {}).values()]
    own = {"contactid", "id", "email", "name"}
    return list(dict.fromkeys(name for name in wanted if fold(name) not in own))


def field_value(contact: Contact, name: str, mapping: Mapping) -> str | None:
    """A contact's value by the name of a field: the mapping's column for it, else the column of that name."""
    column = mapping.field(name).column
    if column in contact.fields:
        return contact.fields[column]
    wanted = fold(name)
    return next((value for header, value in contact.fields.items() if fold(header) == wanted), None)


def _store_recipients(
    database: Database, batch: Sequence[Contact], needed: Sequence[str], mapping: Mapping
) -> dict[str, int]:
    """Insert or update the batch's recipients. Returns their ids by contact id."""
    marks = ", ".join("?" * len(batch))
    contact_ids = [contact.contact_id for contact in batch]
    query = f"SELECT contact_id, id, fields FROM recipient WHERE contact_id IN ({marks})"  # noqa: S608  (names and marks of our own)
    known = {row[0]: json.loads(row[2]) for row in database.rows(query, contact_ids)}
    rows = []
    for contact in batch:
        fields: dict[str, str] = known.get(contact.contact_id, {})
        for name in needed:
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


# --- reading ---------------------------------------------------------------------------------------------------

_SHIPMENTS = """
    SELECT shipment.id, mailing.name, sent_at, is_test, recipients, shipment.settings, shipment.created_at
    FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id
"""


def find_shipment(database: Database, number: int) -> Shipment:
    """The shipment of this number. NotFound otherwise."""
    row = database.row(f"{_SHIPMENTS} WHERE shipment.id = ?", (number,))
    if row is None:
        raise NotFound(f"there is no shipment {number}: see linktrack shipment list")
    return _shipment(row)


def list_shipments(database: Database, mailing: str | None = None) -> list[Shipment]:
    """Shipments in the order in which they were made, of one mailing or all. NotFound for an unknown mailing."""
    if mailing is None:
        return [_shipment(row) for row in database.rows(f"{_SHIPMENTS} ORDER BY shipment.id")]
    if database.value("SELECT 1 FROM mailing WHERE name = ?", (mailing,)) is None:
        raise no_mailing(database, mailing)
    rows = database.rows(f"{_SHIPMENTS} WHERE mailing.name = ? ORDER BY shipment.id", (mailing,))
    return [_shipment(row) for row in rows]


def recipients_of(database: Database, shipment: Shipment, keyring: Keyring) -> Iterator[Recipient]:
    """The recipients in the order of the contacts, as they were when it was made: address, name and token."""
    sign = with_signing_key(keyring, shipment.settings.key_id).signer(shipment.id)
    here = 0
    while rows := database.rows(
        "SELECT position, recipient.id, contact_id, sent.email, sent.name FROM shipment_recipient AS sent "
        "JOIN recipient ON recipient.id = recipient_id WHERE shipment_id = ? AND position > ? "
        "ORDER BY position LIMIT 1000",
        (shipment.id, here),
    ):
        here = rows[-1][0]
        for _, recipient_id, contact_id, email, name in rows:
            yield Recipient(contact_id, email, name, sign(recipient_id))


def with_signing_key(keyring: Keyring, key_id: int) -> Keyring:
    """The keyring with another of its keys as the one that signs. Conflict when it has been removed."""
    if keyring.signing_id == key_id:
        return keyring
    if key_id not in keyring.secrets:
        raise Conflict(f"this shipment was signed with key {key_id}, which is gone: bring linktrack.key back")
    others = {number: secret for number, secret in keyring.secrets.items() if number != key_id}
    return Keyring({**others, key_id: keyring.secrets[key_id]})


def _shipment(row: Sequence[Any]) -> Shipment:
    number, mailing, sent_at, test, recipients, settings, created_at = row
    made_with = ShipmentSettings(**json.loads(settings))
    return Shipment(number, mailing, sent_at, bool(test), recipients, made_with, created_at)
