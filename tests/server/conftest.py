"""What tests of the server may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from server.server_world import SentWorld, make_sent

from linktrack.store.session import Database
from linktrack.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    """A mailing with a link of every kind, sent to two people."""
    return make_sent(workspace, database, tmp_path)
