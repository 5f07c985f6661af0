"""The ledger read back: what runs have changed, and why something failed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, starmap
from typing import Any

from linktrack.actions.ledger.rows import UNFINISHED, LogFilter, LogRow
from linktrack.store import lookups
from linktrack.store.session import Database, Row

_NAMED = (
    "JOIN definition d ON d.id = c.definition_id JOIN link l ON l.id = c.link_id "
    "JOIN recipient r ON r.id = c.recipient_id JOIN shipment s ON s.id = c.shipment_id "
    "JOIN mailing m ON m.id = s.mailing_id"
)


def count_changes_of(database: Database, recipient_id: int) -> int:
    """How many changes a person's clicks have made."""
    return int(database.value("SELECT count(*) FROM change WHERE recipient_id = ?", (recipient_id,)))


def read_log(database: Database, only: LogFilter) -> Iterator[LogRow]:
    """The changes of runs, oldest first, and the scripts of a run that is not finished, read as they are wanted.

    What failed and was tried again is shown as it ended. UnknownName for a run, contact, link or mailing that there is
    not.
    """
    where, values = ["1 = 1"], list[Any]()
    for column, value in (
        ("c.run_id", None if only.run is None else lookups.run_id(database, only.run)),
        ("c.recipient_id", None if only.contact is None else lookups.recipient_id(database, only.contact)),
        ("c.link_id", None if only.link is None else lookups.link_id(database, only.link)),
        ("m.id", None if only.mailing is None else lookups.mailing_id(database, only.mailing)),
        ("c.kind", only.kind),
        ("c.status", only.status),
    ):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    if only.machine:
        where.append(
            "EXISTS (SELECT 1 FROM click k JOIN ruling g ON g.id = k.ruling_id WHERE k.clicked_at = c.clicked_at "
            "AND k.print = c.click_print AND k.recipient_id = c.recipient_id AND g.verdict <> 'human')"
        )
    columns = (
        "c.id, c.kind, r.contact_id, c.name, c.operation, c.old, c.new, l.key, m.name, c.shipment_id, c.clicked_at, "
        "c.click_print, c.run_id, c.status, c.ran_at, c.message, d.text"
    )
    sql = (
        f"SELECT {columns} FROM change c {_NAMED} WHERE c.retried_by IS NULL AND {' AND '.join(where)} "  # noqa: S608  (names of our own)
        "ORDER BY c.run_id{0}, c.number{0}"
    )
    unreported = _unreported(database, columns, where, values)
    if only.limit is None:
        return starmap(LogRow, chain(database.stream(sql.format(""), values), unreported))
    newest = database.rows(f"{sql.format(' DESC')} LIMIT {int(only.limit)}", values)
    return starmap(LogRow, [*reversed(newest), *unreported][-only.limit :])


def _unreported(database: Database, columns: str, where: Sequence[str], values: Collection[Any]) -> list[Row]:
    """The scripts that a run which is not finished has started."""
    runs = [run_id for (run_id,) in database.rows(f"SELECT id FROM run WHERE status IN {UNFINISHED}")]  # noqa: S608  (names of our own)
    if not runs:
        return []
    started = (
        "(SELECT recipient_id, id, run_id, clicked_at, click_print, link_id, shipment_id, kind, name, definition_id, "  # noqa: S608  (names of our own)
        "'run' AS operation, '' AS old, status AS new, status, message, ran_at FROM made "
        f"WHERE kind = 'script' AND run_id IN ({', '.join(map(str, runs))}))"
    )
    return database.rows(
        f"SELECT {columns} FROM {started} c {_NAMED} WHERE {' AND '.join(where)} "  # noqa: S608  (names of our own)
        "ORDER BY c.run_id, c.clicked_at, c.click_print",
        tuple(values),
    )
