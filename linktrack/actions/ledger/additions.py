"""The ledger: runs, every change with its click, what was made and settled, what failed; all SQL of it is here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from linktrack.actions.ledger.rows import (
    ChangeRow,
    ClosedRow,
    Failure,
    KnownScript,
    LogFilter,
    LogRow,
    MadeRow,
    RunRow,
    SettledRow,
)
from linktrack.actions.page_buttons import buttons_in
from linktrack.actions.planned import (
    Clicked,
    ClickKey,
    LinkFacts,
    MadeFor,
    NumberedAction,
    ScriptResult,
    ShipmentFacts,
)
from linktrack.actions.selecting import REPLAYED
from linktrack.links.actions import parse_action
from linktrack.store import lookups
from linktrack.store.catalogue import touch
from linktrack.store.purged import horizon
from linktrack.store.session import Database

UNFINISHED = "('running', 'interrupted')"  # states of runs that the ledger has no changes of
TAKEN = "taken"  # the state of runs that were taken over after a restore: see `taking`
_AT_ONCE = 4_500  # rows that are put aside at once


# --- runs ------------------------------------------------------------------------------------------------------

_RUNS = "SELECT id, started_at, status, out, summary FROM run"


def begin_run(database: Database, now: int, out: str, order: str) -> int:
    """Note down that a run has begun; another one that is still running was interrupted. Returns its number."""
    with database.transaction():
        interrupt_runs(database)
        database.execute(
            "INSERT INTO run (started_at, status, out, summary) VALUES (?, 'running', ?, ?)", (now, out, order)
        )
        return int(database.value("SELECT max(id) FROM run"))


def interrupt_runs(database: Database) -> None:
    """Mark runs as interrupted whose process is gone: whoever calls this holds the lock of runs."""
    database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")


def newest_run(database: Database) -> RunRow | None:
    """The run that was begun last."""
    row = database.row(f"{_RUNS} WHERE id = (SELECT max(id) FROM run)")  # noqa: S608  (of our own)
    return None if row is None else RunRow(*row)


def last_look(database: Database, run_id: int | None) -> int | None:
    """When the last finished run before `run_id` (the next one) began that looked at the open clicks."""
    for run in database.rows(f"{_RUNS} WHERE status IN ('stored', 'done') ORDER BY id DESC"):
        found = RunRow(*run)
        if found.id != run_id and not json.loads(found.summary).get("by_hand"):
            return found.started_at
    return None


def know_any(database: Database, contact_ids: Sequence[str]) -> bool:
    """Whether a mailing went to any of these contacts."""
    marks = ", ".join("?" * len(contact_ids))
    found = database.row(f"SELECT 1 FROM recipient WHERE contact_id IN ({marks}) LIMIT 1", tuple(contact_ids))  # noqa: S608
    return found is not None


def stored_runs(database: Database) -> list[RunRow]:
    """Runs that the ledger has in full, and whose summary may be missing."""
    return [RunRow(*row) for row in database.rows(f"{_RUNS} WHERE status = 'stored' ORDER BY id")]


def set_status(database: Database, run_id: int, status: str) -> None:
    """Say how far a run has got."""
    database.execute("UPDATE run SET status = ? WHERE id = ?", (status, run_id))


# --- what a run reads and adds -----------------------------------------------------------------------------------


class Ledger:
    """What a run reads of the ledger for the clicks in `open_click`, and the rows that it is going to add to it."""

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
                "SELECT s.id, s.number, m.name, m.subject, m.type FROM shipment s "
                "JOIN mailing m ON m.id = s.mailing_id WHERE s.id IN (SELECT shipment_id FROM open_click)"
            )
        }
        self.placements: dict[int, str] = dict(
            database.rows("SELECT id, key FROM placement WHERE id IN (SELECT placement_id FROM open_click)")
        )
        self._aside: dict[str, list[Sequence[Any]]] = {}
        self._settled: dict[tuple[int, str, str], SettledRow] = {}

    def contact_ids(self) -> set[str]:
        """Whose clicks the run looks at."""
        return {row[0] for row in self.database.rows("SELECT DISTINCT contact_id FROM open_click")}

    def people(self) -> list[tuple[str, str, str]]:
        """(contact id, name, e-mail address) of whose clicks the run looks at, as the last mail to them had it."""
        return self.database.rows(
            "SELECT contact_id, name, email FROM recipient WHERE id IN (SELECT recipient_id FROM open_click)"
        )

    def clicks(self, link_ids: Iterable[int] | None = None) -> Iterator[Clicked]:
        """The clicks that the run looks at, in the order of time."""
        only = "" if link_ids is None else f"WHERE link_id IN ({','.join(map(str, link_ids)) or 'NULL'})"
        cursor = self.database.execute(
            "SELECT clicked_at, print, link_id, shipment_id, placement_id, recipient_id, contact_id, pressed, why "  # noqa: S608  (numbers)
            f"FROM open_click {only} ORDER BY clicked_at, print, recipient_id"
        )
        links, shipments, placements = self.links, self.shipments, self.placements
        for at, mark, link, shipment, placement, recipient, contact, pressed, why in cursor:
            where = (links[link], shipments[shipment], placements.get(placement, ""))
            yield Clicked(at, mark, *where, recipient, contact, buttons_in(pressed), why)

    def actions(self) -> dict[int, list[NumberedAction]]:
        """The actions of each link whose clicks the run looks at, in their order."""
        found: dict[int, list[NumberedAction]] = {}
        for link_id, number, kind, settings in self.database.rows(
            "SELECT link_id, number, type, settings FROM action "
            "WHERE link_id IN (SELECT link_id FROM open_click) ORDER BY link_id, position"
        ):
            definition = parse_action({"type": kind, **json.loads(settings)})
            found.setdefault(link_id, []).append(NumberedAction(definition, number, 0))
        return found

    def pressed_on(self) -> list[int]:
        """The links with clicks of the run that pressed a button of the subscriptions page."""
        return [
            row[0]
            for row in self.database.rows(
                "SELECT id FROM link WHERE kind = 'special' AND key = 'subscriptions' "
                "AND id IN (SELECT link_id FROM open_click WHERE pressed <> '')"
            )
        ]

    def hits(self) -> dict[int, int]:
        """Human clicks by link."""
        return dict(
            self.database.rows(
                "SELECT link_id, sum(human) FROM link_tally WHERE link_id IN (SELECT link_id FROM open_click) "
                "GROUP BY link_id"
            )
        )

    def made(self) -> list[MadeFor]:
        """What the people with open clicks have caused."""
        return [
            MadeFor(row[0], row[1], row[2], (row[3], row[4], row[5]))
            for row in self.database.rows(
                "SELECT link_id, action, shipment_id, clicked_at, click_print, recipient_id FROM made "
                "WHERE recipient_id IN (SELECT recipient_id FROM open_click)"
            )
        ]

    def done_before(self) -> frozenset[tuple[ClickKey, int]]:
        """What earlier runs have changed because of the replayed clicks: (click, number of the action)."""
        return frozenset(
            ((row[0], row[1], row[2]), row[3])
            for row in self.database.rows(
                "SELECT DISTINCT c.clicked_at, c.click_print, c.recipient_id, c.action FROM change c "
                "JOIN open_click o ON o.clicked_at = c.clicked_at AND o.print = c.click_print "
                "AND o.recipient_id = c.recipient_id AND o.link_id = c.link_id WHERE o.why = ? AND c.status = 'ok'",
                (REPLAYED,),
            )
        )

    def bookings(self, since: int) -> list[tuple[str, int, int]]:
        """(user, start, end) of the follow-ups made earlier that end after a time."""
        return self.database.rows(
            "SELECT owner, start_at, end_at FROM made WHERE kind = 'follow-up' AND owner <> '' AND end_at > ?", (since,)
        )

    def request_counts(self) -> dict[str, int]:
        """How many requests everybody has been given."""
        return dict(
            self.database.rows("SELECT owner, count(*) FROM made WHERE kind = 'request' AND owner <> '' GROUP BY owner")
        )

    def settled(self) -> dict[tuple[int, str, str], tuple[int, int]]:
        """What clicks later than the first open one have decided: (recipient, kind, name) -> (time, print)."""
        return {
            (row[0], row[1], row[2]): (row[3], row[4])
            for row in self.database.rows(
                "SELECT recipient_id, kind, name, clicked_at, click_print FROM settled "
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

    def taken(self) -> set[str]:
        """The ids of changes, by people with clicks in this run, that were taken over from runs after a backup."""
        return {
            row[0]
            for row in self.database.rows(
                "SELECT id FROM change WHERE run_id IN (SELECT id FROM run WHERE status = ?) "
                "AND recipient_id IN (SELECT recipient_id FROM open_click)",
                (TAKEN,),
            )
        }

    def failures(self) -> dict[tuple[int, str], Failure]:
        """What stands open of the people with clicks in this run, by recipient and id of the change."""
        return {
            (row[0], row[1]): Failure(*row)
            for row in self.database.rows(
                f"SELECT {', '.join(Failure._fields)} FROM failure "  # noqa: S608  (of our own)
                "WHERE recipient_id IN (SELECT recipient_id FROM open_click)"
            )
        }

    def worded_anew(self) -> Iterator[tuple[int, str, NumberedAction, int]]:
        """(link, its key, action, how many) of what was made when the action had other settings, where no finished run
        has followed it as it is today: of all links, whether they have open clicks or not."""
        for link_id, key, number, kind, settings in self.database.rows(
            "SELECT a.link_id, l.key, a.number, a.type, a.settings FROM action a JOIN link l ON l.id = a.link_id "
            "WHERE a.link_id IN (SELECT link_id FROM definition) ORDER BY a.link_id, a.position"
        ):
            action = NumberedAction(parse_action({"type": kind, **json.loads(settings)}), number, 0)
            what = (link_id, number, _text_of(action))
            followed = self.database.value(
                "SELECT count(*) FROM definition d JOIN run u ON u.id = d.run_id "  # noqa: S608  (of our own)
                f"WHERE d.link_id = ? AND d.action = ? AND d.text = ? AND u.status NOT IN {UNFINISHED}",
                what,
            )
            before = followed or self.database.value(
                "SELECT 1 FROM definition WHERE link_id = ? AND action = ? AND text <> ?", what
            )
            if before and not followed:
                count = self.database.value(
                    "SELECT count(*) FROM change WHERE link_id = ? AND action = ? AND status = 'ok'", (link_id, number)
                )
                if count:
                    yield link_id, key, action, int(count)

    def note_definitions(
        self, run_id: int, actions: Mapping[int, Sequence[NumberedAction]]
    ) -> dict[int, list[NumberedAction]]:
        """The same actions with the ledger's number of each definition."""
        noted: dict[int, list[NumberedAction]] = {}
        with self.database.transaction():
            for link_id, every in actions.items():
                for action in every:
                    what = (link_id, action.number, _text_of(action))
                    self.database.execute(
                        "INSERT INTO definition (link_id, action, text, run_id) VALUES (?, ?, ?, ?) "  # noqa: S608
                        "ON CONFLICT (link_id, action, text) DO UPDATE SET run_id = excluded.run_id "
                        f"WHERE definition.run_id IN (SELECT id FROM run WHERE status IN {UNFINISHED})",
                        (*what, run_id),
                    )
                    number = self.database.value(
                        "SELECT id FROM definition WHERE link_id = ? AND action = ? AND text = ?", what
                    )
                    noted.setdefault(link_id, []).append(replace(action, definition_id=int(number)))
        return noted

    # --- scripts, which stand in the ledger before they are started

    def scripts(self) -> dict[str, KnownScript]:
        """The scripts that were started for the people with clicks in this run, by the id of their change."""
        return {
            row[0]: KnownScript(
                (row[1], row[2], row[3]),
                ScriptResult(row[4], row[5], row[6], json.loads(row[7]), row[8]),
                row[9] not in ("running", "interrupted"),
            )
            for row in self.database.rows(
                "SELECT m.id, m.clicked_at, m.click_print, m.recipient_id, m.status, m.exit_code, m.return_url, "
                "m.fields, m.message, u.status FROM made m JOIN run u ON u.id = m.run_id WHERE m.kind = 'script' "
                "AND m.recipient_id IN (SELECT recipient_id FROM open_click)"
            )
        }

    def start_scripts(self, rows: Sequence[MadeRow]) -> None:
        """Note down that scripts are being started, on the disk: from here on they count as interrupted until they
        have ended."""
        with self.database.transaction(durable=True):
            self.database.insert(
                "made",
                MadeRow._fields,
                rows,
                besides=" ON CONFLICT (recipient_id, id) DO UPDATE SET run_id = excluded.run_id, "
                "definition_id = excluded.definition_id, status = excluded.status, ran_at = excluded.ran_at",
            )

    def end_scripts(self, ended: Sequence[tuple[MadeRow, ScriptResult]]) -> None:
        """Note down what became of scripts, and the addresses that they want later clicks to lead to."""
        database = self.database
        with database.transaction():
            database.executemany(
                "UPDATE made SET status = ?, exit_code = ?, return_url = ?, fields = ?, message = ? "
                "WHERE recipient_id = ? AND id = ?",
                [
                    (
                        *(result.status, result.exit_code, result.return_url),
                        *(json.dumps(result.fields, ensure_ascii=False), result.message, row.recipient_id, row.id),
                    )
                    for row, result in ended
                ],
            )
            led = [(row, result.return_url) for row, result in ended if result.return_url]
            database.executemany(
                "INSERT INTO return_address (link_id, recipient_id, shipment_id, url, change_id) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT (link_id, recipient_id) "
                "DO UPDATE SET shipment_id = excluded.shipment_id, "
                "url = excluded.url, change_id = excluded.change_id",
                [(row.link_id, row.recipient_id, row.shipment_id, url, row.id) for row, url in led],
            )
            if led:
                touch(database)

    def return_addresses(self) -> dict[tuple[int, int], str]:
        """The addresses that scripts have set for visitors of links: (link, recipient) -> URL."""
        return {
            (row[0], row[1]): row[2]
            for row in self.database.rows(
                "SELECT link_id, recipient_id, url FROM return_address "
                "WHERE link_id IN (SELECT link_id FROM open_click) "
                "AND recipient_id IN (SELECT recipient_id FROM open_click)"
            )
        }

    # --- rows that the run's transaction will add: kept aside in temporary tables, so that nobody waits meanwhile

    def lay_aside(self) -> None:
        """Make the empty tables that rows are kept aside in."""
        for name, like, columns in (
            ("spool_change", "change", ChangeRow._fields),
            ("spool_made", "made", MadeRow._fields),
            ("spool_settled", "settled", SettledRow._fields),
            ("spool_reported", "made", ("recipient_id", "id")),
            ("spool_attempted", "failure", Failure._fields),
            ("spool_closed", "change", ClosedRow._fields),
        ):
            self.database.execute(f"DROP TABLE IF EXISTS {name}")
            self.database.execute(f"CREATE TEMP TABLE {name} AS SELECT {', '.join(columns)} FROM {like} WHERE 1 = 0")  # noqa: S608
        self.database.execute("CREATE UNIQUE INDEX spool_settled_key ON spool_settled (recipient_id, kind, name)")

    def add(self, table: str, row: Sequence[Any]) -> None:
        """Keep a row of `spool_change` and the like aside."""
        batch = self._aside.setdefault(table, [])
        batch.append(row)
        if len(batch) >= _AT_ONCE:
            self._put_aside(table, self._aside.pop(table))

    def settle(self, row: SettledRow) -> None:
        """Keep aside what a click has decided; a later one decides anew."""
        self._settled[row.recipient_id, row.kind, row.name] = row
        if len(self._settled) >= _AT_ONCE:
            self._put_settled_aside()

    def flush(self) -> None:
        """Put the last rows aside."""
        for table in list(self._aside):
            self._put_aside(table, self._aside.pop(table))
        self._put_settled_aside()

    def _put_settled_aside(self) -> None:
        rows = list(self._settled.values())
        self._settled.clear()
        self._put_aside(
            "spool_settled",
            rows,
            " ON CONFLICT (recipient_id, kind, name) DO UPDATE SET clicked_at = excluded.clicked_at, "
            "click_print = excluded.click_print, value = excluded.value",
        )

    def _put_aside(self, table: str, rows: Sequence[Sequence[Any]], besides: str = "") -> None:
        columns = {
            "spool_change": ChangeRow._fields,
            "spool_made": MadeRow._fields,
            "spool_settled": SettledRow._fields,
            "spool_reported": ("recipient_id", "id"),
            "spool_attempted": Failure._fields,
            "spool_closed": ClosedRow._fields,
        }[table]
        if rows:
            self.database.execute("BEGIN")  # of the temporary tables only: it locks nobody out
            self.database.insert(table, columns, rows, besides=besides)
            self.database.execute("COMMIT")

    def store(self, run_id: int, summary: str, now: int) -> None:
        """Add everything that was kept aside and flushed. Part of the run's transaction."""
        database = self.database
        changes, made, settled = (", ".join(row._fields) for row in (ChangeRow, MadeRow, SettledRow))
        database.execute(f"INSERT INTO change ({changes}) SELECT {changes} FROM spool_change ORDER BY number")  # noqa: S608
        database.execute(f"INSERT INTO made ({made}) SELECT {made} FROM spool_made")  # noqa: S608
        database.execute(
            f"INSERT INTO settled ({settled}) SELECT {settled} FROM spool_settled WHERE 1 = 1 "  # noqa: S608
            "ON CONFLICT (recipient_id, kind, name) DO UPDATE SET clicked_at = excluded.clicked_at, "
            "click_print = excluded.click_print, value = excluded.value"
        )
        database.execute(  # scripts that an interrupted run had started
            "UPDATE made SET run_id = ? WHERE (recipient_id, id) IN (SELECT recipient_id, id FROM spool_reported)",
            (run_id,),
        )
        self._store_failures(run_id)
        self._count()
        database.execute(
            "UPDATE definition SET run_id = ? WHERE run_id IN "  # noqa: S608
            f"(SELECT id FROM run WHERE status IN {UNFINISHED} AND id <> ?) "
            "AND id IN (SELECT definition_id FROM spool_change)",
            (run_id, run_id),
        )
        database.execute(
            "UPDATE run SET status = 'stored', finished_at = ?, summary = ? WHERE id = ?", (now, summary, run_id)
        )

    def _store_failures(self, run_id: int) -> None:
        """What was tried again stands open no more, nor what will never be done; what failed in this run does."""
        self.database.execute(
            "UPDATE change SET retried_by = ? WHERE (run_id, number, recipient_id) IN "
            "(SELECT run_id, number, recipient_id FROM spool_attempted)",
            (run_id,),
        )
        self.database.executemany(
            "UPDATE change SET message = message || ? WHERE run_id = ? AND number = ? AND recipient_id = ?",
            [
                (f" ({row[3]})", *row[:3])
                for row in self.database.rows("SELECT run_id, number, recipient_id, message FROM spool_closed")
            ],
        )
        for spool in ("spool_attempted", "spool_closed"):
            self.database.execute(
                f"DELETE FROM failure WHERE (recipient_id, id) IN (SELECT recipient_id, id FROM {spool})"  # noqa: S608
            )
        columns = ", ".join(Failure._fields)
        self.database.execute(
            f"INSERT INTO failure ({columns}) SELECT {columns} FROM spool_change WHERE status <> 'ok' AND action <> 0 "  # noqa: S608
            "ON CONFLICT (recipient_id, id) DO UPDATE SET run_id = excluded.run_id, number = excluded.number"
        )

    def _count(self) -> None:
        """Keep the tally of changes, in which each counts with what became of it in the end."""
        self.database.execute(
            "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) "
            "SELECT link_id, shipment_id, kind, name, status, count(*) FROM spool_change "
            "WHERE 1 = 1 GROUP BY link_id, shipment_id, kind, name, status "
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
            self.database.execute(f"UPDATE action_tally SET count = count - ? WHERE {same}", row)  # noqa: S608
        self.database.execute("DELETE FROM action_tally WHERE count <= 0")


def purged_failures(database: Database, statuses: Collection[str]) -> int:
    """How many actions failed, and ended with one of `statuses`, because of clicks that are purged by now."""
    marks = ", ".join("?" * len(statuses))
    sql = f"SELECT count(*) FROM failure WHERE clicked_at < ? AND status IN ({marks})"  # noqa: S608  (marks)
    return int(database.value(sql, (horizon(database).clicks, *statuses)))


def open_failures(database: Database, but: int | None) -> dict[str, int]:
    """How many actions stand open because they failed, by status, but for those of the run `but`, and of clicks that
    were purged: nothing tries them again."""
    return dict(
        database.rows(
            "SELECT status, count(*) FROM failure WHERE run_id <> ? AND clicked_at >= ? GROUP BY status "
            "ORDER BY status",
            (but or 0, horizon(database).clicks),
        )
    )


def interrupted_in(database: Database, run_id: int) -> int:
    """How many scripts a run has reported of which nobody knows what they did."""
    return int(database.value("SELECT count(*) FROM change WHERE run_id = ? AND status = 'interrupted'", (run_id,)))


# --- read back ---------------------------------------------------------------------------------------------------

_NAMED = (
    "JOIN definition d ON d.id = c.definition_id JOIN link l ON l.id = c.link_id "
    "JOIN recipient r ON r.id = c.recipient_id JOIN shipment s ON s.id = c.shipment_id "
    "JOIN mailing m ON m.id = s.mailing_id"
)


def read_log(database: Database, only: LogFilter) -> list[LogRow]:
    """The changes of runs, oldest first, and the scripts of a run that is not finished.

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
    newest = "" if only.limit is None else f" DESC LIMIT {int(only.limit)}"
    rows = database.rows(
        f"SELECT {columns} FROM change c {_NAMED} WHERE c.retried_by IS NULL AND {' AND '.join(where)} "  # noqa: S608
        f"ORDER BY c.run_id{' DESC' if only.limit else ''}, c.number{newest}",
        values,
    )
    found = [LogRow(*row) for row in (reversed(rows) if only.limit else rows)]
    found += _unreported(database, columns, where, values)
    return found if only.limit is None else found[-only.limit :]


def _unreported(database: Database, columns: str, where: Sequence[str], values: Collection[Any]) -> list[LogRow]:
    """The scripts that a run which is not finished has started."""
    runs = [row[0] for row in database.rows(f"SELECT id FROM run WHERE status IN {UNFINISHED}")]  # noqa: S608
    if not runs:
        return []
    started = (
        "(SELECT recipient_id, id, run_id, clicked_at, click_print, link_id, shipment_id, kind, name, definition_id, "  # noqa: S608
        "'run' AS operation, '' AS old, status AS new, status, message, ran_at FROM made "
        f"WHERE kind = 'script' AND run_id IN ({', '.join(map(str, runs))}))"
    )
    rows = database.rows(
        f"SELECT {columns} FROM {started} c {_NAMED} WHERE {' AND '.join(where)} "  # noqa: S608
        "ORDER BY c.run_id, c.clicked_at, c.click_print",
        tuple(values),
    )
    return [LogRow(*row) for row in rows]


def _text_of(action: NumberedAction) -> str:
    return json.dumps(action.definition.table, ensure_ascii=False)
