"""A backup: whole and verified, or none at all, wherever it is stopped; and a restore likewise."""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from faults import failing, killed, points_of, sample
from tests_support import Run
from upkeep.upkeep_world import Life, begin

from linktrack.errors import LinktrackError
from linktrack.files.beside import leftovers
from linktrack.files.protected import CONFIG_NAME
from linktrack.files.writing import writing
from linktrack.links.signing_keys import open_keys, rotate_key
from linktrack.store.opening import open_database
from linktrack.upkeep.archive import contents_in
from linktrack.upkeep.backup import backup
from linktrack.upkeep.making import init_workspace
from linktrack.upkeep.restore import restore
from linktrack.workspace import Workspace, load_workspace

PROGRAM = [sys.executable, "-m", "linktrack"]


def in_it(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return archive.getnames()


def test_a_backup_says_what_it_holds_and_holds_what_it_says(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "scripts" / "deep").mkdir()
    (workspace.root / "scripts" / "deep" / "x.py").write_text("x")
    (workspace.root / "pages").mkdir()
    (workspace.root / "pages" / "base.html").write_text("ours")
    done = run("backup", tmp_path / "b.tar.gz")
    held = "with the database (0 clicks), the settings, the signing key, the scripts and the templates of pages."
    assert held in done.err
    assert in_it(tmp_path / "b.tar.gz") == [
        *("backup.json", "linktrack.db", "linktrack.toml", "linktrack.key", "scripts", "scripts/deep"),
        *("scripts/deep/x.py", "pages", "pages/base.html"),
    ]
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        said = archive.extractfile("backup.json")
        assert said is not None
        contents = contents_in(said.read(), tmp_path / "b.tar.gz")
    with open_database(workspace) as database:
        for table, rows in contents.rows.items():
            assert database.value(f"SELECT count(*) FROM {table}") == rows, table
        assert len(contents.rows) > 30


def test_actions_that_no_run_carries_out_are_in_it_and_said(run: Run, tmp_path: Path) -> None:
    life = begin(run, tmp_path / "work")
    with open_database(load_workspace(life.root, {})) as database:
        database.execute("UPDATE action SET settings = '{\"script\": 5}' WHERE type = 'script'")
    said = life.do("--quiet", "backup", tmp_path / "b.tar.gz").err
    assert "The backup has it as it is: action 6 of offer: " in said and "linktrack action remove offer 6" in said


@pytest.mark.parametrize("how", ["a page is damaged", "the end is missing", "a row lost its parent"])
def test_of_a_damaged_database_no_backup_is_made(run: Run, workspace: Workspace, tmp_path: Path, how: str) -> None:
    path = workspace.root / "linktrack.db"
    with open_database(workspace) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = database.value("SELECT rootpage FROM sqlite_master WHERE name = 'link'")
        size = database.value("PRAGMA page_size")
    if how == "a row lost its parent":
        broken = sqlite3.connect(path)
        broken.execute("UPDATE link SET folder_id = 77")
        broken.commit()
        broken.close()
    else:
        with path.open("r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\x5a" * size)
            if how == "the end is missing":
                file.truncate(10 * size)
    done = run("backup", tmp_path / "b.tar.gz")
    assert done.code == 3
    assert "no backup is made" in done.err or "not a usable SQLite database" in done.err
    assert [one.name for one in tmp_path.iterdir()] == ["workspace"]


def test_what_the_disk_gives_back_otherwise_is_no_backup(
    run: Run, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = gzip.GzipFile.close

    def damage(self: gzip.GzipFile) -> None:
        is_written = self.mode == gzip.WRITE and self.fileobj is not None
        written(self)
        if is_written:
            [aside] = tmp_path.glob(".b.tar.gz.unfinished-*")
            data = aside.read_bytes()
            if len(data) > 2000:
                with aside.open("r+b") as damaged:
                    damaged.seek(1500)
                    damaged.write(bytes(byte ^ 0xFF for byte in data[1500:1510]))

    monkeypatch.setattr(gzip.GzipFile, "close", damage)
    done = run("backup", tmp_path / "b.tar.gz")
    assert done.code == 3, done.err
    assert [one.name for one in tmp_path.iterdir()] == ["workspace"]


def test_a_backup_is_of_one_moment_while_others_write(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        with open_database(workspace) as database:
            while not stop.is_set():
                number += 1
                with database.transaction():  # a folder and its link, always together
                    database.execute("INSERT INTO folder (path, created_at) VALUES (?, 0)", (f"F{number}",))
                    database.execute(
                        "INSERT INTO link (key, identity, name, kind, url, folder_id, response, created_at, updated_at) "
                        "VALUES (?, ?, '', 'registered', 'https://e.com', (SELECT max(id) FROM folder), ?, 0, 0)",
                        (f"k{number}", f"k{number}", '{"kind": "redirect"}'),
                    )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            assert run("backup", tmp_path / f"{number}.tar.gz").code == 0
    finally:
        stop.set()
        writer.join()
    restore(tmp_path / "2.tar.gz", tmp_path / "r", {})
    with open_database(load_workspace(tmp_path / "r", {})) as database:
        folders, links = (
            database.value(f"SELECT count(*) FROM {what}") for what in ("folder", "link WHERE kind = 'registered'")
        )
        assert folders == links > 0


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A folder on a disk of its own that is soon full."""
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]).returncode:
        pytest.skip("only root can mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("size", ["8k", "128k", "300k"])
def test_a_full_disk_is_a_conflict_and_leaves_nothing(
    run: Run, workspace: Workspace, tmp_path: Path, size: str
) -> None:
    (workspace.root / "scripts" / "big").write_bytes(os.urandom(400_000))
    assert run("backup", tmp_path / "good.tar.gz").code == 0
    with small_disk(tmp_path / "disk", size) as disk:
        for command in (["backup", disk / "b.tar.gz"], ["restore", tmp_path / "good.tar.gz", disk / "r"]):
            done = run(*command)
            assert (done.code, "full" in done.err) == (5, True), done.err
            assert list(disk.iterdir()) == []


def test_on_a_full_disk_every_command_says_the_way_out_and_goes_on_when_there_is_room(run: Run, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        life = begin(run, disk / "work")
        paths = life.send("spring")
        log = life.log("a.log", (paths["1"][0], 60), (paths["2"][0], 90))
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(b"x" * 4096):
                pass
        for command in (
            ["click", "import", log], ["link", "add", "new", "--url", "https://e.com"], ["backup", disk / "b.tar.gz"],
            ["key", "rotate"], ["mailing", "rewrite", "spring", "--again", "--contacts", life.root / "contacts.csv",
                                "--as", "ndjson", "--out", life.root / "more"],
        ):  # fmt: skip
            done = life.call("--workspace", life.root, *command)
            assert (done.code, "free some space" in done.err) == (5, True), (command, done.err)
        listed = life.call("--workspace", life.root, "link", "list")
        assert listed.code == 0 or "free some space" in listed.err, listed.err
        looked = life.call("--workspace", life.root, "doctor")
        assert "space" in looked.out
        filler.unlink()
        life.do("click", "import", log)
        life.run("run-1")
        life.sound("--deep")


def test_into_a_pipe_and_a_folder_that_is_not_there(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    done = subprocess.run([*PROGRAM, "backup", "-", "--quiet"], cwd=workspace.root, capture_output=True, check=True)
    assert done.stderr == b""
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert "linktrack.db" in archive.getnames()
    back = subprocess.run(
        [*PROGRAM, "restore", "-", tmp_path / "r"], input=done.stdout, capture_output=True, check=True
    )
    assert b"What comes next" in back.stderr
    assert run("--workspace", tmp_path / "r", "link", "list").code == 0
    assert run("backup", tmp_path / "no" / "b.tar.gz").code == 4
    assert not (tmp_path / "no").exists()


def test_a_workspace_that_can_only_be_read_is_backed_up_into_a_pipe(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a read-only file system; the copy lies in the system's temporary folder for a moment."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with small_disk(tmp_path / "disk", "8m") as disk:
        life = begin(run, disk / "work")
        life.send("spring")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = subprocess.run(
            [*PROGRAM, "--workspace", life.root, "backup", "-", "--quiet"], capture_output=True, check=True
        )
        assert list((tmp_path / "temporary").iterdir()) == []
    back = subprocess.run(
        [*PROGRAM, "restore", "-", tmp_path / "r", "--quiet"], input=done.stdout, capture_output=True, check=True
    )
    assert b"What comes next" in back.stderr
    assert Life(run, tmp_path / "r").json("shipment", "list")


def test_no_byte_of_a_backup_that_fails_goes_into_a_pipe(workspace: Workspace) -> None:
    """Whatever fails, and however late: here a name that no backup holds, in what comes last."""
    (workspace.root / "pages").mkdir()
    (workspace.root / "pages" / "two\nlines.html").write_text("x")
    done = subprocess.run([*PROGRAM, "backup", "-"], cwd=workspace.root, capture_output=True)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"has a control character in its name" in done.stderr
    (workspace.root / "pages" / "two\nlines.html").unlink()
    (workspace.root / "linktrack.key").write_text("0:" + "11" * 32)
    done = subprocess.run([*PROGRAM, "backup", "-"], cwd=workspace.root, capture_output=True)
    assert (done.returncode, done.stdout) == (3, b"")


def test_nothing_of_a_workbook_that_fails_goes_into_a_pipe(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out))
    with pytest.raises(ZeroDivisionError), writing(Path("-"), workspace.protected()) as file:
        file.write(b"the first half")
        raise ZeroDivisionError
    with writing(Path("-"), workspace.protected()) as file:
        file.write(b"all of it")
    assert out.getvalue() == b"all of it"


# --- stopped anywhere ------------------------------------------------------------------------------------------------


def backing_up(workspace: Workspace, target: Path) -> Callable[[], object]:
    return lambda: backup(workspace, target)


@pytest.mark.faults
def test_a_backup_may_fail_anywhere(workspace: Workspace, tmp_path: Path) -> None:
    points = points_of(backing_up(workspace, tmp_path / "first.tar.gz"))
    assert "replace" in points or "rename" in points
    for number in range(1, len(points) + 1):
        target = tmp_path / str(number) / "b.tar.gz"
        target.parent.mkdir()
        with failing(number), suppress(LinktrackError):
            backup(workspace, target)
        if target.exists():  # only what comes after its name was given
            restore(target, tmp_path / f"r{number}", {})
        assert [path for path in target.parent.iterdir() if path != target] == []


@pytest.mark.faults
def test_a_killed_backup_leaves_no_copy_and_the_next_one_clears_up(workspace: Workspace, tmp_path: Path) -> None:
    points = points_of(backing_up(workspace, tmp_path / "first.tar.gz"))
    for number in sample(points, 8):
        target = tmp_path / str(number) / "b.tar.gz"
        target.parent.mkdir()
        assert killed(backing_up(workspace, target), number)
        for path in target.parent.rglob("*"):  # at most the file itself that it was writing, under another name
            assert path.is_file() and "b.tar.gz" in path.name, path
            assert path.stat().st_mode & 0o077 == 0
        later = target.with_name("later.tar.gz")
        backup(workspace, later)
        assert leftovers(target.parent) == []
        restore(later, tmp_path / f"r{number}", {})


@pytest.mark.faults
def test_a_restore_may_fail_anywhere(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.root / "scripts" / "a.py").write_text("a")
    backup(workspace, tmp_path / "b.tar.gz")
    points = points_of(lambda: restore(tmp_path / "b.tar.gz", tmp_path / "first", {}))
    assert points.count("link") == 4
    for number in range(1, len(points) + 1):
        root = tmp_path / f"r{number}"
        with failing(number), suppress(LinktrackError):
            restore(tmp_path / "b.tar.gz", root, {})
        if not (root / CONFIG_NAME).exists():
            assert not root.exists(), [path.name for path in root.iterdir()]
            restore(tmp_path / "b.tar.gz", root, {})
        check(root)


@pytest.mark.faults
def test_a_killed_restore_is_no_workspace_or_a_whole_one_and_the_next_one_clears_up(
    workspace: Workspace, tmp_path: Path
) -> None:
    (workspace.root / "scripts" / "a.py").write_text("a")
    backup(workspace, tmp_path / "b.tar.gz")
    points = points_of(lambda: restore(tmp_path / "b.tar.gz", tmp_path / "first", {}))
    for number in sample(points, 16):
        root = tmp_path / f"r{number}"
        assert killed(partial(restore, tmp_path / "b.tar.gz", root, {}), number)
        if (root / CONFIG_NAME).exists():
            check(root)
            with pytest.raises(LinktrackError, match="never restored over"):
                restore(tmp_path / "b.tar.gz", root, {})
            continue
        (root / "mine.txt").write_text("a person's")
        restore(tmp_path / "b.tar.gz", root, {})
        check(root)
        assert leftovers(root) == []
        assert (root / "mine.txt").read_text() == "a person's"


@pytest.mark.faults
@pytest.mark.parametrize("stop", [failing, killed], ids=["fails", "is killed"])
@pytest.mark.parametrize("url", ["", "sqlite:///elsewhere.db"], ids=["beside", "elsewhere"])
def test_an_init_that_fails_or_is_killed_anywhere_can_be_done_again(
    tmp_path: Path, stop: Callable[..., object], url: str
) -> None:
    """It is no workspace or a whole one; what a killed one left goes, and nothing else."""
    environ = {"LINKTRACK_DATABASE_URL": url} if url else {}

    def make(root: Path) -> object:
        return init_workspace(root, "https://click.example.com", environ)

    points = points_of(lambda: make(tmp_path / "first"))
    assert points.count("link") == (2 if url else 3)
    for number in range(1, len(points) + 1) if stop is failing else sample(points, 12):
        root = tmp_path / f"w{number}"
        root.mkdir()
        (root / "mine.txt").write_text("a person's")
        if stop is failing:
            with failing(number), suppress(LinktrackError):
                make(root)
            if not (root / CONFIG_NAME).exists():
                assert [path.name for path in root.iterdir()] == ["mine.txt"], points[number - 1]
        else:
            assert killed(partial(make, root), number)
        if not (root / CONFIG_NAME).exists():
            make(root)
        workspace = load_workspace(root, environ)
        with open_database(workspace) as database:
            assert open_keys(workspace, database).foreign == ()
            assert [row[0] for row in database.rows("SELECT id FROM signing_key")] == [0]
        assert (root / "mine.txt").read_text() == "a person's"
        backup(workspace, root / "b.tar.gz")
        assert leftovers(root) == []


def check(root: Path) -> None:
    """A restored workspace is whole."""
    workspace = load_workspace(root, {})
    with open_database(workspace) as database:
        open_keys(workspace, database)
        assert database.value("PRAGMA quick_check") == "ok"
        assert database.value("SELECT restored_at FROM workspace") is not None
    assert (root / "scripts" / "a.py").read_text() == "a"


@pytest.mark.faults
@pytest.mark.parametrize("stop", [failing, killed], ids=["fails", "is killed"])
def test_a_rotation_that_fails_or_is_killed_anywhere_loses_no_key(
    workspace: Workspace, tmp_path: Path, stop: Callable[..., object]
) -> None:
    def rotate(root: Path) -> object:
        with open_database(load_workspace(root, {})) as database:
            return rotate_key(load_workspace(root, {}), database)

    def copy(name: str) -> Path:
        return Path(shutil.copytree(workspace.root, tmp_path / name))

    with open_database(workspace) as database:
        token = open_keys(workspace, database).tokens.sign(7, 9)
    points = points_of(lambda: rotate(copy("first")))
    for number in range(1, len(points) + 1):
        root = copy(str(number))
        if stop is failing:
            with failing(number), suppress(LinktrackError):
                rotate(root)
        else:
            killed(partial(rotate, root), number)
        mended = load_workspace(root, {})
        with open_database(mended) as database:
            assert open_keys(mended, database).tokens.verify(token) == (7, 9), "mails of before go on working"
            known = database.value("SELECT count(*) FROM signing_key")
            made = rotate_key(mended, database)[0]
            assert made == known, "ids come one after the other: a key that was left is adopted"
            after = open_keys(mended, database)
            assert after.keyring.signing_id == made and after.foreign == ()
            assert after.tokens.verify(token) == (7, 9)
        backup(mended, root / "b.tar.gz")


def test_the_key_of_the_environment_is_in_it(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    life = begin(run, tmp_path / "work")
    monkeypatch.setenv("LINKTRACK_SECRET", (life.root / "linktrack.key").read_text().strip())
    (life.root / "linktrack.key").unlink()
    life.do("backup", tmp_path / "b.tar.gz")
    monkeypatch.delenv("LINKTRACK_SECRET")
    assert run("restore", tmp_path / "b.tar.gz", tmp_path / "r").code == 0
    assert run("--workspace", tmp_path / "r", "key", "list").code == 0


def test_a_workspace_in_use_that_lost_its_settings_is_not_taken_for_what_a_killed_init_left(
    run: Run, tmp_path: Path
) -> None:
    from linktrack.upkeep.placing import clear_killed

    root = tmp_path / "w"
    assert run("init", root, "--base-url", "https://c.example.org").code == 0
    aside = root / ".linktrack.unfinished-0123456789ab"  # as a kill at the end leaves it
    aside.mkdir()
    for name in ("linktrack.db", "linktrack.key", "linktrack.toml"):
        (aside / name).hardlink_to(root / name)
    assert run("--workspace", root, "link", "add", "kept", "--url", "https://www.example.com/k").code == 0
    (root / "linktrack.toml").unlink()
    clear_killed(root)
    assert (root / "linktrack.key").exists() and (root / "linktrack.db").exists()
    done = run("init", root, "--base-url", "https://c.example.org")
    assert done.code == 5 and "and no linktrack.toml: bring that back from a backup" in done.err
    assert (aside / "linktrack.toml").exists(), "nor is what it still has of them taken away"


@pytest.mark.faults
@pytest.mark.parametrize("last", range(5), ids=lambda last: f"{last} steps before the end")
def test_a_copy_of_what_a_killed_init_left_becomes_a_workspace_by_what_is_said(
    run: Run, tmp_path: Path, last: int
) -> None:
    def make(root: Path) -> object:
        return init_workspace(root, "https://click.example.com", {})

    points = points_of(lambda: make(tmp_path / "first"))
    assert killed(partial(make, tmp_path / "w"), len(points) - last)
    copied = Path(shutil.copytree(tmp_path / "w", tmp_path / "copied"))
    done = run("init", copied, "--base-url", "https://click.example.com")
    if (copied / CONFIG_NAME).exists():  # it was whole but for its last sync
        assert run("--workspace", copied, "doctor").code == 0
        return
    found = re.search(r"if none were, remove (.+) there, and run this again", done.err)
    assert done.code == 5 and found is not None, done.err
    for name in found[1].split(", "):
        path = copied / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert run("init", copied, "--base-url", "https://click.example.com").code == 0
    assert run("--workspace", copied, "doctor").code == 0 and leftovers(copied) == []
