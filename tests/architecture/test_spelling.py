"""Things have one spelling, so that the other walls see them: SQL, transactions, modules, what is asked of errors."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from architecture.planted import full_name, imported, is_part_of, names_used, nodes, texts_in, trees

Wall = Callable[[ast.AST], Iterator[str]]

_SQL = re.compile(
    r"\b(?:(select)\s+[\w(*].*?\s(from)\s+\w+(?:\s+(?:where|join|order|group|limit)\b|\s*$)|(insert\s+into)\s+\w+\s*\("
    r"|(update)\s+\w+\s+set\s+\w+\s*=|(delete\s+from)\s+\w+\s+where\b|(begin)\s+immediate\b"
    r"|((?:drop|truncate)\s+table)\b)",
    re.IGNORECASE | re.DOTALL,
)
_ANY_TABLE = re.compile(r"\b(?:DELETE FROM|INTO|UPDATE|TABLE)\s+\"?\w*\?")
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
    for node in nodes(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("commit", "rollback")
        ):
            yield ast.unparse(node)
        if getattr(node, "attr", getattr(node, "id", "")) == "create_engine":
            yield ast.unparse(node)


_ASKS = {
    *("search", "match", "fullmatch", "findall", "finditer", "sub", "startswith", "endswith", "find", "index"),
    *(
        "rfind",
        "count",
        "split",
        "partition",
        "rpartition",
        "get",
        "rindex",
        "rsplit",
        "contains",
        "__contains__",
        "pop",
    ),
}


def reads_words(tree: ast.AST) -> Iterator[str]:
    """What is asked of the words of an error, which may be other ones tomorrow: it has attributes and codes. Asked by
    whoever catches it, is given it (alone, among others, as an `object` that turns out to be one), or is given its
    words by one of these."""
    yield from (name for name in names_used(tree) if is_part_of(name, _WORDS_OF_THE_LAST))
    known = imported(tree)
    given = dict[str, set[str]]()  # by function of the module, its arguments that are given words
    functions = {node.name: node for node in nodes(tree) if isinstance(node, ast.FunctionDef)}
    found, scopes = dict[int, str](), [*_with_errors(tree, known)]
    for _ in range(2):  # again, for those that hand the words on
        for scope, errors in scopes:
            words = _names_of_words(scope, errors, given.get(getattr(scope, "name", "") or "", set()))
            for node in nodes(scope):
                found.update((id(one), ast.unparse(one)) for one in _asked(node) if _has_words(one, errors, words))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
                    for one, value in zip(functions[node.func.id].args.args, node.args, strict=False):
                        if _has_words(value, errors, words):
                            given.setdefault(node.func.id, set()).add(one.arg)
        scopes = [(functions[name], set[str]()) for name in given]
    yield from found.values()


_WORDS_OF_THE_LAST = {
    *("traceback.format_exc", "traceback.format_exception", "traceback.format_exception_only", "traceback.print_exc"),
    *("traceback.TracebackException", "sys.exc_info", "sys.exception", "sys.last_exc"),
}


def _with_errors(tree: ast.AST, known: Mapping[str, str]) -> Iterator[tuple[ast.AST, set[str]]]:
    """Whatever has errors in it, with their names there: who catches one, and functions that are given one, or what
    they find to be one."""
    for node in nodes(tree):
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield node, {node.name}
        elif isinstance(node, ast.FunctionDef | ast.Lambda):
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            errors = {one.arg for one in every if one.annotation is not None and _is_error(one.annotation, known)}
            for part in nodes(node):
                if isinstance(part, ast.Call) and getattr(part.func, "id", "") == "isinstance":
                    errors |= {ast.unparse(part.args[0])} if _is_error(part.args[1], known) else set()
                elif isinstance(part, ast.AnnAssign):
                    errors |= {ast.unparse(part.target)} if _is_error(part.annotation, known) else set()
                elif errors and isinstance(part, ast.For | ast.comprehension) and ast.unparse(part.iter) in errors:
                    errors.add(ast.unparse(part.target))
            if errors:
                yield node, errors


def _is_error(kind: ast.expr, known: Mapping[str, str]) -> bool:
    """Whether a kind is that of an error, or of several, or has one in it: `Exception`, `list[LinktrackError]`."""
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        kind = ast.parse(kind.value, mode="eval").body
    names = {full_name(node, known) for node in nodes(kind) if isinstance(node, ast.Name | ast.Attribute)}
    return any(_is_of(name, BaseException) or name.rpartition(".")[2] in _house_errors() for name in names if name)


@cache
def _house_errors() -> frozenset[str]:
    """The names of the package's own errors, and of those that drivers have."""
    found = {"Error", "DatabaseError", "LinktrackError"}
    classes = [(node.name, node.bases) for _, tree in trees() for node in nodes(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(4):
        found |= {
            name
            for name, bases in classes
            if any(
                (last := ast.unparse(base).rpartition(".")[2]) in found or _is_of(last, BaseException) for base in bases
            )
        }
    return frozenset(found)


def _asked(node: ast.AST) -> list[ast.expr]:
    """What a part of a program asks something of: what it compares, looks for, or looks up by."""
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Match):
        return [node.subject]
    if isinstance(node, ast.Subscript):
        return [node.slice]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKS:
        if node.func.attr in ("get", "pop"):
            return node.args[:1]
        of_lines = any(isinstance(one, ast.Constant) and one.value == "\n" for one in node.args)  # one of them is shown
        return [] if of_lines else [node.func.value, *node.args]
    return []


def _names_of_words(scope: ast.AST, errors: Set[str], given: Set[str]) -> set[str]:
    """The names by which the words of errors go in a part of a program, by way of others too."""
    names = set(given)
    for node in nodes(scope):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(value, ast.expr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if _has_words(value, errors, names):
                names |= {one.id for one in targets if isinstance(one, ast.Name)}
    return names


def _has_words(node: ast.expr, errors: Set[str], names: Set[str]) -> bool:
    """Whether an expression is made of the words of an error: `str` of it or of a part, a text around it, its
    arguments, or a name that has them."""
    for part in nodes(node):
        if isinstance(part, ast.Name):
            if part.id in names:
                return True
            continue
        inside: list[ast.expr] = []
        if isinstance(part, ast.FormattedValue):
            inside = [part.value]
        elif isinstance(part, ast.Call) and getattr(part.func, "id", "") in ("str", "repr", "format", "ascii"):
            inside = part.args[:1]
        elif (
            isinstance(part, ast.Call)
            and ast.unparse(part.func) == "map"
            and ast.unparse(part.args[0]) in ("str", "repr")
        ):
            inside = part.args[1:]
        elif isinstance(part, ast.Attribute) and part.attr in (
            "sentence",
            "args",
            "msg",
            "strerror",
            "__str__",
            "diag",
        ):
            inside = [part.value]
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod):
            inside = part.right.elts if isinstance(part.right, ast.Tuple) else [part.right]
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "format":
            inside = part.args
        if any(_is_one_of(one, errors) for one in inside):
            return True
    return False


def _is_one_of(node: ast.expr, errors: Set[str]) -> bool:
    """Whether an expression is one of the errors, or what one was caused by."""
    text = ast.unparse(node)
    return text in errors or any(text in (f"{one}.orig", f"{one}.__cause__", f"{one}.__context__") for one in errors)


def says_system_words(tree: ast.AST) -> Iterator[str]:
    """Sentences that are made of the system's own words (`strerror`, an OSError as a text), which are no sentences of
    ours: `files.reading.sentence_of` has those."""
    known = imported(tree)
    for node in nodes(tree):
        if (isinstance(node, ast.Attribute) and node.attr == "strerror") or (
            isinstance(node, ast.ImportFrom) and any(one.name == "strerror" for one in node.names)
        ):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and full_name(node.func, known) in ("getattr", "operator.attrgetter"):
            yield from (
                ast.unparse(node) for one in node.args if isinstance(one, ast.Constant) and one.value == "strerror"
            )
        elif isinstance(node, ast.ExceptHandler) and node.name and node.type and _is_of_system(node.type, tree):
            yield from _said_of(node.body, node.name)
        elif isinstance(node, ast.FunctionDef):
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                if one.annotation is not None and _is_of_system(one.annotation, tree):
                    yield from _said_of(node.body, one.arg)


def _is_of_system(kind: ast.expr, tree: ast.AST) -> bool:
    """Whether an error of one of these kinds may be the system's: OSError, or one that is a kind of it. A name that
    stands for several kinds has its value in the module."""
    known = imported(tree)
    given = {
        target.id: node.value
        for node in nodes(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    waiting = [kind]
    for node in waiting:
        name = full_name(node, known)
        if _is_of(name, OSError):
            return True
        if name in given:
            waiting.append(given.pop(name))
        elif not name:
            waiting += [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    return False


@cache
def _is_of(name: str, error: type[BaseException]) -> bool:
    """Whether a full name is that of an error or of a kind of it, in the library."""
    module, _, kind = name.rpartition(".")
    if not kind or (module or "builtins").partition(".")[0] not in sys.stdlib_module_names:
        return False
    with suppress(ImportError):  # of a part of a class
        found = getattr(import_module(module or "builtins"), kind, None)
        return isinstance(found, type) and issubclass(found, error)
    return False


def _said_of(body: Iterable[ast.stmt], error: str) -> Iterator[str]:
    """Where the words of an error are taken, under whatever name it goes there."""
    names = {error}
    for node in (one for statement in body for one in nodes(statement)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in (one for statement in body for one in nodes(statement)):
        asked: list[ast.expr] = []
        if isinstance(node, ast.FormattedValue) or (
            isinstance(node, ast.Attribute) and node.attr in ("args", "__str__", "add_note")
        ):
            asked = [node.value]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            asked = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        elif isinstance(node, ast.Call):
            of = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            asked = node.args if of in ("str", "repr", "format", "print", "format_exception_only") else []
            asked += [node.args[1]] if of == "map" and len(node.args) > 1 and ast.unparse(node.args[0]) == "str" else []
        yield from (ast.unparse(node) for one in asked if isinstance(one, ast.Name) and one.id in names)


def reads_environment(tree: ast.AST) -> Iterator[str]:
    """Variables of the environment that are looked at, and who lives where: settings come from one place."""
    yield from (name for name in names_used(tree) if is_part_of(name, ENVIRONMENT))
    yield from (
        ast.unparse(node) for node in nodes(tree) if isinstance(node, ast.Attribute) and node.attr == "expanduser"
    )


ENVIRONMENT = {
    *("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.path.expandvars", "os.path.expanduser"),
    *("pathlib.Path.home", "getpass"),
}


# Where each may be. The tables only shrink.
WALLS: dict[Wall, set[str]] = {
    small_sql: set(),
    # rows of the ledger put beside it, rollups made anew, one row of any table, all tables in turn
    writes_by_value: {
        *(
            "actions/ledger/additions.py",
            "clicks/rollups/counts.py",
            "clicks/rollups/edge_times.py",
            "clicks/rollups/recent_clickers.py",
        ),
        "store/session.py",
        *("upkeep/copy.py", "upkeep/deep.py", "upkeep/forget.py"),
    },
    handles_transactions: {"store/session.py"},
    says_system_words: {"files/reading.py"},
    # JSON's errors have nothing but words and a place, those of TOML nothing but words
    reads_words: {"clicks/formats/notation/json_values.py", "files/toml_files.py"},
    # what is no setting: the search path of a child, the clock's zone, a terminal's encoding, a browser
    reads_environment: {
        *("actions/scripts/calls.py", "cli/app.py", "cli/doctor.py", "cli/shared_context.py", "cli/streams.py"),
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
        *(
            f"try:\n    x()\nexcept Error as problem:\n    {line}"
            for line in (
                "words = str(problem)\n    y = 'locked' in words",
                "words = str(problem)\n    low = words.lower()\n    y = 'locked' in low",
                "y = re.search('locked', str(problem))",
                "y = LOCKED.match(str(problem))",
                "y = 'locked' in f'{problem}'",
                "y = 'locked' in str(problem.orig)",
                "y = 'locked' in str(problem.orig).lower()",
                "y = (words := repr(problem)) and words == 'x'",
                "match str(problem):\n        case 'locked': ...",
                "y = CODES[str(problem)]",
                "y = CODES.get('%s' % problem)",
                "y = 'locked' in '{}'.format(problem)",
                "y = 'locked' in str(problem.__cause__)",
                "y = operator.contains(str(problem), 'locked')",
            )
        ),
        *(
            f"{head}\n    return 'locked' in str(problem)"
            for head in (
                "def f(problem: Exception) -> bool:",
                "def f(problem: 'sqlite3.Error | None') -> bool:",
                "from sqlite3 import OperationalError as Locked\ndef f(problem: Locked) -> bool:",
                "import psycopg\ndef f(problem: psycopg.Error) -> bool:",
                "def f(problem: BadInput) -> bool:",
                "def f(problem: object) -> bool:\n    assert isinstance(problem, OSError)",
            )
        ),
        "def f(problems: list[LinktrackError]) -> bool:\n    return any('locked' in one.sentence for one in problems)",
        "f = lambda problem: isinstance(problem, OSError) and 'locked' in str(problem)",
        "def g(words: str) -> bool:\n    return 'locked' in words\ndef f(problem: OSError) -> bool:\n    return g(str(problem))",
        "import traceback\ny = 'locked' in traceback.format_exc()",
        "import sys\ny = sys.exc_info()[1]",
    ],
    says_system_words: [
        *(
            f"{head}:\n        {line}"
            for head in (
                "def f():\n    try:\n        x()\n    except OSError as problem",
                "def f():\n    try:\n        x()\n    except (ValueError, PermissionError) as problem",
                "import socket\ndef f():\n    try:\n        x()\n    except socket.gaierror as problem",
                "FAULTS = (ValueError, FileNotFoundError)\ndef f():\n    try:\n        x()\n    except FAULTS as problem",
                "FAULTS = (ValueError, IOError)\ndef f():\n    try:\n        x()\n    except (KeyError, *FAULTS) as problem",
            )
            for line in (
                "raise Conflict(str(problem))",
                "raise Conflict(f'cannot be read: {problem}')",
                "raise Conflict(f'cannot be read: {problem!s}')",
                "raise Conflict('cannot be read: %s' % problem)",
                "raise Conflict('cannot be read: {}'.format(problem))",
                "raise Conflict(problem.args[1])",
                "fault = problem\n        raise Conflict(str(fault))",
            )
        ),
        "def f(problem: OSError) -> str:\n    return f'{problem}'",
        "def f(problem: LinktrackError | OSError) -> str:\n    return str(problem)",
        "try:\n    x()\nexcept BadFile as problem:\n    y = problem.strerror",
        "y = getattr(problem, 'strerror', '')",
        "import os\ny = os.strerror(code)",
        "from os import strerror as words",
    ],
    reads_environment: [
        *("import os\nos.environ['X']", "import os\nos.getenv('X')", "from os import environ"),
        *("import os as system\nsystem.environ", "import os\nos.path.expandvars(path)"),
        *("from pathlib import Path\nPath.home()", "path.expanduser()", "from os.path import expandvars as full"),
    ],
}


@pytest.mark.parametrize("wall", WALLS)
def test_it_is_nowhere_else(wall: Wall) -> None:
    assert {path for path, tree in trees() if any(wall(tree))} == WALLS[wall]


@pytest.mark.parametrize(("wall", "code"), [(wall, code) for wall, codes in BREACHES.items() for code in codes])
def test_a_planted_one_is_found(wall: Wall, code: str) -> None:
    assert list(wall(ast.parse(code)))


def test_a_module_is_called_what_it_owns() -> None:
    assert [path for path, _ in trees() if set(Path(path).stem.split("_")) & _VAGUE] == []
