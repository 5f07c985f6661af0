"""The planner: clicks in the order of time become changes, each decided by what the clicks before it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

from linktrack.actions.click_values import ClickValues, about
from linktrack.actions.crm_state import CrmState
from linktrack.actions.kinds import PLANS
from linktrack.actions.kinds.set_field import decide
from linktrack.actions.ledger.rows import OVERRULED, REMOVED, Before, Book, settled_as
from linktrack.actions.occasions import Occasions
from linktrack.actions.planned import (
    BY_HAND,
    MADE_KINDS,
    OPEN,
    REPLAYED,
    RETRIED,
    Clicked,
    ClickKey,
    CrmChange,
    Decision,
    Departing,
    FoundScript,
    NumberedAction,
    ScriptResult,
    Staff,
    Thing,
    change_id,
    made_id,
)
from linktrack.actions.walk_notes import Notes
from linktrack.contacts.types import same_type
from linktrack.crm.guard import would_run
from linktrack.errors import CannotChange
from linktrack.links.actions import ScriptAction


class Delivered(NamedTuple):
    """A change and, if something was made, the file that has a row of it with these further cells."""

    change: CrmChange
    file: str
    cells: dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What a plan goes by: the actions by link, the CRM, `now` (UTC milliseconds), the zone that `{click.date}` is in,
    whether a value that a spreadsheet would run is refused, what failures are tried again, and all types of mailing."""

    actions: Mapping[int, Sequence[NumberedAction]]
    state: CrmState
    staff: Staff
    now: int
    zone: tzinfo
    guard: bool
    retried: tuple[str, ...]
    types: frozenset[str]


class Planner:
    """One walk over the clicks. Afterwards the counts, `unknown` and the `notes` say what was found."""

    def __init__(self, terms: Terms, before: Before, scripts: Mapping[str, FoundScript], book: Book | None) -> None:
        """Without a `book` the walk is a rehearsal, and no rows are kept aside for the ledger."""
        self.actions, self.state, self.staff = terms.actions, terms.state, terms.staff
        self.now, self.zone, self.guard, self.types = terms.now, terms.zone, terms.guard, terms.types
        self.scripts = scripts
        self.settled, self.taken, self.done = before.settled, before.taken, before.done
        self.occasions = Occasions(before.made, self.actions, terms.zone)
        self.failed_before = {
            ((one.clicked_at, one.click_print, one.recipient_id), one.action) for one in before.failures.values()
        }
        self.notes = Notes(terms.now, terms.zone, before.failures, book)
        self.again = self._to_be_tried_again(terms.retried)
        self.unknown: Counter[str] = Counter()
        self.departures: list[Departing] = []
        self.handled = 0
        self.contacts: set[str] = set()

    def counts(self) -> dict[str, int]:
        return {
            "clicks": self.handled,
            "contacts": len(self.contacts),
            "failed": self.notes.failed,
            "unknown_contacts": len(self.unknown),
        }

    def changes(self, clicks: Iterable[Clicked]) -> Iterator[Delivered]:
        """Every change because of `clicks`, which come in the order of time, with the file and the further cells of
        what was made."""
        people, contacts = self.state.people, self.contacts
        for click in clicks:
            if (person := people.get(click.contact_id)) is None:
                if click.why != RETRIED:
                    self.unknown[click.contact_id] += 1
                continue
            if click.why != RETRIED:
                self.handled += 1
                contacts.add(person.id)  # which is kept anyway
            for action in self.actions.get(click.link.id, ()):
                if action.button and action.button not in click.pressed:
                    continue
                if click.why == REPLAYED and (click.key, action.number) in self.done:
                    continue  # whatever its settings were then
                only = self.again.get((click.key, action.number)) if self.again else None
                if click.why != RETRIED or only:
                    yield from self._act(click, action, only if click.why == RETRIED else None)

    def _to_be_tried_again(self, states: Sequence[str]) -> dict[tuple[ClickKey, int], set[str]]:
        """By click and action the changes that failed; what failed of an action that is gone stands open no more."""
        again: dict[tuple[ClickKey, int], set[str]] = {}
        for failure in list(self.notes.open_failures.values()) if states else []:
            if failure.status in states and failure.link_id in self.actions:
                if any(action.number == failure.action for action in self.actions[failure.link_id]):
                    click = failure.clicked_at, failure.click_print, failure.recipient_id
                    again.setdefault((click, failure.action), set()).add(failure.id)
                else:
                    self.notes.close(failure.recipient_id, failure.id, REMOVED)
        return again

    def _act(self, click: Clicked, action: NumberedAction, only: set[str] | None) -> Iterator[Delivered]:
        """What an action does because of a click, or `only` those of its changes that failed before."""
        kind = action.definition.type
        if isinstance(action.definition, ScriptAction):
            yield from self._script(click, action, action.definition.script, only)
            return
        if kind in MADE_KINDS:
            whole = made_id(action, click)
            if not self.occasions.take(action, click):
                self.notes.attempt(click.recipient_id, whole)
                return
        else:
            whole = ""  # which is only needed where something fails, or has failed before
            if only or self.notes.open_failures:
                whole = change_id(click, click.at, kind, action.number)
        try:
            plan = self._plan(click, action)
        except CannotChange as problem:
            whole = whole or change_id(click, click.at, kind, action.number)
            name, operation = about(action)
            self.notes.fail(click, action, self.notes.change(click, whole, kind, name, operation, "", ""), problem)
            return
        overruled = bool(plan)
        for wanted in plan:
            if isinstance(wanted, Thing):
                overruled = False
                yield self._make(click, action, whole, wanted)
            else:
                decided = yield from self._decide(click, action, wanted, None if only and whole in only else only)
                overruled = overruled and not decided
        if overruled:
            self.notes.close(click.recipient_id, whole, OVERRULED)
        else:
            self.notes.attempt(click.recipient_id, whole)

    def _plan(self, click: Clicked, action: NumberedAction) -> list[Decision | Thing]:
        values = ClickValues(click, self.state, self.zone)
        plan = PLANS[action.definition.type]
        return list(plan(action.definition, values.filled, values.of_contact, self.staff))

    def _decide(
        self, click: Clicked, action: NumberedAction, wanted: Decision, only: set[str] | None
    ) -> Generator[Delivered, None, bool]:
        """What a click decides; the answer is whether no later one had decided before."""
        recipient, name = click.recipient_id, settled_as(wanted.kind, wanted.name)
        at = self.now if click.why == BY_HAND else click.at
        place = (action.definition.type, action.number, wanted.kind, wanted.name, wanted.operation)
        identifier = ""  # which is only needed where something changes, fails, or has failed before
        if only is not None or self.notes.open_failures or self.taken:
            identifier = change_id(click, at, *place)
            if identifier in self.taken or (only is not None and identifier not in only):
                return True
        if wanted.kind == "company-interest":  # a company is decided on by all its people
            company = self.state.people[click.contact_id].get("company")
            recipient, name = 0, f"{company}\x1f{name}"
        settled = self.settled.get((recipient, wanted.kind, name), (-1, -1))
        over = settled > (at, click.print)  # this click came late, or is tried again
        if settled == (at, click.print):  # it has decided before, by this action or another one
            over = click.why == REPLAYED or (click.why == RETRIED and self._decided_later(click, action, wanted))
        if not action.button and (click.why == OPEN or not over):  # what buttons say, and open clicks, imports note
            self._note_departure(click, wanted, at)
        if over:
            self.notes.close(click.recipient_id, identifier, OVERRULED)
            return False
        try:
            changed = self.state.apply(click.contact_id, wanted)
        except CannotChange as problem:
            identifier = identifier or change_id(click, at, *place)
            new = wanted.value if wanted.operation == "set" else ""
            row = self.notes.change(click, identifier, wanted.kind, wanted.name, wanted.operation, "", new)
            self.notes.fail(click, action, row, problem)
            return True
        if changed is None:
            self.notes.attempt(click.recipient_id, identifier)
            self.notes.settle(recipient, name, at, click, wanted)
            return True
        identifier = identifier or change_id(click, at, *place)
        row = self.notes.change(click, identifier, wanted.kind, wanted.name, wanted.operation, *changed)
        self.notes.attempt(click.recipient_id, identifier)
        self.notes.settle(recipient, name, at, click, wanted)
        yield Delivered(self.notes.count(click, action, row), "", {})
        return True

    def _note_departure(self, click: Clicked, wanted: Decision, at: int) -> None:
        """Who has an interest taken away leaves the type named like it, whatever the mailing and the CRM's list."""
        if wanted.kind == "interest" and wanted.operation == "remove" and same_type(wanted.name) in self.types:
            self.departures.append(Departing(click.recipient_id, click.contact_id, same_type(wanted.name), at))

    def _decided_later(self, click: Clicked, action: NumberedAction, wanted: Decision) -> bool:
        """Whether an action of the click that comes after this one decides the same, and did not fail."""
        every = self.actions[click.link.id]
        for other in every[every.index(action) + 1 :]:
            pressed = not other.button or other.button in click.pressed
            held = pressed and (click.key, other.number) not in self.failed_before
            if held and (wanted.kind, settled_as(wanted.kind, wanted.name)) in self._decided_by(click, other):
                return True
        return False

    def _decided_by(self, click: Clicked, action: NumberedAction) -> set[tuple[str, str]]:
        """What an action decides because of a click: kinds and names, as they are settled."""
        if isinstance(action.definition, ScriptAction):
            found = self.scripts.get(made_id(action, click))
            result = found.result if found is not None and found.click == click.key else None
            return {("set-field", name) for name in result.fields} if result and result.status == "ok" else set()
        if action.definition.type in MADE_KINDS:
            return set()
        try:
            decisions = (one for one in self._plan(click, action) if isinstance(one, Decision))
            return {(one.kind, settled_as(one.kind, one.name)) for one in decisions}
        except CannotChange:
            return set()

    def _make(self, click: Clicked, action: NumberedAction, identifier: str, thing: Thing) -> Delivered:
        contact = click.contact_id
        person = {name: self.state.value(contact, name) for name in ("name", "email")}
        cells = {**thing.row, **person, "company": self.state.company(contact, "name")}
        return Delivered(self.notes.make(click, action, identifier, thing), f"{action.definition.type}s.csv", cells)

    def _script(
        self, click: Clicked, action: NumberedAction, script: str, only: set[str] | None
    ) -> Iterator[Delivered]:
        if click.why != RETRIED:
            self.occasions.take(action, click)  # as it was when scripts were asked for
        identifier = made_id(action, click)
        found = self.scripts.get(identifier)
        if found is None or found.click != click.key:
            return
        result = found.result
        if result is None:
            self.notes.by_kind["script"] += 1
            yield Delivered(self.notes.change(click, identifier, "script", script, "run", "", "planned"), "", {})
            return
        if not found.reported:
            yield self._report(click, action, script, identifier, result)
        elif only is None:
            return  # an earlier run has done all this
        if result.status == "ok":
            yield from self._answered(click, action, script, result, only if found.reported else None)

    def _report(
        self, click: Clicked, action: NumberedAction, script: str, identifier: str, result: ScriptResult
    ) -> Delivered:
        row = self.notes.change(click, identifier, "script", script, "run", "", result.status)
        self.notes.report(click, action, row, script, result)
        cells = {
            "script": script,
            "status": result.status,
            "exit_code": result.exit_code,
            "return_url": result.return_url,
            "message": result.message,
        }
        return Delivered(row, "scripts.ndjson", cells)

    def _answered(
        self, click: Clicked, action: NumberedAction, script: str, result: ScriptResult, only: set[str] | None
    ) -> Iterator[Delivered]:
        """The fields that a script has answered, each for itself."""
        for name, value in result.fields.items():
            place = (action.definition.type, action.number, "set-field", name, "set")
            identifier = change_id(click, click.at, *place)
            if only is not None and identifier not in only:
                continue
            try:
                if self.guard and would_run(value):
                    raise CannotChange(
                        f"the field {name!r}: a spreadsheet would run {value[:60]!r} (guard_formulas = false under "
                        "[actions] allows it)"
                    )
                decision = decide(name, value, self.staff)
            except CannotChange as problem:
                row = self.notes.change(click, identifier, "set-field", name, "set", "", value)
                self.notes.fail(click, action, row, CannotChange(f"the script {script}: {problem}"))
                continue
            yield from self._decide(click, action, decision, None)
