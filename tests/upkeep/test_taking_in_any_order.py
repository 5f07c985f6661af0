"""Runs that a backup does not know, taken in whatever order: the ledger is the same, and nothing is made again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest
from tests_support import call
from upkeep.upkeep_world import Life, begin

from linktrack.actions.lost_runs.after_restore import take_runs
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.contradicting_rows import contradictions
from linktrack.upkeep.deep import missing_rows, wrong_figures
from linktrack.workspace import load_workspace

LOST = ("run-2", "run-3", "run-4")
COLUMNS = {  # but for numbers that are given as rows come
    "run": "id, started_at, finished_at, status, out, summary",
    "change": "c.run_id, number, recipient_id, c.id, clicked_at, click_print, c.link_id, shipment_id, c.action, kind, name, "
    "operation, old, new, status, message, ran_at, retried_by, d.text, d.run_id",
    "made": "recipient_id, m.id, m.run_id, clicked_at, click_print, m.link_id, shipment_id, kind, name, m.action, owner, "
    "start_at, end_at, status, exit_code, return_url, fields, message, ran_at, d.text",
    "failure": "*",
    "settled": "*",
    "action_tally": "*",
    "return_address": "*",
    "left_type": "*",
    "link": "id, last_action",
}
JOINED = {
    "change": "change c JOIN definition d ON d.id = c.definition_id",
    "made": "made m JOIN definition d ON d.id = m.definition_id",
}


def ledger(database: Database) -> dict[str, list[str]]:
    return {
        table: sorted(map(str, database.rows(f"SELECT {columns} FROM {JOINED.get(table, table)}")))
        for table, columns in COLUMNS.items()
    }


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Life, Life]]:
    """A workspace made of its backup again, and the one that was lost: a script failed before the backup, failed again
    in the second run and was done in the third, in which another one failed; a field that was set by the second was
    set anew by the fourth for the same click; all else was made in between."""
    folder = tmp_path_factory.mktemp("orders")
    life = begin(call, folder / "work")
    paths = life.send("spring")
    life.do("click", "import", life.log("a.log", (paths["3"][0], 60)))
    life.run("run-1", code=6)
    life.do("backup", folder / "b.tar.gz")
    life.do("click", "import", life.log("b.log", (paths["1"][0], 3000), (paths["2"][0], 3060)))
    life.run("run-2", "--retry-failed", code=6)
    script = life.root / "scripts" / "note.py"
    text = script.read_text()
    script.write_text(text.replace('== "3"', '== "4"').replace("example.com/", "example.com/3-"))
    life.do("click", "import", life.log("c.log", (paths["4"][0], 3600), (paths["1"][0], 3700)))
    life.run("run-3", "--retry-failed", code=6)
    added = ("action", "add", "offer", "set-field", "--field", "level", "--value", "warm")
    life.do(*added)
    life.do("click", "import", life.log("d.log", (paths["5"][0], 4000)))
    life.run("run-4", "--replay", "offer")
    script.write_text(text.replace('== "3"', '== "nobody"'))
    done = call("restore", folder / "b.tar.gz", folder / "restored")
    assert done.code == 0, done.err
    shutil.copy(life.root / "run-4" / "contacts.csv", folder / "restored")
    shutil.copy(script, folder / "restored" / "scripts")
    restored = Life(call, folder / "restored")
    restored.do(*added)
    yield restored, life


def ways(names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """All orders of taking, one run at a time or the first two, or the last two, at once."""
    for order in permutations(names):
        yield tuple((name,) for name in order)
        yield order[:2], order[2:]
        yield order[:1], order[1:]


def test_the_ledger_is_the_same_in_whatever_order_runs_are_taken(restored: tuple[Life, Life], tmp_path: Path) -> None:
    life, lost = restored
    whole = shutil.copy(life.root / "linktrack.db", tmp_path)
    workspace = load_workspace(life.root, {})
    wanted: dict[str, list[str]] = {}
    for way in [(LOST,), *ways(LOST)]:
        shutil.copy(whole, life.root / "linktrack.db")
        with open_database(workspace) as database:
            for names in way:
                take_runs(workspace, database, [lost.root / name for name in names])
            found = ledger(database)
            wanted = wanted or found
            differing = {
                table: (set(rows) ^ set(wanted[table])) for table, rows in found.items() if rows != wanted[table]
            }
            assert differing == {}, way
            assert len(found["failure"]) == 1, way
            assert [*contradictions(database), *missing_rows(database), *wrong_figures(database)] == [], way
    scripts = "SELECT recipient_id, id, run_id, status, retried_by FROM change WHERE kind = 'script' ORDER BY 1, 2, 3"
    made = "SELECT recipient_id, id, run_id, status, return_url FROM made ORDER BY 1, 2"
    with open_database(workspace) as database, open_database(load_workspace(lost.root, {})) as lost_database:
        for rows in (scripts, made):
            assert database.rows(rows) == lost_database.rows(rows)
    life.do("click", "import", *(lost.root.parent / name for name in ("b.log", "c.log", "d.log")))
    life.run("run-5")
    assert life.started() == [], "no script runs twice"
    life.run("run-6", "--retry-failed")
    assert life.started() == ["4"]
    life.sound("--deep")
    shutil.copy(whole, life.root / "linktrack.db")  # as it was, for the next test


def test_what_was_done_since_is_not_opened_by_a_run_that_is_taken_after_all(restored: tuple[Life, Life]) -> None:
    """Somebody said that nothing had run, which was wrong, and names a run that failed when its script was done."""
    life, lost = restored
    (life.root / "started.txt").unlink(missing_ok=True)
    life.do("action", "run", "--no-runs")
    life.run("own-2", "--retry-failed")
    assert life.started() == ["3"]
    life.do("action", "run", "--runs", lost.root / "run-2")
    life.run("own-4", "--retry-failed")
    assert life.started() == ["3"]
    life.sound("--deep")
