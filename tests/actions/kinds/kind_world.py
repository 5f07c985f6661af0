"""What the tables of the kinds share: an action planned by itself, for one contact, at one staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from linktrack.actions.kinds import PLANS
from linktrack.actions.planned import Decision, Staff, Thing
from linktrack.actions.slots import Calendar
from linktrack.links.actions import parse_action
from linktrack.links.placeholders import fill_placeholders
from linktrack.settings.crm import CrmSettings
from linktrack.settings.tables import ActionSettings

VALUES = {
    "contact.id": "7",
    "contact.name": "Karin Sjöström",
    "contact.our_contact": "ANNA",
    "link.name": "Yes please",
    "link.key": "offer",
    "mailing.name": "spring",
    "mailing.type": "Newsletter",
    "click.date": "2026-05-04",
}


def make_desk(crm: dict[str, Any] | None = None, **more: Any) -> Staff:
    """A staff on Monday, 4 May 2026, 12:00 UTC."""
    calendar = Calendar(ActionSettings(**more.pop("settings", {})), datetime(2026, 5, 4, 12, tzinfo=UTC))
    settings = CrmSettings.model_validate(crm or {})
    return Staff(settings, frozenset(more.get("users", ())), calendar, dict(more.get("requests", {})))


def planned(action: dict[str, Any], staff: Staff | None = None, **contact: str) -> list[Decision | Thing]:
    """What an action wants of a click by a contact with these cells."""
    staff = staff or make_desk()
    definition = parse_action(action, staff.crm)
    values = {**VALUES, **{f"contact.{name}": text for name, text in contact.items()}}
    return list(
        PLANS[definition.type](
            definition,
            lambda text: fill_placeholders(text, lambda name: values[name]),
            lambda name: values.get(f"contact.{name}", ""),
            staff,
        )
    )
