"""The rows of the ledger: as its tables have them, as a run looks for them, and as they are read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from linktrack.actions.occasions import MadeFor
from linktrack.actions.planned import ClickKey, NumberedAction
from linktrack.names import same_name

UNFINISHED = ("running", "interrupted")  # states of runs, as SQL lists them too
# Why something that failed will never be done, and stands open no more: the end of its message from then on.
OVERRULED = "a later click or action has decided since"
REMOVED = "the action has been removed since"


class RunRow(NamedTuple):
    """A run of the actions: once it is `stored`, only its summary is missing; until then `summary` holds its
    options."""

    id: int
    started_at: int
    status: str
    out: str
    summary: str

    @property
    def is_unfinished(self) -> bool:
        """Whether its files are not made, and no change of it is in the ledger."""
        return self.status in UNFINISHED


class ChangeRow(NamedTuple):
    """A row of the ledger, as its table has it."""

    run_id: int
    number: int
    recipient_id: int
    id: str
    clicked_at: int
    click_print: int
    link_id: int
    shipment_id: int
    action: int
    kind: str
    name: str
    operation: str
    old: str
    new: str
    definition_id: int
    status: str
    message: str
    ran_at: int


class MadeRow(NamedTuple):
    """A thing that exists because of a click, as its table has it."""

    recipient_id: int
    id: str
    run_id: int
    clicked_at: int
    click_print: int
    link_id: int
    shipment_id: int
    kind: str
    name: str
    action: int
    definition_id: int
    owner: str
    start_at: int | None
    end_at: int | None
    status: str
    exit_code: int | None
    return_url: str
    fields: str
    message: str
    ran_at: int


Decided = tuple[int, str, str]  # recipient, kind, and the name that it is settled under


class SettledRow(NamedTuple):
    """What a click has decided, as its table has it."""

    recipient_id: int
    kind: str
    name: str
    clicked_at: int
    click_print: int
    value: str


def settled_as(kind: str, name: str) -> str:
    """The name under which a click's decision is kept: interests are the same in whatever case."""
    return same_name(name) if kind in ("interest", "company-interest") else name


class Failure(NamedTuple):
    """Something that stands open because it failed: the row of the ledger, its click and action."""

    recipient_id: int
    id: str
    run_id: int
    number: int
    clicked_at: int
    click_print: int
    link_id: int
    action: int
    status: str


class Membership(NamedTuple):
    """Whether a contact is in a selection or project ("" = no), as linktrack left it."""

    contact_id: str
    kind: str
    name: str
    value: str


class Reworded(NamedTuple):
    """An action that has made `changes` with other settings than it has today."""

    link_id: int
    key: str
    action: NumberedAction
    changes: int


class Before(NamedTuple):
    """What the ledger says of the people whose clicks a run looks at.

    `settled`: (recipient, kind, name) -> (time, print) of the click that has decided last. `made`: what exists, to be
    read once. `taken`: the ids of changes that were taken over from runs after a backup. `failures`: what stands open,
    by recipient and id of the change. `done`: what earlier runs have changed because of the replayed clicks, as (click,
    number of the action).
    """

    settled: dict[Decided, tuple[int, int]]
    made: Iterable[MadeFor]
    taken: set[str]
    failures: dict[tuple[int, str], Failure]
    done: frozenset[tuple[ClickKey, int]]


class Book(Protocol):
    """Where a walk over the clicks keeps its rows for the ledger."""

    def add(self, table: str, row: Sequence[object]) -> None: ...


class ClosedRow(NamedTuple):
    """A failure that stands open no more although nothing was done: `message` is why."""

    recipient_id: int
    id: str
    run_id: int
    number: int
    message: str


class LogFilter(NamedTuple):
    """Which changes to read; None = all.

    `machine` keeps what was caused by clicks that have been judged a machine's since: nothing of it is undone by
    itself. `limit` keeps the last so many.
    """

    run: int | None = None
    contact: str | None = None
    link: str | None = None
    mailing: str | None = None
    kind: str | None = None
    status: str | None = None
    machine: bool = False
    limit: int | None = None


class LogRow(NamedTuple):
    """A change, read back: times in UTC milliseconds, `definition` the action as it was then (JSON)."""

    id: str
    kind: str
    contact_id: str
    name: str
    operation: str
    old: str
    new: str
    link: str
    mailing: str
    shipment: int
    clicked_at: int
    click_print: int
    run: int
    status: str
    ran_at: int
    message: str
    definition: str
