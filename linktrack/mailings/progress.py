"""How far a job of mails has come, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable

Advance = Callable[[str, int, int | None], None]  # what passes, how many more of it did, of how many


def unseen(what: str, more: int, total: int | None) -> None:
    """Progress that nobody looks at."""
