"""Whose click it was: tracked addresses, read back into link, placement, shipment and recipient."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from linktrack.links.address_shape import PLACEMENT, TOKEN
from linktrack.links.merge_tags import find
from linktrack.links.signing_keys import Keys, open_keys
from linktrack.links.special_links import LEAVING
from linktrack.links.tokens import NOBODY, key_id_of
from linktrack.store import catalogue
from linktrack.store.purged import horizon
from linktrack.store.restored import awaits_later_keys
from linktrack.store.session import Database
from linktrack.workspace import Workspace

CACHE_SIZE = 300_000  # distinct addresses and tokens remembered, so that memory stays flat
CACHED_LENGTH = 200  # bytes of an address that is remembered
# SendGrid's `-x-`, and words between the signs of other services: `%recipient.x%`, `{$x}`, `[%x%]`, `@@x@@`, `__x__`.
_MARKED = re.compile(
    r"-\w+-(?:[?#].*)?|[{\[$#%@!*|]{1,3} ?[A-Za-z_][\w.:\- ]*[}\]$#%@!*|]{1,3}(?=[/?\s]|\Z)|__[A-Za-z]\w*__(?=[/?]|\Z)"
).match

_PLACEMENT, _TOKEN = f"({PLACEMENT})".encode(), rf"({TOKEN})(?![a-zA-Z0-9_\-])".encode()
_ANYWHERE = re.compile(rb"/" + _PLACEMENT + rb"/+" + _TOKEN).finditer
_PLACED = re.compile(rb"/" + _PLACEMENT + rb"/+(?=[^\s/])").finditer
_SUSPECT = re.compile(rb"%|/" + TOKEN.encode()).search
_NO_TOKEN = re.compile(rb"(?!\.|%2e)[^a-z0-9_\-=]", re.IGNORECASE).match
_CONTROLS = re.compile(rb"%(?:0[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])").search  # a tab or line end comes with copied text
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_ROT13 = bytes.maketrans(_LETTERS, _LETTERS[13:] + _LETTERS[:13])


@dataclass(frozen=True)
class TrackedSpot:
    """A placement, as far as a click needs it."""

    placement_id: int
    link_id: int
    mailing_id: int
    url: str
    acts: bool  # a POST there is a person's will: unsubscribing, subscriptions, a page with a button
    reset_at: int


@dataclass(frozen=True)
class Sending:
    """A shipment, as far as a click needs it; its id, not the number that tokens carry."""

    shipment_id: int
    mailing_id: int
    sent_at: int
    is_test: bool


FoundAddress = tuple[int, int, int, int]  # link, placement, shipment, recipient
TokenOwner = tuple[int, int, int | None]  # shipment, recipient, the shipment's mailing (None: there is no such one)


class Addresses:
    """All that can stand in a tracked address, read once; each distinct token is verified once."""

    def __init__(self, database: Database, keys: Keys, base_url: str) -> None:
        self.keys = keys
        self.spots: dict[bytes, TrackedSpot] = {}
        self.resets: dict[int, int] = {}  # link → reset_at, only of links that were reset
        for key, placement, link, mailing, url, link_key, kind, confirm, reset_at in database.rows(
            "SELECT placement.key, placement.id, placement.link_id, placement.mailing_id, placement.url, link.key, "
            "link.kind, link.confirm, link.reset_at FROM placement JOIN link ON link.id = placement.link_id"
        ):
            acts = bool(confirm) or (kind == "special" and link_key in LEAVING)
            self.spots[key.encode()] = TrackedSpot(placement, link, mailing, url, acts, reset_at or 0)
            if reset_at:
                self.resets[link] = reset_at
        # What is older was purged, and whether a line of then was seen is not known any more.
        self.purged = horizon(database).clicks
        self.sendings: dict[int, Sending] = {}  # by id
        self._by_number: dict[int, Sending] = {}  # by what tokens carry
        for shipment, number, mailing, sent_at, is_test in database.rows(
            "SELECT id, number, mailing_id, sent_at, is_test FROM shipment"
        ):
            self.sendings[shipment] = self._by_number[number] = Sending(shipment, mailing, sent_at, bool(is_test))
        # The ESPs' merge tags that stood where the token goes, as they were said when templates were made.
        self.tags = tuple(sorted(_tags_of(database)))
        self.acting = {spot.placement_id for spot in self.spots.values() if spot.acts}
        path = re.escape(path_of(base_url))  # compared without case, as the server does: gateways change that
        start = rb"(?:https?://[^/\s]+)?/*(?i:" + path.lstrip(b"/") + rb")" if path else rb"(?:https?://[^/\s]+)?"
        # What clients glue to an address (`?…`, `/`, `.`, `)`, `>`, `%22`) ends the token: no token character follows.
        self.tracked = re.compile(start + rb"/+" + _PLACEMENT + rb"/+" + _TOKEN).match
        self.elsewhere = re.compile(rb"[^?\s]*?/" + _PLACEMENT + rb"/" + _TOKEN).match
        self.maimed = re.compile(start + rb"/+" + _PLACEMENT + rb"/+([a-zA-Z0-9_\-=]+)").match
        self.keyed = re.compile(start + rb"/+" + _PLACEMENT + rb"(?:/+|(?=[?#])|\Z)").match
        # The plain form of an address, and nearly all are plain: `/path/key/` → link, placement, mailing, and token
        # (`person`). A pair of them with the same mailing needs no further look.
        self.heads = {
            b"%s/%s/" % (path_of(base_url), key): (spot.link_id, spot.placement_id, spot.mailing_id)
            for key, spot in self.spots.items()
        }
        self.people: dict[bytes, TokenOwner] = {}
        self._cache: dict[bytes, FoundAddress | str | None] = {}

    def resolve(self, target: bytes) -> FoundAddress | str | None:
        """Who and what a request's target names; a reason when it names nobody; None when it is not ours."""
        try:
            return self._cache[target]
        except KeyError:
            pass
        found = self._resolved(target) if self._may_be_ours(target) else None
        if len(target) <= CACHED_LENGTH:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[target] = found
        return found

    def _may_be_ours(self, target: bytes) -> bool:
        """Whether it pays to look at a target: nearly all of a web site's have neither what may be a token, plain or
        encoded, nor the key of a placement in its place."""
        if _SUSPECT(target):
            return True
        match = self.keyed(target)
        return match is not None and match[1].lower() in self.spots

    def _resolved(self, target: bytes) -> FoundAddress | str | None:
        match = self.tracked(target)
        if match is None:
            plain = unquote_to_bytes(target) if b"%" in target.partition(b"?")[0] else target
            match = self.tracked(plain) if plain is not target else None
            if match is None:
                if self._is_unfilled(target):
                    return "unfilled-merge-tag"
                maimed = self.maimed(target)
                if maimed and maimed[1].lower() in self.spots:
                    return "malformed-token"
                # Below another path: base_url was another one when the mail was sent, or a proxy has changed the path.
                # The token proves that it is ours, and without a good one it is not.
                found = self._named(*match.groups()) if (match := self.elsewhere(plain)) else None
                return found if isinstance(found, tuple) else None
        return self._named(match[1], match[2])

    def is_mutated(self, target: bytes, found: FoundAddress | str, status: bytes) -> bool:
        """Whether a request's target is a good address that somebody has changed to see what happens: no person's
        program does that.

        Its placement is another one; or it is turned by 13 letters, has a control character behind it, comes twice in
        one target, or stands below another path and was not found there.
        """
        path = target.partition(b"?")[0]
        if isinstance(found, tuple):
            tokens = _ANYWHERE(path)
            return bool(_CONTROLS(path)) or len(list(tokens)) > 1 or (status == b"404" and not self.tracked(target))
        match = self.tracked(target)
        tokens_like = (match[2].lower(), match[2].lower().translate(_ROT13)) if match else ()
        return any((person := self.person(token)) is not None and person[2] is not None for token in tokens_like)

    def was_reset(self, target: bytes, moment: int) -> bool:
        """Whether a request's target names a link whose counter was set to zero after `moment` (UTC milliseconds); it
        does not matter to whom the address was sent."""
        match = self.tracked(target) or self.tracked(unquote_to_bytes(target))
        spot = self.spots.get(match[1].lower()) if match else None
        return spot is not None and moment <= spot.reset_at

    def owner_of(self, target: bytes) -> int:
        """The recipient whose good token a target has, behind whatever placement, also turned by 13 letters; NOBODY
        where it has none."""
        for match in _ANYWHERE(target):
            token = match[2].lower()
            for one in (token, token.translate(_ROT13)):
                if (person := self.person(one)) is not None and person[2] is not None:
                    return person[1]
        return NOBODY

    def has_unfilled(self, line: bytes) -> bool:
        """Whether a line has one of our addresses with a merge tag for its token, blanks in the tag as they are."""
        return any(
            match[1].lower() in self.spots and self._is_tagged(line[match.end() :][:300]) for match in _PLACED(line)
        )

    def is_in(self, line: bytes) -> bool:
        """Whether a good address of ours stands anywhere in a line that cannot be read."""
        return any(
            match[1].lower() in self.spots and self.person(match[2].lower()) is not None
            for text in {line, unquote_to_bytes(line.replace(rb"\/", b"/"))}
            for match in _ANYWHERE(text)
        )

    def recipients_in(self, line: bytes) -> set[int]:
        """The recipients named by valid tokens anywhere in a line."""
        lines = (line, unquote_to_bytes(line)) if b"%" in line else (line,)
        named = (self.person(match[2].lower()) for text in lines for match in _ANYWHERE(text))
        return {person[1] for person in named if person is not None and person[2] is not None}

    def _is_unfilled(self, target: bytes) -> bool:
        """Whether a merge tag, the beginning of one or nothing stands where a token should: the program that sent the
        mail did not know the tag. Anything counts that begins with a sign that no token has, however often it was
        encoded, but dots: these are a probe's."""
        match = self.keyed(target)
        if match is None or match[1].lower() not in self.spots:
            return False
        behind = target[match.end() :]
        return not behind or _NO_TOKEN(behind) is not None or self._is_tagged(behind)

    def _is_tagged(self, behind: bytes) -> bool:
        """Whether a text begins with a merge tag, as it is or percent-encoded."""
        if len(behind) > 1000:
            return False
        plain = unquote_to_bytes(behind)
        if any(text.lower().startswith(self.tags) for text in (behind, plain)):
            return True
        texts = [text.decode("utf-8", "replace") for text in (behind, plain)]
        return any(_MARKED(text) or any(not tag.start for tag in find(text)) for text in texts)

    def _named(self, key: bytes, token: bytes) -> FoundAddress | str:
        """Who and what a key and a token name, or the reason why they name nobody."""
        spot = self.spots.get(key.lower())
        known = self.person(token.lower())
        if known is not None and known[2] is None:  # signed by us: sent since a backup that this database comes from
            return "unknown-shipment"
        if spot is None:
            return "unknown-placement"
        if known is None:
            return "revoked-key" if key_id_of(token) in self.keys.revoked else "forged-token"
        if known[2] != spot.mailing_id:
            return "foreign-placement"
        return (spot.link_id, spot.placement_id, known[0], known[1])

    def is_of_unknown_key(self, target: bytes) -> bool:
        """Whether a target has a token that says it was signed with a key that the workspace has never had."""
        match = self.tracked(target) or self.tracked(unquote_to_bytes(target))
        key = key_id_of(match[2]) if match else None
        return key is not None and key not in self.keys.keyring.secrets and key not in self.keys.revoked

    def person(self, token: bytes) -> TokenOwner | None:
        """Whom a token in lower case names, verified once; None for a forged one."""
        known = self.people.get(token)
        if known is None:
            found = self.keys.tokens.verify(token)
            if found is None:
                return None
            sending = self._by_number.get(found[0])
            if len(self.people) >= CACHE_SIZE:
                self.people.clear()
            place = (sending.shipment_id, found[1], sending.mailing_id) if sending else (0, found[1], None)
            known = self.people[token] = place
        return known


def _tags_of(database: Database) -> set[bytes]:
    """The merge tags of all templates, in lower case, as gateways may ask for them."""
    made = (json.loads(settings) for (settings,) in database.rows("SELECT DISTINCT settings FROM shipment"))
    tags = {str(one.get(name, "")).strip() for one in made for name in ("merge_tag", "person_merge_tag")}
    return {tag.encode("utf-8", "replace").lower() for tag in tags if tag}


class AddressBook:
    """The addresses of a workspace as the catalogue has them, read again once that has changed."""

    def __init__(self, workspace: Workspace, database: Database) -> None:
        self._workspace = workspace
        self._database = database
        self._version = -1
        self.renew()

    def renew(self) -> bool:
        """Read the catalogue again if it has changed since it was read; whether it has."""
        version = catalogue.version(self._database)
        if version == self._version:
            return False
        self._version = version
        self.keys = open_keys(self._workspace, self._database)
        self.addresses = Addresses(self._database, self.keys, self._workspace.settings.base_url)
        self._awaits_later_keys = awaits_later_keys(self._database)
        return True

    def may_be_of_later_key(self, target: bytes) -> bool:
        """Whether a target that names nobody may have been signed with a key of after the backup that this workspace
        was restored from: by its id, which anybody can write. Until it is said that none is awaited."""
        return self._awaits_later_keys and self.addresses.is_of_unknown_key(target)


def path_of(base_url: str) -> bytes:
    """The path that all tracked addresses begin with, without a final slash."""
    return urlsplit(base_url).path.rstrip("/").encode()
