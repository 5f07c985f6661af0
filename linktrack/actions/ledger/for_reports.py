"""What the ledger tells reports: what a person's clicks have changed, and how often clicks have caused what."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.store.session import Database


class PersonChange(NamedTuple):
    """A change because of a click of a person, as their history tells it; `ran_at`: UTC milliseconds."""

    ran_at: int
    shipment: int
    link: str
    kind: str
    name: str
    operation: str
    old: str
    new: str
    status: str
    message: str


class CausedRow(NamedTuple):
    """How often runs have done a thing because of clicks, and with what success."""

    kind: str
    name: str
    status: str
    times: int


def changes_of(database: Database, recipient: int) -> list[PersonChange]:
    """What runs have changed because of a recipient's clicks, in the order in which they did."""
    return [
        PersonChange(*row)
        for row in database.rows(
            """
            SELECT change.ran_at, change.shipment_id, link.key, change.kind, change.name, change.operation, change.old,
                   change.new, change.status, change.message
            FROM change JOIN link ON link.id = change.link_id
            WHERE change.recipient_id = ? ORDER BY change.run_id, change.number
            """,
            (recipient,),
        )
    ]


def caused_in(database: Database, shipments: str) -> list[CausedRow]:
    """What clicks have caused in the shipments of a condition, by kind, name and status."""
    return [
        CausedRow(kind, name, status, int(count))
        for kind, name, status, count in database.rows(
            f"""
            SELECT kind, action_tally.name, status, sum(count)
            FROM action_tally JOIN shipment ON shipment.id = action_tally.shipment_id
            WHERE {shipments} GROUP BY kind, action_tally.name, status ORDER BY kind, action_tally.name, status
            """  # noqa: S608  (a condition of our own)
        )
    ]
