"""Few clicks that come into a busy time: only what bears on them is loaded, and all is judged as if it came at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from clicks_world import World, line, random_log, state
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.clicks.judging import judge


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
    loaded: list[int] = []
    real = judge.stored_clicks

    def counted(*values: object) -> list[judge.StoredClick]:
        found = real(*values)  # type: ignore[arg-type]  # as it is called
        loaded.append(len(found))
        return found

    monkeypatch.setattr(judge, "stored_clicks", counted)
    sparse.write_bytes(b"".join(line(world.path(2, 1 + n, 2), 130 + 60 * n, ip=f"203.0.{n}.1") for n in range(30)))
    assert world.load(sparse).stored == 30
    assert sum(loaded) < 100


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
