"""What a POST of the subscriptions page says: it stands in its query, since no body is ever read."""

from __future__ import annotations

from urllib.parse import parse_qsl

from linktrack.contacts.types import EVERY_TYPE

CONSENT = "consent"
_EVERY = "*"


def said_in(query: str) -> list[tuple[str, str]]:
    """The buttons that a query names: `off` or `on` with a type, `consent` with off or on."""
    return [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name in ("off", "on") or (name == CONSENT and value in ("off", "on"))
    ]


def pressed_in(query: str) -> list[tuple[str, str]]:
    """The same of any POST: one that names no button, like RFC 8058's one-click, leaves the mailing's type."""
    return said_in(query) or [("off", "")]


def left_by(value: str, own_type: str) -> str:
    """The type that `off` with this value leaves; `own_type` is that of the mailing."""
    return EVERY_TYPE if value == _EVERY else value or own_type


def joins(name: str, value: str) -> bool:
    """Whether a button gives something back, which an old mail cannot do."""
    return name == "on" or (name == CONSENT and value == "on")
