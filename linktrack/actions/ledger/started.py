"""Scripts in the ledger: they stand there before they are started, and what became of them is added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from linktrack.actions.ledger.return_addresses import lead_to
from linktrack.actions.ledger.rows import UNFINISHED, KnownScript, MadeRow
from linktrack.actions.planned import ScriptResult
from linktrack.actions.selecting import FoundClicks
from linktrack.store.session import Database

_place = attrgetter("recipient_id", "id")  # in their table: side by side they cost half
_as_json = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(1_000)  # most answers are alike
def _fields_text(*fields: tuple[str, str]) -> str:
    """The fields of an answer as the ledger keeps them."""
    return _as_json(dict(fields))


class _StartedRow(NamedTuple):
    """A script as `made` has it, with the state of the run that started it."""

    id: str
    clicked_at: int
    click_print: int
    recipient_id: int
    status: str
    exit_code: int | None
    return_url: str
    fields: str  # JSON
    message: str
    run_status: str

    def known(self) -> KnownScript:
        fields = json.loads(self.fields)
        result = ScriptResult(self.status, self.exit_code, self.return_url, fields, self.message)
        click = (self.clicked_at, self.click_print, self.recipient_id)
        return KnownScript(click, result, self.run_status not in UNFINISHED)


def known_scripts(clicks: FoundClicks) -> dict[str, KnownScript]:
    """The scripts that were ever started for the people of these clicks, by the id of their change."""
    rows = clicks.database.rows(
        "SELECT m.id, m.clicked_at, m.click_print, m.recipient_id, m.status, m.exit_code, m.return_url, "
        "m.fields, m.message, u.status FROM made m JOIN run u ON u.id = m.run_id WHERE m.kind = 'script' "
        "AND m.recipient_id IN (SELECT recipient_id FROM open_person)"
    )
    return {row.id: row.known() for row in map(_StartedRow._make, rows)}


def start_scripts(database: Database, rows: Sequence[MadeRow]) -> None:
    """Note down that scripts are being started, on the disk: from here on they count as interrupted until they
    have ended."""
    with database.transaction(durable=True):
        database.insert(
            "made",
            MadeRow._fields,
            sorted(rows, key=_place),
            besides=" ON CONFLICT (recipient_id, id) DO UPDATE SET run_id = excluded.run_id, "
            "definition_id = excluded.definition_id, status = excluded.status, ran_at = excluded.ran_at",
        )


def end_scripts(database: Database, ended: Sequence[tuple[MadeRow, ScriptResult]]) -> None:
    """Note down what became of scripts, and the addresses that they want later clicks to lead to."""
    with database.transaction():
        database.executemany(
            "UPDATE made SET status = ?, exit_code = ?, return_url = ?, fields = ?, message = ? "
            "WHERE recipient_id = ? AND id = ?",
            (
                (
                    *(result.status, result.exit_code, result.return_url),
                    *(_fields_text(*result.fields.items()), result.message, row.recipient_id, row.id),
                )
                for row, result in sorted(ended, key=lambda one: _place(one[0]))
            ),
        )
        lead_to(database, [(row, result.return_url) for row, result in ended if result.return_url])
