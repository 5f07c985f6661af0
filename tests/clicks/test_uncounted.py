"""Clicks of those who refused tracking: in whatever order and pieces they come, the figures are those of the clicks."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from clicks_world import SENT, World, line, random_log

from linktrack.clicks.clicked_hours import clicked_hours
from linktrack.clicks.listing import ClickFilter, count_clicks
from linktrack.clicks.rejudge import judge_all
from linktrack.clicks.rollups.counts import rebuild
from linktrack.clicks.storing import ClickStore
from linktrack.links.tokens import NOBODY
from linktrack.upkeep.deep import ruled_clicks

REFUSED = (1, 2, 3, 5)  # of shipment 1; in shipment 2 nobody did
OF_LINK_2 = "FROM link_tally JOIN link ON link.id = link_id WHERE link.key = 'link-2'"


@pytest.fixture
def refusing(world: World) -> World:
    with world.database() as database:
        marks = ", ".join(map(str, REFUSED))
        database.execute(
            f"UPDATE shipment_recipient SET uncounted = TRUE WHERE shipment_id = 1 AND recipient_id IN ({marks})"
        )
        database.execute("UPDATE shipment SET uncounted = ? WHERE id = 1", (len(REFUSED),))
        database.execute("UPDATE shipment_domain SET uncounted = ? WHERE shipment_id = 1", (len(REFUSED),))
    return world


def log_of(world: World, seed: int) -> list[bytes]:
    """People's lines, of refusers too, and as many with the shared token of shipment 1."""
    chance = random.Random(seed)
    lines = random_log(world, seed, 250)
    shared = [
        line(
            world.path(chance.choice((2, 3, 9)), NOBODY),
            chance.randrange(60, 9_000),
            ip=f"198.51.{chance.randrange(9)}.7",
        )
        for _ in range(120)
    ]
    return sorted([*lines, *shared], key=lambda one: one[one.index(b"[") : one.index(b"]")])


def tallies(world: World) -> dict[str, list[tuple[Any, ...]]]:
    with world.database() as database:
        domains = sorted(database.rows("SELECT * FROM shipment_domain"))
    return {**world.tallies(), "shipment_domain": domains}


@pytest.mark.parametrize("seed", range(4))
def test_pieces_in_any_order_and_all_counted_anew_are_the_same(refusing: World, tmp_path: Path, seed: int) -> None:
    other, lines = refusing.copy(tmp_path / "other"), log_of(refusing, seed)
    whole = tmp_path / "whole.log"
    whole.write_bytes(b"".join(lines))
    assert refusing.load(whole).stored > 200
    edges = sorted(random.Random(seed).sample(range(1, len(lines)), 4))
    pieces = [lines[start:stop] for start, stop in zip([0, *edges], [*edges, len(lines)], strict=True)]
    random.Random(seed).shuffle(pieces)
    for number, piece in enumerate(pieces):
        path = tmp_path / f"piece-{number}.log"
        path.write_bytes(b"".join(piece))
        other.load(path)
    assert refusing.clicks() == other.clicks()
    assert tallies(refusing) == tallies(other)
    found = tallies(refusing)
    with refusing.database() as database:
        judge_all(refusing.workspace, database)
        rebuild(database, ClickStore.of(database).facts, ruled_clicks(database))
    assert tallies(refusing) == found


def test_who_refused_is_no_row_of_his_own_and_nobody_is_no_clicker(refusing: World, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"".join(log_of(refusing, 9)))
    refusing.load(log)
    with refusing.database() as database:
        people = {row[0] for row in database.rows("SELECT DISTINCT recipient_id FROM clicker WHERE shipment_id = 1")}
        assert NOBODY in people and not people & set(REFUSED)
        kept = database.rows("SELECT shipment_id, clickers, human FROM shipment_tally ORDER BY shipment_id")
        counted = database.rows(
            "SELECT shipment_id, count(DISTINCT CASE WHEN recipient_id <> 0 THEN recipient_id END), sum(human) "
            "FROM clicker GROUP BY shipment_id HAVING sum(human) > 0 ORDER BY shipment_id"
        )
        assert kept[: len(counted)] == counted


def test_the_first_click_is_found_anew_when_the_first_of_nobody_s_goes(refusing: World, tmp_path: Path) -> None:
    """A scanner's later clicks show that its first one was no person's."""
    shared = refusing.path(2, NOBODY)
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_bytes(line(shared, 600, ip="198.51.1.7") + line(shared, 900, ip="198.51.2.7"))
    second.write_bytes(b"".join(line(refusing.path(spot, NOBODY), 600.5, ip="198.51.1.7") for spot in (3, 4, 5, 9)))
    refusing.load(first)
    with refusing.database() as database:
        assert database.value(f"SELECT first_click {OF_LINK_2}") == SENT + 600_000
    refusing.load(second)
    with refusing.database() as database:
        row = database.row(f"SELECT human, scanner, clickers, first_click {OF_LINK_2}")
    assert row == (1, 1, 0, SENT + 900_000)


def test_clicks_of_who_refused_are_listed_as_theirs(refusing: World, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"".join(log_of(refusing, 9)))
    refusing.load(log)
    with refusing.database() as database:
        for person in REFUSED:
            stored = database.value("SELECT count(*) FROM click WHERE recipient_id = ?", (person,))
            assert count_clicks(database, ClickFilter(contact=f"C{person}"), 1_000) == stored > 1
        others = clicked_hours(database, recipient=4, verdict="human")
        firsts = {row[0] for row in database.rows("SELECT first_click FROM clicker WHERE recipient_id = 4")}
        assert {time.since for time in others} <= firsts, "of them it is known when they clicked"
