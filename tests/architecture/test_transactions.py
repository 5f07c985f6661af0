"""One transaction a job: which functions may open one. What is not in the table takes a database in which one is open."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from functools import cache

import pytest
from architecture.planted import constants, full_name, imported, nodes, texts_in, trees

# In each room the functions that begin a transaction, each once, for a job or a record of its own (links, mailings and
# keys: single records). The command line and the pages have none.
HOLD_A_TRANSACTION = {
    "actions/ledger/definitions.py": {"note_definitions"},
    "actions/ledger/runs.py": {"begin_run"},
    "actions/ledger/started.py": {"start_scripts", "end_scripts"},
    "actions/run.py": {"_carry_out"},
    "actions/lost_runs/taking.py": {"carry_out"},
    "actions/lost_runs/after_restore.py": {"_settle", "_told_keys", "take_runs"},
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
    "mailings/shipment_states.py": {
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


# Functions that make two changes in a row, or one for each turn of a loop (which counts as two), each a transaction or a
# door to one: the jobs that `CONTRIBUTING.md` has in its table, and two more, each with its reason. The table only
# shrinks, and so does each number.
IN_A_ROW = {
    "cli/action_run.py:run_command": 2,  # the runs that a restore lost are taken before there is another one
    # a run of the actions, and the taking of runs
    "actions/run.py:run_actions": 2,
    "actions/run.py:_carry_out": 3,
    "actions/scripts/starting.py:run_open_scripts": 8,
    "actions/lost_runs/after_restore.py:take_runs": 5,
    # an import: a batch each
    "clicks/load.py:import_logs": 2,
    "clicks/load.py:_take_from": 2,
    # a rewrite, after an import, and a rendering of what is unfinished
    "mailings/rewriting.py:rewrite": 7,
    "mailings/rewriting.py:render_again": 4,
    # purge and forget: files of the own click log, then the database
    "upkeep/own_log.py:empty_lines": 2,
    "upkeep/forget.py:forget_person": 3,
    "upkeep/purge.py:purge_clicks": 4,
    "upkeep/purge.py:purge_due": 4,
    "upkeep/purge.py:_remove_clicks": 4,
    # one of either database: the source is locked while the target is written
    "upkeep/copy.py:copy_database": 2,
    # an import, which is right by itself, and then the key is revoked
    "upkeep/revoking.py:revoke": 2,
}


@cache
def doors() -> frozenset[str]:
    """By full name all functions and classes of the package, but those of the store, that come to a transaction by way
    of whatever they name."""
    names, begin = dict[str, Set[str]](), set[str]()
    for path, tree in trees():
        module = f"linktrack.{path.removesuffix('.py').replace('/', '.')}"
        if path.startswith(("store/", "upkeep/making.py")):
            continue
        here = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[f"{module}.{node.name}"] = _named_in(node, imported(tree), here, module)
                if transactions_in(node):
                    begin.add(f"{module}.{node.name}")
    found, new = set[str](), begin
    while new:
        found |= new
        new = {name for name, those in names.items() if name not in found and those & found}
    return frozenset(found)


def _named_in(node: ast.AST, known: Mapping[str, str], here: Set[str], module: str) -> set[str]:
    """The full names of what stands in a part of a module, its own imports with it."""
    known = {**known, **imported(node)}
    used = {full_name(one, known) for one in nodes(node) if isinstance(one, ast.Name | ast.Attribute)}
    return {f"{module}.{name}" if name in here else name for name in used}


_LOOPS = (ast.For, ast.While, ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)


def _begins(call: ast.Call) -> bool:
    """Whether a transaction is begun by a call itself (`database.transaction()`)."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in BEGINS


def doors_in_a_row(function: ast.FunctionDef, changes: Callable[[ast.expr], bool]) -> int:
    """How many changes a function makes at most, one after the other, on a way through it; in a loop each is two, and
    all that are made in a transaction of its own are one."""

    def of(node: ast.AST) -> int:
        inside = sum(of_any(child) for child in ast.iter_child_nodes(node))
        called = isinstance(node, ast.Call) and (_begins(node) or changes(node.func))
        if not isinstance(node, _LOOPS):
            return inside + called
        first = [node.iter] if isinstance(node, ast.For) else []
        first += [part.iter for part in getattr(node, "generators", [])[:1]]
        return 2 * inside - sum(map(of_any, first))

    def of_any(node: ast.AST) -> int:
        if isinstance(node, ast.IfExp):
            return of_any(node.test) + max(of_any(node.body), of_any(node.orelse))
        if isinstance(node, ast.stmt):
            through, ended = way([node])
            return max(through or 0, ended)
        return of(node)

    def way(body: Iterable[ast.stmt]) -> tuple[int | None, int]:
        """What is called until the end of a body (None: it is never reached), and at most on a way that ends before."""
        count, ended = 0, 0
        for node in body:
            if isinstance(node, ast.If | ast.Match):
                head = of_any(node.test if isinstance(node, ast.If) else node.subject)
                bodies = [node.body, node.orelse] if isinstance(node, ast.If) else [case.body for case in node.cases]
                ways = [way(one) for one in bodies]
                ended = max([ended, *(count + head + one for _, one in ways)])
                through = [one for one, _ in ways if one is not None]
                if not through:
                    return None, ended
                count += head + max(through)
            elif isinstance(node, ast.With):
                heads = [item.context_expr for item in node.items]
                count += sum(map(of_any, heads))
                inside, within = way(node.body)
                if any(isinstance(head, ast.Call) and _begins(head) for head in heads):  # what is in it is part of it
                    inside, within = None if inside is None else 0, 0
                ended = max(ended, count + within)
                if inside is None and not any("suppress(" in ast.unparse(head) for head in heads):
                    return None, ended
                count += inside or 0
            elif isinstance(node, ast.Try):
                (inside, within), (more, beyond), last = way(node.body), way(node.orelse), way(node.finalbody)
                caught = [way(one.body) for one in node.handlers]  # what was begun before is undone
                through = [one for one, _ in caught if one is not None]
                if inside is not None and more is not None:
                    through.append(inside + more)
                finished = max([within, (inside or 0) + beyond, *(one for _, one in caught)])
                ended = max(ended, count + finished + max(last[0] or 0, last[1]))
                if not through or last[0] is None:
                    return None, ended
                count += max(through) + last[0]
            elif isinstance(node, ast.Return | ast.Raise | ast.Continue | ast.Break):
                return None, max(ended, count + sum(of_any(child) for child in ast.iter_child_nodes(node)))
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            else:
                count += of(node)
        return count, ended

    through, ended = way(function.body)
    return max(through or 0, ended)


def rows_of_doors(path: str, tree: ast.Module) -> dict[str, int]:
    """By function of a module how many changes it makes in a row, where these are more than one."""
    module = f"linktrack.{path.removesuffix('.py').replace('/', '.')}"
    found = {}
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef):
            known = {**imported(tree), **imported(node)}

            def changes(called: ast.expr, known: Mapping[str, str] = known) -> bool:
                name = full_name(called, known)
                return name in doors() or f"{module}.{name}" in doors()

            if (count := doors_in_a_row(node, changes)) > 1:
                found[f"{path}:{node.name}"] = count
    return found


def test_a_change_is_one_transaction() -> None:
    found: dict[str, int] = {}
    for path, tree in trees():
        found |= rows_of_doors(path, tree)
    assert found == IN_A_ROW


TWO = "from linktrack.links.folders import add_folder, delete_folder\ndef both(database, path):\n    "
TWO_IN_A_ROW = {
    "one after the other": "add_folder(database, path)\n    delete_folder(database, path)",
    "the second now and then": "add_folder(database, path)\n    if path:\n        delete_folder(database, path)",
    "in one expression": "return add_folder(database, path), delete_folder(database, path)",
    "where the first has failed": "try:\n        add_folder(database, path)\n    except ValueError:\n"
    "        delete_folder(database, path)\n        add_folder(database, path)",
    "after what has failed": "try:\n        path = path[0]\n    except ValueError:\n"
    "        delete_folder(database, path)\n    add_folder(database, path)",
    "where the first has returned, or failed": "try:\n        add_folder(database, path)\n        return\n"
    "    except ValueError:\n        delete_folder(database, path)\n    add_folder(database, path)",
    "in the end": "try:\n        return add_folder(database, path)\n    finally:\n        delete_folder(database, path)",
    "whatever was suppressed": "with suppress(ValueError):\n        return int(path)\n    add_folder(database, path)\n"
    "    delete_folder(database, path)",
    "in a loop": "for one in path:\n        add_folder(database, one)",
    "of whatever name": "add = add_folder\n    add(database, path)\n    add(database, path)",
    "while something is held": "with opened() as database:\n        add_folder(database, path)\n    delete_folder(database, path)",
    "by its module": "from linktrack.links import folders as f\n    f.add_folder(1)\n    f.delete_folder(1)",
}


@pytest.mark.parametrize("case", TWO_IN_A_ROW)
def test_planted_doors_in_a_row_are_found(case: str) -> None:
    assert rows_of_doors("cli/folder.py", ast.parse(TWO + TWO_IN_A_ROW[case])) == {"cli/folder.py:both": 2}


def test_a_planted_row_in_a_room_is_found() -> None:
    """Of what a module has itself and of what it imports; and a transaction for each turn of a loop."""
    code = "from linktrack.links.folders import add_folder\n\ndef both(database, path):\n    "
    row = f"{code}add_folder(database, path)\n    return move_links(database, [], path)"
    assert rows_of_doors("links/editing.py", ast.parse(row)) == {"links/editing.py:both": 2}
    turns = "def each(database, parts):\n    for part in parts:\n        with database.transaction():\n            touch(part)"
    assert rows_of_doors("links/folders.py", ast.parse(turns)) == {"links/folders.py:each": 2}


@pytest.mark.parametrize(
    "code",
    [
        "if path:\n        return add_folder(database, path)\n    return delete_folder(database, path)",
        "with database.transaction():\n        add_folder(database, path)\n        return delete_folder(database, path)",
        "for one in add_folder(database, path):\n        print(one)",
        "return [one for one in add_folder(database, path)]",
    ],
)
def test_one_door_or_the_other_and_one_transaction_are_one(code: str) -> None:
    assert rows_of_doors("cli/folder.py", ast.parse(TWO + code)) == {}


# Parts of what does, one call above in the same file, or statements that are whole by themselves. The table only shrinks.
UNSAID_WRITERS = {
    "actions/ledger/additions.py": ["_count", "_store_failures", "replace_made"],
    "actions/ledger/forgetting.py": ["_move_tally"],
    "actions/ledger/retry_order.py": ["_name"],
    "actions/ledger/runs.py": ["interrupt_runs", "set_status"],
    "actions/selecting.py": [
        "find_clickers",
        "find_failed",
        "find_open",
        "find_passed",
        "gather_people",
    ],  # temporary tables
    "clicks/judging/agent_table.py": ["take_back"],
    "clicks/judging/judge.py": ["set_rulings"],
    "clicks/judging/rulings.py": ["renew"],
    "clicks/logs/sources.py": ["begin_reading", "note_reached"],
    "clicks/rejudge.py": ["_renew"],
    "clicks/rollups/counts.py": ["_upsert", "write"],
    "clicks/rollups/edge_times.py": ["settle_times"],
    "clicks/rollups/zone.py": ["set_zone"],
    "clicks/storing.py": ["_put", "_readdress", "_readdress_junk", "store"],
    "contacts/left.py": ["_note", "_take_back"],
    "links/definitions.py": ["_store"],
    "links/signing_keys.py": ["_note"],
    "links/stored_actions.py": ["_clear_positions", "_insert"],
    "mailings/placements.py": ["_insert_placement", "drop_unused_links", "make_local_links", "take_up"],
    "mailings/shipment_states.py": ["_insert_shipment"],
    "upkeep/copy.py": ["_copy_table"],
    "upkeep/forget.py": ["_drop_domain", "_forget_addresses", "_forget_clicks"],
    "upkeep/purge.py": ["_empty_values"],
    "store/session.py": ["insert"],  # the session itself
    "upkeep/restore.py": ["_commands", "_mend_database"],  # of a copy that nobody sees before it is in its place
}
_WRITES = re.compile(
    r"^\s*(?:--[^\n]*\n\s*)*(?:WITH\b.*?\)\s*)?"
    r"(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\b",
    re.IGNORECASE | re.DOTALL,
)
_SAYS_SO = re.compile(
    r"\bpart\s+of\s+(?!no\b).{0,15}transaction|\bin\s+(?:the\s+open|one)\s+transaction", re.I | re.DOTALL
)


def unsaid_writers(tree: ast.AST) -> list[str]:
    """The functions that have a writing query, also under a name of the module, or insert rows, and neither begin a
    transaction nor say in their docstring that they are a part of one: what they write might be committed by itself."""
    named = {name for name, text in constants(tree).items() if _WRITES.match(text)}
    return sorted(
        node.name
        for node in nodes(tree)
        if isinstance(node, ast.FunctionDef)
        and (
            any(_inserts(one) or (isinstance(one, ast.Name) and one.id in named) for one in nodes(node))
            or any(map(_WRITES.match, texts_in(node)))
        )
        and not _SAYS_SO.search(ast.get_docstring(node) or "")
        and not begins(node)
    )


def begins(node: ast.AST) -> bool:
    """Whether a function has a block that is a transaction, also one of temporary tables."""
    blocks = (item.context_expr for one in nodes(node) if isinstance(one, ast.With) for item in one.items)
    return any(re.search(r"\.(?:transaction|aside|pretending)\(", ast.unparse(block)) for block in blocks)


def _inserts(node: ast.AST) -> bool:
    """Whether this inserts rows into a table, by its name or a value; a list's place is a number."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "insert"
    where = node.args[0] if called and isinstance(node, ast.Call) and node.args else None
    return called and not (isinstance(where, ast.Constant) and isinstance(where.value, int))


def test_who_writes_is_in_a_transaction_and_says_so() -> None:
    rooms = ((path, tree) for path, tree in trees() if not path.startswith(("store/migrations/", "cli/")))
    assert {path: found for path, tree in rooms if (found := unsaid_writers(tree))} == UNSAID_WRITERS


@pytest.mark.parametrize(
    "body",
    [
        "database.execute('UPDATE link SET name = ?', (x,))",
        "sql = 'delete from link'\n    database.execute(sql)",
        "write = database.executemany\n    write(f'INSERT INTO {x} VALUES (?)', rows)",
        "database.insert('link', columns, rows)",
        "database.execute('-- now\\nWITH one AS (SELECT 1) UPDATE link SET name = 1')",
        "database.execute('INSERT OR IGNORE INTO link VALUES (1)')",
        "if x:\n        some.insert(table, columns, rows)",
    ],
)
def test_a_planted_write_outside_is_found(body: str) -> None:
    assert unsaid_writers(ast.parse(f"def f(database, x):\n    {body}")) == ["f"]
    assert unsaid_writers(ast.parse(f"def f(database, x):\n    'Part of no transaction.'\n    {body}")) == ["f"]
    assert not unsaid_writers(ast.parse(f"def f(database, x):\n    'Part of a transaction.'\n    {body}"))
    assert unsaid_writers(ast.parse("SQL = 'UPDATE link SET id = 1'\ndef f(d):\n    d.execute(SQL)")) == ["f"]
    assert not unsaid_writers(ast.parse("def f(x):\n    x.insert(0, 1)\n    database.rows('SELECT 1')"))
