"""What is kept beside the ledger, derived from it once more: how many changes of each kind there are, what stands open
because it failed, and which clicks decided last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linktrack.actions.ledger.retry_order import STANDING_OPEN
from linktrack.actions.ledger.rows import Failure, SettledRow, settled_as
from linktrack.links.special_links import LEAVING_IDS
from linktrack.store.differing import differing
from linktrack.store.purged import horizon
from linktrack.store.session import Database

# Decisions that are kept and that no click has made: no click has their time and print, nor was it purged, or taken
# away by a reset, nor did a run decide by hand then. (What runs after a backup have decided is of clicks that are still
# to be imported.)
_UNDECIDED = (
    "kind <> 'company-interest' AND clicked_at >= ? AND clicked_at > (SELECT coalesce(max(reset_at), -1) FROM link) "
    "AND (SELECT max(restored_at) FROM workspace) IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM click k WHERE k.clicked_at = settled.clicked_at AND k.print = settled.click_print "
    "AND k.recipient_id = settled.recipient_id) "
    "AND NOT EXISTS (SELECT 1 FROM wiped_click w WHERE w.clicked_at = settled.clicked_at "
    "AND w.print = settled.click_print) "
    "AND NOT EXISTS (SELECT 1 FROM run WHERE started_at = settled.clicked_at)"
)
_FAILURE = ", ".join(Failure._fields)
_UNTOLD = "NOT EXISTS (SELECT 1 FROM change c WHERE c.recipient_id = failure.recipient_id AND c.id = failure.id)"
_DECISIONS = "status = 'ok' AND operation IN ('set', 'add', 'remove') AND kind <> 'company-interest'"


def tells_all(database: Database) -> bool:
    """Whether the ledger has all changes that were ever counted: of forgotten people only the counts are left."""
    return database.value("SELECT 1 FROM recipient WHERE forgotten_at IS NOT NULL LIMIT 1") is None


def count_changes(database: Database) -> None:
    """Make the tally of changes anew, in which each counts with what became of it in the end; what the ledger does not
    tell any more stays counted. Part of a transaction."""
    if tells_all(database):
        database.execute("DELETE FROM action_tally")
    database.execute(
        "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) "
        "SELECT link_id, shipment_id, kind, name, status, count(*) FROM change WHERE retried_by IS NULL "
        "GROUP BY link_id, shipment_id, kind, name, status "
        "ON CONFLICT (link_id, shipment_id, kind, name, status) DO UPDATE SET count = "
        "CASE WHEN action_tally.count < excluded.count THEN excluded.count ELSE action_tally.count END"
    )


def tallies(database: Database, counted: str) -> tuple[str, str]:
    """Queries for the tally of changes as it is kept, and as it was counted anew in the table `counted`; what only the
    kept one tells is in neither."""
    more = "SELECT link_id, shipment_id, kind, name, status, count FROM {}"
    if tells_all(database):
        return more.format("action_tally"), more.format(counted)
    kept = (
        "SELECT c.link_id, c.shipment_id, c.kind, c.name, c.status, CASE WHEN a.count > c.count THEN c.count "  # noqa: S608  (of our own)
        f"ELSE a.count END FROM {counted} c JOIN action_tally a ON a.link_id = c.link_id "
        "AND a.shipment_id = c.shipment_id AND a.kind = c.kind AND a.name = c.name AND a.status = c.status"
    )
    return kept, more.format(counted)


def wrong_failures(database: Database) -> int:
    """How many failures stand open otherwise than the ledger says, or do not, but for those that it lacks."""
    return differing(database, f"SELECT {_FAILURE} FROM failure WHERE NOT {_UNTOLD}", STANDING_OPEN)  # noqa: S608  (of our own)


def untold_failures(database: Database) -> int:
    """How many failures stand open that the ledger has no row of (any more): they can be tried again as before."""
    return int(database.value(f"SELECT count(*) FROM failure WHERE {_UNTOLD}"))  # noqa: S608  (of our own)


def keep_failures(database: Database) -> None:
    """Make anew what stands open because it failed: where a run has it twice, once. That of which the ledger has no row
    stays. Part of a transaction."""
    database.execute(f"DELETE FROM failure WHERE NOT {_UNTOLD}")  # noqa: S608  (of our own)
    database.execute(f"INSERT INTO failure ({_FAILURE}) {STANDING_OPEN} ON CONFLICT (recipient_id, id) DO NOTHING")


def undecided(database: Database) -> int:
    """How many decisions are kept that no click has made."""
    sql = f"SELECT count(*) FROM settled WHERE {_UNDECIDED}"  # noqa: S608  (of our own)
    return int(database.value(sql, (horizon(database).clicks,)))


class _Decided(NamedTuple):
    """A change by which an interest, a selection or a project came or went, and what is kept of the same click."""

    run_id: int
    number: int
    recipient_id: int
    kind: str
    name: str
    clicked_at: int
    click_print: int
    operation: str
    kept_name: str
    kept: str

    def row(self) -> SettledRow:
        value = "yes" if self.operation == "add" else ""
        return SettledRow(self.recipient_id, self.kind, self.kept_name, self.clicked_at, self.click_print, value)


def _other_decisions(database: Database) -> Iterator[SettledRow]:
    """What a click has decided by the ledger, where it is kept as having decided the opposite: of interests,
    selections and projects. (How a field's value is written, its export says.)"""
    latest: dict[tuple[int, str, str], _Decided] = {}
    for found in database.stream(
        "SELECT c.run_id, c.number, c.recipient_id, c.kind, c.name, c.clicked_at, c.click_print, c.operation, s.name, "
        "s.value FROM change c JOIN settled s ON s.recipient_id = c.recipient_id AND s.kind = c.kind "
        "AND s.clicked_at = c.clicked_at AND s.click_print = c.click_print "
        "WHERE c.status = 'ok' AND c.operation IN ('add', 'remove') AND c.kind <> 'company-interest'"
    ):
        one = _Decided._make(found)
        if settled_as(one.kind, one.name) == one.kept_name:
            key = one.recipient_id, one.kind, one.kept_name
            latest[key] = max(latest.get(key, one), one)  # the last of them in the last run
    yield from (one.row() for one in latest.values() if one.row().value != one.kept)


def lost_decisions(database: Database) -> Iterator[SettledRow]:
    """What a click has decided by the ledger, where nothing, only an earlier click, or the opposite is kept as decided.
    (Whose company an interest is, the ledger does not say.)"""
    yield from _other_decisions(database)
    for recipient, kind, name, at in database.rows(
        "SELECT recipient_id, kind, name, max(clicked_at) FROM change c "  # noqa: S608  (of our own)
        f"WHERE {_DECISIONS} GROUP BY recipient_id, kind, name HAVING max(clicked_at) > coalesce(("
        "SELECT max(s.clicked_at) FROM settled s WHERE s.recipient_id = c.recipient_id AND s.kind = c.kind "
        "AND s.name IN (c.name, lower(c.name))), -1)"
    ):
        settled = settled_as(kind, name)
        known = database.value(
            "SELECT clicked_at FROM settled WHERE recipient_id = ? AND kind = ? AND name = ?",
            (recipient, kind, settled),
        )
        if known is not None and known >= at:
            continue
        row = database.row(
            "SELECT click_print, operation, new FROM change WHERE recipient_id = ? AND kind = ? AND name = ? "  # noqa: S608  (of our own)
            f"AND clicked_at = ? AND {_DECISIONS} ORDER BY click_print DESC, run_id DESC, number DESC LIMIT 1",
            (recipient, kind, name, at),
        )
        if row is not None:
            mark, operation, new = row
            value = new if operation == "set" else "yes" if operation == "add" else ""
            yield SettledRow(recipient, kind, settled, at, mark, value)


def _click_of(row: SettledRow) -> tuple[int, int]:
    return row.clicked_at, row.click_print


def keep_decisions(database: Database) -> None:
    """Keep what the ledger says was decided and nothing else does, and nothing that no click has decided. Part of a
    transaction."""
    database.execute(f"DELETE FROM settled WHERE {_UNDECIDED}", (horizon(database).clicks,))  # noqa: S608  (of our own)
    latest: dict[tuple[int, str, str], SettledRow] = {}
    for row in lost_decisions(database):
        key = (row.recipient_id, row.kind, row.name)
        if key not in latest or _click_of(latest[key]) < _click_of(row):
            latest[key] = row
    database.insert(
        "settled",
        SettledRow._fields,
        list(latest.values()),
        besides=" ON CONFLICT (recipient_id, kind, name) DO UPDATE SET clicked_at = excluded.clicked_at, "
        "click_print = excluded.click_print, value = excluded.value",
    )


class InterestTaken(NamedTuple):
    """An interest that an action was to take away, the time (UTC milliseconds) of the click, and one at which linktrack
    knew of it: of a change when it was made, else when the click was imported."""

    recipient_id: int
    name: str
    clicked_at: int
    known_at: int


def interests_taken(database: Database) -> Iterator[InterestTaken]:
    """The interests that actions of links took away from people who are not forgotten, whether the CRM showed them or
    not: by changes, also failed ones, and by decisions that changed nothing, as far as their clicks are still here."""
    for row in database.rows(
        "SELECT c.recipient_id, c.name, c.clicked_at, c.ran_at FROM change c "  # noqa: S608  (of our own)
        "JOIN recipient r ON r.id = c.recipient_id "
        "WHERE c.kind = 'interest' AND c.operation = 'remove' AND c.action > 0 AND r.forgotten_at IS NULL "
        "UNION SELECT s.recipient_id, s.name, s.clicked_at, coalesce(g.read_at, s.clicked_at) FROM settled s "
        "JOIN recipient r ON r.id = s.recipient_id JOIN click k ON k.clicked_at = s.clicked_at "
        "AND k.print = s.click_print AND k.recipient_id = s.recipient_id LEFT JOIN reading g ON g.id = k.reading_id "
        "WHERE s.kind = 'interest' AND s.value = '' AND r.forgotten_at IS NULL "
        f"AND (k.pressed = '' OR k.link_id NOT IN ({LEAVING_IDS}))"
    ):
        yield InterestTaken(*row)
