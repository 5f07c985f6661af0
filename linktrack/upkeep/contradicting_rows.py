"""Rows that contradict each other: those of the ledger, clicks and their mails, verdicts and the looks of scanners."""

from __future__ import annotations

from collections.abc import Iterator

from linktrack.actions.ledger.denied import denied_rows
from linktrack.clicks.judging.evidence_repair import compare_evidence
from linktrack.links.signing_keys import key_numbers
from linktrack.mailings.shipments import read_settings
from linktrack.store.session import Database
from linktrack.upkeep.deep import Fault, ruled_clicks

_ELSEWHERE = (
    "SELECT count(*) FROM click k JOIN placement p ON p.id = k.placement_id JOIN shipment s ON s.id = k.shipment_id "
    "WHERE p.link_id <> k.link_id OR p.mailing_id <> s.mailing_id"
)


def _of_no_key(database: Database) -> int:
    """How many shipments are signed with a key that the workspace has never had."""
    known = key_numbers(database)
    counts = database.rows("SELECT settings, count(*) FROM shipment GROUP BY settings")
    return sum(int(count) for settings, count in counts if read_settings(settings).key_id not in known)


def contradictions(database: Database) -> Iterator[Fault]:
    """Rows that contradict others."""
    for one in denied_rows(database):
        yield Fault(*one)
    if count := int(database.value(_ELSEWHERE)):
        what = "are on a placement of another link, or of another mailing than their shipment's"
        yield Fault("click", count, what, mended=False)
    if count := _of_no_key(database):
        what = "are signed with a key that this workspace has never had (key_id), not with one that was revoked"
        yield Fault("shipment", count, what, mended=False)
    missing, beyond = compare_evidence(database, ruled_clicks(database))
    if wrong_rows := len(missing) + len(beyond):
        yield Fault("scanner_evidence", wrong_rows, "are not what the verdicts of clicks say", mended=True)
