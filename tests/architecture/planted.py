"""A copy of the package with a breach in it, for the tests that see whether a wall holds."""

from __future__ import annotations

import ast
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping, Set
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "linktrack"


def contracts() -> list[dict[str, Any]]:
    """The contracts of import-linter, as pyproject.toml has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    every: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return every


def package_in(target: Path) -> Path:
    """A copy of the package in `target`, with its contracts."""
    shutil.copytree(PACKAGE, target / "linktrack", ignore=shutil.ignore_patterns("__pycache__", "*.tsv"))
    shutil.copy(ROOT / "pyproject.toml", target)
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


@cache
def texts_in(tree: ast.AST) -> tuple[str, ...]:
    """The texts that a module works with, each whole: what is put together of constants (`"a" + B`, `f"{B}"`, `" ".join`)
    is joined, with `?` for each value that is none. What a docstring says is no text of the program."""
    known, inside, found = constants(tree), set[int](), []
    for node in nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        elif (
            isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Call)
            and id(node) not in inside
            and (text := text_of(node, known)) is not None
        ):
            if not isinstance(node, ast.Constant):
                inside.update(id(part) for part in nodes(node) if not _is_apart(part))
            found.append(text)
    return tuple(found)


def _is_apart(part: ast.AST) -> bool:
    """Whether a part of a text is one of its own: how a value in it is written (`{when:%Y}`)."""
    return isinstance(part, ast.JoinedStr) and all(
        isinstance(one, ast.Constant) and "%" in str(one.value) for one in part.values
    )


def text_of(node: ast.AST, known: Mapping[str, str]) -> str | None:
    """The text that an expression surely is, with `?` for each part of it that only a run tells; None for none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(one.value if isinstance(one, ast.FormattedValue) else one, known) for one in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = text_of(node.left, known), text_of(node.right, known)
        return None if sides == (None, None) else "".join("?" if one is None else one for one in sides)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = text_of(node.left, known)
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return None if text is None else _filled(re.split(r"%[sdr]", text), [_part(one, known) for one in values])
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    text, of = text_of(node.func.value, known), node.func.attr
    if text is None:
        return None
    if of == "format":
        return _filled(re.split(r"\{\w*\}", text), [_part(one, known) for one in node.args])
    if of == "join" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
        return text.join(_part(one, known) for one in node.args[0].elts)
    return getattr(text, of)() if of in ("lower", "upper", "strip", "title") and not node.args else None


def _part(node: ast.AST, known: Mapping[str, str]) -> str:
    text = text_of(node, known)
    return "?" if text is None else text


def _filled(parts: list[str], values: list[str]) -> str:
    return "".join(part + value for part, value in zip_longest(parts, values[: len(parts) - 1], fillvalue="?"))[:-1]


@cache
def constants(tree: ast.AST) -> Mapping[str, str]:
    """By name the texts that a module gives one name each, once."""
    bound = bindings(tree)
    found: dict[str, str] = {}
    for node in nodes(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and bound[target.id] == 1:
                text = text_of(node.value, found)
                if text is not None:
                    found[target.id] = text
    return found


@cache
def bindings(tree: ast.AST) -> Counter[str]:
    """How often each name is given a value in a module, as a variable, an argument, a function or a class."""
    return Counter(
        node.arg if isinstance(node, ast.arg) else node.id if isinstance(node, ast.Name) else node.name
        for node in nodes(tree)
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        or isinstance(node, ast.arg | ast.FunctionDef | ast.ClassDef)
    )


@cache
def imported(tree: ast.AST) -> Mapping[str, str]:
    """What each name stands for that a module imports, anywhere in it (`dt` → `datetime.datetime`), or that it gives to
    what it has imported (`now = dt.now`)."""
    found = {}
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                name = one.name if one.asname else one.name.partition(".")[0]
                found[one.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            found.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
    bound = bindings(tree)
    given = [
        (target.id, node.value)
        for node in nodes(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None
        for target in [node.targets[0] if isinstance(node, ast.Assign) else node.target]
        if isinstance(target, ast.Name)
        and bound[target.id] == 1
        and target.id not in found
        and isinstance(node.value, ast.Attribute | ast.Name | ast.Call | ast.Subscript)
    ]
    for target, value in (*given, *given):  # twice: a name of a name
        name = full_name(value, found)
        if name.partition(".")[0] in {one.partition(".")[0] for one in found.values()} or name in _BUILT_IN:
            found[target] = name
    return found


_BUILT_IN = {"open", "print", "input", "exec", "eval", "getattr", "vars", "exit", "quit", "__import__", "breakpoint"}
_BY_NAME = {"__import__", "importlib.import_module"}


def full_name(node: ast.AST, known: Mapping[str, str]) -> str:
    """`datetime.datetime.now` of `dt.now`, by what is imported; a name that is not imported stands for itself; "" for
    what is no name. What is reached by a text (`getattr(time, "time")`, `vars(time)["time"]`) has its name."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return _part_of(full_name(node.value, known), node.attr)
    if isinstance(node, ast.Call):
        of = full_name(node.func, known)
        if of in ("getattr", "operator.attrgetter") and len(node.args) > 1:
            return _part_of(full_name(node.args[0], known), text_of(node.args[1], {}) or "")
        if of in _BY_NAME and node.args:
            return text_of(node.args[0], {}) or of
        if of in ("vars", "functools.partial") and node.args:
            return full_name(node.args[0], known)
        if of in ("vars.get", "sys.modules.get") and node.args:
            return text_of(node.args[0], {}) or ""
    if isinstance(node, ast.Subscript) and (text := text_of(node.slice, {})):
        of = full_name(node.value, known).removesuffix(".__dict__")
        return text if of == "sys.modules" else _part_of(of, text) if _is_namespace(node.value) else ""
    return ""


def _part_of(whole: str, part: str) -> str:
    if whole == "builtins":
        return part
    return f"{whole}.{part}" if whole and part else ""


def _is_namespace(node: ast.expr) -> bool:
    """Whether an expression is `vars(…)` or `….__dict__`."""
    return (isinstance(node, ast.Attribute) and node.attr == "__dict__") or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars"
    )


@cache
def names_used(tree: ast.AST) -> Set[str]:
    """The full names of all that a module imports or names, each with what it is a part of."""
    known = imported(tree)
    modules = {one.name for node in nodes(tree) if isinstance(node, ast.Import) for one in node.names}
    named = ast.Name | ast.Attribute | ast.Call | ast.Subscript
    used = {full_name(node, known) for node in nodes(tree) if isinstance(node, named)} - {""}
    used -= {name for name in bindings(tree) if name not in known}  # a field called `print` is no print
    return modules | set(known.values()) | used


@cache
def methods(tree: ast.AST) -> Set[str]:
    """What a module takes of something, whatever that is: `touch` of `(folder / name).touch()`, of
    `getattr(path, "touch")` and of `operator.methodcaller("touch")`; nothing of a module of ours."""
    known, found = imported(tree), set[str]()
    for node in nodes(tree):
        if isinstance(node, ast.Attribute):
            if not full_name(node, known).startswith("linktrack."):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and full_name(node.func, known) in _BY_TEXT:
            found.update(text for one in node.args if (text := text_of(one, constants(tree))))
    return found


_BY_TEXT = {"getattr", "operator.attrgetter", "operator.methodcaller"}


@cache
def house_constants() -> Mapping[str, str]:
    """By full name the texts that modules of the package have."""
    return {
        f"linktrack.{path.removesuffix('.py').replace('/', '.')}.{name}": text
        for path, tree in trees()
        for name, text in constants(tree).items()
    }


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
