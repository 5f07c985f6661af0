"""Scripts in the ledger: they stand there before they are started, and what became of them is added.

Those that a run asks for stand in a temporary table, and their answers, until they have ended: however many there are,
and whatever they say, memory holds a few of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from linktrack.actions.ledger.return_addresses import Led, lead_to
from linktrack.actions.ledger.rows import UNFINISHED, MadeRow
from linktrack.actions.planned import BatchAnswer, ClickKey, FoundScript, ScriptResult
from linktrack.actions.selecting import FoundClicks
from linktrack.store.dialects import POSTGRESQL
from linktrack.store.many import at_once
from linktrack.store.session import Database

_AT_ONCE = 500  # rows, of which one may have 16 KB
_as_json = json.JSONEncoder(ensure_ascii=False).encode
# Of what a run asks for, where each column of `made` is found.
_FOUND = {name: name for name in MadeRow._fields} | {
    "run_id": "?",
    "kind": "'script'",
    "owner": "''",
    "start_at": "NULL",
    "end_at": "NULL",
    "ran_at": "?",
}


class _Cells(NamedTuple):
    """What became of a script, as the ledger keeps it."""

    status: str
    exit_code: int | None
    return_url: str
    fields: str  # JSON
    message: str


_RESULT = _Cells._fields
_SET_RESULT = "UPDATE asked_script SET " + ", ".join(f"{column} = ?" for column in _RESULT)  # noqa: S608  (names of our own)


class AskedRow(NamedTuple):
    """A script that is to be started because of a click: `place` is its own among those of its batch, which are in the
    order of time, from 0; `name` its file."""

    batch: int
    place: int
    recipient_id: int
    id: str
    clicked_at: int
    click_print: int
    link_id: int
    shipment_id: int
    name: str
    action: int
    definition_id: int


class ToldOf(NamedTuple):
    """What the ledger says to a script of a click: `return_url` is where the person is led by the link, "" where no
    script has said so."""

    id: str
    contact_id: str
    link_id: int
    shipment_id: int
    return_url: str


class AskedScripts:
    """The scripts that a run asks for, in batches: those of one are started and ended together, and one that runs alone
    is a batch of one."""

    def __init__(self, database: Database, run_id: int, ran_at: int) -> None:
        self.database, self.run_id, self.ran_at = database, run_id, ran_at
        database.execute("DROP TABLE IF EXISTS asked_script")
        database.execute(
            "CREATE TEMP TABLE asked_script (batch INTEGER NOT NULL, place INTEGER NOT NULL, recipient_id BIGINT, "
            "id TEXT, clicked_at BIGINT, click_print BIGINT, link_id INTEGER, shipment_id INTEGER, name TEXT, "
            "action INTEGER, definition_id INTEGER, status TEXT NOT NULL DEFAULT 'interrupted', exit_code INTEGER, "
            "return_url TEXT NOT NULL DEFAULT '', fields TEXT NOT NULL DEFAULT '{}', message TEXT NOT NULL DEFAULT '', "
            "PRIMARY KEY (batch, place))"
        )

    def ask(self, rows: Iterable[AskedRow]) -> None:
        """Note down what is to be started, all of it at once. The rows may ask the database as they are read."""
        with self.database.aside():
            for some in at_once(rows):
                self.database.insert("asked_script", AskedRow._fields, some)
            self.database.execute("CREATE INDEX asked_script_by_id ON asked_script (batch, id)")
            if self.database.dialect == POSTGRESQL:
                self.database.execute("ANALYZE asked_script")  # or a server takes it for a small one

    def told(self, batch: int) -> Iterator[ToldOf]:
        """What the scripts of a batch are told, in the order of time, as it stands when each is told."""
        last = -1
        while rows := self.database.rows(
            "SELECT a.place, a.id, r.contact_id, a.link_id, a.shipment_id, coalesce(d.url, '') FROM asked_script a "
            "JOIN recipient r ON r.id = a.recipient_id LEFT JOIN return_address d ON d.link_id = a.link_id "
            "AND d.recipient_id = a.recipient_id WHERE a.batch = ? AND a.place > ? ORDER BY a.place LIMIT ?",
            (batch, last, _AT_ONCE),
        ):
            last = rows[-1][0]
            yield from (ToldOf(*facts) for _, *facts in rows)

    def answer(self, batch: int, answers: Iterable[BatchAnswer]) -> None:
        """Keep what scripts of a batch have answered; an answer to what nobody has asked is left out."""
        with self.database.aside():
            for is_named, some in groupby(answers, lambda one: one.id is not None):
                key = "id" if is_named else "place"
                rows = ((*_cells(one.result), batch, one.id if is_named else one.place) for one in some)
                self.database.executemany(f"{_SET_RESULT} WHERE batch = ? AND {key} = ?", rows)

    def answer_all(self, batch: int, result: ScriptResult, *, but_answered: bool = False) -> None:
        """Keep one result for a whole batch, or for those of it that have not answered."""
        only = " AND status = 'interrupted'" if but_answered else ""
        with self.database.aside():
            self.database.execute(f"{_SET_RESULT} WHERE batch = ?{only}", (*_cells(result), batch))

    def store(self, batch: int, *columns: str) -> None:
        """Put a batch into the ledger; of scripts that stand there already these `columns`. Part of a transaction."""
        changed = ", ".join(f"{column} = excluded.{column}" for column in columns)
        self.database.execute(
            f"INSERT INTO made ({', '.join(_FOUND)}) SELECT {', '.join(_FOUND.values())} FROM asked_script "  # noqa: S608  (names of our own)
            f"WHERE batch = ? ORDER BY recipient_id, id ON CONFLICT (recipient_id, id) DO UPDATE SET {changed}",
            (self.run_id, self.ran_at, batch),
        )

    def led(self, batch: int) -> Iterator[Led]:
        """Where the scripts of a batch want later clicks to lead, in the order of time."""
        rows = self.database.each(
            "SELECT link_id, recipient_id, shipment_id, return_url, id FROM asked_script "
            "WHERE batch = ? AND return_url <> '' ORDER BY place",
            (batch,),
            _AT_ONCE,
        )
        return map(Led._make, rows)


def start_scripts(asked: AskedScripts, batch: int) -> None:
    """Note down that a batch is being started, on the disk: from here on its scripts count as interrupted until they
    have ended."""
    with asked.database.transaction(durable=True):
        asked.store(batch, "run_id", "definition_id", "status", "ran_at")


def end_scripts(asked: AskedScripts, batch: int) -> None:
    """Note down what became of a batch, and the addresses that its scripts want later clicks to lead to."""
    with asked.database.transaction():
        asked.store(batch, *_RESULT)
        lead_to(asked.database, asked.led(batch))


def _cells(result: ScriptResult) -> _Cells:
    status, exit_code, return_url, fields, message = result
    return _Cells(status, exit_code, return_url, _fields_text(*fields.items()), message)


@lru_cache(100)  # most answers are alike
def _fields_text(*fields: tuple[str, str]) -> str:
    """The fields of an answer as the ledger keeps them."""
    return _as_json(dict(fields))


@lru_cache(100)
def _fields_of(text: str) -> dict[str, str]:
    return dict(json.loads(text))


def find_scripts(clicks: FoundClicks, run_id: int) -> Iterator[FoundScript]:
    """The scripts that this run or an earlier one has started for the people of these clicks, in the order of the
    clicks' time. They are put into the temporary table `started_script` first, so that nobody waits meanwhile."""
    database = clicks.database
    database.execute("DROP TABLE IF EXISTS started_script")
    database.execute(
        "CREATE TEMP TABLE started_script AS SELECT m.clicked_at, m.click_print, m.recipient_id, m.action, m.id, "  # noqa: S608  (names of our own)
        "m.status, m.exit_code, m.return_url, m.fields, m.message, m.run_id, "
        f"CASE WHEN u.status IN {UNFINISHED} THEN 0 ELSE 1 END AS reported "
        "FROM made m JOIN run u ON u.id = m.run_id WHERE m.kind = 'script' "
        "AND m.recipient_id IN (SELECT recipient_id FROM open_person)"
    )
    rows = database.each(
        "SELECT clicked_at, click_print, recipient_id, action, id, status, exit_code, return_url, fields, message, "
        "run_id, reported FROM started_script ORDER BY clicked_at, click_print, recipient_id",
        at_once=_AT_ONCE,
    )
    for at, mark, recipient, action, identifier, status, code, url, fields, message, started_by, reported in rows:
        result = ScriptResult(status, code, url, _fields_of(fields), message)
        click, is_left_over = (at, mark, recipient), not reported and started_by != run_id
        yield FoundScript(click, action, identifier, result, bool(reported), is_left_over)


def answered_fields(clicks: FoundClicks) -> set[str]:
    """The names of the fields that scripts have ever answered because of clicks of these people."""
    rows = clicks.database.each(
        "SELECT fields FROM made WHERE kind = 'script' AND fields <> '{}' "
        "AND recipient_id IN (SELECT recipient_id FROM open_person)",
        at_once=_AT_ONCE,
    )
    return {name for (text,) in rows for name in _fields_of(text)}


class FailedScript(NamedTuple):
    """A script that failed and stands open: what became of it, and the id of its change."""

    status: str
    id: str


def failed_scripts(clicks: FoundClicks) -> dict[tuple[ClickKey, int], FailedScript]:
    """The scripts that failed for the people of these clicks and stand open, by click and number of the action, as
    finished runs have reported them; not those that an interrupted run has tried again."""
    rows = clicks.database.each(
        "SELECT m.clicked_at, m.click_print, m.recipient_id, m.action, f.status, m.id FROM failure f "  # noqa: S608  (names of our own)
        "JOIN made m ON m.recipient_id = f.recipient_id AND m.id = f.id JOIN run u ON u.id = m.run_id "
        f"WHERE m.kind = 'script' AND u.status NOT IN {UNFINISHED} "
        "AND f.recipient_id IN (SELECT recipient_id FROM open_person)"
    )
    return {((at, mark, recipient), action): FailedScript(*one) for at, mark, recipient, action, *one in rows}
