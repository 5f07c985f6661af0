"""Scripts: what a program is told about a click, and what its result means for the contact."""

from __future__ import annotations

from collections.abc import Iterable

from linktrack.actions.kinds.set_field import decide
from linktrack.actions.planned import Clicked, Decision, Desk, ScriptResult


def payload(click: Clicked, hits: int, return_url: str) -> dict[str, str | int]:
    """The variables of a script, by the names that the original system gives them."""
    return {
        "custId": click.contact_id,
        "linkId": click.link.key,
        "shipmentId": click.shipment.id,
        "linkUrl": click.link.url,
        "linkHits": hits,
        "returnUrl": return_url or click.link.url,
    }


def plan(result: ScriptResult, desk: Desk) -> Iterable[Decision]:
    """A decision for each field that the script has set. ValueError when a value does not fit its field."""
    for field, value in result.fields.items():
        yield decide(field, value, desk)
