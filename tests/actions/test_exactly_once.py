"""Promise 5: killed at any point, run twice, or at the same time, an action happens once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from actions.actions_world import MAY_4, World, make_world, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.actions.run import resume, run_actions
from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.store.session import open_database
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


def build(world: World) -> Path:
    """Six clicks by four people on a link with all kinds of actions; returns the export."""
    world.configure(CONFIG)
    (world.root / "scripts").mkdir(exist_ok=True)
    (world.root / "scripts" / "note.py").write_text(SCRIPT)
    world.link("offer", ACTIONS)
    for minute, contact in enumerate(["1", "2", "1", "3", "99", "4"]):
        world.click(contact, "offer", minute)
    return world.export(EXPORT)


def in_child(world: World, export: Path, out: Path, crash: Callable[[str], None], *, again: bool = False) -> int:
    """Run (or resume) in a process of its own, which `crash` may kill; returns its wait status."""
    child = os.fork()
    if child == 0:
        try:
            workspace = load_workspace(world.root, {})
            with open_database(workspace) as database:
                if again:
                    resume(workspace, database, crash=crash)
                else:
                    run_actions(workspace, database, export, out, now=MAY_4, crash=crash)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def kill_at(count: int) -> Callable[[str], None]:
    """Kill the process at the `count`-th point that it passes."""
    left = [count]

    def crash(point: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return crash


def outcome(world: World, out: Path) -> dict[str, Any]:
    """All that a run leaves behind, without the time and number of the run."""
    found: dict[str, Any] = {
        path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.name != "summary.json"
    }
    said = json.loads((out / "summary.json").read_text())
    found["summary"] = {name: value for name, value in said.items() if name not in ("ran_at", "run")}
    for table, columns in (
        ("change", "id, click_id, kind, name, operation, old, new, status"),
        ("made", "id, click_id, kind, ordinal, owner, start_at, status, fields, return_url"),
        ("settled", "recipient_id, kind, name, clicked_at, value"),
        ("handled_click", "click_id"),
        ("return_address", "link_id, shipment_id, recipient_id, url"),
    ):
        found[table] = sorted(world.database.rows(f"SELECT {columns} FROM {table}"))
    return found


POINTS = 27  # of an undisturbed run of this world; the fixture holds the number


@pytest.fixture(scope="module")
def undisturbed(other_world: World) -> dict[str, Any]:
    """What a run leaves behind that nobody kills, and the points it passes."""
    export, out = build(other_world), other_world.root / "out"
    passed: list[str] = []
    run_actions(load_workspace(other_world.root, {}), other_world.database, export, out, now=MAY_4, crash=passed.append)
    assert len(passed) == POINTS
    return {**outcome(other_world, out), "points": passed}


@pytest.mark.parametrize("point", range(1, POINTS + 1))
@pytest.mark.faults
def test_a_run_killed_at_any_point_ends_as_if_nothing_had_happened(
    world: World, undisturbed: dict[str, Any], point: int
) -> None:
    export, out = build(world), world.root / "out"
    assert os.WTERMSIG(in_child(world, export, out, kill_at(point))) == signal.SIGKILL
    name = undisturbed["points"][point - 1]
    assert (out / "summary.json").exists() == (name == "finished")
    if name == "finished":
        world.run(export)  # notices that nothing is missing
    else:
        resume(load_workspace(world.root, {}), world.database)
    started = Counter((world.root / "scripts" / "started.txt").read_text().split())
    assert max(started.values()) == 1
    expected = {key: value for key, value in undisturbed.items() if key != "points"}
    if name in ("a script is noted down", "a script has run"):
        lost = [row for row in rows_of(out / "scripts.ndjson") if row["status"] == "interrupted"]
        assert len(lost) == 1
        assert world.database.rows("SELECT status FROM made WHERE id = ?", (lost[0]["id"],)) == [("interrupted",)]
        assert set(started) == {"1", "2", "3", "4"} - ({lost[0]["contact_id"]} if name.endswith("down") else set())
    else:
        assert outcome(world, out) == expected
    again, _ = world.run(export, "again")
    assert again.summary["changes"] == again.summary["clicks"] == 0


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 3), (4, 4), (5, 14), (11, 20), (13, 24), (20, 9), (24, 1)])
@pytest.mark.faults
def test_a_resumed_run_may_be_killed_too(world: World, first: int, second: int) -> None:
    export, out = build(world), world.root / "out"
    in_child(world, export, out, kill_at(first))
    in_child(world, export, out, kill_at(second), again=True)
    if not (out / "summary.json").exists():
        resume(load_workspace(world.root, {}), world.database)
    assert_files_and_ledger_agree(world, out)


def assert_files_and_ledger_agree(world: World, out: Path) -> None:
    """What must hold of the world of `build` after a run, whatever happened on the way to it."""
    changes = rows_of(out / "changes.ndjson")
    ids = [row["id"] for row in changes]
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(row[0] for row in world.database.rows("SELECT id FROM change"))
    assert max(Counter((world.root / "scripts" / "started.txt").read_text().split()).values()) == 1
    assert world.database.value("SELECT count(*) FROM handled_click") == 5
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


class KillAtCall:
    """Count the calls of functions written in C (of the system, of SQLite, of files) and kill the process at one."""

    def __init__(self, number: int) -> None:
        self.left = self.number = number

    def __call__(self, frame: object, event: str, argument: object) -> None:
        if event == "c_call":
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    @property
    def passed(self) -> int:
        return self.number - self.left


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many calls a whole run makes."""
    counter = KillAtCall(1 << 40)
    with make_world(tmp_path_factory.mktemp("counted") / "world") as counted:
        export = build(counted)
        sys.setprofile(counter)
        try:
            run_actions(load_workspace(counted.root, {}), counted.database, export, counted.root / "out", now=MAY_4)
        finally:
            sys.setprofile(None)
    return counter.passed


@settings(max_examples=15, derandomize=True)
@given(share=st.floats(0.01, 1))
@pytest.mark.faults
def test_killed_anywhere_files_and_ledger_agree_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, calls: int, share: float
) -> None:
    with make_world(tmp_path_factory.mktemp("killed") / "world") as world:
        export, out = build(world), world.root / "out"
        child = os.fork()
        if child == 0:
            try:
                sys.setprofile(KillAtCall(int(calls * share)))
                with open_database(load_workspace(world.root, {})) as database:
                    run_actions(load_workspace(world.root, {}), database, export, out, now=MAY_4)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        begun = world.database.value("SELECT count(*) FROM run")
        if not begun:
            world.run(export, "out")
        elif not (out / "summary.json").exists():
            resume(load_workspace(world.root, {}), world.database)
        assert_files_and_ledger_agree(world, out)
        again, _ = world.run(export, "again")
        assert again.summary["changes"] == again.summary["clicks"] == 0


@pytest.mark.parametrize("point", ["a batch is noted down", "a batch has run"])
@pytest.mark.faults
def test_a_batch_that_was_started_is_never_started_again(world: World, point: str) -> None:
    export, out = build(world), world.root / "out"
    (world.root / "scripts" / "note.py").write_text("open('started.txt', 'a').write('x')\n")
    world.actions("offer", [*ACTIONS[:-1], {"type": "script", "script": "note.py", "batch": True}])

    def crash(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(in_child(world, export, out, crash)) == signal.SIGKILL
    resume(load_workspace(world.root, {}), world.database)
    started = world.root / "scripts" / "started.txt"
    assert started.exists() == (point == "a batch has run")
    assert {row["status"] for row in rows_of(out / "scripts.ndjson")} == {"interrupted"}
    assert world.run(export)[0].summary["scripts"] == 0
    report, again = world.run(export, retry_failed=True)  # only a person may say that they are to be tried again
    assert (report.summary["scripts"], report.summary["failed"]) == (4, 0)
    assert {row["status"] for row in rows_of(again / "scripts.ndjson")} == {"ok"}


def test_a_run_that_fails_leaves_nothing_and_can_be_given_again(world: World) -> None:
    export = build(world)
    world.configure(CONFIG + '[crm]\nencoding = "cp1252"\n')
    world.link("bad", [{"type": "set-field", "field": "level", "value": "漢"}])
    world.click("1", "bad", 9)
    with pytest.raises(BadInput, match="cannot be written as cp1252"):
        world.run(export, "out")
    assert not (world.root / "out").exists()
    world.actions("bad", [])
    report, out = world.run(export, "out")
    assert report.summary["clicks"] == 5
    assert_files_and_ledger_agree(world, out)  # the scripts that had run by then are reported, and not run again


def test_a_new_run_takes_over_what_a_killed_one_left(world: World) -> None:
    export = build(world)
    in_child(world, export, world.root / "out", kill_at(12))
    with pytest.raises(Conflict, match="--resume"):
        world.run(export, "out")
    report, out = world.run(export, "elsewhere")
    assert report.summary["clicks"] == 5
    assert len(rows_of(out / "scripts.ndjson")) == report.summary["scripts"] == 4
    with pytest.raises(NotFound, match="none to resume"):
        resume(load_workspace(world.root, {}), world.database)


@pytest.mark.faults
def test_two_runs_at_once_the_second_says_who_holds_it_or_waits(world: World) -> None:
    export = build(world)
    (world.root / "scripts" / "note.py").write_text("import time\ntime.sleep(0.5)\n")
    code = (
        "import sys\nfrom pathlib import Path\nfrom linktrack.actions.run import run_actions\n"
        "from linktrack.workspace import load_workspace\nfrom linktrack.store.session import open_database\n"
        "root = Path(sys.argv[1])\nworkspace = load_workspace(root, {})\n"
        "with open_database(workspace) as database:\n"
        f"    run_actions(workspace, database, root / 'contacts.csv', root / 'first', now={MAY_4})\n"
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


def test_failed_scripts_stop_nobody_and_are_tried_again_only_when_asked(world: World) -> None:
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
    assert again.summary | {"clicks": 0} == {**dict.fromkeys(again.summary, 0), "changes": 2, "set_field": 1,
                                             "scripts": 1, "unknown_contacts": 1}  # fmt: skip
    assert rows_of(second / "scripts.ndjson")[0]["id"] == failed[0]["id"]
    assert "script 2" in (second / "contacts.csv").read_text().splitlines()[2]
    assert world.run(export, retry_failed=True)[0].summary["scripts"] == 0
    assert world.database.rows("SELECT status FROM change WHERE id = ? ORDER BY number", (failed[0]["id"],)) == [
        ("failed",),
        ("ok",),
    ]


def test_a_contact_who_is_missing_today_is_taken_up_tomorrow(world: World) -> None:
    export = build(world)
    report, _ = world.run(export)
    assert report.unknown == ("99",)
    export.write_text(EXPORT + "99,late@example.com,Late,,\n")
    later, out = world.run(export)
    assert later.summary["clicks"] == later.summary["contacts"] == 1
    assert rows_of(out / "selections.csv") == [{"selection": "Prospects", "contact_id": "99", "change": "add"}]


def test_a_dry_run_leaves_no_trace(world: World, tmp_path: Path) -> None:
    export = build(world)
    before = sorted(path.name for path in world.root.rglob("*") if "linktrack.db" not in path.name)
    report = world.rehearse(export)
    assert report.summary["changes"] == len(report.rows) == 32
    assert sorted(path.name for path in world.root.rglob("*") if "linktrack.db" not in path.name) == before
    assert world.database.value("SELECT count(*) FROM run") == 0
    real, _ = world.run(export)
    assert real.summary["clicks"] == report.summary["clicks"]
