"""Worlds whose clicks can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clicks_world import World
from reports.page_world import make_page_world
from reports.reports_world import ZONE, Oracle, make_reports_world


@pytest.fixture(scope="session")
def world_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """The world in a zone, made once; it is not to be changed."""
    known: dict[str, World] = {}

    def find(zone: str) -> World:
        if zone not in known:
            known[zone] = make_reports_world(tmp_path_factory.mktemp("reports") / "world", zone)
        return known[zone]

    return find


@pytest.fixture
def oracle(world_in: Callable[[str], World], monkeypatch: pytest.MonkeyPatch) -> Oracle:
    """What counts the world by hand; the world's folder is the current one."""
    world = world_in(ZONE)
    monkeypatch.chdir(world.workspace.root)
    return Oracle(world, ZoneInfo(ZONE))


@pytest.fixture
def own_world(oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of the world that may be changed, in the current folder."""
    world = oracle.world.copy(tmp_path / "world")
    monkeypatch.chdir(world.workspace.root)
    return world


@pytest.fixture(scope="session")
def page_world_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_page_world(tmp_path_factory.mktemp("page") / "world")


@pytest.fixture
def page_world(page_world_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of the page, which is also the current folder; it is not to be changed."""
    monkeypatch.chdir(page_world_root)
    return page_world_root
