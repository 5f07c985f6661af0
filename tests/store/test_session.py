"""The database: transactions, upgrades, and what a user can do wrong with its file."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.errors import BadInput, Conflict, LinktrackError, NotFound
from linktrack.store import tables
from linktrack.store.opening import open_database
from linktrack.store.revisions import HEAD
from linktrack.store.session import Database, connect
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace


def test_head_is_the_newest_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "linktrack:store/migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_revisions_make_the_tables_of_the_model(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    with database.engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_the_same_tables_can_be_made_on_postgresql() -> None:
    """Nothing in the model is for SQLite only: every table has its statement in the other dialect."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable
    from sqlmodel import SQLModel

    for table in SQLModel.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction():
        database.execute("INSERT INTO folder (path, created_at) VALUES ('A', 0)")
        with database.transaction():
            database.execute("INSERT INTO folder (path, created_at) VALUES ('B', 0)")
        raise ZeroDivisionError
    assert database.rows("SELECT path FROM folder") == []


def test_a_session_is_part_of_the_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.session() as records:
        records.add(tables.FolderRecord(path="A", created_at=0))
        records.flush()
        assert database.value("SELECT count(*) FROM folder") == 1
        raise ZeroDivisionError
    assert database.value("SELECT count(*) FROM folder") == 0
    with database.session() as records:
        records.add(tables.FolderRecord(path="B", created_at=0))
    assert database.rows("SELECT path FROM folder") == [("B",)]


def test_pragmas(database: Database) -> None:
    assert database.value("PRAGMA journal_mode") == "wal"
    assert database.value("PRAGMA foreign_keys") == 1


def _count_up(url: str, times: int) -> None:
    with connect(url) as database:
        for _ in range(times):
            with database.transaction():
                count = database.value("SELECT created_at FROM folder WHERE path = 'counter'")
                database.execute("UPDATE folder SET created_at = ? WHERE path = 'counter'", (count + 1,))


@pytest.mark.faults
def test_four_processes_lose_no_update(workspace: Workspace) -> None:
    with open_database(workspace) as database:
        database.execute("INSERT INTO folder (path, created_at) VALUES ('counter', 0)")
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_count_up, args=(workspace.database_url, 100)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0] * 4
        assert database.value("SELECT created_at FROM folder") == 400


def test_an_empty_database_is_a_missing_one(workspace: Workspace, run: Run) -> None:
    for path in workspace.root.glob("linktrack.db*"):
        path.unlink()
    (workspace.root / "linktrack.db").touch()
    for command in (("link", "list"), ("database", "upgrade")):
        done = run(*command)
        assert done.code == 4, command
        assert "no tables" in done.err
        assert "from a backup" in done.err


def test_a_version_that_no_linktrack_has_written_is_no_older_one(workspace: Workspace, run: Run) -> None:
    with open_database(workspace) as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    before = sorted(path.name for path in workspace.root.iterdir())
    for command in (["link", "list"], ["database", "upgrade"], ["backup", "b.tar.gz"], ["key", "rotate"]):
        done = run(*command)
        assert (done.code, "'0000', which no linktrack has written" in done.err) == (3, True), done.err
        assert sorted(path.name for path in workspace.root.iterdir()) == before, "no copy of before either"


def test_the_database_of_another_workspace_is_refused(
    workspace: Workspace, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = init_workspace(tmp_path / "other", "https://click.example.com", {})
    for name in ("linktrack.db", "linktrack.db-wal", "linktrack.db-shm"):
        (workspace.root / name).unlink(missing_ok=True)
    with open_database(other) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(other.root / "linktrack.db", workspace.root / "linktrack.db")
    done = run("link", "list")
    assert done.code == 3
    assert re.search(r"linktrack.toml:\d+: \[database\] id names the database", done.err)
    monkeypatch.setenv("LINKTRACK_DATABASE_ID", "another")
    done = run("link", "list")
    assert done.code == 3 and "LINKTRACK_DATABASE_ID" in done.err and "linktrack.toml" not in done.err, done.err


def test_reading_commands_work_on_a_read_only_file(workspace: Workspace, tmp_path: Path) -> None:
    """The sentence of a file that may not be written, as another user than root sees it."""
    if os.geteuid() == 0:
        if os.fork() == 0:
            code = 1
            try:
                workspace.root.chmod(0o755)
                for path in (tmp_path, *tmp_path.parents):
                    with contextlib.suppress(PermissionError):
                        path.chmod(path.stat().st_mode | 0o055)
                (workspace.root / "linktrack.db").chmod(0o644)
                with open_database(workspace) as database:
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                for name in ("linktrack.db-wal", "linktrack.db-shm"):
                    (workspace.root / name).unlink(missing_ok=True)
                os.setuid(65_534)
                with open_database(workspace) as database:
                    assert database.value("SELECT count(*) FROM link") == 4
                    with pytest.raises(Conflict, match="permissions"), database.transaction():
                        database.execute("DELETE FROM link")
                code = 0
            finally:
                os._exit(code)
        assert os.wait()[1] == 0


def test_a_newer_database_is_refused(workspace: Workspace, run: Run) -> None:
    with open_database(workspace) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = run("link", "list")
    assert done.code == 3
    assert "newer linktrack" in done.err


def test_a_file_that_is_no_database_is_refused(workspace: Workspace, run: Run) -> None:
    (workspace.root / "linktrack.db").write_bytes(b"hello, I am a text file" * 100)
    done = run("link", "list")
    assert done.code == 3
    assert "not a usable SQLite database: see that url under [database]" in done.err
    assert run("doctor").code == 6


def test_nothing_is_advised_about_a_file_elsewhere_that_is_no_database(
    workspace: Workspace, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "shadow"
    other.write_bytes(b"root:*:20000:0:99999:7:::\n")
    other.chmod(0o644)
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", f"sqlite:///{other}")
    said = run("doctor").out
    assert "names the file that is meant" in said and "chmod" not in said


def test_a_locked_database_is_a_conflict(workspace: Workspace) -> None:
    with open_database(workspace) as holder, holder.transaction():
        with (
            connect(workspace.database_url, wait=0.1) as other,
            pytest.raises(Conflict, match="locked"),
            other.transaction(),
        ):
            pass
        with connect(workspace.database_url, wait=0.1) as reader:
            assert reader.value("SELECT count(*) FROM folder") == 0, "reading goes on"


def test_an_unwritable_database_is_a_conflict(workspace: Workspace) -> None:
    with open_database(workspace) as database:
        database.execute("PRAGMA query_only=ON")
        with pytest.raises(Conflict, match="permissions"), database.transaction():
            database.execute("INSERT INTO folder (path, created_at) VALUES ('A', 0)")


def test_a_full_disk_is_a_conflict_and_loses_nothing(database: Database) -> None:
    database.execute("INSERT INTO folder (path, created_at) VALUES ('kept', 0)")
    database.execute(f"PRAGMA max_page_count={database.value('PRAGMA page_count')}")
    with pytest.raises(Conflict, match="disk is full"), database.transaction():
        database.executemany(
            "INSERT INTO folder (path, created_at) VALUES (?, 0)", [(f"{number:0100}",) for number in range(10_000)]
        )
    assert database.rows("SELECT path FROM folder") == [("kept",)]


def test_an_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="missing"):
        connect(f"sqlite:///{tmp_path / 'missing' / 'linktrack.db'}")


def test_the_key_file_is_for_its_owner_only(workspace: Workspace, run: Run) -> None:
    assert stat.S_IMODE(workspace.key_path.stat().st_mode) == 0o600
    workspace.key_path.chmod(0o644)
    done = run("key", "list")
    assert done.code == 3
    assert "chmod 600" in done.err


def test_a_backup_holds_everything_and_overwrites_nothing(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    import tarfile

    run("folder", "add", "Kept")
    target = tmp_path / "backup.tar.gz"
    assert run("backup", target).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as archive:
        assert {"linktrack.db", "linktrack.toml", "linktrack.key"} <= set(archive.getnames())
        packed = archive.extractfile("linktrack.db")
        assert packed is not None
        (tmp_path / "restored.db").write_bytes(packed.read())
    with sqlite3.connect(tmp_path / "restored.db") as copy:
        assert copy.execute("SELECT path FROM folder").fetchall() == [("Kept",)]
    copy.close()
    assert run("backup", target).code == 5
    assert list(tmp_path.glob(".linktrack*")) == []


def test_an_init_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LinktrackError):
        init_workspace(tmp_path / "new", "https://e.com", {"LINKTRACK_DATABASE_URL": "sqlite:///missing/linktrack.db"})
    assert list(tmp_path.iterdir()) == []


def test_an_init_that_fails_changes_nothing_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("a person's")
    (tmp_path / "mine.txt").chmod(0o644)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "linktrack.toml").symlink_to("/nowhere")
    for folder, url in (("deep/new", f"sqlite:///{tmp_path / 'mine.txt'}"), ("linked", "")):
        with pytest.raises(LinktrackError):
            init_workspace(tmp_path / folder, "https://e.com", {"LINKTRACK_DATABASE_URL": url} if url else {})
    assert stat.S_IMODE((tmp_path / "mine.txt").stat().st_mode) == 0o644
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["linked", "linktrack.toml", "mine.txt"]


def test_an_init_with_a_log_format_that_there_is_not_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="LINKTRACK_CLICKS_LOG_FORMAT"):
        init_workspace(tmp_path / "new", "https://e.com", {"LINKTRACK_CLICKS_LOG_FORMAT": "zz"})
    assert list(tmp_path.iterdir()) == []
