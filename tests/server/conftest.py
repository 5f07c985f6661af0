"""What tests of the server may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from server.server_world import SentWorld, make_sent
from server.shop import Shop, open_shop

from linktrack.store.session import Database
from linktrack.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    """A mailing with a link of every kind, sent to two people."""
    return make_sent(workspace, database, tmp_path)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Where the links of a test lead."""
    with open_shop() as server:
        yield server
