"""Emptiness: why a report has no rows, found by making it again with less that it is narrowed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from linktrack.reports.figures import ALWAYS, Scope
from linktrack.store.session import Database

Find = Callable[[Scope], Iterable[Any]]  # the rows of a report

_UNCOUNTED = {
    "test": "is a test, which counts in no figure (--include-tests, where a report has it, shows tests)",
    "cancelled": "is cancelled, and counts in no figure",
    "unfinished": "is unfinished, for its mails were not all handed out, and counts in no figure",
}


class Sentences(NamedTuple):
    """What is said of an empty report. `nothing`: there is none at all; `in_time`: none in the period; `elsewhere`:
    there is some, but not of the mailing or the like that was asked for."""

    nothing: str
    in_time: str = "Nothing was sent or clicked in this time."
    elsewhere: str = "Nothing of it is there: other mailings or shipments have it."


def why_empty(database: Database, scope: Scope, whole: Scope, find: Find, sentences: Sentences) -> str:
    """Why `find` has found nothing in a scope: in a sentence. `whole` is the scope that the report has without any
    option.

    What cannot have rows is said first (a shipment that counts nowhere, or is another mailing's); then whatever it is
    without which there are some: the time, the folder, the rest.
    """
    if scope.shipment is not None and (reason := _why_not_counted(database, scope.shipment)):
        return reason
    ever = replace(scope, period=ALWAYS)
    if scope.period and _has_any(find(ever)):
        return sentences.in_time
    if scope.folder is not None and _has_any(find(replace(ever, folder=None))):
        return f"No link that this is about lies in the folder {scope.folder}, or in one that is in it."
    if ever != whole and _has_any(find(whole)):
        return sentences.elsewhere
    return sentences.nothing


def _has_any(rows: Iterable[Any]) -> bool:
    return any(True for _ in rows)


def _why_not_counted(database: Database, number: int) -> str:
    """What it is about a shipment that leaves no rows whatever was clicked, "" for nothing."""
    from linktrack.mailings.shipments import find_shipment

    reason = _UNCOUNTED.get(find_shipment(database, number).state)
    return f"The shipment {number} {reason}." if reason else ""
