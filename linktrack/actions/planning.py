"""The planner: clicks in the order of time become changes, each decided by what the clicks before it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from linktrack.actions.click_values import Plans, about
from linktrack.actions.crm_state import CrmRow, CrmState
from linktrack.actions.done import NO_CELLS, Done
from linktrack.actions.ledger.rows import OVERRULED, REMOVED, Before, Book
from linktrack.actions.occasions import Occasions
from linktrack.actions.planned import (
    BY_HAND,
    MADE_KINDS,
    OPEN,
    REPLAYED,
    RETRIED,
    Clicked,
    ClickKey,
    Departing,
    FoundScript,
    Intent,
    NumberedAction,
    Staff,
    Thing,
    change_id,
    made_id,
    one_text,
    place_of,
)
from linktrack.actions.scripts.in_time import ScriptsInTime
from linktrack.actions.walk_notes import Notes
from linktrack.crm.guard import would_run
from linktrack.errors import CannotChange
from linktrack.links.actions import ScriptAction

_AT_ONCE = 90  # changes


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

    def __init__(self, terms: Terms, before: Before, scripts: Iterable[FoundScript], book: Book | None) -> None:
        """`scripts` come in the order of time, as the clicks will. Without a `book` the walk is a rehearsal, and no
        rows are kept aside for the ledger."""
        self.actions, self.state = terms.actions, terms.state
        self.now, self.guard = terms.now, terms.guard
        self.plans = Plans(terms.state, terms.staff, terms.zone, terms.types)
        self.scripts = ScriptsInTime(scripts)
        self.settled, self.taken, self.done = before.settled, before.taken, before.done
        self.occasions = Occasions(before.made, self.actions, terms.zone)
        self.failed_before = {
            ((one.clicked_at, one.click_print, one.recipient_id), one.action) for one in before.failures.values()
        }
        self.notes = Notes(before.failures, book)
        self.again = self._to_be_tried_again(terms.retried)
        self.unknown: Counter[str] = Counter()
        self.departures: list[Departing] = []
        self.handled = self.contacts = 0

    def counts(self) -> dict[str, int]:
        return {
            "clicks": self.handled,
            "contacts": self.contacts,
            "failed": self.notes.failed,
            "unknown_contacts": len(self.unknown),
        }

    def changes(self, clicks: Iterable[Clicked]) -> Iterator[list[Done]]:
        """Every change because of `clicks`, which come in the order of time, also those that failed: some at once."""
        people, notes, actions, again, done_before = self.state.people, self.notes, self.actions, self.again, self.done
        for click in clicks:
            _, _, link, _, _, _, contact_id, pressed, why = click
            if (person := people.get(contact_id)) is None:
                if why != RETRIED:
                    self.unknown[contact_id] += 1
                continue
            if why != RETRIED:
                self.handled += 1
                if not person.has_clicked:
                    person.has_clicked = True
                    self.contacts += 1
            for action in actions.get(link.id, ()):
                if action.button and action.button not in pressed:
                    continue
                if why == REPLAYED and (click.key, action.number) in done_before:
                    continue  # whatever its settings were then
                only = again.get((click.key, action.number)) if again else None
                if why != RETRIED or only:
                    self._act(click, person, action, only if why == RETRIED else None)
            if len(notes.done) >= _AT_ONCE:
                yield notes.taken()
        yield notes.taken()

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

    def _act(self, click: Clicked, person: CrmRow, action: NumberedAction, only: set[str] | None) -> None:
        """Do what an action does because of a click of a person, or `only` those of its changes that failed before."""
        kind = action.kind
        if kind == "script" and isinstance(action.definition, ScriptAction):
            self._script(click, person, action, action.definition.script, only)
            return
        if kind in MADE_KINDS:
            if not self.occasions.take(action, click):
                if self.notes.open_failures:
                    self.notes.attempt(click.recipient_id, made_id(action, click))
                return
            whole = made_id(action, click)
        else:
            whole = ""  # which is only needed where something fails, or has failed before
            if only or self.notes.open_failures:
                whole = change_id(click, click.at, one_text(kind, action.number))
        try:
            plan = self.plans.of(click, person, action)
        except CannotChange as problem:
            whole = whole or change_id(click, click.at, one_text(kind, action.number))
            name, operation = about(action)
            self.notes.fail(Done(click, action, whole, kind, name, operation, "", ""), problem)
            return
        overruled = bool(plan)
        for wanted in plan:
            if isinstance(wanted, Thing):
                overruled = False
                self._make(click, person, action, whole, wanted)
            elif self._decide(click, person, action, wanted, None if only and whole in only else only):
                overruled = False
        if overruled:
            self.notes.close(click.recipient_id, whole, OVERRULED)
        elif whole:
            self.notes.attempt(click.recipient_id, whole)

    def _decide(
        self, click: Clicked, person: CrmRow, action: NumberedAction, wanted: Intent, only: set[str] | None
    ) -> bool:
        """Do what a click of a person decides; the answer is whether no later one had decided before."""
        decision, name, place, leaves = wanted
        kind, what, operation, value = decision
        at, mark, _, _, _, recipient, _, _, why = click
        if why == BY_HAND:
            at = self.now
        notes = self.notes
        identifier = ""  # which is only needed where something changes, fails, or has failed before
        if only is not None or notes.open_failures or self.taken:
            identifier = change_id(click, at, place)
            if identifier in self.taken or (only is not None and identifier not in only):
                return True
        if kind == "company-interest":  # a company is decided on by all its people
            recipient, name = 0, f"{person.get('company')}\x1f{name}"
        over = False
        if self.settled and (settled := self.settled.get((recipient, kind, name))) is not None:
            over = settled > (at, mark)  # this click came late, or is tried again
            if settled == (at, mark):  # it has decided before, by this action or another one
                over = why == REPLAYED or (why == RETRIED and self._decided_later(click, person, action, wanted))
        if leaves and (why == OPEN or not over):  # imports note what open clicks decide
            self.departures.append(Departing(click.recipient_id, click.contact_id, leaves, at))
        if over:
            notes.close(click.recipient_id, identifier, OVERRULED)
            return False
        try:
            changed = self.state.apply(person, decision)
        except CannotChange as problem:
            identifier = identifier or change_id(click, at, place)
            new = value if operation == "set" else ""
            notes.fail(Done(click, action, identifier, kind, what, operation, "", new), problem)
            return True
        if changed is not None:
            identifier = identifier or change_id(click, at, place)
            old, new = changed
            done = click, action, identifier, kind, what, operation, old, new, "ok", "", None, NO_CELLS
            notes.done.append(tuple.__new__(Done, done))  # which is thrice as fast as Done(…)
        if notes.open_failures:
            notes.attempt(click.recipient_id, identifier)
        if notes.book is not None:
            notes.book.add("spool_settled", (recipient, kind, name, at, mark, value))
        return True

    def _decided_later(self, click: Clicked, person: CrmRow, action: NumberedAction, wanted: Intent) -> bool:
        """Whether an action of the click that comes after this one decides the same, and did not fail."""
        every = self.actions[click.link.id]
        for other in every[every.index(action) + 1 :]:
            pressed = not other.button or other.button in click.pressed
            held = pressed and (click.key, other.number) not in self.failed_before
            if held and (wanted.decision.kind, wanted.settled) in self._decided_by(click, person, other):
                return True
        return False

    def _decided_by(self, click: Clicked, person: CrmRow, action: NumberedAction) -> set[tuple[str, str]]:
        """What an action decides because of a click: kinds and names, as they are settled."""
        if isinstance(action.definition, ScriptAction):
            found = self.scripts.of(click.key).get(action.number)
            result = found.result if found is not None else None
            return {("set-field", name) for name in result.fields} if result and result.status == "ok" else set()
        if action.definition.type in MADE_KINDS:
            return set()
        try:
            decisions = (one for one in self.plans.of(click, person, action) if isinstance(one, Intent))
            return {(one.decision.kind, one.settled) for one in decisions}
        except CannotChange:
            return set()

    def _make(self, click: Clicked, person: CrmRow, action: NumberedAction, identifier: str, thing: Thing) -> None:
        company = self.state.company(person, "name")
        cells = {**thing.row, "name": person.get("name"), "email": person.get("email"), "company": company}
        self.notes.make(click, action, identifier, thing, cells)

    def _script(
        self, click: Clicked, person: CrmRow, action: NumberedAction, script: str, only: set[str] | None
    ) -> None:
        if action.repeat == "click" and click.why != RETRIED:
            self.occasions.take(action, click)  # as it was when scripts were asked for, as only so many are a day
        found = self.scripts.of(click.key).get(action.number)
        if found is None:
            return
        result = found.result
        if result is None:
            self.notes.done.append(Done(click, action, found.id, "script", script, "run", "", "planned"))
            return
        if not found.is_reported:
            self.notes.report(click, action, script, found, result)
        elif only is None:
            return  # an earlier run has done all this
        if result.status == "ok":
            self._answered(click, person, action, result.fields, only if found.is_reported else None)

    def _answered(
        self, click: Clicked, person: CrmRow, action: NumberedAction, fields: Mapping[str, str], only: set[str] | None
    ) -> None:
        """The fields that a script has answered, each for itself."""
        for name, value in fields.items():
            if only is not None and change_id(click, click.at, place_of(action, "set-field", name, "set")) not in only:
                continue
            try:
                if self.guard and would_run(value):
                    raise CannotChange(
                        f"the field {name!r}: a spreadsheet would run {value[:60]!r} (guard_formulas = false under "
                        "[actions] allows it)"
                    )
                wanted = self.plans.of_answer(action, name, value)
            except CannotChange as problem:
                identifier = change_id(click, click.at, place_of(action, "set-field", name, "set"))
                done = Done(click, action, identifier, "set-field", name, "set", "", value)
                self.notes.fail(done, CannotChange(f"the script {action.definition.settings['script']}: {problem}"))
                continue
            self._decide(click, person, action, wanted, None)
