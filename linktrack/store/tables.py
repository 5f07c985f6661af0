"""All tables of the database, as SQLModel classes; nothing in them is for one database only.

Conventions: a column that ends in `_at` (and `first_click`, `last_click`, `hour`) is whole milliseconds since
1970-01-01T00:00:00Z; JSON is kept as text; a row that mails in the world may still refer to is never deleted
but gets a `deleted_at`. This module must not use `from __future__ import annotations` (SQLModel reads them).
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint, false
from sqlmodel import Field, SQLModel

# A big integer that is still SQLite's own row id.
BigKey = BigInteger().with_variant(Integer, "sqlite")


def _time(nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


# --- the catalogue ---------------------------------------------------------------------------------------------


class Folder(SQLModel, table=True):
    """A place for links, written as a path: `Campaigns/Spring`."""

    id: int | None = Field(default=None, primary_key=True)
    path: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    created_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))  # of the links that went with it, too


class Link(SQLModel, table=True):
    """A tracked address. `kind`: registered (made by a person), local (belongs to one mailing), special (a page
    of the system: unsubscribe, subscriptions, view-online, honeypot)."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))
    folder_id: int | None = Field(default=None, foreign_key="folder.id", index=True)
    mailing_id: int | None = Field(default=None, foreign_key="mailing.id", index=True)
    response: str = Field(sa_column=Column(Text, nullable=False))  # JSON, as in the TOML definitions
    created_at: int = Field(sa_column=_time())
    updated_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    reset_at: int | None = Field(default=None, sa_column=_time(nullable=True))  # clicks up to here do not count
    confirm: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    last_action: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))  # number given


class Action(SQLModel, table=True):
    """What a click on a link changes in the CRM; `settings` is the TOML table without `type`, as JSON.

    `number` is never used again on its link, and part of what the action makes; `position` is its place by now.
    """

    __table_args__ = (UniqueConstraint("link_id", "position"), UniqueConstraint("link_id", "number"))

    id: int | None = Field(default=None, primary_key=True)
    link_id: int = Field(foreign_key="link.id")
    number: int
    position: int  # 1, 2, 3 … within the link
    type: str = Field(sa_column=Column(Text, nullable=False))
    settings: str = Field(sa_column=Column(Text, nullable=False))


# --- mailings --------------------------------------------------------------------------------------------------


class Mailing(SQLModel, table=True):
    """A message as written. `name` is its key; `settings` (JSON) holds utm, base, track_all and the like."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    type: str = Field(sa_column=Column(Text, nullable=False))
    html: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    text: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    settings: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=_time())
    deleted_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class Placement(SQLModel, table=True):
    """One spot in one mailing where a link stands; `start` and `stop` are offsets into that part as it is scanned
    (bytes of most HTML, characters of texts and UTF-16)."""

    __table_args__ = (UniqueConstraint("mailing_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    mailing_id: int = Field(foreign_key="mailing.id")
    link_id: int = Field(foreign_key="link.id", index=True)
    position: int  # 1, 2, 3 … through the HTML, then the text
    part: str = Field(sa_column=Column(Text, nullable=False))  # html, text
    kind: str = Field(sa_column=Column(Text, nullable=False))  # a, area, vml, text, honeypot
    label: str = Field(sa_column=Column(Text, nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))  # as the author meant it: decoded, trimmed
    start: int
    stop: int
    line: int
    column: int


class Recipient(SQLModel, table=True):
    """A person that mails went to, by the CRM's contact id; its own id (40 bit) is what tokens carry."""

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    contact_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    email: str = Field(sa_column=Column(Text, nullable=False, index=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    fields: str = Field(sa_column=Column(Text, nullable=False))  # JSON: what merge tags and forms need, no more
    forgotten_at: int | None = Field(default=None, sa_column=_time(nullable=True))


class Shipment(SQLModel, table=True):
    """One sending of a mailing to a list of recipients; its id (32 bit) is what tokens carry."""

    id: int | None = Field(default=None, primary_key=True)
    mailing_id: int = Field(foreign_key="mailing.id", index=True)
    sent_at: int = Field(sa_column=_time())
    is_test: bool
    recipients: int
    settings: str = Field(sa_column=Column(Text, nullable=False))  # JSON: output format, honeypot, merge tag, key id
    created_at: int = Field(sa_column=_time())


class ShipmentRecipient(SQLModel, table=True):
    """Who a shipment went to, in the order of the contacts file, with address and name as they were then."""

    __tablename__ = "shipment_recipient"
    __table_args__ = {"sqlite_with_rowid": False}

    shipment_id: int = Field(foreign_key="shipment.id", primary_key=True)
    position: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, ForeignKey("recipient.id"), nullable=False, index=True))
    email: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    name: str = Field(sa_column=Column(Text, nullable=False, server_default=""))


# --- clicks ----------------------------------------------------------------------------------------------------


class Agent(SQLModel, table=True):
    """A distinct user agent string."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False, unique=True))


class Source(SQLModel, table=True):
    """A log that was read, known by its content and not by its name, and how far it was read.

    `head` and `tail` print the first bytes and the last bytes before `position`; the `first_` and `last_` columns
    keep the lines of its first and last second (8-byte keyed prints), where a cut may have parted equal lines.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False))  # the last path it was seen under
    format: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))  # what the format carries on, e.g. a header line
    head: bytes = Field(sa_column=Column(LargeBinary, nullable=False, index=True))
    head_length: int
    tail: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    position: int = Field(sa_column=Column(BigInteger, nullable=False))  # bytes of the uncompressed content
    first_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    first_lines: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    last_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    last_lines: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    imported_at: int = Field(sa_column=_time())


class Click(SQLModel, table=True):
    """One request for a tracked address. Its time and a keyed 64-bit print of the line and of how often it came
    are its identity; that index is in the order of time, so inserts stay fast, and there is no other."""

    __table_args__ = (UniqueConstraint("clicked_at", "identity"),)

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    clicked_at: int = Field(sa_column=_time())
    identity: int = Field(sa_column=Column(BigInteger, nullable=False))
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    ip: str = Field(sa_column=Column(Text, nullable=False))  # truncated unless the workspace says otherwise
    agent_id: int
    flags: int  # what the log itself says: see clicks.event
    source_id: int


class Judgement(SQLModel, table=True):
    """The verdict on a click, apart from it so that it can be judged again."""

    click_id: int = Field(sa_column=Column(BigKey, ForeignKey("click.id"), primary_key=True))
    verdict: str = Field(sa_column=Column(Text, nullable=False))  # human, prefetch, scanner, test
    reasons: str = Field(sa_column=Column(Text, nullable=False))  # comma-separated names of rules
    rules: str = Field(sa_column=Column(Text, nullable=False))  # version of the rules that judged


class Probe(SQLModel, table=True):
    """A HEAD request for a tracked address. It is no click, but no person's program sends one, so it speaks against
    the clicks on the same placement beside it."""

    __table_args__ = {"sqlite_with_rowid": False}

    clicked_at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    identity: int = Field(sa_column=Column(BigInteger, primary_key=True))
    placement_id: int
    shipment_id: int
    recipient_id: int = Field(sa_column=Column(BigInteger, nullable=False))


# Rollups, kept in the transaction that stores or judges clicks. `machine` = prefetch + scanner.


class LinkTally(SQLModel, table=True):
    """Clicks on a link by shipment; `clickers` = recipients with at least one human click."""

    __tablename__ = "link_tally"
    __table_args__ = {"sqlite_with_rowid": False}

    link_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    human: int
    prefetch: int
    scanner: int
    test: int
    clickers: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))  # of the human clicks
    last_click: int | None = Field(default=None, sa_column=_time(nullable=True))


class PlacementTally(SQLModel, table=True):
    """Clicks on a placement by shipment."""

    __tablename__ = "placement_tally"
    __table_args__ = {"sqlite_with_rowid": False}

    placement_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    human: int
    machine: int
    test: int


class LinkClicker(SQLModel, table=True):
    """Clicks of one recipient of one shipment on one link. The key begins with the recipient of a shipment, so one
    look finds all that a person did with a mail; a link's clickers are looked up in the shipments of its tally."""

    __tablename__ = "link_clicker"
    __table_args__ = {"sqlite_with_rowid": False}

    shipment_id: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    link_id: int = Field(primary_key=True)
    human: int
    machine: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))  # of the human clicks
    last_click: int | None = Field(default=None, sa_column=_time(nullable=True))


class ShipmentTally(SQLModel, table=True):
    """Clicks of a shipment over all its links; `clickers` = recipients with a human click on any of them."""

    __tablename__ = "shipment_tally"

    shipment_id: int = Field(primary_key=True)
    human: int
    prefetch: int
    scanner: int
    test: int
    clickers: int
    first_click: int | None = Field(default=None, sa_column=_time(nullable=True))
    last_click: int | None = Field(default=None, sa_column=_time(nullable=True))


class HourTally(SQLModel, table=True):
    """Clicks of a shipment by hour (`hour` = the start of the hour, UTC)."""

    __tablename__ = "hour_tally"
    __table_args__ = {"sqlite_with_rowid": False}

    shipment_id: int = Field(primary_key=True)
    hour: int = Field(sa_column=Column(BigInteger, primary_key=True))
    human: int
    machine: int
    test: int


# --- actions ---------------------------------------------------------------------------------------------------


class Run(SQLModel, table=True):
    """One run of the actions over a CRM export. Once it is `stored`, the ledger has it and only its summary is to
    be put beside its files."""

    id: int | None = Field(default=None, primary_key=True)
    started_at: int = Field(sa_column=_time())
    finished_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    status: str = Field(sa_column=Column(Text, nullable=False))  # running, stored, done, interrupted
    out: str = Field(sa_column=Column(Text, nullable=False))
    summary: str = Field(sa_column=Column(Text, nullable=False))  # JSON


class HandledClick(SQLModel, table=True):
    """A click whose actions have been taken care of: no ordinary run looks at it again."""

    __tablename__ = "handled_click"

    click_id: int = Field(sa_column=Column(BigKey, primary_key=True))
    run_id: int = Field(foreign_key="run.id")


class Definition(SQLModel, table=True):
    """An action as it was when a run followed it (JSON)."""

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False, unique=True))


class Change(SQLModel, table=True):
    """The ledger: every single change, in the order of time within a run, with the click that caused it."""

    number: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    id: str = Field(sa_column=Column(Text, nullable=False))  # the same in every run and database
    run_id: int = Field(foreign_key="run.id", index=True)
    click_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    link_id: int
    shipment_id: int
    recipient_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    clicked_at: int = Field(sa_column=_time())
    kind: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    operation: str = Field(sa_column=Column(Text, nullable=False))  # set, add, remove, make, run
    old: str = Field(sa_column=Column(Text, nullable=False))
    new: str = Field(sa_column=Column(Text, nullable=False))
    definition_id: int = Field(foreign_key="definition.id")
    status: str = Field(sa_column=Column(Text, nullable=False))  # ok, failed, timeout, interrupted
    ran_at: int = Field(sa_column=_time())


class Made(SQLModel, table=True):
    """A follow-up, request or script that exists because of a click: what stands here is never made again.

    `owner`, `start_at` and `end_at` say what it occupies; the rest is what became of a script.
    """

    id: str = Field(sa_column=Column(Text, primary_key=True))  # of the change
    run_id: int = Field(foreign_key="run.id")  # the run that reports it
    click_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    link_id: int
    shipment_id: int
    recipient_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))  # follow-up, request, script
    ordinal: int  # 1, 2, 3 … among the link's actions of that kind
    owner: str = Field(sa_column=Column(Text, nullable=False))
    start_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    end_at: int | None = Field(default=None, sa_column=_time(nullable=True))
    status: str = Field(sa_column=Column(Text, nullable=False))  # ok, failed, timeout, interrupted
    exit_code: int | None = None
    return_url: str = Field(sa_column=Column(Text, nullable=False))
    fields: str = Field(sa_column=Column(Text, nullable=False))  # JSON
    message: str = Field(sa_column=Column(Text, nullable=False))
    ran_at: int = Field(sa_column=_time())


class Settled(SQLModel, table=True):
    """The latest click that decided one thing of a recipient (a field, an interest, a membership): a click with an
    earlier time that arrives afterwards does not overrule it."""

    __table_args__ = {"sqlite_with_rowid": False}

    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    clicked_at: int = Field(sa_column=_time())
    click_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    value: str = Field(sa_column=Column(Text, nullable=False))


class ReturnAddress(SQLModel, table=True):
    """The address that a script has set for later clicks of a recipient on a link (`returnUrl`)."""

    __tablename__ = "return_address"

    link_id: int = Field(primary_key=True)
    shipment_id: int = Field(primary_key=True)
    recipient_id: int = Field(sa_column=Column(BigInteger, primary_key=True))
    url: str = Field(sa_column=Column(Text, nullable=False))
    change_id: str = Field(sa_column=Column(Text, nullable=False))
