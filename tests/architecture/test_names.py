"""A word means one thing: no two classes or kinds of the package share a name."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from architecture.planted import nodes, trees

# Names of kinds (`Row = tuple[…]`) that two modules still share. It only shrinks: a name that is told apart leaves it.
STILL_SHARED: set[str] = set()


def shared_names(modules: Iterable[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Names of classes, and of kinds at the top of a module, that stand in more than one place, with the places."""
    places: dict[str, list[str]] = {}
    for path, tree in modules:
        for node in nodes(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path}:{node.lineno}")
        for node in tree.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and target.id[0].isupper() and not target.id.isupper():
                    places.setdefault(target.id, []).append(f"{path}:{node.lineno}")
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_kinds_share_a_name() -> None:
    shared = shared_names(trees())
    assert set(shared) == STILL_SHARED, {name: places for name, places in shared.items() if name not in STILL_SHARED}


def test_a_planted_second_class_is_found() -> None:
    planted = [
        ("links/one.py", ast.parse("class Spot: ...")),
        ("crm/two.py", ast.parse("def f():\n    class Spot: ...")),
    ]
    assert shared_names(planted) == {"Spot": ["links/one.py:1", "crm/two.py:2"]}


def test_a_planted_second_kind_is_found() -> None:
    planted = [
        ("links/one.py", ast.parse("class Spot: ...\nSPOTS = 3")),
        ("crm/two.py", ast.parse("Spot = tuple[int, int]\nSPOTS = 4")),
        ("store/three.py", ast.parse("Spot: type = int")),
    ]
    assert shared_names(planted) == {"Spot": ["links/one.py:1", "crm/two.py:1", "store/three.py:1"]}
