"""Every command's help has examples, and each of them works as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from every_command import ALL
from tests_support import Run

from linktrack.cli.usage import examples_in
from linktrack.links.actions import KINDS, settings_of
from linktrack.workspace import Workspace

PLAYED_ELSEWHERE = ("demo", "serve")  # in test_contract, and tests/server

# What has to be so before an example can be played.
BEFORE = {
    "linktrack folder add Campaigns/Spring --parents": ["folder rename Campaigns/Spring Old"],
    "linktrack folder move Spring Campaigns": ["folder move Campaigns/Spring /"],
    "linktrack folder restore Campaigns/Spring": ["folder delete Campaigns/Spring --recursive --yes"],
    "linktrack link add offer": ["link edit offer --key old --url https://www.example.com/old"],
    "linktrack link restore offer news": ["link delete offer news"],
    "linktrack mailing add news": ["mailing edit news --name old"],
    "linktrack mailing edit news": ["shipment cancel 1"],
    "linktrack mailing rewrite news": ["shipment cancel 1"],
    "linktrack mailing restore news": ["mailing delete news --yes"],
    "linktrack shipment restore 3": ["shipment cancel 3"],
    "linktrack key revoke 0": ["key rotate"],
    "linktrack restore linktrack-2026-05-04.tar.gz restored": ["backup linktrack-2026-05-04.tar.gz"],
}


def examples() -> Iterator[Any]:
    for path, command in ALL.items():
        for line in examples_in(command.help or ""):
            if path not in PLAYED_ELSEWHERE:
                yield pytest.param(path, line, id=line)


@pytest.mark.parametrize("command", ALL)
def test_every_help_has_an_example(command: str) -> None:
    assert f"linktrack {command}" in (ALL[command].help or "")


PAGES = ["", *sorted({path.split()[0] for path in ALL} | set(ALL))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "the top")
def test_every_page_of_help_shows_examples_of_commands_that_parse(run: Run, page: str) -> None:
    shown = examples_in(run(*page.split(), "--help").out)
    assert shown
    if page not in ALL:
        assert set(shown) <= {line for command in ALL.values() for line in examples_in(command.help or "")}
    for typed in (shlex.split(part) for line in shown for part in line.split(" | ")):
        if typed[0] == "linktrack":
            path = next(path for path in (" ".join(typed[1:3]), typed[1]) if path in ALL)
            with ALL[path].make_context(path, typed[1 + len(path.split()) :]):
                pass


@pytest.mark.parametrize(("command", "line"), list(examples()))
def test_examples_work_as_they_stand(
    campaign: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, command: str, line: str
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    if command == "init":
        (campaign.root / "new").mkdir()
        monkeypatch.chdir(campaign.root / "new")
    for beginning, steps in BEFORE.items():
        if beginning in line:
            for step in steps:
                assert run(*shlex.split(step)).code == 0
    if "|" in line:
        program = f'linktrack() {{ "{sys.executable}" -m linktrack "$@"; }}; set -o pipefail; {line}'
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(["bash", "-c", program], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 6), done.stderr
        return
    outcome = run(*shlex.split(line)[1:])
    assert outcome.code in (0, 6), outcome.err


@pytest.mark.parametrize("command", ["add", "edit"])
def test_help_of_actions_has_every_setting_of_every_kind(run: Run, command: str) -> None:
    text = run("action", command, "--help").out.partition("Settings of each TYPE")[2]
    text = re.sub(r"-\s*\n\s+", "-", text)  # where help folds a line behind a hyphen
    blocks = dict(re.findall(r"^  (\S+) +((?:.+\n?)(?:   .*\n?)*)", text, re.MULTILINE))
    assert list(blocks) == list(KINDS)
    for kind, block in blocks.items():
        for name in settings_of(kind):
            assert f"--{name.replace('_', '-')}" in block, (kind, name)


def test_init_asks_for_the_host_at_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("init")
    assert done.code == 2
    assert "--base-url is missing" in done.err
    assert "http://127.0.0.1:8080" in done.err
    monkeypatch.setattr("linktrack.cli.init.at_terminal", lambda: True)
    assert run("init", input="\n").code == 0
    assert 'base_url = "http://127.0.0.1:8080"' in (tmp_path / "linktrack.toml").read_text("utf-8")
    assert run("init", "second", input="https://click.example.com\n").code == 0
    assert 'base_url = "https://click.example.com"' in (tmp_path / "second" / "linktrack.toml").read_text("utf-8")
    assert run("init", "third", input="").code == 130
