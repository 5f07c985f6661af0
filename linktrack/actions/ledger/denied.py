"""Rows of the ledger that other rows contradict: what was made, what failed, what clicks have caused, how runs
ended."""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linktrack.actions.ledger.made_anew import untold_failures, wrong_failures
from linktrack.actions.ledger.retry_order import lost_retries, mislaid_retries
from linktrack.actions.ledger.rows import UNFINISHED
from linktrack.store.session import Database


class Denied(NamedTuple):
    """Rows of a table that other rows contradict: how many, and what is wrong with them; `mended`: they can be made
    anew."""

    table: str
    rows: int
    what: str
    mended: bool = False


_SAME = ("link_id", "shipment_id", "clicked_at", "click_print", "kind", "action")
_LIVING = "recipient_id NOT IN (SELECT id FROM recipient WHERE forgotten_at IS NOT NULL)"
_ENDED_SO = (
    "m.run_id = c.run_id AND (m.status <> c.status OR m.kind <> 'script' AND m.definition_id <> c.definition_id)"
)

# By table the rows that are wrong, and what is wrong with them. (A script that an interrupted run has started follows
# the settings of then, and the run that reports it those of today.)
_DENIED = (
    (
        "made",
        "SELECT DISTINCT m.recipient_id, m.id FROM made m "
        "JOIN change c ON c.recipient_id = m.recipient_id AND c.id = m.id WHERE "
        + " OR ".join(f"m.{column} <> c.{column}" for column in _SAME),
        "are of another click, link, shipment or action than in the ledger",
    ),
    (
        "made",
        "SELECT DISTINCT m.recipient_id, m.id FROM made m "
        f"JOIN change c ON c.recipient_id = m.recipient_id AND c.id = m.id WHERE {_ENDED_SO}",
        "ended otherwise, or follow other settings, than in the ledger",
    ),
    *(
        (
            table,
            f"SELECT 1 FROM {table} t JOIN definition d ON d.id = t.definition_id "
            "WHERE d.link_id <> t.link_id OR d.action <> t.action",
            "follow the settings of another action",
        )
        for table in ("made", "change")
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
        "run",
        f"SELECT 1 FROM run r WHERE (status IN {UNFINISHED}) <> (finished_at IS NULL) "
        f"OR (status IN {UNFINISHED} AND EXISTS (SELECT 1 FROM change c WHERE c.run_id = r.id)) "
        "OR (status = 'taken' AND (SELECT max(restored_at) FROM workspace) IS NULL)",
        "have a status that their end, or the ledger, denies",
    ),
)


def denied_rows(database: Database) -> Iterator[Denied]:
    """Rows of the ledger that contradict others."""
    for table, wrong, what in _DENIED:
        if count := int(database.value(f"SELECT count(*) FROM ({wrong}) wrong")):
            yield Denied(table, count, what)
    if lost := lost_retries(database):
        yield Denied(
            "change", lost, "are said to have been tried again by a run that has none of it, or are twice in one"
        )
    if mislaid := mislaid_retries(database):
        yield Denied("change", len(mislaid), "do not name the run that tried them again", mended=not lost)
    if count := untold_failures(database):
        yield Denied("failure", count, "stand open though the ledger has no row of them: they can still be tried again")
    if count := wrong_failures(database):
        yield Denied("failure", count, "stand open otherwise than in the ledger", mended=not lost)
