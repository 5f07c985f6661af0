"""A file of a mail service's events being read: its reports become batches of clicks, like the lines of a log.

An event usually carries the target of the link and not our address. Then the placement is found by target and
mailing, the recipient by a custom variable or by e-mail address, and the shipment is the one that went to both. What
is still ambiguous is rejected. Who refused tracking in that shipment is nobody, whatever the service says. Where a
mailing has the same link with the same target in several spots, the first one stands for all: the link's figures are
exact, the spot's are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from hashlib import md5
from html import unescape
from time import monotonic
from urllib.parse import parse_qsl, unquote, urlsplit

from linktrack.click_marks import MACHINE, SHARED
from linktrack.clicks.event import Event, Refusal, Report, Skipped
from linktrack.clicks.formats import EventFormat
from linktrack.clicks.logs.batches import Batch, Gathered, Reached, nothing_reached
from linktrack.clicks.logs.fields import AGENT_LENGTH, digest, text_print
from linktrack.clicks.logs.line_log import COMMIT_SECONDS
from linktrack.clicks.logs.requests import BAD, BATCH_BYTES, BATCH_CLICKS, BEFORE_PURGE, UNKNOWN, Rules
from linktrack.clicks.logs.sources import BLOCK_BYTES, HEAD_BYTES, TAIL_BYTES, Known, Log
from linktrack.clicks.logs.tracked import CACHE_SIZE, AddressBook, FoundAddress, TrackedSpot
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.errors import LinktrackError
from linktrack.links.normal_form import normal_form
from linktrack.links.tokens import NOBODY
from linktrack.names import composed, folded
from linktrack.settings.tables import ClickSettings
from linktrack.store.session import Database

_MEMBERS = (
    "SELECT sent.shipment_id, recipient.id, sent.email, recipient.email FROM recipient CROSS JOIN shipment "
    "JOIN shipment_recipient AS sent ON sent.shipment_id = shipment.id AND sent.recipient_id = recipient.id"
)
_OF_MAILING = (
    "SELECT sent.shipment_id, recipient.id, sent.email, recipient.email FROM shipment "
    "JOIN shipment_recipient AS sent ON sent.shipment_id = shipment.id "
    "JOIN recipient ON recipient.id = sent.recipient_id WHERE mailing_id = ? AND forgotten_at IS NULL"
)


class Directory:
    """Who was clicking where, for events that do not carry our address."""

    def __init__(
        self, database: Database, book: AddressBook, settings: ClickSettings, base_url: str, mailing: int | None
    ) -> None:
        """`mailing` is the one that all events belong to, by its id; None: each says it."""
        self._database = database
        self._book = book
        self._settings = settings
        self._base = urlsplit(base_url)
        self._mailing = mailing
        self._begin()

    def _begin(self) -> None:
        self._addresses = self._book.addresses
        self._mailings: dict[str, int] = dict(self._database.rows("SELECT name, id FROM mailing"))
        self._targets: dict[int, dict[str, list[TrackedSpot]]] = {}
        self._people: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._hashed: dict[int, dict[str, list[tuple[int, int]]]] = {}
        self._former: dict[int, dict[str, list[tuple[int, int]]]] = {}
        self._refusing = Refusing(self._database)

    def renew(self) -> bool:
        """Read everything again if the catalogue has changed; whether it has."""
        if not self._book.renew() and self._addresses is self._book.addresses:
            return False
        vars(self).pop("_spellings", None)
        self._begin()
        return True

    def reset_of(self, link: int) -> int:
        """When the counter of a link was set to zero; -1 if it never was."""
        return self._addresses.resets.get(link, -1)

    def find(self, event: Event) -> FoundAddress | str:
        """Link, placement, shipment and recipient of an event, or the reason why they cannot be told."""
        ours = self._addresses.resolve(event.url.encode("utf-8", "replace"))
        if isinstance(ours, tuple):
            return ours
        try:
            url = urlsplit(event.url)
        except ValueError:
            return "unknown-target"
        if url.hostname == self._base.hostname and url.path.lower().startswith(
            self._base.path.rstrip("/").lower() + "/"
        ):
            return ours or "unknown-target"  # another page of our host
        mailing = self._mailing_of(event)
        if isinstance(mailing, str):
            return mailing
        spot = self._spot(mailing, event.url)
        if isinstance(spot, str):
            return spot
        member = self._member(mailing, event)
        if isinstance(member, str):
            return member
        self._refusing.look_up([member])
        return (spot.link_id, spot.placement_id, member[0], self._refusing.counted_as(*member))

    def _mailing_of(self, event: Event) -> int | str:
        if self._mailing is not None:
            return self._mailing
        said = composed(_said(event, self._settings.mailing_variable))
        named = {self._mailings[name] for name in (said, *said.split(",")) if name in self._mailings}
        if len(named) == 1:
            return named.pop()
        return "ambiguous-mailing" if named else "unknown-mailing"

    def _spot(self, mailing: int, url: str) -> TrackedSpot | str:
        """The spot whose target a URL is: to the letter, else without what is added or glued on; a fragment is, where
        the mail's target has none."""
        if mailing not in self._targets:
            self._targets[mailing] = self._targets_of(mailing)
        targets = self._targets[mailing]
        as_sent = unescape(url)
        urls = dict.fromkeys((url, as_sent, as_sent.partition("#")[0]))
        names = [name(one) for one in urls for name in _NAMES_OF_TARGET]
        for name in names:
            if spots := targets.get(name):
                return spots[0] if len({spot.link_id for spot in spots}) == 1 else "ambiguous-target"
        return "unknown-target"

    def _targets_of(self, mailing: int) -> dict[str, list[TrackedSpot]]:
        """The spots of a mailing by what an event may call their targets: what stands in the mail, or the link's URL
        where the mail says `linktrack:KEY`."""
        urls: dict[int, str] = dict(
            self._database.rows(
                "SELECT placement.id, link.url FROM placement JOIN link ON link.id = placement.link_id "
                "WHERE placement.mailing_id = ?",
                (mailing,),
            )
        )
        found: dict[str, list[TrackedSpot]] = {}
        for spot in sorted(self._addresses.spots.values(), key=lambda spot: spot.placement_id):
            if spot.mailing_id == mailing:
                for url in {spot.url, urls.get(spot.placement_id) or spot.url}:
                    for name in {name(url) for name in _NAMES_OF_TARGET}:
                        if spot not in (spots := found.setdefault(name, [])):
                            spots.append(spot)
        return found

    def _member(self, mailing: int, event: Event) -> tuple[int, int] | str:
        """Shipment and recipient."""
        contact = _said(event, self._settings.contact_variable)
        member_id = event.variables.get("member_id", "")
        who = (contact, "" if contact else event.email)
        if not any(who) and not member_id:
            return "ambiguous-recipient" if event.several else "no-recipient"
        members = self._known(*who) if any(who) else self._member_ids(mailing).get(member_id.lower(), [])
        sendings = self._addresses.sendings
        members = [member for member in members if sendings[member[0]].mailing_id == mailing]
        if not members and who[1]:
            members = self._former_addresses(mailing).get(who[1].casefold(), [])
        members = [member for member in members if sendings[member[0]].sent_at <= event.clicked_at] or members
        named = event.variables.get("shipment", "")
        members = [member for member in members if str(member[0]) == named] or members
        if not members:
            return "unknown-recipient"
        if len({recipient for _, recipient in members}) > 1:
            return "ambiguous-recipient"
        return members[0] if len(members) == 1 else "ambiguous-shipment"

    def _known(self, contact: str, email: str) -> list[tuple[int, int]]:
        """The same as `_recipients`, remembered."""
        who = (contact, email)
        if who not in self._people:
            if len(self._people) >= CACHE_SIZE:
                self._people.clear()
            self._people[who] = self._recipients(*who)
        return self._people[who]

    def _member_ids(self, mailing: int) -> dict[str, list[tuple[int, int]]]:
        """Shipment and recipient by Mailchimp's member id, the MD5 of the e-mail address in lower case."""
        if mailing not in self._hashed:
            found = self._hashed[mailing] = {}
            for shipment, recipient, *emails in self._database.rows(_OF_MAILING, (mailing,)):
                for email in {email.lower() for email in emails}:
                    member_id = md5(email.encode(), usedforsecurity=False).hexdigest()
                    found.setdefault(member_id, []).append((shipment, recipient))
        return self._hashed[mailing]

    def _former_addresses(self, mailing: int) -> dict[str, list[tuple[int, int]]]:
        """Shipment and recipient by an address that the mailing went to and that the contact no longer has."""
        if mailing not in self._former:
            found = self._former[mailing] = {}
            sql = f"{_OF_MAILING} AND sent.email <> recipient.email"
            for shipment, recipient, email, _ in self._database.rows(sql, (mailing,)):
                found.setdefault(email.casefold(), []).append((shipment, recipient))
        return self._former[mailing]

    def _recipients(self, contact: str, email: str) -> list[tuple[int, int]]:
        """Shipment and recipient, for all shipments to a contact or to an e-mail address."""
        if contact:
            where, values = "contact_id = ?", [contact]
        else:
            same = [email, email.lower(), *self._spellings.get(email.casefold(), ())]
            where, values = f"recipient.email IN ({', '.join('?' * len(same))})", same
        sql = f"{_MEMBERS} WHERE {where} AND forgotten_at IS NULL"
        return [(shipment, recipient) for shipment, recipient, *_ in self._database.rows(sql, values)]

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """The addresses in the database that are not in lower case, by what they are in it."""
        found: dict[str, list[str]] = {}
        for (email,) in self._database.rows("SELECT email FROM recipient WHERE email <> lower(email)"):
            found.setdefault(email.casefold(), []).append(email)
        return found


def comparable(url: str) -> str:
    """A target without what a mail service or our tagging may have added or rewritten: `utm_*`, an empty path or query,
    the way in which path and query are escaped."""
    try:
        parts = urlsplit(normal_form(url))
    except ValueError:
        return url
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].lower().startswith("utm_")]
    return repr((parts.scheme, parts.netloc, _unescaped(parts.path) or "/", query, _unescaped(parts.fragment)))


# Escapes that mean something else than what they stand for.
_MEANT = re.compile("%(?:2[35fF]|3[fF]|5[cC])")


def _unescaped(text: str) -> str:
    """A path or fragment as a person reads it."""
    return unquote(_MEANT.sub(lambda match: f"%25{match[0][1:]}", text))


# The punctuation of a text around an address, as it is or percent-encoded.
_GLUED = re.compile(r"""(?:[).,;:!>\]}'"*<]|%(?:29|2[cC2eE1]|3[bBaAeEcC]|5[dD]|7[dD]|27|2[aA]|20|0[dDaA]))+\Z""")


def loosely(url: str) -> str:
    """The same, also without a slash at the end of the path and without the punctuation of a text around it."""
    bare = _GLUED.sub("", url)
    try:
        parts = urlsplit(normal_form(bare))
    except ValueError:
        return url
    return f"~{comparable(parts._replace(path=parts.path.rstrip('/')).geturl())}"


_NAMES_OF_TARGET = (str, normal_form, comparable, loosely)  # from the strictest one on

# What services call a variable themselves, and its name here, both without case and signs.
_OWN_NAMES = {
    "tags": "tag", "rcpttags": "tag", "categories": "category", "customcampaign": "campaign", "campaigns": "campaign",
    "campaignname": "campaign", "broadcastid": "campaign", "campid": "campaignid", "mjcampaignid": "campaignid",
    "campaignid": "campaign", "xmailincustom": "custom", "messagestream": "stream", "templateid": "template",
}  # fmt: skip


def _said(event: Event, name: str) -> str:
    """The variable of an event that has this name, in any spelling of it, or under the service's own name."""
    if said := event.variables.get(name):
        return said
    wanted = folded(name)
    others = {folded(key): value for key, value in event.variables.items() if value and folded(key)}
    while wanted not in others and wanted in _OWN_NAMES:
        wanted = _OWN_NAMES[wanted]
    return others.get(wanted, "")


# What an event may be rejected for that a catalogue of a moment later may know, and all that speaks against a file.
_UNKNOWN = (*UNKNOWN, "unknown-target", "unknown-mailing", "unknown-recipient")
_BAD = (*BAD, *_UNKNOWN)


class EventReading:
    """One file of events being read."""

    def __init__(self, log: Log, format: EventFormat, known: Known | None, rules: Rules, directory: Directory) -> None:
        self.log = log
        self.format = format
        self.known = known
        self.rules = rules
        self.directory = directory
        self.start = log.peek(HEAD_BYTES) if log.regular else b""
        self.taken = known.position if known else 0
        self.recent = b""  # the last bytes taken
        self.seen: set[int] = set()
        self.gathered = Gathered(rules.list_rejects)

    def batches(self) -> Iterator[Batch]:
        """The file from where it was left to its last complete event."""
        if self.known is not None:
            self.format.resume(self.known.state)
            back = min(self.taken, TAIL_BYTES)
            self.log.skip(self.taken - back)
            self.recent = self.log.take(back)
        began = monotonic()
        try:
            for block in self.log.chunks(BLOCK_BYTES):
                self._take_block(block)
                late = not self.log.regular and monotonic() - began >= COMMIT_SECONDS
                taken = len(self.gathered.clicks) + len(self.gathered.contested)
                full = taken >= BATCH_CLICKS or self.gathered.agent_size >= BATCH_BYTES
                if full or (late and self.gathered.read):
                    yield self._batch(last=False)
                if late:
                    began = monotonic()
            self._take(self.format.finish(False))
        except LinktrackError:
            yield self._batch(last=True)
            raise
        yield self._batch(last=True)

    def _take_block(self, block: bytes) -> None:
        if not self.log.regular and len(self.start) < HEAD_BYTES:
            self.start = (self.start + block)[:HEAD_BYTES]
        self.taken += len(block)
        kept = TAIL_BYTES + self.format.pending + len(block)
        self._take(self.format.events(block))
        self.recent = (self.recent + block)[-kept:]

    def _batch(self, last: bool) -> Batch:
        waiting = last and self.format.pending > 0 and not self.log.cut_off and not self.log.stopped
        batch = self.gathered.batch(self._reached(), int(waiting), self.log.cut_off, last)
        self.seen, self.gathered = set(), Gathered(self.rules.list_rejects)
        return batch._replace(unaddressed=0)  # several services tell none

    def _reached(self) -> Reached:
        if self.rules.bounded:
            return nothing_reached(self.rules.key, self.format.name)
        position = self.taken - self.format.pending
        head = self.start[:position]
        complete = self.recent[: len(self.recent) - self.format.pending][-TAIL_BYTES:]
        return Reached(
            self.format.name, position, self.format.state(), digest(head, self.rules.key), len(head),
            digest(complete, self.rules.key), None, b"", None, b"",
        )  # fmt: skip

    def _take(self, reports: list[Report]) -> None:
        for report in reports:
            self.gathered.read += 1
            match report:
                case Skipped():
                    self.gathered.not_ours += 1
                case Refusal(reason, text):
                    self._reject(reason, text)
                case Event():
                    self._click(report)

    def _click(self, event: Event) -> None:
        since, until = self.rules.since, self.rules.until
        if (since is not None and event.clicked_at < since) or (until is not None and event.clicked_at >= until):
            self.gathered.not_ours += 1
            return
        if event.clicked_at < self.rules.addresses.purged:
            self._reject(BEFORE_PURGE, event.identity)
            return
        identity = text_print(event.identity.encode("utf-8", "surrogatepass"))
        found = self.directory.find(event)
        if found in _UNKNOWN and self.directory.renew():
            found = self.directory.find(event)
        if isinstance(found, str):
            text = f"{event.identity} {event.url}"
            self._reject(found, text)
            if found in _BAD:
                self.gathered.junk.append((event.clicked_at, identity, "", found, NOBODY))
            who, nowhere = self._visitor(event), (0, 0, 0, 0)
            ip = "" if self.rules.nameless else who[0]
            row = (event.clicked_at, identity, *nowhere, ip, who[1], 0, who[2])
            self.gathered.contest(row, identity, found, text.encode("utf-8", "replace"))
            return
        if event.clicked_at <= self.directory.reset_of(found[0]):
            self._reject("before-reset", event.identity)
            return
        if identity in self.seen:
            self.gathered.repeated += 1
            return
        self.seen.add(identity)
        agent = self.gathered.agent(event.agent[:AGENT_LENGTH])
        ip, network, flags = self._visitor(event)
        if flags & SHARED:
            self.gathered.shared.add(ip)
        if self.rules.nameless:
            self.gathered.unkept.append((ip, found[3]))
            ip = ""
        self.gathered.clicks.append((event.clicked_at, identity, *found, ip, network, agent, flags))

    def _visitor(self, event: Event) -> tuple[str, int, int]:
        """What is known of whoever made a click: address, as it is kept, number of its network, and flags."""
        ip, network, shared = self.rules.visitors.kept(event.ip.encode("utf-8", "replace"))
        return ip, self.gathered.network(network), (MACHINE if event.machine else 0) | (SHARED if shared else 0)

    def _reject(self, reason: str, text: str) -> None:
        self.gathered.reject(reason, text.encode("utf-8", "replace"))
