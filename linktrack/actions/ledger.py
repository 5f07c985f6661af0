"""The ledger: which clicks are open, what was made and settled because of earlier ones, and what a run adds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from linktrack.actions.planned import Clicked, LinkFacts, Placed, ScriptResult, ShipmentFacts
from linktrack.links.actions import parse_action
from linktrack.store.session import Database

_CLICK_OF = (
    "FROM click c JOIN judgement j ON j.click_id = c.id JOIN shipment s ON s.id = c.shipment_id "
    "JOIN link l ON l.id = c.link_id JOIN recipient r ON r.id = c.recipient_id "
    "WHERE j.verdict = 'human' AND s.is_test = ? AND r.forgotten_at IS NULL "
    "AND (l.reset_at IS NULL OR c.clicked_at > l.reset_at) "
    "AND c.link_id IN (SELECT link_id FROM action)"
)
_COLUMNS = "c.id, c.identity, c.clicked_at, c.link_id, c.shipment_id, c.placement_id, c.recipient_id, r.contact_id"


def begin_open_clicks(database: Database) -> None:
    """Make the empty temporary tables of a run: `open_click`, and those that its ledger rows are kept aside in."""
    for table in ("open_click", "spool_change", "spool_handled", "spool_made", "spool_settled", "spool_reported"):
        database.execute(f"DROP TABLE IF EXISTS {table}")
    database.execute(
        f"CREATE TEMP TABLE open_click AS SELECT {_COLUMNS}, 0 AS retry {_CLICK_OF} AND 1 = 0",
        (False,),
    )
    for name, like in (
        ("spool_change", "change"),
        ("spool_made", "made"),
        ("spool_settled", "settled"),
        ("spool_handled", "handled_click"),
    ):
        database.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {like} WHERE 1 = 0")  # noqa: S608  (names and marks of our own)
    database.execute("CREATE TEMP TABLE spool_reported (id TEXT NOT NULL)")  # scripts that this run reports
    database.execute("CREATE UNIQUE INDEX spool_settled_key ON spool_settled (recipient_id, kind, name)")


def find_open_clicks(database: Database, *, retry: bool) -> int:
    """Put the human clicks on links with actions that no run has handled into the temporary table `open_click`,
    and with `retry` those whose script failed. Returns how many. Clicks on links without actions stay open: they
    are taken up when the link gets one.
    """
    begin_open_clicks(database)
    database.execute(
        f"INSERT INTO open_click SELECT {_COLUMNS}, 0 {_CLICK_OF} "  # noqa: S608  (names and marks of our own)
        "AND NOT EXISTS (SELECT 1 FROM handled_click h WHERE h.click_id = c.id)",
        (False,),
    )
    if retry:
        database.execute(
            f"INSERT INTO open_click SELECT {_COLUMNS}, 1 {_CLICK_OF} "  # noqa: S608  (names and marks of our own)
            "AND c.id IN (SELECT click_id FROM made WHERE kind = 'script' AND status <> 'ok') "
            "AND c.id NOT IN (SELECT id FROM open_click)",
            (False,),
        )
    return int(database.value("SELECT count(*) FROM open_click WHERE retry = 0"))


class Ledger:
    """What a run reads of the database, and the rows it is going to add in its one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.links = {
            row[0]: LinkFacts(*row)
            for row in database.rows(
                "SELECT l.id, l.key, l.name, l.url, coalesce(f.path, '') FROM link l "
                "LEFT JOIN folder f ON f.id = l.folder_id WHERE l.id IN (SELECT link_id FROM open_click)"
            )
        }
        self.shipments = {
            row[0]: ShipmentFacts(*row)
            for row in database.rows(
                "SELECT s.id, m.name, m.subject, m.type FROM shipment s JOIN mailing m ON m.id = s.mailing_id"
            )
        }
        self.placements: dict[int, str] = dict(
            database.rows("SELECT id, key FROM placement WHERE id IN (SELECT placement_id FROM open_click)")
        )
        self._batches: dict[str, list[tuple[Any, ...]]] = {}

    def contact_ids(self) -> set[str]:
        return {row[0] for row in self.database.rows("SELECT DISTINCT contact_id FROM open_click")}

    def clicks(self, link_ids: Iterable[int] | None = None) -> Iterator[tuple[Clicked, bool]]:
        """The open clicks in the order of time, each with whether it is there only for a script's second try."""
        only = "" if link_ids is None else f"WHERE link_id IN ({','.join(map(str, link_ids)) or 'NULL'})"
        cursor = self.database.execute(
            "SELECT id, identity, clicked_at, link_id, shipment_id, placement_id, recipient_id, contact_id, retry "  # noqa: S608  (names and marks of our own)
            f"FROM open_click {only} ORDER BY clicked_at, id"
        )
        links, shipments, placements = self.links, self.shipments, self.placements
        for number, identity, at, link, shipment, placement, recipient, contact, retry in cursor:
            where = (links[link], shipments[shipment], placements.get(placement, ""))
            yield Clicked(number, identity, at, *where, recipient, contact), bool(retry)

    def actions(self) -> dict[int, list[Placed]]:
        """The actions of each link that has open clicks, in their order."""
        rows = self.database.rows(
            "SELECT link_id, type, settings, number FROM action WHERE link_id IN (SELECT link_id FROM open_click) "
            "ORDER BY link_id, position"
        )
        found: dict[int, list[Placed]] = {}
        for link_id, kind, settings, number in rows:
            definition = parse_action({"type": kind, **json.loads(settings)})
            found.setdefault(link_id, []).append(Placed(definition, number, 0))
        return found

    def hits(self) -> dict[int, int]:
        """Human clicks by link."""
        return dict(self.database.rows("SELECT link_id, sum(human) FROM link_tally GROUP BY link_id"))

    def made(self) -> list[tuple[Any, ...]]:
        """(id, kind, number of the action, link, shipment, contact id) of what those with open clicks have caused."""
        return self.database.rows(
            "SELECT m.id, m.kind, m.ordinal, l.key, m.shipment_id, r.contact_id FROM made m "
            "JOIN link l ON l.id = m.link_id JOIN recipient r ON r.id = m.recipient_id "
            "WHERE m.recipient_id IN (SELECT recipient_id FROM open_click)"
        )

    def script_results(self) -> dict[str, tuple[int, ScriptResult, bool]]:
        """By change: the click, the result and whether a finished run has reported it."""
        return {
            row[0]: (
                row[1],
                ScriptResult(row[2], row[3], row[4], json.loads(row[5]), row[6]),
                row[7] in ("done", "stored"),
            )
            for row in self.database.rows(
                "SELECT m.id, m.click_id, m.status, m.exit_code, m.return_url, m.fields, m.message, u.status "
                "FROM made m JOIN run u ON u.id = m.run_id WHERE m.kind = 'script' "
                "AND m.recipient_id IN (SELECT recipient_id FROM open_click)"
            )
        }

    def return_address(self, link_id: int, shipment_id: int, recipient_id: int) -> str:
        """The address that a script has set for a visitor of a link, or ""."""
        return str(
            self.database.value(
                "SELECT url FROM return_address WHERE link_id = ? AND shipment_id = ? AND recipient_id = ?",
                (link_id, shipment_id, recipient_id),
            )
            or ""
        )

    def bookings(self, since: int) -> list[tuple[str, int, int]]:
        """(user, start, end) of the follow-ups made earlier that end after a time."""
        return self.database.rows(
            "SELECT owner, start_at, end_at FROM made WHERE kind = 'follow-up' AND owner <> '' AND end_at > ?", (since,)
        )

    def request_counts(self) -> dict[str, int]:
        return dict(
            self.database.rows("SELECT owner, count(*) FROM made WHERE kind = 'request' AND owner <> '' GROUP BY owner")
        )

    def settled(self) -> dict[tuple[int, str, str], tuple[int, int]]:
        """What clicks later than the first open one have decided: (recipient, kind, name) -> (time, click)."""
        return {
            (row[0], row[1], row[2]): (row[3], row[4])
            for row in self.database.rows(
                "SELECT recipient_id, kind, name, clicked_at, click_id FROM settled "
                "WHERE clicked_at >= (SELECT min(clicked_at) FROM open_click) "
                "AND (recipient_id = 0 OR recipient_id IN (SELECT recipient_id FROM open_click))"
            )
        }

    def memberships(self) -> list[tuple[str, str, str, str]]:
        """(contact id, kind, name, value) as linktrack left them."""
        return self.database.rows(
            "SELECT r.contact_id, d.kind, d.name, d.value FROM settled d JOIN recipient r ON r.id = d.recipient_id "
            "WHERE d.kind IN ('selection', 'project') AND d.recipient_id IN (SELECT recipient_id FROM open_click)"
        )

    def definition(self, text: str) -> int:
        """The number of a definition's text, noted down if it is new. Part of a transaction."""
        self.database.execute("INSERT INTO definition (text) VALUES (?) ON CONFLICT (text) DO NOTHING", (text,))
        return int(self.database.value("SELECT id FROM definition WHERE text = ?", (text,)))

    # --- rows that the run's transaction will add: kept aside in temporary tables, so that nobody waits meanwhile

    def add(self, table: str, row: Sequence[Any]) -> None:
        batch = self._batches.setdefault(table, [])
        batch.append(tuple(row))
        if len(batch) >= 5_000:
            self._flush(table)

    def _flush(self, table: str) -> None:
        batch = self._batches.pop(table, [])
        if batch:
            marks = ", ".join("?" for _ in batch[0])
            upsert = ""
            if table == "spool_settled":
                upsert = (
                    " ON CONFLICT (recipient_id, kind, name) DO UPDATE SET clicked_at = excluded.clicked_at, "
                    "click_id = excluded.click_id, value = excluded.value"
                )
            statement = f"INSERT INTO {table} VALUES ({marks}){upsert}"  # noqa: S608  (names and marks of our own)
            self.database.execute("BEGIN")  # of the temporary tables only: it locks nobody out
            self.database.executemany(statement, batch)
            self.database.execute("COMMIT")

    def flush(self) -> None:
        for table in list(self._batches):
            self._flush(table)

    def store(self, run_id: int) -> None:
        """Add everything that was kept aside and flushed. Part of the run's transaction."""
        columns = (
            "id, run_id, click_id, link_id, shipment_id, recipient_id, clicked_at, kind, name, operation, old, new, "
            "definition_id, status, ran_at"
        )
        self.database.execute(
            f"INSERT INTO change ({columns}) SELECT {columns} FROM spool_change ORDER BY number"  # noqa: S608  (names and marks of our own)
        )
        self.database.execute("INSERT INTO made SELECT * FROM spool_made")
        self.database.execute("INSERT INTO handled_click SELECT * FROM spool_handled")
        self.database.execute(
            "INSERT INTO settled SELECT * FROM spool_settled WHERE 1 = 1 ON CONFLICT (recipient_id, kind, name) "
            "DO UPDATE SET clicked_at = excluded.clicked_at, click_id = excluded.click_id, value = excluded.value"
        )
        for table in ("change", "made"):  # scripts stand in the ledger since an interrupted run started them
            self.database.execute(
                f"UPDATE {table} SET run_id = ? WHERE kind = 'script' "  # noqa: S608  (names and marks of our own)
                "AND run_id IN (SELECT id FROM run WHERE status = 'interrupted') "
                "AND id IN (SELECT id FROM spool_reported)",
                (run_id,),
            )
