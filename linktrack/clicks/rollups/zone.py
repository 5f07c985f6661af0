"""The zone in whose hours clicks are counted: the workspace's. Once there are clicks, another zone needs all of them to
be counted again."""

from __future__ import annotations

from linktrack.errors import BadInput
from linktrack.store.session import Database


def follow_zone(database: Database, zone: str) -> None:
    """Count hours in this zone from now on, if nothing is counted yet."""
    if zone_of_hours(database) != zone and not _is_counted(database):
        set_zone(database, zone)


def check_zone(database: Database, zone: str) -> None:
    """BadInput when clicks are counted in hours of another zone than this, the workspace's."""
    kept = zone_of_hours(database)
    if kept != zone and _is_counted(database):
        raise BadInput(
            f"time_zone is {zone}, but the clicks are counted in hours of {kept}: "
            "count them anew with linktrack doctor --repair, or set time_zone back"
        )


def set_zone(database: Database, zone: str) -> None:
    """Note that hours are counted in this zone."""
    database.execute("UPDATE workspace SET time_zone = ?", (zone,))


def zone_of_hours(database: Database) -> str:
    """The zone that the database's hours are counted in."""
    return str(database.value("SELECT time_zone FROM workspace"))


def _is_counted(database: Database) -> bool:
    return database.value("SELECT 1 FROM shipment_hour LIMIT 1") is not None
