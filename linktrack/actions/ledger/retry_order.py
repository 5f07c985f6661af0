"""Which run tried again what had failed: of the rows of one change, each that failed names the run of the next.

The last of them is the one that was carried out, or that of the last run: whatever is added in whatever order, what a
later run has settled stays so.
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from typing import NamedTuple

from linktrack.actions.ledger.rows import OVERRULED, REMOVED, UNFINISHED, Failure
from linktrack.store.session import Database

_FAILURE = ", ".join(Failure._fields)
_STAYS = f"message NOT LIKE '%({OVERRULED})' AND message NOT LIKE '%({REMOVED})'"
_RETRIED_BY_ONE = f"retried_by IN (SELECT id FROM run WHERE status NOT IN {UNFINISHED})"
STANDING_OPEN = (
    f"SELECT {_FAILURE} FROM change WHERE status <> 'ok' AND action <> 0 AND retried_by IS NULL AND {_STAYS}"
)

# The rows of changes that have failed once, each with the run of the next one. (What was decided by hand is decided
# anew every time, under the same id where it cannot be planned.)
_ROWS = (
    "SELECT run_id, number, recipient_id, id, kind, status, message, retried_by, lead(run_id) OVER "
    "(PARTITION BY recipient_id, id ORDER BY CASE WHEN status = 'ok' THEN 1 ELSE 0 END, run_id, number) AS next_run "
    "FROM change WHERE action <> 0 AND (recipient_id, id) IN "
    "(SELECT recipient_id, id FROM change WHERE status <> 'ok' AND {among})"
)
# A run may have tried again what changes nothing any more, and has no row of it then; of a script it always has one.
_MISLAID = (
    f"SELECT run_id, number, recipient_id, retried_by, next_run FROM ({_ROWS}) tried "
    f"WHERE status <> 'ok' AND next_run <> run_id AND {_STAYS} AND (retried_by IS NULL OR retried_by <> next_run "
    f"AND (kind = 'script' OR retried_by > next_run OR retried_by <= run_id OR NOT {_RETRIED_BY_ONE}))"
)
_LOST = (
    f"SELECT run_id, number, recipient_id FROM ({_ROWS}) tried WHERE status <> 'ok' AND retried_by IS NOT NULL "
    f"AND coalesce(next_run, run_id) = run_id AND (kind = 'script' OR retried_by <= run_id OR NOT {_RETRIED_BY_ONE}) "
    f"UNION SELECT run_id, number, recipient_id FROM ({_ROWS}) twice WHERE status <> 'ok' AND next_run = run_id "
    "UNION SELECT run_id, number, recipient_id FROM change "
    "WHERE (status = 'ok' OR action = 0) AND retried_by IS NOT NULL"
)
_ADDED = "(recipient_id, id) IN (SELECT recipient_id, id FROM spool_change)"


class Mislaid(NamedTuple):
    """A row that failed and does not name the run that tried it again, `next_run`."""

    run_id: int
    number: int
    recipient_id: int
    retried_by: int | None
    next_run: int


def mislaid_retries(database: Database) -> list[Mislaid]:
    """Rows that failed and do not name the run that has the next row of the same change."""
    return _mislaid(database, "1 = 1")


def lost_retries(database: Database) -> int:
    """How many rows say that they were tried again though no run has that second try, or stand twice in one run. What
    became of them cannot be known."""
    return int(database.value(f"SELECT count(*) FROM ({_LOST.format(among='1 = 1')}) lost"))


def mend_retries(database: Database) -> None:
    """Let every row that failed name the run that tried it again. Part of a transaction."""
    _name(database, mislaid_retries(database))


def order_retries(database: Database) -> None:
    """As `mend_retries`, for the rows in `spool_change`, whose run comes into the ledger after later ones. What stands
    open, and the tally, are then as if all runs had come in their order. Part of a transaction."""
    mislaid = _mislaid(database, _ADDED)
    _name(database, mislaid)
    counted = (row for row in mislaid if row.retried_by is None)  # a row that was tried again counts no more
    database.executemany(
        "UPDATE action_tally SET count = count - 1 WHERE (link_id, shipment_id, kind, name, status) IN "
        "(SELECT link_id, shipment_id, kind, name, status FROM change "
        "WHERE run_id = ? AND number = ? AND recipient_id = ?)",
        [(row.run_id, row.number, row.recipient_id) for row in counted],
    )
    database.execute("DELETE FROM action_tally WHERE count <= 0")
    database.execute(f"DELETE FROM failure WHERE {_ADDED}")
    database.execute(f"INSERT INTO failure ({_FAILURE}) {STANDING_OPEN} AND {_ADDED}")


def _mislaid(database: Database, among: str) -> list[Mislaid]:
    return [Mislaid(*row) for row in database.rows(_MISLAID.format(among=among))]


def _name(database: Database, mislaid: list[Mislaid]) -> None:
    database.executemany(
        "UPDATE change SET retried_by = ? WHERE run_id = ? AND number = ? AND recipient_id = ?",
        [(row.next_run, row.run_id, row.number, row.recipient_id) for row in mislaid],
    )
