"""A world whose clicks can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from clicks_world import World, line, make_world


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Shipments 1 and 2 of `spring` to 30 recipients each, test shipment 3; see `LINES` for who did what."""
    world = make_world(tmp_path_factory.mktemp("reports") / "world")
    path = world.path
    log = world.workspace.root / "access.log"
    log.write_bytes(
        b"".join(
            [
                line(path(1, 1), 600),  # person 1 clicks link 1 twice …
                line(path(1, 1), 601),
                line(path(1, 1, shipment=2), 7000),  # … and once in the second sending
                line(path(1, 2), 4000),  # person 2 clicks links 1 and 2
                line(path(2, 2), 4100),
                line(path(2, 3), 700, agent="curl/8.5.0"),  # a machine
                line(path(3, 4), 800, agent="Slackbot 1.0"),  # a preview …
                line(path(3, 4), 860),  # … and then the person
                line(path(4, 5, shipment=3), 900),  # the test
            ]
        )
    )
    world.load(log)
    return world


@pytest.fixture
def at(counted: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(counted.workspace.root)
    return counted.workspace.root
