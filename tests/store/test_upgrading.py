"""A database of an older version, brought to a newer one by a revision that only these tests have; and by each that there is."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults import failing, points_of
from postgresql_server import new_database, ours
from postgresql_server import server as server
from tests_support import Run, call
from upkeep.upkeep_world import begin

from linktrack.errors import LinktrackError, Locked
from linktrack.mailings import rewriting
from linktrack.mailings.handing_out import HandedOut, hand_out
from linktrack.store import migrations, revisions
from linktrack.store.lock import alone, handing_out, standing_still
from linktrack.store.session import connect
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

TODAY = revisions.HEAD
NEXT = f"{int(TODAY) + 1:04}"
SECOND = f"""
revision = "{NEXT}"
down_revision = "{TODAY}"

def upgrade():
    from alembic import op
    op.execute("CREATE TABLE only_in_tests (number INTEGER)")
    op.execute("INSERT INTO only_in_tests (number) VALUES (1)")
"""


@contextmanager
def next_version(folder: Path, *, slowly: bool = False) -> Iterator[None]:
    """linktrack as it would be with one more revision, which takes a moment where it goes `slowly`."""
    folder.mkdir()
    moment = "    import time\n    time.sleep(0.5)\n"
    (folder / f"{NEXT}_next.py").write_text(SECOND + moment if slowly else SECOND)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "VERSIONS", (*migrations.VERSIONS, str(folder)))
        patch.setattr(revisions, "HEAD", NEXT)
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
        kept = workspace.root / f"linktrack.db.before-{TODAY}"
        assert kept.stat().st_mode & 0o777 == 0o600
        with connect(f"sqlite:///{kept}") as copy:
            assert copy.value("SELECT version_num FROM alembic_version") == TODAY
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
        points = 10  # more than there are: the locks', the copy's, the commit
        for number in range(1, points + 1):
            with failing(number):
                try:
                    upgrade()
                    break
                except LinktrackError as problem:
                    assert problem.exit_code == 5
            with connect(workspace.database_url) as database:
                assert revisions.revision(database) == TODAY
                assert database.value("SELECT count(*) FROM sqlite_master WHERE name = 'only_in_tests'") == 0
        assert number > 1
        assert "commit" not in points_of(upgrade), "it is at the newest already"
        assert rows_of(workspace) == [(1,)]


UPGRADE = ("database", "upgrade")
READERS: list[tuple[str, ...]] = [("link", "list"), ("report", "links"), ("doctor",)]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_several_upgrades_at_once_wait_for_each_other_while_others_read(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {}
    if kind == "postgresql":
        environ = {"LINKTRACK_DATABASE_URL": ours(new_database(request.getfixturevalue("server")))}
        monkeypatch.setenv(*next(iter(environ.items())))
    workspace = init_workspace(tmp_path / "w", "https://click.example.com", environ)
    with next_version(tmp_path / "versions", slowly=True):
        ends = at_once(workspace.root, [UPGRADE] * 4 + READERS)
        again = call("--workspace", workspace.root, *UPGRADE)
    upgrades = sorted(
        said.strip().rpartition("\n")[2] for command, code, said in ends if command == UPGRADE and code == 0
    )
    assert upgrades.count(f"The tables went from {TODAY} to {NEXT}.") == 1 and len(upgrades) == 4, ends
    others = {f"Another process has brought the tables from {TODAY} to {NEXT} meanwhile.", f"The tables are at {NEXT}."}
    assert set(upgrades) <= {f"The tables went from {TODAY} to {NEXT}.", *others}
    for command, code, said in ends:
        if command != UPGRADE and code:
            assert code == (6 if command == ("doctor",) else 3), (command, code, said)
    assert again.err == f"The tables are at {NEXT}.\n"
    assert rows_of(workspace) == [(1,)]
    if kind == "sqlite":
        with connect(f"sqlite:///{workspace.root / f'linktrack.db.before-{TODAY}'}") as kept:
            assert kept.value("SELECT version_num FROM alembic_version") == TODAY, "as it was before any of them"


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_an_upgrade_says_for_whom_it_has_waited_too_long(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environ = {}
    if kind == "postgresql":
        environ = {"LINKTRACK_DATABASE_URL": ours(new_database(request.getfixturevalue("server")))}
    workspace = init_workspace(tmp_path / "w", "https://click.example.com", environ)
    with (
        next_version(tmp_path / "versions"),
        connect(workspace.database_url) as first,
        connect(workspace.database_url, wait=0) as second,
    ):
        with first.transaction():
            if kind == "postgresql":
                first.take_alone(revisions.UPGRADE_LOCK, "upgrades the tables")
            with pytest.raises(Locked, match="another process"):
                revisions.upgrade(second, workspace)
        assert not list(workspace.root.glob("*.before-*"))
        with alone(workspace, first, "import", 0), pytest.raises(Locked, match=r"an import is running \(process"):
            revisions.upgrade(second, workspace)  # whose next batch would meet other tables
        with (
            handing_out(workspace, first, 0),
            connect(workspace.database_url) as third,
            handing_out(workspace, third, 0),  # several hand mails out at once
            pytest.raises(Locked, match=r"a rewrite is running \(process"),
        ):
            revisions.upgrade(second, workspace)
        with standing_still(workspace, first, 0, "an upgrade of the database"):
            for kept_waiting in (handing_out(workspace, second, 0), alone(workspace, second, "import", 0)):
                with (
                    pytest.raises(Locked, match=r"an upgrade of the database is running \(process"),
                    kept_waiting,
                ):
                    pass
            with pytest.raises(Locked, match=r"an upgrade of the database is running \(process"):
                revisions.upgrade(second, workspace)
        assert revisions.revision(second) == TODAY
        assert revisions.upgrade(second, workspace) == (TODAY, False)


def test_an_upgrade_waits_for_mails_that_are_handed_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = begin(run, tmp_path / "work")
    workspace, tried = load_workspace(life.root, {}), []

    def while_others_upgrade(*arguments: Any) -> HandedOut:
        with (
            next_version(tmp_path / "versions"),
            connect(workspace.database_url) as other,
            pytest.raises(Locked, match=r"a rewrite is running \(process"),
        ):
            revisions.upgrade(other, workspace)
        tried.append(True)
        return hand_out(*arguments)

    monkeypatch.setattr(rewriting, "hand_out", while_others_upgrade)
    life.send("spring")
    assert tried == [True]


def at_once(root: Path, commands: Sequence[tuple[str, ...]]) -> list[tuple[tuple[str, ...], int, str]]:
    """Commands in processes of their own, all at the same time: each with its code and what it has said."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    start = context.Barrier(len(commands))

    def run(command: tuple[str, ...]) -> None:
        start.wait(60)
        try:
            done = call("--workspace", root, *command)
        except BaseException as bug:
            results.put((command, 1, repr(bug)))
            raise
        results.put((command, done.code, done.err + done.out))

    workers = [context.Process(target=run, args=(command,)) for command in commands]
    for worker in workers:
        worker.start()
    ends = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    return ends
