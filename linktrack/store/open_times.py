"""Where open clicks may lie: stretches of time, so that a run of the actions looks at no other clicks.

A click is open as long as it is human and no run has passed it. It becomes so by an import, by being judged again, by
a shipment that is restored; whoever does that notes when.
"""

from __future__ import annotations

from collections.abc import Iterable

from linktrack.moments import Stretch, merged
from linktrack.store.session import Database

NEAR = 60_000  # milliseconds between stretches that are kept as one


def note_open_times(database: Database, stretches: Iterable[Stretch]) -> None:
    """Add stretches of time, in the open transaction; those that touch or nearly do become one."""
    new = merged(stretches, NEAR)
    if not new:
        return
    ends = (new[-1][1] + NEAR, new[0][0] - NEAR)
    rows = database.rows("SELECT first_at, last_at FROM open_time WHERE first_at <= ? AND last_at >= ?", ends)
    known = [(first, last) for first, last in rows]
    if known:
        database.execute("DELETE FROM open_time WHERE first_at <= ? AND last_at >= ?", ends)
    longer = "CASE WHEN excluded.last_at > open_time.last_at THEN excluded.last_at ELSE open_time.last_at END"
    together = f" ON CONFLICT (first_at) DO UPDATE SET last_at = {longer}"  # with what another job has just added
    database.insert("open_time", ("first_at", "last_at"), merged([*new, *known], NEAR), besides=together)


def open_times(database: Database) -> list[Stretch]:
    """All stretches in which open clicks may lie, in order, none within another one: of two jobs that added some at the
    same time, on a server, neither has seen those of the other."""
    return merged([(first, last) for first, last in database.rows("SELECT first_at, last_at FROM open_time")], NEAR)


def replace_open_times(database: Database, stretches: Iterable[Stretch]) -> None:
    """Make these all the stretches there are, in the open transaction: a run has looked at the others."""
    database.execute("DELETE FROM open_time")
    note_open_times(database, stretches)
