"""The world of clicks, made once and copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from clicks_world import World, make_world


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that no test may write to."""
    return make_world(tmp_path_factory.mktemp("clicks") / "world")


@pytest.fixture
def world(untouched: World, tmp_path: Path) -> World:
    return untouched.copy(tmp_path / "world")
