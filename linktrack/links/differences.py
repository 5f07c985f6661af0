"""What is different about a link: before and after, field by field, as a person compares it."""

from __future__ import annotations

from dataclasses import dataclass

from linktrack.links.responses import LinkResponse


@dataclass(frozen=True)
class LinkDifference:
    """One thing of a link that changes; `old` is None for what is new."""

    key: str
    change: str  # add, change, restore
    field: str
    old: str | None
    new: str | None


def shown_fields(
    name: str, folder: str | None, url: str, response: LinkResponse, confirm: bool
) -> list[tuple[str, str]]:
    """The fields of a link as text that a person can compare."""
    return [
        ("name", name),
        ("folder", folder or ""),
        ("url", url),
        ("response", response.said()),
        ("confirm", "true" if confirm else ""),
    ]
