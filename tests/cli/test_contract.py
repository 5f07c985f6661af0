"""What scripts rely on, frozen: the keys of every `--format json`, and the exit codes.

pytest tests/cli/test_contract.py --inline-snapshot=fix     writes the keys as they are today into the table
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from inline_snapshot import snapshot
from tests_support import Run
from typer.testing import CliRunner

import linktrack.errors
from linktrack.cli.app import COMMANDS, EPILOG, app
from linktrack.errors import LinktrackError
from linktrack.workspace import Workspace

# What is played in the folder that `linktrack demo` made, one command after the other.
PLAYED = [
    "doctor",
    "doctor --crm crm",
    "folder list",
    "link list",
    "link show offer",
    "link show contact-me",
    "link check webinar",
    "link apply new.toml --dry-run",
    "action list contact-me",
    "action run --crm crm --out actions-json",
    "action log --limit 20",
    "action log --limit 20 --definitions",
    "mailing add again newsletter.html",
    "mailing list",
    "mailing show newsletter",
    "mailing links newsletter",
    "mailing check odd.html",
    "mailing rewrite newsletter --contacts test-group.csv --out mails-json --test",
    "shipment list",
    "shipment show 2",
    "shipment recipients 1",
    "shipment render 1 --out mails-again",
    "click import access.log",
    "click list --limit 20",
    "click judge",
    "report links",
    "report link offer",
    "report mailing newsletter",
    "report mailing newsletter --by shipment",
    "report mailing newsletter --by hour",
    "report clickers offer",
    "report mailings",
    "report compare newsletter announcement",
    "report contact 10166",
    "report nonclickers newsletter",
    "key list",
    "status",
    "contact show 10166",
    "contact forget 10166 --yes",
    "database purge --clicks-before 2000-01-01",
]

# Names that are data and no keys: they are shown as `*`.
DATA = {"by_kind", "fields", "reasons", "settings"}


def keys_of(value: Any, before: str = "") -> list[str]:
    """The keys of a value as `a b.c d[].e`, in their order; the rows of a list are taken together."""
    if isinstance(value, list):
        return list(dict.fromkeys(key for row in value for key in keys_of(row, before)))
    found = []
    for name, inner in value.items():
        many = isinstance(inner, list)
        if not isinstance(inner, dict) and not (many and any(isinstance(one, dict) for one in inner)):
            found.append(before + name)
        elif name in DATA:
            found.append(f"{before}{name}.*")
        else:
            found += keys_of(inner, f"{before}{name}{'[]' if many else ''}.")
    return found


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the demo makes, with a file or two in which something is found."""
    root = tmp_path / "demo"
    command = [sys.executable, "-m", "linktrack", "demo", str(root)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
    (root / "odd.html").write_text('<a href="">nowhere</a>', "utf-8")
    (root / "new.toml").write_text('[[link]]\nkey = "new"\nurl = "https://www.example.com/new"\n', "utf-8")
    monkeypatch.chdir(root)
    for value in ("kall", "varm"):
        words = ["action", "add", "webinar", "set-field", "--field", "x_interest_level", "--value", value]
        assert CliRunner().invoke(app, words).exit_code == 0
    return root


@pytest.mark.usefixtures("demo")
def test_the_keys_of_every_command(run: Run) -> None:
    found = {}
    for command in PLAYED:
        done = run(*command.split(), "--format", "json")
        assert done.code in (0, 6), (command, done.err)
        found[command] = " ".join(keys_of(done.json))
    assert found == snapshot(
        {
            "doctor": "check state detail advice",
            "doctor --crm crm": "file number column meaning filled example state problem guessed",
            "folder list": "path links created_at status",
            "link list": "key name folder url kind status mailing response actions",
            "link show offer": "key name folder url kind status mailing response.kind actions[].type actions[].field actions[].value actions[].add confirm created_at updated_at deleted_at reset_at clicks clickers machine_clicks first_click last_click mailings",
            "link show contact-me": "key name folder url kind status mailing response.kind response.url response.prefill.name response.prefill.email actions[].type actions[].description actions[].task actions[].project actions[].created_by actions[].assign_to_our_contact actions[].default_recipient confirm created_at updated_at deleted_at reset_at clicks clickers machine_clicks first_click last_click mailings",
            "link check webinar": "finding link other mailing explanation",
            "link apply new.toml --dry-run": "key change field old new",
            "action list contact-me": "link number type description settings.*",
            "action run --crm crm --out actions-json": "clicks contacts changes set_field interests selections projects follow_ups requests scripts failed unknown_contacts",
            "action log --limit 20": "id kind contact_id name operation old new link mailing shipment click clicked_at run status ran_at message",
            "action log --limit 20 --definitions": "id kind contact_id name operation old new link mailing shipment click clicked_at run status ran_at message definition",
            "mailing add again newsletter.html": "mailing addresses placements registered_links local_links unknown_keys",
            "mailing list": "mailing subject type placements links shipments size status created_at",
            "mailing show newsletter": "mailing subject type size text track_all base utm_source utm_medium utm_campaign utm_content utm_term utm_id utm_source_platform utm_creative_format utm_marketing_tactic utm_policy placements links shipments created_at status",
            "mailing links newsletter": "placement link label kind line column target tracked reason",
            "mailing check odd.html": "mailing rule part line column address message",
            "mailing rewrite newsletter --contacts test-group.csv --out mails-json --test": "shipment recipients placements files left_out left not_chosen forgotten",
            "shipment list": "shipment mailing sent_at test state recipients output created_at",
            "shipment show 2": "shipment mailing sent_at test state recipients output created_at base_url honeypot merge_tag from key_id",
            "shipment recipients 1": "contact_id email name clicks machine_clicks first_click last_click",
            "shipment render 1 --out mails-again": "shipment recipients placements files left_out left not_chosen forgotten",
            "click import access.log": "files read stored repeated not_ours rejected reasons.* human prefetch scanner test seconds",
            "click list --limit 20": "click clicked_at contact_id link placement mailing shipment verdict reasons ip user_agent source",
            "click judge": "clicks changed human prefetch scanner test",
            "report links": "key name folder url status placements clicks clickers machine_clicks sent click_rate rate_low rate_high first_click last_click actions",
            "report link offer": "mailing shipment sent_at test placements sent clicks clickers machine_clicks test_clicks click_rate rate_low rate_high first_click last_click",
            "report mailing newsletter": "key name folder url status placements clicks clickers machine_clicks sent click_rate rate_low rate_high first_click last_click actions",
            "report mailing newsletter --by shipment": "mailing shipment sent_at test sent clicks clickers machine_clicks test_clicks click_rate rate_low rate_high first_click last_click",
            "report mailing newsletter --by hour": "hour clicks clickers machine_clicks",
            "report clickers offer": "contact_id email name mailing shipment first_click last_click clicks",
            "report mailings": "mailing type shipments sent clickers clicks machine_clicks test_clicks click_rate rate_low rate_high first_click last_click",
            "report compare newsletter announcement": "mailing other click_rate rate_low rate_high other_rate difference low high verdict",
            "report contact 10166": "at what mailing shipment link verdict detail",
            "report nonclickers newsletter": "contact_id email name",
            "key list": "key signs verifies created_at revoked_at state fingerprint",
            "status": "checked_at last_import last_run open_clicks oldest_open_click failures unfinished_shipments due",
            "contact show 10166": "contact_id email name fields.* consent mails first_sent_at last_sent_at clicks machine_clicks first_click last_click uncounted_clicks first_uncounted_at last_uncounted_at left changes",
            "contact forget 10166 --yes": "mails clicks changes log_lines agents forgotten_before clean out_of_reach[].place out_of_reach[].advice",
            "database purge --clicks-before 2000-01-01": "clicks open log_files log_lines agents values clean",
        }
    )


def commands_with_rows() -> Iterator[str]:
    """Every command that has `--format`, as it is typed."""

    def walk(command: Any, path: str) -> Iterator[str]:
        if inner := getattr(command, "commands", None):
            for name, one in inner.items():
                yield from walk(one, f"{path} {name}")
        elif any("--format" in parameter.opts for parameter in command.params):
            yield path

    for noun in COMMANDS:
        yield from walk(typer.main.get_command(import_module(f"linktrack.cli.{noun}").app), noun)


@pytest.mark.parametrize("command", list(commands_with_rows()))
def test_every_command_that_prints_rows_is_played(command: str) -> None:
    assert any(f"{played} ".startswith(f"{command} ") for played in PLAYED)


# What happens in a fresh workspace, and the code that a script sees.
EXIT_CODES = {
    "done": ("folder list", 0),
    "help": ("link --help", 0),
    "a bug": ("link list", 1),
    "no such command": ("nonsense", 2),
    "no such option": ("link list --nonsense", 2),
    "options that do not go together": ("link add a --url https://a.example --text <p>x</p> --form name", 2),
    "a file that says nothing of use": ("link apply broken.toml", 3),
    "an address that is none": ("link add a --url nonsense", 3),
    "no such link": ("link show nonsense", 4),
    "no such file": ("mailing check nonsense.html", 4),
    "no workspace": ("--workspace nowhere link list", 4),
    "a name that is taken": ("folder add Common", 5),
    "findings": ("mailing check odd.html", 6),
    "interrupted": ("link list", 130),
}
BROKEN_OFF = {"a bug": ZeroDivisionError, "interrupted": KeyboardInterrupt}


@pytest.mark.parametrize("case", EXIT_CODES)
def test_exit_codes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    (workspace.root / "broken.toml").write_text("[[link]\n", "utf-8")
    (workspace.root / "odd.html").write_text('<a href="">nowhere</a>', "utf-8")
    assert CliRunner().invoke(app, ["folder", "add", "Common"]).exit_code == 0
    command, code = EXIT_CODES[case]
    if case in BROKEN_OFF:

        def breaks_off(*_: object) -> None:
            raise BROKEN_OFF[case]

        monkeypatch.setattr("linktrack.cli.link.opened", breaks_off)
    done = CliRunner().invoke(app, command.split())
    assert done.exit_code == code, done.stderr


def test_each_code_that_help_names_has_a_case_and_each_error_has_such_a_code() -> None:
    told = {int(code) for code in re.findall(r"\b(\d+) \w", EPILOG.partition("Exit codes:")[2])}
    assert told == {code for _, code in EXIT_CODES.values()} == {0, 1, 2, 3, 4, 5, 6, 130}
    errors = [
        one for one in vars(linktrack.errors).values() if isinstance(one, type) and issubclass(one, LinktrackError)
    ]
    assert len(errors) > 3
    assert {error.exit_code for error in errors} == {2, 3, 4, 5, 6}
