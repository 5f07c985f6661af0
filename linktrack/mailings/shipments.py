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
COUNTS = "shipment.finished_at IS NOT NULL AND shipment.cancelled_at IS NULL AND shipment.is_test = ?"  # with False
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


class AlreadySent(Conflict):
    """Some who are to get a mailing have got it already: `recipients` of them."""

    def __init__(self, mailing: str, recipients: int) -> None:
        self.mailing = mailing
        self.recipients = recipients
        have = "1 of these contacts has" if recipients == 1 else f"{recipients:,} of these contacts have"
        super().__init__(
            f"{have} got the mailing {mailing!r} already, and nothing was stored: leave them out with --except (rows of "
            "linktrack shipment recipients), or add --again"
        )


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
    again: bool,
    moment: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Shipment:
    """Store an unfinished shipment and its recipients, all of them or nothing; memory is flat in their number.

    It has reached the disk when this returns. Conflict for a deleted mailing, and AlreadySent unless it is a test or
    goes to them `again`; BadInput for an empty list.
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
            raise BadInput("there is nobody to send to: nothing was stored")
        if not (test or again):
            _refuse_repetition(database, mailing, shipment_id)
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


def cancel_shipment(database: Database, number: int, moment: int) -> Shipment:
    """A shipment counts no more, in no figure and for no action; its addresses are answered as before.

    Conflict when it is cancelled already.
    """
    with database.transaction(durable=True):
        if find_shipment(database, number).state == "cancelled":
            raise Conflict(f"shipment {number} is cancelled already: linktrack shipment restore {number} takes it back")
        database.execute("UPDATE shipment SET cancelled_at = ? WHERE id = ?", (moment, number))
        _clicks_changed(database, number)
    return find_shipment(database, number)


def restore_shipment(database: Database, number: int, moment: int) -> Shipment:
    """A cancelled shipment counts again, and one that was unfinished counts from now on: it was sent after all.

    Conflict when it is neither.
    """
    with database.transaction(durable=True):
        before = find_shipment(database, number)
        if before.cancelled_at is None and before.finished_at is not None:
            raise Conflict(f"shipment {number} is neither cancelled nor unfinished: there is nothing to take back")
        database.execute(
            "UPDATE shipment SET cancelled_at = NULL, finished_at = COALESCE(finished_at, ?) WHERE id = ?",
            (moment, number),
        )
        _clicks_changed(database, number)
    return find_shipment(database, number)


def _refuse_repetition(database: Database, mailing: StoredMailing, shipment_id: int) -> None:
    """AlreadySent when a recipient of this shipment has got the mailing: tests, and what is unfinished or cancelled,
    were nobody's."""
    count = database.value(
        "SELECT count(*) FROM shipment_recipient AS sent WHERE sent.shipment_id = ? AND EXISTS ("
        "SELECT 1 FROM shipment JOIN shipment_recipient AS earlier ON earlier.shipment_id = shipment.id "
        f"WHERE shipment.mailing_id = ? AND {COUNTS} AND earlier.recipient_id = sent.recipient_id)",
        (shipment_id, mailing.id, False),
    )
    if count:
        raise AlreadySent(mailing.name, count)


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


def unfinished_shipments(database: Database) -> list[Shipment]:
    """The shipments whose mails were not all handed out, and that nobody has cancelled, in the order of their ids."""
    rows = database.rows(f"{_SHIPMENTS} WHERE finished_at IS NULL AND cancelled_at IS NULL ORDER BY shipment.id")
    return [_shipment(row) for row in rows]


def shared_addresses(database: Database, shipment_id: int) -> list[str]:
    """The addresses, in lower case, that more than one recipient of a shipment has, by address."""
    rows = database.rows(
        "SELECT lower(email) FROM shipment_recipient WHERE shipment_id = ? AND email <> '' "
        "GROUP BY lower(email) HAVING count(*) > 1 ORDER BY lower(email)",
        (shipment_id,),
    )
    return [row[0] for row in rows]


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
