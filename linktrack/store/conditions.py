"""What counts, as conditions in SQL, which mean the same wherever they are asked; each takes the name that a table has
there."""

from __future__ import annotations


def reached(shipment: str = "shipment") -> str:
    """A shipment that has reached its people, a test too: neither unfinished nor cancelled."""
    return f"{shipment}.cancelled_at IS NULL AND {shipment}.finished_at IS NOT NULL"


def counted_shipment(shipment: str = "shipment") -> str:
    """A shipment that counts in figures, and whose clicks act."""
    return f"NOT {shipment}.is_test AND {reached(shipment)}"


def since_reset(click: str, link: str = "") -> str:
    """A click on a link whose counter has not been set to zero since; `link` where that table is joined."""
    at = f"{link}.reset_at" if link else f"(SELECT reset_at FROM link WHERE link.id = {click}.link_id)"  # noqa: S608  (names of our own)
    return f"{click}.clicked_at > coalesce({at}, -1)"
