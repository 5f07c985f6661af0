"""What comes on top of the clickers: written to their own rows, or, in a shipment of very many, to recent ones first.

How many pages a batch writes then goes by the recent rows, not by the people of the shipment. When there are many of
them they are added to the level below in the order of the key, so that each page is written once (`store.clickers`).
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from linktrack.store.clickers import COLUMNS, KEY
from linktrack.store.session import Database

_MANY = 500_000  # clickers of a shipment, from which on it pays to have the recent ones apart
_BATCH = 10_000  # clicks that come at once: those of a night
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
        recent = "SELECT level, count(*) FROM recent_clicker WHERE shipment_id = ? GROUP BY level"
        self._recent: Counter[int] = Counter(dict(database.rows(recent, (shipment,))))  # rows of each level, or more

    def add(self, new: Sequence[ClickerRow], more: Sequence[ClickerRow], clickers: int) -> None:
        """Write `new` rows of people and placements that have none, and add `more` to those that have, of which no
        click is later. `clickers` more have clicked. Part of a transaction."""
        if self._clickers >= _MANY or self._recent.total():
            self._add_recent(new, more)
        else:
            self._database.insert("clicker", COLUMNS, new)
            self._database.insert("clicker", COLUMNS, more, besides=_added_to("clicker"))
        self._clickers += clickers

    def _add_recent(self, new: Sequence[ClickerRow], more: Sequence[ClickerRow]) -> None:
        """The same, to recent rows. Part of a transaction."""
        count = len(new) + len(more)
        few, many = _most_recent(self._clickers)
        level = int(self._recent[0] + count > few)
        if level and self._recent[0]:  # what comes later is on top
            _move(self._database, 0, self._shipment)
            self._recent[1] += self._recent.pop(0)
        for rows, besides in ((new, ""), (more, _added_to("recent_clicker"))):
            at_level = [(level, *row) for row in rows]
            self._database.insert("recent_clicker", ("level", *COLUMNS), at_level, besides=besides)
        self._recent[level] += count
        if self._recent[1] > many:
            _move(self._database, 1, self._shipment)
            del self._recent[1]

    def replace(self, rows: Sequence[ClickerRow], gone: Sequence[tuple[int, int]]) -> None:
        """Write rows as they are now, each with all that is known of it, and take out those of `gone` recipients and
        placements. Part of a transaction."""
        spots = [*((recipient, placement) for _, recipient, placement, *_ in rows), *gone]
        of_spot = "shipment_id = ? AND recipient_id = ? AND placement_id = ?"
        for level in self._recent:
            self._database.executemany(
                f"DELETE FROM recent_clicker WHERE {of_spot} AND level = {level:d}",
                [(self._shipment, *spot) for spot in spots],
            )
        self._database.executemany(f"DELETE FROM clicker WHERE {of_spot}", [(self._shipment, *spot) for spot in gone])
        self._database.insert("clicker", COLUMNS, rows, besides=_REPLACE)


def add_all_recent(database: Database) -> None:
    """Add all recent rows to the others. Part of a transaction."""
    for level in (1, 0):  # the earlier ones first
        database.execute(
            f"INSERT INTO clicker ({_NAMES}) SELECT {_NAMES} FROM recent_clicker WHERE level = {level} ORDER BY {KEY}"
            f"{_added_to('clicker')}"
        )
    database.execute("DELETE FROM recent_clicker")


def _move(database: Database, level: int, shipment: int) -> None:
    """Add the recent rows of a level to those below them: of level 0 to level 1, of level 1 to the others. Part of a
    transaction."""
    these = f"FROM recent_clicker WHERE shipment_id = {shipment:d} AND level = {level:d}"
    into, more, of_more = ("clicker", "", "") if level else ("recent_clicker", "level, ", "1, ")
    database.execute(
        f"INSERT INTO {into} ({more}{_NAMES}) SELECT {of_more}{_NAMES} {these} ORDER BY {KEY}{_added_to(into)}"
    )
    database.execute(f"DELETE {these}")


def _most_recent(clickers: int) -> tuple[int, int]:
    """So many rows of level 0 and 1 that the fewest pages are written: half of level 0 with each batch, half of level 1
    when those of level 0 come to it, and all others when those of level 1 do. A click's share grows with the cube root
    of the clickers then."""
    return round((2 * clickers * _BATCH**2) ** (1 / 3)), round((4 * clickers**2 * _BATCH) ** (1 / 3))


def _added_to(table: str) -> str:
    """What to do where there is a row already, of which no click is later."""
    return (
        f" ON CONFLICT ({KEY}{', level' if table == 'recent_clicker' else ''}) "
        f"DO UPDATE SET human = {table}.human + excluded.human, machine = {table}.machine + excluded.machine, "
        f"first_click = coalesce({table}.first_click, excluded.first_click), "
        f"last_after = coalesce(excluded.first_click + excluded.last_after - {table}.first_click, {table}.last_after, "
        f"excluded.last_after), first_device = coalesce({table}.first_device, excluded.first_device)"
    )
