"""A copy of the package with a breach in it, for the tests that see whether a wall holds."""

from __future__ import annotations

import ast
import shutil
import tomllib
from collections.abc import Collection, Container, Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "linktrack"


def contracts() -> list[dict[str, Any]]:
    """The contracts of import-linter, as pyproject.toml has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    every: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return every


def copy_with(target: Path, module: str, line: str) -> Path:
    """A copy of the package in `target`, with `line` at the end of `module` (a path in the package, made if new)."""
    shutil.copytree(PACKAGE, target / "linktrack", ignore=shutil.ignore_patterns("__pycache__", "*.tsv"))
    shutil.copy(ROOT / "pyproject.toml", target)
    path = target / "linktrack" / module
    path.parent.mkdir(exist_ok=True)
    if path.name != "__init__.py" and not (path.parent / "__init__.py").exists():
        (path.parent / "__init__.py").write_text('"""A new room."""\n', "utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    return target


def modules_of(*names: str) -> list[Path]:
    """The files of modules (`linktrack.links.utm`) and of whole rooms (`linktrack.crm`)."""
    found = []
    for name in names:
        path = ROOT / Path(*name.split("."))
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return found


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every file of the package by its path in it, read as Python: once, and nobody changes anything in it."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return tuple((path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))) for path in paths)


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All that a tree, or a part of one, is made of: `ast.walk`, gone once for every wall."""
    return tuple(ast.walk(tree))


def texts_in(tree: ast.AST) -> Iterator[str]:
    """The texts that stand in a module: of a formatted one its fixed parts joined, with `?` for each value."""
    inside: set[int] = set()
    for node in nodes(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


@cache
def imported(tree: ast.AST) -> Mapping[str, str]:
    """What each name stands for that a module imports, anywhere in it: `dt` → `datetime.datetime`."""
    found = {}
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                name = one.name if one.asname else one.name.partition(".")[0]
                found[one.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            found.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
    return found


def full_name(node: ast.AST, known: Mapping[str, str]) -> str:
    """`datetime.datetime.now` of `dt.now`, by what is imported; a name that is not imported stands for itself; "" for
    what is no name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (of := full_name(node.value, known)):
        return f"{of}.{node.attr}"
    return ""


@cache
def names_used(tree: ast.AST) -> Set[str]:
    """The full names of all that a module imports or names, each with what it is a part of."""
    known = imported(tree)
    modules = {one.name for node in nodes(tree) if isinstance(node, ast.Import) for one in node.names}
    used = {full_name(node, known) for node in nodes(tree) if isinstance(node, ast.Name | ast.Attribute)}
    return modules | set(known.values()) | used


def is_part_of(name: str, wholes: Collection[str]) -> bool:
    """Whether a full name is one of `wholes`, or stands in one of them."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in wholes for end in range(1, len(parts) + 1))


def knowledge(modules: Mapping[str, ast.Module]) -> Mapping[str, Set[str]]:
    """By the path of a module the paths of those that it imports, anywhere in it."""
    named = {
        f"linktrack.{path.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__"): path for path in modules
    }
    return {path: {named[name] for name in _modules_in(tree, named)} for path, tree in modules.items()}


def _modules_in(tree: ast.Module, named: Container[str]) -> Iterator[str]:
    """Those of the `named` modules that one imports: from a room a module of it, or what stands in the room's own."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in named)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{one.name}" for one in node.names}
            yield from (name for name in inside if name in named)
            if node.module in named and not all(name in named for name in inside):
                yield node.module
