"""Shipments: one sending of a mailing to a list of recipients, and the states that it goes through.

A shipment is stored, with all its recipients, as *unfinished* before the first of its mails can be seen, and finished
after the last: whatever happens in between, no figure counts mails that were not handed out, and no mail is out
whose address nobody knows. What was made by mistake is cancelled; `restore` takes that back.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from linktrack.contacts.recipients import domain_of, store_recipients
from linktrack.errors import BadInput, Conflict
from linktrack.links.merge_tags import fold, names
from linktrack.links.tokens import MAX_SHIPMENT, Tokens
from linktrack.mailings.catalog import StoredMailing, StoredPlacement, placements_of, tagged_target
from linktrack.store.lookups import mailing_id
from linktrack.store.lookups import shipment_id as shipment_there
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
    """A shipment. People see its `id`, its tokens carry its random `number`; times are UTC milliseconds."""

    id: int
    mailing: str
    sent_at: int
    test: bool
    recipients: int
    settings: ShipmentSettings
    created_at: int
    finished_at: int | None = None
    cancelled_at: int | None = None
    number: int = 0  # 0 = not stored

    @property
    def state(self) -> str:
        """`cancelled`, `unfinished`, `test` or `sent`; only what was sent counts in figures."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.finished_at is None:
            return "unfinished"
        return "test" if self.test else "sent"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person of a shipment, with the token that stands in the mail."""

    contact_id: str
    email: str
    name: str
    token: str


# --- making and changing ---------------------------------------------------------------------------------------


def make_shipment(
    database: Database,
    mailing: StoredMailing,
    contacts: Iterable[Contact],
    mapping: Mapping,
    settings: ShipmentSettings,
    *,
    sent_at: int,
    test: bool,
    moment: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Shipment:
    """Store an unfinished shipment and its recipients, all of them or nothing; memory is flat in their number.

    It has reached the disk when this returns. Conflict for a deleted mailing, BadInput for a list without a usable
    contact.
    """
    if mailing.deleted_at is not None:
        raise Conflict(
            f"the mailing {mailing.name!r} is deleted: bring it back with linktrack mailing restore {mailing.name}"
        )
    count = 0
    domains: Counter[str] = Counter()
    with database.transaction(durable=True):
        needed = needed_fields(mailing, placements_of(database, mailing.id))
        shipment_id = _insert_shipment(database, mailing.id, settings, sent_at, test, moment)
        stream = iter(contacts)
        while batch := list(islice(stream, _BATCH)):
            ids = store_recipients(database, batch, needed, mapping)
            rows = [
                (shipment_id, ids[contact.contact_id], position, contact.email, contact.name)
                for position, contact in enumerate(batch, count + 1)
            ]
            database.executemany(
                "INSERT INTO shipment_recipient (shipment_id, recipient_id, position, email, name) "
                "VALUES (?, ?, ?, ?, ?)",
                rows,
            )
            domains.update(domain_of(contact.email) for contact in batch)
            count += len(batch)
            progress(len(batch))
        if not count:
            raise BadInput("the contacts file has nobody in it to send to: nothing was stored")
        database.executemany(
            "INSERT INTO shipment_domain (shipment_id, domain, sent, human, machine, clickers) "
            "VALUES (?, ?, ?, 0, 0, 0)",
            [(shipment_id, domain, sent) for domain, sent in sorted(domains.items())],
        )
        database.execute("UPDATE shipment SET recipients = ? WHERE id = ?", (count, shipment_id))
    return find_shipment(database, shipment_id)


def finish_shipment(database: Database, shipment_id: int, moment: int) -> None:
    """Its last mail was handed out: from now on it counts, unless it is a test or cancelled."""
    with database.transaction(durable=True):
        database.execute(
            "UPDATE shipment SET finished_at = COALESCE(finished_at, ?) WHERE id = ?", (moment, shipment_id)
        )


def _insert_shipment(
    database: Database, mailing_id: int, settings: ShipmentSettings, sent_at: int, test: bool, moment: int
) -> int:
    """A new shipment under a random number that no other has; its id."""
    while True:
        number = secrets.randbelow(MAX_SHIPMENT) + 1
        made = database.value(
            "INSERT INTO shipment (number, mailing_id, sent_at, is_test, recipients, settings, created_at) "
            "VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (number) DO NOTHING RETURNING id",
            (number, mailing_id, sent_at, test, settings.text(), moment),
        )
        if made is not None:
            return int(made)


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


# --- reading ---------------------------------------------------------------------------------------------------

_SHIPMENTS = """
    SELECT shipment.id, mailing.name, sent_at, is_test, recipients, shipment.settings, shipment.created_at,
           finished_at, cancelled_at, number
    FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id
"""


def find_shipment(database: Database, number: int) -> Shipment:
    """The shipment that people see under this number. UnknownName otherwise."""
    there = shipment_there(database, number)
    return next(_shipment(row) for row in database.rows(f"{_SHIPMENTS} WHERE shipment.id = ?", (there,)))


def list_shipments(database: Database, mailing: str | None = None) -> list[Shipment]:
    """Shipments in the order in which they were made, of one mailing or all. UnknownName for an unknown mailing."""
    if mailing is None:
        return [_shipment(row) for row in database.rows(f"{_SHIPMENTS} ORDER BY shipment.id")]
    rows = database.rows(f"{_SHIPMENTS} WHERE mailing.id = ? ORDER BY shipment.id", (mailing_id(database, mailing),))
    return [_shipment(row) for row in rows]


def recipients_of(database: Database, shipment: Shipment, tokens: Tokens) -> Iterator[Recipient]:
    """The recipients in the order of the contacts, as they were when it was made: address, name and token."""
    sign = signing_as_then(tokens, shipment).signer(shipment.number)
    for recipient_id, contact_id, email, name in database.stream(
        "SELECT recipient_id, contact_id, sent.email, sent.name FROM shipment_recipient AS sent "
        "JOIN recipient ON recipient.id = recipient_id WHERE shipment_id = ? ORDER BY position",
        (shipment.id,),
    ):
        yield Recipient(contact_id, email, name, sign(recipient_id))


def signing_as_then(tokens: Tokens, shipment: Shipment) -> Tokens:
    """What signs with the key that a shipment's tokens were made with. Conflict when that is gone or revoked."""
    key_id = shipment.settings.key_id
    if key_id == tokens.keyring.signing_id:
        return tokens
    if key_id not in tokens.keyring.secrets:
        raise Conflict(
            f"shipment {shipment.id} was signed with key {key_id}, which is revoked: its addresses are not made again"
        )
    return Tokens(tokens.keyring.signing_with(key_id), tokens.workspace_id)


def _shipment(row: Sequence[Any]) -> Shipment:
    shipment_id, mailing, sent_at, test, recipients, settings, *rest = row
    made_with = ShipmentSettings(**json.loads(settings))
    return Shipment(shipment_id, mailing, sent_at, bool(test), recipients, made_with, *rest)
