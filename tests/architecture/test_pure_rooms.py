"""What no import tells: the pure rooms open no file, look at no clock and ask nobody."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Set
from pathlib import Path

import pytest
from architecture.planted import (
    ROOT,
    contracts,
    full_name,
    imported,
    is_part_of,
    knowledge,
    modules_of,
    names_used,
    nodes,
    trees,
)

# crm is pure but for opening files: these modules do it.
OPENERS = {
    "csv_dialect.py", "json_spans.py", "export.py", "encoding.py", "writing.py",
    "xlsx_cells.py", "xlsx_formats.py", "xlsx_package.py", "xlsx_process.py", "xlsx_reading.py", "xlsx_writing.py",
}  # fmt: skip

FUNCTIONS = {"open", "input", "print", "exec", "eval", "__import__"}
CLOCKS = {"now", "utcnow", "today", "machine_zone"}
FILES = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file", "is_dir", "stat", "iterdir",
    "glob", "rglob", "mkdir", "unlink", "rename", "touch", "rmdir", "resolve", "cwd", "home",
    "lstat", "is_symlink", "samefile", "owner", "readlink", "expanduser", "absolute", "chmod", "walk", "is_mount",
    "hardlink_to", "symlink_to",
}  # fmt: skip


# What the pure rooms may import, beside each other: parts of the library without files, clock, processes and network,
# and those of our modules (or names in them) that only calculate.
MAY_IMPORT = {
    *(
        "__future__",
        "abc",
        "array",
        "base64",
        "bisect",
        "bs4",
        "calendar",
        "codecs",
        "collections",
        "csv",
        "dataclasses",
    ),
    *(
        "datetime",
        "enum",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
    ),
    *("typing", "unicodedata", "urllib.parse"),
    *("linktrack.errors", "linktrack.moments", "linktrack.names", "linktrack.hosts", "linktrack.visible"),
    "linktrack.email_addresses",
    *("linktrack.click_marks", "linktrack.click_names", "linktrack.clicks.click", "linktrack.clicks.event"),
    *("linktrack.clicks.logs.fields", "linktrack.contacts.pressed", "linktrack.contacts.types"),
    *("linktrack.links.actions", "linktrack.links.action_values", "linktrack.links.special_links"),
    *("linktrack.mailings.addresses", "linktrack.actions.click_values", "linktrack.actions.crm_state"),
    *(
        "linktrack.actions.done",
        "linktrack.actions.ledger.rows",
        "linktrack.actions.occasions",
        "linktrack.actions.planned",
        "linktrack.actions.scripts.in_time",
        "linktrack.crm.guard",
    ),
    *("linktrack.settings.crm", "linktrack.settings.tables", "linktrack.server.request", "linktrack.server.snapshot"),
    "linktrack.server.site",
    "linktrack.files.toml_files.parse_toml",  # of a text
}
MAY_BESIDES = {"linktrack/links/tokens.py": {"secrets"}}  # a new key

# What those of crm may besides: none but these names a path to open, knows a workspace, or starts a process.
CRM_MAY_IMPORT = {
    *(
        "contextlib",
        "decimal",
        "pathlib",
        "pydantic",
        "linktrack.contact_ids",
        "linktrack.sentences",
        "linktrack.values",
    ),
    *("linktrack.crm", "linktrack.settings.crm"),
}
CRM_MAY_BESIDES = {
    "csv_dialect.py": {"io"},
    "export.py": {"linktrack.files.reading.explained", "linktrack.files.reading.open_input", "linktrack.workspace.Workspace"},
    "file_kinds.py": {"zipfile"},
    "settings_file.py": {"tomllib", "tomlkit"},
    "writing.py": {"shutil"},
    "xlsx_cells.py": {"shutil", "weakref", "zipfile"},
    "xlsx_package.py": {"posixpath", "zipfile", "zlib", "xml.parsers", "linktrack.files.reading.sentence_of"},
    "xlsx_process.py": {"marshal", "os", "sys", "zipfile", "resource"},
    "xlsx_reading.py": {"marshal", "os", "subprocess", "sys", "tempfile"},
    "xlsx_writing.py": {"copy", "zipfile", "xml.parsers", "xml.sax.saxutils"},
}  # fmt: skip

# Modules by which the rooms that open files reach the world, and that import-linter cannot forbid: it knows no parts
# of the library.
WORLD = {"urllib.request", "logging", "email", "email.utils", "importlib", "pkgutil", "ctypes", "runpy", "webbrowser"}
FILES_TOO = {"io", "shutil", "tempfile"}


def impure_imports(path: str, tree: ast.Module) -> list[str]:
    """What a module of a pure room imports that it may not, by its full name."""
    taken = [f"{n.module}.{one.name}" for n in nodes(tree) if isinstance(n, ast.ImportFrom) for one in n.names]
    taken += [one.name for node in nodes(tree) if isinstance(node, ast.Import) for one in node.names]
    room, _, name = path.removeprefix("linktrack/").rpartition("/")
    of_crm = CRM_MAY_IMPORT | CRM_MAY_BESIDES.get(name, set()) if room == "crm" else set()
    allowed = {*MAY_IMPORT, *MAY_BESIDES.get(path, ()), *PURE, *of_crm}
    return [name for name in taken if not is_part_of(name, allowed)]


def impure_calls(tree: ast.Module, *, files: bool = False) -> list[str]:
    """The calls and imports of a module that reach for the world, with their lines; `files` may be reached for."""
    found = []
    known = imported(tree)
    dates = {
        one.asname or one.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if node.module == "datetime" or (node.module == "linktrack" and one.name == "moments")
    } | {"datetime", "date", "moments"}
    for node in nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [f"{node.lineno}: {name}" for name in _imported(node) if _is_world(name, files)]
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS and _last_name(node.value) in dates:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "linktrack.moments":
            found += [f"{node.lineno}: {one.name}" for one in node.names if one.name in CLOCKS]
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = full_name(called, known)
        by_text = isinstance(called, ast.Call) and name.rpartition(".")[2] in FILES | CLOCKS
        if not files and (name in FUNCTIONS or by_text):
            found.append(f"{node.lineno}: {name}()")
        elif (
            isinstance(called, ast.Attribute)
            and (called.attr in CLOCKS or (called.attr in FILES and not files))
            and _last_name(called.value) not in dates
        ):
            found.append(f"{node.lineno}: .{called.attr}()")
    return found


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [f"{node.module}.{one.name}" for one in node.names] + [str(node.module)]


def _is_world(name: str, files: bool) -> bool:
    return name in WORLD or (name in FILES_TOO and not files)


def _last_name(node: ast.expr) -> str:
    """`datetime` of `datetime.datetime`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def pure_modules() -> list[Path]:
    """The modules of the pure rooms, with those of crm, which open files and are pure otherwise."""
    (rooms,) = (contract["source_modules"] for contract in contracts() if contract["id"] == "pure-store")
    return modules_of(*rooms)


PURE = {
    room
    for contract in contracts()
    if contract["id"] == "pure-store"
    for room in contract["source_modules"]
    if room != "linktrack.crm"
}


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pure_module_asks_nobody(path: Path) -> None:
    opens = path.parent.name == "crm" and path.name in OPENERS
    here = path.relative_to(ROOT / "linktrack").as_posix()
    tree = dict(trees())[here]
    assert impure_calls(tree, files=opens) == []
    assert impure_imports(f"linktrack/{here}", tree) == []


def test_no_module_of_crm_may_more_than_it_needs() -> None:
    modules = dict(trees())
    idle = [
        (path, name)
        for path, names in CRM_MAY_BESIDES.items()
        for name in names
        if not any(is_part_of(one, {name}) for one in names_used(modules[f"crm/{path}"]))
    ]
    assert idle == []


BREACHES = {
    "a file is opened": "def f(path: str) -> str:\n    with open(path) as file:\n        return file.read()",
    "a path is opened": "def f(path) -> bytes:\n    return path.open('rb').read()",
    "a path is read": "TEXT = HERE.read_text('utf-8')",
    "a path is looked at": "def f(path) -> bool:\n    return path.exists()",
    "the time is asked for": "from datetime import datetime\nNOW = datetime.now()",
    "the day is asked for": "from datetime import date as day\ndef f():\n    return day.today()",
    "the time is asked for in a default": "import datetime\ndef f(at=datetime.datetime.utcnow()): ...",
    "the time is handed on uncalled": "from datetime import datetime as moment\nCLOCK = moment.now",
    "the network is asked": "import urllib.request",
    "the network is asked, by its part": "from urllib import request",
    "a file by another name": "from io import FileIO",
    "a log": "import logging",
    "a mail's own clock": "from email.utils import localtime",
    "a module by its name": "import pkgutil",
    "our own clock is handed on by its module": "from linktrack import moments as times\nCLOCK = times.now",
    "our own clock is taken": "from linktrack.moments import now as clock\nNOW = clock()",
    "a file by another name of open": "opened = open\ndef f(path):\n    return opened(path)",
    "a path by a text": "def f(path):\n    return getattr(path, 'read_' + 'text')()",
    "a path that is looked at closely": "def f(path):\n    return path.lstat()",
    "our own zone": "from linktrack.moments import machine_zone",
    "something is printed": "def f(x):\n    print(x)",
}


@pytest.mark.parametrize("case", BREACHES)
def test_a_planted_breach_is_found(case: str) -> None:
    for path in pure_modules()[:1]:
        assert len(impure_calls(ast.parse(f"{path.read_text('utf-8')}\n{BREACHES[case]}\n"))) == 1


IMPORTS = {
    "a token with a clock": ("links/tokens.py", "import time"),
    "tagging with a file": ("links/utm.py", "from pathlib import Path"),
    "a location with the network": ("links/location.py", "import socket"),
    "merge tags with a process": ("links/merge_tags.py", "import subprocess"),
    "a reader of mails on the network": ("mailings/reading/document.py", "import http.client"),
    "a compiler with files": ("mailings/compile.py", "import os"),
    "a format with a thread": ("clicks/formats/w3c.py", "import threading"),
    "verdicts with a clock": ("clicks/judging/verdicts.py", "from time import time"),
    "a rule with a clock": ("clicks/judging/rules/judged.py", "from time import time"),
    "an action kind with chance": ("actions/kinds/script.py", "import random"),
    "slots with a clock": ("actions/slots.py", "import time as clock"),
    "statistics with chance": ("reports/statistics.py", "import random"),
    "a chart with a clock": ("reports/charts.py", "import time"),
    "a click map with a file": ("reports/click_map.py", "from pathlib import Path"),
    "a drawing on the network": ("reports/drawing/mail.py", "import http.client"),
    "a planner with files": ("actions/planning.py", "import tempfile"),
    "notes with a clock": ("actions/walk_notes.py", "import time"),
    "an answer with a clock": ("server/answer.py", "import time"),
    "an answer that writes the log": ("server/answer.py", "import linktrack.server.click_log"),
    "tagging that reads settings": ("links/utm.py", "import linktrack.settings.sources"),
    "a chart that knows the workspace": ("reports/charts.py", "import linktrack.workspace"),
    "tagging that reads a file by way of another": ("links/utm.py", "from linktrack.files.toml_files import read_toml"),
    "slots that know whose a workspace is": ("actions/slots.py", "import linktrack.ownership"),
    "a kind that writes what others make": ("actions/kinds/request.py", "from linktrack.actions.output import Output"),
    "a reader of mails that opens exports": ("mailings/reading/scan.py", "from linktrack.crm import encoding as texts"),
    "a format that unpacks logs": ("clicks/formats/w3c.py", "from linktrack.clicks.logs import content"),
    "a token that is in the workspace": ("links/tokens.py", "def f():\n    from linktrack import workspace"),
    "an answer that makes a logo": ("server/answer.py", "from linktrack.server.pages import logo_address"),
    "an export that reads by files": ("crm/headers.py", "from linktrack.files.reading import read_bytes"),
    "an export that knows the workspace": ("crm/guess.py", "from linktrack.workspace import Workspace"),
    "an export that knows whose a workspace is": ("crm/guess.py", "from linktrack.ownership import find_workspace"),
    "an export that warns": ("crm/guess.py", "import warnings"),
    "an export that logs": ("crm/export.py", "import logging"),
    "an export that unpacks": ("crm/csv_table.py", "import zipfile as z"),
    "an export that looks around": ("crm/mapping.py", "def f():\n    import os"),
    "an export that starts a process": ("crm/writing.py", "import subprocess"),
    "a chart that writes a workbook": ("reports/charts.py", "import xlsxwriter"),
}  # fmt: skip


@pytest.mark.parametrize("case", IMPORTS)
def test_a_planted_import_is_found(case: str) -> None:
    module, line = IMPORTS[case]
    source = (ROOT / "linktrack" / module).read_text("utf-8")
    assert len(impure_imports(f"linktrack/{module}", ast.parse(f"{source}\n{line}\n"))) == 1


def test_who_may_open_files_may_not_ask_for_the_time() -> None:
    assert impure_calls(ast.parse(f"path.open()\n{BREACHES['the time is asked for']}"), files=True) == [
        "3: datetime.now"
    ]


# What the pure rooms reach by way of the modules that they import: these only calculate too. They may check what a
# person wrote, and name paths.
MAY_IMPORT_BEYOND = {
    *("contextlib", "decimal", "difflib", "ipaddress", "pathlib", "pydantic", "pydantic_core", "linktrack"),
}
# What these do beyond, each by functions that a pure room may not take by name. The table only shrinks.
BEYOND = {
    "moments.py": "asks for the machine's zone, and for the time, which the pure rooms are refused by name",
    "files/toml_files.py": "reads files; a pure room may take `parse_toml`, of a text",
    "files/reading.py": "reads files, for those who open exports and TOML",
    "mail_senders.py": "the library's reader of addresses, which looks at no clock",
}


def reached(knows: Mapping[str, Set[str]], pure: Collection[str]) -> set[str]:
    """The paths of all modules that are imported by some, or by what those import, from one to the next; nothing
    beyond the modules of `BEYOND` and beyond what opens exports."""
    found, left = set(pure), [*pure]
    while left:
        path = left.pop()
        if path not in BEYOND and not opens_exports(path):
            left += knows[path] - found
            found |= knows[path]
    return found - set(pure)


def opens_exports(path: str) -> bool:
    """Whether a module is one of those that open the files of exports."""
    room, _, name = path.rpartition("/")
    return room == "crm" and name in OPENERS


def impure_beyond(path: str, tree: ast.Module) -> list[str]:
    """What a module does that the pure rooms reach, and that they may not do themselves."""
    if path in BEYOND or opens_exports(path):
        return []
    taken = [f"{n.module}.{one.name}" for n in nodes(tree) if isinstance(n, ast.ImportFrom) for one in n.names]
    taken += [one.name for node in nodes(tree) if isinstance(node, ast.Import) for one in node.names]
    allowed = {*MAY_IMPORT, *MAY_IMPORT_BEYOND, *MAY_BESIDES.get(f"linktrack/{path}", ())}
    return impure_calls(tree) + [name for name in taken if not is_part_of(name, allowed)]


def _pure_paths() -> set[str]:
    paths = {path.relative_to(ROOT / "linktrack").as_posix() for path in pure_modules()}
    return {path for path in paths if not path.startswith("crm/")}


def test_what_the_pure_rooms_reach_asks_nobody() -> None:
    modules = dict(trees())
    found = reached(knowledge(modules), _pure_paths())
    assert {path: said for path in sorted(found) if (said := impure_beyond(path, modules[path]))} == {}
    assert sorted(set(BEYOND) - found - {"files/reading.py"}) == [], "the table only shrinks"


FAR = {
    "by way of another": {"names.py": "import linktrack.far", "far.py": "TEXT = open('x').read()"},
    "two steps away": {
        "names.py": "from linktrack import near",
        "near.py": "def f():\n    from linktrack.far import g",
        "far.py": "import os",
    },
    "for types alone": {
        "errors.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from linktrack.far import Thing",
        "far.py": "from socket import socket as Thing",
    },
    "a clock": {"click_marks.py": "from linktrack import far as marks", "far.py": "from linktrack.moments import now\nAT = now()"},
    "a part of a room": {"links/actions.py": "from linktrack.far.notes import N", "far/notes.py": "import subprocess as s"},
    "what another room needs": {"server/site.py": "from linktrack.server.pages import Pages"},
}  # fmt: skip


@pytest.mark.parametrize("case", FAR)
def test_what_is_planted_far_from_a_pure_room_is_found(case: str) -> None:
    modules = dict(trees())
    for path, code in FAR[case].items():
        modules[path] = ast.Module([*getattr(modules.get(path), "body", []), *ast.parse(code).body], [])
    found = reached(knowledge(modules), _pure_paths())
    assert [path for path in sorted(found) if impure_beyond(path, modules[path])]
