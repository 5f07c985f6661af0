"""Names as they are compared: interests, types of mailings, people."""

from __future__ import annotations

from unicodedata import normalize


def same_name(name: str) -> str:
    """A name as it is the same whatever its case, the blanks around it, and how Unicode writes its letters."""
    return normalize("NFC", normalize("NFC", name).strip().casefold())
