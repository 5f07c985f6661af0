"""What answers are made from: the snapshot, the key's tokens, the pages, and whoever may be asked about a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

from linktrack.contacts.types import spelled_types
from linktrack.links.address_shape import PLACEMENT, TAIL, TOKEN
from linktrack.links.tokens import Tokens
from linktrack.server.snapshot import Snapshot

_VERIFIED = 4096  # tokens that are remembered: a person opens several links of a mail, a scanner all of them


class Page(NamedTuple):
    """A page, and its Content-Security-Policy."""

    body: bytes
    policy: str


class TypeRow(NamedTuple):
    """A type on the subscriptions page: whether the person gets it, and how it stands in an address."""

    type: str
    has: bool
    query: str


class VisitorPages(Protocol):
    """The pages that visitors see, which `pages.Pages` has made before anybody asks. `type` is that of the mailing, ""
    for all types."""

    words: Mapping[str, str]

    @property
    def not_found(self) -> Page:
        """All that is not there."""

    @property
    def forgotten(self) -> Page:
        """The subscriptions of who was forgotten, for whom nothing that they choose would hold."""

    @property
    def empty(self) -> Page:
        """What machines find at a honeypot."""

    @property
    def text(self) -> Callable[[str], Page]:
        """A link's feedback text, of its HTML."""

    @property
    def confirm(self) -> Callable[[str], Page]:
        """The button before a target, of its host; "" before a text."""

    @property
    def unsubscribe(self) -> Callable[[str], Page]:
        """The button that ends a type."""

    @property
    def unsubscribed(self) -> Callable[[str], Page]:
        """When that button was pressed."""

    def over(self, type: str) -> Page:
        """The subscriptions page of a mail that is too old for it."""

    def subscriptions(self, rows: Sequence[TypeRow], consent: bool | None = None) -> Page:
        """Every type with a button, and whether the person may be tracked (None: that is not asked)."""

    def saved(self, rows: Sequence[TypeRow], consent: bool | None = None) -> Page:
        """The same when a button of it was pressed; `rows` may be none."""

    def view_online(self, mail: str) -> Page:
        """A person's own copy of a mail, of its HTML."""


class People(Protocol):
    """Who asks the database for what a person's answer needs, without ever waiting; None where it cannot be asked.
    `shipment` is the number that tokens carry."""

    def values(self, shipment: int, recipient: int) -> Mapping[str, str] | None:
        """The person's values by the names of fields."""

    def return_address(self, link_id: int, shipment: int, recipient: int) -> str | None:
        """The address that a script has set for the person on a link, "" for none."""

    def is_forgotten(self, shipment: int, recipient: int) -> bool | None:
        """Whether the person was forgotten, so that nothing that is said here is kept."""

    def types(self, shipment: int, recipient: int) -> frozenset[str] | None:
        """The types that the person gets, as `same_type` writes them."""

    def consent(self, shipment: int, recipient: int) -> bool | None:
        """Whether the person may be tracked."""

    def copy(self, shipment: int, recipient: int, token: str, shared: str) -> str | None:
        """The HTML of the person's own mail, its links open in new tabs. `shared` is the token that those have in
        common who refused tracking."""


@dataclass(frozen=True)
class Site:
    """All that an answer depends on beside the request. `base_path` is the path of base_url, without a final slash."""

    snapshot: Snapshot
    tokens: Tokens
    pages: VisitorPages
    people: People
    base_path: str = ""
    subscription_types: tuple[str, ...] = ()
    subscriptions_days: int = 21
    form_hosts: tuple[str, ...] = ()
    asks_consent: bool = False  # on the subscriptions page
    tracked: re.Pattern[str] = field(init=False, repr=False, compare=False)
    own_pages: re.Pattern[str] = field(init=False, repr=False, compare=False)
    person_of: Callable[[str], tuple[int, int] | None] = field(init=False, repr=False, compare=False)
    types: Mapping[str, str] = field(init=False, repr=False, compare=False)  # as `spelled_types` has them

    def __post_init__(self) -> None:
        base = f"(?i:{re.escape(self.base_path)})?"  # gateways lower-case addresses, or write them in capitals
        shape = f"{base}/({PLACEMENT})/({TOKEN}){TAIL}"
        object.__setattr__(self, "tracked", re.compile(shape))
        object.__setattr__(self, "own_pages", re.compile(rf"{base}/(healthz|robots\.txt)"))
        object.__setattr__(self, "person_of", lru_cache(_VERIFIED)(self.tokens.verify))
        object.__setattr__(self, "types", spelled_types(self.snapshot.types, self.subscription_types))
