"""Where the clickers are: in the table `clicker`, and what has come on top of it lately, in `recent_clicker`.

The rows of a shipment lie in the order of its people, and who clicks next is anybody: of ten million, each click would
write a page of its own. So a shipment of very many has its latest clicks in rows that are few and lie close together
(level 0), which are added in one go to more of them (level 1), and these to all the others
(`clicks.rollups.recent_clickers`).
"""

# ruff: noqa: S608 -- what is put into the SQL are names of our own, never values

from __future__ import annotations

from linktrack.store.session import Database

COLUMNS = (
    *("shipment_id", "recipient_id", "placement_id", "link_id", "human", "machine"),
    *("first_click", "last_after", "first_device"),
)
KEY = "shipment_id, recipient_id, placement_id"
RECENT = "recent_clicker"
_DEVICES = 16  # more than there are: see clicks.judging.devices
_READ = ", ".join((*COLUMNS, "last_click"))
_RECENT = " ".join(f"UNION ALL SELECT {_READ} FROM recent_clicker WHERE level = {level}" for level in (1, 0))
_ALL = f"(SELECT {_READ} FROM clicker {_RECENT})"
_ADDED_UP = (
    "(SELECT shipment_id, recipient_id, placement_id, link_id, sum(human) AS human, sum(machine) AS machine, "
    "min(first_click) AS first_click, max(last_click) - min(first_click) AS last_after, max(last_click) AS last_click, "
    f"min(first_click * {_DEVICES} + first_device) - min(first_click) * {_DEVICES} AS first_device "
    f"FROM {_ALL} AS clicker GROUP BY {KEY}, link_id)"
)


def all_clickers(database: Database) -> str:
    """What stands in SQL for a table of all clickers. A person may have several rows of a placement, to be added up,
    and with the first click of the earliest one."""
    return "clicker" if _all_are_old(database) else _ALL


def clickers_by_placement(database: Database) -> str:
    """The same, with one row of each person and placement."""
    return "clicker" if _all_are_old(database) else _ADDED_UP


def _all_are_old(database: Database) -> bool:
    return database.value("SELECT 1 FROM recent_clicker LIMIT 1") is None
