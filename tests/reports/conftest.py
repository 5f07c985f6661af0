"""Worlds whose clicks can be counted by hand."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clicks_world import World
from reports.reports_world import OTHER_ZONE, Oracle, make_reports_world

ZONES = ("Europe/Stockholm", OTHER_ZONE)


@pytest.fixture(scope="session", params=ZONES)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Mailings, shipments and clicks, in a zone whose clocks go forward, and in one of quarters of an hour."""
    return make_reports_world(tmp_path_factory.mktemp("reports") / "world", request.param)


@pytest.fixture
def oracle(counted: World, monkeypatch: pytest.MonkeyPatch) -> Oracle:
    """What counts by hand; the world's folder is the current one."""
    monkeypatch.chdir(counted.workspace.root)
    return Oracle(counted, ZoneInfo(counted.workspace.settings.time_zone))
