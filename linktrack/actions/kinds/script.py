"""Scripts: what a program is told about a click."""

from __future__ import annotations

from linktrack.actions.planned import Clicked


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
