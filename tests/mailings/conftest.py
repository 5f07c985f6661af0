"""What tests of mailings may ask for."""

from __future__ import annotations

import pytest
from mailings.mailings_world import MailingsWorld, add

from linktrack.store.session import Database
from linktrack.workspace import Workspace


@pytest.fixture
def world(workspace: Workspace, database: Database) -> MailingsWorld:
    """A workspace with the mailing news, of the type newsletter."""
    add(database)
    return MailingsWorld(workspace, database)
