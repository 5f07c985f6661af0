"""What people look at at the end of a report: a row for what was cut off and one for all; and no rate of too few."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from linktrack.reports.figures import rate_of
from linktrack.reports.statistics import FEWEST_CLICKERS

TotalsRecord = dict[str, Any]
PeopleBehind = Callable[[Sequence[TotalsRecord]], int]

SUM = "sum"  # a record that has this key is a sum of others

_DIFFERENCE = ("difference", "low", "high")
# What a record counts, and the rates of it that rest on those people; a sum knows how many of them are different.
_RESTING_ON = {
    "clickers": ("click_rate", "rate_low", "rate_high", *_DIFFERENCE),
    "other_clickers": ("other_rate", *_DIFFERENCE),
    "different": ("click_rate", "rate_low", "rate_high"),
}
_SUMMED = (
    "shipments", "sent", "uncounted", "clickers", "clicks", "machine_clicks", "test_clicks", "recipients", "count",
)  # fmt: skip


def with_totals(
    records: Iterable[TotalsRecord],
    columns: Sequence[str],
    top: int | None,
    label: str,
    *,
    people: PeopleBehind | None = None,
    rest: str = "{} more",
    whole: str | None = "Total",
) -> Iterator[TotalsRecord]:
    """The first `top` records, a record for the rest of them, and one for all, which say so in the column `label`.

    `people` counts the different ones behind rows with a rate, where each has so few clickers that it shows none.
    `whole` None: there is nothing to add up.
    """
    every, cut = _Sums(columns, people), _Sums(columns, people)
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
    for count, rates in _RESTING_ON.items():
        clickers = record.get(count)
        if clickers is not None and clickers < FEWEST_CLICKERS:
            record.update({name: None for name in rates if name in record})
    return record


class _Sums:
    """Records added up, tests left out; the rate of a sum is its clickers by its sent."""

    def __init__(self, columns: Sequence[str], people: PeopleBehind | None) -> None:
        self.rows = 0
        self._columns = columns
        self._people = people
        self._thin: list[TotalsRecord] | None = []  # rows of few clickers; None: one has enough of its own
        self._sums = {column: 0 for column in columns if column in _SUMMED}

    def add(self, record: TotalsRecord) -> None:
        self.rows += 1
        if not record.get("test"):
            for column in self._sums:
                self._sums[column] += record[column] or 0  # what was purged is not known
            if self._thin is not None and (clickers := record.get("clickers")):
                if clickers >= FEWEST_CLICKERS:
                    self._thin = None
                else:
                    self._thin.append(record)

    def record(self, label: str, words: str) -> TotalsRecord:
        found: TotalsRecord = dict.fromkeys(self._columns)
        found.update(self._sums)
        if "click_rate" in found and "sent" in found:
            found.update(rate_of(found["clickers"], found["sent"], found.get("uncounted", 0))._asdict())
            # Three people who clicked two links each are six clickers of links, and still three people.
            if self._people is not None and self._thin and found["clickers"] >= FEWEST_CLICKERS:
                found["different"] = self._people(self._thin)
        found[label] = words
        found[SUM] = True
        return found
