"""Every room of the listing has its line in CONTRIBUTING.md."""

from __future__ import annotations

import re

from architecture.planted import PACKAGE, ROOT

NO_ROOMS = {"__init__", "__main__", "py", "configs", "sample_mailings"}


def test_each_room_is_named() -> None:
    table = re.findall(r"^\| (`.*?) \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    named = {name for row in table for name in re.findall(r"`(\w+)/?`", row)}
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - NO_ROOMS == named
