"""How many different people are behind rows: one who clicked in two shipments, or two links, is one."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and names of our own; values are bound

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from linktrack.clicks.rollups import AGES
from linktrack.links.tokens import NOBODY
from linktrack.moments import HOUR
from linktrack.reports.figures import Scope
from linktrack.reports.statistics import FEWEST_PEOPLE, enough
from linktrack.reports.totals import TotalsRecord
from linktrack.store.clickers import all_clickers
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database


class _RowKind(NamedTuple):
    """What names a row of a report with a rate: its key, its column; whose clickers it has in a shipment."""

    key: str
    column: str
    of: str  # what a tally and a clicker tell apart in a shipment; "" for nothing


# The first that a row has.
_KINDS = (
    _RowKind("placement", "placement.key", "placement_id"),
    _RowKind("key", "link.key", "link_id"),
    _RowKind("shipment", "shipment.id", ""),
    _RowKind("mailing", "mailing.name", ""),
)
_SHIPMENTS_AT_ONCE = 20


@dataclass
class DifferentPeople:
    """The different people who are clickers of rows of a scope, counted until there are enough for
    a rate (`statistics.enough`), and no further.

    A row is a placement, a link, a shipment or a mailing. With `link`, the number of a link, only clicks on it count.
    """

    database: Database
    scope: Scope
    link: int | None = None
    _alone: dict[str, dict[object, int]] = field(default_factory=dict)

    def behind(self, record: TotalsRecord) -> int:
        """How many different people are the clickers of one row."""
        return self.together([record])

    def together(self, records: Sequence[TotalsRecord]) -> int:
        """How many different people are the clickers of several rows.

        Fewer than are enough are added up: within one shipment each clicker is another person.
        """
        clickers = sum(int(record["clickers"]) for record in records)
        if not enough(clickers):
            return clickers
        kind = _kind(records)
        if kind.key == "shipment" and len(records) == 1:
            return clickers
        names = [record[kind.key] for record in records]
        alone = self._most_in_one_shipment(kind)
        most = max(alone.get(name, 0) for name in names)
        return int(most) if enough(most) else self._different(kind, names)

    def _most_in_one_shipment(self, kind: _RowKind) -> dict[object, int]:
        """The clickers that each row has in the shipment where it has most of them."""
        if kind.key not in self._alone:
            self._alone[kind.key] = dict(
                self.database.rows(
                    f"""
                    SELECT name, max(clickers) FROM (
                        SELECT {kind.column} AS name, sum(tally.clickers) AS clickers FROM {self._tallies(kind)}
                        GROUP BY {kind.column}, tally.shipment_id
                    ) AS one GROUP BY name
                    """
                )
            )
        return self._alone[kind.key]

    def _different(self, kind: _RowKind, names: Sequence[object]) -> int:
        """How many different people are the clickers of rows of which none has enough of them in one shipment.

        Shipments are looked at until enough people are found.
        """
        found: set[tuple[int, int]] = set()
        of = self._of(kind)
        for some in at_once(names):
            found.update(
                self.database.rows(
                    f"SELECT DISTINCT tally.shipment_id, {f'tally.{of}' if of else 0} FROM {self._tallies(kind)} "
                    f"AND {kind.column} IN ({marks(some)})",
                    some,
                )
            )
        shipments, numbers = (sorted(set(column)) for column in zip(*found, strict=True)) if found else ([], [])
        chosen = f" AND {of} IN ({', '.join(map(str, numbers))})" if of else ""
        people: set[int] = set()
        for begin in range(0, len(shipments), _SHIPMENTS_AT_ONCE):
            # The first click of a person is the one that counts: in a shipment, or on a link in it.
            rows = self.database.rows(
                f"""
                SELECT DISTINCT recipient_id FROM {all_clickers(self.database)} AS clicker
                WHERE shipment_id IN ({", ".join(map(str, shipments[begin : begin + _SHIPMENTS_AT_ONCE]))}){chosen}
                AND human > 0 AND recipient_id <> {NOBODY}
                GROUP BY shipment_id, recipient_id{f", {of}" if of else ""}
                HAVING 1 = 1{self.scope.period.within("min(first_click)")} LIMIT {FEWEST_PEOPLE + len(people)}
                """
            )
            people.update(int(recipient) for (recipient,) in rows)
            if enough(len(people)):
                break
        return len(people)

    def _of(self, kind: _RowKind) -> str:
        return "link_id" if self.link is not None else kind.of

    def _tallies(self, kind: _RowKind) -> str:
        """The tallies with clickers, joined to what names the rows, in SQL that ends in a condition."""
        of = self._of(kind)
        noun = of.removesuffix("_id") or "shipment"
        table = f"{noun}_{'hour' if self.scope.period else 'tally'}"
        named = f" JOIN {noun} ON {noun}.id = tally.{of}" if kind.of else ""
        only = "" if self.link is None else f" AND tally.link_id = {self.link:d}"
        return (
            f"{table} AS tally JOIN shipment ON shipment.id = tally.shipment_id "
            f"JOIN mailing ON mailing.id = shipment.mailing_id{named} "
            f"WHERE {self.scope.counted()} AND tally.clickers > 0{self.scope.period.within('hour')}{only}"
        )


def _kind(records: Sequence[TotalsRecord]) -> _RowKind:
    return next(kind for kind in _KINDS if kind.key in records[0])


def people_by_age(database: Database, scope: Scope, by_shipment: Sequence[Sequence[int]]) -> list[int]:
    """The different people who have clicked until the end of each full hour since sending, as far as it matters.

    `by_shipment` are the clickers of each shipment by that hour.
    """
    ages = max(map(len, by_shipment), default=0)
    most = [max(sum(clickers[: age + 1]) for clickers in by_shipment) for age in range(ages)]
    if len(by_shipment) == 1 or not most or enough(most[-1]):
        return most
    firsts: dict[int, int] = {}
    for recipient, age in database.rows(
        f"""
        SELECT recipient_id, min(first_click) - max(shipment.sent_at)
        FROM {all_clickers(database)} AS clicker JOIN shipment ON shipment.id = clicker.shipment_id
        WHERE {scope.counted()} AND human > 0 AND recipient_id <> {NOBODY} GROUP BY shipment.id, recipient_id
        """
    ):
        hour = int(age) // HOUR
        if 0 <= hour < AGES:
            firsts[recipient] = min(hour, firsts.get(recipient, hour))
    return [sum(hour <= age for hour in firsts.values()) for age in range(ages)]
