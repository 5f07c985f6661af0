"""No two modules of a room know each other, not even by way of a third, or inside a function, or for types alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Set

from architecture.planted import knowledge, trees


def in_circles(modules: Iterable[tuple[str, ast.Module]]) -> set[str]:
    """The paths of modules that come back to themselves by what is imported, from one to the next."""
    paths = dict(modules)
    knows = knowledge(paths)
    return {path for path in knows if path in _reached(knows, path)}


def _reached(knows: Mapping[str, Set[str]], start: str) -> set[str]:
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
