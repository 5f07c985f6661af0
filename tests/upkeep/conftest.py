"""The worlds that tests of upkeep ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests_support import Run
from upkeep.persons_world import PersonsWorld, make_persons_world

from linktrack.workspace import Workspace


@pytest.fixture
def persons(workspace: Workspace, tmp_path: Path, run: Run) -> PersonsWorld:
    return make_persons_world(workspace, tmp_path / "outside", run)
