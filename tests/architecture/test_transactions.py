"""One transaction a job: which functions may open one. What is not in the table takes a database in which one is open."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest
from architecture.planted import texts_in, trees

# In each room the functions that begin a transaction, each once, for a job or a record of its own (links, mailings and
# keys: single records). The command line and the pages have none.
HOLD_A_TRANSACTION = {
    "actions/ledger/definitions.py": {"note_definitions"},
    "actions/ledger/runs.py": {"begin_run"},
    "actions/ledger/started.py": {"start_scripts", "end_scripts"},
    "actions/run.py": {"_carry_out"},
    "actions/run_taking.py": {"carry_out"},
    "actions/after_restore.py": {"_settle", "_tell_keys", "take_runs"},
    "clicks/load.py": {"import_logs", "_take_from", "_judge_again"},
    "clicks/rejudge.py": {"judge_all"},
    "clicks/reset.py": {"reset_link"},
    "clicks/rollups/counts.py": {"rebuild"},
    "contacts/left.py": {"subscribe_again"},
    "links/editing.py": {"add_link", "edit_link", "delete_links", "restore_links", "move_links"},
    "links/definitions.py": {"apply_definitions"},
    "links/folders.py": {"add_folder", "ensure_folder", "_repath", "delete_folder", "restore_folder"},
    "links/signing_keys.py": {"adopt_first_keys", "rotate_key", "revoke_key"},
    "links/stored_actions.py": {"add_action", "edit_action", "remove_action"},
    "mailings/adding.py": {"add_mailing"},
    "mailings/editing.py": {"edit_mailing", "delete_mailings", "restore_mailings"},
    "mailings/placements.py": {"place_late_keys", "place_system_links"},
    "mailings/shipping.py": {
        *("make_shipment", "note_rendered", "finish_shipment", "cancel_shipment", "restore_shipment")
    },
    "store/revisions.py": {"make_tables", "upgrade"},
    "store/session.py": {"session"},
    "upkeep/copy.py": {"copy_database", "_locked"},
    "upkeep/forget.py": {"forget_person"},
    "upkeep/making.py": {"_make"},
    "upkeep/own_log.py": {"_know_no_more"},
    "upkeep/purge.py": {"purge_clicks", "purge_due", "_remove_clicks"},
    "upkeep/repair.py": {"repair"},
}
TWICE = {
    ("upkeep/purge.py", "_remove_clicks")
}  # what stands beside clicks, then these a portion at a time, then what no click names any more
BEGINS = {"transaction", "session"}
# SQL that begins or ends a transaction by hand: the session's own, and a look at the whole file by SQLite itself.
_BY_HAND = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|START TRANSACTION|END)\b(?!:)")


def transactions_in(tree: ast.AST) -> Counter[str]:
    """How often each function of a module takes `….transaction` or `….session`, called at once or later; "" = the
    module itself."""
    found: Counter[str] = Counter()

    def look(node: ast.AST, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            if isinstance(child, ast.Attribute) and child.attr in BEGINS:
                found[inside] += 1
            look(child, inside)

    look(tree, "")
    return found


def begun_by_hand(tree: ast.AST) -> list[str]:
    """Texts of a module that are SQL of a transaction."""
    return [text for text in texts_in(tree) if _BY_HAND.match(text)]


def test_only_the_functions_of_the_table_begin_a_transaction() -> None:
    """One that no longer does it leaves the table, so that the table only shrinks; and each does it once, but for
    `TWICE`."""
    found = {path: transactions for path, tree in trees() if (transactions := transactions_in(tree))}
    assert {path: set(functions) for path, functions in found.items()} == HOLD_A_TRANSACTION
    assert {
        (path, name) for path, functions in found.items() for name, times in functions.items() if times > 1
    } == TWICE


def test_only_the_session_begins_one_by_hand() -> None:
    assert {path for path, tree in trees() if begun_by_hand(tree)} == {"store/session.py"}


BREACHES = {
    "a transaction": "def f(database):\n    with database.transaction():\n        pass",
    "one of the ledger's database": "def f(ledger):\n    with ledger.database.transaction() as t, open('x'):\n        pass",
    "a session": "def f(database):\n    with database.session() as session:\n        session.add(1)",
    "one that is called later": "def f(database):\n    begin = database.transaction\n    with begin(): ...",
    "entered by a stack": "def f(stack, database):\n    stack.enter_context(database.transaction())",
}


@pytest.mark.parametrize("case", BREACHES)
def test_a_planted_transaction_is_found(case: str) -> None:
    assert transactions_in(ast.parse(BREACHES[case])) == {"f": 1}


def test_a_second_one_in_a_function_is_found() -> None:
    assert transactions_in(
        ast.parse("\n".join([BREACHES["a transaction"], "    with database.transaction(): ..."]))
    ) == {"f": 2}


@pytest.mark.parametrize("sql", ["BEGIN", "BEGIN IMMEDIATE", " COMMIT", "ROLLBACK", "SAVEPOINT a"])
def test_one_by_hand_is_found(sql: str) -> None:
    assert begun_by_hand(ast.parse(f"database.execute({sql!r})")) == [sql]
    assert begun_by_hand(ast.parse(f"database.execute(f'{sql} {{x}}')"))


def test_what_works_in_the_transaction_of_another_is_none() -> None:
    tree = ast.parse("def f(database):\n    database.execute('UPDATE x')\n    transaction()\nHEAD = 'BEGIN:VCALENDAR'")
    assert not transactions_in(tree)
    assert not begun_by_hand(tree)
