"""The first hour of the README is played as it stands there, and prints what it says.

python tests/test_readme.py     writes what the commands print today into the README
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from docs.player import ROOT, Player, commands_of

README = ROOT / "README.md"


def block(mark: str) -> str:
    """What stands between a mark and its end, as `.ci/run` takes it: CI plays it in a copy of its own."""
    found = re.search(rf"^<!-- {mark} -->\n```sh\n(.*?)```\n<!-- /{mark} -->$", README.read_text("utf-8"), re.M | re.S)
    assert found is not None, f"README has no block {mark}"
    return found[1].strip()


def test_the_first_hour_prints_what_the_readme_says(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    player = Player(tmp_path / "page")
    played = player.play(text)
    assert player.failed == []
    assert played == text


def test_the_first_hour_is_ten_commands_from_the_clone_on() -> None:
    """The install command is the first; `mv` and `cd` are the reader's own."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    commands = [command for body in blocks for command, _ in commands_of(body) if command.startswith("linktrack")]
    assert len(commands) == 9
    assert commands[-1].startswith("linktrack report")


def test_the_two_commands_are_one_line_each() -> None:
    assert block("demo").endswith("linktrack demo")
    assert block("tests").endswith("pytest -n 2")
    assert "\n" not in block("demo") + block("tests")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        writer = Player(Path(place) / "page")
        README.write_text(writer.play(README.read_text("utf-8")), "utf-8")
    sys.exit("\n".join(writer.failed))
