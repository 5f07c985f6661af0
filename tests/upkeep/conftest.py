"""The worlds that tests of upkeep ask for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests_support import call
from upkeep.persons_world import PersonsWorld, make_persons_world
from upkeep.upkeep_world import Lost

from linktrack.upkeep.making import init_workspace
from linktrack.workspace import load_workspace


@pytest.fixture(scope="session")
def _persons(tmp_path_factory: pytest.TempPathFactory) -> PersonsWorld:
    folder = tmp_path_factory.mktemp("persons")
    init_workspace(folder / "workspace", "https://click.example.com", {})
    return make_persons_world(load_workspace(folder / "workspace", {}), folder / "outside", call)


@pytest.fixture
def persons(_persons: PersonsWorld, tmp_path: Path) -> PersonsWorld:
    """A copy of the world of its own."""
    root, outside = tmp_path / "workspace", tmp_path / "outside"
    shutil.copytree(_persons.root, root)
    shutil.copytree(_persons.outside, outside)
    return PersonsWorld(load_workspace(root, {}), outside, call, _persons.runs, _persons.vera)


@pytest.fixture(scope="session")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """A workspace that was lost after its backup; no test changes what is left of it."""
    return Lost(tmp_path_factory.mktemp("lost"))
