"""Few clicks that come into a busy time: only what bears on them is loaded, and all is judged as if it came at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clicks_world import World, line, random_log, state
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.neighbours import neighbours
from linktrack.clicks.judging.stored_clicks import StoredClick, click_rows
from linktrack.store.session import Database, Row


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[StoredClick]]]:
    """For every look for neighbours, of how many new clicks it was, and the stored ones that were found."""
    found: list[tuple[int, list[StoredClick]]] = []

    def noted(database: Database, own: Clicks, *values: Any) -> tuple[list[StoredClick], set[Click]]:
        near, concerned = neighbours(database, own, *values)
        found.append((len(own), near))
        return near, concerned

    monkeypatch.setattr("linktrack.clicks.judging.judge.neighbours", noted)
    return found


def busy_hour(world: World, clicks: int) -> list[bytes]:
    return [
        line(world.path(1 + n % 8, 1000 + n), 100 + 3600 * n / clicks, ip=f"{30 + n % 60}.51.{n % 250}.7")
        for n in range(clicks)
    ]


def test_a_sparse_log_loads_its_own_neighbours_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, sparse = tmp_path / "busy.log", tmp_path / "sparse.log"
    log.write_bytes(b"".join(busy_hour(world, 3000)))
    assert world.load(log).stored == 3000
    loaded: list[Row] = []

    def counted(*values: Any) -> Iterator[Row]:
        for row in click_rows(*values):
            loaded.append(row)
            yield row

    monkeypatch.setattr("linktrack.clicks.judging.neighbours.click_rows", counted)
    sparse.write_bytes(b"".join(line(world.path(2, 1 + n, 2), 130 + 60 * n, ip=f"203.0.{n}.1") for n in range(30)))
    assert world.load(sparse).stored == 30
    assert len(loaded) < 100


def test_of_two_busy_logs_of_one_time_only_what_is_near_is_judged_again(
    world: World, tmp_path: Path, looked_up: list[tuple[int, list[StoredClick]]]
) -> None:
    """They are of the same people, who click again some hours later, or from the same address within seconds."""
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_bytes(b"".join(busy_hour(world, 3000)))
    assert world.load(first).stored == 3000
    others = [
        line(world.path(2, 1000 + n), 200 + (3600 * n / 3000 + 1800) % 3600, ip=f"{90 + n % 60}.9.{n % 250}.7")
        for n in range(3000)
    ]
    others[1500:1500] = [line(world.path(3, 5000), 1900, ip="30.51.0.7")]
    second.write_bytes(b"".join(others))
    assert world.load(second).stored == 3001
    judged = [one for _, near in looked_up for one in near]
    assert {one.click.ip for one in judged} == {"30.51.0.0"}
    assert len(judged) < 20


def test_clicks_an_hour_apart_are_judged_at_once_where_nothing_is_stored_between(
    world: World, tmp_path: Path, looked_up: list[tuple[int, list[StoredClick]]]
) -> None:
    hourly = tmp_path / "hourly.log"
    hourly.write_bytes(b"".join(line(world.path(2, 1 + n), 3600 * n) for n in range(64)))
    assert world.load(hourly).stored == 64
    assert [new for new, _ in looked_up] == [64]
    looked_up.clear()
    later = tmp_path / "later.log"
    later.write_bytes(b"".join(line(world.path(2, 100 + n), 3600 * (60 + n) + 60) for n in range(64)))
    assert world.load(later).stored == 64
    assert sorted(new for new, _ in looked_up) == [
        1,
        1,
        1,
        1,
        4,
        8,
        16,
        32,
    ]  # halves, for the first four have a neighbour


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.data())
def test_the_last_few_clicks_are_judged_as_if_all_came_at_once(
    untouched: World, tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    """A burst, a crowd, a HEAD or a junk request whose parts come one after the other, in any order."""
    lines = random_log(untouched, seed, data.draw(st.integers(5, 60)))
    late = data.draw(st.sets(st.integers(0, len(lines) - 1), min_size=1, max_size=3))
    if len(set(lines)) < len(lines):  # the same line in two logs is one click
        lines = list(dict.fromkeys(lines))
        late = {index for index in late if index < len(lines)}
    folder = tmp_path_factory.mktemp("sparse")
    whole, parted = untouched.copy(folder / "whole"), untouched.copy(folder / "parted")
    log = folder / "whole.log"
    log.write_bytes(b"".join(lines))
    whole.load(log, log_format="combined")
    early = folder / "early.log"
    early.write_bytes(b"".join(text for index, text in enumerate(lines) if index not in late))
    parted.load(early, log_format="combined")
    for index in sorted(late):
        one = folder / f"{index}.log"
        one.write_bytes(lines[index])
        parted.load(one, log_format="combined")
    assert state(parted) == state(whole)
