"""All tables of the database, as SQLModel classes; nothing in them is for one database only.

Conventions: a column that ends in `_at` (and `first_click`, `last_click`, `hour`) is whole milliseconds since
1970-01-01T00:00:00Z; JSON is kept as text; a row that mails in the world may still refer to is never deleted
but gets a `deleted_at`. What grows with the recipients has the recipient in its key, so that it can be distributed by
it. This module must not use `from __future__ import annotations` (SQLModel reads them).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

# A big integer that is still SQLite's own row id.
BigKey = BigInteger().with_variant(Integer, "sqlite")

CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}  # the rows lie in the order of their key


def _time(nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


def _text(**more: Any) -> Column[str]:
    return Column(Text, nullable=False, **more)


def _bytes(**more: Any) -> Column[bytes]:
    return Column(LargeBinary, nullable=False, **more)


def _count() -> Column[int]:
    return Column(Integer, nullable=False, server_default="0")


def _big(**more: Any) -> Column[int]:
    return Column(BigInteger, nullable=False, **more)


# --- the workspace ---------------------------------------------------------------------------------------------


class WorkspaceRecord(SQLModel, table=True):
    """The workspace itself: one row, of id 1. `database_id` also stands in the settings, so that nothing is done to
    another database; `workspace_id` is part of every token and placement, and stays after a restore; `catalogue` is
    counted up with every change that addresses depend on; `time_zone` is the one that hours are counted in. A database
    that a backup was restored to at `restored_at` waits for what later runs of the actions made, until `runs_taken_at`;
    `keys_told` is the number of the last of them of which it was said which links had other keys. `keys_settled_for`
    is the `database_id` for which it was said that no signing key of after the backup is awaited.
    `imported_at`: when the last import of logs ended, also one that found nothing new. Clicks before `purged_before`
    are gone, and agents of clicks before `agents_before`.
    """

    __tablename__ = "workspace"

    id: int | None = Field(default=None, primary_key=True)
    database_id: str = Field(sa_column=_text())
    workspace_id: bytes = Field(sa_column=_bytes())
    catalogue: int
    time_zone: str = Field(sa_column=_text())
    purged_before: int | None = Field(default=None, sa_column=_time(nullable=True))
    agents_before: int | None = Field(default=None, sa_column=_time(nullable=True))
    created_at: int = Field(sa_column=_time())
    restored_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    runs_taken_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    keys_told: int | None = None
    keys_settled_for: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    imported_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class SigningKeyRecord(SQLModel, table=True):
    """A signing key that the workspace has ever had, by its id (0-15), never the key itself."""

    __tablename__ = "signing_key"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    fingerprint: bytes = Field(sa_column=_bytes())
    created_at: int = Field(sa_column=_time())
    revoked_at: int | None = Field(default=None, sa_column=_time(nullable=True))


# --- the catalogue ---------------------------------------------------------------------------------------------


class FolderRecord(SQLModel, table=True):
    """A place for links, written as a path: `Campaigns/Spring`."""

    __tablename__ = "folder"

    id: int | None = Field(default=None, primary_key=True)
    path: str = Field(sa_column=_text(unique=True))
    created_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class LinkRecord(SQLModel, table=True):
    """A tracked address. `kind`: registered (made by a person), local (belongs to one mailing), special (a page
    of the system: unsubscribe, subscriptions, view-online, honeypot). `identity` is what the ids of all that its
    actions make are formed of: its first key, or what tells it from an earlier link with that one; it never changes.
    `last_action` is the highest number that an
    action of the link has ever had, `backed_up_action` what that was in the backup that this database was restored
    from; -1 for a link that was added since."""

    __tablename__ = "link"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_column=_text(unique=True))
    identity: str = Field(sa_column=_text(server_default="", unique=True, index=True))
    name: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    url: str = Field(sa_column=_text())
    folder_id: int | None = Field(default=None, foreign_key="folder.id", index=True)
    mailing_id: int | None = Field(default=None, foreign_key="mailing.id", index=True)
    response: str = Field(sa_column=_text())  # JSON, as in the TOML definitions
    confirm: bool = Field(  # a page with a button before the target: only its POST is the person's will
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    last_action: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    backed_up_action: int = Field(default=-1, sa_column=Column(Integer, nullable=False, server_default="-1"))
    created_at: int = Field(sa_column=_time())
    updated_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    reset_at: int | None = Field(default=None, sa_column=_time(nullable=True))  # clicks up to here do not count


class ActionRecord(SQLModel, table=True):
    """What a click on a link changes in the CRM; `settings` is the TOML table without `type`, as JSON. `number` is
    never used again on its link and part of what the action makes; `position` is its place among the others."""

    __tablename__ = "action"
    __table_args__ = (UniqueConstraint("link_id", "number"), UniqueConstraint("link_id", "position"))

    id: int | None = Field(default=None, primary_key=True)
    link_id: int = Field(foreign_key="link.id")
    number: int
    position: int  # 1, 2, 3 … within the link
    type: str = Field(sa_column=_text())
    settings: str = Field(sa_column=_text())


# --- mailings --------------------------------------------------------------------------------------------------


class MailingRecord(SQLModel, table=True):
    """A message as written. `name` is its key; `settings` (JSON) holds utm, base, track_all and the like."""

    __tablename__ = "mailing"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=_text(unique=True))
    subject: str = Field(sa_column=_text())
    type: str = Field(sa_column=_text())
    html: bytes = Field(sa_column=_bytes())
    text: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    settings: str = Field(sa_column=_text())
    created_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class PlacementRecord(SQLModel, table=True):
    """One spot in one mailing where a link stands; `start` and `stop` are offsets into that part as it is scanned
    (bytes of most HTML, characters of texts and UTF-16). `gone_at`: the mail was edited, and only mails of before
    (test mails) have it."""

    __tablename__ = "placement"
    __table_args__ = (Index("placement_of_mailing", "mailing_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_column=_text(unique=True))
    mailing_id: int = Field(foreign_key="mailing.id")
    link_id: int = Field(foreign_key="link.id", index=True)
    position: int  # 1, 2, 3 … through the HTML, then the text; 0 and below: not the author's
    part: str = Field(sa_column=_text())  # html, text, header
    kind: str = Field(sa_column=_text())  # a, area, vml, text, honeypot, header
    label: str = Field(sa_column=_text())
    url: str = Field(sa_column=_text())  # as the author meant it: decoded, trimmed
    start: int
    stop: int
    line: int
    column: int
    gone_at: int | None = Field(default=None, sa_column=_time(nullable=True))


_FORGOTTEN = text("forgotten_at IS NOT NULL")


class RecipientRecord(SQLModel, table=True):
    """A person that mails went to, by the CRM's contact id; its own id (40 bit) is what tokens carry. No person has the
    id 0, which stands in the clicks of those who share a token: see links.tokens. Of a forgotten person only the id is
    left, for the figures, and nothing leads from it to them."""

    __tablename__ = "recipient"
    __table_args__ = (
        Index("recipient_forgotten", "id", sqlite_where=_FORGOTTEN, postgresql_where=_FORGOTTEN),  # those alone
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    contact_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True, unique=True))
    email: str = Field(sa_column=_text(index=True))
    name: str = Field(sa_column=_text())
    fields: str = Field(sa_column=_text())  # JSON: what merge tags and forms need, no more
    forgotten_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class EarlierAddressRecord(SQLModel, table=True):
    """An address and name that a person had in the contacts before those of today, by which they are found too."""

    __tablename__ = "earlier_address"
    __table_args__ = (CLUSTERED,)

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    email: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))


class ShipmentRecord(SQLModel, table=True):
    """One sending of a mailing to a list of recipients. People see its `id`; its random `number` (32 bit) is what
    tokens carry, so that after a restore no two shipments have the same. Without `finished_at` it is unfinished: its
    mails were not all handed out."""

    __tablename__ = "shipment"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(sa_column=_big(unique=True))
    mailing_id: int = Field(foreign_key="mailing.id", index=True)
    sent_at: int = Field(sa_column=_time())
    is_test: bool
    recipients: int
    uncounted: int = Field(default=0, sa_column=_count())  # of them, who refused tracking
    settings: str = Field(sa_column=_text())  # JSON: output format, honeypot, merge tag, key id
    created_at: int = Field(sa_column=_time())
    finished_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    cancelled_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class ShipmentRecipientRecord(SQLModel, table=True):
    """Who a shipment went to, with address and name as they were then; `position` is the order of the contacts.
    `uncounted`: they had refused tracking, so their mail has the links' own targets, and is in no rate. The address of
    a forgotten person is `@domain`, or "" where nobody else has that domain."""

    __tablename__ = "shipment_recipient"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(foreign_key="shipment.id", primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    position: int  # 1, 2, 3 …
    email: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    uncounted: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class ForgottenRecord(SQLModel, table=True):
    """The keyed print of the contact id of a person who was forgotten: see `store.forgotten`."""

    __tablename__ = "forgotten"
    __table_args__ = (CLUSTERED,)

    print: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))


class LeftTypeRecord(SQLModel, table=True):
    """A person who has left a type of mailing ("" = every type), and how: unsubscribe, page, action; or `back`, who
    has come back since, at `left_at`. `without_at`: when the CRM's export was first seen without the interest of that
    name."""

    __tablename__ = "left_type"
    __table_args__ = (CLUSTERED,)

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    type: str = Field(sa_column=Column(Text, primary_key=True))
    how: str = Field(sa_column=_text())
    left_at: int = Field(sa_column=_time())
    without_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class SaidConsentRecord(SQLModel, table=True):
    """What a person has said themselves of being tracked, which overrules the CRM. `known_at`: when the CRM's export
    was first seen saying the same. `crm_consent`, `crm_said_at`: what the export said after that, and when. This
    overrules the person's own word."""

    __tablename__ = "said_consent"

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    consent: bool
    said_at: int = Field(sa_column=_time())
    known_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    crm_consent: bool | None = None
    crm_said_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class SeenExportRecord(SQLModel, table=True):
    """A file of contacts that was seen, by the print of its content: seen again, it proves nothing."""

    __tablename__ = "seen_export"

    print: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    seen_at: int = Field(sa_column=_time())


# --- clicks ----------------------------------------------------------------------------------------------------


class AgentRecord(SQLModel, table=True):
    """A distinct user agent string, the print by which it is found, and the device that it names: desktop, phone,
    tablet, unknown."""

    __tablename__ = "agent"

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(sa_column=_text())
    text_print: int = Field(sa_column=_big(index=True))
    device: int  # index into clicks.judging.agents.DEVICES


class NetworkRecord(SQLModel, table=True):
    """A known network that visitors' addresses were in, by its name."""

    __tablename__ = "network"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=_text(unique=True))


class SourceRecord(SQLModel, table=True):
    """A log that was read, known by its content and not by its name, and how far it was read.

    `head` and `tail` print the first bytes and the last bytes before `position`; the `first_` and `last_` columns
    keep the lines of its first and last second (8-byte prints), where a cut may have parted equal lines.
    """

    __tablename__ = "source"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=_text())  # the last path it was seen under
    format: str = Field(sa_column=_text())
    state: str = Field(sa_column=_text())  # what the format carries on, e.g. a header line
    head: bytes = Field(sa_column=_bytes(index=True))
    head_length: int
    tail: bytes = Field(sa_column=_bytes())
    position: int = Field(sa_column=_big())  # bytes of the uncompressed content
    first_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    first_lines: bytes = Field(sa_column=_bytes())
    last_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    last_lines: bytes = Field(sa_column=_bytes())
    imported_at: int = Field(sa_column=_time())


class ReadingRecord(SQLModel, table=True):
    """One import's pass over one log: what a click came with."""

    __tablename__ = "reading"

    id: int | None = Field(default=None, primary_key=True)
    source_id: int = Field(foreign_key="source.id")
    read_at: int = Field(sa_column=_time())


class RulingRecord(SQLModel, table=True):
    """A verdict (human, prefetch, scanner, test) with its reasons and the rules that gave it; clicks share it."""

    __tablename__ = "ruling"
    __table_args__ = (UniqueConstraint("verdict", "reasons", "rules"),)

    id: int | None = Field(default=None, primary_key=True)
    verdict: str = Field(sa_column=_text())
    reasons: str = Field(sa_column=_text())  # comma-separated names of rules
    rules: str = Field(sa_column=_text())  # version of the rules that judged


class ClickRecord(SQLModel, table=True):
    """One request for a tracked address, known by its time and the print of its line and of how often that came.

    The rows lie in the order of time, in which logs come, so an insert is an append; there is no other index.
    `ruling_id` is today's verdict; `passed`: a run of the actions has looked at it.
    """

    __tablename__ = "click"
    __table_args__ = (CLUSTERED,)

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    print: int = Field(sa_column=Column(BigInteger, primary_key=True))
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    link_id: int
    placement_id: int
    shipment_id: int
    ip: str = Field(sa_column=_text())  # truncated unless the workspace says otherwise
    network_id: int  # 0 = none that is known
    agent_id: int
    flags: int  # what the log itself says: see clicks.event
    pressed: str = Field(sa_column=_text())  # what a POST said in its query
    reading_id: int
    ruling_id: int
    passed: int


class ProbeRecord(SQLModel, table=True):
    """A HEAD request for a tracked address. It is no click, but no person's program sends one, so it speaks against
    the clicks on the same placement beside it."""

    __tablename__ = "probe"
    __table_args__ = (CLUSTERED,)

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    print: int = Field(sa_column=Column(BigInteger, primary_key=True))
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    placement_id: int
    shipment_id: int


class JunkRequestRecord(SQLModel, table=True):
    """A malformed, forged or mutated request for a tracked address: it speaks against the clicks beside it. Or one that
    was rejected for its method or status: it was seen, whatever it is rejected for later. The recipient is whose good
    token was in it all the same, 0 where it had none."""

    __tablename__ = "junk_request"
    __table_args__ = (CLUSTERED,)

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    print: int = Field(sa_column=Column(BigInteger, primary_key=True))
    ip: str = Field(sa_column=_text())
    recipient_id: int = Field(default=0, sa_column=_big(server_default="0"))


class WipedClickRecord(SQLModel, table=True):
    """A click that a reset took away though it lies behind the reset's own moment (a server's clock that is ahead,
    local time read as UTC): its line was seen, and is not new when it comes again."""

    __tablename__ = "wiped_click"
    __table_args__ = (CLUSTERED,)

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    print: int = Field(sa_column=Column(BigInteger, primary_key=True))


class PassedClickRecord(SQLModel, table=True):
    """A click that a run after a backup has passed, as that run's folder says: when it comes, it is no open one."""

    __tablename__ = "passed_click"
    __table_args__ = (CLUSTERED,)

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    print: int = Field(sa_column=Column(BigInteger, primary_key=True))
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))


class ScannerEvidenceRecord(SQLModel, table=True):
    """A recipient's mail was looked at by a scanner from this address (/24 or /48), in this minute since 1970, with an
    agent of this family: see `clicks.judging.reputation`."""

    __tablename__ = "scanner_evidence"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    address: str = Field(sa_column=Column(Text, primary_key=True))
    minute: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    family: int = Field(sa_column=Column(BigInteger, primary_key=True))


class OpenTimeRecord(SQLModel, table=True):
    """A stretch of time, both ends in it, in which human clicks may lie that no run of the actions has passed."""

    __tablename__ = "open_time"

    first_at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    last_at: int = Field(sa_column=_time())


# Rollups, kept in the transaction that stores or judges clicks. `machine` = prefetch + scanner. A clicker counts where
# the first of their human clicks stands: on that link in that shipment in rows of links, in that shipment in all
# others.


class ClickerRecord(SQLModel, table=True):
    """Clicks of one recipient of one shipment on one placement; those of all who refused tracking as recipient 0's, who
    is no clicker. The key begins with the recipient of a shipment, so
    one look finds all that a person did with a mail; a link's clickers are looked up in the shipments of its tally."""

    __tablename__ = "clicker"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    placement_id: int = Field(primary_key=True)
    link_id: int
    human: int
    machine: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))  # of the human clicks
    # Milliseconds from it to the last one: mostly 0, which takes no room.
    last_after: int | None = Field(default=None, sa_column=_time(nullable=True))
    last_click: int | None = Field(default=None, sa_column=Column(BigInteger, Computed("first_click + last_after")))
    first_device: int | None = None  # of the first human click


class RecentClickerRecord(SQLModel, table=True):
    """What has come on top of `clicker` lately, in shipments of very many: on top of that of `level` 1 that of level 0.
    See store.clickers."""

    __tablename__ = "recent_clicker"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    level: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    placement_id: int = Field(primary_key=True)
    link_id: int
    human: int
    machine: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))
    last_after: int | None = Field(default=None, sa_column=_time(nullable=True))
    last_click: int | None = Field(default=None, sa_column=Column(BigInteger, Computed("first_click + last_after")))
    first_device: int | None = None


class LinkTallyRecord(SQLModel, table=True):
    """Clicks on a link by shipment."""

    __tablename__ = "link_tally"
    __table_args__ = (CLUSTERED,)

    link_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    human: int
    prefetch: int
    scanner: int
    test: int
    clickers: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))  # of the human clicks
    last_click: int | None = Field(default=None, sa_column=_time(nullable=True))


class ShipmentTallyRecord(SQLModel, table=True):
    """Clicks of a shipment over all its links."""

    __tablename__ = "shipment_tally"

    shipment_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    human: int
    prefetch: int
    scanner: int
    test: int
    clickers: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))
    last_click: int | None = Field(default=None, sa_column=_time(nullable=True))


class PlacementTallyRecord(SQLModel, table=True):
    """Clicks on a placement by shipment; `clickers` = recipients with a human click there."""

    __tablename__ = "placement_tally"
    __table_args__ = (CLUSTERED,)

    placement_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    human: int
    machine: int
    test: int
    clickers: int


class LinkHourRecord(SQLModel, table=True):
    """Clicks on a link of a shipment by hour (`hour` = when it began, in the workspace's zone)."""

    __tablename__ = "link_hour"
    __table_args__ = (CLUSTERED,)

    link_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    hour: int = Field(sa_column=Column(BigInteger, primary_key=True))
    human: int
    machine: int
    test: int
    clickers: int


class ShipmentHourRecord(SQLModel, table=True):
    """Clicks of a shipment by hour (`hour` = when it began, in the workspace's zone)."""

    __tablename__ = "shipment_hour"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    hour: int = Field(sa_column=Column(BigInteger, primary_key=True))
    human: int
    machine: int
    test: int
    clickers: int


class ShipmentAgeRecord(SQLModel, table=True):
    """Clicks of a shipment by the full hours (0-47) since it was sent."""

    __tablename__ = "shipment_age"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    age: int = Field(primary_key=True)
    human: int
    machine: int
    clickers: int


class ShipmentDeviceRecord(SQLModel, table=True):
    """Clicks of a shipment by device (see `agent`)."""

    __tablename__ = "shipment_device"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    device: int = Field(primary_key=True)
    human: int
    machine: int
    clickers: int


class ShipmentRulingRecord(SQLModel, table=True):
    """Clicks of a shipment by ruling."""

    __tablename__ = "shipment_ruling"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    ruling_id: int = Field(primary_key=True)
    clicks: int


class ShipmentDomainRecord(SQLModel, table=True):
    """Recipients of a shipment and their clicks by the domain of the address that it was sent to."""

    __tablename__ = "shipment_domain"
    __table_args__ = (CLUSTERED,)

    shipment_id: int = Field(primary_key=True)
    domain: str = Field(sa_column=Column(Text, primary_key=True))
    sent: int
    uncounted: int = Field(default=0, sa_column=_count())
    human: int
    machine: int
    clickers: int


class ActionTallyRecord(SQLModel, table=True):
    """What the runs have done because of clicks on a link in a shipment, by kind, name and status."""

    __tablename__ = "action_tally"
    __table_args__ = (CLUSTERED,)

    link_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    status: str = Field(sa_column=Column(Text, primary_key=True))
    count: int


# --- actions ---------------------------------------------------------------------------------------------------


class RunRecord(SQLModel, table=True):
    """One run of the actions over a CRM export. Once it is `stored`, the ledger has it and only its summary is to
    be put beside its files."""

    __tablename__ = "run"

    id: int | None = Field(default=None, primary_key=True)
    started_at: int = Field(sa_column=_time())
    finished_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    status: str = Field(sa_column=_text())  # running, stored, done, interrupted; taken (after a restore)
    out: str = Field(sa_column=_text())
    summary: str = Field(sa_column=_text())  # JSON


class DefinitionRecord(SQLModel, table=True):
    """An action of a link as it was when a run followed it (JSON), and the first run that did. `action` is its number
    on the link; 0 = by hand."""

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("link_id", "action", "text"),)

    id: int | None = Field(default=None, primary_key=True)
    link_id: int
    action: int
    text: str = Field(sa_column=_text())
    run_id: int = Field(foreign_key="run.id")


class ChangeRecord(SQLModel, table=True):
    """The ledger: every single change, in the order of time within a run, with the click that caused it. What could
    not be carried out stands here too, as `failed`, with the reason in `message`; `retried_by` is the run that tried
    it again, whose row says what became of it."""

    __tablename__ = "change"
    __table_args__ = (CLUSTERED,)

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    number: int = Field(primary_key=True)  # 1, 2, 3 … within the run
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    id: str = Field(sa_column=_text())  # the same in every run and database
    clicked_at: int = Field(sa_column=_time())
    click_print: int = Field(sa_column=_big())
    link_id: int
    shipment_id: int
    action: int  # the action's number on its link; 0 = by hand
    kind: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    operation: str = Field(sa_column=_text())  # set, add, remove, make, run
    old: str = Field(sa_column=_text())
    new: str = Field(sa_column=_text())
    definition_id: int = Field(foreign_key="definition.id")
    status: str = Field(sa_column=_text())  # ok, failed, timeout, interrupted
    message: str = Field(sa_column=_text())
    ran_at: int = Field(sa_column=_time())
    retried_by: int | None = None


class FailureRecord(SQLModel, table=True):
    """What could not be carried out and has not been since: the row of the ledger that says so, and its click."""

    __tablename__ = "failure"
    __table_args__ = (CLUSTERED,)

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    id: str = Field(sa_column=Column(Text, primary_key=True))  # of the change
    run_id: int = Field(foreign_key="run.id")
    number: int  # of the change within the run
    clicked_at: int = Field(sa_column=_time())
    click_print: int = Field(sa_column=_big())
    link_id: int
    action: int  # the action's number on its link
    status: str = Field(sa_column=_text())  # failed, timeout, interrupted


class MadeRecord(SQLModel, table=True):
    """A follow-up, request or script that exists because of a click: what stands here is never made again.

    A script stands here before it is started, as `interrupted`, and its run is the one that reports it. `owner`,
    `start_at` and `end_at` say what a thing occupies; the rest is what became of a script.
    """

    __tablename__ = "made"
    __table_args__ = (CLUSTERED,)

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    id: str = Field(sa_column=Column(Text, primary_key=True))  # of the change
    run_id: int = Field(foreign_key="run.id")  # the run that reports it
    clicked_at: int = Field(sa_column=_time())
    click_print: int = Field(sa_column=_big())
    link_id: int
    shipment_id: int
    kind: str = Field(sa_column=_text())  # follow-up, request, script
    name: str = Field(sa_column=_text())
    action: int  # the action's number on its link
    definition_id: int = Field(foreign_key="definition.id")
    owner: str = Field(sa_column=_text())
    start_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    end_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    status: str = Field(sa_column=_text())  # ok, failed, timeout, interrupted
    exit_code: int | None = None
    return_url: str = Field(sa_column=_text())
    fields: str = Field(sa_column=_text())  # JSON
    message: str = Field(sa_column=_text())
    ran_at: int = Field(sa_column=_time())


class SettledRecord(SQLModel, table=True):
    """The latest click that decided one thing of a recipient (a field, an interest, a membership): a click with an
    earlier time that arrives afterwards does not overrule it."""

    __tablename__ = "settled"
    __table_args__ = (CLUSTERED,)

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    clicked_at: int = Field(sa_column=_time())
    click_print: int = Field(sa_column=_big())
    value: str = Field(sa_column=_text())


class ReturnAddressRecord(SQLModel, table=True):
    """The address that a script has set for later clicks of a recipient on a link (`returnUrl`)."""

    __tablename__ = "return_address"
    __table_args__ = (CLUSTERED,)

    link_id: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    shipment_id: int  # of the click that it comes from
    url: str = Field(sa_column=_text())
    change_id: str = Field(sa_column=_text())
