"""A word means one thing: no two classes, kinds or functions share a name, and no two modules ask the same of the
database or have the same rule."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable

import pytest
from architecture.planted import nodes, texts_in, trees

# Names of kinds (`Row = tuple[…]`) that two modules still share. It only shrinks: a name that is told apart leaves it.
STILL_SHARED: set[str] = set()


def shared_names(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Names of classes, and of kinds at the top of a module, that stand in more than one place, with the places."""
    places: dict[str, list[str]] = {}
    for path, tree in modules:
        for node in nodes(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path}:{node.lineno}")
        for node in tree.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper():
                    places.setdefault(target.id, []).append(f"{path}:{node.lineno}")
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_kinds_share_a_name() -> None:
    shared = shared_names(trees())
    assert set(shared) == STILL_SHARED, {name: places for name, places in shared.items() if name not in STILL_SHARED}


def test_a_planted_second_class_is_found() -> None:
    planted = [
        ("links/one.py", ast.parse("class Spot: ...")),
        ("crm/two.py", ast.parse("def f():\n    class Spot: ...")),
    ]
    assert shared_names(planted) == {"Spot": ["links/one.py:1", "crm/two.py:2"]}


def test_a_planted_second_kind_is_found() -> None:
    planted = [
        ("links/one.py", ast.parse("class Spot: ...\nSPOTS = 3")),
        ("crm/two.py", ast.parse("Spot = tuple[int, int]\nSPOTS = 4")),
        ("store/three.py", ast.parse("Spot: type = int")),
    ]
    assert shared_names(planted) == {"Spot": ["links/one.py:1", "crm/two.py:1", "store/three.py:1"]}


# What several modules have by a convention: a kind's `plan`, where a program begins, what Alembic calls.
BY_CONVENTION = {"plan", "main", "upgrade", "downgrade"}


def shared_functions(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Names of public functions that stand in more than one module, with the places; a command, which is called what
    its user types, may be called as what it calls."""
    modules = [*modules]
    commands = {name for path, tree in modules if path.startswith("cli/") for name in _commands(path, tree)}
    places: dict[str, list[str]] = {}
    for path, tree in modules:
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or node.name in BY_CONVENTION:
                continue
            if f"{path}:{node.name}" not in commands:
                places.setdefault(node.name, []).append(path)
    return {name: found for name, found in places.items() if len(found) > 1}


def _commands(path: str, tree: ast.Module) -> Iterable[str]:
    """`cli/link.py:add`: the commands that a module has or registers, `@….command(…)` and `….command(…)(link.add)`."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(one) for one in node.decorator_list):
            yield f"{path}:{node.name}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and "command" in ast.unparse(node.func.func):
            module, _, name = ast.unparse(node.args[0]).rpartition(".")
            yield f"cli/{module}.py:{name}"


def test_no_two_functions_share_a_name() -> None:
    assert shared_functions(trees()) == {}


def test_a_planted_second_function_is_found() -> None:
    planted = [
        ("store/lookups.py", ast.parse("def mailing_called(database, name): ...\ndef _own(): ...")),
        ("mailings/adding.py", ast.parse("def mailing_called(name): ...\ndef _own(): ...")),
        ("cli/mailing.py", ast.parse("@command('x')\ndef mailing_called(): ...")),
    ]
    assert shared_functions(planted) == {"mailing_called": ["store/lookups.py", "mailings/adding.py"]}


# What is asked in two modules still, by the modules. The table only shrinks.
ASKED_TWICE = {
    ("actions/ledger/additions.py", "actions/ledger/forgetting.py"): 1,
    ("actions/ledger/additions.py", "actions/ledger/retry_order.py"): 1,
    ("clicks/blanking.py", "clicks/judging/agent_table.py"): 1,
    ("clicks/judging/agent_table.py", "upkeep/person.py"): 1,
    ("clicks/rollups/zone.py", "upkeep/soundness.py"): 1,
    ("links/editing.py", "mailings/placements.py"): 1,
    ("server/snapshot_file.py", "upkeep/restore.py"): 1,
    ("store/database_files.py", "store/revisions.py"): 1,
}


def same_queries(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """Whole queries that stand in more than one module, however they are broken into lines, and whatever letters and
    names of tables they use for short."""
    places: dict[str, set[str]] = {}
    for path, tree in modules:
        if path.startswith("store/migrations/"):
            continue
        for text in texts_in(tree):
            if re.match(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s", text) and not _is_of_any(text):
                places.setdefault(_in_one_form(text), set()).add(path)
    return {query: found for query, found in places.items() if len(found) > 1}


def _is_of_any(query: str) -> bool:
    """Whether only values say what a query is about."""
    return re.search(r'\b(?:FROM|INTO|UPDATE)\s+(?:"?\?|\()', query) is not None


def _in_one_form(query: str) -> str:
    short = {found[2]: found[1] for found in re.finditer(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?([a-z]\w*)\b", query)}
    for name, table in short.items():
        query = re.sub(rf"\b{name}\.", f"{table}.", query)
        query = re.sub(rf"\b{table}\s+(?:AS\s+)?{name}\b", table, query)
    tables = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", query)
    if len(set(tables)) == 1:
        query = query.replace(f"{tables[0]}.", "")
    return " ".join(re.sub(r":[a-z]\w*", "?", query).split())


def test_nothing_is_asked_in_two_modules() -> None:
    found = same_queries(trees())
    assert Counter(tuple(sorted(paths)) for paths in found.values()) == ASKED_TWICE, found


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM link WHERE key = ?",
        "SELECT id\n  FROM link\n  WHERE key = ?",
        "SELECT l.id FROM link l WHERE l.key = ?",
        "SELECT l.id FROM link AS l WHERE l.key = :key",
        "SELECT link.id FROM link WHERE link.key = ?",
    ],
)
def test_a_planted_second_query_is_found(query: str) -> None:
    planted = [
        ("store/lookups.py", ast.parse("database.value('SELECT id FROM link WHERE key = ?', (key,))")),
        ("links/catalogue.py", ast.parse(f"database.value({query!r}, (key,))")),
    ]
    assert list(same_queries(planted).values()) == [{"store/lookups.py", "links/catalogue.py"}]


# Rules of texts and times that two modules have still, by the modules. The table only shrinks.
RULES_TWICE = {
    # escapes in the format strings of two servers, each with rules of its own
    ("clicks/formats/notation/apache_string.py", "clicks/formats/notation/nginx_string.py"): 1,
    # a database in the place of a mail, told by a room that knows no store
    ("mailings/reading/document.py", "store/database_files.py"): 1,
}
_LEAST_BYTES = 12  # of a literal that is a rule: shorter ones are words


def same_rules(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """Patterns, long literals of bytes, sets of signs and points of time that stand at the top of more than one module,
    under whatever name."""
    places: dict[str, set[str]] = {}
    for path, tree in modules:
        values = (node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value)
        for value in values:
            for node in filter(_is_rule, nodes(value)):
                places.setdefault(ast.unparse(node), set()).add(path)
    return {rule: found for rule, found in places.items() if len(found) > 1}


def _is_rule(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bytes) and len(node.value) >= _LEAST_BYTES
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return called in ("re.compile", "datetime") or (called.endswith(".join") and "chr" in ast.unparse(node))


def test_no_rule_stands_in_two_modules() -> None:
    found = same_rules(trees())
    assert Counter(tuple(sorted(paths)) for paths in found.values()) == RULES_TWICE, found


@pytest.mark.parametrize(
    "rule",
    [
        "re.compile(r'[^@]+@[^@]+')",
        "re.compile(r'[^@]+@[^@]+').fullmatch",
        "rb'[^\"\\\\]*+(?:\\\\.)*+'",
        "''.join(map(chr, range(33)))",
        "datetime(1970, 1, 1, tzinfo=UTC)",
        "{'a': (1, re.compile('a'))}",
    ],
)
def test_a_planted_second_rule_is_found(rule: str) -> None:
    planted = [("crm/guess.py", ast.parse(f"_ONE = {rule}")), ("crm/export.py", ast.parse(f"OTHER: X = {rule}"))]
    assert list(same_rules(planted).values()) == [{"crm/guess.py", "crm/export.py"}]
    assert not same_rules([("crm/guess.py", ast.parse(f"_ONE = {rule}\n_TWO = {rule}"))])
