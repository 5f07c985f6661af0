"""Each table has the rooms that write it, and no others; inserts name their columns, and so do the rows they come from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest
from architecture.planted import texts_in, trees

# Which modules (a folder stands for all in it) write a table by SQL. Upkeep forgets, purges and copies.
WRITERS = {
    "action": {"links/stored_actions.py", "mailings/placements.py"},
    "action_tally": {"actions/ledger"},
    "agent": {"clicks/judging/agent_table.py", "clicks/nobody.py"},
    "change": {"actions/ledger"},
    "click": {"clicks", "actions/selecting.py", "upkeep/purge.py"},
    "clicker": {"clicks/rollups"},
    "definition": {"actions/ledger"},
    "earlier_address": {"contacts/recipients.py"},
    "failure": {"actions/ledger"},
    "folder": {"links/folders.py"},
    "forgotten": {"store/forgotten.py"},
    "junk_request": {"clicks/storing.py", "upkeep/forget.py", "upkeep/own_log.py", "upkeep/purge.py"},
    "left_type": {"contacts/left.py"},
    "link": {"links", "mailings/placements.py", "clicks/reset.py"},
    "made": {"actions/ledger"},
    "mailing": {"mailings"},
    "network": {"clicks/judging/network_table.py"},
    "open_click": {"actions/selecting.py"},
    "open_time": {"store/open_times.py"},
    "placement": {"mailings/placements.py"},
    "probe": {"clicks/reset.py", "upkeep/purge.py"},
    "reading": {"clicks/load.py", "upkeep/purge.py"},
    "recipient": {"contacts/recipients.py", "upkeep"},
    "return_address": {"actions/ledger"},
    "ruling": {"clicks/judging/rulings.py"},
    "run": {"actions/ledger"},
    "said_consent": {"contacts/consent.py"},
    "scanner_evidence": {"clicks/rejudge.py", "upkeep/purge.py"},
    "seen_export": {"contacts/seen.py"},
    "settled": {"actions/ledger"},
    "shipment": {"mailings/shipping.py"},
    "shipment_domain": {"mailings/shipping.py", "clicks/rollups", "upkeep/forget.py"},
    "shipment_recipient": {"upkeep/forget.py"},
    "shipment_ruling": {"clicks/rejudge.py"},
    "signing_key": {"links/keys.py"},
    "source": {"clicks/load.py", "upkeep/own_log.py"},
    "spool_attempted": {"actions/ledger"},
    "workspace": {
        "actions/taking.py", "clicks/load.py", "clicks/rollups/zone.py", "links/keys.py", "store", "upkeep",
    },
}  # fmt: skip

_WRITES = re.compile(r"\b(?:INSERT (?:OR \w+ )?INTO|UPDATE(?! SET)|DELETE FROM) ([a-z]\w*)(\s*\()?")
_ALL = re.compile(r"\bSELECT\s+(?:\w+\.)?\*", re.IGNORECASE)
_NAMELESS = re.compile(r"\bINSERT (?:OR \w+ )?INTO [a-z]\w*(?:\s+AS\s+\w+)?\s+(?:VALUES|SELECT)\b")


def writes(modules: Iterable[tuple[str, ast.Module]]) -> Iterator[tuple[str, str]]:
    """(table, module) of every INSERT, UPDATE and DELETE."""
    for path, tree in modules:
        for text in texts_in(tree):
            for found in _WRITES.finditer(text):
                yield found[1], path


def strangers(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those writes that the table of writers does not name."""
    return [
        (table, path)
        for table, path in found
        if not any(path == room or path.startswith(f"{room}/") for room in WRITERS.get(table, ()))
    ]


def test_each_table_is_written_where_it_may_be() -> None:
    assert strangers(writes(trees())) == []


def test_the_table_of_writers_only_shrinks() -> None:
    found = set(writes(trees()))
    idle = [
        (table, room)
        for table, rooms in WRITERS.items()
        for room in rooms
        if not any(name == table and (path == room or path.startswith(f"{room}/")) for name, path in found)
    ]
    assert idle == []


@pytest.mark.parametrize(
    "sql", ["INSERT INTO change (id) VALUES (?)", "UPDATE change SET id = 1", "DELETE FROM change"]
)
@pytest.mark.parametrize("path", ["upkeep/forget.py", "cli/action.py", "actions/run.py"])
def test_a_planted_write_of_the_ledger_is_found(path: str, sql: str) -> None:
    assert strangers(writes([(path, ast.parse(f"database.execute({sql!r})"))])) == [("change", path)]


def test_a_write_that_is_put_together_is_found() -> None:
    tree = ast.parse("database.execute(f'DELETE FROM made WHERE id IN ({marks})')")
    assert strangers(writes([("reports/people.py", tree)])) == [("made", "reports/people.py")]


def columns_unsaid(tree: ast.AST) -> list[str]:
    """SQL of a module that takes whatever columns there are."""
    return [text for text in texts_in(tree) if _ALL.search(text) or _NAMELESS.search(text)]


def test_rows_have_named_columns() -> None:
    """Deep looks compare two queries with the same columns, whatever these are."""
    assert {path for path, tree in trees() if columns_unsaid(tree)} == {"upkeep/deep.py"}


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO made SELECT * FROM spool_made", "SELECT * FROM click", "select c.* FROM click c", "INSERT INTO made VALUES (?, ?)"],
)  # fmt: skip
def test_planted_columns_without_names_are_found(sql: str) -> None:
    assert columns_unsaid(ast.parse(f"database.execute({sql!r})"))
