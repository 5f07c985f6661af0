"""The mapping: which column of a CRM's export holds what linktrack knows by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from linktrack.errors import BadInput
from linktrack.names import held_under, same_name
from linktrack.settings.crm import CrmSettings, FieldSettings


@dataclass(frozen=True)
class TableLayout:
    """Where one file of an export has what: `key`, a column that its header is known by; `id`, the column with the
    ids that must match ("" = none); the settings `sheet` and `header_row`; what parts the names in a list."""

    key: str
    id: str = ""
    sheet: str = ""
    header_row: int = 0
    separator: str = ","

    def place_of_id(self, columns: Sequence[str]) -> int | None:
        """Where the column with the ids stands; None where there is none, or several, which is said when it is
        looked for."""
        with suppress(BadInput):
            return find_column(columns, self.id) if self.id else None
        return None


@dataclass(frozen=True)
class Mapping:
    """How an export is understood: the `[crm]` tables, and the file that they stand in (for messages)."""

    settings: CrmSettings = field(default_factory=CrmSettings)
    file: Path | None = None

    def field(self, name: str) -> FieldSettings:
        """What is known of an action's field; one without an entry is a text in the column of its own name."""
        return held_under(self.settings.contacts.fields, name) or FieldSettings.of_column(name)

    def layout(self, noun: str) -> TableLayout:
        """How the file of `noun` (`contacts`, `companies`, `follow-ups` …) is laid out. KeyError for other nouns."""
        crm = self.settings
        separator = crm.contacts.interests_separator
        match noun:
            case "contacts" | "companies":
                rows = crm.contacts if noun == "contacts" else crm.companies
                return TableLayout(rows.id, rows.id, rows.sheet, rows.header_row, rows.interests_separator)
            case "selections" | "projects":
                lists = crm.selections if noun == "selections" else crm.projects
                return TableLayout(lists.name, lists.contact, lists.sheet, lists.header_row, separator)
            case "users":
                return TableLayout(crm.user_column, "", crm.user_sheet, crm.user_header_row, separator)
            case "follow-ups":
                times = crm.follow_ups
                return TableLayout(times.user, "", times.sheet, times.header_row, separator)
            case "requests":
                return TableLayout(crm.requests.owner, "", crm.requests.sheet, crm.requests.header_row, separator)
        raise KeyError(noun)


def find_column(columns: Sequence[str], name: str) -> int | None:
    """Where the column `name` stands: an exact match, else the only one that differs in case, blanks, and how Unicode
    writes its letters.

    BadInput when several columns bear the name, because it cannot be known which one is meant.
    """
    exact = [number for number, column in enumerate(columns) if column == name]
    alike = exact or [number for number, column in enumerate(columns) if same_name(column) == same_name(name)]
    if len(alike) > 1:
        numbers = " and ".join(str(number + 1) for number in alike)
        raise BadInput(f"the export has several columns {name!r} (numbers {numbers}): rename all but one")
    return alike[0] if alike else None
