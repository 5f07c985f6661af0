"""A link's actions, edited one at a time: added, listed and removed."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from linktrack.errors import BadInput, NotFound, UsageError
from linktrack.links.actions import KINDS, parse_action
from linktrack.settings import CrmSettings
from linktrack.store.session import Database


def add_action(database: Database, key: str, raw: dict[str, Any], crm: CrmSettings) -> int:
    """Append an action to the link `key`; returns its position. NotFound for an unknown link, BadInput for settings."""
    definition = parse_action(raw, crm)
    with database.transaction():
        link_id = _link_id(database, key)
        position = 1 + int(
            database.value("SELECT coalesce(max(position), 0) FROM action WHERE link_id = ?", (link_id,))
        )
        database.execute(
            "INSERT INTO action (link_id, position, type, settings) VALUES (?, ?, ?, ?)",
            (link_id, position, definition.type, json.dumps(definition.settings, ensure_ascii=False)),
        )
    return position


def list_actions(database: Database, key: str | None = None) -> list[dict[str, Any]]:
    """The actions of the link `key`, or of all links, in their order."""
    if key is not None:
        _link_id(database, key)
    rows = database.rows(
        "SELECT l.key, a.position, a.type, a.settings FROM action a JOIN link l ON l.id = a.link_id "
        "WHERE ? = '' OR l.key = ? ORDER BY l.key, a.position",
        (key or "", key or ""),
    )
    return [{"link": row[0], "position": row[1], "type": row[2], "settings": json.loads(row[3])} for row in rows]


def remove_action(database: Database, key: str, position: int) -> str:
    """Remove an action and close the gap behind it; returns its type."""
    with database.transaction():
        link_id = _link_id(database, key)
        kept = database.rows("SELECT id, position, type FROM action WHERE link_id = ? ORDER BY position", (link_id,))
        gone = [row for row in kept if row[1] == position]
        if not gone:
            raise NotFound(f"the link {key!r} has no action {position}: see linktrack action list {key}")
        database.execute("DELETE FROM action WHERE id = ?", (gone[0][0],))
        for row in kept:
            if row[1] > position:
                database.execute("UPDATE action SET position = ? WHERE id = ?", (row[1] - 1, row[0]))
    return str(gone[0][2])


def settings_from_options(kind: str, options: list[str]) -> dict[str, Any]:
    """`--name value` pairs as the table that TOML would have: lists repeat, flags stand alone or say true or false.

    UsageError for what is no option; names and values are checked by `parse_action`.
    """
    if kind not in KINDS:
        raise BadInput(f"unknown action type {kind!r}: the types are {', '.join(KINDS)}")
    known = {one.name: one for one in fields(KINDS[kind])}
    settings: dict[str, Any] = {}
    rest = list(options)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise UsageError(f"{word!r} is no option: settings are given as --name value")
        name, given, value = word[2:].partition("=")
        name = name.replace("-", "_")
        flag = name in known and isinstance(known[name].default, bool)
        if not given and name.startswith("no_") and name[3:] in known:
            settings[name[3:]] = False
        elif flag and not given and (not rest or rest[0] not in ("true", "false")):
            settings[name] = True
        else:
            if not given and not rest:
                raise UsageError(f"the option --{name.replace('_', '-')} needs a value")
            text = value if given else rest.pop(0)
            if flag and text in ("true", "false"):
                settings[name] = text == "true"
            elif name in known and isinstance(known[name].default, tuple):
                settings.setdefault(name, []).append(text)
            else:
                settings[name] = text
    return settings


def _link_id(database: Database, key: str) -> int:
    found = database.value("SELECT id FROM link WHERE key = ?", (key,))
    if found is None:
        raise NotFound(f"there is no link {key!r}: see linktrack link list --all")
    return int(found)
