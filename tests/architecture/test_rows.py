"""Rows have names: no long tuple goes about without, none is made by a call, and no field of one is told by its number."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from functools import cache

import pytest
from architecture.planted import full_name, imported, names_used, nodes, trees

# Tuples of more than three fields without names, all in what runs once for every line of a log or cell of a workbook,
# where a named row costs more than the rest (measured). The table only shrinks.
NAMELESS_ROWS = {
    "clicks/event.py": 1,
    "clicks/judging/judge.py": 1,
    "clicks/judging/rules/judged.py": 1,
    "clicks/judging/verdicts.py": 1,
    "clicks/logs/batches.py": 5,
    "clicks/logs/tracked.py": 1,
    "clicks/rollups/clicker_changes.py": 1,
    "crm/xlsx_process.py": 2,
}


def nameless_rows(tree: ast.AST) -> list[str]:
    """Types like `tuple[int, int, str, str]`."""
    return [
        ast.unparse(node)
        for node in nodes(tree)
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


_NAMED = ("typing.NamedTuple", "typing_extensions.NamedTuple")


def made_by_call(tree: ast.AST) -> list[str]:
    """Kinds of rows that a call makes, whose fields have no types, or none that is read beside its name."""
    known = imported(tree)
    calls = [node for node in nodes(tree) if isinstance(node, ast.Call) and full_name(node.func, known) in _NAMED]
    return [ast.unparse(call) for call in calls] + sorted(names_used(tree) & {"collections.namedtuple"})


def test_rows_are_classes() -> None:
    assert [(path, row) for path, tree in trees() for row in made_by_call(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "from collections import namedtuple\nRow = namedtuple('Row', 'id name')",
        "import collections as kinds\nRow = kinds.namedtuple('Row', ['id', 'name'])",
        "from collections import namedtuple as row\nclass Row(row('Row', 'id')): ...",
        "from typing import NamedTuple\nRow = NamedTuple('Row', [('id', int)])",
        "import typing\nRow = typing.NamedTuple('Row', id=int)",
        "from typing import NamedTuple as N\nclass Row(N('Row', [('id', int)])): ...",
    ],
)
def test_a_planted_row_that_a_call_makes_is_found(code: str) -> None:
    assert len(made_by_call(ast.parse(code))) == 1
    assert not made_by_call(ast.parse("from typing import NamedTuple\nclass Row(NamedTuple):\n    id: int"))


def row_kinds(tree: ast.Module) -> Iterator[str]:
    """The NamedTuples that a module defines."""
    known = imported(tree)
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef) and any(full_name(base, known) in _NAMED for base in node.bases):
            yield node.name


@cache
def house_rows() -> Set[str]:
    """The names of the package's NamedTuples: no two classes share one (`test_names.py`)."""
    return frozenset(name for _, tree in trees() for name in row_kinds(tree))


@cache
def house_functions() -> Mapping[str, ast.expr]:
    """By full name, what each function of the package that is no method says that it returns."""
    return {
        f"linktrack.{path.removesuffix('.py').replace('/', '.')}.{node.name}": node.returns
        for path, tree in trees()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.returns is not None
    }


_OF_MANY = {"list", "set", "frozenset", "tuple", "Iterable", "Iterator", "Sequence", "Collection", "deque", "Generator"}
_BY_KEY = {"dict", "Mapping", "defaultdict", "OrderedDict", "MutableMapping"}


def fields_by_number(tree: ast.Module, rows: Set[str], functions: Mapping[str, ast.expr]) -> list[str]:
    """Fields of NamedTuples that only a number tells (`row[0]`), as far as what is written beside them says what they
    are: arguments, variables and attributes with their types, what a class makes or a function returns, and what one
    goes through."""
    numbered = [node for node in nodes(tree) if isinstance(node, ast.Subscript) and _is_number(node.slice)]
    known = imported(tree)
    kinds = {*rows, *row_kinds(tree)}
    returned = {
        **functions,
        **{one.name: one.returns for one in tree.body if isinstance(one, ast.FunctionDef) and one.returns},
    }
    fields = {
        node.target.id: node.annotation
        for of in nodes(tree)
        if isinstance(of, ast.ClassDef)
        for node in of.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    attributes = fields | {
        node.target.attr: node.annotation
        for node in nodes(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute)
    }

    def last(node: ast.expr) -> str:
        return full_name(node, known).rpartition(".")[2]

    def alone(kind: ast.expr | None) -> ast.expr | None:
        """Of `Row | None` and `"Row"` the row."""
        if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
            kind = ast.parse(kind.value, mode="eval").body
        if isinstance(kind, ast.BinOp):
            sides = [one for one in (kind.left, kind.right) if not isinstance(one, ast.Constant) or one.value]
            return alone(sides[0]) if len(sides) == 1 else None
        if isinstance(kind, ast.Subscript) and last(kind.value) in ("Final", "ClassVar", "Optional"):
            return alone(kind.slice)
        return kind

    def member(kind: ast.expr | None) -> ast.expr | None:
        """What is in a collection of this kind."""
        kind = alone(kind)
        if isinstance(kind, ast.Subscript) and last(kind.value) in _OF_MANY:
            return kind.slice.elts[0] if isinstance(kind.slice, ast.Tuple) else kind.slice
        return None

    def value(kind: ast.expr | None) -> ast.expr | None:
        kind = alone(kind)
        if isinstance(kind, ast.Subscript) and last(kind.value) in _BY_KEY and isinstance(kind.slice, ast.Tuple):
            return kind.slice.elts[1]
        return None

    def kind_of(node: ast.expr, here: Mapping[str, ast.expr]) -> ast.expr | None:
        if isinstance(node, ast.Name):
            return here.get(node.id)
        if isinstance(node, ast.Attribute):
            return attributes.get(node.attr) if isinstance(node.value, ast.Name) and node.value.id == "self" else None
        if isinstance(node, ast.Subscript):
            of = kind_of(node.value, here)
            return (of if isinstance(node.slice, ast.Slice) else member(of)) or value(of)
        if isinstance(node, ast.BoolOp | ast.IfExp):
            either = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
            return next((kind for one in either if (kind := kind_of(one, here)) is not None), None)
        if isinstance(node, ast.NamedExpr | ast.Await):
            return kind_of(node.value, here)
        if not isinstance(node, ast.Call):
            return None
        if isinstance(node.func, ast.Attribute):
            of = kind_of(node.func.value, here)
            if node.func.attr in ("get", "pop", "setdefault") and of is not None:
                return value(of) or member(of)
            if node.func.attr == "values" and (one := value(of)) is not None:
                return ast.Subscript(ast.Name("list"), one)
            if node.func.attr == "_replace":
                return of
            if node.func.attr == "_make" and last(node.func.value) in kinds:
                return node.func.value
        name = full_name(node.func, known)
        if last(node.func) in kinds:
            return node.func
        if name in ("sorted", "list", "reversed", "iter", "tuple") and node.args:
            return kind_of(node.args[0], here)
        if name in ("next", "min", "max") and node.args:
            return member(kind_of(node.args[0], here))
        return returned.get(name)

    def scopes() -> Iterator[tuple[dict[str, ast.expr], list[ast.AST]]]:
        """What has a number in it: the names and types of a function's arguments, and all that is inside."""
        for node in nodes(tree):
            if isinstance(node, ast.FunctionDef | ast.Lambda) and any(
                node.lineno <= one.lineno <= (node.end_lineno or 0) for one in numbered
            ):
                every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                yield {one.arg: one.annotation for one in every if one.annotation is not None}, [*nodes(node)]
        outside = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
        yield {}, [one for node in outside for one in nodes(node)]

    found = []
    for here, inside in scopes() if numbered else ():
        for node in (*inside, *inside):  # twice: what is said below of what is used above, in loops
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                here[node.target.id] = node.annotation
                continue
            if isinstance(node, ast.Assign | ast.NamedExpr):
                kind = kind_of(node.value, here)
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            elif isinstance(node, ast.For | ast.comprehension):
                kind, targets = member(kind_of(node.iter, here)), [node.target]
            else:
                continue
            here.update({one.id: kind for one in targets if isinstance(one, ast.Name) and kind is not None})
        for node in inside:
            if not (isinstance(node, ast.Subscript) and _is_number(node.slice)):
                continue
            kind = alone(kind_of(node.value, here))
            if isinstance(kind, ast.Name | ast.Attribute) and last(kind) in kinds:
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return sorted(set(found))


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


# How many there are still. The table only shrinks.
BY_NUMBER = {"clicks/storing.py": 3}


def test_fields_of_named_rows_are_told_by_their_names() -> None:
    found = {path: fields_by_number(tree, house_rows(), house_functions()) for path, tree in trees()}
    assert {path: len(fields) for path, fields in found.items() if fields} == BY_NUMBER, found


ROW = "from typing import NamedTuple\nclass Row(NamedTuple):\n    id: int\n    name: str\n"


@pytest.mark.parametrize(
    "code",
    [
        "def f(row: Row) -> int:\n    return row[0]",
        "def f(row: Row | None) -> str:\n    return row[-1] if row else ''",
        "def f(row: 'Row') -> int:\n    return row[0]",
        "def f(rows: list[Row]) -> list[str]:\n    return [row[1] for row in rows]",
        "def f(rows: Iterable[Row]) -> None:\n    for row in rows:\n        print(row[1])",
        "def f(rows: dict[int, Row]) -> None:\n    for row in rows.values():\n        print(row[1])",
        "def f(rows: Mapping[int, Row]) -> int:\n    row = rows.get(1)\n    return row[0]",
        "def f(rows: Sequence[Row]) -> int:\n    return rows[0][1]",
        "def f() -> int:\n    return Row(1, 'x')[0]",
        "def f() -> int:\n    row = Row(*database.row('SELECT 1'))\n    return row[0]",
        "def g() -> Row: ...\ndef f() -> int:\n    return g()[0]",
        "def g() -> list[Row]: ...\ndef f() -> list[int]:\n    return sorted(one[0] for one in g())",
        "class Held:\n    row: Row\n    def f(self) -> int:\n        return self.row[0]",
        "class Held:\n    def __init__(self) -> None:\n        self.rows: list[Row] = []\n    def f(self) -> int:\n        return self.rows[0][1]",
        "def f(rows: list[Row]) -> int:\n    first, last = rows[0], rows[1]\n    return max(rows)[0]",
        "def f(rows: list[Row]) -> int:\n    if row := next(iter(rows), None):\n        return row[0]",
        "def f(row: Row) -> int:\n    return row._replace(id=1)[0]",
    ],
)
def test_a_planted_field_of_a_named_row_by_number_is_found(code: str) -> None:
    assert len(fields_by_number(ast.parse(ROW + code), set(), {})) == 1


def test_a_planted_field_of_another_modules_row_is_found() -> None:
    code = "from linktrack.store.lookups import link_called as called\nx = called(database, 'spring')[0]"
    assert fields_by_number(ast.parse(code), house_rows(), house_functions()) == ["2: called(database, 'spring')[0]"]


@pytest.mark.parametrize(
    "code",
    [
        "def f(rows: list[Row]) -> Row:\n    return rows[0]",
        "def f(rows: dict[int, Row]) -> int:\n    return rows[1].id",
        "def f(row: Row) -> str:\n    return row.name[0]",
        "def f(row: tuple[int, str]) -> int:\n    return row[0]",
    ],
)
def test_a_row_of_a_list_is_no_field(code: str) -> None:
    assert fields_by_number(ast.parse(ROW + code), set(), {}) == []


# Rows of the database are taken apart into names.
_ROWS = {"database.rows", "database.stream", "database.row"}


def _are_rows(asked: ast.AST | None, names: set[str]) -> bool:
    if isinstance(asked, ast.Name):
        return asked.id in names
    return isinstance(asked, ast.Call) and ".".join(ast.unparse(asked.func).split(".")[-2:]) in _ROWS


def rows_by_number(tree: ast.AST) -> list[str]:
    """Fields of rows of the database that only a number tells, beyond the third: `row[3]`, where a function asks for
    the rows itself."""
    found = []
    for function in (node for node in nodes(tree) if isinstance(node, ast.FunctionDef)):
        names: set[str] = set()
        for node in nodes(function):
            if not isinstance(node, ast.For | ast.comprehension | ast.Assign | ast.AnnAssign | ast.NamedExpr):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if _are_rows(node.iter if isinstance(node, ast.For | ast.comprehension) else node.value, names):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
        found += [
            ast.unparse(node)
            for node in nodes(function)
            if isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id in names
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, int)
            and node.slice.value > 2
        ]
    return found


def test_fields_of_rows_have_names() -> None:
    assert [(path, field) for path, tree in trees() for field in rows_by_number(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "row = database.row('SELECT a, b, c, d FROM x')\nprint(row[3])",
        "for one in self.database.rows('SELECT 1'):\n    print(one[4])",
        "found = database.rows('SELECT 1')\nx = [f'{row[0]} {row[3]}' for row in found]",
    ],
)
def test_a_planted_field_by_number_is_found(code: str) -> None:
    assert len(rows_by_number(ast.parse(f"def f():\n    {code.replace(chr(10), chr(10) + '    ')}"))) == 1
