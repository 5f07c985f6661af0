"""A person taken out of the ledger: what was caused stays counted, and speaks of nobody any more."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence

from linktrack.store.session import Database


def forget_in_ledger(database: Database, recipient_id: int, is_about: Callable[[str], bool]) -> None:
    """Take a person out of what the runs have noted, also out of the sentences and names that are `is_about` the
    person. What was made of the person's values is called nothing any more; a follow-up's time stays taken, and a
    request with who has it. Part of a transaction."""
    database.execute("DELETE FROM made WHERE recipient_id = ? AND owner = ''", (recipient_id,))
    for (identifier,) in database.rows("SELECT id FROM made WHERE recipient_id = ?", (recipient_id,)):
        database.execute(
            "UPDATE made SET id = ?, name = '', return_url = '', fields = '{}', message = '' "
            "WHERE recipient_id = ? AND id = ?",
            (f"c{secrets.token_hex(12)[:23]}", recipient_id, identifier),
        )
    for row in database.rows(
        "SELECT DISTINCT change.link_id, shipment_id, kind, name, definition.text FROM change "
        "JOIN definition ON definition.id = definition_id WHERE recipient_id = ? AND name <> ''",
        (recipient_id,),
    ):
        *key, definition = row
        if json.dumps(key[-1], ensure_ascii=False)[1:-1] not in definition:  # else the action itself is called so
            _rename_tally(database, key)
    for number, summary in database.rows("SELECT id, summary FROM run"):
        said = json.loads(summary)
        if (left := _without(said, is_about)) != said:
            database.execute("UPDATE run SET summary = ? WHERE id = ?", (json.dumps(left, ensure_ascii=False), number))


def _rename_tally(database: Database, key: Sequence[object]) -> None:
    """Count what was caused under no name any more."""
    same = "link_id = ? AND shipment_id = ? AND kind = ? AND name = ?"
    database.execute(
        "INSERT INTO action_tally (link_id, shipment_id, kind, name, status, count) "  # noqa: S608  (of our own)
        f"SELECT link_id, shipment_id, kind, '', status, count FROM action_tally WHERE {same} "
        "ON CONFLICT (link_id, shipment_id, kind, name, status) "
        "DO UPDATE SET count = action_tally.count + excluded.count",
        key,
    )
    database.execute(f"DELETE FROM action_tally WHERE {same}", key)  # noqa: S608


def _without(said: object, is_about: Callable[[str], bool]) -> object:
    """A run's summary without the sentences and names in which a person is spoken of."""
    if isinstance(said, dict):
        return {key: _without(value, is_about) for key, value in said.items()}
    if isinstance(said, list):
        return [_without(value, is_about) for value in said if not (isinstance(value, str) and is_about(value))]
    return "" if isinstance(said, str) and is_about(said) else said
