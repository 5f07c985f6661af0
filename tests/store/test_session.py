"""The database: transactions, upgrades, and what a user can do wrong with its file."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest
from tests_support import Run

from linktrack.errors import BadInput, Conflict
from linktrack.store import session, tables
from linktrack.store.session import HEAD, Database, connect, open_database
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


def test_a_shipment_of_an_older_version_takes_the_addresses_that_are_known(workspace: Workspace, run: Run) -> None:
    (workspace.root / "mail.html").write_text('<a href="https://shop.example/">x</a>')
    (workspace.root / "people.csv").write_text("contact_id,email,name\n1,a@x.example,Åsa\n2,b@x.example,Bo\n", "utf-8")
    assert run("mailing", "add", "news", "mail.html").code == 0
    assert run("mailing", "rewrite", "news", "--contacts", "people.csv", "--out", "out").code == 0
    sent = "SELECT recipient_id, email, name FROM shipment_recipient ORDER BY position"
    with sqlite3.connect(workspace.root / "linktrack.db") as older:
        before = older.execute(sent).fetchall()
        for name in ("email", "name"):
            older.execute(f"ALTER TABLE shipment_recipient DROP COLUMN {name}")
        older.execute("UPDATE alembic_version SET version_num = '0003'")
    older.close()
    with open_database(workspace) as database:
        assert database.rows(sent) == before == [(1, "a@x.example", "Åsa"), (2, "b@x.example", "Bo")]


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
        records.add(tables.Folder(path="A", created_at=0))
        records.flush()
        assert database.value("SELECT count(*) FROM folder") == 1
        raise ZeroDivisionError
    assert database.value("SELECT count(*) FROM folder") == 0
    with database.session() as records:
        records.add(tables.Folder(path="B", created_at=0))
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


def _open(root: str) -> None:
    from linktrack.workspace import load_workspace

    open_database(load_workspace(Path(root)), new=True).close()


@pytest.mark.faults
def test_processes_that_start_at_once_make_one_schema(workspace: Workspace) -> None:
    for path in workspace.root.glob("linktrack.db*"):
        path.unlink()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_open, args=(str(workspace.root),)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    with connect(workspace.database_url) as database:
        assert session.revision(database) == HEAD


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
    assert "not a usable SQLite database" in done.err
    assert run("doctor").code == 6


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


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(BadInput, match="sqlite:///"):
        connect("mysql://user:secret@host/db")


def test_an_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="permissions"):
        connect(f"sqlite:///{tmp_path / 'missing' / 'linktrack.db'}").execute("CREATE TABLE x (y)")


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
