"""What is said of a click and of an action: what placeholders like {link.key} stand for, what an action wants
because of a click, and what one is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import tzinfo

from linktrack.actions.crm_state import CrmRow, CrmState
from linktrack.actions.kinds import PLANS
from linktrack.actions.kinds.set_field import decide
from linktrack.actions.ledger.rows import settled_as
from linktrack.actions.planned import (
    MADE_KINDS,
    Clicked,
    Decision,
    Intent,
    NumberedAction,
    Staff,
    Thing,
    place_of,
)
from linktrack.contacts.types import same_type
from linktrack.links.placeholders import fill_placeholders
from linktrack.moments import iso


class ClickValues:
    """The values that a click has for actions: its own, its link's, its mailing's, and its contact's as the run left
    them. `are_its_own` once it was asked for one that other clicks on the link in the shipment need not have."""

    __slots__ = ("are_its_own", "click", "person", "shared", "state", "zone")

    def __init__(self, click: Clicked, person: CrmRow, state: CrmState, zone: tzinfo, shared: dict[str, str]) -> None:
        """`shared` are texts of the link and shipment, with their placeholders filled: it is added to."""
        self.click, self.person, self.state, self.zone = click, person, state, zone
        self.shared, self.are_its_own = shared, False

    def filled(self, text: str) -> str:
        """A text with its placeholders filled."""
        known = text if "{" not in text else self.shared.get(text)
        if known is not None:
            return known
        before, self.are_its_own = self.are_its_own, False
        filled = fill_placeholders(text, self.value)
        if not self.are_its_own:
            self.shared[text] = filled
        self.are_its_own = self.are_its_own or before
        return filled

    def of_contact(self, name: str) -> str:
        """A value of the contact."""
        self.are_its_own = True
        return self.click.contact_id if name in ("id", "contact_id") else self.person.get(name)

    def value(self, name: str) -> str:
        """What a placeholder stands for: `link.key`, `contact.name` and the others, without their braces."""
        click = self.click
        group, _, what = name.partition(".")
        if group == "contact":
            return self.of_contact(what)
        if group == "link":
            return str(getattr(click.link, what))
        if group == "mailing":
            return str({"name": click.shipment.mailing}.get(what) or getattr(click.shipment, what))
        self.are_its_own = True
        if group == "company":
            return self.state.company(self.person, what)
        moment = iso(click.at, self.zone)
        values = {"at": moment, "date": moment[:10], "time": moment[11:16], "placement": click.placement}
        return values.get(what, str(click.shipment.id))


_REMEMBERED = 1_000  # answers of scripts


class Plans:
    """What actions want because of clicks. Texts, and what goes by the link and the shipment alone, are made once."""

    def __init__(self, state: CrmState, staff: Staff, zone: tzinfo, types: Collection[str]) -> None:
        """`types` are all types of mailing, as `same_type` has them."""
        self._state, self._staff, self._zone, self._types = state, staff, zone, types
        self._known: dict[tuple[int, int, int], Sequence[Intent | Thing]] = {}  # by action, link and shipment
        self._answers: dict[tuple[int, str, str], Intent] = {}  # by action, field and value
        self._texts = defaultdict[tuple[int, ...], dict[str, str]](dict)  # by link and shipment, placeholders filled

    def of(self, click: Clicked, person: CrmRow, action: NumberedAction) -> Sequence[Intent | Thing]:
        """What an action wants because of a click of a person. CannotChange, with the reason, where it cannot be
        planned."""
        place = id(action), click.link.id, click.shipment.id
        if (known := self._known.get(place)) is not None:
            return known
        values = ClickValues(click, person, self._state, self._zone, self._texts[place[1:]])
        kind = action.kind
        plan = PLANS[kind](action.definition, values.filled, values.of_contact, self._staff)
        found = [one if isinstance(one, Thing) else self.wanted(action, one) for one in plan]
        if not values.are_its_own and kind not in MADE_KINDS:
            self._known[place] = found
        return found

    def of_answer(self, action: NumberedAction, name: str, value: str) -> Intent:
        """What a script's answer for a field wants. CannotChange when the value does not fit the field's type."""
        place = id(action), name, value
        if place not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[place] = self.wanted(action, decide(name, value, self._staff))
        return self._answers[place]

    def wanted(self, action: NumberedAction, one: Decision) -> Intent:
        """A decision of an action. Who has an interest taken away leaves the type named like it, whatever the mailing
        and the CRM's list; what buttons say, imports note."""
        leaves = ""
        if one.kind == "interest" and one.operation == "remove" and not action.button:
            leaves = same_type(one.name) if same_type(one.name) in self._types else ""
        place = place_of(action, one.kind, one.name, one.operation)
        return Intent(one, settled_as(one.kind, one.name), place, leaves)


def about(action: NumberedAction) -> tuple[str, str]:
    """What a whole action is about, and its operation, where it could not be planned."""
    settings = action.definition.settings
    if action.definition.type == "set-field":
        return str(settings["field"]), "set"
    if "add" in settings or "remove" in settings:
        return ", ".join(settings.get("add") or settings["remove"]), "add" if settings.get("add") else "remove"
    named = settings.get("task") or settings.get("category") or settings.get("kind")
    return str(named or action.definition.type), "make"
