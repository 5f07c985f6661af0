"""The order of a report's rows: its own, or by one of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from linktrack.errors import UsageError
from linktrack.names import did_you_mean, nearest

_TIMES_AS_TEXT = ("day",)
_PLACE = "position"  # of what stands in a mail

AnyRow = TypeVar("AnyRow", bound=tuple[Any, ...])


class SortOrder(NamedTuple):
    """A column to sort by. `descending` None: figures and times from large to small, texts from A to Z."""

    key: str
    descending: bool | None = None


BY_CLICKS = SortOrder("clicks")


def read_order(text: str, columns: Sequence[str]) -> SortOrder:
    """`KEY`, `KEY:asc` or `KEY:desc`. UsageError, with near names, for what is no column of the report."""
    key, colon, direction = text.strip().partition(":")
    if colon and direction not in ("asc", "desc"):
        raise UsageError(f"--sort {text!r}: write it like {key or 'clicks'}:asc or {key or 'clicks'}:desc")
    if key not in columns:
        hint = did_you_mean(nearest(key, columns))
        raise UsageError(f"--sort: this report has no column {key!r}{hint}: it has {', '.join(columns)}")
    return SortOrder(key, direction == "desc" if colon else None)


def sorted_rows(rows: Iterable[AnyRow], columns: Sequence[str], order: SortOrder) -> list[AnyRow]:
    """Rows sorted; of equal ones by their place in the mail, or else by name, which is their first two columns; what
    has no value comes last.

    A row that names its fields may have more of them than there are columns.
    """
    found = list(rows)
    fields: Sequence[str] = getattr(found[0], "_fields", columns) if found else columns
    # Places come before names: the key of a placement is a random one, another in each making of the same mail.
    name = [fields.index(_PLACE)] if _PLACE in fields else range(2)
    by_name = sorted(found, key=lambda row: [_comparable(row[at]) for at in name])
    place = fields.index(order.key)
    empty = [row for row in by_name if row[place] is None]
    known = [row for row in by_name if row[place] is not None]
    descending = order.descending
    if descending is None:
        descending = order.key in _TIMES_AS_TEXT or all(isinstance(row[place], int | float) for row in known)
    return sorted(known, key=lambda row: _comparable(row[place]), reverse=descending) + empty


def _comparable(value: Any) -> tuple[int, Any, str]:  # noqa: ANN401  (a column is of one kind: they compare)
    """Texts without regard to case, with it where they are else the same; an empty cell before all others."""
    if isinstance(value, tuple):
        value = ", ".join(value)
    if isinstance(value, str):
        return (1, value.casefold(), value)
    return (0, 0, "") if value is None else (1, value, "")
