"""What has one place: modules and functions of others by their full names, whatever they are called where they are taken."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import requires

import pytest
from architecture.planted import (
    ROOT,
    full_name,
    imported,
    is_part_of,
    methods,
    names_used,
    nodes,
    texts_in,
    trees,
)

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
    "what is said and asked goes through commands: no logs, warnings, questions or prints": (
        {
            *("logging", "warnings", "print", "input", "breakpoint", "getpass", "readline", "curses", "syslog", "termios"),
            *("sys.displayhook", "sys.excepthook", "faulthandler", "traceback.print_exc"),
            *("traceback.print_exception", "os.ttyname", "os.ctermid", "pty", "cmd", "pdb"),
        },
        # the notices of a driver, which are silenced; what a worker of the server says to whoever started it
        {"__main__.py", "cli", "server/wsgi.py", "store/dialects.py"},
    ),
    "bytes go straight to a handle where that is a file's or a pipe's of one's own": (
        {"os.write", "os.writev", "os.pwrite", "os.dup2", "os.sendfile"},
        {
            *("actions/scripts/calls.py", "cli", "files/terminals.py", "mailings/outputs/output_folder.py"),
            *("server/click_log.py", "upkeep/backup.py", "upkeep/own_log.py"),
        },
    ),
    "standard input is read where files are": (
        {"sys.stdin", "sys.__stdin__"},
        {"cli", "clicks/logs/content.py", "files/reading.py", "files/toml_files.py", "upkeep/restore.py"},
    ),
    "sessions and engines are made by the store": (
        {"sqlmodel.Session", "sqlalchemy.orm", "sqlalchemy.create_engine", "sqlmodel.create_engine", "sqlalchemy.engine"},
        {"store/session.py"},
    ),
    "workbooks are made in one module, which has the writer's file": ({"xlsxwriter"}, {"reports/workbook.py"}),
    "near names are found in one module": ({"difflib"}, {"names.py"}),
    "zones are known to one module": (
        {"zoneinfo", "datetime.timezone", "time.timezone", "time.altzone", "time.tzname", "time.tzset", "time.localtime", "time.mktime"},
        {"moments.py"},
    ),
    "moments are made of numbers in one module": (
        {
            *("datetime.datetime.fromtimestamp", "datetime.datetime.utcfromtimestamp", "datetime.date.fromtimestamp"),
            *("email.utils.parsedate_to_datetime", "email.utils.format_datetime", "email.utils.localtime"),
        },
        set(),
    ),
    # settings that are compared with what was written; the demo's own file
    "TOML is read in one module": (
        {"tomllib", "tomli", "tomlkit.parse", "tomlkit.load", "tomlkit.loads", "tomlkit.TOMLDocument", "tomlkit.api", "tomlkit.parser", "tomlkit.toml_file"},
        {"files/toml_files.py", "crm/settings_file.py", "upkeep/examples.py", "upkeep/restore.py"},
    ),
    # formats, and files of others (a workbook, a calendar), have moments of their own
    "ISO is read in one module": (
        {
            *("datetime.datetime.fromisoformat", "datetime.date.fromisoformat", "datetime.datetime.strptime"),
            "time.strptime",
        },
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
    *("import logging\nlogging.getLogger(__name__).warning('x')", "import warnings as w\nw.warn('x')", "input('Sure? ')"),
    *("import os\nos.write(2, b'x')", "from os import dup2 as to\nto(3, 2)", "import sys\nask = sys.stdin.readline"),
    *("say = print\nsay('x')", "import builtins\nbuiltins.print('x')", "getattr(__import__('logging'), 'info')('x')"),
    *("from datetime import timezone as tz\nCET = tz(timedelta(hours=1))", "import datetime\ndatetime.timezone.utc"),
    *("from datetime import datetime\ndatetime.fromtimestamp(x, UTC)", "import datetime as d\nof = d.datetime.fromtimestamp"),
    *("import tomlkit\ntomlkit.parse(text)", "from tomlkit import load as read", "import time\ntime.strptime(x, '%Y')"),
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


# What is made of a moment by its own method, whatever it goes by. Who writes ISO 8601: formats and files of others, a
# person's values, days; whole moments are written by `moments`. The tables only shrink.
WRITE_ISO = {
    *("actions/slots.py", "clicks/formats/notation/times.py", "crm/typed_values.py", "crm/xlsx_filling.py"),
    *("crm/xlsx_formats.py", "links/action_values.py", "moments.py", "reports/times.py", "values.py"),
}
# Stamps of files of others and names of files: of calendars, of the own log, of what was handed out; Apache's directives.
STAMPS = {"actions/calendar_file.py", "clicks/formats/notation/apache_string.py", "moments.py", "server/click_log.py"}
_STAMP = re.compile(r"%Y.?%m.?%d.{0,2}%(?:[HIT]|-H)|%F.{0,2}%[TR]|^%[cxX]$|%d.?%m.?%Y.{0,2}%H")
_A_DAY, _A_TIME = re.compile(r"%-?[dejDFxc]"), re.compile(r"%-?[HITRXc]")
_OF_MACHINE = {"fromtimestamp", "utcfromtimestamp", "timestamp", "utctimetuple", "timetuple", "ctime"}


def writes_iso(tree: ast.AST) -> bool:
    """Whether a module writes days or moments in ISO 8601."""
    return bool(methods(tree) & {"isoformat"}) or any(
        name.endswith(".isoformat") and name.startswith("datetime.") for name in names_used(tree)
    )


def writes_stamps(tree: ast.AST) -> bool:
    """Whether a module has a pattern by which days are written with their times."""
    return any(_STAMP.search(text) or (_A_DAY.search(text) and _A_TIME.search(text)) for text in texts_in(tree))


def shows_moments(tree: ast.AST) -> list[str]:
    """Where a moment becomes a text by itself (`str(at)`, `f"{at}"`): one that `datetime_of` gave, or one in a zone."""
    known = imported(tree)

    def is_moment(node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id in kept
        if isinstance(node, ast.BinOp):
            return is_moment(node.left) or is_moment(node.right)
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("replace", "date", "time"):
            return is_moment(node.func.value)
        zoned = isinstance(node.func, ast.Attribute) and node.func.attr == "astimezone"
        return zoned or full_name(node.func, known).endswith("moments.datetime_of")

    kept: set[str] = set()
    for node in nodes(tree):
        if (
            isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign)
            and node.value is not None
            and is_moment(node.value)
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            kept.update(one.id for one in targets if isinstance(one, ast.Name))
    shown = [node.value for node in nodes(tree) if isinstance(node, ast.FormattedValue) and node.format_spec is None]
    shown += [
        node.args[0]
        for node in nodes(tree)
        if isinstance(node, ast.Call)
        and full_name(node.func, known) in ("str", "format", "repr")
        and len(node.args) == 1
    ]
    return [ast.unparse(node) for node in shown if is_moment(node)]


def knows_epoch(tree: ast.AST) -> bool:
    """Whether a module counts moments from their beginning itself, which it writes down or takes from `moments`."""
    known = imported(tree)
    return "linktrack.moments.EPOCH" in names_used(tree) or any(
        isinstance(node, ast.Call)
        and full_name(node.func, known).rpartition(".")[2] in ("datetime", "date")
        and any(isinstance(one, ast.Constant) and one.value == 1970 for one in node.args)
        for node in nodes(tree)
    )


def knows_machine_zone(tree: ast.AST) -> list[str]:
    """Where a moment is taken for one of the machine's zone, or put into it: numbers from and to moments, `astimezone`
    without a zone, kinds of zones."""
    calls = {id(node.func): node for node in nodes(tree) if isinstance(node, ast.Call)}
    found = sorted(methods(tree) & _OF_MACHINE) + [
        text for text in texts_in(tree) if text == "%s" and "strftime" in methods(tree)
    ]
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr == "astimezone":
            call = calls.get(id(node))
            zone = [*call.args, *(word.value for word in call.keywords)] if call else []
            if not zone or isinstance(zone[0], ast.Constant):
                found.append(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            bases = {full_name(base, imported(tree)) for base in node.bases}
            found += [node.name] if bases & {"datetime.tzinfo", "datetime.datetime"} else []
    return found + (["astimezone"] if "astimezone" in methods(tree) - _attributes(tree) else [])


def _attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)}


def test_moments_are_written_where_they_may_be() -> None:
    assert {path for path, tree in trees() if writes_iso(tree)} == WRITE_ISO
    assert {path for path, tree in trees() if writes_stamps(tree)} == STAMPS


def test_moments_are_counted_from_their_beginning_by_two_modules_and_shown_by_none() -> None:
    assert {path for path, tree in trees() if knows_epoch(tree)} == {"clicks/formats/notation/times.py", "moments.py"}
    assert {path: found for path, tree in trees() if (found := shows_moments(tree))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "x = str(datetime_of(m))", "x = str(datetime_of(m, z).date())", "x = f'{datetime_of(m).replace(second=0) + day}'", "at = datetime_of(m)\nx = f'since {at}'", "x = f'{datetime_of(m).astimezone(zone)}'",
        "at: datetime = moment.astimezone(zone)\nx = str(at)", "print(f'{(at := datetime_of(m))!s}', f'{at}')",
    ],
)  # fmt: skip
def test_a_planted_moment_that_shows_itself_is_found(code: str) -> None:
    assert shows_moments(ast.parse(f"from linktrack.moments import datetime_of\n{code}"))
    assert not shows_moments(ast.parse("from linktrack.moments import iso\nx = f'{iso(m, zone)} {str(m)}'"))
    assert knows_epoch(ast.parse("from datetime import datetime as dt\nx = dt(1970, 1, 1) + dt(2, 1, 1)"))
    assert knows_epoch(ast.parse("from linktrack.moments import EPOCH as start\nx = clock - start"))


def test_the_machines_zone_is_known_to_one_module() -> None:
    assert {path: found for path, tree in trees() if (found := knows_machine_zone(tree))} == {}


@pytest.mark.parametrize(
    "code",
    [
        *(
            "at = moment.astimezone()",
            "at = datetime.fromtimestamp(x / 1000).astimezone(None)",
            "x = moment.timestamp()",
        ),
        *(
            "local = moment.astimezone\nat = local()",
            "getattr(moment, 'astimezone')()",
            "at = type(moment).fromtimestamp(x)",
        ),
        *(
            "from datetime import tzinfo\nclass CET(tzinfo): ...",
            "from datetime import datetime as dt\nclass Local(dt): ...",
        ),
        "import operator\noperator.methodcaller('astimezone')(moment)",
    ],
)
def test_a_planted_look_at_the_machines_zone_is_found(code: str) -> None:
    assert knows_machine_zone(ast.parse(code)) and not knows_machine_zone(ast.parse("moment.astimezone(zone)"))


@pytest.mark.parametrize(
    "code",
    [
        *(
            "x = datetime_of(m).isoformat()",
            "x = datetime_of(m).strftime('%Y-%m-%dT%H:%M:%SZ')",
            "x = f'{when:%Y-%m-%d %H:%M}'",
        ),
        *(
            "PATTERN = '%Y-%m-%d' + 'T%H:%M'",
            "x = format(when, '%FT%TZ')",
            "x = f'{when:%-d %b %y, %H:%M}'",
            "x = when.strftime('%H:%M on %d.%m.')",
            "x = '{:%Y%m%dT%H%M}'.format(when)",
        ),
        *(
            "write = moment.isoformat\nx = write()",
            "x = getattr(moment, 'isoformat')()",
            "from datetime import date\nmap(date.isoformat, days)",
        ),
    ],
)
def test_a_planted_stamp_is_found(code: str) -> None:
    assert writes_iso(ast.parse(code)) or writes_stamps(ast.parse(code))


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
_OURS = {"linktrack", "_typeshed"}


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("-", "_")


@cache
def declared(*, extras: bool) -> frozenset[str]:
    """The modules that a plain install has, or one with all extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    every = [*project["dependencies"]]
    every += [one for extra in project["optional-dependencies"].values() for one in extra] if extras else []
    names = {_name(one) for one in every}
    return frozenset(names | {module for module, name in _CALLED.items() if name in names} | set(COME_WITH))


# Whoever imports these has asked for the extra: nothing else imports them but inside a function.
NEED_EXTRAS = {"server/granian_server.py": "granian"}


def undeclared(tree: ast.AST, needs: str = "") -> Iterator[str]:
    """Modules that are imported and that a plain install need not have: those of extras too, but inside a function, for
    types alone, and where it is seen to that they may be missing."""
    plain, known = declared(extras=False), declared(extras=True)
    later = _later(tree)
    for node in nodes(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names or top in plain or top in _OURS or top == needs:
                continue
            if top not in known or id(node) not in later:
                yield name


_MISSING = re.compile(r"\Aexcept \(?(?:\w+, )*(?:ImportError|ModuleNotFoundError)\b")


def _later(tree: ast.AST) -> set[int]:
    """What runs only when something is called, or never, or may fail for want of a module."""
    found = set[int]()
    for node in nodes(tree):
        if (
            isinstance(node, ast.FunctionDef)
            or (
                isinstance(node, ast.If) and getattr(node.test, "attr", getattr(node.test, "id", "")) == "TYPE_CHECKING"
            )
            or (isinstance(node, ast.Try) and any(_MISSING.search(ast.unparse(one)) for one in node.handlers))
        ):
            found |= {id(one) for part in node.body for one in nodes(part)}
    return found


def test_what_is_imported_is_installed() -> None:
    assert [(path, name) for path, tree in trees() for name in undeclared(tree, NEED_EXTRAS.get(path, ""))] == []
    for part, whole in COME_WITH.items():
        assert part in {_name(one) for one in requires(whole) or ()}


def test_modules_that_need_an_extra_are_imported_later() -> None:
    """At the top of a module they would be missed where somebody only wants something else."""
    needing = {f"linktrack.{path.removesuffix('.py').replace('/', '.')}" for path in NEED_EXTRAS}
    found = []
    for path, tree in trees():
        later = _later(tree)
        for node in nodes(tree):
            if isinstance(node, ast.ImportFrom) and id(node) not in later:
                found += [path for one in node.names if {node.module, f"{node.module}.{one.name}"} & needing]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        *("import click", "def f():\n    from click import echo", "import yaml.nodes as y"),
        *(
            "import zstandard",
            "from psycopg import Error as E",
            "if x:\n    import xlsxwriter",
            "class A:\n    import granian",
        ),
        "try:\n    import psycopg\nexcept ValueError: ...",
    ],
)
def test_a_planted_import_of_what_is_not_installed_is_found(code: str) -> None:
    assert len([*undeclared(ast.parse(code))]) == 1


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    import zstandard",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import psycopg",
        "try:\n    import zstandard\nexcept ImportError: ...",
    ],
)
def test_an_extra_that_is_imported_later_is_not_missed(code: str) -> None:
    assert not [*undeclared(ast.parse(code))]
