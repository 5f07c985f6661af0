"""The addresses that scripts have set for later clicks of a person on a link (`returnUrl`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linktrack.store.catalogue import touch
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.actions.ledger.rows import MadeRow


def lead_to(database: Database, led: Sequence[tuple[MadeRow, str]]) -> None:
    """Note down the addresses that scripts want later clicks of these people to lead to. Part of a transaction."""
    database.executemany(
        "INSERT INTO return_address (link_id, recipient_id, shipment_id, url, change_id) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (link_id, recipient_id) DO UPDATE SET shipment_id = excluded.shipment_id, "
        "url = excluded.url, change_id = excluded.change_id",
        [(row.link_id, row.recipient_id, row.shipment_id, url, row.id) for row, url in led],
    )
    if led:
        touch(database)


def led_by_later(database: Database, row: MadeRow) -> bool:
    """Whether a script that a later run has reported leads this person elsewhere by this link."""
    return (
        database.value(
            "SELECT 1 FROM return_address a JOIN made m ON m.recipient_id = a.recipient_id AND m.id = a.change_id "
            "WHERE a.link_id = ? AND a.recipient_id = ? AND m.run_id > ?",
            (row.link_id, row.recipient_id, row.run_id),
        )
        is not None
    )


def return_address(database: Database, link_id: int, recipient_id: int) -> str:
    """Where a person is led by a link, "" where no script has said so."""
    sql = "SELECT url FROM return_address WHERE link_id = ? AND recipient_id = ?"
    return str(database.value(sql, (link_id, recipient_id)) or "")


def links_leading_elsewhere(database: Database) -> set[int]:
    """The ids of the links for which a script has answered with a `returnUrl` for at least one person, who is led there
    instead of to the link's address."""
    return {link_id for (link_id,) in database.rows("SELECT DISTINCT link_id FROM return_address")}
