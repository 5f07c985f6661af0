"""What ruff and import-linter do not see: what is private stays so, rows have names, imports can be read."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from architecture.planted import ROOT, trees

# Tuples of more than three fields without names, all in what runs once for every line of a log or cell of a workbook,
# where a named row costs more than the rest (measured). The table only shrinks.
NAMELESS_ROWS = {
    "clicks/event.py": 1,
    "clicks/judging/judge.py": 1,
    "clicks/judging/verdicts.py": 2,
    "clicks/logs/batches.py": 5,
    "clicks/logs/tracked.py": 1,
    "clicks/rollups/deeds.py": 1,
    "crm/xlsx_reading.py": 2,
}
# `import_module` makes the command line lazy; what else is imported stands at the beginning of a statement.
IMPORTS_BY_NAME = {"cli/app.py"}


def private_imports(tree: ast.AST) -> list[str]:
    """Private names of another module that a module takes, by name or through the module."""
    found = []
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("linktrack"):
            found += [
                f"{node.module}.{one.name}"
                for one in node.names
                if one.name.startswith("_") and one.name != "__version__"
            ]
            modules |= {one.asname or one.name for one in node.names if one.name.islower()}
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    for node in attributes:
        of_a_module = isinstance(node.value, ast.Name) and node.value.id in modules
        if of_a_module and node.attr.startswith("_") and not node.attr.endswith("__"):
            found.append(ast.unparse(node))
    return found


def test_nobody_takes_what_is_private() -> None:
    assert [(path, name) for path, tree in trees() for name in private_imports(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "from linktrack.actions.taking import _Taking",
        "def f():\n    from linktrack.links.keys import _adopt as adopt",
        "from linktrack.links import keys\nkeys._adopt()",
    ],
)
def test_a_planted_private_import_is_found(code: str) -> None:
    assert len(private_imports(ast.parse(code))) == 1


def nameless_rows(tree: ast.AST) -> list[str]:
    """Types like `tuple[int, int, str, str]`."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "tuple"
        and isinstance(node.slice, ast.Tuple)
        and len(node.slice.elts) > 3
    ]


def test_rows_of_more_than_three_fields_have_names() -> None:
    found = {path: len(rows) for path, tree in trees() if (rows := nameless_rows(tree))}
    assert found == NAMELESS_ROWS


def test_a_planted_row_without_names_is_found() -> None:
    assert nameless_rows(ast.parse("def f() -> list[tuple[int, str, str, int]]: ..."))
    assert not nameless_rows(ast.parse("def f() -> tuple[int, str, str]: ...\nx: tuple[int, ...]"))


def imports_by_name(tree: ast.AST) -> bool:
    """Whether a module imports what only runs tell: no contract sees that."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "importlib":
            return True
        if isinstance(node, ast.Import) and any(one.name == "importlib" for one in node.names):
            return True
        if isinstance(node, ast.Name) and node.id == "__import__":
            return True
    return False


def test_imports_can_be_read() -> None:
    assert {path for path, tree in trees() if imports_by_name(tree)} == IMPORTS_BY_NAME


@pytest.mark.parametrize(
    "code", ["import importlib", "from importlib import import_module", "__import__('linktrack.cli')"]
)
def test_a_planted_import_by_name_is_found(code: str) -> None:
    assert imports_by_name(ast.parse(code))


RUFF = {
    "a value of unknown kind": ("from typing import Any\n\n\ndef f(value: Any) -> None: ...", "ANN401"),
    "no types": ("def f(value): ...", "ANN001"),
    "an argument that nobody reads": ("def f(value: int) -> None: ...\n\n\ndef g(value: int) -> int:\n    return 1", "ARG001"),
    "a built-in's name": ("list = 3", "A001"),
    "somebody's private attribute": ("def f(x: object) -> object:\n    return x._hidden", "SLF001"),
    "a name that is no name": ("def doThis() -> None: ...", "N802"),
    "a loop that is a list": ("a = []\nfor x in (1, 2):\n    a.append(x + 1)", "PERF401"),
    "a print": ("print('x')", "T201"),
    "SQL put together": ("def f(x: str) -> str:\n    return f'DELETE FROM {x}'", "S608"),
}  # fmt: skip


@pytest.mark.parametrize("case", RUFF)
def test_ruff_refuses_a_planted_breach(case: str) -> None:
    code, rule = RUFF[case]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "--stdin-filename", "linktrack/links/planted.py", "-"],
        cwd=ROOT, input=code, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert rule in done.stdout
