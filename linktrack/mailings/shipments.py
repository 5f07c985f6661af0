"""Shipments as they are stored, each one a sending of a mailing to a list of people: found, listed, and to whom."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, Field, TypeAdapter

from linktrack.email_addresses import same_email
from linktrack.errors import Conflict
from linktrack.links.tokens import MAX_KEYS, NOBODY, Tokens
from linktrack.mailings.outputs.filling import values_of
from linktrack.settings.values import BaseUrl
from linktrack.store.conditions import counted_shipment
from linktrack.store.lookups import mailing_id
from linktrack.store.lookups import shipment_id as shipment_there
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database

WITH_HEADER = ("eml", "mbox")  # outputs with headers, List-Unsubscribe among them
# Where the token goes in a template, unless others are named; and where the recipient's own does that who refused has.
MERGE_TAG, PERSON_MERGE_TAG = "{{ linktrack_token }}", "{{ linktrack_person_token }}"


@dataclass(frozen=True)
class ShipmentSettings:
    """What a shipment's mails were made with, so that they can be made again; kept as JSON.

    `person_merge_tag`: where a template's special links have a recipient's own token, while `merge_tag` stands for one
    that those share who refused tracking; "" where nobody is asked. `out` is where the mails were first written,
    `rendered` where they were written again, and `contacts` the file of whom they are for ("" for a stream): whole
    paths, by which a person can be told.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    base_url: BaseUrl
    output: Annotated[str, Field(pattern="^(html|eml|mbox|ndjson|template)$")]
    key_id: Annotated[int, Field(ge=0, lt=MAX_KEYS)]
    honeypot: bool = False
    merge_tag: str = ""
    sender: str = ""
    fill: bool = False
    keep_merge_tags: bool = False
    person_merge_tag: str = ""
    out: str = ""
    contacts: str = ""
    rendered: tuple[str, ...] = ()

    def text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


_SETTINGS = TypeAdapter(ShipmentSettings)


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
    uncounted: int = 0  # of the recipients, who refused tracking

    @property
    def state(self) -> str:
        """`cancelled`, `unfinished`, `test` or `sent`; only what was sent counts in figures."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.finished_at is None:
            return "unfinished"
        return "test" if self.test else "sent"


class Recipient(NamedTuple):
    """A person of a shipment, with the token that is their own, and the fields that fill the mail.

    `shared_token` is the one that all have in common who refused tracking, "" for whoever did not.
    """

    contact_id: str
    email: str
    name: str
    token: str
    fields: Mapping[str, str] = MappingProxyType({})
    shared_token: str = ""

    @property
    def shown_token(self) -> str:
        """The token of the tracked links in their mail, but for the special ones."""
        return self.shared_token or self.token


class RecipientsLeft(NamedTuple):
    """How many of a shipment's recipients nobody has forgotten, and how many of these refused tracking."""

    recipients: int
    uncounted: int


class WrittenTo(NamedTuple):
    """Where a shipment's mails were written."""

    shipment: int
    out: str


_SHIPMENTS = """
    SELECT shipment.id, mailing.name, sent_at, is_test, recipients, shipment.settings, shipment.created_at,
           finished_at, cancelled_at, number, uncounted
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


def got_it_elsewhere(database: Database, shipment: Shipment, *, since: bool = False) -> int:
    """How many of a shipment's recipients have got its mailing by another one that counts, or `since` by one that was
    made later: tests, and what is unfinished or cancelled, were nobody's."""
    other = ">" if since else "<>"
    return int(
        database.value(
            "SELECT count(*) FROM shipment_recipient AS sent WHERE sent.shipment_id = ? AND EXISTS ("  # noqa: S608  (names of our own)
            "SELECT 1 FROM shipment JOIN shipment_recipient AS other ON other.shipment_id = shipment.id "
            "WHERE shipment.mailing_id = ? "
            f"AND shipment.id {other} sent.shipment_id AND {counted_shipment()} "
            "AND other.recipient_id = sent.recipient_id)",
            (shipment.id, mailing_id(database, shipment.mailing)),
        )
    )


def shared_addresses(database: Database, shipment_id: int) -> list[str]:
    """The addresses, as they are compared, that more than one recipient of a shipment has, in their order."""
    ours = "FROM shipment_recipient WHERE shipment_id = ? AND email <> '' AND email NOT LIKE '@%'"
    others = database.folds_beyond_ascii("email")
    rows = database.stream(f"SELECT email {ours} AND {others}", (shipment_id,))
    folded = Counter(same_email(email) for (email,) in rows)
    plain = f"SELECT lower(email) {ours} AND NOT {others}"
    for some in at_once(folded):
        folded.update(
            email for (email,) in database.rows(f"{plain} AND lower(email) IN ({marks(some)})", (shipment_id, *some))
        )
    alike = database.rows(f"{plain} GROUP BY lower(email) HAVING count(*) > 1", (shipment_id,))
    return sorted({email for (email,) in alike} | {email for email, count in folded.items() if count > 1})


def empty_values(
    database: Database, shipment_id: int, names: Collection[str], *, uncounted: bool = False
) -> dict[str, int]:
    """By field how many recipients of a shipment, or those of them who refused tracking, have an empty value there, or
    none; `names` are as `fold` writes them, and those that nobody lacks are left out."""
    empty = dict.fromkeys(names, 0)
    which = " AND uncounted" if uncounted else ""
    for contact_id, email, name, fields in database.stream(
        "SELECT contact_id, sent.email, sent.name, recipient.fields FROM shipment_recipient AS sent "  # noqa: S608  (of our own)
        f"JOIN recipient ON recipient.id = recipient_id WHERE shipment_id = ? AND forgotten_at IS NULL{which}",
        (shipment_id,),
    ):
        values = values_of(Recipient(contact_id, email, name, "", json.loads(fields)))
        for wanted in names:
            empty[wanted] += not values.get(wanted, "").strip()
    return {name: count for name, count in empty.items() if count}


def shared_token(shipment: Shipment, tokens: Tokens) -> str:
    """The token that all have in common who refused tracking in this shipment."""
    return signing_as_then(tokens, shipment).sign(shipment.number, NOBODY)


def recipients_left(database: Database, shipment: Shipment) -> RecipientsLeft:
    """How many `recipients_of` finds."""
    row = database.row(
        "SELECT count(*), COALESCE(sum(CASE WHEN uncounted THEN 1 ELSE 0 END), 0) FROM shipment_recipient "
        "JOIN recipient ON recipient.id = recipient_id WHERE shipment_id = ? AND forgotten_at IS NULL",
        (shipment.id,),
    )
    return RecipientsLeft(*map(int, row or (0, 0)))


def recipients_of(database: Database, shipment: Shipment, tokens: Tokens) -> Generator[Recipient]:
    """The recipients in the order of the contacts, as they were when it was made: address, name and token. Who has been
    forgotten since is none any more."""
    sign = signing_as_then(tokens, shipment).signer(shipment.number)
    shared = sign(NOBODY) if shipment.uncounted else ""
    fields = "recipient.fields" if shipment.settings.fill else "CASE WHEN uncounted THEN recipient.fields ELSE '' END"
    nothing: Mapping[str, str] = MappingProxyType({})
    for recipient_id, contact_id, email, name, values, uncounted in database.stream(
        f"SELECT recipient_id, contact_id, sent.email, sent.name, {fields}, uncounted "  # noqa: S608  (names of our own)
        "FROM shipment_recipient AS sent JOIN recipient ON recipient.id = recipient_id "
        "WHERE shipment_id = ? AND forgotten_at IS NULL ORDER BY position",
        (shipment.id,),
    ):
        filled = json.loads(values) if values else nothing
        yield Recipient(contact_id, email, name, sign(recipient_id), filled, shared if uncounted else "")


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
    return Shipment(shipment_id, mailing, sent_at, bool(test), recipients, read_settings(settings), *rest)


def read_settings(text: str) -> ShipmentSettings:
    """Settings as their JSON says them. ValueError for what no shipment was made with."""
    return _SETTINGS.validate_json(text, strict=True)


def list_outputs(database: Database) -> list[WrittenTo]:
    """The folders that mails of shipments were written into, whatever became of those."""
    rows = database.rows("SELECT id, settings FROM shipment ORDER BY id")
    made_with = ((shipment, read_settings(settings)) for shipment, settings in rows)
    return [
        WrittenTo(shipment, out)
        for shipment, settings in made_with
        for out in dict.fromkeys((settings.out, *settings.rendered))
        if out
    ]
