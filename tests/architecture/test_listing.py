"""The listing of the package can be believed: modules are short, and a command's file says by its name whose it is."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from architecture.planted import PACKAGE, nodes, trees

from linktrack.cli.app import COMMANDS

MOST_LINES = 300
# Tables and their first revision are lists.
LISTS = {"store/tables.py", "store/migrations/versions/0001_first_tables.py"}


def lengths() -> dict[str, int]:
    """How many lines each module has, but those that are lists."""
    found = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    return {name: len(path.read_text("utf-8").splitlines()) for name, path in found.items() if name not in LISTS}


def too_long(lines: Mapping[str, int]) -> list[str]:
    """Modules that are longer than they may be."""
    return [name for name, count in lines.items() if count > MOST_LINES]


def test_modules_are_short() -> None:
    assert too_long(lengths()) == []


def test_a_planted_long_module_is_found() -> None:
    assert too_long({"links/utm.py": 301, "links/tokens.py": 300}) == ["links/utm.py"]


# What every command goes through.
FRAME = {"app", "first_words", "option_groups", "output", "row_formats", "streams", "table", "usage"}


def noun_of(module: str) -> str:
    """The noun that a module of the command line belongs to: `report` of `report_page`; empty for what none owns."""
    first = module.partition("_")[0]
    return first if first in COMMANDS else ""


def users(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """By module of the command line, who imports it there."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, tree in modules:
        here = Path(path)
        if here.parent.name != "cli":
            continue
        for node in nodes(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "linktrack.cli":
                for one in node.names:
                    found[one.name].add(here.stem)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("linktrack.cli."):
                found[str(node.module).rpartition(".")[2]].add(here.stem)
    return found


def misnamed(imported: Mapping[str, set[str]]) -> list[str]:
    """Modules whose names say another thing than who uses them: what one noun owns is its own, what is shared is used
    by several."""
    found = []
    for module, by in imported.items():
        nouns = {noun_of(one) or one for one in by}
        if not noun_of(module) and not module.startswith("shared_") and module not in FRAME:
            found.append(module)
        if noun_of(module) and nouns - {noun_of(module)}:
            found.append(module)
        if module.startswith("shared_") and len(nouns) < 2:
            found.append(module)
    return sorted(found)


def test_a_file_of_the_command_line_is_named_after_whoever_uses_it() -> None:
    """Also one that nobody uses."""
    there = {Path(path).stem: set[str]() for path, _ in trees() if path.startswith("cli/")}
    assert misnamed(there | users(trees())) == ["__init__"]
    assert misnamed({"tidy": set(), "shared_words": set()}) == ["shared_words", "tidy"]


@pytest.mark.parametrize(
    ("module", "code", "by"),
    [
        ("report_page", "from linktrack.cli.report_page import page", "mailing"),
        ("report_page", "def f():\n    from linktrack.cli import report_page", "mailing"),
        ("shared_links", "from linktrack.cli.shared_links import found", "link"),
        ("tidying", "from linktrack.cli.tidying import tidied", "link"),
    ],
)
def test_a_planted_misnomer_is_found(module: str, code: str, by: str) -> None:
    assert misnamed(users([(f"cli/{by}.py", ast.parse(code))])) == [module]
