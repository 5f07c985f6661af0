"""What a POST of the subscriptions page says: it stands in its query, since no body is ever read."""

from __future__ import annotations

from urllib.parse import parse_qsl

CONSENT = "consent"


def said_in(query: str) -> list[tuple[str, str]]:
    """The buttons that a query names: `off` or `on` with a type, `consent` with off or on."""
    return [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name in ("off", "on") or (name == CONSENT and value in ("off", "on"))
    ]


def joins(name: str, value: str) -> bool:
    """Whether a button gives something back, which an old mail cannot do."""
    return name == "on" or (name == CONSENT and value == "on")
