"""The definitions of actions as the ledger has seen them: what was made by which settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from linktrack.actions.ledger.rows import UNFINISHED, Reworded
from linktrack.actions.planned import NumberedAction
from linktrack.links.stored_actions import read_action
from linktrack.store.session import Database


def worded_anew(database: Database) -> Iterator[Reworded]:
    """Actions of all links, with or without open clicks, that made things when they had other settings, and that no
    finished run has followed as they are today."""
    for link_id, key, number, kind, settings in database.rows(
        "SELECT a.link_id, l.key, a.number, a.type, a.settings FROM action a JOIN link l ON l.id = a.link_id "
        "WHERE a.link_id IN (SELECT link_id FROM definition) ORDER BY a.link_id, a.position"
    ):
        action = NumberedAction(read_action(kind, settings, number=number, key=key), number, 0)
        what = (link_id, number, _text_of(action.definition.table))
        followed = database.value(
            "SELECT count(*) FROM definition d JOIN run u ON u.id = d.run_id "  # noqa: S608  (of our own)
            f"WHERE d.link_id = ? AND d.action = ? AND d.text = ? AND u.status NOT IN {UNFINISHED}",
            what,
        )
        before = followed or database.value(
            "SELECT 1 FROM definition WHERE link_id = ? AND action = ? AND text <> ?", what
        )
        if before and not followed:
            count = database.value(
                "SELECT count(*) FROM change WHERE link_id = ? AND action = ? AND status = 'ok'", (link_id, number)
            )
            if count:
                yield Reworded(link_id, key, action, int(count))


def note_definitions(
    database: Database,
    run_id: int,
    actions: Mapping[int, Sequence[NumberedAction]],
    besides: Mapping[int, Sequence[NumberedAction]],
) -> dict[int, list[NumberedAction]]:
    """Note that a run follows these actions as they are today, and `besides` others, by their links. The same actions
    with the ledger's number of each definition."""
    noted: dict[int, list[NumberedAction]] = {}
    with database.transaction():
        for link_id, every in besides.items():
            for action in every:
                note_definition(database, run_id, link_id, action.number, action.definition.table)
        for link_id, every in actions.items():
            for action in every:
                number = note_definition(database, run_id, link_id, action.number, action.definition.table)
                noted.setdefault(link_id, []).append(replace(action, definition_id=number))
    return noted


def note_definition(database: Database, run_id: int, link_id: int, action: int, table: Mapping[str, object]) -> int:
    """Note that a run follows an action with these settings. Returns the ledger's number of them. Part of a
    transaction."""
    what = (link_id, action, _text_of(table))
    database.execute(
        "INSERT INTO definition (link_id, action, text, run_id) VALUES (?, ?, ?, ?) "  # noqa: S608  (of our own)
        "ON CONFLICT (link_id, action, text) DO UPDATE SET run_id = excluded.run_id "
        f"WHERE definition.run_id > excluded.run_id "
        f"OR definition.run_id IN (SELECT id FROM run WHERE status IN {UNFINISHED})",
        (*what, run_id),
    )
    return int(database.value("SELECT id FROM definition WHERE link_id = ? AND action = ? AND text = ?", what))


def definition_text(database: Database, number: int) -> str:
    """The settings that a change followed (JSON), by the ledger's number of them; "" where they are gone."""
    return str(database.value("SELECT text FROM definition WHERE id = ?", (number,)) or "")


def _text_of(table: Mapping[str, object]) -> str:
    return json.dumps(table, ensure_ascii=False)
