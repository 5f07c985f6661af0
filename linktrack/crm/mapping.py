"""The mapping: which column of a CRM's export holds what linktrack knows by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from linktrack.config import CrmSettings, FieldSettings, Workspace
from linktrack.errors import BadInput


@dataclass(frozen=True)
class Mapping:
    """How an export is understood: the `[crm]` tables, and the file that they stand in (for messages)."""

    settings: CrmSettings = field(default_factory=CrmSettings)
    file: Path | None = None

    def field(self, name: str) -> FieldSettings:
        """What is known of an action's field; one without an entry is a text in the column of its own name."""
        return self.settings.contacts.fields.get(name) or FieldSettings(column=name)


def mapping_of(workspace: Workspace) -> Mapping:
    """The mapping of a workspace, from `[crm]` in its `linktrack.toml`."""
    return Mapping(workspace.settings.crm, workspace.config_path)


def find_column(columns: Sequence[str], name: str) -> int | None:
    """Where the column `name` stands: an exact match, else the only one that differs in case and blanks.

    BadInput when several columns bear the name, because it cannot be known which one is meant.
    """
    exact = [number for number, column in enumerate(columns) if column == name]
    alike = exact or [
        number for number, column in enumerate(columns) if column.strip().casefold() == name.strip().casefold()
    ]
    if len(alike) > 1:
        numbers = " and ".join(str(number + 1) for number in alike)
        raise BadInput(f"the export has several columns {name!r} (numbers {numbers}): rename all but one")
    return alike[0] if alike else None


def written(settings: FieldSettings, value: str | int | float | bool) -> str:
    """An action's value as the export's cells write it. ValueError with a reason when it does not fit the type."""
    if settings.type == "yes-no":
        return settings.yes if _yes(settings, value) else settings.no
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if text == "" or settings.type == "text":
        return text
    if settings.type == "number":
        try:
            if not Decimal(text.replace(",", ".")).is_finite():
                raise InvalidOperation
        except InvalidOperation:
            raise ValueError(f"{text!r} is not a number") from None
        return text
    if settings.type == "date":
        return _date(settings, text).strftime(settings.format)
    if text not in settings.values:
        raise ValueError(f"{text!r} is none of {', '.join(settings.values) or 'the values (there are none)'}")
    return text


def _yes(settings: FieldSettings, value: str | int | float | bool) -> bool:
    text = str(value).strip().casefold()
    if value is True or text in (settings.yes.casefold(), "true", "yes", "1"):
        return True
    if value is False or text in (settings.no.casefold(), "false", "no", "0"):
        return False
    raise ValueError(f"{value!r} is neither yes nor no")


def _date(settings: FieldSettings, text: str) -> date:
    for form in ("%Y-%m-%d", settings.format):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a date like 2026-05-04")
