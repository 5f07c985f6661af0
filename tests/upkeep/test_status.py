"""`linktrack status`: what is due, and what is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests_support import Run
from upkeep.upkeep_world import Life, begin

from linktrack.moments import DAY, HOUR
from linktrack.store.lock import alone
from linktrack.store.opening import open_database
from linktrack.upkeep.status import status_of
from linktrack.workspace import load_workspace

SENT = 1_777_881_600_000  # 2026-05-04T08:00:00Z


@pytest.fixture
def life(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    made = begin(run, tmp_path / "work")
    monkeypatch.setattr(time, "time_ns", lambda: (SENT + HOUR) * 1_000_000)
    return made


def at(life: Life, hours: float) -> tuple[str, ...]:
    """What is due so many hours after the mailing was sent."""
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        return status_of(workspace, database, SENT + round(hours * HOUR)).due


def test_what_is_due_from_day_to_day(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at(life, 1000) == (), "nothing was sent"
    paths = life.send("spring")
    assert at(life, 20) == ()
    assert at(life, 27) == ("import",), "sent, and no log was ever read"
    log = life.log("a.log", (paths["1"][0], 60), (paths["3"][0], 120), (paths["2"][1], 180))
    life.do("click", "import", log)  # an hour after the sending
    assert at(life, 26) == ()
    assert at(life, 30) == ("import", "run")
    life.run("run-1", code=6)  # the script for contact 3 fails
    assert at(life, 2) == ("failures",)
    assert at(life, 30) == ("import", "failures")
    monkeypatch.setattr(time, "time_ns", lambda: (SENT + DAY) * 1_000_000)
    (life.root / "empty.log").touch()
    life.do("click", "import", life.root / "empty.log")
    assert at(life, 30) == ("failures",), "an import that found nothing is one"
    life.do("click", "import", log)
    assert at(life, 50) == ("failures",)
    assert at(life, 51) == ("import", "failures")


def test_the_command(life: Life) -> None:
    assert life.json("status")["due"] == []
    paths = life.send("spring")
    life.do("click", "import", life.log("a.log", (paths["1"][0], 60)))
    said = life.json("status")
    assert said == {
        "checked_at": "2026-05-04T09:00:00+00:00",
        "last_import": "2026-05-04T09:00:00+00:00",
        "last_run": None,
        "open_clicks": 1,
        "oldest_open_click": "2026-05-04T09:01:00+00:00",
        "failures": 0,
        "unfinished_shipments": 0,
        "due": [],
    }
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("UPDATE shipment SET finished_at = NULL")
        database.execute("INSERT INTO run (started_at, status, out, summary) VALUES (0, 'running', '', '')")
    due = life.do("status", "--quiet", code=6)
    assert "not all handed out of 1 shipment:" in due.err and "--resume" in due.err
    life.do("status", "--within", "soon", code=2)


def test_a_run_that_is_going_on_is_not_due(life: Life) -> None:
    workspace = load_workspace(life.root, {})
    with open_database(workspace) as database:
        database.execute("INSERT INTO run (started_at, status, out, summary) VALUES (0, 'running', '', '')")
        with alone(workspace, database, "action run", 0):
            assert at(life, 0) == ()
    assert at(life, 0) == ("resume",)


def test_a_restored_workspace_waits_for_its_runs(life: Life, run: Run, tmp_path: Path) -> None:
    life.do("backup", tmp_path / "b.tar.gz")
    assert run("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    assert at(Life(run, tmp_path / "r"), 0) == ("runs-after-restore",)
    life.call("--workspace", tmp_path / "r", "action", "run", "--no-runs")
    assert at(Life(run, tmp_path / "r"), 0) == ()
