"""Things have one spelling, so that the other walls see them: SQL, transactions, modules, what is asked of errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from architecture.planted import texts_in, trees

Wall = Callable[[ast.AST], Iterator[str]]

_SQL = re.compile(
    r"\b(?:(select)\s+[\w(*].*?\s(from)\s+\w+(?:\s+(?:where|join|order|group|limit)\b|\s*$)|(insert\s+into)\s+\w+\s*\("
    r"|(update)\s+\w+\s+set\s+\w+\s*=|(delete\s+from)\s+\w+\s+where\b|(begin)\s+immediate\b"
    r"|((?:drop|truncate)\s+table)\b)",
    re.IGNORECASE | re.DOTALL,
)
_ANY_TABLE = re.compile(r"\b(?:DELETE FROM|INTO|UPDATE|TABLE)\s+\"?\?")
_VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "core", "tools", "manager", "stuff"}


def small_sql(tree: ast.AST) -> Iterator[str]:
    """SQL whose words are not in capitals, which the walls about tables would not see."""
    for text in texts_in(tree):
        for found in _SQL.finditer(text):
            if any(word and not word.isupper() for word in found.groups()):
                yield found[0]


def writes_by_value(tree: ast.AST) -> Iterator[str]:
    """SQL that writes a table which only a value names."""
    yield from (text for text in texts_in(tree) if _ANY_TABLE.search(text))


def handles_transactions(tree: ast.AST) -> Iterator[str]:
    """Transactions that are ended by hand, and engines that are made."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("commit", "rollback")
        ):
            yield ast.unparse(node)
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2] == "create_engine":
            yield ast.unparse(node)


def reads_words(tree: ast.AST) -> Iterator[str]:
    """Comparisons with the words of an error, which may be other ones tomorrow: it has attributes and codes."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name):
        words = re.compile(rf"(?:str|repr)\({handler.name}\)(?:\.\w+\(\))?|{handler.name}\.(?:sentence|args)\b.*")
        for node in ast.walk(handler):
            if isinstance(node, ast.Compare):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                yield from (side for side in sides if words.fullmatch(side))
            asked = node.func if isinstance(node, ast.Call) else None
            if isinstance(asked, ast.Attribute) and asked.attr in ("startswith", "endswith", "find", "index"):
                yield from (one for one in (ast.unparse(asked.value),) if words.fullmatch(one))


def reads_environment(tree: ast.AST) -> Iterator[str]:
    """Variables of the environment that are looked at: settings come from one place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.environb", "os.getenv"):
            yield ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (one.name for one in node.names if one.name in ("environ", "environb", "getenv"))


# Where each may be. The tables only shrink.
WALLS: dict[Wall, set[str]] = {
    small_sql: set(),
    # rows of the ledger put beside it, rollups made anew, one row of any table, all tables in turn
    writes_by_value: {
        *("actions/ledger/additions.py", "clicks/rollups/counts.py", "store/session.py"),
        *("upkeep/copy.py", "upkeep/deep.py", "upkeep/forget.py"),
    },
    handles_transactions: {"store/session.py"},
    reads_words: set(),
    # what is no setting: the search path of a child, the clock's zone, a terminal's encoding, a browser
    reads_environment: {
        *("actions/processes.py", "cli/app.py", "cli/doctor.py", "cli/shared_context.py", "cli/streams.py"),
        *("crm/xlsx_reading.py", "moments.py", "server/wsgi.py", "upkeep/demo_visitors.py", "upkeep/making.py"),
        *("upkeep/restore.py", "workspace.py"),
    },
}
BREACHES: dict[Wall, list[str]] = {
    small_sql: [
        "database.rows('select id from link where id = ?')",
        "database.execute('insert into change (id) values (?)')",
        "database.execute('Update link SET id = 1')",
        "database.execute('begin immediate')",
        "database.execute(f'delete from made where id in ({marks})')",
    ],
    writes_by_value: [
        "database.execute(f'DELETE FROM {table}')",
        "database.execute(f'INSERT INTO {table} VALUES (?)')",
    ],
    handles_transactions: [
        "database.connection.commit()",
        "connection.rollback()",
        "engine = sqlalchemy.create_engine(url)",
    ],
    reads_words: [
        "try:\n    x()\nexcept Error as problem:\n    if 'UNIQUE' in str(problem):\n        pass",
        "try:\n    x()\nexcept Error as problem:\n    y = problem.args[0] == 'locked'",
        "try:\n    x()\nexcept Error as problem:\n    y = problem.sentence.startswith('no')",
    ],
    reads_environment: ["os.environ['X']", "os.getenv('X')", "from os import environ"],
}


@pytest.mark.parametrize("wall", WALLS)
def test_it_is_nowhere_else(wall: Wall) -> None:
    assert {path for path, tree in trees() if any(wall(tree))} == WALLS[wall]


@pytest.mark.parametrize(("wall", "code"), [(wall, code) for wall, codes in BREACHES.items() for code in codes])
def test_a_planted_one_is_found(wall: Wall, code: str) -> None:
    assert list(wall(ast.parse(code)))


def test_a_module_is_called_what_it_owns() -> None:
    assert [path for path, _ in trees() if set(Path(path).stem.split("_")) & _VAGUE] == []
