"""A link as a reader wants it: what it does, what was clicked, where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from linktrack.moments import wall_time
from linktrack.sentences import counted
from linktrack.visible import visible

if TYPE_CHECKING:
    from datetime import tzinfo

    from linktrack.links.catalogue import LinkPlace
    from linktrack.links.stored_actions import ActionRow


def link_sections(
    record: Mapping[str, Any], actions: Sequence[ActionRow], places: Sequence[LinkPlace], zone: tzinfo
) -> str:
    """The text of `link show`: the record that JSON has, in sections for a reader, its times in `zone`."""
    title = record["key"] if record["name"] == record["key"] else f"{record['key']}: {record['name']}"
    facts = [(name, str(value)) for name, value in _facts(record, zone) if value]
    sections = [
        ("", _columns(facts)),
        (
            "What a click does",
            _columns([(f"{action.number}  {action.type}", action.said) for action in actions]) or ["nothing but count"],
        ),
        ("Clicks", _clicks(record, zone)),
        (
            "Stands in",
            _columns([(place.mailing, f"{counted(place.placements, 'place')}, {place.sent} sent") for place in places])
            or ["no mailing"],
        ),
    ]
    lines = [title]
    for heading, texts in sections:
        lines += ([""] if heading else []) + ([heading] if heading else []) + [f"  {text}" for text in texts]
    return "\n".join(visible(line) for line in lines)


def _facts(record: Mapping[str, Any], zone: tzinfo) -> list[tuple[str, Any]]:
    response = record["response"]
    prefill = ", ".join(f"{name} = {field}" for name, field in response.get("prefill", {}).items())
    return [
        ("kind", "" if record["kind"] == "registered" else record["kind"]),
        ("mailing", record["mailing"]),
        ("folder", record["folder"]),
        ("leads to", record["url"] if response["kind"] == "redirect" else ""),
        ("shows", response.get("text")),
        ("opens", response.get("url")),
        ("prefilled", prefill),
        ("known by", record["url"] if response["kind"] == "form" else ""),
        ("asks first", "yes, with a button" if record["confirm"] else ""),
        ("made", _minute(record["created_at"], zone)),
        ("changed", _minute(record["updated_at"], zone) if record["updated_at"] != record["created_at"] else ""),
        ("deleted", _minute(record["deleted_at"], zone)),
    ]


def _clicks(record: Mapping[str, Any], zone: tzinfo) -> list[str]:
    people = f"{counted(record['clicks'], 'click')} by {counted(record['clickers'], 'person', 'people')}"
    lines = [f"{people}, {record['machine_clicks']} by machines"]
    if record["first_click"]:
        lines.append(
            f"the first {_minute(record['first_click'], zone)}, the last {_minute(record['last_click'], zone)}"
        )
    if record["reset_at"]:
        lines.append(f"counted since {_minute(record['reset_at'], zone)}")
    return lines


def _columns(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in pairs), default=0)
    return [f"{name:{width}}  {text}" for name, text in pairs]


def _minute(moment: int | None, zone: tzinfo) -> str:
    return wall_time(moment, zone) if moment else ""
