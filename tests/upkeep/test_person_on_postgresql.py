"""Forgetting and purging on PostgreSQL: the same as on SQLite, in every report and row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from faults import killed, points_of, sample
from postgresql_server import new_database, ours, server  # noqa: F401  (a fixture)
from tests_support import Run
from upkeep.persons_world import SENT, VERA, WORDS, PersonsWorld, make_persons_world
from upkeep.test_forget import NAMED, OF_PERSONS

from linktrack.moments import moment_of
from linktrack.store.forgotten import is_forgotten
from linktrack.store.session import Database, connect
from linktrack.upkeep.deep import missing_rows, wrong_figures
from linktrack.upkeep.forget import forget_person
from linktrack.upkeep.making import init_workspace
from linktrack.upkeep.purge import purge_clicks, purge_due
from linktrack.workspace import load_workspace

MINUTE = 60_000
NOW = moment_of(SENT) + 400 * 24 * 60 * MINUTE


@pytest.fixture
def on_server(server: str, tmp_path: Path, run: Run) -> PersonsWorld:  # noqa: F811
    address = ours(new_database(server))
    root = tmp_path / "server"
    init_workspace(root, "https://click.example.com", {"LINKTRACK_DATABASE_URL": address})
    settings = root / "linktrack.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("[database]\n", f'[database]\nurl = "{address}"\n'), "utf-8"
    )
    return make_persons_world(load_workspace(root, {}), tmp_path / "outside-of-server", run)


def texts_of(database: Database) -> Iterator[str]:
    """All that the tables hold, as text."""
    for (table,) in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"):
        for (row,) in database.rows(f'SELECT CAST("{table}" AS text) FROM "{table}"'):
            yield f"{table}: {row}".lower()


def bytes_of(database: Database, words: Iterable[bytes]) -> list[str]:
    """In which of the server's files of the database any of these words can be read, whatever table has them."""
    database.execute("CHECKPOINT")
    row = database.row(
        "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
    )
    assert row is not None
    files = [path for path in (Path(row[0]) / "base" / str(row[1])).iterdir() if path.is_file()]
    tables = {
        str(number): name for number, name in database.rows("SELECT pg_relation_filenode(oid), relname FROM pg_class")
    }
    held = [path for path in files if any(word in path.read_bytes() for word in words)]
    return [tables.get(path.name.partition(".")[0], path.name) for path in held]


def figures(world: PersonsWorld) -> dict[str, str]:
    """The reports in which no keys of placements are: they are another database's."""
    return {name: said for name, said in world.reports().items() if "placement" not in name}


@pytest.mark.servers
def test_forgetting_and_purging_do_the_same(on_server: PersonsWorld, persons: PersonsWorld) -> None:
    assert figures(on_server) == figures(persons)
    with on_server.open() as database:
        database.execute("ANALYZE")
        assert {"recipient", "shipment_recipient", "pg_statistic"} <= set(bytes_of(database, WORDS))
    done = []
    for world in (on_server, persons):
        with world.open() as database:
            forgotten = forget_person(world.workspace, database, VERA[0], NOW)
            assert forgotten.cleaned.done, forgotten.cleaned.missing
            done.append((forgotten.mails, forgotten.clicks, forgotten.changes, forgotten.log_lines, forgotten.agents))
    assert done[0] == done[1]
    with on_server.open() as database:
        found = [row for row in texts_of(database) for word in WORDS if word.decode().lower() in row]
        assert bytes_of(database, WORDS) == [], "in no page of a table or an index, nor in a sample of the planner"
    assert found == [] and on_server.places_of() == []
    assert figures(on_server) == figures(persons)
    before = on_server.reports()
    done = []
    for world in (on_server, persons):
        world.workspace = load_workspace(world.root, {})
        with world.open() as database:
            purged = purge_clicks(world.workspace, database, moment_of(SENT) + 20 * MINUTE, NOW)
            done.append((purged.clicks, purged.open, purged.agents, purged.log_files, purged.values))
    assert done[0] == done[1] and done[0][0] > 0
    assert on_server.reports() == before
    done = []
    for world in (on_server, persons):
        with (world.root / "linktrack.toml").open("a") as file:
            file.write('\n[retention]\nclicks = "90d"\nagents = "30d"\nvalues = "30d"\nclick_logs = "30d"\n')
        world.workspace = load_workspace(world.root, {})
        with world.open() as database:
            purged = purge_due(world.workspace, database, NOW)
            done.append((purged.clicks, purged.open, purged.agents, purged.log_files, purged.values))
    assert done[0] == done[1] and done[0][0] > 0
    assert on_server.reports() == before and figures(on_server) == figures(persons)


@pytest.mark.servers
@pytest.mark.faults
def test_killed_at_any_write_the_same_command_does_the_rest(on_server: PersonsWorld) -> None:
    """Each time somebody else is forgotten, then more is purged, and the process killed at another point of it. The
    server may take a moment to see that its client is gone, and has its lock until then."""

    def forget(contact: str) -> None:
        with on_server.open() as database:
            forget_person(on_server.workspace, database, contact, NOW, wait=30)

    def purge(minutes: int) -> None:
        with on_server.open() as database:
            purge_clicks(
                on_server.workspace, database, moment_of(SENT) + minutes * MINUTE, NOW, even_open=True, wait=30
            )

    def is_sound() -> None:
        with on_server.open() as database:
            assert [*missing_rows(database), *wrong_figures(database)] == []

    before, stopped = figures(on_server), 0
    for person, point in enumerate(sample(points_of(lambda: forget("0")), 5), 1):
        stopped += killed(lambda: forget(str(person)), point)  # noqa: B023  (done before the next turn)
        forget(str(person))
        is_sound()
        with on_server.open() as database:
            assert is_forgotten(database, str(person))
            word = f"p{person}@example.com"
            assert [row for row in texts_of(database) if word in row] == [], f"killed before point {point}"
    after = figures(on_server)
    assert {name for name in before if before[name] != after[name]} <= {*OF_PERSONS, *NAMED}
    for step, point in enumerate(sample(points_of(lambda: purge(2)), 4), 1):
        minutes = 2 + 4 * step
        stopped += killed(lambda: purge(minutes), point)  # noqa: B023
        purge(minutes)
        with on_server.open() as database:
            edge = moment_of(SENT) + minutes * MINUTE
            assert not database.value("SELECT count(*) FROM click WHERE clicked_at < ?", (edge,)), f"point {point}"
        assert figures(on_server) == after
    assert stopped >= 5, "who has left less behind is forgotten in fewer steps"


@pytest.mark.servers
def test_another_machine_s_import_is_waited_for(on_server: PersonsWorld) -> None:
    """The lock is the server's: whoever imports on another machine has it, too."""
    from linktrack.errors import Locked
    from linktrack.store.lock import alone

    elsewhere = on_server.outside / "another-machine"
    elsewhere.mkdir()
    for path in (on_server.root / "linktrack.toml", on_server.root / "linktrack.key"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    other = load_workspace(elsewhere, {})
    with (
        connect(other.database_url) as database,
        alone(other, database, "import", 0),
        on_server.open() as here,
        pytest.raises(Locked, match="an import, or what must not go on beside it, is running on another machine"),
    ):
        forget_person(on_server.workspace, here, VERA[0], NOW)
