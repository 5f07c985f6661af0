"""Rows that contradict each other: the ledger and what was made, clicks and their mails, runs and their end."""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Iterator

from linktrack.actions.ledger.rows import UNFINISHED
from linktrack.clicks.judging.told import compare_evidence
from linktrack.store.session import Database
from linktrack.upkeep.deep import Fault, ruled_clicks

_SAME = ("link_id", "shipment_id", "clicked_at", "click_print", "kind", "action")
_LIVING = "recipient_id NOT IN (SELECT id FROM recipient WHERE forgotten_at IS NOT NULL)"

# Of a table the rows that are wrong, and what it is about them.
_CONTRADICTIONS = (
    (
        "made",
        "SELECT DISTINCT m.recipient_id, m.id FROM made m "
        "JOIN change c ON c.recipient_id = m.recipient_id AND c.id = m.id WHERE "
        + " OR ".join(f"m.{column} <> c.{column}" for column in _SAME),
        "are of another click, link, shipment or action than in the ledger",
    ),
    (
        "change",
        f"SELECT 1 FROM change c WHERE c.status = 'ok' AND c.operation IN ('make', 'run') AND c.{_LIVING} "
        "AND NOT EXISTS (SELECT 1 FROM made m WHERE m.recipient_id = c.recipient_id AND m.id = c.id)",
        "made something that is not kept as made",
    ),
    (
        "change",
        "SELECT 1 FROM change c JOIN click k ON k.clicked_at = c.clicked_at AND k.print = c.click_print "
        "AND k.recipient_id = c.recipient_id WHERE k.link_id <> c.link_id OR k.shipment_id <> c.shipment_id",
        "name another link or shipment than their click",
    ),
    (
        "failure",
        "SELECT 1 FROM failure f LEFT JOIN change c ON c.run_id = f.run_id AND c.number = f.number "
        "AND c.recipient_id = f.recipient_id WHERE c.id IS NULL OR c.id <> f.id OR c.status <> f.status "
        "OR c.link_id <> f.link_id OR c.clicked_at <> f.clicked_at OR c.click_print <> f.click_print",
        "stand open otherwise than in the ledger",
    ),
    (
        "click",
        "SELECT 1 FROM click k JOIN placement p ON p.id = k.placement_id JOIN shipment s ON s.id = k.shipment_id "
        "WHERE p.link_id <> k.link_id OR p.mailing_id <> s.mailing_id",
        "are on a placement of another link, or of another mailing than their shipment's",
    ),
    (
        "run",
        f"SELECT 1 FROM run r WHERE (status IN {UNFINISHED}) <> (finished_at IS NULL) "
        f"OR (status IN {UNFINISHED} AND EXISTS (SELECT 1 FROM change c WHERE c.run_id = r.id)) "
        "OR (status = 'taken' AND (SELECT max(restored_at) FROM workspace) IS NULL)",
        "have a status that their end, or the ledger, denies",
    ),
)


def contradictions(database: Database) -> Iterator[Fault]:
    """Rows that contradict others."""
    for table, wrong, what in _CONTRADICTIONS:
        if count := int(database.value(f"SELECT count(*) FROM ({wrong}) wrong")):
            yield Fault(table, count, what, mended=False)
    missing, beyond = compare_evidence(database, ruled_clicks(database))
    if wrong_rows := len(missing) + len(beyond):
        yield Fault("scanner_evidence", wrong_rows, "are not what the verdicts of clicks say", mended=True)
