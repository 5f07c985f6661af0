"""A word means one thing: no two classes of the package share a name."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from architecture.planted import trees

# Names that two classes still share. It only shrinks: a name that is told apart leaves it.
STILL_SHARED: set[str] = set()


def shared_names(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Class names that stand in more than one place, with the places."""
    places: dict[str, list[str]] = {}
    for path, tree in modules:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path}:{node.lineno}")
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_classes_share_a_name() -> None:
    shared = shared_names(trees())
    assert set(shared) == STILL_SHARED, {name: places for name, places in shared.items() if name not in STILL_SHARED}


def test_a_planted_second_class_is_found() -> None:
    planted = [
        ("links/one.py", ast.parse("class Spot: ...")),
        ("crm/two.py", ast.parse("def f():\n    class Spot: ...")),
    ]
    assert shared_names(planted) == {"Spot": ["links/one.py:1", "crm/two.py:2"]}
