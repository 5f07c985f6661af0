"""A database of an older version, brought to a newer one by a second revision that only these tests have."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults import failing, points_of
from postgresql_server import new_database, ours
from postgresql_server import server as server
from tests_support import Run

from linktrack.errors import LinktrackError
from linktrack.store import migrations, revisions
from linktrack.store.session import connect
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

SECOND = """
revision = "0002"
down_revision = "0001"

def upgrade():
    from alembic import op
    op.execute("CREATE TABLE only_in_tests (number INTEGER)")
    op.execute("INSERT INTO only_in_tests (number) VALUES (1)")
"""


@contextmanager
def next_version(folder: Path) -> Iterator[None]:
    """linktrack as it would be with one more revision."""
    folder.mkdir()
    (folder / "0002_second.py").write_text(SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "VERSIONS", (*migrations.VERSIONS, str(folder)))
        patch.setattr(revisions, "HEAD", "0002")
        yield


def rows_of(workspace: Workspace) -> list[tuple[int]]:
    with connect(workspace.database_url) as database:
        return database.rows("SELECT number FROM only_in_tests")


def test_only_database_upgrade_changes_the_tables_after_a_copy(run: Run, workspace: Workspace, tmp_path: Path) -> None:
    before = load_workspace(workspace.root, {})
    with next_version(tmp_path / "versions"):
        for command in (["link", "list"], ["key", "rotate"], ["backup", "b.tar.gz"], ["doctor"]):
            done = run(*command)
            assert done.code == (6 if command == ["doctor"] else 3)
            assert "run linktrack database upgrade" in done.err + done.out
        assert run("database", "upgrade").code == 0
        assert rows_of(before) == [(1,)]
        kept = workspace.root / "linktrack.db.before-0001"
        assert kept.stat().st_mode & 0o777 == 0o600
        with connect(f"sqlite:///{kept}") as copy:
            assert copy.value("SELECT version_num FROM alembic_version") == "0001"
            assert copy.value("SELECT count(*) FROM link") == 4
        assert run("database", "upgrade").code == 0
        assert rows_of(before) == [(1,)], "twice is once"
        assert run("link", "list").code == 0
    assert run("link", "list").code == 3, "a newer database is refused by the older program"


@pytest.mark.faults
def test_an_upgrade_that_fails_anywhere_is_done_again(workspace: Workspace, tmp_path: Path) -> None:
    def upgrade() -> object:
        with connect(workspace.database_url) as database:
            return revisions.upgrade(database, workspace)

    with next_version(tmp_path / "versions"):
        points = 6  # more than there are: the copy's, the commit
        for number in range(1, points + 1):
            with failing(number):
                try:
                    upgrade()
                    break
                except LinktrackError as problem:
                    assert problem.exit_code == 5
            with connect(workspace.database_url) as database:
                assert revisions.revision(database) == "0001"
                assert database.value("SELECT count(*) FROM sqlite_master WHERE name = 'only_in_tests'") == 0
        assert number > 1
        assert "commit" not in points_of(upgrade), "it is at the newest already"
        assert rows_of(workspace) == [(1,)]


@pytest.mark.servers
def test_two_upgrades_at_once_on_postgresql_wait_for_each_other(server: str, tmp_path: Path) -> None:
    url = ours(new_database(server))
    workspace = init_workspace(tmp_path / "w", "https://click.example.com", {"LINKTRACK_DATABASE_URL": url})
    ends: list[object] = []

    def upgrade() -> None:
        try:
            with connect(url, wait=60) as database:
                ends.append(revisions.upgrade(database, workspace))
        except BaseException as problem:
            ends.append(problem)

    with next_version(tmp_path / "versions"):
        together(upgrade, 4)
    assert [end for end in ends if isinstance(end, BaseException)] == []
    assert rows_of(workspace) == [(1,)]


def together(job: Callable[[], None], times: int) -> None:
    threads = [threading.Thread(target=job) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
