"""Requests that nobody knew when they were read: the catalogue may have changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from linktrack.clicks.logs.batches import Batch
from linktrack.clicks.logs.import_terms import ImportTerms
from linktrack.clicks.logs.rejections import UNKNOWN
from linktrack.clicks.logs.requests import Requests

_Value = TypeVar("_Value")


class SecondLook:
    """A second look at requests of one log that were unknown by the `terms` that it was read by."""

    def __init__(self, terms: ImportTerms) -> None:
        self._read_by = terms
        self._moments: dict[bytes, int] = {}
        self._requests = Requests(terms, self._moments.__getitem__)

    def looked_up(self, batch: Batch, terms: ImportTerms) -> list[Batch]:
        """The batch without the requests whose addresses were unknown, and a second batch of what these are by the
        `terms` of now. The batch alone where it has none, or the addresses are still those that it was read by."""
        if not batch.unknown or terms.addresses is self._read_by.addresses:
            return [batch]
        self._requests.renew(terms)
        self._moments.clear()
        self._moments.update((row[2], moment) for moment, row in batch.unknown)
        self._requests.take([row for _, row in batch.unknown])
        found = self._requests.batch(batch.reached, last=batch.last, begins=batch.begins)
        found = found._replace(read=0, uncounted=[*batch.uncounted, *found.uncounted])
        first = batch._replace(
            unknown=[],
            reasons=dict(_but_unknown(batch.reasons.items())),
            rejects=list(_but_unknown(batch.rejects)),
            junk=[one for one in batch.junk if one[3] not in UNKNOWN],
            contested=[one for one in batch.contested if one[2] not in UNKNOWN],
        )
        return [first, found]


def _but_unknown(pairs: Iterable[tuple[str, _Value]]) -> Iterator[tuple[str, _Value]]:
    return (pair for pair in pairs if pair[0] not in UNKNOWN)
