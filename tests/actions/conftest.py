"""A workspace with one mailing and one shipment, for the tests of actions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from actions_world import World

from linktrack.config import load_workspace
from linktrack.store.session import open_database


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "world", None)  # type: ignore[arg-type]
    made.root.mkdir()
    made.configure("")
    with open_database(load_workspace(made.root, {})) as database:
        made.database = database
        database.execute(
            "INSERT INTO mailing (name, subject, type, html, settings, created_at) "
            "VALUES ('spring-news', 'Spring is here', 'Newsletter', ?, '{}', 0)",
            (b"",),
        )
        made.shipment()
        yield made
