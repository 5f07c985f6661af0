"""A workspace with one mailing and one shipment, for the tests of actions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from actions.actions_world import ActionsWorld, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ActionsWorld]:
    with make_world(tmp_path / "world") as made:
        yield made


@pytest.fixture(scope="module")
def other_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionsWorld]:
    """A second world, which the tests of a module share."""
    with make_world(tmp_path_factory.mktemp("other") / "world") as made:
        yield made
