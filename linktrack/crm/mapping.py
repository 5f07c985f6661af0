"""The mapping: which column of a CRM's export holds what linktrack knows by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linktrack.errors import BadInput
from linktrack.settings import CrmSettings, FieldSettings
from linktrack.workspace import Workspace


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
