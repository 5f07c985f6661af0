"""linktrack demo: the story to its end, a server that answers, and what is said where there can be none."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from docs.player import ROOT
from tests_support import Run

from linktrack.upkeep.demo_visitors import served
from linktrack.workspace import Workspace

pytestmark = pytest.mark.servers

ANSWERED = [
    r"GET http://127\.0\.0\.1:\d+/\w+/\w{32} 302, leads to https://www\.fjallbris\.example\.com/offer/\S+",
    r"GET http://127\.0\.0\.1:\d+/\w+/\w{32} 200, a page: Thank you!",
    r"GET http://127\.0\.0\.1:\d+/\w+/\w{32} 200, a page: Unsubscribe",
    r"POST http://127\.0\.0\.1:\d+/\w+/\w{32}\?page 200, a page: You are unsubscribed",
]


def test_it_ends_with_a_server_that_answers_and_is_its_owners_alone(tmp_path: Path) -> None:
    pytest.importorskip("granian")
    done = subprocess.run(
        [sys.executable, "-m", "linktrack", "demo", "tried"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=lambda: os.umask(0) and None, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    end = done.stdout[done.stdout.index("$ linktrack serve --port 0") :]
    answered = re.findall(r": ((?:GET|POST) \S+\s+\d+, .*)", end)
    assert len(answered) == len(ANSWERED)
    for shown, wanted in zip(answered, ANSWERED, strict=True):
        assert re.fullmatch(wanted, " ".join(shown.split())), shown
    assert "4 clicks stored (4 by people, 0 by machines)" in end
    assert re.search(r"newsletter: sent to 503, 160 of them clicked", end), "157 before these three"
    for path in (tmp_path / "tried", *(tmp_path / "tried").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize(
    ("command", "code"),
    [("linktrack link list", 4), ("linktrack link lost", 2), ("cat nothing-there", 5), ("linktrack --version", 0)],
)
def test_it_ends_as_the_step_at_which_it_stopped(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, code: int
) -> None:
    monkeypatch.setattr("linktrack.cli.demo.STORY", [("One step.", [command])])
    monkeypatch.setattr("linktrack.cli.demo.PAGE", "offer.txt")
    done = run("demo", tmp_path / "tried")
    assert done.code == code, done.err
    assert (f"the demo stopped at this command (exit code {code if code != 5 else 1}): {command}" in done.err) == bool(
        code
    )


def test_without_the_extra_it_says_how(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stub" / "granian").mkdir(parents=True)
    (tmp_path / "stub" / "granian" / "__init__.py").write_text("raise ImportError")
    before = os.environ.get("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'stub'}{os.pathsep}{before}")
    with served(workspace.root) as (port, said):
        assert (port, said) == (0, "linktrack: serving needs the extra: pip install 'linktrack[serve]'")
