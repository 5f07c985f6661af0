"""The words of a plan: what a click is to an action, and what an action wants because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from linktrack.links.actions import AnyAction, MakingAction
from linktrack.settings import CrmSettings

MADE_KINDS = ("follow-up", "request", "script")


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a run needs of a link."""

    id: int
    key: str
    name: str
    url: str
    folder: str


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What a run needs of a shipment and its mailing."""

    id: int
    mailing: str
    subject: str
    type: str


class Clicked(NamedTuple):
    """One human click: `at` in UTC milliseconds, `at` and `identity` together the same in every database."""

    id: int
    identity: int
    at: int
    link: LinkFacts
    shipment: ShipmentFacts
    placement: str
    recipient_id: int
    contact_id: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An action of a link with its number there, and the ledger's id of its definition."""

    definition: AnyAction
    number: int
    definition_id: int


class Decision(NamedTuple):
    """Something that follows every click: the value of a field, or an interest or membership that is there or not.

    `kind` is set-field, interest, company-interest, selection or project; `operation` set, add or remove;
    `value` is the text for a field and "yes" or "" otherwise.
    """

    kind: str
    name: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is made once: a follow-up or a request, with its row for the file."""

    name: str
    text: str
    owner: str
    row: dict[str, str]
    start_at: int | None = None
    end_at: int | None = None


@dataclass(frozen=True)
class ScriptResult:
    """What became of a script: `status` is ok, failed, timeout or interrupted."""

    status: str
    exit_code: int | None = None
    return_url: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    message: str = ""


class Slots(Protocol):
    """Who is free when."""

    def take(self, user: str, seconds: int) -> tuple[datetime, datetime]: ...
    def at(self, user: str, start: str, seconds: int) -> tuple[datetime, datetime]: ...


@dataclass(frozen=True)
class Desk:
    """What planning may ask: the mapping, the users, who is free when, and how many requests everybody has."""

    crm: CrmSettings
    users: frozenset[str]  # empty = not known
    slots: Slots
    requests: dict[str, int]

    def owner_for(self, category: str) -> str:
        """The member of a category with the fewest requests, the first named among equals; "" without members."""
        members = self.crm.categories.get(category, [])
        if not members:
            return ""
        return min(members, key=lambda member: self.requests.get(member, 0))


Texts = Callable[[str], str]  # a text with placeholders -> the text filled in
Plan = Callable[[Any, Texts, Callable[[str], str], Desk], Iterable[Decision | Thing]]


def named(fill: Texts, text: str) -> str:
    """The name that a text with placeholders stands for. ValueError when nothing is left of it."""
    name = fill(text).strip()
    if not name:
        raise ValueError(f"the name {text!r} is empty once it is filled in")
    return name


def stable_id(*parts: object) -> str:
    """An identifier from facts that do not change: 24 lower-case letters and digits, beginning with a letter."""
    return "c" + blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()[:23]


def made_id(placed: Placed, click: Clicked) -> str:
    """The identifier of what an action makes: one for the person, for the person and shipment, or for the click."""
    repeat = placed.definition.repeat if isinstance(placed.definition, MakingAction) else "click"
    parts: list[object] = [placed.definition.type, placed.number, click.contact_id, click.link.key]
    if repeat != "once":
        parts.append(click.shipment.id)
    if repeat == "click":
        parts += [click.at, click.identity]
    return stable_id(*parts)


Made = tuple[str, str, int, str, int, str]  # identifier, kind, number of the action, link's key, shipment, contact id


def made_before(made: Iterable[Made], actions: Mapping[int, list[Placed]], links: Mapping[int, LinkFacts]) -> set[str]:
    """The identifiers, under today's definitions, of what was made earlier for the people with open clicks."""
    repeats: dict[tuple[str, str, int], str] = {
        (links[link_id].key, placed.definition.type, placed.number): placed.definition.repeat
        for link_id, every in actions.items()
        for placed in every
        if isinstance(placed.definition, MakingAction)
    }
    found = set()
    for identifier, kind, number, key, shipment_id, contact_id in made:
        found.add(identifier)
        repeat = repeats.get((key, kind, number))
        if repeat in ("once", "shipment"):
            parts: list[object] = [kind, number, contact_id, key]
            found.add(stable_id(*parts, shipment_id) if repeat == "shipment" else stable_id(*parts))
    return found
