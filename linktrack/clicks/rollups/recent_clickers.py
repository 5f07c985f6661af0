"""What comes on top of the clickers: written to their own rows, or, in a shipment of very many, to recent ones first.

How many pages a batch writes then goes by the recent rows, not by the people of the shipment. When there are many of
them they are added to the others in the order of the key, so that each page is written once (`store.clickers`).
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isqrt

from linktrack.store.clickers import COLUMNS, KEY
from linktrack.store.session import Database

_MANY = 500_000  # clickers of a shipment, from which on it pays to have the recent ones apart
_BATCH = 20_000  # clicks that come at once: in a long import they are more, in that of a night fewer
_NAMES = ", ".join(COLUMNS)
_REPLACE = (
    f" ON CONFLICT ({KEY}) DO UPDATE SET human = excluded.human, machine = excluded.machine, "
    "first_click = excluded.first_click, last_after = excluded.last_after, first_device = excluded.first_device"
)

ClickerRow = tuple[int | None, ...]  # one of the tables: their `COLUMNS`


class ClickerRows:
    """The rows of the clickers of one shipment, for who writes them: whoever has the lock of the import."""

    def __init__(self, database: Database, shipment: int) -> None:
        self._database, self._shipment = database, shipment
        clickers = database.value("SELECT clickers FROM shipment_tally WHERE shipment_id = ?", (shipment,))
        self._clickers: int = clickers or 0
        self._recent: int = database.value("SELECT count(*) FROM recent_clicker WHERE shipment_id = ?", (shipment,))

    def add(self, new: Sequence[ClickerRow], more: Sequence[ClickerRow], clickers: int) -> None:
        """Write `new` rows of people and placements that have none, and add `more` to those that have, of which no
        click is later. `clickers` more have clicked. Part of a transaction."""
        table = "recent_clicker" if self._recent or self._clickers >= _MANY else "clicker"
        self._database.insert(table, COLUMNS, new)
        self._database.insert(table, COLUMNS, more, besides=_added_to(table))
        self._clickers += clickers
        if table == "recent_clicker":
            self._recent += len(new) + len(more)
            if self._recent > _most_recent(self._clickers):
                add_recent(self._database, self._shipment)
                self._recent = 0

    def replace(self, rows: Sequence[ClickerRow], gone: Iterable[tuple[int, int]]) -> None:
        """Write rows as they are now, each with all that is known of it, and take out those of `gone` recipients and
        placements. Part of a transaction."""
        spots = [*((recipient, placement) for _, recipient, placement, *_ in rows), *gone]
        for table, taken in (("recent_clicker", spots if self._recent else ()), ("clicker", gone)):
            self._database.executemany(
                f"DELETE FROM {table} WHERE shipment_id = ? AND recipient_id = ? AND placement_id = ?",
                [(self._shipment, *spot) for spot in taken],
            )
        self._database.insert("clicker", COLUMNS, rows, besides=_REPLACE)


def add_recent(database: Database, shipment: int | None = None) -> None:
    """Add the recent rows of a shipment, or of all, to the others. Part of a transaction."""
    only = "TRUE" if shipment is None else f"shipment_id = {shipment:d}"
    database.execute(
        f"INSERT INTO clicker ({_NAMES}) SELECT {_NAMES} FROM recent_clicker WHERE {only} ORDER BY {KEY}"
        f"{_added_to('clicker')}"
    )
    database.execute(f"DELETE FROM recent_clicker WHERE {only}")


def _most_recent(clickers: int) -> int:
    """So many recent rows that the fewest pages are written: on an average half of them with each batch, and all those
    of the others when they come to them."""
    return isqrt(2 * _BATCH * clickers)


def _added_to(table: str) -> str:
    """What to do where there is a row already, of which no click is later."""
    return (
        f" ON CONFLICT ({KEY}) DO UPDATE SET human = {table}.human + excluded.human, "
        f"machine = {table}.machine + excluded.machine, "
        f"first_click = coalesce({table}.first_click, excluded.first_click), "
        f"last_after = coalesce(excluded.first_click + excluded.last_after - {table}.first_click, {table}.last_after, "
        f"excluded.last_after), first_device = coalesce({table}.first_device, excluded.first_device)"
    )
