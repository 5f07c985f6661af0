"""The own click log wherever it was written: each folder is noted, imported, and known to be away."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from server.server_world import SentWorld, make_sent
from tests_support import Run

from linktrack.clicks.load import import_logs
from linktrack.clicks.own_logs import UnreadLogs, log_troubles, logs_away, note_unread, refuse_log_folder
from linktrack.errors import BadInput, Conflict
from linktrack.moments import iso, now
from linktrack.server.request import Request, log_line
from linktrack.store.session import Database
from linktrack.workspace import Workspace, load_workspace

_numbers = itertools.count()


@pytest.fixture
def world(workspace: Workspace, database: Database, tmp_path: Path) -> SentWorld:
    return make_sent(workspace, database, tmp_path, now())


def pressed(world: SentWorld, folder: Path, contact: str) -> None:
    """A person has unsubscribed, and a server that writes into this folder has logged it."""
    workspace = world.workspace
    note_unread(workspace, folder)
    folder.mkdir(exist_ok=True, mode=0o700)
    path, number = world.path("unsubscribe", contact), str(next(_numbers))
    line = log_line(Request("POST", path, "page", time=iso(now(), workspace.zone), number=number), 200)
    (folder / f"clicks-{number}.ndjson").write_bytes(line)


def mailed(run: Run, tmp_path: Path, *options: object, code: int = 0) -> list[str]:
    """Who a further mailing goes to, or what is said instead."""
    out = tmp_path / f"out-{next(_numbers)}"
    given = ("--contacts", tmp_path / "contacts.csv", "--out", out, "--again", "--as", "ndjson", *options)
    done = run("mailing", "rewrite", "spring", *given)
    assert done.code == code, done.err
    if code:
        return [done.err]
    return [json.loads(line)["contact_id"] for line in (out / "recipients.ndjson").read_text().splitlines()]


def noted(world: SentWorld) -> dict[str, str]:
    found: dict[str, str] = json.loads(world.workspace.logs_path.read_text())
    return found


def test_presses_are_imported_from_wherever_a_server_has_logged_them(
    world: SentWorld, run: Run, tmp_path: Path, database: Database
) -> None:
    """By `--log`, and in the folder of before the settings were changed."""
    pressed(world, tmp_path / "elsewhere", "C1")
    pressed(world, world.workspace.click_log_path, "C2")
    with world.workspace.config_path.open("a") as file:
        file.write('\n[serve]\nlog = "new"\n')
    done = run("click", "import", "--format", "json")
    assert (done.code, json.loads(done.out)["stored"]) == (0, 2), done.err
    assert noted(world) == {"clicklog": "read", str(tmp_path / "elsewhere"): "read"}
    assert "2 have left this type" in mailed(run, tmp_path, code=3)[0]


def test_a_rewrite_and_revoking_know_of_them_first(
    world: SentWorld, run: Run, tmp_path: Path, database: Database
) -> None:
    pressed(world, tmp_path / "elsewhere", "C1")
    assert mailed(run, tmp_path) == ["C2"]
    pressed(world, tmp_path / "elsewhere", "C2")
    assert run("key", "rotate").code == run("key", "revoke", 0, "--yes").code == 0
    assert database.value("SELECT count(*) FROM left_type") == 2


def test_forgetting_and_purging_reach_every_folder(
    world: SentWorld, run: Run, tmp_path: Path, database: Database
) -> None:
    folder = tmp_path / "elsewhere"
    pressed(world, folder, "C1")
    exported = run("contact", "export", "C1", "--output", "-")
    assert world.path("unsubscribe", "C1") in exported.out, exported.err
    done = run("contact", "forget", "C1", "--yes")
    assert done.code == 0, done.err
    [file] = folder.iterdir()
    assert world.tokens["C1"] not in file.read_text() and '"path": "/"' in file.read_text()
    world.workspace.config_path.write_text(
        world.workspace.config_path.read_text() + '\n[retention]\nclick_logs = "1d"\n'
    )
    os.utime(file, (1, 1))
    done = run("database", "purge", "--due", "--yes")
    assert (done.code, file.exists()) == (0, False), done.err


def test_a_folder_that_is_away_is_said_until_it_is_back_or_given_up(
    world: SentWorld, run: Run, tmp_path: Path, database: Database
) -> None:
    folder, disk = tmp_path / "elsewhere", tmp_path / "disk"
    pressed(world, folder, "C1")
    folder.rename(disk)
    [problem] = logs_away(world.workspace)
    assert problem.file == str(folder)
    done = run("doctor", "--format", "json")
    assert done.code == 6 and str(folder) in next(
        row["advice"] for row in json.loads(done.out) if row["check"] == "click-log"
    )
    done = run("status")
    assert done.code == 6 and "it is away" in done.err
    assert "it is away" in mailed(run, tmp_path, code=5)[0]
    for stopped in (("click", "import"), ("key", "revoke", 0, "--yes"), ("contact", "forget", "C2", "--yes")):
        run("key", "rotate")
        done = run(*stopped)
        assert (done.code, "it is away" in done.err) == (5, True), (stopped, done.err)
    assert mailed(run, tmp_path, "--no-import") == ["C1", "C2"]
    disk.rename(folder)
    assert mailed(run, tmp_path) == ["C2"] and not log_troubles(world.workspace)
    folder.rename(disk)
    assert not logs_away(world.workspace), "with nothing in it that is missed"
    assert run("click", "import").code == 0, "and it stops nothing"
    (world.workspace.root / "clicklog").mkdir(exist_ok=True)
    assert run("click", "import").code == 0 and noted(world) == {str(folder): "read"}
    assert str(folder) in run("contact", "forget", "C1", "--yes").err, "it may come back with their lines"
    pressed(world, folder, "C2")
    (folder / next(folder.iterdir()).name).unlink()
    assert run("click", "import").code == 0, "an empty folder in its place gives it up"
    assert noted(world) == {str(folder): "read"}


def test_a_line_that_comes_while_an_import_reads_is_unread(
    world: SentWorld, run: Run, tmp_path: Path, database: Database
) -> None:
    pressed(world, tmp_path / "elsewhere", "C1")
    logs = UnreadLogs(world.workspace)
    logs.begin()
    note_unread(world.workspace, tmp_path / "elsewhere")
    logs.end()
    assert noted(world) == {str(tmp_path / "elsewhere"): "unread"}
    UnreadLogs(world.workspace).begin()  # and is killed
    (tmp_path / "elsewhere").rename(tmp_path / "disk")
    assert logs_away(world.workspace)
    (tmp_path / "disk").rename(tmp_path / "elsewhere")
    logs = UnreadLogs(world.workspace)
    logs.begin()
    logs.end()
    assert noted(world) == {str(tmp_path / "elsewhere"): "read"}


def test_an_import_that_is_stopped_or_fails_leaves_all_unread(
    world: SentWorld, database: Database, tmp_path: Path
) -> None:
    pressed(world, tmp_path / "elsewhere", "C1")
    import_logs(world.workspace, database, stop=lambda: True)
    assert noted(world)[str(tmp_path / "elsewhere")] != "read"
    (tmp_path / "elsewhere" / "clicks-x.ndjson.gz").write_bytes(b"\x1f\x8b\x08")
    import_logs(world.workspace, database)
    assert noted(world)[str(tmp_path / "elsewhere")] != "read"


@pytest.mark.parametrize("whole", [1, 0], ids=["behind a whole one", "alone"])
def test_a_torn_line_keeps_its_folder_unread_for_a_day(
    world: SentWorld, run: Run, tmp_path: Path, database: Database, whole: int
) -> None:
    pressed(world, tmp_path / "elsewhere", "C1")
    [log] = (tmp_path / "elsewhere").iterdir()
    log.write_bytes(log.read_bytes() * whole + log.read_bytes()[:50])
    assert "1 unfinished line waits" in run("click", "import").err
    assert noted(world)[str(tmp_path / "elsewhere")] != "read"
    os.utime(log, (now() / 1000 - 90_000,) * 2)
    done = run("click", "import", "--rejected", tmp_path / "rejected.tsv")
    assert "1 rejected" in done.err and "waits" not in done.err and done.code == 0
    assert (tmp_path / "rejected.tsv").read_text().count("malformed\t") == 1
    assert noted(world) == {str(tmp_path / "elsewhere"): "read"}
    assert "Read 0 lines" in run("click", "import").err


def test_the_folders_in_a_workspace_go_where_it_goes(world: SentWorld, tmp_path: Path) -> None:
    pressed(world, world.workspace.click_log_path, "C1")
    pressed(world, world.workspace.root / ".." / "beside", "C1")
    moved = world.workspace.root.rename(tmp_path / "moved")
    assert load_workspace(moved, {}).click_logs() == [moved / "clicklog", world.workspace.root.parent / "beside"]


@pytest.mark.parametrize("text", ["nonsense", "[]", '"x"', '{"a\\u0000": "read"}', '{"\\ud83d": ""}'])
def test_a_list_that_is_none_stops_whatever_needs_it(world: SentWorld, run: Run, tmp_path: Path, text: str) -> None:
    world.workspace.logs_path.write_text(text)
    for command in (("click", "import"), ("doctor",), ("status",)):
        done = run(*command)
        assert done.code and "this is no list of click logs" in done.err + done.out, command
    assert run("link", "list").code == 0


def _linked(name: str) -> Callable[[Workspace, Path], Path]:
    def made(workspace: Workspace, folder: Path) -> Path:
        (folder / "link").symlink_to(workspace.root / name)
        return folder / "link"

    return made


def _with_file(name: str) -> Callable[[Workspace, Path], Path]:
    def made(workspace: Workspace, folder: Path) -> Path:
        (folder / "log").mkdir()
        (folder / "log" / name).touch()
        return folder / "log"

    return made


FOLDERS: dict[str, tuple[Callable[[Workspace, Path], Path], str]] = {
    "the workspace": (lambda workspace, _: workspace.root, "has the workspace in it"),
    "one above it": (lambda workspace, _: workspace.root.parent, "has the workspace in it"),
    "a link to the workspace": (_linked(""), "has the workspace in it"),
    "the scripts": (lambda workspace, _: workspace.scripts_path, "is scripts already"),
    "a link to the scripts": (_linked("scripts"), "is scripts already"),
    "a link into the scripts": (_linked("scripts/x"), "taken for scripts"),
    "a link to the pages": (_linked("pages"), "is pages.templates already"),
    "a link into the pages": (_linked("pages/x"), "among the pages' templates"),
    "a folder of mails": (_with_file("contacts.csv"), "other files are in this folder"),
    "a link that leads nowhere": (_linked("no"), r"(is its disk there?)"),
    "a folder in none": (lambda _, folder: folder / "no" / "log", "there is no folder"),
    "a file": (lambda workspace, _: workspace.key_path, "is linktrack.key already"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_one_judge_says_where_no_log_may_be(workspace: Workspace, run: Run, tmp_path: Path, case: str) -> None:
    """What `serve` refuses, whether an option or the settings name it, monitoring says."""
    make, said = FOLDERS[case]
    for folder in (workspace.scripts_path / "x", workspace.templates_path / "x"):
        folder.mkdir(parents=True, exist_ok=True)
    folder = make(workspace, tmp_path)
    with pytest.raises(Conflict, match=re.escape(said)):
        refuse_log_folder(workspace, folder)
    with workspace.config_path.open("a") as file:
        file.write(f"\n[serve]\nlog = {json.dumps(str(folder))}\n")
    try:
        [trouble] = log_troubles(load_workspace(workspace.root, {}))
    except BadInput as problem:
        trouble = problem
    assert said in str(trouble)
    done = run("doctor")
    assert (done.code, said in done.out) == (6, True)


@pytest.mark.parametrize("name", ["clicks-1.ndjson", "clicks-1.ndjson.gz", ".hidden"])
def test_a_log_may_be_where_one_is(workspace: Workspace, tmp_path: Path, name: str) -> None:
    refuse_log_folder(workspace, _with_file(name)(workspace, tmp_path))
    (tmp_path / "disk").mkdir()
    workspace.click_log_path.symlink_to(tmp_path / "disk")
    refuse_log_folder(workspace, workspace.click_log_path)
    assert not log_troubles(workspace)
    (tmp_path / "disk").rmdir()
    assert log_troubles(workspace)
