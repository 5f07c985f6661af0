"""One transaction a job: which files may open one. What is not in the table takes a database in which one is open."""

from __future__ import annotations

import ast

import pytest
from architecture.planted import trees

# In each room the files that begin a transaction, each for a job or a record of its own. A room that is no job folder
# (links: single records) may have several; the command line and the pages have none.
HOLD_A_TRANSACTION = {
    "store": {"revisions.py", "session.py"},
    "contacts": {"left.py"},
    "links": {"catalog.py", "definitions.py", "folders.py", "keys.py", "stored_actions.py"},
    "mailings": {"adding.py", "editing.py", "placements.py", "shipping.py"},
    "clicks": {"load.py", "rejudge.py", "reset.py", "rollups/counts.py"},
    "actions": {"ledger.py", "run.py", "taking.py"},
    "upkeep": {"copy.py", "forget.py", "own_log.py", "purge.py", "repair.py"},
}
BEGINS = {"transaction", "session"}


def begins_a_transaction(tree: ast.AST) -> bool:
    """Whether a module calls `….transaction()` or `….session()` of a database."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in BEGINS
        for node in ast.walk(tree)
    )


def test_only_the_files_of_the_table_begin_a_transaction() -> None:
    """A file that no longer does it leaves the table, so that the table only shrinks."""
    found: dict[str, set[str]] = {}
    for path, tree in trees():
        if begins_a_transaction(tree):
            room, _, file = path.partition("/")
            found.setdefault(room, set()).add(file or room)
    assert found == HOLD_A_TRANSACTION


BREACHES = {
    "a transaction": "def f(database):\n    with database.transaction():\n        pass",
    "one of the ledger's database": "def f(ledger):\n    with ledger.database.transaction() as t, open('x'):\n        pass",
    "a session": "def f(database):\n    with database.session() as session:\n        session.add(1)",
    "entered by a stack": "def f(stack, database):\n    stack.enter_context(database.transaction())",
}


@pytest.mark.parametrize("case", BREACHES)
def test_a_planted_transaction_is_found(case: str) -> None:
    assert begins_a_transaction(ast.parse(BREACHES[case]))


def test_what_works_in_the_transaction_of_another_is_none() -> None:
    assert not begins_a_transaction(ast.parse("def f(database):\n    database.execute('UPDATE x')\n    transaction()"))
