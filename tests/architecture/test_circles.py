"""No two modules of a room know each other, not even by way of a third, or inside a function, or for types alone."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator

from architecture.planted import nodes, trees


def in_circles(modules: Iterable[tuple[str, ast.Module]]) -> set[str]:
    """The paths of modules that come back to themselves by what is imported, from one to the next."""
    paths = dict(modules)
    named = {
        f"linktrack.{path.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__"): path for path in paths
    }
    knows = {path: {named[name] for name in _imported(tree, named)} for path, tree in paths.items()}
    return {path for path in knows if path in _reached(knows, path)}


def _imported(tree: ast.Module, named: Container[str]) -> Iterator[str]:
    """Those of the `named` modules that one imports: from a room a module of it, or what stands in the room's own."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in named)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{one.name}" for one in node.names}
            yield from (name for name in inside if name in named)
            if node.module in named and not all(name in named for name in inside):
                yield node.module


def _reached(knows: dict[str, set[str]], start: str) -> set[str]:
    found, left = set[str](), [start]
    while left:
        new = knows[left.pop()] - found
        found |= new
        left += new
    return found


def test_modules_do_not_go_round_in_a_circle() -> None:
    assert in_circles(trees()) == set()


def test_a_planted_circle_is_found() -> None:
    planted = {
        "store/one.py": "def f() -> None:\n    from linktrack.store import two",
        "store/two.py": "from linktrack.store.three import x",
        "store/three.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import linktrack.store.one",
        "store/four.py": "import linktrack.store.one",
    }
    assert in_circles((path, ast.parse(code)) for path, code in planted.items()) == {
        *("store/one.py", "store/two.py", "store/three.py")
    }
