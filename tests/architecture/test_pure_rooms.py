"""What no import tells: the pure rooms open no file, look at no clock and ask nobody."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from architecture.planted import ROOT, contracts, modules_of

# crm is pure but for opening files: these modules do it.
OPENERS = {
    "csv_dialect.py", "json_spans.py", "export.py", "encoding.py", "writing.py",
    "xlsx_cells.py", "xlsx_formats.py", "xlsx_package.py", "xlsx_process.py", "xlsx_reading.py", "xlsx_writing.py",
}  # fmt: skip

FUNCTIONS = {"open", "input", "print", "exec", "eval", "__import__"}
CLOCKS = {"now", "utcnow", "today"}
FILES = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "exists", "is_file", "is_dir", "stat", "iterdir",
    "glob", "rglob", "mkdir", "unlink", "rename", "touch", "rmdir", "resolve", "cwd", "home",
}  # fmt: skip


# Modules by which one reaches the world and that import-linter cannot forbid: it knows no parts of the library, and
# who opens files may have some of them.
WORLD = {"urllib.request", "logging", "email", "email.utils", "importlib", "pkgutil", "ctypes", "runpy", "webbrowser"}
FILES_TOO = {"io", "shutil", "tempfile"}


def impure_calls(source: str, *, files: bool = False) -> list[str]:
    """The calls and imports of a module that reach for the world, with their lines; `files` may be reached for."""
    found = []
    tree = ast.parse(source)
    dates = {
        one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
        if node.module == "datetime" or (node.module == "linktrack" and one.name == "moments")
    } | {"datetime", "date", "moments"}
    for node in ast.walk(tree):
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
        if isinstance(called, ast.Name) and called.id in FUNCTIONS and not files:
            found.append(f"{node.lineno}: {called.id}()")
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
    (rooms,) = (contract["source_modules"] for contract in contracts() if contract["id"] == "pure-store")
    return modules_of(*rooms)


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_pure_module_asks_nobody(path: Path) -> None:
    opens = path.parent.name == "crm" and path.name in OPENERS
    assert impure_calls(path.read_text("utf-8"), files=opens) == []


def test_both_contracts_have_the_same_rooms_but_for_crm() -> None:
    rooms = {contract["id"]: contract["source_modules"] for contract in contracts() if "source_modules" in contract}
    assert [*rooms["pure-world"], *rooms["crm-world"]] == rooms["pure-store"]


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
    "something is printed": "def f(x):\n    print(x)",
}


@pytest.mark.parametrize("case", BREACHES)
def test_a_planted_breach_is_found(case: str) -> None:
    for path in pure_modules()[:1]:
        assert len(impure_calls(f"{path.read_text('utf-8')}\n{BREACHES[case]}\n")) == 1


def test_who_may_open_files_may_not_ask_for_the_time() -> None:
    assert impure_calls(f"path.open()\n{BREACHES['the time is asked for']}", files=True) == ["3: datetime.now"]
