"""Scripts: what a program is told about a click."""

from __future__ import annotations

from linktrack.actions.planned import LinkFacts


def payload(contact_id: str, link: LinkFacts, shipment_id: int, hits: int, return_url: str) -> dict[str, str | int]:
    """The variables of a script, by the names that the original system gives them."""
    return {
        "custId": contact_id,
        "linkId": link.key,
        "shipmentId": shipment_id,
        "linkUrl": link.url,
        "linkHits": hits,
        "returnUrl": return_url or link.url,
    }
