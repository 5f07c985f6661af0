"""What is said of a click and of an action: what placeholders like {link.key} stand for, and what one is about."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from linktrack.actions.crm_state import CrmState
from linktrack.actions.planned import (
    Clicked,
    NumberedAction,
)
from linktrack.links.placeholders import fill_placeholders
from linktrack.moments import iso


class ClickValues(NamedTuple):
    """The values that a click has for actions: its own, its link's, its mailing's, and its contact's as the run left
    them."""

    click: Clicked
    state: CrmState
    zone: tzinfo

    def filled(self, text: str) -> str:
        """A text with its placeholders filled."""
        return fill_placeholders(text, self.value)

    def of_contact(self, name: str) -> str:
        """A value of the contact."""
        return self.state.value(self.click.contact_id, name)

    def value(self, name: str) -> str:
        """What a placeholder stands for: `link.key`, `contact.name` and the others, without their braces."""
        click = self.click
        group, _, what = name.partition(".")
        if group == "contact":
            return self.of_contact(what)
        if group == "company":
            return self.state.company(click.contact_id, what)
        if group == "link":
            return str(getattr(click.link, what))
        if group == "mailing":
            return str({"name": click.shipment.mailing}.get(what) or getattr(click.shipment, what))
        moment = iso(click.at, self.zone)
        values = {"at": moment, "date": moment[:10], "time": moment[11:16], "placement": click.placement}
        return values.get(what, str(click.shipment.id))


def about(action: NumberedAction) -> tuple[str, str]:
    """What a whole action is about, and its operation, where it could not be planned."""
    settings = action.definition.settings
    if action.definition.type == "set-field":
        return str(settings["field"]), "set"
    if "add" in settings or "remove" in settings:
        return ", ".join(settings.get("add") or settings["remove"]), "add" if settings.get("add") else "remove"
    named = settings.get("task") or settings.get("category") or settings.get("kind")
    return str(named or action.definition.type), "make"
