"""All that is known of one person."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linktrack.actions.ledger.for_reports import PersonChange, changes_of
from linktrack.clicks.clicked_hours import clicked_hours
from linktrack.reports.figures import Scope
from linktrack.store.conditions import reached
from linktrack.store.session import Database


class HistoryEntry(NamedTuple):
    """Something that happened with a person: a mailing sent, a click, a change in the CRM. `at`: UTC milliseconds."""

    at: int
    what: str
    mailing: str
    shipment: int
    link: str
    verdict: str
    detail: str


def history(database: Database, recipient: int, scope: Scope, *, tests: bool = False) -> list[HistoryEntry]:
    """What was sent to a recipient (by number), clicked in their name, by machines too, and changed by it, in order.

    A cancelled shipment is there and says so; tests only with `tests`. This reads the clicks themselves.
    """
    condition = scope.counted("1 = 1" if tests else "NOT shipment.is_test")
    shipments = {
        shipment: (mailing, sent_at, _state(test, reached, refused), email)
        for shipment, mailing, sent_at, test, reached, email, refused in database.rows(
            f"""
            SELECT shipment.id, mailing.name, shipment.sent_at, shipment.is_test,
                   CASE WHEN {reached()} THEN '' WHEN shipment.cancelled_at IS NULL THEN 'unfinished'
                   ELSE 'cancelled' END, sent.email, sent.uncounted
            FROM shipment_recipient AS sent JOIN shipment ON shipment.id = sent.shipment_id
            JOIN mailing ON mailing.id = shipment.mailing_id
            WHERE sent.recipient_id = ? AND {condition}
            """,
            (recipient,),
        )
    }
    found = [
        HistoryEntry(sent_at, "sent", mailing, shipment, "", "", ", ".join(filter(None, (email, state))))
        for shipment, (mailing, sent_at, state, email) in shipments.items()
    ]
    names = {shipment: mailing for shipment, (mailing, *_) in shipments.items()}
    found += _clicks(database, recipient, names)
    found += _changes(database, recipient, names)
    return sorted(found, key=lambda entry: (entry.at, _ORDER.index(entry.what)))


_ORDER = ("sent", "click", "change")


def _state(test: bool, unreached: str, refused: bool) -> str:
    state = unreached or ("test" if test else "")
    return ", ".join(filter(None, (state, "not tracked" if refused else "")))


def _clicks(database: Database, recipient: int, mailings: dict[int, str]) -> Iterator[HistoryEntry]:
    rows = (
        row
        for time in clicked_hours(database, recipient=recipient)
        for row in database.rows(
            """
            SELECT click.clicked_at, click.shipment_id, link.key, ruling.verdict, ruling.reasons
            FROM click JOIN link ON link.id = click.link_id JOIN ruling ON ruling.id = click.ruling_id
            WHERE click.clicked_at >= ? AND click.clicked_at < ? AND click.recipient_id = ?
            ORDER BY click.clicked_at, click.print
            """,
            (*time, recipient),
        )
    )
    for at, shipment, link, verdict, reasons in rows:
        if shipment in mailings:
            yield HistoryEntry(at, "click", mailings[shipment], shipment, link, verdict, reasons.replace(",", ", "))


def _changes(database: Database, recipient: int, mailings: dict[int, str]) -> Iterator[HistoryEntry]:
    for one in changes_of(database, recipient):
        if (mailing := mailings.get(one.shipment)) is not None:
            yield HistoryEntry(one.ran_at, "change", mailing, one.shipment, one.link, "", _change_said(one))


def _change_said(change: PersonChange) -> str:
    """A change in one line: `set-field city: Lund → Malmö`, and what came of it if that is not well."""
    old, new = change.old, change.new
    value = f"{old} -> {new}" if old and new else new or old
    said = f"{change.kind} {change.name}".strip() + f" {change.operation}" + (f": {value}" if value else "")
    why = f": {change.message}" if change.message else ""
    return said if change.status == "ok" else f"{said} ({change.status}{why})"
