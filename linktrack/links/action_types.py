"""Which types of actions the links have, without what is in them."""

from __future__ import annotations

from linktrack.store.session import Database


def action_types(database: Database) -> dict[int, list[str]]:
    """The types of actions (`set-field`, `interest` …) by the id of their link, in their order; only links with
    some."""
    found: dict[int, list[str]] = {}
    for link, kind in database.rows("SELECT link_id, type FROM action ORDER BY link_id, position"):
        found.setdefault(link, []).append(kind)
    return found
