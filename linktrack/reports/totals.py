"""What people look at at the end of a report: a row for what was cut off and one for all; and no rate of too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from linktrack.reports.figures import rate_of
from linktrack.reports.statistics import FEWEST_CLICKERS

TotalsRecord = dict[str, Any]

SUM = "sum"  # a record that has this key is a sum of others

_RATES = ("click_rate", "rate_low", "rate_high", "other_rate", "difference", "low", "high")
_SUMMED = (
    "shipments", "sent", "uncounted", "clickers", "clicks", "machine_clicks", "test_clicks", "recipients", "count",
)  # fmt: skip


def with_totals(
    records: Iterable[TotalsRecord],
    columns: Sequence[str],
    top: int | None,
    label: str,
    *,
    rest: str = "{} more",
    whole: str | None = "Total",
) -> Iterator[TotalsRecord]:
    """The first `top` records, a record for the rest of them, and one for all, which say so in the column `label`.

    `whole` None: there is nothing to add up.
    """
    every, cut = _Sums(columns), _Sums(columns)
    for number, record in enumerate(records):
        every.add(record)
        if top is None or number < top:
            yield record
        else:
            cut.add(record)
    if cut.rows:
        yield cut.record(label, rest.format(cut.rows))
    if every.rows and whole is not None:
        yield every.record(label, whole)


def without_thin_rates(record: TotalsRecord) -> TotalsRecord:
    """No rate that rests on fewer than five clickers."""
    clickers = record["fewest"] if "fewest" in record else record.get("clickers")
    if clickers is not None and clickers < FEWEST_CLICKERS:
        record.update({name: None for name in _RATES if name in record})
    return record


class _Sums:
    """Records added up, tests left out; the rate of a sum is its clickers by its sent."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.rows = 0
        self._columns = columns
        self._sums = {column: 0 for column in columns if column in _SUMMED}

    def add(self, record: Mapping[str, Any]) -> None:
        self.rows += 1
        if not record.get("test"):
            for column in self._sums:
                self._sums[column] += record[column] or 0  # what was purged is not known

    def record(self, label: str, words: str) -> TotalsRecord:
        found: TotalsRecord = dict.fromkeys(self._columns)
        found.update(self._sums)
        if "click_rate" in found and "sent" in found:
            found.update(rate_of(found["clickers"], found["sent"], found.get("uncounted", 0))._asdict())
        found[label] = words
        found[SUM] = True
        return found
