"""The addresses that scripts have set for later clicks of a person on a link (`returnUrl`)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from linktrack.store.catalogue import touch
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.actions.ledger.rows import MadeRow


class Led(NamedTuple):
    """Where a script wants later clicks of a person on a link to lead: by which shipment's mail, and change."""

    link_id: int
    recipient_id: int
    shipment_id: int
    url: str
    change_id: str


def lead_to(database: Database, led: Iterable[Led]) -> None:
    """Note down where scripts want later clicks to lead; the last counts. Part of a transaction."""
    some = iter(led)
    if (first := next(some, None)) is None:
        return
    database.executemany(
        f"INSERT INTO return_address ({', '.join(Led._fields)}) VALUES (?, ?, ?, ?, ?) "  # noqa: S608  (names of our own)
        "ON CONFLICT (link_id, recipient_id) DO UPDATE SET shipment_id = excluded.shipment_id, "
        "url = excluded.url, change_id = excluded.change_id",
        chain([first], some),
    )
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
