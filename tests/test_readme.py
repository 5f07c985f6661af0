"""Every example of the README is run, in the folder that the demo made, and prints what the README says.

python tests/test_readme.py     writes what the commands print today into the README
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """An environment in which `linktrack` is this Python's linktrack."""
    program = folder / "bin" / "linktrack"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m linktrack "$@"\n', "utf-8")
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINKTRACK_")}
    return {**kept, "PATH": f"{program.parent}:{os.environ['PATH']}", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def play(folder: Path, text: str) -> tuple[str, list[str]]:
    """The README with its examples run anew, and the commands that did not end with 0 (or 6 for findings)."""
    surroundings = environment(folder)
    demo = folder / "linktrack-demo"
    failed = []

    def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=cwd,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )

    done = shell("linktrack demo", folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr

    def block(match: re.Match[str]) -> str:
        lines = []
        for command in re.findall(r"^\$ (.*)$", match[0], re.MULTILINE):
            done = shell(command, demo)
            if done.returncode not in (0, 6):
                failed.append(f"{command}: {done.returncode} {done.stderr}")
            lines += [f"$ {command}", *done.stdout.splitlines()]
        return "\n".join(lines) + "\n"

    return BLOCK.sub(block, text), failed


def test_the_examples_print_what_the_readme_says(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    assert len(BLOCK.findall(text)) >= 6
    played, failed = play(tmp_path, text)
    assert failed == []
    assert without_keys(played) == without_keys(text)


def without_keys(text: str) -> str:
    """The text without placement keys and ids of changes: each workspace has its own."""
    return re.sub(r"\b(?:[a-z2-7]{4}|c[0-9a-f]{23})\b", "~", text)


def test_the_commands_of_the_first_hour_exist() -> None:
    """The lines that need files of one's own are at least commands and options that there are."""
    text = README.read_text("utf-8")
    for noun, verb in re.findall(r"^linktrack (\w+) (\w+)", text, re.MULTILINE):
        if noun in ("init", "demo"):
            continue
        line = re.search(rf"^linktrack {noun} {verb}.*$", text, re.MULTILINE)
        assert line is not None
        done = subprocess.run(
            [sys.executable, "-m", "linktrack", noun, verb, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, line[0]
        for option in re.findall(r"\s(--[a-z-]+)", line[0].partition("#")[0]):
            assert option in done.stdout or noun == "action", (line[0], option)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        written, problems = play(Path(place), README.read_text("utf-8"))
    README.write_text(written, "utf-8")
    sys.exit("\n".join(problems))
