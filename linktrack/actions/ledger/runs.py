"""The runs of the actions: which there are, how far each has got, and what of them stands open."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from linktrack.actions.ledger.rows import UNFINISHED, RunRow
from linktrack.files.reading import tidy_path
from linktrack.store.counters import count_on
from linktrack.store.many import marks
from linktrack.store.purged import horizon
from linktrack.store.session import Database

TAKEN = "taken"  # the state of runs that were taken over after a restore: see `taking`

_RUNS = "SELECT id, started_at, status, out, summary FROM run"


def begin_run(database: Database, now: int, out: str, options: str) -> int:
    """Note down that a run has begun; another one that is still running was interrupted. Returns its number."""
    with database.transaction():
        interrupt_runs(database)
        database.execute(
            "INSERT INTO run (started_at, status, out, summary) VALUES (?, 'running', ?, ?)", (now, out, options)
        )
        return int(database.value("SELECT max(id) FROM run"))


def interrupt_runs(database: Database) -> None:
    """Mark runs as interrupted whose process is gone: whoever calls this holds the lock of runs."""
    database.execute("UPDATE run SET status = 'interrupted' WHERE status = 'running'")


def newest_run(database: Database) -> RunRow | None:
    """The run that was begun last."""
    row = database.row(f"{_RUNS} WHERE id = (SELECT max(id) FROM run)")  # noqa: S608  (of our own)
    return None if row is None else RunRow(*row)


def last_begun(database: Database) -> int | None:
    """When a run was begun last (UTC milliseconds)."""
    found = database.value("SELECT max(started_at) FROM run")
    return None if found is None else int(found)


def last_ended(database: Database) -> int | None:
    """When a run ended last (UTC milliseconds), of those that did."""
    found = database.value("SELECT max(finished_at) FROM run")
    return None if found is None else int(found)


def folders_of_runs(database: Database) -> list[str]:
    """The folders that the runs have written into."""
    return [out for (out,) in database.rows("SELECT DISTINCT out FROM run WHERE out <> '' ORDER BY out")]


def last_look(database: Database, run_id: int | None) -> int | None:
    """When the last finished run but `run_id` began, of those that looked at the open clicks: none by hand does."""
    for run in database.rows(f"{_RUNS} WHERE status IN ('stored', 'done') ORDER BY id DESC"):
        found = RunRow(*run)
        if found.id != run_id and not json.loads(found.summary).get("by_hand"):
            return found.started_at
    return None


def stored_runs(database: Database) -> list[RunRow]:
    """Runs that the ledger has in full, and whose summary may be missing."""
    return [RunRow(*row) for row in database.rows(f"{_RUNS} WHERE status = 'stored' ORDER BY id")]


def set_status(database: Database, run_id: int, status: str) -> None:
    """Say how far a run has got."""
    database.execute("UPDATE run SET status = ? WHERE id = ?", (status, run_id))


def purged_failures(database: Database, statuses: Collection[str]) -> int:
    """How many actions failed, and ended with one of `statuses`, because of clicks that are purged by now."""
    sql = f"SELECT count(*) FROM failure WHERE clicked_at < ? AND status IN ({marks(statuses)})"  # noqa: S608  (marks)
    return int(database.value(sql, (horizon(database).clicks, *statuses)))


def open_failures(database: Database, but: int | None) -> dict[str, int]:
    """How many actions stand open because they failed, by status. Those of the run `but` are left out, and those of
    purged clicks, which nothing tries again."""
    return dict(
        database.rows(
            "SELECT status, count(*) FROM failure WHERE run_id <> ? AND clicked_at >= ? GROUP BY status "
            "ORDER BY status",
            (but or 0, horizon(database).clicks),
        )
    )


def interrupted_in(database: Database, run_id: int) -> int:
    """How many scripts a run has reported that were interrupted: nobody knows what they did."""
    return int(database.value("SELECT count(*) FROM change WHERE run_id = ? AND status = 'interrupted'", (run_id,)))


def is_taken(database: Database, summary: str) -> bool:
    """Whether the ledger has the run of a summary."""
    return database.value("SELECT 1 FROM run WHERE summary = ?", (summary,)) is not None


def begin_taken(database: Database, number: int, ran_at: int, folder: Path) -> int:
    """Note down a run that was made after the backup, under its own number unless another run has that. Returns its
    number. Part of a transaction."""
    there = database.row("SELECT status FROM run WHERE id = ?", (number,))
    if there is not None and there[0] in UNFINISHED:  # it was going on when the backup was taken
        return number
    if there is not None:
        number = int(database.value("SELECT max(id) FROM run")) + 1
    database.execute(
        "INSERT INTO run (id, started_at, status, out, summary) VALUES (?, ?, ?, ?, '')",
        (number, ran_at, "interrupted", str(tidy_path(folder))),
    )
    count_on(database, "run")
    return number


def has_run_since_restore(database: Database) -> bool:
    """Whether a run has begun since the backup was restored, besides those that were taken."""
    sql = "SELECT 1 FROM run WHERE status <> ? AND started_at >= (SELECT restored_at FROM workspace) LIMIT 1"
    return database.value(sql, (TAKEN,)) is not None


def missing_runs(database: Database) -> tuple[int, ...]:
    """The numbers of lost runs whose folders nobody has named: those between the last run in the backup and the last
    one that was taken."""
    own = {run_id for (run_id,) in database.rows("SELECT id FROM run WHERE status <> ?", (TAKEN,))}
    taken = taken_runs(database)
    return tuple(number for number in range(max(own, default=0) + 1, max(taken, default=0)) if number not in taken)


def taken_runs(database: Database) -> set[int]:
    """The numbers of the lost runs that were taken into the ledger after a restore: those which they had before the
    loss, not those of their rows here."""
    rows = database.rows("SELECT summary FROM run WHERE status = ?", (TAKEN,))
    return {int(json.loads(summary)["run"]) for (summary,) in rows}
