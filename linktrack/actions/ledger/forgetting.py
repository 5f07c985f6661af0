"""A person taken out of the ledger: what was caused stays counted, and speaks of nobody any more."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence

from linktrack.links.placeholders import may_become
from linktrack.store.session import Database

_UNNAMED = ("task", "appointment")  # what a follow-up is called that has no task


def forget_in_ledger(database: Database, recipient_id: int, is_about: Callable[[str], bool]) -> None:
    """Take a person out of what the runs have noted, also out of sentences and names that speak of the person by
    `is_about`. A name that was made of the person's values goes; the same name stays where it was made for another one.
    The time of a follow-up stays taken, and a request stays with who has it. Part of a transaction."""
    database.execute("DELETE FROM made WHERE recipient_id = ? AND owner = ''", (recipient_id,))
    for (identifier,) in database.rows("SELECT id FROM made WHERE recipient_id = ?", (recipient_id,)):
        database.execute(
            "UPDATE made SET id = ?, name = '', return_url = '', fields = '{}', message = '' "
            "WHERE recipient_id = ? AND id = ?",
            (f"c{secrets.token_hex(12)[:23]}", recipient_id, identifier),
        )
    # A change that was tried again is counted where it was tried last.
    for count, definition, link, shipment, kind, name, status in database.rows(
        "SELECT count(*), definition.text, change.link_id, shipment_id, kind, name, status FROM change "
        "JOIN definition ON definition.id = definition_id "
        "WHERE recipient_id = ? AND name <> '' AND retried_by IS NULL "
        "GROUP BY definition.text, change.link_id, shipment_id, kind, name, status",
        (recipient_id,),
    ):
        if _is_of_person(name, json.loads(definition), is_about):
            _move_tally(database, (link, shipment, kind, name, status), int(count))
    for number, summary in database.rows("SELECT id, summary FROM run"):
        said = json.loads(summary)
        if (left := _without(said, is_about)) != said:
            database.execute("UPDATE run SET summary = ? WHERE id = ?", (json.dumps(left, ensure_ascii=False), number))


def _is_of_person(name: str, action: Mapping[str, object], is_about: Callable[[str], bool]) -> bool:
    """Whether a name was made of a person's values: the action's settings name the thing with a placeholder for them,
    or a script has called it so."""
    named = [action.get(key) for key in ("task", "category", "add", "remove")]
    every = [*(texts for texts in named if isinstance(texts, list)), [text for text in named if isinstance(text, str)]]
    if any(name in texts or name == ", ".join(texts) for texts in every):  # of what failed as the settings have it
        return False
    if name in (*_UNNAMED, action.get("field"), action.get("script")):
        return False
    return any(may_become(text, name) for texts in every for text in texts) or is_about(name)


def _move_tally(database: Database, key: Sequence[object], count: int) -> None:
    """Count so many of what was caused under no name any more; what others have caused under it stays."""
    same = "link_id = ? AND shipment_id = ? AND kind = ? AND name = ? AND status = ?"
    counted = database.value(f"SELECT count FROM action_tally WHERE {same}", key)  # noqa: S608  (of our own)
    moved = min(count, int(counted or 0))
    if not moved:
        return
    link, shipment, kind, _, status = key
    database.execute(
        "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) VALUES (?, ?, ?, '', ?, ?) "
        "ON CONFLICT (link_id, shipment_id, kind, name, status) "
        "DO UPDATE SET count = action_tally.count + excluded.count",
        (link, shipment, kind, status, moved),
    )
    database.execute(f"UPDATE action_tally SET count = count - ? WHERE {same}", (moved, *key))  # noqa: S608  (names of our own)
    database.execute(f"DELETE FROM action_tally WHERE {same} AND count = 0", key)  # noqa: S608  (names of our own)


def _without(said: object, is_about: Callable[[str], bool]) -> object:
    """A run's summary without the sentences and names in which a person is spoken of."""
    if isinstance(said, dict):
        return {key: _without(value, is_about) for key, value in said.items()}
    if isinstance(said, list):
        return [_without(value, is_about) for value in said if not (isinstance(value, str) and is_about(value))]
    return "" if isinstance(said, str) and is_about(said) else said
