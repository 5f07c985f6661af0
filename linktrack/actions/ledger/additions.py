"""What a run adds to the ledger: rows kept aside while it works, so that nobody waits, then stored at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from linktrack.actions.done import Done
from linktrack.actions.ledger.rows import (
    UNFINISHED,
    ChangeRow,
    ClosedRow,
    Failure,
    MadeRow,
    SettledRow,
)
from linktrack.store.dialects import SQLITE
from linktrack.store.session import Database, Row

_AT_ONCE = 900  # rows that are put aside at once
_MOST_ALIKE = 10_000  # so much of what changes have in common is kept in mind
_ALIKE = ("link_id", "shipment_id", "action", "kind", "name", "operation", "definition_id", "ran_at", "status")
_OWN = ("number", "recipient_id", "id", "clicked_at", "click_print", "old", "new", "message")
_OF_THING = ("owner", "start_at", "end_at")
# The temporary tables: which table each is like, and its columns. Of a change there stands what is its own, and the
# number `alike` of what it has in common with many others, which stands in spool_alike; of what it made what no change
# has, in spool_thing.
_SPOOLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "spool_tally": ("action_tally", ("link_id AS alike", "count")),
    "spool_thing": ("made", ("exit_code AS number", *_OF_THING)),
    "spool_made": ("made", MadeRow._fields),
    "spool_reported": ("made", ("recipient_id", "id")),
    "spool_attempted": ("failure", Failure._fields),
    "spool_closed": ("change", ClosedRow._fields),
}
_COLUMNS = {
    **{name: [column.rpartition(" ")[2] for column in columns] for name, (_, columns) in _SPOOLS.items()},
    "spool_alike": ["alike", *_ALIKE],
    "spool_change": [*_OWN, "alike"],
    "spool_settled": list(SettledRow._fields),
}
_SETTLED_ONCE = "recipient_id, kind, name"
_CHANGES = "spool_change c JOIN spool_alike a ON a.alike = c.alike"
_FOUND = {  # by column of what a change made, where it is found
    "run_id": "?",
    "exit_code": "NULL",
    "return_url": "''",
    "fields": "'{}'",
    **{name: f"t.{name}" for name in _OF_THING},
    **{name: f"c.{name}" for name in _OWN},
    **{name: f"a.{name}" for name in _ALIKE},
}
_alike_of = itemgetter(len(_OWN))


class Additions:
    """The rows of one run: in temporary tables, empty when this is made, until `store` adds them."""

    def __init__(self, database: Database, run_id: int) -> None:
        self.database, self.run_id = database, run_id
        self._aside: dict[str, list[Sequence[Any]]] = {name: [] for name in _COLUMNS}
        self._alike: dict[Row, int] = {}  # by what changes have in common, its number
        self._numbered = 0  # so many of these
        self._tally: Counter[int] = Counter()  # of changes that are alike
        self._number = 0  # of the last change
        for name in _COLUMNS:
            database.execute(f"DROP TABLE IF EXISTS {name}")
        for name, (like, columns) in _SPOOLS.items():
            database.execute(f"CREATE TEMP TABLE {name} AS SELECT {', '.join(columns)} FROM {like} WHERE 1 = 0")  # noqa: S608  (names of our own)
        number = "number INTEGER PRIMARY KEY" if database.dialect == SQLITE else "number BIGSERIAL PRIMARY KEY"
        database.execute(
            "CREATE TEMP TABLE spool_alike (alike INTEGER PRIMARY KEY, link_id INTEGER, shipment_id INTEGER, "
            "action INTEGER, kind TEXT, name TEXT, operation TEXT, definition_id INTEGER, ran_at BIGINT, status TEXT)"
        )
        database.execute(
            f"CREATE TEMP TABLE spool_change ({number}, recipient_id BIGINT, id TEXT, clicked_at BIGINT, "
            "click_print BIGINT, old TEXT, new TEXT, message TEXT, alike INTEGER)"
        )
        database.execute(
            "CREATE TEMP TABLE spool_settled (recipient_id BIGINT, kind TEXT, name TEXT, clicked_at BIGINT NOT NULL, "
            f"click_print BIGINT NOT NULL, value TEXT NOT NULL, {number})"
        )

    def add(self, table: str, row: Sequence[Any]) -> None:
        """Keep a row of `spool_reported` and the like aside; of several in `spool_settled` the last one counts."""
        batch = self._aside[table]
        batch.append(row)
        if len(batch) >= _AT_ONCE:
            self._put_rows_aside(table)

    def add_change(self, row: ChangeRow) -> None:
        """Keep a change aside, under the number that it has."""
        values = row._asdict()
        alike = self._alike_as(tuple(values[name] for name in _ALIKE))
        self.add("spool_change", (*(values[name] for name in _OWN), alike))

    def add_done(self, done: Iterable[Done], ran_at: int) -> None:
        """Keep changes aside in their order, and what they made, with the time (UTC milliseconds) of their run."""
        number, changes, known = self._number, self._aside["spool_change"], self._alike
        for one in done:
            number += 1
            click, action, identifier, kind, name, operation, old, new, status, message, made, _ = one
            at, mark, link, shipment, _, recipient, _, _, _ = click
            # In the order of their columns, as the others are.
            common = link.id, shipment.id, action.number, kind, name, operation, action.definition_id, ran_at, status
            alike = known.get(common) or self._alike_as(common)
            changes.append((number, recipient, identifier, at, mark, old, new, message, alike))
            if made is not None:
                self.add("spool_thing", (number, made.owner, made.start_at, made.end_at))
        self._number = number
        if len(changes) >= _AT_ONCE:
            self._put_rows_aside("spool_change")

    def _alike_as(self, common: Row) -> int:
        """The number of what changes have in common."""
        if (known := self._alike.get(common)) is not None:
            return known
        if len(self._alike) >= _MOST_ALIKE:
            self._alike.clear()
        self._numbered += 1
        self._alike[common] = self._numbered
        self.add("spool_alike", (self._numbered, *common))
        return self._numbered

    def replace_made(self, row: MadeRow) -> None:
        """Keep a thing aside that may stand in the ledger already, as a script that was started does, or what an
        earlier row made. It takes the place of that, unless another link or a later run has made it, or it went well
        before and now does not."""
        there = self.database.row(
            "SELECT status, run_id, link_id FROM made WHERE recipient_id = ? AND id = ?", (row.recipient_id, row.id)
        )
        if there is not None:
            status, run_id, link_id = there
            if link_id != row.link_id or (status == "ok", run_id) > (row.status == "ok", row.run_id):
                return
        for table in ("made", "spool_made"):
            self.database.execute(f"DELETE FROM {table} WHERE recipient_id = ? AND id = ?", (row.recipient_id, row.id))  # noqa: S608  (names of our own)
        self.database.insert("spool_made", MadeRow._fields, [row])

    def flush(self) -> None:
        """Put the last rows aside."""
        for table in self._aside:
            self._put_rows_aside(table)
        self._put_tally_aside()

    def _put_rows_aside(self, table: str) -> None:
        """Put a table's rows aside; of changes also how many are alike, for the tally."""
        batch = self._aside[table]
        if table == "spool_change":
            self._tally.update(map(_alike_of, batch))
            if len(self._tally) >= _AT_ONCE:
                self._put_tally_aside()
        self._put_aside(table, _COLUMNS[table], batch)
        batch.clear()

    def _put_tally_aside(self) -> None:
        rows = list(self._tally.items())
        self._tally.clear()
        self._put_aside("spool_tally", _COLUMNS["spool_tally"], rows)

    def _put_aside(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        if rows:
            with self.database.aside():
                self.database.insert(table, columns, rows)

    def store(self, summary: str, now: int) -> None:
        """Add everything that was kept aside and flushed. Part of the run's transaction."""
        database, run_id = self.database, self.run_id
        made, settled = (", ".join(row._fields) for row in (MadeRow, SettledRow))
        own, alike = (", ".join(f"{table}.{name}" for name in names) for table, names in (("c", _OWN), ("a", _ALIKE)))
        database.execute(
            f"INSERT INTO change (run_id, {', '.join((*_OWN, *_ALIKE))}) SELECT ?, {own}, {alike} FROM {_CHANGES}",  # noqa: S608  (names of our own)
            (run_id,),
        )
        database.execute(f"INSERT INTO made ({made}) SELECT {made} FROM spool_made ORDER BY recipient_id, id")  # noqa: S608  (names of our own)
        found = ", ".join(map(_FOUND.__getitem__, MadeRow._fields))
        database.execute(
            f"INSERT INTO made ({made}) SELECT {found} FROM spool_thing t JOIN spool_change c ON c.number = t.number "  # noqa: S608  (names of our own)
            "JOIN spool_alike a ON a.alike = c.alike ORDER BY c.recipient_id, c.id",
            (run_id,),
        )
        # Of several the last one counts; a server takes one alone.
        only, last = ("", "number") if database.dialect == SQLITE else (f"DISTINCT ON ({_SETTLED_ONCE})", "number DESC")
        database.execute(
            f"INSERT INTO settled ({settled}) SELECT {only} {settled} FROM spool_settled WHERE 1 = 1 "  # noqa: S608  (names of our own)
            f"ORDER BY {_SETTLED_ONCE}, {last} ON CONFLICT ({_SETTLED_ONCE}) DO UPDATE SET "
            "clicked_at = excluded.clicked_at, click_print = excluded.click_print, value = excluded.value"
        )
        database.execute(  # scripts that an interrupted run had started
            "UPDATE made SET run_id = ? WHERE run_id <> ? "
            "AND (recipient_id, id) IN (SELECT recipient_id, id FROM spool_reported)",
            (run_id, run_id),
        )
        self._store_failures()
        self._count()
        database.execute(
            "UPDATE definition SET run_id = ? WHERE run_id IN "  # noqa: S608  (names of our own)
            f"(SELECT id FROM run WHERE status IN {UNFINISHED} AND id <> ?) "
            "AND EXISTS (SELECT 1 FROM spool_alike WHERE definition_id = definition.id)",
            (run_id, run_id),
        )
        database.execute(
            "UPDATE run SET status = 'stored', finished_at = ?, summary = ? WHERE id = ?", (now, summary, run_id)
        )

    def _store_failures(self) -> None:
        """What was tried again stands open no more, nor what will never be done; what failed in this run does."""
        self.database.execute(
            "UPDATE change SET retried_by = ? WHERE (run_id, number, recipient_id) IN "
            "(SELECT run_id, number, recipient_id FROM spool_attempted)",
            (self.run_id,),
        )
        self.database.executemany(
            "UPDATE change SET message = message || ? WHERE run_id = ? AND number = ? AND recipient_id = ?",
            [
                (f" ({message})", *key)
                for *key, message in self.database.rows(
                    "SELECT run_id, number, recipient_id, message FROM spool_closed"
                )
            ],
        )
        for spool in ("spool_attempted", "spool_closed"):
            self.database.execute(
                f"DELETE FROM failure WHERE (recipient_id, id) IN (SELECT recipient_id, id FROM {spool})"  # noqa: S608  (names of our own)
            )
        self.database.execute(
            "INSERT INTO failure (recipient_id, id, run_id, number, clicked_at, click_print, link_id, action, status) "  # noqa: S608  (names of our own)
            "SELECT c.recipient_id, c.id, ?, c.number, c.clicked_at, c.click_print, a.link_id, a.action, a.status "
            f"FROM {_CHANGES} WHERE a.status <> 'ok' AND a.action <> 0 "
            "ON CONFLICT (recipient_id, id) DO UPDATE SET run_id = excluded.run_id, number = excluded.number",
            (self.run_id,),
        )

    def _count(self) -> None:
        """Keep the tally of changes, in which each counts with what became of it in the end."""
        self.database.execute(
            "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) "
            "SELECT a.link_id, a.shipment_id, a.kind, a.name, a.status, sum(t.count) FROM spool_tally t "
            "JOIN spool_alike a ON a.alike = t.alike "
            "WHERE 1 = 1 GROUP BY a.link_id, a.shipment_id, a.kind, a.name, a.status "
            "ON CONFLICT (link_id, shipment_id, kind, name, status) "
            "DO UPDATE SET count = action_tally.count + excluded.count"
        )
        tried = self.database.rows(
            "SELECT count(*), c.link_id, c.shipment_id, c.kind, c.name, c.status FROM change c "
            "JOIN spool_attempted a ON a.run_id = c.run_id AND a.number = c.number AND a.recipient_id = c.recipient_id "
            "GROUP BY c.link_id, c.shipment_id, c.kind, c.name, c.status"
        )
        same = "link_id = ? AND shipment_id = ? AND kind = ? AND name = ? AND status = ?"
        for row in tried:
            self.database.execute(f"UPDATE action_tally SET count = count - ? WHERE {same}", row)  # noqa: S608  (names of our own)
        self.database.execute("DELETE FROM action_tally WHERE count <= 0")
