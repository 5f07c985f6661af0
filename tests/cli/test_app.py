"""The root of the command line: start-up, help, versions, and what becomes of errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack import __version__, ownership
from linktrack.cli.app import COMMANDS
from linktrack.workspace import Workspace, load_workspace

HEAVY = ["sqlmodel", "sqlalchemy", "alembic", "bs4", "rich", "asyncio", "icalendar", "psycopg", "tomli_w"]


def shell(*arguments: str, cwd: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "linktrack", *arguments], cwd=cwd, capture_output=True, text=True, check=False, **options
    )


def imported(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a command has loaded when it is done."""
    code = (
        "import sys\nfrom linktrack.cli.app import main\nsys.argv = ['linktrack', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint('\\nMODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, input="", capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("MODULES")[2].split())


# … and what takes long to import and is no part of these: mails as they are written, actions, and for figures where
# links lead and workbooks.
FOREIGN = ["linktrack.mailings.shipments", "linktrack.links.actions"]
QUICK = {
    **dict.fromkeys(("--help", "--version", "link --help", "link list", "folder list", "click import -"), FOREIGN),
    "report links": [*FOREIGN, "linktrack.links.responses", "linktrack.reports.workbook"],
}


@pytest.mark.parametrize("words", QUICK)
def test_quick_commands_import_nothing_heavy(workspace: Workspace, words: str) -> None:
    assert imported(*words.split(), cwd=workspace.root).isdisjoint([*HEAVY, *QUICK[words]])


def test_help_imports_no_settings(tmp_path: Path) -> None:
    assert imported("--help", cwd=tmp_path).isdisjoint([*HEAVY, "pydantic", "sqlite3", "linktrack.workspace"])


@pytest.mark.parametrize(
    "arguments", [["link", "list"], ["report", "links"], ["click", "import", os.devnull]], ids=" ".join
)
def test_a_call_reads_its_workspace_once_and_the_next_one_anew(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    read: list[str] = []

    def reading(root: Path, environ: Mapping[str, str]) -> Workspace:
        loaded = load_workspace(root, environ)
        read.append(loaded.settings.time_zone)
        return loaded

    monkeypatch.setattr(ownership, "load_workspace", reading)
    run(*arguments)
    monkeypatch.setenv("LINKTRACK_TIME_ZONE", "Asia/Tokyo")
    run(*arguments)
    assert read == [workspace.settings.time_zone, "Asia/Tokyo"]


def test_help_lists_every_command_and_each_command_has_its_help(run: Run) -> None:
    text = run("--help").out
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s", text, re.MULTILINE), name
        assert hasattr(import_module(f"linktrack.cli.{name}"), "app")
        done = run(name, "--help")
        assert done.code == 0
        assert "Usage:" in done.out


def test_version(run: Run) -> None:
    assert run("--version").out == f"linktrack {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["lnk"], "link", id="a command that is not there"),
        pytest.param(["link", "lst"], "list", id="a verb that is not there"),
        pytest.param(["link", "list", "--nope"], "--nope", id="an option that is not there"),
        pytest.param(["--workspace"], "--workspace", id="a global option without its value"),
        pytest.param(["link", "add"], "KEY", id="a missing argument"),
        pytest.param(["link", "list", "--format", "xml"], "--format: 'xml' is not one of", id="a value of no choice"),
        pytest.param(["click", "import", os.devnull, "--log-format", "nope"], "unknown log format 'nope'",
                     id="an unknown log format on a day without clicks"),
    ],
)  # fmt: skip
def test_usage_errors(workspace: Workspace, run: Run, arguments: list[str], words: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_bug_is_one_sentence_and_a_traceback_only_with_debug(workspace: Workspace, tmp_path: Path) -> None:
    breaking = tmp_path / "sitecustomize.py"
    breaking.write_text("import linktrack.links.folders as c\nc.list_folders = lambda *_, **__: 1 / 0\n", "utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path}
    done = shell("folder", "list", cwd=workspace.root, env=environment)
    assert done.returncode == 1
    assert "a bug in linktrack (ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in shell("folder", "list", "--debug", cwd=workspace.root, env=environment).stderr


def test_a_reader_that_goes_away_ends_the_command_in_silence(workspace: Workspace) -> None:
    from linktrack.store.opening import open_database

    with open_database(workspace) as database:
        database.executemany(
            "INSERT INTO folder (path, created_at) VALUES (?, 0)", [(f"F{number:06}",) for number in range(20_000)]
        )
    line = f"set -o pipefail; {sys.executable} -m linktrack folder list --format ndjson | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=workspace.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_what_a_stranger_put_into_a_name_does_not_reach_the_terminal(workspace: Workspace, run: Run) -> None:
    assert run("link", "add", "x", "--url", "https://e.com", "--name", "a\x1b[31m\tb").code == 0
    for format in ("table", "md"):
        assert "\x1b" not in run("link", "list", "--format", format).out
    assert run("link", "list", "--format", "json").json[0]["name"] == "a\x1b[31m\tb"


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_scripts(shell_name: str) -> None:
    done = shell("--show-completion", env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert done.returncode in (0, 2)
    environment = {
        **os.environ,
        "_LINKTRACK_COMPLETE": f"complete_{shell_name}",
        "_TYPER_COMPLETE_ARGS": "linktrack fol",
        "COMP_WORDS": "linktrack fol",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    assert "folder" in shell(env=environment).stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"], ids=["stdin", "stdout", "stderr"])
def test_a_stream_that_the_parent_closed_is_no_bug(workspace: Workspace, closed: str) -> None:
    for command in ("link list", "click import -", "mailing tag - --urls --source a --campaign b"):
        line = f'"{sys.executable}" -m linktrack {command} {closed}'
        done = subprocess.run(line, shell=True, cwd=workspace.root, stdin=subprocess.DEVNULL, capture_output=True)
        assert (done.returncode, b"bug" in done.stderr) == (0, False), command


def test_a_locale_without_the_letter_gets_an_escape_and_no_bug(workspace: Workspace, run: Run) -> None:
    run("folder", "add", "Vår")
    done = shell("folder", "list", cwd=workspace.root, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, "V\\xe5r" in done.stdout) == (0, True)


def test_a_database_that_has_gone_is_not_replaced_by_an_empty_one(workspace: Workspace, run: Run) -> None:
    path = workspace.root / "linktrack.db"
    path.unlink()
    done = run("link", "list")
    assert (done.code, path.exists()) == (4, False)
    assert "linktrack.db is missing: bring it back from a backup" in done.err
    assert run("database", "upgrade").code == 4
    assert not path.exists()


@pytest.mark.parametrize("stored", [True, False], ids=["something was stored", "nothing was stored"])
def test_ctrl_c_says_that_something_is_kept_only_where_something_was_stored(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    from linktrack.links import folders
    from linktrack.store.session import Database

    def interrupted(database: Database, path: str, *, parents: bool = False) -> str:
        if stored:
            with database.transaction():
                database.execute("INSERT INTO folder (path, created_at) VALUES (?, 0)", (path,))
        raise KeyboardInterrupt

    monkeypatch.setattr(folders, "add_folder", interrupted)
    done = run("folder", "add", "News")
    assert (done.code, done.out) == (130, "")
    assert done.err == ("linktrack: interrupted; what was finished is kept\n" if stored else "linktrack: interrupted\n")
