"""What ruff and import-linter do not see: what is private stays so, files are written in one way, imports can be read."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from architecture.planted import (
    ROOT,
    constants,
    full_name,
    house_constants,
    imported,
    is_part_of,
    methods,
    names_used,
    nodes,
    text_of,
    texts_in,
    trees,
)

# `import_module` makes the command line lazy, and a library that nobody has loaded has raised no error; what else is
# imported stands at the beginning of a statement.
IMPORTS_BY_NAME = {"cli/app.py", "clicks/logs/packed.py"}


def private_imports(tree: ast.AST) -> list[str]:
    """Private names of another module that a module takes, by name or through the module."""
    found = []
    modules = set()
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("linktrack")):
            found += [part for part in (node.module or "").split(".") if part.startswith("_")]
            found += [
                f"{node.module}.{one.name}"
                for one in node.names
                if one.name.startswith("_") and one.name != "__version__"
            ]
            modules |= {one.asname or one.name for one in node.names if one.name.islower()}
    attributes = (node for node in nodes(tree) if isinstance(node, ast.Attribute))
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
        "from linktrack.actions.lost_runs.after_restore import _Taking",
        "def f():\n    from linktrack.links.signing_keys import _adopt as adopt",
        "from linktrack.links import signing_keys\nsigning_keys._adopt()",
        "from . import _adopt",
        "from .keys import _adopt",
        "from ..links import _adopt as adopt",
        "from . import keys\nkeys._adopt()",
        "from linktrack._hidden import adopt",
    ],
)
def test_a_planted_private_import_is_found(code: str) -> None:
    assert len(private_imports(ast.parse(code))) == 1


_IMPORTING = {
    *(
        "importlib.import_module",
        "importlib.reload",
        "importlib.util",
        "importlib.machinery",
        "pkgutil",
        "runpy",
        "imp",
    ),
    *("__import__", "sys.modules", "exec", "eval", "compile"),
}


def imports_by_name(tree: ast.AST) -> bool:
    """Whether a module imports what only runs tell, or reaches what others have imported: no contract sees that."""
    used = names_used(tree)
    return "importlib" in used or any(is_part_of(name, _IMPORTING) for name in used)


def test_imports_can_be_read() -> None:
    assert {path for path, tree in trees() if imports_by_name(tree)} == IMPORTS_BY_NAME


@pytest.mark.parametrize(
    "code",
    [
        "import importlib",
        "from importlib import import_module",
        "__import__('linktrack.cli')",
        "from pkgutil import resolve_name",
        "import pkgutil",
        "import sys\nsys.modules['linktrack.cli.app']",
        "from sys import modules as loaded",
        "import builtins\nbuiltins.__import__('linktrack.cli')",
        "import importlib.util as finder",
        "exec('import linktrack.cli')",
    ],
)
def test_a_planted_import_by_name_is_found(code: str) -> None:
    assert imports_by_name(ast.parse(code))


# Files are written by `linktrack.files`; these write into a folder or file that it has made for them, into a pipe, or
# what is no output: a lock, a click log, a database, a page for the browser, a file without a name.
WRITE_FILES = {
    "actions/calendar_file.py", "actions/output.py", "cli/mailing_previewing.py", "cli/shared_inputs.py",
    "clicks/logs/ahead.py", "clicks/logs/equal_lines.py", "crm/json_spans.py", "crm/writing.py", "crm/xlsx_cells.py", "crm/xlsx_reading.py", "crm/xlsx_writing.py",
    "files/writing.py", "mailings/handing_out.py", "mailings/outputs/output_folder.py",
    "mailings/outputs/template.py", "reports/workbook.py", "server/click_log.py", "store/dialects.py", "store/lock.py", "upkeep/archive.py",
    "upkeep/backup.py", "upkeep/demo_visitors.py", "upkeep/own_log.py", "upkeep/restore.py",
}  # fmt: skip
_WRITING = {
    *("write_text", "write_bytes", "touch", "extractall", "extract", "urlretrieve", "FileHandler", "FileIO", "mkfifo", "mknod"),
    *("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "TemporaryDirectory", "mkstemp", "mkdtemp", "mktemp"),
    *("copyfile", "copytree", "copy2", "make_archive", "unpack_archive"),
}  # fmt: skip
_OF_MODULES = {"shutil.copy", "shutil.move", "shelve.open", "dbm.open", "os.creat", "zipfile.Path"}
_OPENING = {"open", "fdopen", "ZipFile", "TarFile", "GzipFile", "BZ2File", "LZMAFile"}
_WRITE_MODE = re.compile(r"[rbt]*[wax+][bt+]*([:|]\w*)?")
_ONLY_READS = {"O_RDONLY", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"}


def called(node: ast.Call) -> str:
    """The last part of what a call is of: `copy` of `shutil.copy(a, b)`."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _opens_for_writing(node: ast.Call) -> bool:
    """Whether a call of `os.open` is not surely for reading; the null device is no file."""
    if ast.unparse(node.args[0]) == "os.devnull":
        return False
    named = (part for part in nodes(node.args[1]) if isinstance(part, ast.Attribute | ast.Name))
    flags = {ast.unparse(part).removeprefix("os.") for part in named} - {"os"}
    return not flags <= _ONLY_READS


def _texts_of(mode: ast.expr, known: Mapping[str, ast.expr], fixed: Mapping[str, str]) -> Iterator[str]:
    """The texts that an argument may be: of `"a" if append else "w"` both, of a name those that it was given."""
    mode = known.get(mode.id, mode) if isinstance(mode, ast.Name) else mode
    if (text := text_of(mode, fixed)) is not None:
        yield text
        return
    for node in nodes(mode):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def writes_files(tree: ast.AST) -> bool:
    """Whether a module opens a file for writing, or writes one whole, by whatever name."""
    used, taken = names_used(tree), methods(tree)
    last = {name.rpartition(".")[2] for name in used if "." in name and not name.startswith("linktrack.")}
    if (taken | last) & _WRITING or used & _OF_MODULES:
        return True
    if "write" in taken and any(is_part_of(name, {"xml.etree"}) for name in used):
        return True
    known: dict[str, ast.expr] = {}
    for node in nodes(tree):
        if isinstance(node, ast.Assign):
            known.update({one.id: node.value for one in node.targets if isinstance(one, ast.Name)})
    fixed, names = constants(tree), imported(tree)
    for node in nodes(tree):
        if not isinstance(node, ast.Call):
            continue
        func, given = node.func, node.args
        if full_name(func, names) == "functools.partial" and given:
            func, given = given[0], given[1:]
        func = known.get(func.id, func) if isinstance(func, ast.Name) else func
        name = full_name(func, names) or (func.attr if isinstance(func, ast.Attribute) else "")
        if name == "os.open" and given:
            if _opens_for_writing(node):
                return True
            continue
        if name.rpartition(".")[2] not in _OPENING:
            continue
        modes = [*given, *(word.value for word in node.keywords if word.arg in ("mode", "flags"))]
        if any(_WRITE_MODE.fullmatch(text) for mode in modes for text in _texts_of(mode, known, fixed)):
            return True
        if any(word.arg is None for word in node.keywords):
            return True  # a mode that nobody can read
    return False


def test_files_are_written_in_one_way() -> None:
    assert {path for path, tree in trees() if writes_files(tree)} == WRITE_FILES


@pytest.mark.parametrize(
    "code",
    [
        "path.write_text('x')",
        "open(path, 'w')",
        "open(path, 'a' if append else 'r')",
        "MODE = 'w'\nopen(path, MODE)",
        "mode = 'ab' if append else 'wb'\npath.open(mode=mode)",
        "path.open('xb')",
        "open(path, mode='ab')",
        "os.fdopen(handle, 'w+')",
        "shutil.copyfile(a, b)",
        "shutil.copy(a, b)",
        "shutil.copytree(a, b)",
        "shutil.move(a, b)",
        "from shutil import move",
        "import shutil as files\nfiles.copy2(a, b)",
        "zipfile.ZipFile(path, 'w')",
        "zipfile.ZipFile(path, mode='a')",
        "tarfile.open(path, 'w:gz')",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "os.open(path, FLAGS)",
        "handle, name = tempfile.mkstemp()",
        "open(path, opener=lambda name, flags: os.open(name, flags, 0o600))",
        "(folder / '.read').touch()",
        "mark = folder.touch\nmark()",
        "getattr(path, 'write_' + 'text')('x')",
        "import operator\noperator.methodcaller('touch')(path)",
        "from functools import partial\npartial(open, mode='w')",
        "opened = open\nopened(path, 'w')",
        "begin = path.open\nbegin('w')",
        "MODE = 'w' + 'b'\npath.open(MODE)",
        "open(path, **{'mode': 'w'})",
        "import io\nio.open(path, 'x')",
        "with tarfile.open(path) as archive:\n    archive.extractall(folder, filter='data')",
        "import shutil\nshutil.make_archive('x', 'zip', folder)",
        "from shutil import unpack_archive as unpack",
        "from xml.etree import ElementTree\nElementTree.ElementTree(root).write(path)",
        "import xml.etree.ElementTree as ET\ntree = ET.parse(path)\ntree.write(path)",
        "import tempfile\ntempfile.TemporaryDirectory()",
        "from urllib.request import urlretrieve",
    ],
)
def test_a_planted_write_is_found(code: str) -> None:
    assert writes_files(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "path.open('rb')\nopen(path)\nopen(path, 'r')\nzipfile.ZipFile(path)\ntarfile.open(path, 'r:gz')",
        "os.open(path, os.O_RDONLY | os.O_NOFOLLOW)\nos.open(os.devnull, os.O_WRONLY)\ncopy(entry)\nvalues.copy()",
    ],
)
def test_what_only_reads_is_no_write(code: str) -> None:
    assert not writes_files(ast.parse(code))


# A file gets its name in `files/`; these have made a whole workspace, or a database, beside its place.
NAME_FILES = {"files/disk_folders.py", "files/writing.py", "upkeep/copy.py", "upkeep/placing.py"}
_NAMING = {
    *("os.replace", "os.rename", "os.renames", "os.link", "os.symlink", "os.truncate"),
    *("pathlib.Path.replace", "pathlib.Path.rename", "shutil.move"),
}


def names_files(tree: ast.AST) -> bool:
    """Whether a module gives a file its name: by `os`, or by a path's own method, which has one argument where that of
    a text has two."""
    if methods(tree) & {"symlink_to", "hardlink_to"} or names_used(tree) & _NAMING:
        return True
    named, others = set[int](), set[int]()
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_path = len(node.args) == 1 and not node.keywords
            (named if of_path and node.func.attr in ("rename", "replace") else others).add(id(node.func))
        elif isinstance(node, ast.Call) and full_name(node.func, imported(tree)) in (
            "getattr",
            "operator.methodcaller",
        ):
            named |= {id(one) for one in node.args if text_of(one, {}) == "rename"}
    of_paths = (node for node in nodes(tree) if isinstance(node, ast.Attribute) and node.attr == "rename")
    return bool(named) or any(id(node) not in others for node in of_paths)


def test_files_get_their_names_in_one_way() -> None:
    assert {path for path, tree in trees() if names_files(tree)} == NAME_FILES


@pytest.mark.parametrize(
    "code",
    [
        *("os.replace(a, b)", "os.rename(a, b)", "os.link(a, b)", "from os import replace", "aside.replace(target)"),
        *(
            "path.rename(other)",
            "path.symlink_to(a)",
            "move = path.rename\nmove(other)",
            "import os as o\no.replace(a, b)",
        ),
        *("from pathlib import Path\nPath.replace(a, b)", "import os\nput = os.replace", "getattr(path, 'rename')(b)"),
    ],
)
def test_a_planted_name_is_found(code: str) -> None:
    assert names_files(ast.parse(code))
    assert not names_files(ast.parse("text.replace('a', 'b')\nat.replace(tzinfo=UTC)\nreplace(one, two=3)"))


# What others than the store may take of a driver: its errors, and what a connection is, as a kind.
_OF_DRIVERS = {
    *("sqlite3", "sqlite3.Error", "sqlite3.DatabaseError", "sqlite3.OperationalError", "sqlite3.Connection"),
    *("psycopg", "psycopg.Error", "psycopg.OperationalError"),
}
_DRIVERS = {"sqlite3", "psycopg", "psycopg_pool", "sqlalchemy.create_engine", "sqlmodel.create_engine"}


def opens_databases(tree: ast.AST) -> bool:
    """Whether a module connects to a database by a driver, or takes of one what may connect."""
    known = imported(tree)
    drivers = {name for name in names_used(tree) if is_part_of(name, _DRIVERS)}
    made = {full_name(node.func, known) for node in nodes(tree) if isinstance(node, ast.Call)}
    return bool(drivers - _OF_DRIVERS) or "sqlite3.Connection" in made


def test_databases_are_opened_in_the_store() -> None:
    assert [path for path, tree in trees() if opens_databases(tree) and not path.startswith("store/")] == []


@pytest.mark.parametrize(
    "code",
    [
        *("sqlite3.connect(path)", "from sqlite3 import connect", "import sqlite3 as sql\nsql.connect(path)"),
        *("psycopg.connect(url)", "from psycopg import connect as open_it", "psycopg.Connection.connect(url)"),
        *("from psycopg import Connection as C\nC.connect(url)", "import sqlite3\nsqlite3.Connection(path)"),
        *("from psycopg import pq", "import sqlite3\ngetattr(sqlite3, 'connect')(path)", "from sqlite3 import dbapi2"),
        *("import sqlite3\nbegin = sqlite3.connect", "import psycopg_pool", "import psycopg.connection"),
    ],
)
def test_a_planted_connection_is_found(code: str) -> None:
    assert opens_databases(ast.parse(code)) and not opens_databases(ast.parse("connect(url)\nsqlite3.Error"))


_SQL = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|CREATE|DROP|ALTER|TRUNCATE|PRAGMA|VACUUM)\s+[\w\"*(?]"
)


_SQL_OF_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+\w+(?:\s+(?:AS\s+)?[a-z]\w?)?\s+(?:WHERE|ON|JOIN|GROUP BY|ORDER BY)\b")


def queries_in(tree: ast.AST) -> list[str]:
    """Texts of a module that are SQL."""
    return [text for text in texts_in(tree) if _SQL.match(text) or _SQL_OF_TABLES.search(text)]


def test_commands_have_no_sql() -> None:
    assert [(path, text) for path, tree in trees() if path.startswith("cli/") for text in queries_in(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        "ask('SELECT 1')",
        "ask(f'DELETE FROM {x}')",
        "SQL = '\\n  UPDATE link SET id = 1'",
        "ask('PRAGMA x')",
        "PART = ' FROM click k WHERE k.id = ?'",
    ],
)
def test_planted_sql_is_found(code: str) -> None:
    assert queries_in(ast.parse(code)) and not queries_in(ast.parse("say('Select a link')\nsay('UPDATE')"))


_SQL_PART = re.compile(
    r"\b(?:SELECT|FROM|JOIN|WHERE|EXISTS|GROUP BY|ORDER BY|INSERT INTO|VALUES)\b|\b(?:count|sum|max)\("
)
ASKS = {
    *("rows", "row", "value", "execute", "executemany", "stream", "each", "insert", "connection", "engine", "session"),
    *("transaction", "aside", "pretending"),
}


def asks_the_database(tree: ast.AST) -> list[str]:
    """Queries of a module: by what only a database has, of whatever name; by what others have too, of what is one
    (`database`, what is said to be a Database, what is opened as one); and by SQL of another module."""
    known = imported(tree)
    databases = {"database", *_databases(tree, known)}
    named = {
        target.id: node.value
        for node in nodes(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    asked = [name for name in names_used(tree) if _SQL_PART.search(house_constants().get(name, ""))]
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr in ASKS:
            of = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if of in databases:
                asked.append(ast.unparse(node))
        elif isinstance(node, ast.Call):
            func = named.get(node.func.id, node.func) if isinstance(node.func, ast.Name) else node.func
            name = func.attr if isinstance(func, ast.Attribute) else ""
            if isinstance(func, ast.Call) and full_name(func.func, known) == "getattr" and len(func.args) > 1:
                name = text_of(func.args[1], {}) or ""
            if full_name(func, known) in ("functools.partial", "map", "filter") and isinstance(
                node.args[0], ast.Attribute
            ):
                name = node.args[0].attr
            if full_name(func, known) == "operator.methodcaller" and node.args:
                name = text_of(node.args[0], {}) or ""
            of_list = name == "insert" and len(node.args) == 2
            if name in ASKS and not of_list and (node.args or node.keywords):
                asked.append(ast.unparse(node))
    return asked


def _databases(tree: ast.AST, known: Mapping[str, str]) -> Iterator[str]:
    """The names of a module that are said to be databases, or that `opened(…)` gives, or that stand for one."""
    for node in nodes(tree):
        said = ast.unparse(node.annotation) if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation else ""
        if re.search(r"\bDatabase\b", said) and isinstance(node, ast.arg | ast.AnnAssign):
            yield node.arg if isinstance(node, ast.arg) else ast.unparse(node.target).rpartition(".")[2]
        if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            opens = isinstance(node.context_expr, ast.Call) and called(node.context_expr) in ("opened", "connect")
            yield from (node.optional_vars.id,) if opens else ()
        if isinstance(node, ast.Assign) and ast.unparse(node.value).rpartition(".")[2] == "database":
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_commands_and_pages_ask_no_database_themselves() -> None:
    assert [(path, ask) for path, tree in trees() if path.startswith("cli/") for ask in asks_the_database(tree)] == []


@pytest.mark.parametrize(
    "code",
    [
        *(
            "database.rows('SELECT 1')",
            "x = world.database.value",
            "store.value(COUNTS)",
            "with base.transaction(True): ...",
        ),
        "def f(store: Database) -> object:\n    return map(store.value, QUERIES)",
        "with opened(context) as books:\n    ask = books.rows",
        "ask = store.rows\nask(text)",
        "getattr(store, 'rows')(text)",
        "from functools import partial\npartial(store.rows, text)()",
        "import operator\noperator.methodcaller('rows', text)(store)",
        "books = self.database\nlist(map(books.rows, texts))",
        "from linktrack.actions.selecting import COUNTS",
        "from linktrack.actions import selecting as s\nprint(s.COUNTS)",
    ],
)
def test_a_planted_question_to_the_database_is_found(code: str) -> None:
    assert asks_the_database(ast.parse(code))


def test_what_others_have_too_is_no_question() -> None:
    code = "table.insert(0, row)\nshow(output.value, done.rows)\nx = kind.value.lower()"
    assert asks_the_database(ast.parse(code)) == []


# What a driver or a file of a stranger gives is `Any` until somebody has looked at it. The numbers only shrink.
ANYTHING = {
    "actions/by_hand.py": 1, "actions/ledger/additions.py": 2,
    "actions/ledger/log.py": 2, "actions/output.py": 2, "actions/planned.py": 2,
    "actions/preview.py": 2, "cli/action.py": 3, "cli/action_run.py": 2,
    "cli/app.py": 16, "cli/click_import.py": 4, "cli/link.py": 1, "cli/link_editing.py": 1, "cli/link_sections.py": 4, "cli/mailing.py": 1,
    "cli/report.py": 2, "cli/report_drawing.py": 3, "cli/report_layouts.py": 1,
    "cli/row_formats.py": 1, "cli/shipment.py": 1, "cli/usage.py": 25,
    "clicks/formats/notation/json_values.py": 8, "clicks/formats/postmark.py": 2, "clicks/formats/sendgrid.py": 2,
    "clicks/logs/content.py": 3, "clicks/logs/packed.py": 3, "clicks/logs/pipe.py": 1, "crm/guess.py": 1,
    "crm/json_spans.py": 2, "files/toml_files.py": 4, "links/action_options.py": 2, "links/actions.py": 2,
    "links/catalogue.py": 2, "links/definitions.py": 2, "links/responses.py": 1, "links/stored_actions.py": 2,
    "links/utm.py": 3, "mail_senders.py": 1, "mailings/catalogue.py": 1, "mailings/shipments.py": 1,
    "reports/breakdowns.py": 1, "reports/emptiness.py": 2, "reports/links.py": 2, "reports/order.py": 3,
    "reports/page_tables.py": 2, "reports/shipments.py": 1, "reports/totals.py": 1, "reports/workbook.py": 6,
    "server/granian_server.py": 5, "server/snapshot.py": 1, "server/snapshot_file.py": 1,
    "server/static_export.py": 3, "server/wsgi.py": 1, "settings/sources.py": 1, "settings/tables.py": 2,
    "store/session.py": 11, "store/tables.py": 4, "upkeep/own_log.py": 1, "upkeep/person.py": 7,
}  # fmt: skip


def anything(tree: ast.AST) -> int:
    """How often a value is of any kind, by whatever name `Any` goes."""
    names = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "typing"
        for alias in node.names
        if alias.name == "Any"
    }
    return sum(
        (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr == "Any")
        for node in nodes(tree)
    )


def test_what_is_of_any_kind_gets_less() -> None:
    assert {path: count for path, tree in trees() if (count := anything(tree))} == ANYTHING
    assert anything(ast.parse("from typing import Any\nRows = dict[str, Any]\nx: Any = 1")) == 2
    assert anything(ast.parse("import typing\nfrom typing import Any as Whatever\nx: Whatever\ny: typing.Any")) == 2


RUFF = {
    "a value of unknown kind": ("from typing import Any\n\n\ndef f(value: Any) -> None: ...", "ANN401"),
    "no types": ("def f(value): ...", "ANN001"),
    "an argument that nobody reads": ("def f(value: int) -> None: ...\n\n\ndef g(value: int) -> int:\n    return 1", "ARG001"),
    "a built-in's name": ("list = 3", "A001"),
    "an import without the room's name": ("from .keys import adopt\n\nadopt()", "TID252"),
    "somebody's private attribute": ("def f(x: object) -> object:\n    return x._hidden", "SLF001"),
    "a name that is no name": ("def doThis() -> None: ...", "N802"),
    "a loop that is a list": ("a = []\nfor x in (1, 2):\n    a.append(x + 1)", "PERF401"),
    "a print": ("print('x')", "T201"),
    "an excuse without its reason": ("def f() -> int:\n    return ''  # type: ignore", "PGH003"),
    "a rule put off whole": ("x = 1  # noqa", "PGH004"),
    "a public function that says nothing": ("def f() -> None: ...", "D103"),
    "a public class that says nothing": ("class Thing: ...", "D101"),
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


# Whoever keeps a moment is given the clock: it is looked at in commands, and handed on by its name. `moments` has it.
CLOCKS = {
    "linktrack.moments.now",
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("email.utils.make_msgid", "uuid.uuid1", "uuid.uuid6", "uuid.uuid7", "logging.LogRecord"),
}
# Of the library's `time` nothing else is taken: lengths of time, and what a moment that is given is written like.
NO_CLOCKS = {
    *("time", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns", "time.process_time"),
    *("time.sleep", "time.struct_time", "time.thread_time"),
}
# These look at it where they are given less than this many values.
CLOCKS_BY_DEFAULT = {
    "time.strftime": 2, "time.gmtime": 1, "time.localtime": 1, "time.ctime": 1, "time.asctime": 1,
    "email.utils.localtime": 1, "email.utils.formatdate": 1,
}  # fmt: skip
_SQL_CLOCK = re.compile(
    r"\bcurrent_(?:timestamp|date|time)\b|\blocaltimestamp\b|'(?:now|today|tomorrow|yesterday)'|"
    r"\b(?:unixepoch|julianday|now|(?:clock|transaction|statement)_timestamp|timeofday|datetime|date|time)\(\s*\)|"
    r"\bstrftime\(\s*'[^']*'\s*\)|^now$",
    re.IGNORECASE,
)


def looks_at_clock(tree: ast.AST) -> bool:
    """Whether a module asks for the time itself, by whatever name; `now` is a default for an argument and else nothing."""
    known = imported(tree)
    defaults = {
        id(one)
        for node in nodes(tree)
        if isinstance(node, ast.arguments)
        for one in (*node.defaults, *node.kw_defaults)
        if one is not None and full_name(one, known) == "linktrack.moments.now"
    }
    of_library = {name for name in names_used(tree) if name.startswith("time.")} if "time" in _modules(known) else set()
    if of_library - NO_CLOCKS - set(CLOCKS_BY_DEFAULT):
        return True
    for node in nodes(tree):
        named = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
        if named and id(node) not in defaults and full_name(node, known) in CLOCKS:
            return True
        if isinstance(node, ast.Call):
            if len(node.args) < CLOCKS_BY_DEFAULT.get(full_name(node.func, known), 0):
                return True
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("now", "utcnow", "today"):
                return True
    return any(_SQL_CLOCK.search(text) for text in texts_in(tree))


def _modules(known: Mapping[str, str]) -> set[str]:
    return {name.partition(".")[0] for name in known.values()}


def test_the_clock_is_an_argument_below_the_commands() -> None:
    assert {path for path, tree in trees() if not path.startswith("cli/") and looks_at_clock(tree)} == {
        *("moments.py", "upkeep/cleaning.py")  # PostgreSQL's own, for the age of its transactions
    }


@pytest.mark.parametrize(
    "code",
    [
        *("from linktrack.moments import now\nat = now()", "from linktrack import moments\nat = moments.now()"),
        *("from datetime import datetime\nat = datetime.now(UTC)", "import time\nat = time.time()"),
        *("from datetime import date\nat = date.today()", "from linktrack.moments import now as clock\nat = clock()"),
        *("from linktrack.moments import now\nat = field(default_factory=now)", "sql = 'SELECT CURRENT_TIMESTAMP'"),
        *("from time import time\nat = int(time())", "from datetime import datetime as dt\nat = dt.now(UTC)"),
        *(
            "import time as t\nat = t.strftime('%Y')",
            "sql = 'SELECT unixepoch()'",
            "sql = \"SELECT strftime('%s', 'now')\"",
        ),
        *("import datetime as d\ndef f(at=d.datetime.now()): ...", "from email import utils\nat = utils.formatdate()"),
        *("sql = 'UPDATE link SET at = extract(epoch FROM now())'", "sql = 'SELECT current_timestamp'"),
        *("sql = 'SELECT ' + 'CURRENT' + '_DATE'", "import time\nat = time.clock_gettime_ns(time.CLOCK_REALTIME)"),
        *("import time\nclock = time.time\nat = clock()", "import time\nat = getattr(time, 'time')()"),
        *("import time\nfrom functools import partial\nclock = partial(time.time)", "from uuid import uuid1\nuuid1()"),
        *("at = type(moment).now(UTC)", "import time\nvars(time)['time']()", "ask('SELECT datetime(?)', ('now',))"),
        *(
            "sql = \"SELECT 'now'::timestamptz\"",
            "sql = 'SELECT localtimestamp'",
            "import datetime\nd = datetime.datetime\nd.now()",
        ),
    ],
)
def test_a_planted_look_at_the_clock_is_found(code: str) -> None:
    assert looks_at_clock(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "from linktrack.moments import now\ndef f(clock: Clock = now) -> int:\n    return clock()",
        "import time\ntime.monotonic()\ntime.strftime('%Y', moment)\ntime.gmtime(0)",
    ],
)
def test_a_clock_that_is_given_is_no_look_at_it(code: str) -> None:
    assert not looks_at_clock(ast.parse(code))


_POSSESSIVE = re.compile(r"(?<!\()\)[?*+]\+|\(\?>")
# Groups of patterns that are never gone back into. Python before 3.11.5 (Debian's is 3.11.2) does go back into some of
# them, those that hold an alternative, a lookaround or a group that is possessive itself, and finds what is not there.
# All of these find the same as in later ones, in hundreds of thousands of random texts; where a pattern finds the same
# without, it is without.
POSSESSIVE_GROUPS = {
    "clicks/formats/alb.py": 1,
    "clicks/formats/clf.py": 2,
    "clicks/formats/notation/format_strings.py": 1,
    "clicks/formats/notation/json_events.py": 1,
    "clicks/formats/notation/json_lines.py": 2,
    "clicks/formats/notation/lines.py": 1,
    "mailings/reading/markup.py": 3,
    "reports/drawing/css.py": 2,
}


def possessive_groups(tree: ast.AST) -> int:
    """How many groups of patterns in a module are never gone back into."""
    texts = (node.value for node in nodes(tree) if isinstance(node, ast.Constant))
    strings = (
        text.decode("latin-1") if isinstance(text, bytes) else text for text in texts if isinstance(text, str | bytes)
    )
    return sum(len(_POSSESSIVE.findall(text)) for text in strings)


def test_groups_that_are_never_gone_back_into_are_known() -> None:
    found = {path: count for path, tree in trees() if (count := possessive_groups(tree))}
    assert found == POSSESSIVE_GROUPS, "try it with /usr/bin/python3 of Debian 12, or write it as a greedy group"


@pytest.mark.parametrize("pattern", ["r'(?:a|b)*+'", "rb'(?:a)?+'", "r'(a)++'", "rf'{x}(?:{y})*+'", "r'(?>a)'"])
def test_a_planted_possessive_group_is_found(pattern: str) -> None:
    assert possessive_groups(ast.parse(f"x = re.compile({pattern})")) == 1
    assert possessive_groups(ast.parse("x = re.compile(r'(?:[^a]*+b)*c++'), '!()*+,'")) == 0
