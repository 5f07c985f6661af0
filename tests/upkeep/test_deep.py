"""Every figure that is kept is compared with what counting anew gives, and made anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clicks_world import line
from postgresql_server import new_database, ours
from postgresql_server import server as server
from sqlmodel import SQLModel
from tests_support import Run, call
from upkeep.upkeep_world import Life, begin

import linktrack.store.tables  # noqa: F401  (which makes them known)
from linktrack.actions.ledger.additions import Additions
from linktrack.actions.ledger.retry_order import lost_retries, mislaid_retries, order_retries
from linktrack.actions.ledger.rows import ChangeRow
from linktrack.clicks.judging.devices import DEVICES
from linktrack.clicks.rollups.counts import TABLES
from linktrack.links.tokens import NOBODY
from linktrack.store import clickers
from linktrack.store.clickers import COLUMNS
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.upkeep.contradicting_rows import contradictions
from linktrack.upkeep.deep import missing_rows, wrong_figures
from linktrack.upkeep.lost_words import lost_words
from linktrack.upkeep.repair import plan_repair, repair
from linktrack.workspace import Workspace, load_workspace

RECENT = "recent_clicker"  # which is compared with `clicker`, and empty when it was made anew
ALL = (*(table for table in TABLES if table != RECENT), "action_tally", "settled")


def lived(run: Run, root: Path) -> Life:
    """A workspace whose every rollup has a row: a mailing clicked by people and a machine, its actions run."""
    life = begin(run, root)
    paths = life.send("spring")
    clicks = [(path, 60 * number) for number, path in enumerate((*paths["1"], *paths["2"], paths["3"][0]), 1)]
    life.do("click", "import", life.log("a.log", *clicks, *((paths["4"][0], second) for second in (5, 5, 6, 6))))
    life.run("run-1", code=6)
    return life


@pytest.fixture(scope="module")
def in_a_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Database]]:
    life = lived(call, tmp_path_factory.mktemp("lived") / "work")
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        yield workspace, database


@pytest.fixture(scope="module")
def on_a_server(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Database]]:
    with pytest.MonkeyPatch.context() as patch:
        url = ours(new_database(server))
        patch.setenv("LINKTRACK_DATABASE_URL", url)
        life = lived(call, tmp_path_factory.mktemp("lived") / "work")
        workspace = load_workspace(life.root, {"LINKTRACK_DATABASE_URL": url})
    with open_database(workspace) as database:
        yield workspace, database


def contents(database: Database) -> dict[str, list[str]]:
    return {table: sorted(map(str, database.rows(f"SELECT * FROM {table}"))) for table in ALL}


def _moves(table: str) -> Iterator[tuple[str, str]]:
    """Statements that move a row of a table: each of its columns, then all of it."""
    for column in SQLModel.metadata.tables[table].columns:
        if column.computed is not None:
            continue
        other = f"{column.name} || 'x'" if column.type.python_type is str else f"{column.name} + 1000"
        one = f"{column.name} = (SELECT max({column.name}) FROM {table})"
        yield column.name, f"UPDATE {table} SET {column.name} = {other} WHERE {one}"
        if column.nullable:
            yield f"{column.name} is NULL", f"UPDATE {table} SET {column.name} = NULL"
    yield "all rows are gone", f"DELETE FROM {table}"


def every_move_is_found_and_mended(workspace: Workspace, database: Database, table: str, last: int = 0) -> None:
    """Each move of a table, or the `last` so many."""
    assert wrong_figures(database) == [] and list(missing_rows(database)) == []
    before = contents(database)
    assert before[table], "there is something to move"
    for what, statement in list(_moves(table))[-last:]:
        database.execute(statement)
        found = wrong_figures(database)
        assert [fault.table for fault in found] == [table], (what, found)
        assert all(fault.rows > 0 and fault.mended for fault in found), what
        repair(workspace, database)
        assert wrong_figures(database) == [], what
        after = contents(database)
        if table == "settled":  # the ledger does not tell of what was decided and changed nothing
            assert set(after["settled"]) & set(before["settled"]), what
            continue
        assert {name: rows for name, rows in after.items() if rows != before[name]} == {}, what


@pytest.mark.parametrize("table", ALL)
def test_every_column_is_compared_and_made_anew(in_a_file: tuple[Workspace, Database], table: str) -> None:
    every_move_is_found_and_mended(*in_a_file, table)


@pytest.mark.servers
@pytest.mark.parametrize("table", ALL)
def test_a_server_compares_and_makes_anew_the_same(on_a_server: tuple[Workspace, Database], table: str) -> None:
    every_move_is_found_and_mended(*on_a_server, table, last=2)


def test_no_rollup_is_left_out() -> None:
    """A table of counts by shipment is one of those that are compared, or said here."""
    kept = {
        name
        for name, table in SQLModel.metadata.tables.items()
        if "shipment_id" in table.primary_key.columns or name.endswith("_tally")
    }
    assert kept - set(ALL) - {RECENT} == {"shipment_recipient", "scanner_evidence"}, "which are no figures"


def test_recent_clickers_count_with_the_others(in_a_file: tuple[Workspace, Database]) -> None:
    workspace, database = in_a_file
    assert len(DEVICES) <= clickers._DEVICES, "the first click's device is told from its time"  # noqa: SLF001
    before = contents(database)
    columns = ", ".join(COLUMNS)
    some = f"SELECT recipient_id % 4 / 2, {columns} FROM clicker WHERE recipient_id % 2 = 0"
    database.execute(f"INSERT INTO {RECENT} (level, {columns}) {some}")
    assert [fault.table for fault in wrong_figures(database)] == ["clicker"]
    database.execute("DELETE FROM clicker WHERE recipient_id % 2 = 0")
    assert wrong_figures(database) == []
    for column in ("human", "machine", "first_device", "last_after", "link_id"):
        database.execute(f"UPDATE {RECENT} SET {column} = {column} + 1")
        assert [fault.table for fault in wrong_figures(database)] == ["clicker"], column
        database.execute(f"UPDATE {RECENT} SET {column} = {column} - 1")
    repair(workspace, database)
    assert contents(database) == before and not database.rows(f"SELECT 1 FROM {RECENT}")


@pytest.mark.parametrize("column", ["recipients", "uncounted"])
def test_how_many_got_a_shipment_is_counted_too(in_a_file: tuple[Workspace, Database], column: str) -> None:
    workspace, database = in_a_file
    database.execute(f"UPDATE shipment SET {column} = {column} + 2")
    assert [fault.table for fault in wrong_figures(database)] == ["shipment"]
    repair(workspace, database)
    assert wrong_figures(database) == []


def test_looking_changes_nothing_and_keeps_nobody_waiting(in_a_file: tuple[Workspace, Database]) -> None:
    workspace, database = in_a_file
    before = contents(database)
    with open_database(workspace, wait=0) as other, other.transaction():
        assert wrong_figures(database) == []
    assert contents(database) == before
    tables = {name for (name,) in database.rows("SELECT name FROM sqlite_temp_master")}
    assert not tables & {*ALL, *(f"counted_{table}" for table in ALL)}


# --- rows of which others deny what they say -----------------------------------------------------------------------

DENIED = {  # what is done, and what is said of it
    "a thing is of another shipment": ("UPDATE made SET shipment_id = shipment_id + 1", "are of another click, link"),
    "a thing is of another click": ("UPDATE made SET clicked_at = clicked_at + 1", "are of another click, link"),
    "a thing is not kept as made": ("DELETE FROM made WHERE kind = 'request'", "made something that is not kept"),
    "a change is of another link": (
        "UPDATE change SET link_id = (SELECT id FROM link WHERE kind = 'local') WHERE kind = 'set-field'",
        "name another link or shipment than their click",
    ),
    "a thing ended otherwise": ("UPDATE made SET status = 'failed' WHERE kind = 'request'", "ended otherwise, or follow"),
    "a script ended otherwise": ("UPDATE made SET status = 'ok' WHERE status = 'failed'", "ended otherwise, or follow"),
    "a thing follows other settings": (
        "UPDATE made SET definition_id = (SELECT min(id) FROM definition) WHERE kind = 'request'", "ended otherwise, or follow",
    ),
    "a script follows the settings of another action": (
        "UPDATE made SET definition_id = (SELECT min(id) FROM definition) WHERE kind = 'script'",
        "follow the settings of another action",
    ),
    "a change follows the settings of another action": (
        "UPDATE change SET definition_id = (SELECT max(id) FROM definition) WHERE kind = 'interest'",
        "follow the settings of another action",
    ),
    "a failure is gone": ("DELETE FROM failure", "failure: 1 stand open"),
    "a failure is one that never was": (
        "INSERT INTO failure (recipient_id, id, run_id, number, clicked_at, click_print, link_id, action, status) "
        "SELECT recipient_id, id, run_id, number, clicked_at, click_print, link_id, action, 'failed' FROM change "
        "WHERE kind = 'selection' AND recipient_id = 1", "failure: 1 stand open",
    ),
    "a failure ended otherwise": ("UPDATE failure SET status = 'timeout'", "failure: 1 stand open"),
    "a failure is of no change": ("UPDATE failure SET number = 999", "failure: 1 stand open"),
    "what failed is not in the ledger": (
        "DELETE FROM change WHERE status = 'failed'", "failure: 1 stand open though the ledger has no row of them",
    ),
    "a shipment is signed with no key that ever was": (
        "UPDATE shipment SET settings = json_set(settings, '$.key_id', 9) WHERE id = 1",
        "shipment: 1 are signed with a key that this workspace has never had",
    ),
    "a shipment is of another mailing": ("UPDATE shipment SET mailing_id = 3 - mailing_id", "on a placement of"),
    "a click is on another placement": (
        "UPDATE click SET placement_id = (SELECT max(id) FROM placement) WHERE shipment_id = 1", "on a placement of",
    ),
    "a run that is done is called interrupted": ("UPDATE run SET status = 'interrupted'", "run: 1 have a status"),
    "a run that is done was never finished": ("UPDATE run SET finished_at = NULL", "run: 1 have a status"),
    "a run was taken though nothing was restored": ("UPDATE run SET status = 'taken'", "run: 1 have a status"),
    "a look of a scanner is gone": ("DELETE FROM scanner_evidence", "scanner_evidence: 1 are not"),
    "a look of a scanner was at another time": (
        "UPDATE scanner_evidence SET minute = minute + 30", "scanner_evidence: 2 are not",
    ),
    "a look of a scanner was another's": (
        "UPDATE scanner_evidence SET recipient_id = 1", "scanner_evidence: 2 are not",
    ),
    "tried again by its own run": ("UPDATE change SET retried_by = 1 WHERE status = 'failed'", "change: 1 are said to have been tried again"),
    "tried again by a run that is not there": (
        "UPDATE change SET retried_by = 7 WHERE status = 'failed'", "change: 1 are said to have been tried again",
    ),
    "done, and tried again": (
        "UPDATE change SET retried_by = 1 WHERE status = 'ok' AND kind = 'script'", "are said to have been tried again",
    ),
}  # fmt: skip
REPAIRED = [what for what in DENIED if "scanner" in what or "failure" in what]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Database]]:
    """The same with a second mailing, at which a scanner has looked."""
    life = lived(call, tmp_path_factory.mktemp("scanned") / "work")
    paths = life.send("summer", 1)
    log = life.root.parent / "b.log"
    log.write_bytes(b"".join(line(path, 600, agent="python-requests/2.31") for path in next(iter(paths.values()))))
    life.do("click", "import", log)
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        yield workspace, database


@pytest.mark.parametrize("what", DENIED)
def test_what_other_rows_deny_is_found(scanned: tuple[Workspace, Database], what: str) -> None:
    workspace, database = scanned
    statement, said = DENIED[what]
    assert list(contradictions(database)) == []
    database.execute("PRAGMA foreign_keys=OFF")
    database.execute("BEGIN")
    try:
        database.execute(statement)
        [fault] = [fault for fault in contradictions(database) if said in fault.sentence()]
        assert fault.mended == (what in REPAIRED)
    finally:
        database.execute("ROLLBACK")
    if fault.mended:
        database.execute(statement)
        repair(workspace, database)
        assert list(contradictions(database)) == []


def test_what_failed_stands_open_after_a_repair_though_its_rows_are_gone(in_a_file: tuple[Workspace, Database]) -> None:
    workspace, database = in_a_file
    before = database.rows("SELECT recipient_id, id, action, status FROM failure")
    database.execute("DELETE FROM change WHERE status = 'failed'")
    assert "leave 1 failure open whose rows the ledger has lost" in plan_repair(workspace, database).sentence()
    repair(workspace, database)
    assert database.rows("SELECT recipient_id, id, action, status FROM failure") == before != []


FIRST = "run_id = 1 AND status = 'failed'"
RETRIES = {  # what is done after a script has failed in two runs, and whether the rows themselves tell how it was
    "the first failure names none": (f"UPDATE change SET retried_by = NULL WHERE {FIRST}", True),
    "the first failure names its own run": (f"UPDATE change SET retried_by = 1 WHERE {FIRST}", True),
    "the first failure names a run that came later": (f"UPDATE change SET retried_by = 3 WHERE {FIRST}", True),
    "the last failure names an earlier run": ("UPDATE change SET retried_by = 1 WHERE run_id = 2", False),
    "the last failure names a run without it": ("UPDATE change SET retried_by = 3 WHERE run_id = 2", False),
    "the last failure names no run at all": ("UPDATE change SET retried_by = 77 WHERE run_id = 2", False),
    "what was done names a later run": ("UPDATE change SET retried_by = 2 WHERE run_id = 1 AND status = 'ok'", False),
    "a run has the failure twice": (
        "INSERT INTO change (run_id, number, recipient_id, id, clicked_at, click_print, link_id, shipment_id, action, "
        "kind, name, operation, old, new, definition_id, status, message, ran_at) SELECT run_id, 99, recipient_id, id, "
        "clicked_at, click_print, link_id, shipment_id, action, kind, name, operation, old, new, definition_id, status, "
        "message, ran_at FROM change WHERE run_id = 2", False,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def retried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Database]]:
    """A script that failed in two runs, and a third run after them."""
    life = lived(call, tmp_path_factory.mktemp("retried") / "work")
    life.run("run-2", "--retry-failed", code=6)
    life.run("run-3")
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        yield workspace, database


@pytest.mark.parametrize("what", RETRIES)
def test_who_tried_again_is_told_by_the_rows_or_nothing_is_made_of_it(
    retried: tuple[Workspace, Database], what: str
) -> None:
    workspace, database = retried
    statement, mended = RETRIES[what]
    tables = "change", "failure", "action_tally"
    whole = {table: database.rows(f"SELECT * FROM {table}") for table in tables}
    assert [*contradictions(database), *wrong_figures(database)] == []
    database.execute(statement)
    harmed = {table: database.rows(f"SELECT * FROM {table}") for table in tables}
    found = [*contradictions(database), *missing_rows(database), *wrong_figures(database)]
    assert "change" in {fault.table for fault in found}
    assert {fault.mended for fault in found} == {mended}, found
    repair(workspace, database)
    after = {table: database.rows(f"SELECT * FROM {table}") for table in tables}
    assert after == (whole if mended else harmed)
    if not mended:
        for table, rows in whole.items():
            database.execute(f"DELETE FROM {table}")
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@pytest.mark.servers
def test_a_server_tells_who_tried_again_the_same(on_a_server: tuple[Workspace, Database]) -> None:
    _, database = on_a_server
    columns = ", ".join(ChangeRow._fields)
    again = columns.replace("run_id", "2").replace(", status", ", 'ok'")
    with database.pretending():
        database.execute(f"UPDATE change SET retried_by = 1 WHERE {FIRST}")
        assert (lost_retries(database), mislaid_retries(database)) == (1, [])
    with database.pretending():
        database.execute("INSERT INTO run (id, started_at, status, out, summary) VALUES (2, 1, 'done', '', '{}')")
        database.execute(f"INSERT INTO change ({columns}) SELECT {again} FROM change WHERE {FIRST}")
        assert (lost_retries(database), len(mislaid_retries(database))) == (0, 1)
        Additions(database, 2)
        database.execute(
            "INSERT INTO spool_change (recipient_id, id) SELECT recipient_id, id FROM change WHERE run_id = 2"
        )
        order_retries(database)
        assert mislaid_retries(database) == [] == database.rows("SELECT * FROM failure")
        assert database.value("SELECT count(*) FROM action_tally WHERE status <> 'ok'") == 0


# --- verdicts that are lost ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return lived(call, tmp_path_factory.mktemp("life") / "work")


@pytest.fixture
def life(_life: Life, tmp_path: Path) -> Life:
    return _life.copy(tmp_path / "work")


@pytest.mark.parametrize("which", ["", "WHERE id = (SELECT max(id) FROM ruling)", "WHERE verdict = 'human'"])
def test_clicks_without_their_ruling_are_judged_again(life: Life, which: str) -> None:
    before = life.json("report", "links"), life.json("click", "list")
    with open_database(load_workspace(life.root, {})) as database:
        database.execute(f"DELETE FROM ruling {which}")
    rows = life.json_of(6, "doctor", "--deep")
    assert any(row["check"] == "rows" and "--repair" in row["advice"] for row in rows), rows
    assert "judge them again, for the verdicts of" in life.do("doctor", "--repair", "--yes").err
    assert (life.json("report", "links"), life.json("click", "list")) == before
    life.sound("--deep")


def test_a_verdict_that_nobody_can_give_any_more_is_a_sentence(life: Life) -> None:
    life.do("contact", "forget", "2", "--yes")
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("DELETE FROM ruling")
    assert "are missing, and what they were judged by is gone" in life.do("doctor", "--repair", "--yes", code=3).err
    life.json_of(6, "doctor", "--deep")


NAMED = ("agent", "network", "reading", "placement", "link", "shipment", "recipient", "mailing", "shipment_recipient")


@pytest.mark.parametrize("table", NAMED)
def test_whatever_is_missing_is_found_and_no_repair_is_a_bug(life: Life, table: str) -> None:
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("UPDATE click SET network_id = 77 WHERE network_id = 0")
        database.execute(f"DELETE FROM {table}")
    found = [row for row in life.json_of(6, "doctor", "--deep") if row["state"] == "error"]
    assert found, "it is one"
    mended = life.do("doctor", "--repair", "--yes", code=6)
    assert "cannot be mended so" in mended.err


# --- what is left when something is gone for good ----------------------------------------------------------------


def test_what_was_forgotten_or_made_too_old_is_as_it_was_counted(life: Life) -> None:
    life.do("contact", "forget", "2", "--yes")
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        assert wrong_figures(database) == [], "the tally has more than the ledger, and that is right"
        before = {table: rows for table, rows in contents(database).items() if table != "settled"}
        repair(workspace, database)
        assert {table: rows for table, rows in contents(database).items() if table != "settled"} == before
        database.execute("UPDATE action_tally SET count = 0")
        assert [fault.table for fault in wrong_figures(database)] == ["action_tally"]


AFTER_A_PURGE = {
    "a clicker is one too many": "UPDATE placement_tally SET clickers = clickers + 1",
    "a first click is another one": "UPDATE link_tally SET first_click = first_click - 1",
    "a last click is another one": "UPDATE shipment_tally SET last_click = NULL",
    "an hour since has another figure": "UPDATE shipment_hour SET machine = machine + 1",
    "an hour since is gone": "DELETE FROM link_hour WHERE hour = (SELECT max(hour) FROM link_hour)",
    "somebody more was sent to": "UPDATE shipment_domain SET sent = sent + 1",
    "nobody was sent to": "DELETE FROM shipment_domain",
    "another domain was sent to": "UPDATE shipment_domain SET domain = 'example.org'",
}


@pytest.mark.parametrize("what", AFTER_A_PURGE)
def test_within_the_horizon_figures_are_compared(life: Life, what: str) -> None:
    life.do("database", "purge", "--clicks-before", "2026-05-04T00:00", "--yes")
    with open_database(load_workspace(life.root, {})) as database:
        assert wrong_figures(database) == []
        database.execute(AFTER_A_PURGE[what])
    wrong = [row for row in life.json_of(6, "doctor", "--deep") if row["check"] == "figures"]
    anew = "shipment_domain" in AFTER_A_PURGE[what]
    assert [row["state"] for row in wrong] == ["error"], wrong
    assert ("--repair" if anew else "backup") in wrong[0]["advice"], "no repair makes anew what is of clicks"
    if anew:
        life.do("doctor", "--repair", "--yes")
        life.sound("--deep")


def test_after_a_purge_a_repair_makes_anew_what_is_not_of_clicks(life: Life) -> None:
    life.do("database", "purge", "--clicks-before", "2026-05-04T09:02", "--yes")
    before = life.json("report", "links"), life.json("action", "log")
    said = life.do("doctor", "--repair", "--yes").err
    assert (
        "the figures of clicks stay: those before 2026-05-04T09:02" in said
        and "Made anew what the ledger and the shipments tell." in said
    )
    life.sound("--deep")
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("DELETE FROM action_tally")
        database.execute("UPDATE shipment SET recipients = 9")
        database.execute("DELETE FROM open_time")
    life.do("doctor", "--repair", "--yes")
    life.sound("--deep")
    assert (life.json("report", "links"), life.json("action", "log")) == before
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("UPDATE link_tally SET clickers = 9")
    assert "cannot be mended so" in life.do("doctor", "--repair", "--yes", code=6).err


def test_a_tally_of_nobody_is_of_no_clicker(in_a_file: tuple[Workspace, Database]) -> None:
    assert in_a_file[1].value("SELECT count(*) FROM clicker WHERE recipient_id = ?", (NOBODY,)) == 0


def test_a_repair_says_what_it_could_not_mend(life: Life) -> None:
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("DELETE FROM recipient WHERE id = 2")
        database.execute("UPDATE link_tally SET human = 77")
    left = life.root / ".linktrack.unfinished-0123456789ab"
    left.mkdir()
    (left / "linktrack.toml").write_text("")
    asked = life.do("doctor", "--repair", code=2).err
    assert "remove 1 leftover of killed commands" in asked and left.exists()
    said = life.do("doctor", "--repair", "--yes", code=6).err
    assert "cannot be mended so: see linktrack doctor --deep" in said
    assert not left.exists()
    wrong = {row["check"] for row in json.loads(life.do("doctor", "--deep", "--format", "json", code=6).out)
             if row["state"] == "error"}  # fmt: skip
    assert wrong == {"rows"}


# --- what people have said -----------------------------------------------------------------------------------------

SAYING = (
    '<a href="linktrack:offer">Offer</a> <a href="linktrack:unsubscribe">Leave</a> '
    '<a href="linktrack:subscriptions">Choose</a>'
)
PRESSED = {  # by contact: which link of the mail, in its order, and what its POST says
    "1": (1, ""), "2": (1, "?off=*"), "3": (2, "?off=news"), "4": (2, "?on=news"), "5": (2, "?consent=off"),
}  # fmt: skip
LOST_WORDS = {
    "who left by the unsubscribe link": ("DELETE FROM left_type WHERE how = 'unsubscribe' AND type <> ''", ["left_type: 1 "]),
    "who left every type": ("DELETE FROM left_type WHERE type = ''", ["left_type: 1 "]),
    "who left by the page": ("DELETE FROM left_type WHERE how = 'page'", ["left_type: 1 "]),
    "who came back": ("DELETE FROM left_type WHERE how = 'back'", ["left_type: 1 "]),
    "who left by an action": ("DELETE FROM left_type WHERE how = 'action'", ["left_type: 2 "]),
    "who left another type by one, which the CRM did not show": (
        "DELETE FROM left_type WHERE type = 'autumn'", ["left_type: 1 "],
    ),
    "who left, and only an earlier word stands": (
        "UPDATE left_type SET how = 'back', left_at = 1 WHERE how = 'page'", ["left_type: 1 "],
    ),
    "who refused to be tracked": ("DELETE FROM said_consent", ["said_consent: 1 "]),
    "all": ("DELETE FROM left_type; DELETE FROM said_consent", ["left_type: 6 ", "said_consent: 1 "]),
}  # fmt: skip


def heard(root: Path) -> Life:
    """A workspace where one person each has left, or come back, or refused to be tracked, in all the ways there are."""
    life = begin(call, root)
    (root / "m.html").write_text(SAYING)
    for name, type in (("spring", "News"), ("autumn", "Autumn")):
        life.do("mailing", "add", name, root / "m.html", "--type", type)
    life.do("action", "add", "offer", "interest", "--remove", "AUTUMN")
    sent = ("--contacts", root / "contacts.csv", "--as", "ndjson", "--sent-at", "2026-05-04T08:00:00+00:00")
    life.do("mailing", "rewrite", "spring", *sent, "--out", root / "mails")
    paths = {
        row["contact_id"]: re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", row["html"])
        for row in map(json.loads, (root / "mails" / "recipients.ndjson").read_text().splitlines())
    }
    posts = [
        line(paths[who][place] + query, 3600 * int(who), method="POST", status=200, ip=f"192.0.{who}.9")
        for who, (place, query) in PRESSED.items()
    ]
    log = root.parent / "said.log"
    log.write_bytes(b"".join([*posts, line(paths["5"][0], 36_000, ip="192.0.77.9")]))
    life.do("click", "import", log)
    life.run("run-1")
    return life


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_whose_word_is_lost_is_found_and_noted_again(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {}
    if kind == "postgresql":
        environ = {"LINKTRACK_DATABASE_URL": ours(new_database(request.getfixturevalue("server")))}
        monkeypatch.setenv(*next(iter(environ.items())))
    life = heard(tmp_path / "work")
    life.sound("--deep")
    workspace = load_workspace(life.root, environ)
    left = "SELECT recipient_id, type, how, left_at FROM left_type ORDER BY 1, 2"
    said = "SELECT recipient_id, consent, said_at FROM said_consent"
    with open_database(workspace) as database:
        before = database.rows(left), database.rows(said)
        assert [len(rows) for rows in before] == [6, 1]
        for what, (statements, found) in LOST_WORDS.items():
            for statement in statements.split(";"):
                database.execute(statement)
            sentences = [fault.sentence() for fault in lost_words(database, by_get=False)]
            assert [sentence[: len(one)] for sentence, one in zip(sentences, found, strict=True)] == found, what
            repair(workspace, database)
            assert (database.rows(left), database.rows(said)) == before, what
        database.execute("DELETE FROM left_type WHERE how = 'unsubscribe'")
    rows = {row["check"]: row for row in life.json_of(6, "doctor", "--deep")}
    assert rows["words"]["state"] == "error" and "doctor --repair" in rows["words"]["advice"], rows["words"]
    said = life.do("doctor", "--repair", "--yes").err
    assert ", note again who has left or come back to a type of mailing (2).\n" in said
    assert ", and noted again who has left or come back to a type of mailing (2).\n" in said
    assert "note" not in life.do("doctor", "--repair", "--yes").err
    with open_database(workspace) as database:  # made after they clicked, so nobody has left it
        database.execute("UPDATE mailing SET created_at = ? WHERE name = 'autumn'", (1 << 42,))
        database.execute("DELETE FROM left_type WHERE type = 'autumn'")
    life.do("contact", "subscribe", "1")
    life.sound("--deep")
