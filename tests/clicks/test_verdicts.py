"""Promise 4 in the database: verdicts are the same whatever the order in which clicks come in."""

from __future__ import annotations

import codecs
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from clicks_world import CHROME, SENT, World, as_json, key_of, line, random_log

from linktrack.clicks.judging.rules.reasons import deciding
from linktrack.clicks.rejudge import judge_all
from linktrack.workspace import load_workspace


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def verdicts(world: World) -> list[str]:
    return [f"{row[9]} {row[10]}".strip() for row in world.clicks()]


def evidence(world: World) -> list[tuple[object, ...]]:
    with world.database() as database:
        return database.rows("SELECT * FROM scanner_evidence ORDER BY 1, 2, 3, 4, 5")


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
    before = world.clicks(), world.tallies(), evidence(world)
    stored = (world.workspace.root / "linktrack.db").read_bytes()
    with world.database() as database:
        judged = judge_all(world.workspace, database)
    assert (judged.clicks, judged.changed) == (len(before[0]), 0)
    assert (world.clicks(), world.tallies(), evidence(world)) == before
    assert (world.workspace.root / "linktrack.db").read_bytes() == stored, "of what is the same nothing is written"


def test_evidence_is_what_the_clicks_say_once_all_are_judged_again(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", *random_log(world, 21, 400)))
    before = evidence(world)
    assert len(before) > 4
    with world.database() as database, database.transaction():
        database.execute("DELETE FROM scanner_evidence WHERE minute = (SELECT max(minute) FROM scanner_evidence)")
        database.execute("UPDATE scanner_evidence SET family = family + 1 WHERE minute % 2 = 0")
    assert evidence(world) != before
    with world.database() as database:
        judge_all(world.workspace, database)
    assert evidence(world) == before


def test_other_rules_move_the_reports(world: World, tmp_path: Path) -> None:
    """Networks are known by what their names weigh today: one that is no longer in the settings weighs nothing."""
    log = write(tmp_path / "a.log", line(world.path(), 600, ip="203.0.113.7"), line(world.path(2), 900))
    tallies = (
        "SELECT link.key, human, scanner, clickers FROM link_tally JOIN link ON link.id = link_id ORDER BY link.key"
    )
    settings = {"LINKTRACK_CLICKS_NETWORKS": '["203.0.113.4/30"]'}
    replace(world, workspace=load_workspace(world.workspace.root, settings)).load(log)
    with world.database() as database:
        assert database.rows(tallies) == [("link-1", 0, 1, 0), ("link-2", 1, 0, 1)]
        rehearsed = judge_all(world.workspace, database, dry_run=True)
        assert [tuple(change) for change in rehearsed.changes] == [("", 1, 0, 1, 2), ("network", 1, 1, 0, 0)]
        assert database.rows(tallies) == [("link-1", 0, 1, 0), ("link-2", 1, 0, 1)]
        judged = judge_all(world.workspace, database)
        assert (judged.changed, judged.human, judged.scanner) == (1, 2, 0)
        assert database.rows(tallies) == [("link-1", 1, 0, 1), ("link-2", 1, 0, 1)]


def test_what_a_rehearsal_says_is_what_becomes_of_each_click(world: World, tmp_path: Path) -> None:
    """A click that both passes move is one, and what is said of reasons adds up to what is said of clicks."""
    settings = {"LINKTRACK_CLICKS_NETWORKS": '["192.0.2.2/31"]', "LINKTRACK_CLICKS_IP": "full"}
    log = write(tmp_path / "a.log", *random_log(world, 4, 400))
    replace(world, workspace=load_workspace(world.workspace.root, settings)).load(log)
    before = verdicts(world)
    with world.database() as database:
        rehearsed = judge_all(world.workspace, database, dry_run=True)
        assert (judge_all(world.workspace, database).changed, verdicts(world) != before) == (rehearsed.changed, True)
    moved = [(old, new) for old, new in zip(before, verdicts(world), strict=True) if old != new]
    assert rehearsed.changed == len(moved)
    weak = sum(_decides(old) == _decides(new) for old, new in moved)
    assert 0 < weak < len(moved)
    rows = {one.reason: one for one in rehearsed.changes}
    for reason in {*map(_decides, before), *map(_decides, verdicts(world))}:
        one = rows.pop(reason)
        assert (one.before, one.after) == (
            list(map(_decides, before)).count(reason),
            list(map(_decides, verdicts(world))).count(reason),
        )
        assert one.lost == sum(_decides(old) == reason != _decides(new) for old, new in moved)
        assert one.gained == sum(_decides(old) != reason == _decides(new) for old, new in moved)
    assert not rows


def _decides(verdict: str) -> str:
    name, _, reasons = verdict.partition(" ")
    return deciding((name, reasons))


def test_a_log_without_agents_is_not_held_against_anyone(world: World, tmp_path: Path) -> None:
    common = line(world.path(), 600).replace(b' "-" "' + CHROME.encode() + b'"', b"")
    world.load(write(tmp_path / "common.log", common))
    assert verdicts(world) == ["human"]


def _rot13(path: str) -> str:
    return codecs.encode(path, "rot13")


@pytest.mark.parametrize(
    ("mutated", "status", "is_one"),
    [
        pytest.param(lambda path: path[:-1] + ("a" if path[-1] != "a" else "b"), 404, True, id="another last letter"),
        pytest.param(lambda path: path.rpartition("/")[0] + "/" + path[:-33:-1], 404, True, id="the token backwards"),
        pytest.param(_rot13, 404, True, id="the whole path turned by 13 letters"),
        pytest.param(lambda path: _rot13(path).upper(), 302, True, id="the same in capitals, answered"),
        pytest.param(lambda path: "/qqqq" + path[5:], 404, True, id="a placement that is none"),
        pytest.param(lambda path: "/zzzz" + path[5:], 302, True, id="the same, answered"),
        pytest.param(lambda path: path + "%00", 404, True, id="a NUL behind it"),
        pytest.param(lambda path: path + "%1F", 302, True, id="a control character behind it, answered"),
        pytest.param(lambda path: path + path, 404, True, id="twice in one"),
        pytest.param(lambda path: "/x" + path, 404, True, id="looked for in vain below another path"),
        pytest.param(lambda path: path[:-1], 404, True, id="cut short"),
        pytest.param(lambda path: "/x" + path, 302, False, id="found below another path"),
        pytest.param(lambda path: path + "%0A", 404, False, id="a line end that was copied with it"),
        pytest.param(lambda path: path + ").", 404, False, id="a text's punctuation"),
        pytest.param(lambda path: path + "/", 404, False, id="a slash"),
        pytest.param(lambda path: path.upper(), 404, False, id="in capitals"),
        pytest.param(lambda path: "/zzzz/" + "abcd2345" * 4, 404, False, id="an address of another workspace"),
        pytest.param(lambda path: path + "?url=" + path, 404, False, id="the address in a query of it"),
    ],
)
def test_a_mutated_request_beside_a_good_one(
    world: World, tmp_path: Path, mutated: Callable[[str], str], status: int, is_one: bool
) -> None:
    """It speaks against whoever stands at its address, whichever of the two comes first, together or apart."""
    odd = line(mutated(world.path(2, 9)), 597, ip="198.51.100.9", status=status)
    good = line(world.path(3, 9), 600, ip="198.51.100.9")
    wanted = "scanner malformed-neighbour" if is_one else "human"
    other = world.copy(tmp_path / "other")
    world.load(write(tmp_path / "both.log", odd, good))
    other.load(write(tmp_path / "good.log", good))
    other.load(write(tmp_path / "odd.log", odd))
    assert verdicts(world)[-1] == verdicts(other)[-1] == wanted
    assert verdicts(world) == verdicts(other)


@pytest.mark.parametrize(
    "token", ["{{ linktrack_token }}", "<%= token %>", "{token}", "{ token }", "%7Btoken%7D", "%7B%7B token %7D%7D"]
)
def test_a_merge_tag_that_nobody_filled(world: World, tmp_path: Path, token: str) -> None:
    """With blanks in it a line is no HTTP request any more, and an address of ours all the same."""
    log = write(
        tmp_path / "a.log", line(f"/{key_of(1)}/{token}", 600, status=400), line("/other/{{ x }}", 601, status=400)
    )
    summary = world.load(log)
    assert (summary.reasons, summary.not_ours) == ({"unfilled-merge-tag": 1}, 1)


def test_no_agent_is_the_same_however_it_is_written(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", line(world.path(), 600, agent="-")))
    world.load(write(tmp_path / "b.log", line(world.path(1, 2), 601, agent="")))
    world.load(write(tmp_path / "c.log", as_json(line(world.path(1, 3), 602, agent=""))))
    world.load(write(tmp_path / "d.log", as_json(line(world.path(1, 4), 603, agent="-"))))
    assert verdicts(world) == ["scanner agent:no-agent"] * 4


def test_the_time_of_a_click_is_the_logs(world: World, tmp_path: Path) -> None:
    world.load(write(tmp_path / "a.log", line(world.path(), -86_400), line(world.path(), 600, zone=330)))
    assert [row[0] for row in world.clicks()] == [SENT - 86_400_000, SENT + 600_000]
