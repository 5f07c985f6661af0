"""The mailings of a workspace, as they are stored: listed, shown with their placements, deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from linktrack.errors import Conflict
from linktrack.links.utm import Utm, tagged
from linktrack.mailings.addresses import Address, Parts, ReadingOptions, read_mail
from linktrack.mailings.compile import PlacedSpan
from linktrack.store.lookups import mailing_id
from linktrack.store.session import Database

HONEYPOT_POSITION = 0
HEADER_POSITION = -1  # the address in the List-Unsubscribe header


@dataclass(frozen=True)
class MailingOptions:
    """How a mailing is read and tagged, fixed when it is added; kept as JSON."""

    utm: Utm = field(default_factory=Utm)
    base: str = ""
    track_all: bool = True
    merge_tags: tuple[tuple[str, str], ...] = ()
    charset: str | None = None

    def options(self, tracking: str) -> ReadingOptions:
        return ReadingOptions(tracking, self.base, self.track_all, self.merge_tags)

    def text(self) -> str:
        utm = {name: value for name, value in vars(self.utm).items() if value not in (None, ())}
        values = {
            "utm": utm,
            "base": self.base,
            "track_all": self.track_all,
            "merge_tags": self.merge_tags,
            "charset": self.charset,
        }
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> MailingOptions:
        """Options as their JSON says them. ValueError for what no mailing was added with."""
        return _OPTIONS.validate_json(text, strict=True)


_OPTIONS = TypeAdapter(MailingOptions)


@dataclass(frozen=True)
class StoredMailing:
    """A mailing as it lies in the database."""

    id: int
    name: str
    subject: str
    type: str
    html: bytes
    text: bytes | None
    settings: MailingOptions
    created_at: int
    deleted_at: int | None


@dataclass(frozen=True)
class StoredPlacement:
    """A placement with its link. `position` is the address's in the mailing; 0 and below are not the author's."""

    id: int
    key: str
    position: int
    part: str
    kind: str
    label: str
    start: int
    stop: int
    link_id: int
    link: str
    link_name: str
    folder: str
    link_url: str
    response: dict[str, Any]

    @property
    def placed(self) -> PlacedSpan:
        return self.placed_with(None)

    def placed_with(self, token: str | None) -> PlacedSpan:
        """The span with a token that stands there for everybody."""
        return PlacedSpan(self.key, self.start, self.stop, token)


@dataclass(frozen=True)
class MailingRow:
    """A mailing in a list."""

    mailing: str
    subject: str
    type: str
    placements: int
    links: int
    shipments: int
    size: int
    created_at: int
    status: str


@dataclass(frozen=True)
class AddressRow:
    """An address of a mailing, tracked (then with its placement and link) or left alone for a reason."""

    placement: str | None
    link: str | None
    label: str
    kind: str
    line: int
    column: int
    target: str
    tracked: bool
    reason: str


def find_mailing(database: Database, name: str) -> StoredMailing:
    """The mailing of this name, deleted or not. UnknownName with near names otherwise."""
    ((number, key, subject, kind, html, text, settings, created_at, deleted_at),) = database.rows(
        "SELECT id, name, subject, type, html, text, settings, created_at, deleted_at FROM mailing WHERE id = ?",
        (mailing_id(database, name),),
    )
    plain = None if text is None else bytes(text)
    made_with = MailingOptions.read(settings)
    return StoredMailing(number, key, subject, kind, bytes(html), plain, made_with, created_at, deleted_at)


def refuse_deleted(mailing: StoredMailing) -> None:
    """Conflict for a mailing that is deleted, with the way to bring it back."""
    if mailing.deleted_at is not None:
        raise Conflict(
            f"the mailing {mailing.name!r} is deleted: bring it back with linktrack mailing restore {mailing.name}"
        )


def mailing_parts(mailing: StoredMailing, tracking: str) -> Parts:
    """A stored mailing, read again."""
    return read_mail(mailing.html, mailing.text, mailing.settings.options(tracking), charset=mailing.settings.charset)


def placements_of(database: Database, mailing_id: int) -> list[StoredPlacement]:
    """A mailing's placements by position; not those that an edit has taken out."""
    rows = database.rows(
        "SELECT placement.id, placement.key, position, part, placement.kind, label, start, stop, link.id, link.key, "
        "link.name, COALESCE(folder.path, ''), link.url, link.response FROM placement "
        "JOIN link ON link.id = placement.link_id LEFT JOIN folder ON folder.id = link.folder_id "
        "WHERE placement.mailing_id = ? AND gone_at IS NULL ORDER BY position",
        (mailing_id,),
    )
    return [StoredPlacement(*(*fields, json.loads(response))) for *fields, response in rows]


def address_rows(database: Database, mailing: StoredMailing, tracking: str) -> list[AddressRow]:
    """Every address of a mailing in order, tracked or not, with the target that a click leads to."""
    by_position = {placement.position: placement for placement in placements_of(database, mailing.id)}
    rows = []
    for address in mailing_parts(mailing, tracking).addresses:
        placement = by_position.get(address.position)
        if placement is None:
            reason = address.reason or untracked_reason(address)
            rows.append(
                AddressRow(
                    None, None, address.label, address.kind, address.line, address.column, address.target, False, reason
                )
            )
        else:
            target = tagged_target(mailing, placement) or address.url
            rows.append(
                AddressRow(
                    placement.key,
                    placement.link,
                    placement.label,
                    placement.kind,
                    address.line,
                    address.column,
                    target,
                    True,
                    "",
                )
            )
    return rows


def untracked_reason(address: Address) -> str:
    """Why an address that could be tracked has no placement."""
    return "unknown-key" if address.url.lower().startswith("linktrack:") else "not-registered"


def tagged_target(mailing: StoredMailing, placement: StoredPlacement) -> str:
    """Where a click on the placement leads: the link's URL with the mailing's UTM; "" for a page of the system."""
    return tagged_url(
        placement.link_url, mailing.name, mailing.settings, placement.link, placement.link_name, placement.folder
    )


def tagged_url(url: str, mailing: str, settings: MailingOptions, link: str, link_name: str, folder: str) -> str:
    """A link's URL with the UTM of the mailing of this name; folder "" is none."""
    facts = {"mailing.name": mailing, "link.key": link, "link.name": link_name, "link.folder": folder}
    return tagged(url, settings.utm.filled(facts), settings.merge_tags)


def list_mailings(database: Database, *, deleted: bool = False) -> list[MailingRow]:
    """Mailings in the order in which they were added."""
    its_placements = "FROM placement WHERE mailing_id = mailing.id AND position > 0 AND gone_at IS NULL"
    rows = database.rows(
        f"SELECT name, subject, type, (SELECT count(*) {its_placements}), (SELECT count(DISTINCT link_id) "  # noqa: S608  (names of our own)
        f"{its_placements}), (SELECT count(*) FROM shipment WHERE mailing_id = mailing.id), length(html), created_at, "
        "CASE WHEN deleted_at IS NULL THEN 'active' ELSE 'deleted' END FROM mailing ORDER BY id"
    )
    return [MailingRow(*row) for row in rows if deleted or row[-1] == "active"]
