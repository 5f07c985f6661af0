"""When clicks of some kind were made, as the hours of the figures know it: nobody need look for them in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from linktrack.moments import HOUR
from linktrack.store.session import Database

_NEAR = 6 * HOUR  # what lies so near is looked through sooner than looked up


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
    shipments: Sequence[tuple[str, Sequence[object]]] = (),
    verdict: str | None = None,
) -> list[Hours]:
    """The times, in order, in which all clicks lie that some conditions hold for: the number of a link, conditions on
    `shipment_id` with their values, a verdict. Within a time; all of that where nothing is asked for."""
    if link is None and not shipments and verdict is None:
        return [within]
    conditions = [("hour > ?", [within.since - HOUR]), ("hour < ?", [within.until]), *shipments]
    if link is not None:
        conditions.append(("link_id = ?", [link]))
    if verdict is not None:
        conditions.append((f"{verdict if verdict in ('human', 'test') else 'machine'} > 0", []))
    hours = database.rows(
        f"SELECT DISTINCT hour {'FROM shipment_hour' if link is None else 'FROM link_hour'} "
        f"WHERE {' AND '.join(sql for sql, _ in conditions)} ORDER BY hour",
        [value for _, values in conditions for value in values],
    )
    found: list[Hours] = []
    for (hour,) in hours:
        if found and hour - found[-1].until <= _NEAR:
            found[-1] = Hours(found[-1].since, hour + HOUR)
        else:
            found.append(Hours(hour, hour + HOUR))
    return [Hours(max(one.since, within.since), min(one.until, within.until)) for one in found]


def shipments_to(recipient: int) -> tuple[str, Sequence[object]]:
    """The condition on `shipment_id` that it went to a person; nobody clicks in another."""
    return (
        "shipment_id IN (SELECT sent.shipment_id FROM shipment JOIN shipment_recipient AS sent "
        "ON sent.shipment_id = shipment.id WHERE sent.recipient_id = ?)",
        [recipient],
    )
