"""A dry run as a marketing manager reads it: how many by link and kind, and what happens to each contact."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linktrack.actions.ledger.rows import LogRow
from linktrack.actions.planned import CrmChange, Delivered

PreviewRow = dict[str, Any]


def by_link(delivered: Iterable[Delivered]) -> list[PreviewRow]:
    """One row for each link and thing that would be done: contacts and changes, the most frequent first."""
    found: dict[tuple[str, ...], tuple[set[str], list[int]]] = {}
    for change, _, _ in delivered:
        # the text of what is made differs from person to person, so it does not tell groups apart
        new = change.new if change.operation == "set" else ""
        key = change.link, change.kind, change.operation, change.name, new
        contacts, count = found.setdefault(key, (set(), [0]))
        contacts.add(change.contact_id)
        count[0] += 1
    names = ("link", "kind", "operation", "name", "new")
    rows = [
        {**dict(zip(names, key, strict=True)), "contacts": len(contacts), "changes": count[0]}
        for key, (contacts, count) in found.items()
    ]
    return sorted(rows, key=lambda row: (row["link"], row["kind"], -row["changes"], row["name"]))


def by_contact(delivered: Iterable[Delivered]) -> list[PreviewRow]:
    """One row for each contact, in the order of their first change: the links clicked and all that comes of it."""
    found: dict[str, tuple[dict[str, None], list[str]]] = {}
    for change, _, cells in delivered:
        links, texts = found.setdefault(change.contact_id, ({}, []))
        links[change.link] = None
        texts.append(sentence(change, cells))
    return [
        {"contact_id": contact_id, "links": list(links), "changes": "; ".join(texts)}
        for contact_id, (links, texts) in found.items()
    ]


def sentence(change: CrmChange | LogRow, cells: dict[str, Any]) -> str:
    """A change in a few words; of what is made also for whom, and when, if its `cells` are there."""
    kind = change.kind.replace("company-interest", "interest of the company")
    match change.operation:
        case "set":
            return f"{change.name} = {change.new!r} (was {change.old!r})"
        case "add":
            return f"+ {kind} {change.name}"
        case "remove":
            return f"- {kind} {change.name}"
        case "run":
            return f"run {change.name}"
        case _:
            owner = cells.get("assigned_to") or cells.get("owner")
            start = cells.get("start", "")
            when = f" on {start[:10]} at {start[11:16]}" if start else ""
            whom = f" for {owner or 'nobody'}{when}" if cells else ""
            return f"{kind}{whom}: {change.new}"
