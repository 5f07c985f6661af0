"""A mailing that was sent just now and is served by `linktrack serve`, for the modules that import these fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from server.server_world import SentWorld, make_sent
from server.serving_process import Served, serving

from linktrack.moments import now
from linktrack.store.session import Database
from linktrack.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    """Sent just now, by the clock that the server has."""
    return make_sent(workspace, database, tmp_path, now())


@pytest.fixture
def served(world: SentWorld, database: Database, tmp_path: Path) -> Iterator[Served]:
    database.close()
    with serving(world.workspace.root, said=tmp_path / "said") as server:
        yield server
