"""When a link and a shipment were clicked by a person first and last: moved with the clicks."""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import compress

from linktrack.clicks.rollups.clicker_changes import BY_PERSON
from linktrack.clicks.rollups.columns import Columns
from linktrack.moments import Stretch
from linktrack.store.clickers import all_clickers
from linktrack.store.session import Database

_Key = tuple[int, ...]


def settle_times(database: Database, columns: Columns) -> None:
    """Move first and last human click to those that came before and after them, and look for them again where they
    went."""
    kinds = set(zip(columns.was, columns.now, strict=True))
    won = _edges(columns, {(old, new) for old, new in kinds if old != new == BY_PERSON})
    lost = _edges(columns, {(old, new) for old, new in kinds if new != old == BY_PERSON})
    for table, keys, of in (
        ("link_tally", ("link_id", "shipment_id"), lambda pair: pair),
        ("shipment_tally", ("shipment_id",), lambda pair: pair[1:]),
    ):
        same = " AND ".join(f"{key} = ?" for key in keys)
        for key, (first, last) in _grouped(won, of).items():
            database.execute(
                f"UPDATE {table} SET "
                "first_click = CASE WHEN first_click IS NULL OR first_click > ? THEN ? ELSE first_click END, "
                "last_click = CASE WHEN last_click IS NULL OR last_click < ? THEN ? ELSE last_click END "
                f"WHERE {same}",
                (first, first, last, last, *key),
            )
        for key, (first, last) in _grouped(lost, of).items():
            edges = database.row(f"SELECT first_click, last_click FROM {table} WHERE {same}", key)
            if edges is not None and (first <= (edges[0] or 0) or last >= (edges[1] or 0)):
                clickers = f"{all_clickers(database)} AS clicker"
                database.execute(
                    f"UPDATE {table} SET first_click = (SELECT min(first_click) FROM {clickers} WHERE {same}), "
                    f"last_click = (SELECT max(last_click) FROM {clickers} WHERE {same}) WHERE {same}",
                    (*key, *key, *key),
                )


def _edges(columns: Columns, kinds: set[tuple[str, str]]) -> dict[_Key, Stretch]:
    """The times of the first and the last of some clicks, by link and shipment: those of these kinds, by as what they
    counted and count now."""
    found: dict[_Key, Stretch] = {}
    for shipment, own in columns.by_shipment() if kinds else ():
        which = list(map(kinds.__contains__, zip(own.was, own.now, strict=True)))
        links, times = list(compress(own.links, which)), list(compress(own.times, which))
        lasts = dict(zip(links, times, strict=True))  # in the order of time
        firsts = dict(zip(reversed(links), reversed(times), strict=True))
        found.update(((link, shipment), (first, lasts[link])) for link, first in firsts.items())
    return found


def _grouped(edges: Mapping[_Key, Stretch], of: Callable[[_Key], _Key]) -> dict[_Key, Stretch]:
    """The same by what `of` leaves of their keys."""
    found: dict[_Key, Stretch] = {}
    for pair, (first, last) in sorted(edges.items()):
        before = found.get(of(pair), (first, last))
        found[of(pair)] = (min(before[0], first), max(before[1], last))
    return found
