"""A link's actions in the database: read as TOML tables, and stored so that each one stays the one it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from linktrack.store.session import Database


def read_actions(database: Database) -> dict[int, list[dict[str, Any]]]:
    """By link the actions in their order, each as its TOML table."""
    found: dict[int, list[dict[str, Any]]] = {}
    for link_id, kind, settings in database.rows(
        "SELECT link_id, type, settings FROM action ORDER BY link_id, position"
    ):
        found.setdefault(link_id, []).append({"type": kind, **json.loads(settings)})
    return found


def store_actions(database: Database, link_id: int, actions: Sequence[dict[str, Any]]) -> None:
    """Make the link's actions these. Part of a transaction.

    An action that is there already keeps its row, wherever it moves to, and an action that changes keeps the row of
    the one it replaces: by the order of their rows runs know which of a link's requests has been made for whom.
    """
    left = database.rows("SELECT id, type, settings FROM action WHERE link_id = ? ORDER BY position", (link_id,))
    wanted = [
        (one["type"], json.dumps({name: one[name] for name in one if name != "type"}, ensure_ascii=False))
        for one in actions
    ]
    kept: dict[int, int] = {}
    for same in (True, False):
        for position, (kind, settings) in enumerate(wanted, 1):
            found = next((row for row in left if row[1] == kind and (row[2] == settings or not same)), None)
            if position not in kept and found is not None:
                kept[position] = found[0]
                left.remove(found)
    for row in left:
        database.execute("DELETE FROM action WHERE id = ?", (row[0],))
    database.execute("UPDATE action SET position = -position WHERE link_id = ?", (link_id,))  # out of the way
    for position, (kind, settings) in enumerate(wanted, 1):
        if position in kept:
            database.execute(
                "UPDATE action SET position = ?, settings = ? WHERE id = ?", (position, settings, kept[position])
            )
        else:
            database.execute(
                "INSERT INTO action (link_id, position, type, settings) VALUES (?, ?, ?, ?)",
                (link_id, position, kind, settings),
            )
