"""The ledger, read back: every change with its run, filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from linktrack.store.session import Database

_NAMES = (
    *("id", "kind", "contact_id", "name", "operation", "old", "new", "link", "mailing", "shipment", "click"),
    *("clicked_at", "run", "status", "ran_at", "definition"),
)


@dataclass(frozen=True)
class Filter:
    """Which changes to read; None = all.

    `machine` keeps what was caused by clicks that have been judged a machine's since: nothing of it is undone by
    itself. `limit` keeps the last so many.
    """

    run: int | None = None
    contact: str | None = None
    link: str | None = None
    mailing: str | None = None
    kind: str | None = None
    status: str | None = None
    machine: bool = False
    limit: int | None = None


def read_log(database: Database, only: Filter) -> list[dict[str, Any]]:
    """The changes of finished runs and all scripts, oldest first; times in UTC milliseconds, `definition` the action
    as it was then (JSON).
    """
    where, values = ["1 = 1"], list[Any]()
    for column, value in (
        ("c.run_id", only.run),
        ("r.contact_id", only.contact),
        ("l.key", only.link),
        ("m.name", only.mailing),
        ("c.kind", only.kind),
        ("c.status", only.status),
    ):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    if only.machine:
        where.append("c.click_id IN (SELECT click_id FROM judgement WHERE verdict <> 'human')")
    newest = "" if only.limit is None else f" DESC LIMIT {int(only.limit)}"
    rows = database.rows(
        "SELECT c.id, c.kind, r.contact_id, c.name, c.operation, c.old, c.new, l.key, m.name, c.shipment_id, "  # noqa: S608  (names and marks of our own)
        "c.click_id, c.clicked_at, c.run_id, c.status, c.ran_at, d.text FROM change c "
        "JOIN definition d ON d.id = c.definition_id "
        "JOIN link l ON l.id = c.link_id JOIN recipient r ON r.id = c.recipient_id "
        "JOIN shipment s ON s.id = c.shipment_id JOIN mailing m ON m.id = s.mailing_id "
        f"WHERE {' AND '.join(where)} ORDER BY c.run_id{' DESC' if only.limit else ''}, c.number{newest}",
        values,
    )
    return [dict(zip(_NAMES, row, strict=True)) for row in (reversed(rows) if only.limit else rows)]
