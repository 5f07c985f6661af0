"""How sentences count."""

from __future__ import annotations


def counted(count: int, one: str, several: str = "") -> str:
    """A number with what it counts: `1 click`, `2,000 clicks`, `3 people`."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
