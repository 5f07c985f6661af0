"""The threat table of `docs/security.md` names tests that there are."""

from __future__ import annotations

import re

from docs.player import ROOT


def test_every_test_that_the_table_names_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!who \|)[a-z].*\|$", text.split("## Who could try what")[1], re.M)
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py): (test_\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text("utf-8"), (file, test)
