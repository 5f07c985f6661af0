"""A dry run as a marketing manager reads it: how many by link and kind, and what happens to each contact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def by_link(changes: Iterable[Row]) -> list[Row]:
    """One row for each link and thing that would be done: contacts and changes, the most frequent first."""
    found: dict[tuple[str, ...], tuple[set[str], list[int]]] = {}
    for change in changes:
        # the text of what is made differs from person to person, so it does not tell groups apart
        new = change["new"] if change["operation"] in ("set", "add") else ""
        key = change["link"], change["kind"], change["operation"], change["name"], new
        contacts, count = found.setdefault(key, (set(), [0]))
        contacts.add(change["contact_id"])
        count[0] += 1
    names = ("link", "kind", "operation", "name", "new")
    rows = [
        {**dict(zip(names, key, strict=True)), "contacts": len(contacts), "changes": count[0]}
        for key, (contacts, count) in found.items()
    ]
    return sorted(rows, key=lambda row: (row["link"], row["kind"], -row["changes"], row["name"]))


def by_contact(changes: Iterable[Row]) -> list[Row]:
    """The changes with those of one contact together, contacts in the order of their first change."""
    order: dict[str, list[Row]] = {}
    for change in changes:
        order.setdefault(change["contact_id"], []).append(change)
    return [change for every in order.values() for change in every]
