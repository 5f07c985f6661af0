"""What has one place: modules and functions of others by their full names, whatever they are called where they are taken."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires

import pytest
from architecture.planted import ROOT, is_part_of, names_used, nodes, trees

# What is named, and who may name it (a folder stands for all in it). The places only shrink.
PLACES: dict[str, tuple[set[str], set[str]]] = {
    "a terminal is written to, and a program ended, by commands": (
        {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "sys.exit", "os._exit", "SystemExit", "exit", "quit"},
        # the writer's `-`; processes of their own: a reader of workbooks, one that reads ahead, a worker of the server
        {
            *("__main__.py", "cli", "files/writing.py", "clicks/logs/ahead.py", "crm/xlsx_process.py"),
            *("server/granian_server.py", "server/wsgi.py"),
        },
    ),
    "sessions and engines are made by the store": (
        {"sqlmodel.Session", "sqlalchemy.orm", "sqlalchemy.create_engine", "sqlmodel.create_engine", "sqlalchemy.engine"},
        {"store/session.py"},
    ),
    "workbooks are made in one module, which has the writer's file": ({"xlsxwriter"}, {"reports/workbook.py"}),
    "near names are found in one module": ({"difflib"}, {"names.py"}),
    "zones are known to one module": ({"zoneinfo"}, {"moments.py"}),
    # settings that are compared with what was written; the demo's own file
    "TOML is read in one module": (
        {"tomllib", "tomli"},
        {"files/toml_files.py", "crm/settings_file.py", "upkeep/examples.py", "upkeep/restore.py"},
    ),
    # formats, and files of others (a workbook, a calendar), have moments of their own
    "ISO is read in one module": (
        {"datetime.datetime.fromisoformat", "datetime.date.fromisoformat", "datetime.datetime.strptime"},
        {
            "clicks/formats/notation/times.py",
            *("crm/typed_values.py", "crm/xlsx_formats.py", "links/action_values.py", "moments.py", "reports/workbook.py"),
            "settings",
        },
    ),
}  # fmt: skip
PLANTED = [
    *("import sys\nsys.stderr.write('x')", "from sys import stdout as out\nout.write('x')", "raise SystemExit(3)"),
    *("from sqlmodel import Session\nwith Session(database.engine()): ...", "import sqlalchemy as sql\nsql.create_engine(url)"),
    *("from sqlalchemy.orm import sessionmaker", "import xlsxwriter\nxlsxwriter.Workbook(path).close()"),
    *("from xlsxwriter import Workbook", "from difflib import get_close_matches", "import zoneinfo", "import tomllib as toml"),
    *("import datetime as d\nd.date.fromisoformat(x)", "from datetime import datetime as dt\ndt.fromisoformat(x)"),
]  # fmt: skip


def places_of(path: str, tree: ast.AST) -> list[str]:
    """Which rules a module at this path does not keep."""
    used = names_used(tree)
    return [
        rule
        for rule, (names, places) in PLACES.items()
        if not (path in places or path.partition("/")[0] in places or path.rpartition("/")[0] in places)
        and any(is_part_of(name, names) for name in used)
    ]


def test_each_has_its_place() -> None:
    assert [(path, rule) for path, tree in trees() for rule in places_of(path, tree)] == []


def test_no_place_is_idle() -> None:
    used = [(path, names_used(tree)) for path, tree in trees()]
    idle = [
        (rule, place)
        for rule, (names, places) in PLACES.items()
        for place in places
        if not any(
            f"{path}/".startswith(f"{place}/") and any(is_part_of(name, names) for name in those)
            for path, those in used
        )
    ]
    assert idle == []


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_one_is_found(code: str) -> None:
    assert len(places_of("links/planted.py", ast.parse(code))) == 1


# By these one goes round the transactions: a backup and checks of the whole file are SQLite's own.
_CONNECTIONS = {"connection", "engine", "executescript"}
USE_A_CONNECTION = {"upkeep/backup.py", "upkeep/deep.py", "upkeep/soundness.py"}


def uses_a_connection(tree: ast.AST) -> bool:
    """Whether a module takes the connection that the store has."""
    return any(isinstance(node, ast.Attribute) and node.attr in _CONNECTIONS for node in nodes(tree))


def test_connections_stay_in_the_store() -> None:
    found = {path for path, tree in trees() if uses_a_connection(tree) and not path.startswith("store/")}
    assert found == USE_A_CONNECTION


@pytest.mark.parametrize(
    "code", ["with database.connection: ...", "database.executescript('x')", "Session(world.database.engine())"]
)
def test_a_planted_connection_is_found(code: str) -> None:
    assert uses_a_connection(ast.parse(code))


# Parts that come with a declared one, which asks for them itself.
COME_WITH = {"markupsafe": "jinja2", "pydantic_core": "pydantic"}
_CALLED = {"bs4": "beautifulsoup4"}
_TYPES = {"_typeshed"}


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("-", "_")


def declared() -> set[str]:
    """The modules that an installed linktrack has: those of its dependencies and extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    every = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {_name(one) for one in every}
    return names | {module for module, name in _CALLED.items() if name in names} | set(COME_WITH)


def undeclared(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported and that a plain install need not have."""
    known = declared() | sys.stdlib_module_names | _TYPES
    for node in nodes(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        yield from (name for name in names if name.partition(".")[0] not in known)


def test_what_is_imported_is_installed() -> None:
    assert [(path, name) for path, tree in trees() for name in undeclared(tree)] == []
    for part, whole in COME_WITH.items():
        assert part in {_name(one) for one in requires(whole) or ()}


@pytest.mark.parametrize("code", ["import click", "def f():\n    from click import echo", "import yaml.nodes as y"])
def test_a_planted_import_of_what_is_not_installed_is_found(code: str) -> None:
    assert len([*undeclared(ast.parse(code))]) == 1
