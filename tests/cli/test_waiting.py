"""While another process writes: waiting is said after a second, is as long as --wait says, and ends with Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests_support import Run

from linktrack.store.lock import alone
from linktrack.store.opening import open_database
from linktrack.workspace import Workspace

WAITING = "is being written by another process: waiting for up to"


@pytest.fixture
def locked(campaign: Workspace) -> Iterator[Workspace]:
    with open_database(campaign) as other, other.transaction():
        yield campaign


@pytest.mark.parametrize(
    "command",
    [
        "folder add New --wait 0",
        "folder rename Campaigns Other --wait 0",
        "link edit offer --name x --wait 0",
        "link delete offer --wait 0",
        "link apply links.toml --wait 0",
        "action remove offer 1 --wait 0",
        "mailing edit news --subject x --wait 0",
        "shipment cancel 1 --wait 0",
        "key rotate --wait 0",
        "click judge --wait 0",
        "doctor --repair --yes --wait 0",
        "link reset offer --yes --wait 0",
        "click import access.log.2.gz --since 2026-05-01 --wait 0",
    ],
)
@pytest.mark.usefixtures("locked")
def test_wait_0_is_a_conflict_at_once(run: Run, command: str) -> None:
    done = run(*command.split())
    assert done.code == 5, done.err
    assert "another process" in done.err
    assert WAITING not in done.err


def test_waiting_is_said_and_ends_with_ctrl_c_at_once(locked: Workspace) -> None:
    command = [sys.executable, "-m", "linktrack", "folder", "add", "New", "--wait", "600"]
    with subprocess.Popen(command, cwd=locked.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert WAITING in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == "linktrack: interrupted\n"


@pytest.mark.parametrize("held", ["the database", "the import's lock"])
@pytest.mark.parametrize(
    "command", [["doctor", "--repair", "--yes"], ["link", "reset", "offer", "--yes"]], ids=" ".join
)
def test_what_needs_the_import_s_lock_waits_unless_it_is_told_not_to(
    campaign: Workspace, held: str, command: list[str]
) -> None:
    command = [sys.executable, "-m", "linktrack", *command]
    with (
        open_database(campaign) as other,
        other.transaction() if held == "the database" else alone(campaign, other, "import", 0),
        subprocess.Popen(command, cwd=campaign.root, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        assert any(
            "waiting for up to 30 s" in process.stderr.readline() for _ in range(2)
        )  # doctor names its job first
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
@pytest.mark.parametrize("held", ["the database", "the import's lock"])
def test_an_import_that_waits_ends_at_the_first_signal_and_has_stored_nothing(
    campaign: Workspace, held: str, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "linktrack", "click", "import", "access.log", "--again", "--wait", "600"]
    with open_database(campaign) as other:
        before = other.rows("SELECT * FROM click ORDER BY clicked_at, print")
        readings = other.value("SELECT max(id) FROM reading")
        with (
            other.transaction() if held == "the database" else alone(campaign, other, "import", 0),
            subprocess.Popen(command, cwd=campaign.root, stderr=subprocess.PIPE, text=True) as process,
        ):
            assert process.stderr is not None
            assert "waiting for up to 600 s" in process.stderr.readline()
            process.send_signal(number)
            assert process.wait(timeout=60) == 130
            assert process.stderr.read() == (
                "Stopping as soon as nothing is lost by it; once more stops at once.\nlinktrack: interrupted\n"
            )
        assert other.rows("SELECT * FROM click ORDER BY clicked_at, print") == before
        assert other.value("SELECT max(id) FROM reading") == readings


def test_a_stop_that_was_asked_for_before_the_waiting_began_ends_it_too(locked: Workspace) -> None:
    with (
        open_database(locked, wait=600) as database,
        database.stopping(lambda: True),
        pytest.raises(KeyboardInterrupt),
        database.transaction(),
    ):
        pass


def test_a_job_that_is_stopped_while_nobody_holds_anything_goes_on(campaign: Workspace) -> None:
    with open_database(campaign) as database, database.stopping(lambda: True), database.transaction():
        database.execute("UPDATE workspace SET imported_at = 7")
    with open_database(campaign) as database:
        assert database.value("SELECT imported_at FROM workspace") == 7


def test_quiet_says_nothing_of_success_and_all_of_failure(campaign: Workspace, run: Run) -> None:
    done = run("folder", "add", "New", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (
        "there is already" in run("folder", "add", "New", "--quiet").err or run("folder", "add", "New", "-q").code == 5
    )
    _again(campaign)
    (campaign.root / "few.csv").write_text("contact_id,email,name\n9,x@example.com,X\n", "utf-8")
    done = run("action", "run", "--crm", "few.csv", "--out", "second-run", "--quiet")
    assert (done.code, "3 clickers are not in the export" in done.err) == (6, True)
    log = (campaign.root / "access.log").read_text("utf-8")
    forged = re.sub(r"(?<=/c)[a-z2-7]{8}", "aaaaaaaa", log)
    assert forged != log
    (campaign.root / "forged.log").write_text(forged * 2, "utf-8")
    done = run("click", "import", "forged.log", "--tolerate", "1", "--quiet")
    assert (done.code, "forged" in done.err) == (6, True)


def _again(campaign: Workspace) -> None:
    """Open the clicks for a run once more."""
    with open_database(campaign) as database, database.transaction():
        for table in ("change", "made", "settled", "open_time"):
            database.execute(f"DELETE FROM {table}")
        database.execute("UPDATE click SET passed = 0")
        database.execute("INSERT INTO open_time (first_at, last_at) SELECT min(clicked_at), max(clicked_at) FROM click")


@pytest.mark.parametrize("command", [["link", "list"], ["folder", "add", "New"], ["report", "links"]])
def test_a_bad_log_format_is_said_with_its_line_whatever_command_is_run(
    campaign: Workspace, run: Run, command: list[str]
) -> None:
    file = campaign.root / "linktrack.toml"
    text = file.read_text("utf-8")
    assert "[clicks]" in text
    file.write_text(text.replace("[clicks]", '[clicks]\nlog_format = "nginks"'), "utf-8")
    line = file.read_text("utf-8").splitlines().index('log_format = "nginks"') + 1
    done = run(*command)
    assert done.code == 3
    assert f"linktrack.toml:{line}: clicks.log_format: unknown log format 'nginks'" in done.err


@pytest.mark.parametrize(
    ("option", "text", "way"),
    [
        ("--since", "yesterday", "is not a time: write it like 2026-05-04"),
        ("--until", "2026-02-30", "is not a time: write it like 2026-05-04"),
    ],
)
@pytest.mark.parametrize("command", [["click", "list"], ["click", "import", "access.log"], ["report", "links"]])
def test_a_bad_time_is_a_usage_error(
    campaign: Workspace, run: Run, command: list[str], option: str, text: str, way: str
) -> None:
    done = run(*command, option, text)
    assert (done.code, done.out) == (2, "")
    assert f"{option}: {text!r} {way}" in done.err
    assert campaign.root.exists()


def test_until_a_date_is_that_day_too_in_the_workspaces_zone(campaign: Workspace, run: Run) -> None:
    assert campaign.settings.time_zone == "Europe/Stockholm"
    rows = run("click", "list", "--since", "2026-05-04", "--until", "2026-05-04", "--format", "json").json
    assert len(rows) == 11
    assert all(row["clicked_at"].endswith("+02:00") for row in rows)
    assert run("click", "list", "--until", "2026-05-03", "--format", "json").json == []
    assert len(run("click", "list", "--until", "2026-05-04T09:10", "--format", "json").json) == 0
    assert len(run("click", "list", "--until", "2026-05-04T09:11", "--format", "json").json) == 1


def test_a_workbook_is_read_by_what_is_in_it_and_an_old_one_is_said_to_be_old(campaign: Workspace, run: Run) -> None:
    book = pytest.importorskip("openpyxl").Workbook()
    for row in (["contact_id", "email", "name"], ["7", "a@example.com", "A"]):
        book.worksheets[0].append(row)
    book.save(campaign.root / "contacts.xlsx")
    (campaign.root / "contacts.xlsx").rename(campaign.root / "contacts.xls")
    wrote = run("mailing", "rewrite", "autumn", "--contacts", "contacts.xls", "--out", "mails")
    assert wrote.code == 0 and "contacts.xls is an Excel workbook of today (.xlsx) under another ending" in wrote.err
    assert "under another ending" in run("action", "run", "--crm", "contacts.xls", "--dry-run").err
    (campaign.root / "contacts.xls").rename(campaign.root / "contacts.xlsx")
    assert "under another" not in run("action", "run", "--crm", "contacts.xlsx", "--dry-run").err
    (campaign.root / "old.xls").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000))
    done = run("mailing", "rewrite", "autumn", "--contacts", "old.xls", "--out", "more")
    assert done.code == 3
    assert "this is an old Excel file (.xls)" in done.err
