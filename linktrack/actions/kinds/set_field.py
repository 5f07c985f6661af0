"""Set field: a value for an extra field of the contact, written as the mapping says for its type."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linktrack.actions.planned import Decision, Staff, Texts
from linktrack.errors import CannotChange
from linktrack.links.actions import SetFieldAction
from linktrack.names import held_under
from linktrack.settings.crm import FieldSettings


def plan(action: SetFieldAction, fill: Texts, contact: Callable[[str], str], staff: Staff) -> Iterable[Decision]:
    """One decision. CannotChange when a filled-in value does not fit the field's type."""
    value = fill(action.value) if isinstance(action.value, str) else action.value
    yield decide(action.field, value, staff)


def decide(field: str, value: str | int | float | bool, staff: Staff) -> Decision:
    """The decision that `field` becomes `value`; CannotChange when it does not fit the field's type."""
    settings = held_under(staff.crm.contacts.fields, field) or FieldSettings.of_column(field)
    try:
        return Decision("set-field", field, "set", settings.written(value))
    except ValueError as problem:
        raise CannotChange(f"the field {field!r} is a {settings.type}: {problem}") from None
