"""Rows have names: no long tuple goes about without, none is made by a call, and no field of one is told by its number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Set
from functools import cache

import pytest
from architecture.planted import full_name, imported, names_used, nodes, trees

# Tuples of more than three fields without names, all in what runs once for every line of a log or cell of a workbook,
# where a named row costs more than the rest (measured). The table only shrinks.
NAMELESS_ROWS = {
    "clicks/click.py": 2,
    "clicks/event.py": 1,
    "clicks/judging/verdicts.py": 1,
    "clicks/logs/batches.py": 4,
    "clicks/logs/tracked.py": 1,
    "clicks/rollups/clicker_changes.py": 1,
    "crm/xlsx_process.py": 2,
}


def nameless_rows(tree: ast.AST) -> list[str]:
    """Types like `tuple[int, int, str, str]`."""
    return [ast.unparse(node) for node in _tuples(tree) if len(_elements(node)) > 3]


# Tuples of any length whose fields are of several kinds: cells of tables that are shown, parts of mails that are
# rendered, parameters of queries. The table only shrinks.
RAGGED = {
    "errors.py": 2, "mailings/compile.py": 2, "reports/links.py": 1, "reports/order.py": 1,
    "reports/page_shown.py": 1, "reports/page_tables.py": 2, "reports/shipments.py": 1, "store/dialects.py": 1,
    "store/session.py": 1,
}  # fmt: skip


def ragged_rows(tree: ast.AST) -> list[str]:
    """Types like `tuple[int | str, ...]` and `tuple[object, ...]`, which may be rows of whatever length."""
    return [
        ast.unparse(node)
        for node in _tuples(tree)
        for one in _elements(node)
        if len(_elements(node)) == 2 and isinstance(_elements(node)[1], ast.Constant) and _is_of_many_kinds(one)
    ]


def _tuples(tree: ast.AST) -> Iterator[ast.Subscript]:
    known = imported(tree)
    for node in nodes(tree):
        if isinstance(node, ast.Subscript) and full_name(node.value, known).rpartition(".")[2] in ("tuple", "Tuple"):
            yield node


def _elements(node: ast.Subscript) -> list[ast.expr]:
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def _is_of_many_kinds(kind: ast.expr) -> bool:
    if isinstance(kind, ast.BinOp):
        return "None" not in (ast.unparse(kind.left), ast.unparse(kind.right)) or _is_of_many_kinds(kind.left)
    return ast.unparse(kind) in ("object", "Any", "typing.Any") or ast.unparse(kind).startswith(
        ("Union[", "Sequence[object")
    )


def test_rows_of_any_length_have_one_kind_of_field() -> None:
    assert {path: len(rows) for path, tree in trees() if (rows := ragged_rows(tree))} == RAGGED
    for kind in ("int | str", "object", "Any", "int | str | None"):
        assert ragged_rows(ast.parse(f"def f() -> list[tuple[{kind}, ...]]: ..."))
    assert not ragged_rows(ast.parse("x: tuple[int, ...]\ny: tuple[Gap | None, ...]\nz: tuple[int, object]"))


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
BY_NUMBER = {"clicks/storing.py": 1}


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
_ROWS = {"rows", "row", "stream", "each", "execute", "fetchone", "fetchall", "fetchmany"}
_HANDED_ON = {
    "next",
    "iter",
    "list",
    "tuple",
    "sorted",
    "reversed",
    "min",
    "max",
    "enumerate",
    "islice",
    "cast",
    "deque",
}
_AS_ROW = re.compile(r"\b(?:Row|(?:Sequence|tuple|list|Iterable|Iterator|Collection)\[(?:object|Any)\b)")


def _are_rows(asked: ast.AST | None, names: Set[str]) -> bool:
    """Whether an expression is rows of the database, or one of them, by whatever it is handed on."""
    if isinstance(asked, ast.Name):
        return asked.id in names
    if isinstance(asked, ast.Subscript | ast.Starred | ast.NamedExpr | ast.Await):
        return _are_rows(asked.value, names)
    if isinstance(asked, ast.BoolOp | ast.IfExp | ast.Tuple | ast.List):
        parts = (
            asked.values
            if isinstance(asked, ast.BoolOp)
            else getattr(asked, "elts", None) or ast.iter_child_nodes(asked)
        )
        return any(_are_rows(one, names) for one in parts)
    if isinstance(asked, ast.ListComp | ast.GeneratorExp):
        of_rows = any(_are_rows(one.iter, names) for one in asked.generators)
        return of_rows and ast.unparse(asked.elt) in {ast.unparse(one.target) for one in asked.generators}
    if not isinstance(asked, ast.Call):
        return False
    if isinstance(asked.func, ast.Attribute) and asked.func.attr in _ROWS:
        return bool(asked.args) or asked.func.attr.startswith("fetch")
    name = asked.func.attr if isinstance(asked.func, ast.Attribute) else getattr(asked.func, "id", "")
    return name in _HANDED_ON and any(_are_rows(one, names) for one in asked.args)


def rows_by_number(tree: ast.AST) -> list[str]:
    """Fields of rows of the database that only a number tells, beyond the third: `row[3]`, of what is asked for or what
    is given as a row of anything."""
    known = imported(tree)
    far = [node for node in nodes(tree) if isinstance(node, ast.Subscript) and _is_far(node.slice)]
    found = {
        id(node): ast.unparse(node)
        for node in nodes(tree)
        if isinstance(node, ast.Call)
        and full_name(node.func, known) == "operator.itemgetter"
        and any(map(_is_far, node.args))
    }
    for scope in (node for node in nodes(tree) if far and isinstance(node, ast.FunctionDef | ast.Lambda | ast.Module)):
        inside = [
            one for one in far if isinstance(scope, ast.Module) or scope.lineno <= one.lineno <= (scope.end_lineno or 0)
        ]
        if not inside:
            continue
        names = {
            node.arg
            for node in nodes(scope)
            if isinstance(node, ast.arg)
            and node.annotation is not None
            and _AS_ROW.search(ast.unparse(node.annotation))
        }
        for node in (*nodes(scope), *nodes(scope)):
            if not isinstance(node, ast.For | ast.comprehension | ast.Assign | ast.AnnAssign | ast.NamedExpr):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if _are_rows(node.iter if isinstance(node, ast.For | ast.comprehension) else node.value, names):
                names |= {one.id for target in targets for one in nodes(target) if isinstance(one, ast.Name)}
        found.update(
            (id(one), ast.unparse(one)) for one in inside if one in nodes(scope) and _are_rows(one.value, names)
        )
    return [*found.values()]


def _is_far(place: ast.expr) -> bool:
    """Whether an index or a slice says more than the third."""
    ends = [place.lower] if isinstance(place, ast.Slice) else [place]
    return any(isinstance(one, ast.Constant) and type(one.value) is int and one.value > 2 for one in ends)


# Lines and clicks that go through a loop of their own, where names cost more than the rest. The table only shrinks.
BY_FAR_NUMBER = {"clicks/logs/equal_lines.py": 2, "clicks/storing.py": 1}


def test_fields_of_rows_have_names() -> None:
    assert {path: len(fields) for path, tree in trees() if (fields := rows_by_number(tree))} == BY_FAR_NUMBER


@pytest.mark.parametrize(
    "code",
    [
        "row = database.row('SELECT a, b, c, d FROM x')\nprint(row[3])",
        "for one in self.database.rows('SELECT 1'):\n    print(one[4])",
        "found = database.rows('SELECT 1')\nx = [f'{row[0]} {row[3]}' for row in found]",
        "return database.rows('SELECT 1')[0][3]",
        "return next(iter(store.rows('SELECT 1')))[3]",
        "first = next(iter(database.rows('SELECT 1')))\nreturn first[3]",
        "ask = [*database.stream('SELECT 1')]\nreturn ask[0][4]",
        "for number, row in enumerate(database.each('SELECT 1')):\n    print(row[3])",
        "def shown(row: Sequence[object]) -> object:\n    return row[4]",
        "shown = lambda: (database.row('SELECT 1') or ())[3]",
        "import operator\nreturn map(operator.itemgetter(3), rows)",
        "row = database.row('SELECT 1')\nreturn row[3:]",
    ],
)
def test_a_planted_field_by_number_is_found(code: str) -> None:
    assert len(rows_by_number(ast.parse(f"def f():\n    {code.replace(chr(10), chr(10) + '    ')}"))) == 1
