"""What the ledger tells again of what is kept beside it: how many changes of each kind there are, and which clicks
decided last."""

from __future__ import annotations

from collections.abc import Iterator

from linktrack.actions.ledger.rows import SettledRow, settled_as
from linktrack.store.session import Database

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


def lost_decisions(database: Database) -> Iterator[SettledRow]:
    """What a click has decided by the ledger, where nothing, or only an earlier click, is kept as having decided it.
    (Whose company an interest is, the ledger does not say.)"""
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


def keep_decisions(database: Database) -> None:
    """Keep what the ledger says was decided and nothing else does. Part of a transaction."""
    latest: dict[tuple[int, str, str], SettledRow] = {}
    for row in lost_decisions(database):
        key = row[:3]
        if key not in latest or latest[key][3:5] < row[3:5]:
            latest[key] = row
    database.insert(
        "settled",
        SettledRow._fields,
        list(latest.values()),
        besides=" ON CONFLICT (recipient_id, kind, name) DO UPDATE SET clicked_at = excluded.clicked_at, "
        "click_print = excluded.click_print, value = excluded.value",
    )
