"""A workspace with one mailing and one shipment, for the tests of actions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from actions_world import World

from linktrack.config import load_workspace
from linktrack.store.session import open_database


@contextmanager
def make_world(root: Path) -> Iterator[World]:
    """A fresh world in a new folder."""
    made = World(root, None)  # type: ignore[arg-type]
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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with make_world(tmp_path / "world") as made:
        yield made


@pytest.fixture(scope="module")
def other_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A second world, which the tests of a module share."""
    with make_world(tmp_path_factory.mktemp("other") / "world") as made:
        yield made
