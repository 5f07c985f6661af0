"""The snapshot: all of the catalogue that an answer depends on, as values and as the text of its file.

It holds no contact's data and no secret, so it can lie beside the database and be read when that cannot. Shipments
stand under the random number that tokens carry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from linktrack.contacts.types import spelled_types
from linktrack.errors import BadInput
from linktrack.links.special_links import LEAVING

_FORMAT = 1

LinkKind = Literal["redirect", "text", "form", "unsubscribe", "subscriptions", "view-online", "honeypot"]


class KnownLink(NamedTuple):
    """What a visitor of a link sees. `text` is a text's HTML, `prefill` a form's fields with the contact's; `returns`:
    scripts have set addresses for some people."""

    kind: LinkKind
    confirm: bool
    text: str
    prefill: tuple[tuple[str, str], ...]
    returns: bool

    @property
    def posted(self) -> bool:
        """Whether a POST of it is a person's will, which runs actions."""
        return self.confirm or self.kind in LEAVING


class KnownPlacement(NamedTuple):
    """Where a spot of a mailing leads: with that mailing's UTM, and `tags` when merge tags are to be filled in it."""

    link_id: int
    mailing_id: int
    url: str
    tags: bool


class KnownMailing(NamedTuple):
    """A mailing by its name: the type that a person leaves, and the further merge tags of its addresses."""

    name: str
    type: str
    pairs: tuple[tuple[str, str], ...]


class KnownShipment(NamedTuple):
    """A sending; `state` as `Shipment` has it: every one is answered."""

    id: int
    mailing_id: int
    sent_at: int
    state: str


@dataclass(frozen=True)
class Snapshot:
    """The catalogue at one moment: number `catalogue` of the database `database_id`. `keys` are the fingerprints of
    the signing keys that verify, by id. What was kept of a catalogue that a restore has lost has ids below 0."""

    workspace_id: bytes
    database_id: str
    catalogue: int
    keys: Mapping[int, bytes]
    placements: Mapping[str, KnownPlacement]
    links: Mapping[int, KnownLink]
    mailings: Mapping[int, KnownMailing]
    shipments: Mapping[int, KnownShipment]
    types: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", _types(mailing.type for mailing in self.mailings.values()))

    def text(self) -> str:
        """What `read_snapshot` reads."""
        return json.dumps(
            {
                "linktrack-snapshot": _FORMAT,
                "workspace_id": self.workspace_id.hex(),
                "database_id": self.database_id,
                "catalogue": self.catalogue,
                "keys": {str(number): mark.hex() for number, mark in self.keys.items()},
                "placements": self.placements,
                "links": self.links,
                "mailings": self.mailings,
                "shipments": self.shipments,
            },
            ensure_ascii=False,
        )


def read_snapshot(text: str, file: str) -> Snapshot:
    """A snapshot from its text. BadInput, naming `file`, for what is none."""
    try:
        raw: dict[str, Any] = json.loads(text)
        if raw["linktrack-snapshot"] != _FORMAT:
            raise ValueError
        return Snapshot(
            bytes.fromhex(raw["workspace_id"]),
            str(raw["database_id"]),
            int(raw["catalogue"]),
            {int(number): bytes.fromhex(mark) for number, mark in raw["keys"].items()},
            {key: KnownPlacement(*row) for key, row in raw["placements"].items()},
            {int(number): _link(*row) for number, row in raw["links"].items()},
            {
                int(number): KnownMailing(name, kind, _pairs(pairs))
                for number, (name, kind, pairs) in raw["mailings"].items()
            },
            {int(number): KnownShipment(*row) for number, row in raw["shipments"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise BadInput(
            "this is no snapshot that linktrack has made: remove it, and it is made again from the database", file=file
        ) from None


def keeping_lost(new: Snapshot, before: Snapshot) -> Snapshot:
    """`new` with the placements and shipments that only `before` knows: a restored database has lost them, and mails
    with their addresses are out there.

    A mailing or link is the same in both when a placement says so; else it is kept under an id of its own.
    """
    lost = [key for key in before.placements if key not in new.placements]
    unsent = [number for number in before.shipments if number not in new.shipments]
    if before.workspace_id != new.workspace_id or not (lost or unsent):
        return new
    placements, links, mailings, shipments = (
        dict(new.placements), dict(new.links), dict(new.mailings), dict(new.shipments),
    )  # fmt: skip
    same_link: dict[int, int] = {}
    same_mailing: dict[int, int] = {}
    for key, spot in before.placements.items():
        if (today := new.placements.get(key)) is not None:
            same_link[spot.link_id] = today.link_id
            same_mailing[spot.mailing_id] = today.mailing_id

    def link_of(number: int) -> int:
        if number not in same_link:
            same_link[number] = min(0, *links) - 1
            links[same_link[number]] = before.links[number]._replace(returns=False)
        return same_link[number]

    def mailing_of(number: int) -> int:
        if number not in same_mailing:
            same_mailing[number] = min(0, *mailings) - 1
            mailings[same_mailing[number]] = before.mailings[number]
        return same_mailing[number]

    for key in lost:
        spot = before.placements[key]
        placements[key] = spot._replace(link_id=link_of(spot.link_id), mailing_id=mailing_of(spot.mailing_id))
    for number in unsent:
        sending = before.shipments[number]
        shipments[number] = sending._replace(id=-abs(sending.id), mailing_id=mailing_of(sending.mailing_id))
    return Snapshot(
        new.workspace_id, new.database_id, new.catalogue, new.keys, placements, links, mailings, shipments
    )  # fmt: skip


def _link(kind: LinkKind, confirm: bool, text: str, prefill: Iterable[Iterable[str]], returns: bool) -> KnownLink:
    return KnownLink(kind, confirm, text, _pairs(prefill), returns)


def _pairs(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(other)) for one, other in rows)


def _types(found: Iterable[str]) -> tuple[str, ...]:
    """Types of mailings, each once whatever its case, in the order of the alphabet."""
    return tuple(one for _, one in sorted(spelled_types(found).items()))
