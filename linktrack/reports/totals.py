"""The end of a report as people see it: a row for what was cut off, one for all, and no rate that rests on too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from linktrack.reports.figures import rate_of
from linktrack.reports.statistics import NO_VERDICT, enough

TotalsRecord = dict[str, Any]

SUM = "sum"  # a record that has this key is a sum of others

_DIFFERENCE = ("difference", "low", "high")
# What a record says of different people, and the rates of it that rest on them.
PEOPLE, OTHER_PEOPLE, EARLIER_PEOPLE = "people", "other_people", "earlier_people"
_RESTING_ON = {
    PEOPLE: ("click_rate", "rate_low", "rate_high", "share", *_DIFFERENCE),
    OTHER_PEOPLE: ("other_rate", *_DIFFERENCE),
    EARLIER_PEOPLE: ("median",),
}
_SUMMED = (
    "shipments", "sent", "uncounted", "clickers", "clicks", "machine_clicks", "test_clicks", "recipients", "count",
)  # fmt: skip


class PeopleBehind(Protocol):
    """Who counts the different people behind records, as far as it matters: enough are enough."""

    def behind(self, record: TotalsRecord) -> int: ...
    def together(self, records: Sequence[TotalsRecord]) -> int: ...


def with_totals(
    records: Iterable[TotalsRecord],
    columns: Sequence[str],
    top: int | None,
    label: str,
    people: PeopleBehind,
    *,
    rest: str = "{} more",
    whole: str | None = "Total",
) -> Iterator[TotalsRecord]:
    """The first `top` records, a record for the rest of them, and one for all, which say so in the column `label`; none
    has a rate that rests on too few.

    `whole` None: there is nothing to add up.
    """
    every, cut = _Sums(columns, people), _Sums(columns, people)
    for number, record in enumerate(records):
        every.add(record)
        if top is None or number < top:
            yield without_thin_rates(record, people)
        else:
            cut.add(record)
    if cut.rows:
        yield cut.record(label, rest.format(cut.rows))
    if every.rows and whole is not None:
        yield every.record(label, whole)


def without_thin_rates(record: TotalsRecord, people: PeopleBehind) -> TotalsRecord:
    """The record without the rates of it that fewer than five different people stand behind, and without a verdict on
    them that says more than that they are too few."""
    for said, rates in _RESTING_ON.items():
        shown = [name for name in rates if record.get(name) is not None]
        if shown and not enough(record[said] if said in record else people.behind(record)):
            judged = "difference" in shown and record.get("verdict") != NO_VERDICT
            record = record | dict.fromkeys((*shown, "verdict") if judged else shown)
    return record


class _Sums:
    """Records added up, tests left out; the rate of a sum is its clickers by its sent."""

    def __init__(self, columns: Sequence[str], people: PeopleBehind) -> None:
        self.rows = 0
        self._columns = columns
        self._people = people
        self._behind: list[TotalsRecord] = []
        self._sums = {column: 0 for column in columns if column in _SUMMED}
        self._has_rate = "click_rate" in columns and "sent" in columns

    def add(self, record: TotalsRecord) -> None:
        self.rows += 1
        if not record.get("test"):
            for column in self._sums:
                self._sums[column] += record[column] or 0  # what was purged is not known
            if self._has_rate and record["clickers"]:
                self._behind.append(record)

    def record(self, label: str, words: str) -> TotalsRecord:
        found: TotalsRecord = dict.fromkeys(self._columns)
        found.update(self._sums)
        if self._has_rate:
            found.update(rate_of(found["clickers"], found["sent"], found.get("uncounted", 0))._asdict())
            # Three people who clicked two links each are six clickers of links, and still three people.
            found[PEOPLE] = self._people.together(self._behind)
        found[label] = words
        found[SUM] = True
        return without_thin_rates(found, self._people)
