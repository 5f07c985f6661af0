"""The targets and people of mailings: who was clicking where, by events that carry the link's target, not our address.

The placement is found by target and mailing, the recipient by a custom variable or by e-mail address, and the shipment
is the one to that recipient in which the placement stands. An event that fits several is rejected. Where a recipient
has refused tracking in that shipment, the click is stored as nobody's, even if the service names them. Where a mailing
has the same link with the same target in several spots, its events count for the first of them: the link's figures are
exact, those of the spots are not.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import md5
from html import unescape
from urllib.parse import urlsplit

from linktrack.clicks.event import Event
from linktrack.clicks.logs.reported_targets import NAMES_OF_TARGET
from linktrack.clicks.logs.tracked import CACHE_SIZE, AddressBook, FoundAddress, TrackedSpot
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.email_addresses import same_email
from linktrack.names import composed, folded
from linktrack.settings.tables import ClickSettings
from linktrack.store.many import marks
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


class TargetBook:
    """The targets and the people of mailings, as they are asked for: where an event belongs that does not carry our
    address (`tracked.AddressBook` has those that do)."""

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
        """When a link's counter was set to zero, in UTC milliseconds; -1 if it never was. `link` is its id."""
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
        """The spot whose target a URL is: to the letter, else without what was added to it or glued on. A fragment
        counts as added where the mail's target has none."""
        if mailing not in self._targets:
            self._targets[mailing] = self._targets_of(mailing)
        targets = self._targets[mailing]
        as_sent = unescape(url)
        urls = dict.fromkeys((url, as_sent, as_sent.partition("#")[0]))
        names = [name(one) for one in urls for name in NAMES_OF_TARGET]
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
                    for name in {name(url) for name in NAMES_OF_TARGET}:
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
            members = self._former_addresses(mailing).get(same_email(who[1]), [])
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
                found.setdefault(same_email(email), []).append((shipment, recipient))
        return self._former[mailing]

    def _recipients(self, contact: str, email: str) -> list[tuple[int, int]]:
        """Shipment and recipient, for all shipments to a contact or to an e-mail address."""
        if contact:
            where, values = "contact_id = ?", [contact]
        else:
            form = same_email(email)
            same = [email, form, *self._spellings.get(form, ())]
            where, values = f"recipient.email IN ({marks(same)})", same
        sql = f"{_MEMBERS} WHERE {where} AND forgotten_at IS NULL"
        return [(shipment, recipient) for shipment, recipient, *_ in self._database.rows(sql, values)]

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """The addresses in the database that are not in the form in which they are compared, by that form."""
        found: dict[str, list[str]] = {}
        unlike = f"email <> lower(email) OR {self._database.folds_beyond_ascii('email')}"
        for (email,) in self._database.rows(f"SELECT email FROM recipient WHERE {unlike}"):  # noqa: S608  (names of ours)
            found.setdefault(same_email(email), []).append(email)
        return found


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
