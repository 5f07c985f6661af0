"""When clicks of some kind were made, as the figures know it: nobody need look for them in between."""

# ruff: noqa: S608 -- what is put into the SQL are names and conditions of our own, never values

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from linktrack.moments import HOUR
from linktrack.store.clickers import all_clickers
from linktrack.store.session import Database

_NEAR = 6 * HOUR  # what lies so near is looked through sooner than looked up

Condition = tuple[str, Sequence[object]]  # in SQL, and its values


class Hours(NamedTuple):
    """Hours in a row, or a part of them, in UTC milliseconds: `since` included and `until` not."""

    since: int
    until: int


ALWAYS = Hours(-(2**62), 2**62)


def clicked_hours(
    database: Database,
    within: Hours = ALWAYS,
    *,
    link: int | None = None,
    shipments: Sequence[Condition] = (),
    recipient: int | None = None,
    verdict: str | None = None,
) -> list[Hours]:
    """The times, in order, in which all clicks lie that some conditions hold for: the number of a link, conditions on
    `shipment_id`, the number of a person, a verdict. Within a time; all of that where nothing is asked for."""
    if link is None and not shipments and recipient is None and verdict is None:
        return [within]
    table, wanted = "shipment_hour", [*shipments]
    if link is not None:
        table, wanted = "link_hour", [*shipments, ("link_id = ?", [link])]
    of_hour: list[Condition] = [("hour > ?", [within.since - HOUR]), ("hour < ?", [within.until])]
    if verdict is not None:
        of_hour.append((f"{verdict if verdict in ('human', 'test') else 'machine'} > 0", []))
    if recipient is None:
        times = _in_a_row(_hours(database, table, [*of_hour, *wanted]), near=_NEAR)
    else:
        wanted.append(_shipments_to(recipient))
        known = _of_clicker(database, recipient, wanted, of_hour, verdict)
        times = _in_a_row(sorted([*known, *_hours(database, table, [*of_hour, *wanted, _uncounted(recipient)])]))
    cut = (Hours(max(one.since, within.since), min(one.until, within.until)) for one in times)
    return [one for one in cut if one.since < one.until]


def _of_clicker(
    database: Database, recipient: int, wanted: Sequence[Condition], of_hour: Sequence[Condition], verdict: str | None
) -> Iterator[Hours]:
    """When a person clicked as far as that is counted: from the first to the last click at each placement; of machines'
    clicks in their name it is known which links these were on, and in which hours those were clicked by machines."""
    theirs, values = _all([("recipient_id = ?", [recipient]), *wanted])
    clickers = f"{all_clickers(database)} AS clicker"
    if verdict in (None, "human"):
        edges = f"SELECT first_click, last_click + 1 FROM {clickers} WHERE {theirs} AND human > 0"
        yield from (Hours(*row) for row in database.rows(edges, values))
    if verdict not in ("human", "test"):
        links = f"SELECT link_id, shipment_id FROM {clickers} WHERE {theirs} AND machine > 0"
        on_them = (f"(link_id, shipment_id) IN ({links})", values)
        yield from _hours(database, "link_hour", [on_them, ("machine > 0", []), *of_hour])


def _hours(database: Database, table: str, conditions: Sequence[Condition]) -> Iterator[Hours]:
    """The hours of a table of figures that conditions hold for, in order."""
    which, values = _all(conditions)
    rows = database.rows(f"SELECT DISTINCT hour FROM {table} WHERE {which} ORDER BY hour", values)
    return (Hours(hour, hour + HOUR) for (hour,) in rows)


def _in_a_row(times: Iterable[Hours], near: int = 0) -> list[Hours]:
    """Times in order, those that lie `near` each other, or overlap, made one."""
    found: list[Hours] = []
    for time in times:
        if found and time.since - found[-1].until <= near:
            found[-1] = Hours(found[-1].since, max(found[-1].until, time.until))
        else:
            found.append(time)
    return found


def _all(conditions: Sequence[Condition]) -> Condition:
    """Several conditions as one."""
    return " AND ".join(sql for sql, _ in conditions), [value for _, values in conditions for value in values]


def _shipments_to(recipient: int, more: str = "") -> Condition:
    """The condition on `shipment_id` that it went to a person; nobody clicks in another."""
    return (
        "shipment_id IN (SELECT sent.shipment_id FROM shipment JOIN shipment_recipient AS sent "
        f"ON sent.shipment_id = shipment.id WHERE sent.recipient_id = ?{more})",
        [recipient],
    )


def _uncounted(recipient: int) -> Condition:
    """The condition on an hour that there may be clicks of a person in it that are not counted as theirs: of a test, or
    in a shipment in which they refused tracking."""
    refused, values = _shipments_to(recipient, " AND shipment.uncounted > 0 AND sent.uncounted")
    return f"(test > 0 OR {refused})", values
