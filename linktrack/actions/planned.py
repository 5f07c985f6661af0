"""The types that the planner and all kinds of actions share: what a click is to an action, and what an action wants
because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heapreplace
from typing import Any, NamedTuple, Protocol

from linktrack.errors import CannotChange
from linktrack.links.actions import AnyAction, MakingAction
from linktrack.names import composed, held_under
from linktrack.settings.crm import CrmSettings

# The kinds of actions that make a thing once, and the file of a run that has a row of each thing.
MADE_FILES = {"follow-up": "follow-ups.csv", "request": "requests.csv", "script": "scripts.ndjson"}
MADE_KINDS = tuple(MADE_FILES)
OPEN, RETRIED, REPLAYED, BY_HAND = range(4)  # why a run looks at a click


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a run needs of a link. `identity` is the part of it that goes into the ids of what its actions make."""

    id: int
    key: str
    identity: str
    name: str
    url: str
    folder: str


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What a run needs of a shipment and its mailing."""

    id: int
    number: int  # random, and never used again
    mailing: str
    subject: str
    type: str


class Clicked(NamedTuple):
    """One human click: `at` in UTC milliseconds, `at` and `print` together the same in every database; `why` the run
    looks at it (OPEN and so on). `pressed` are buttons of the subscriptions page, named as an action's `button` is."""

    at: int
    print: int
    link: LinkFacts
    shipment: ShipmentFacts
    placement: str
    recipient_id: int
    contact_id: str
    pressed: frozenset[str]
    why: int

    @property
    def key(self) -> ClickKey:
        return self.at, self.print, self.recipient_id


ClickKey = tuple[int, int, int]  # time, print, recipient


@dataclass(frozen=True, slots=True)
class NumberedAction:
    """An action of a link with its number there, and the ledger's id of its definition. With a `button` it is for the
    clicks alone that have pressed it. `kind` is its definition's type, `repeat` how often it makes something: once for
    a person, for each shipment, or at every click."""

    definition: AnyAction
    number: int
    definition_id: int
    button: str = ""
    kind: str = field(init=False, compare=False)  # these two are asked for at every click
    repeat: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        definition = self.definition
        object.__setattr__(self, "kind", definition.type)
        object.__setattr__(self, "repeat", definition.repeat if isinstance(definition, MakingAction) else "click")


class CrmChange(NamedTuple):
    """A change as `changes.ndjson` shows it."""

    id: str
    kind: str
    contact_id: str
    name: str
    operation: str  # set, add, remove, make, run
    old: str
    new: str
    link: str
    mailing: str
    shipment: int
    click: str
    clicked_at: str


RowCells = dict[str, Any]  # of a row, by column


class Delivered(NamedTuple):
    """A change and, if something was made, the file that has a row of it with these further cells."""

    change: CrmChange
    file: str
    cells: RowCells


class Decision(NamedTuple):
    """Something that follows every click: the value of a field, or an interest or membership that is there or not.

    `kind` is set-field, interest, company-interest, selection or project; `operation` set, add or remove;
    `value` is the text for a field and "yes" or "" otherwise.
    """

    kind: str
    name: str
    operation: str
    value: str


class Intent(NamedTuple):
    """A decision of an action, with what a walk has to know of it at every click: the name that it is settled under,
    the place in the ids of its changes, and the type of mailing that a person leaves by it, if any."""

    decision: Decision
    settled: str
    place: str
    leaves: str


class Thing(NamedTuple):
    """Something that is made once: a follow-up or a request, with its row for the file."""

    name: str
    text: str
    owner: str
    row: dict[str, str]
    start_at: int | None = None
    end_at: int | None = None


_NO_FIELDS: dict[str, str] = {}


class ScriptResult(NamedTuple):
    """What became of a script: `status` is ok, failed, timeout or interrupted."""

    status: str
    exit_code: int | None = None
    return_url: str = ""
    fields: dict[str, str] = _NO_FIELDS
    message: str = ""


class FoundScript(NamedTuple):
    """A script that a click has asked for, by the number of the action and the id of its change: what became of it
    (None: it is not run yet), and whether an earlier run has reported it, or has started it and was interrupted."""

    click: ClickKey
    action: int
    id: str
    result: ScriptResult | None
    is_reported: bool = False
    is_left_over: bool = False


class BatchAnswer(NamedTuple):
    """What a script answers to one of many questions, which it calls by its `id` or, without one, by its place among
    them (from 0)."""

    place: int
    id: str | None
    result: ScriptResult


class Booked(NamedTuple):
    """A time that somebody has something: as a row shows it, and in UTC milliseconds."""

    start: str
    end: str
    start_at: int
    end_at: int


class Slots(Protocol):
    """Who is free when."""

    def take(self, user: str, seconds: int) -> Booked: ...
    def at(self, user: str, start: str, seconds: int) -> Booked: ...


class Departing(NamedTuple):
    """That a click takes away the interest named like a type of mailing, which its person leaves by that; when (UTC
    milliseconds)."""

    recipient_id: int
    contact_id: str
    type: str
    at: int


@dataclass(frozen=True)
class Staff:
    """What planning may ask: the mapping, the users, who is free when, and how many requests everybody has."""

    crm: CrmSettings
    users: frozenset[str]  # empty = not known
    slots: Slots
    requests: dict[str, int]  # which grow
    # By category a heap of its members with as many requests as they have, or had.
    _queues: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict, init=False, compare=False)

    def user(self, name: str) -> str:
        """The name of a user as the CRM writes it, in whatever form its accents were typed; of somebody else, as it
        is; in both cases without blanks around it."""
        name = name.strip()
        if name in self.users or name.isascii():
            return name
        return next((one for one in sorted(self.users) if composed(one) == composed(name)), name)

    def owner_for(self, category: str) -> str:
        """The user among a category's members who has the fewest requests, the first named among equals; "" without
        members."""
        members = held_under(self.crm.categories, category)
        if not members:
            return ""
        if (queue := self._queues.get(category)) is None:
            queue = self._queues[category] = [(0, place, self.user(member)) for place, member in enumerate(members)]
        while True:
            noted, place, member = queue[0]
            load = self.requests.get(member, 0)
            if load == noted:
                return member
            heapreplace(queue, (load, place, member))


Texts = Callable[[str], str]  # a text with placeholders -> the text filled in
Plan = Callable[[Any, Texts, Callable[[str], str], Staff], Iterable[Decision | Thing]]


def named(fill: Texts, text: str) -> str:
    """The name that a text with placeholders stands for. CannotChange when nothing is left of it."""
    name = composed(fill(text)).strip()
    if not name:
        raise CannotChange(f"the name {text!r} is empty once it is filled in")
    return name


def one_text(*parts: object) -> str:
    """Facts as one text, parted by a sign that stands in none of them."""
    return "\x1f".join(map(str, parts))


def stable_id(*parts: object) -> str:
    """An identifier from facts that do not change: 24 lower-case letters and digits, beginning with a letter."""
    return _id_of(one_text(*parts))


_NO_FACTS = blake2b(digest_size=12)


def _id_of(facts: str) -> str:
    digest = _NO_FACTS.copy()  # in half the time that making one takes
    digest.update(facts.encode())
    return "c" + digest.hexdigest()[:23]


def change_id(click: Clicked, at: int, place: str) -> str:
    """The identifier of what happens at one place (type and number of the action, and what it decides, as `one_text`)
    because of a click, as of a time."""
    return _id_of(f"{at}\x1f{click.print}\x1f{click.contact_id}\x1f{click.link.identity}\x1f{place}")


def place_of(action: NumberedAction, kind: str, name: str, operation: str) -> str:
    """Where an action decides something, for the id of the change."""
    return one_text(action.kind, action.number, kind, name, operation)


def made_id(action: NumberedAction, click: Clicked) -> str:
    """The identifier of what an action makes because of a click. It is never given again, for the shipment's number is
    not, and no other action of the link gets this one's number."""
    place = f"{action.kind}\x1f{action.number}\x1f{click.contact_id}\x1f{click.link.identity}"
    occasion = f"\x1f{click.at}\x1f{click.print}" if action.repeat == "click" else ""
    return _id_of(f"{place}\x1f{click.shipment.number}{occasion}")
