"""`scanner_evidence`, derived once more from the verdicts of stored clicks, compared with what is kept, and mended."""

from __future__ import annotations

from collections.abc import Iterable

from linktrack.clicks.click import Click
from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.evidence import note_evidence
from linktrack.clicks.judging.network_table import NetworkTable
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.reputation import MINUTE_MS, Evidence, evidence, without_reputation
from linktrack.clicks.judging.rulings import Rulings
from linktrack.clicks.judging.surroundings import surroundings
from linktrack.store.many import at_once
from linktrack.store.session import Database

_AT_ONCE = 50_000  # clicks


def compare_evidence(database: Database, ruled: Iterable[tuple[Click, int]]) -> tuple[set[Evidence], set[Evidence]]:
    """Two sets: evidence that today's verdicts give and that is not stored, and stored evidence of visits without a
    click. Neither has evidence of clicks that are gone (purged, forgotten, reset), or that other rules gave: it cannot
    be derived again. `ruled` are all clicks with the ids of their rulings."""
    by = surroundings(database, Networks(()), Agents(database), NetworkTable(database))
    rulings = Rulings(database, by.rules)
    today = {number for (number,) in database.rows("SELECT id FROM ruling WHERE rules = ?", (by.rules,))}
    told = set[Evidence]()
    for piece in at_once(ruled, _AT_ONCE):
        own = [(click, number) for click, number in piece if number in today and not by.is_final(click)]
        verdicts = [without_reputation(rulings.verdict(number)) for _, number in own]
        told |= evidence([click for click, _ in own], verdicts, by)
    columns = ", ".join(Evidence._fields)
    kept = set(map(Evidence._make, database.rows(f"SELECT {columns} FROM scanner_evidence")))  # noqa: S608  (of our own)
    reset = int(database.value("SELECT coalesce(max(reset_at), -1) FROM link"))
    since = max(by.final, reset) // MINUTE_MS + 1
    beyond = {
        row
        for row in kept - told
        if row.minute >= since and row.recipient_id not in by.nobodies and not _has_click(database, row)
    }
    return told - kept, beyond


def _has_click(database: Database, row: Evidence) -> bool:
    start = row.minute * MINUTE_MS
    return (
        database.value(
            "SELECT 1 FROM click WHERE clicked_at BETWEEN ? AND ? AND recipient_id = ? AND shipment_id = ? LIMIT 1",
            (start, start + MINUTE_MS - 1, row.recipient_id, row.shipment_id),
        )
        is not None
    )


def mend_evidence(database: Database, ruled: Iterable[tuple[Click, int]]) -> None:
    """Store the first of what `compare_evidence` finds and remove the second, in the open transaction."""
    missing, beyond = compare_evidence(database, ruled)
    note_evidence(database, missing)
    which = " AND ".join(f"{column} = ?" for column in Evidence._fields)
    database.executemany(f"DELETE FROM scanner_evidence WHERE {which}", sorted(beyond))  # noqa: S608  (of our own)
