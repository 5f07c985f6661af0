"""Promise 5: killed at any point, run twice, or at the same time, an action happens once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from actions.actions_world import MAY_4, ActionsWorld, make_world, rows_of
from faults import failing, killed, points_of, sample

from linktrack.actions.ledger import started
from linktrack.actions.ledger.log import read_log
from linktrack.actions.ledger.rows import LogFilter
from linktrack.actions.ledger.runs import newest_run
from linktrack.actions.ledger.started import AskedScripts
from linktrack.actions.run import resume_run, run_actions
from linktrack.errors import Conflict, DiskFull, NotFound
from linktrack.links.editing import edit_link
from linktrack.store.opening import open_database
from linktrack.store.revisions import upgrade
from linktrack.workspace import load_workspace

EXPORT = "contact_id,email,name,level,interests\n" + "".join(
    f'{number},{number}@example.com,"Person {number}",,News\n' for number in range(1, 7)
)
CONFIG = '[crm.contacts.fields]\nlevel = "level"\nlast = { column = "Last", create = true }\n'
SCRIPT = (
    "import json, os, sys\n"
    "said = json.load(sys.stdin)\n"
    "with open('started.txt', 'a') as file:\n"
    "    file.write(said['custId'] + '\\n')\n"
    "print(json.dumps({'fields': {'last': 'script'}, 'returnUrl': 'https://www.example.com/' + said['custId']}))\n"
)
ACTIONS: list[dict[str, Any]] = [
    {"type": "set-field", "field": "level", "value": "hot"},
    {"type": "interest", "add": ["Product news"], "remove": ["News"]},
    {"type": "selection", "add": ["Prospects"]},
    {"type": "project", "add": ["Launch"]},
    {"type": "follow-up", "default_recipient": "BO"},
    {"type": "request", "title": "Call {contact.name}"},
    {"type": "script", "script": "note.py"},
]


def build(world: ActionsWorld) -> Path:
    """Six clicks by four people on a link with all kinds of actions; returns the export."""
    world.configure(CONFIG)
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "note.py").write_text(SCRIPT)
    world.link("offer", ACTIONS)
    for minute, contact in enumerate(["1", "2", "1", "3", "99", "4"]):
        world.click(contact, "offer", minute)
    return world.export(EXPORT)


def outcome(world: ActionsWorld, out: Path) -> dict[str, Any]:
    """All that a run leaves behind, without the time and number of the run."""
    found: dict[str, Any] = {
        path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.name != "summary.json"
    }
    said = json.loads((out / "summary.json").read_text())
    found["summary"] = {name: value for name, value in said.items() if name not in ("ran_at", "run")}
    for table, columns in (
        ("change", "id, recipient_id, kind, name, operation, old, new, status, message"),
        ("made", "id, recipient_id, kind, action, owner, start_at, status, fields, return_url"),
        ("settled", "recipient_id, kind, name, clicked_at, value"),
        ("click", "clicked_at, print, recipient_id, passed"),
        ("open_time", "first_at, last_at"),
        ("failure", "id, recipient_id, action, status"),
        ("action_tally", "link_id, shipment_id, kind, name, status, count"),
        ("return_address", "link_id, recipient_id, shipment_id, url"),
    ):
        found[table] = sorted(world.database.rows(f"SELECT {columns} FROM {table}"))
    return found


class Prepared:
    """A world that a run is going to take place in, as often as one likes."""

    def __init__(self, folder: Path) -> None:
        with make_world(folder / "world") as world:
            build(world)
            world.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.settings = world.settings
        self.root = folder / "world"

    @contextmanager
    def copy(self, to: Path) -> Iterator[ActionsWorld]:
        root = to / "world"
        shutil.copytree(self.root, root)
        with open_database(load_workspace(root, {})) as database:
            yield ActionsWorld(root, database, settings=self.settings)


def carry_out(world: ActionsWorld) -> None:
    """The run, on a connection of its own."""
    with open_database(world.workspace) as database:
        run_actions(world.workspace, database, world.order(world.root / "contacts.csv", now=MAY_4), world.root / "out")


def recover(world: ActionsWorld) -> None:
    """What a person does after a run that did not end well: resume it, or give the command again."""
    newest = newest_run(world.database)
    if newest is None:
        carry_out(world)
    elif newest.status in ("running", "interrupted"):
        resume_run(world.workspace, world.database)
    else:
        world.run(world.root / "contacts.csv", f"after-{time.monotonic_ns()}")  # it only puts the summary there


def starts(world: ActionsWorld) -> int:
    """How often the scripts have been started for the person for whom they were started most often."""
    log = world.root / "scripts" / "started.txt"
    return max(Counter(log.read_text().split()).values()) if log.exists() else 0


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("prepared"))


class Undisturbed(NamedTuple):
    """What a run leaves behind that nothing happens to, and the points that it passes."""

    outcome: dict[str, Any]
    points: list[str]


@pytest.fixture(scope="module")
def undisturbed(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    with prepared.copy(tmp_path_factory.mktemp("undisturbed")) as world:
        points = points_of(lambda: carry_out(world))
        assert starts(world) == 1
        return Undisturbed(outcome(world, world.root / "out"), points)


def test_the_points_are_those_of_a_whole_run(undisturbed: Undisturbed) -> None:
    """That the faults below reach everything: files, their folder, the scripts' ledger and the run's transaction."""
    points = Counter(undisturbed.points)
    assert points["commit"] >= 4 + 4 * 2  # run, definitions, kept aside, stored; and each script begun and ended
    assert points["fsync"] >= len(undisturbed.outcome) - 9 + 3  # each file, two folders, the summary
    assert points["rename"] == 1 and points["replace"] == 1
    for name in ("contacts.csv", "changes.ndjson", "follow-ups.csv", "selections.csv"):
        assert points[f"write {name}"] >= 1


@pytest.mark.faults
def test_whatever_fails_for_want_of_room_the_same_is_done_in_the_end(
    prepared: Prepared, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    for number, point in enumerate(undisturbed.points, 1):
        with prepared.copy(tmp_path / str(number)) as world:
            with failing(number), suppress(DiskFull):
                carry_out(world)
            assert_recovers(world, undisturbed, (number, point))


@pytest.mark.faults
def test_a_run_killed_at_any_point_ends_as_if_nothing_had_happened(
    prepared: Prepared, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    for number in sample(undisturbed.points, 30):
        with prepared.copy(tmp_path / str(number)) as world:
            point = (number, undisturbed.points[number - 1])
            assert killed(lambda world=world: carry_out(world), number), point  # type: ignore[misc]
            assert_recovers(world, undisturbed, point)


def assert_recovers(world: ActionsWorld, undisturbed: Undisturbed, point: tuple[int, str]) -> None:
    """That the same is done in the end. A script that was started and could not be noted down as ended is the one
    thing that cannot be known: it is `interrupted`."""
    recover(world)
    assert starts(world) == 1, point
    out = world.root / "out"
    lost = [row for row in rows_of(out / "scripts.ndjson") if row["status"] == "interrupted"]
    if lost:
        assert point[1] == "commit" and len(lost) == 1, point
    else:
        assert outcome(world, out) == undisturbed.outcome, point
    assert_files_and_ledger_agree(world, out)
    again, _ = world.run(world.root / "contacts.csv", "again")
    assert again.summary["changes"] == again.summary["clicks"] == 0


@pytest.mark.faults
def test_a_resumed_run_may_be_killed_too(prepared: Prepared, undisturbed: Undisturbed, tmp_path: Path) -> None:
    for number in sample(undisturbed.points, 10):
        with prepared.copy(tmp_path / str(number)) as world:
            killed(lambda world=world: carry_out(world), number)  # type: ignore[misc]
            for second in (5, 25):
                killed(lambda world=world: recover_alone(world), second)  # type: ignore[misc]
            recover(world)
            assert_files_and_ledger_agree(world, world.root / "out")


def recover_alone(world: ActionsWorld) -> None:
    """`recover` on a connection of its own."""
    with open_database(world.workspace) as database:
        recover(replace(world, database=database))


def assert_files_and_ledger_agree(world: ActionsWorld, out: Path) -> None:
    """What must hold of the world of `build` after a run, whatever happened on the way to it."""
    changes = rows_of(out / "changes.ndjson")
    ids = [row["id"] for row in changes]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(row[0] for row in world.database.rows("SELECT id FROM change"))
    assert starts(world) == 1
    assert world.passed() == 5
    assert len(rows_of(out / "follow-ups.csv")) == len(rows_of(out / "requests.csv")) == 4
    scripts = rows_of(out / "scripts.ndjson")
    assert len(scripts) == 4
    assert {row["id"]: row["status"] for row in scripts} == dict(
        world.database.rows("SELECT id, status FROM made WHERE kind = 'script'")
    )
    assert json.loads((out / "summary.json").read_text())["changes"] == len(changes)
    done = {row["contact_id"] for row in scripts if row["status"] == "ok"}
    assert [line.split(",")[3:] for line in (out / "contacts.csv").read_text().splitlines()[1:]] == [
        ["hot", "Product news", "script" if str(number) in done else ""] if number < 5 else ["", "News", ""]
        for number in range(1, 7)
    ]


@pytest.mark.parametrize("ended", [False, True])
def test_a_batch_that_was_started_is_never_started_again(world: ActionsWorld, ended: bool) -> None:
    export, out = build(world), world.root / "out"
    log = world.root / "scripts" / "started.txt"
    (world.root / "scripts" / "note.py").write_text("open('started.txt', 'a').write('x')\n")
    world.actions("offer", [*ACTIONS[:-1], {"type": "script", "script": "note.py", "batch": True}])

    def carry_out_until_then() -> None:
        """Killed between the script's start in the ledger and its end there."""
        start, end = started.start_scripts, started.end_scripts

        def die(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        def start_and_die(asked: AskedScripts, batch: int) -> None:
            start(asked, batch)
            die()

        with (
            mock.patch.object(started, "end_scripts", die if ended else end),
            mock.patch.object(started, "start_scripts", start if ended else start_and_die),
        ):
            carry_out(world)

    assert killed(carry_out_until_then, 1 << 40)
    resume_run(world.workspace, world.database)
    assert log.exists() == ended
    assert {row["status"] for row in rows_of(out / "scripts.ndjson")} == {"interrupted"}
    assert world.run(export)[0].summary["scripts"] == 0
    assert world.run(export, retry_failed=True)[0].summary["scripts"] == 0
    report, again = world.run(export, retry_interrupted=True)  # only a person may say that they are to be tried again
    assert (report.summary["scripts"], report.summary["failed"]) == (4, 0)
    assert {row["status"] for row in rows_of(again / "scripts.ndjson")} == {"ok"}


def test_a_new_run_takes_over_what_a_killed_one_left(
    prepared: Prepared, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    stored = max(number for number, point in enumerate(undisturbed.points, 1) if point == "commit")
    with prepared.copy(tmp_path) as world:
        export = world.root / "contacts.csv"
        assert killed(lambda: carry_out(world), stored)
        with pytest.raises(
            Conflict, match=r"run 1 was interrupted in .*: finish it with linktrack action run --resume"
        ):
            world.run(export, "out")
        report, out = world.run(export, "elsewhere")
        assert report.summary["clicks"] == 5
        assert len(rows_of(out / "scripts.ndjson")) == report.summary["scripts"] == 4
        with pytest.raises(NotFound, match="none to resume"):
            resume_run(world.workspace, world.database)


def test_an_interrupted_run_whose_export_is_gone_says_so(
    prepared: Prepared, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    with prepared.copy(tmp_path) as world:
        killed(lambda: carry_out(world), len(undisturbed.points) // 2)
        (world.root / "contacts.csv").unlink()
        with pytest.raises(NotFound, match="the export of the interrupted run is gone"):
            resume_run(world.workspace, world.database)


def test_two_runs_at_once_the_second_says_who_holds_it_or_waits(world: ActionsWorld) -> None:
    export = build(world)
    (world.root / "scripts" / "note.py").write_text("import time\ntime.sleep(0.5)\n")
    code = (
        "import sys\nfrom pathlib import Path\nfrom linktrack.actions.run import run_actions\n"
        "from linktrack.actions.run_input import RunOptions\n"
        "from linktrack.workspace import load_workspace\nfrom linktrack.store.opening import open_database\n"
        "root = Path(sys.argv[1])\nworkspace = load_workspace(root, {})\n"
        "with open_database(workspace) as database:\n"
        f"    run_actions(workspace, database, RunOptions(root / 'contacts.csv', {MAY_4}), root / 'first')\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(world.root)])
    until = time.monotonic() + 20
    while not world.database.value("SELECT count(*) FROM made") and time.monotonic() < until:
        time.sleep(0.02)
    with pytest.raises(Conflict, match=f"process {other.pid} "):
        world.run(export)
    report, _ = world.run(export, wait=60)
    assert other.wait() == 0
    assert report.summary["clicks"] == 0
    assert len(rows_of(world.root / "first" / "follow-ups.csv")) == 4


def test_failed_scripts_stop_nobody_and_are_tried_again_only_when_asked(world: ActionsWorld) -> None:
    export = build(world)
    (world.root / "scripts" / "note.py").write_text(
        "import json, os, sys\nsaid = json.load(sys.stdin)\n"
        "if said['custId'] == '2' and not os.path.exists('fixed'):\n    sys.exit('out of order')\n"
        "print(json.dumps({'fields': {'last': 'script ' + said['custId']}}))\n"
    )
    report, out = world.run(export)
    assert report.summary["failed"] == 1
    failed = [row for row in rows_of(out / "scripts.ndjson") if row["status"] == "failed"]
    assert [(row["contact_id"], row["exit_code"], row["message"]) for row in failed] == [("2", 1, "out of order")]
    assert len(rows_of(out / "follow-ups.csv")) == 4
    assert world.run(export)[0].summary["scripts"] == 0
    (world.root / "scripts" / "fixed").touch()
    again, second = world.run(export, retry_failed=True)
    assert again.summary == {**dict.fromkeys(again.summary, 0), "changes": 2, "set_field": 1, "scripts": 1,
                             "unknown_contacts": 1}  # fmt: skip
    assert rows_of(second / "scripts.ndjson")[0]["id"] == failed[0]["id"]
    assert "script 2" in (second / "contacts.csv").read_text().splitlines()[2]
    assert world.run(export, retry_failed=True)[0].summary["scripts"] == 0
    assert world.database.rows(
        "SELECT run_id, status, retried_by FROM change WHERE id = ? ORDER BY run_id", (failed[0]["id"],)
    ) == [(1, "failed", 3), (3, "ok", None)]
    assert [row.status for row in read_log(world.database, LogFilter(contact="2", kind="script"))] == ["ok"]


def test_a_contact_who_is_missing_today_is_taken_up_tomorrow(world: ActionsWorld) -> None:
    export = build(world)
    report, _ = world.run(export)
    assert report.unknown == ("99",)
    export.write_text(EXPORT + "99,late@example.com,Late,,\n")
    later, out = world.run(export)
    assert later.summary["clicks"] == later.summary["contacts"] == 1
    assert rows_of(out / "selections.csv") == [
        {"selection": "Prospects", "contact_id": "99", "change": "add", "name": "Late", "email": "late@example.com"}
    ]


def test_a_dry_run_leaves_no_trace(world: ActionsWorld, tmp_path: Path) -> None:
    export = build(world)
    before = sorted(path.name for path in world.root.rglob("*") if "linktrack.db" not in path.name)
    report = world.rehearse(export)
    assert report.summary["changes"] == len(report.delivered) == 32
    assert sorted(path.name for path in world.root.rglob("*") if "linktrack.db" not in path.name) == before
    assert world.database.value("SELECT count(*) FROM run") == 0
    real, _ = world.run(export)
    assert real.summary["clicks"] == report.summary["clicks"]


# --- a key that passes from one link to another -------------------------------------------------------------------


def pass_key_on(world: ActionsWorld) -> None:
    """Links of one mail: `call` becomes `deal`, and `book` becomes `call`."""
    edit_link(world.database, "call", new_key="deal")
    edit_link(world.database, "book", new_key="call")


PASSED_ON: dict[str, list[dict[str, Any]]] = {
    "a script": [{"type": "script", "script": "note.py"}],
    "a follow-up": [{"type": "follow-up", "default_recipient": "BO"}],
    "a request": [{"type": "request", "title": "Call {contact.name}"}],
}


@pytest.mark.parametrize("actions", PASSED_ON.values(), ids=list(PASSED_ON))
def test_what_two_links_make_that_have_had_one_key_has_two_ids(
    world: ActionsWorld, actions: list[dict[str, Any]]
) -> None:
    export = build(world)
    for key in ("call", "book"):
        world.link(key, actions)
    world.click("1", "call", 20)
    world.run(export)
    pass_key_on(world)
    world.click("1", "call", 30)
    world.run(export)
    ids = world.database.rows("SELECT id, link_id FROM made WHERE link_id <> (SELECT id FROM link WHERE key = 'offer')")
    assert len(set(ids)) == len({one for one, _ in ids}) == 2, ids


def test_a_failure_of_a_link_that_has_another_key_by_its_retry_is_closed(world: ActionsWorld) -> None:
    world.configure(CONFIG.replace('level = "level"', 'level = { column = "level", type = "number" }'))
    export = world.export(EXPORT)
    (world.root / "scripts").mkdir(exist_ok=True)
    world.link("call", [{"type": "set-field", "field": "level", "value": "hot"}, ACTIONS[-1]])
    world.click("1", "call")
    assert world.run(export)[0].summary["failed"] == 2
    pass_key_on(world)
    (world.root / "scripts" / "note.py").write_text(SCRIPT)
    world.configure(CONFIG)
    again, _ = world.run(export, retry_failed=True)
    assert (again.summary["failed"], world.database.rows("SELECT * FROM failure")) == (0, [])
    assert (world.root / "scripts" / "started.txt").read_text() == "1\n"
    assert world.run(export, retry_failed=True)[0].summary["changes"] == 0


# The version before the upgrade, the renames before it, one after the other, and whether things were made since.
EXCHANGED = [("call", "spare"), ("book", "call"), ("spare", "book")]
BEFORE_IDENTITIES: dict[str, tuple[str, list[tuple[str, str]], bool]] = {
    "nothing": ("0002", [], False),
    "exchanged": ("0001", EXCHANGED, False),
    "exchanged, and more was made": ("0002", EXCHANGED, True),
    "passed on": ("0001", [("call", "deal"), ("book", "call")], False),
    "passed on, and more was made": ("0001", [("call", "deal"), ("book", "call")], True),
    "passed on, and more was made before identities were right": ("0002", [("call", "deal"), ("book", "call")], True),
    "one renamed, and its key is nobody's": ("0001", [("call", "deal")], True),
}


@pytest.mark.parametrize(("version", "renames", "again"), BEFORE_IDENTITIES.values(), ids=list(BEFORE_IDENTITIES))
def test_an_upgrade_settles_what_links_have_made_under_the_key_of_another(
    world: ActionsWorld, version: str, renames: list[tuple[str, str]], again: bool
) -> None:
    """No id comes again for another link, and what has failed is tried again once."""
    world.configure(CONFIG.replace('level = "level"', 'level = { column = "level", type = "number" }'))
    export = world.export(EXPORT)
    (world.root / "scripts").mkdir(exist_ok=True)
    set_field = {"type": "set-field", "field": "level", "value": "hot"}
    for hours, key in enumerate(("call", "book", "other"), 1):
        world.link(key, [*PASSED_ON["a follow-up"], *PASSED_ON["a script"], set_field])
        world.click("1", key, 60 * hours)
    world.run(export)
    database, links = world.database, "SELECT id, link_id FROM made"
    for key, new_key in renames:
        database.execute("UPDATE link SET key = ? WHERE key = ?", (new_key, key))
        if again:  # by the version of before, of which ids are formed of today's key
            database.execute("UPDATE link SET identity = '~' || id")
    if again:
        database.execute("UPDATE link SET identity = key")
        world.click("2", renames[-1][1] if renames else "call", 500)
        world.run(export)
    handed_out: dict[str, int] = dict(database.rows(links))
    today = [key for (key,) in database.rows("SELECT key FROM link WHERE id IN (SELECT link_id FROM made)")]
    failures = len(database.rows("SELECT * FROM failure"))
    assert failures == (8 if again else 6)
    database.execute("DROP TABLE recent_clicker")
    database.execute("ALTER TABLE workspace DROP COLUMN keys_settled_for")
    database.execute("UPDATE link SET identity = '~' || id")
    database.execute("UPDATE link SET identity = key")
    if version == "0001":
        database.execute("DROP INDEX ix_link_identity")
        database.execute("ALTER TABLE link DROP COLUMN identity")
        database.execute("ALTER TABLE workspace DROP COLUMN keys_told")
    database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    assert upgrade(database, world.workspace).before == version
    world.configure(CONFIG)
    (world.root / "scripts" / "note.py").write_text(SCRIPT)
    world.run(export, retry_failed=True)
    started = (world.root / "scripts" / "started.txt").read_text().split()
    assert (len(started), database.rows("SELECT * FROM failure")) == (failures // 2, [])
    assert world.run(export, retry_failed=True)[0].summary["changes"] == 0
    for hours, contact in enumerate(("1", "2"), 5):
        for minutes, key in enumerate(today):
            world.click(contact, key, 120 * hours + minutes)
    world.run(export, retry_failed=True)
    made = database.rows(links)
    assert len(made) == len({one for one, _ in made}) > len(handed_out)
    assert [one for one in made if handed_out.get(one[0], one[1]) != one[1]] == []
