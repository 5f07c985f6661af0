"""Promise 4 in the database: verdicts are the same whatever the order in which clicks come in."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from clicks_world import CHROME, SENT, World, line, random_log

from linktrack.clicks.rejudge import judge_all
from linktrack.workspace import load_workspace


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def verdicts(world: World) -> list[str]:
    return [f"{row[9]} {row[10]}".strip() for row in world.clicks()]


def test_a_burst_that_spans_two_imports_is_found(world: World, tmp_path: Path) -> None:
    parts = [line(world.path(place), 600) for place in (1, 2, 3)]
    world.load(write(tmp_path / "monday.log", *parts[:2]))
    assert verdicts(world) == ["human"] * 2
    summary = world.load(write(tmp_path / "tuesday.log", parts[2]))
    assert verdicts(world) == ["scanner burst"] * 3
    assert (summary.human, summary.scanner, summary.stored, summary.moved) == (0, 1, 1, 2)


def test_a_head_request_that_comes_in_a_later_import_counts(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "get.log", line(world.path(), 603)))
    assert verdicts(world) == ["human"]
    summary = world.load(write(tmp_path / "head.log", line(world.path(), 600, method="HEAD")))
    assert (summary.stored, summary.reasons, summary.moved) == (0, {"method": 1}, 1)
    assert verdicts(world) == ["scanner head-request"]


def test_nothing_changes_when_everything_is_judged_again(world: World, tmp_path: Path) -> None:
    """Verdicts and tallies that grew import by import are those that a look at everything gives."""
    lines = random_log(world, 21, 400)
    chance = random.Random(21)
    pieces = [lines[start : start + 40] for start in range(0, 400, 40)]
    chance.shuffle(pieces)
    for number, piece in enumerate(pieces):
        world.load(write(tmp_path / f"{number}.log", *piece))
    before = world.clicks(), world.tallies()
    with world.database() as database:
        judged = judge_all(world.workspace, database)
    assert (judged.clicks, judged.changed) == (len(before[0]), 0)
    assert (world.clicks(), world.tallies()) == before


def test_other_rules_move_the_reports(world: World, tmp_path: Path) -> None:
    """Networks are known by what their names weigh today: one that is no longer in the settings weighs nothing."""
    log = write(tmp_path / "a.log", line(world.path(), 600, ip="203.0.113.7"), line(world.path(2), 900))
    tallies = "SELECT link_id, human, scanner, clickers FROM link_tally ORDER BY link_id"
    settings = {"LINKTRACK_CLICKS_NETWORKS": '["203.0.113.4/30"]'}
    replace(world, workspace=load_workspace(world.workspace.root, settings)).load(log)
    with world.database() as database:
        assert database.rows(tallies) == [(101, 0, 1, 0), (102, 1, 0, 1)]
        rehearsed = judge_all(world.workspace, database, dry_run=True)
        assert [tuple(change) for change in rehearsed.changes] == [("network", 1, 0)]
        assert database.rows(tallies) == [(101, 0, 1, 0), (102, 1, 0, 1)]
        judged = judge_all(world.workspace, database)
        assert (judged.changed, judged.human, judged.scanner) == (1, 2, 0)
        assert database.rows(tallies) == [(101, 1, 0, 1), (102, 1, 0, 1)]


def test_a_log_without_agents_is_not_held_against_anyone(world: World, tmp_path: Path) -> None:
    common = line(world.path(), 600).replace(b' "-" "' + CHROME.encode() + b'"', b"")
    world.load(write(tmp_path / "common.log", common))
    assert verdicts(world) == ["human"]


def test_the_time_of_a_click_is_the_logs(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", line(world.path(), -86_400), line(world.path(), 600, zone=330)))
    assert [row[0] for row in world.clicks()] == [SENT - 86_400_000, SENT + 600_000]
