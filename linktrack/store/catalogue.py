"""The counter of the catalogue: counted up with every change that addresses depend on, so that whoever has read the
catalogue (an import, a server) knows when to read it again."""

from __future__ import annotations

from linktrack.store.session import Database


def touch(database: Database) -> None:
    """Count the catalogue up. Part of the transaction of a change to links, placements, shipments or keys."""
    database.execute("UPDATE workspace SET catalogue = catalogue + 1")


def version(database: Database) -> int:
    """How often the catalogue has changed."""
    return int(database.value("SELECT catalogue FROM workspace"))
