"""The shipped systemd units: they hold what systemd understands, and commands that linktrack has."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from server.serving_process import ROOT
from tests_support import Run

UNITS = sorted((ROOT / "configs" / "systemd").iterdir())
PROGRAM = "/opt/linktrack/bin/linktrack"


@pytest.mark.servers
def test_systemd_understands_them(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd here")
    for unit in UNITS:  # with what is commented in them, and a program that is here
        text = unit.read_text("utf-8").replace(PROGRAM, "/bin/true")
        (tmp_path / unit.name).write_text(re.sub("(?m)^#(?=[A-Z]\\w+=)", "", text))
    made = sorted(tmp_path.iterdir())
    assert "action run" in (tmp_path / "linktrack-import.service").read_text() and len(made) == 3
    done = subprocess.run([verify, "verify", *made], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_their_commands_are_ours(run: Run) -> None:
    found = [
        line for unit in UNITS for line in re.findall(rf"{PROGRAM} (.*?)'?$", unit.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(found) == 4
    for line in found:
        words = shlex.split(line)
        nouns = words[: next(place for place, word in enumerate(words) if word.startswith("-"))]
        known = run(*nouns, "--help").out
        for option in re.findall(r"--[a-z-]+", line):
            assert option in known or option == "--workspace", line
