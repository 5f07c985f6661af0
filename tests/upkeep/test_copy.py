"""`database copy`: the same in another database, or nothing; SQLite to SQLite here, PostgreSQL in tests/store."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from faults import failing, killed, points_of, sample
from tests_support import call
from upkeep.upkeep_world import Life, begin

from linktrack.errors import LinktrackError
from linktrack.files.beside import leftovers
from linktrack.store.opening import open_database
from linktrack.store.session import connect
from linktrack.upkeep.copy import copy_database
from linktrack.workspace import load_workspace


@pytest.fixture(scope="module")
def _life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    made = begin(call, tmp_path_factory.mktemp("lived") / "work")
    paths = made.send("spring")
    made.do("click", "import", made.log("a.log", (paths["1"][0], 60), (paths["2"][1], 90)))
    made.run("run-1")
    return made


@pytest.fixture
def life(_life: Life, tmp_path: Path) -> Life:
    return _life.copy(tmp_path / "work")


def test_the_copy_is_the_workspace_from_then_on(life: Life) -> None:
    before = life.do("report", "links", "--format", "json").out
    said = life.do("database", "copy", "sqlite:///linktrack.db", "sqlite:///moved.db", "--quiet").err
    url, made = re.findall(r'(?:url|id) = "(.+?)"', said)
    assert (life.root / "moved.db").stat().st_mode & 0o777 == 0o600
    life.do("database", "copy", "sqlite:///linktrack.db", "sqlite:///moved.db", code=5)
    text = (life.root / "linktrack.toml").read_text()
    settings = re.sub(r"\nid = .*", "", text).replace("[database]\n", f'[database]\nurl = "{url}"\n')
    (life.root / "linktrack.toml").write_text(settings.replace("[database]\n", '[database]\nid = "other"\n'))
    life.do("link", "list", code=3)
    (life.root / "linktrack.toml").write_text(settings.replace("[database]\n", f'[database]\nid = "{made}"\n'))
    assert life.do("report", "links", "--format", "json").out == before
    life.sound("--deep")
    life.do("link", "add", "new", "--url", "https://www.example.com/new")
    life.run("run-2")
    life.do("database", "copy", "sqlite:///linktrack.db", "sqlite:///more.db", code=3)  # not its database any more


def test_every_row_is_the_same(life: Life) -> None:
    workspace = load_workspace(life.root, {})
    done = copy_database(workspace, "sqlite:///linktrack.db", "sqlite:///moved.db")
    assert {"click", "made", "change", "clicker", "recipient"} <= {name for name, rows in done.rows.items() if rows}
    with open_database(workspace) as old, connect(done.url) as new:
        for table in done.rows:
            columns = "*" if table != "workspace" else "workspace_id, time_zone, catalogue, created_at"
            one, other = (sorted(database.rows(f"SELECT {columns} FROM {table}"), key=repr) for database in (old, new))
            assert one == other, table
        assert new.value("SELECT database_id FROM workspace") == done.database_id
        assert new.value("PRAGMA journal_mode") == "wal"
        assert old.value("SELECT database_id FROM workspace") == workspace.settings.database.id


@pytest.mark.faults
def test_a_copy_that_fails_anywhere_leaves_nothing(life: Life) -> None:
    workspace = load_workspace(life.root, {})

    def job(name: str) -> object:
        return copy_database(workspace, "sqlite:///linktrack.db", f"sqlite:///{name}.db")

    points = points_of(lambda: job("first"))
    for number in range(1, len(points) + 1):
        with failing(number):
            try:
                job(f"x{number}")
            except LinktrackError as problem:
                assert problem.exit_code == 5
        named = points.index("replace") + 1
        assert list(life.root.glob(f"x{number}.db*")) == [] or number > named
        assert leftovers(life.root) == []
    life.do("link", "list")


@pytest.mark.faults
def test_a_killed_copy_has_no_name_and_the_next_one_clears_up(life: Life) -> None:
    workspace = load_workspace(life.root, {})

    def job(name: str) -> object:
        return copy_database(workspace, "sqlite:///linktrack.db", f"sqlite:///{name}.db")

    points = points_of(lambda: job("first"))
    named = points.index("replace") + 1
    seen = 0
    for number in sample(points, 8):
        assert killed(partial(job, f"k{number}"), number)
        if number <= named:
            assert list(life.root.glob(f"k{number}.db*")) == [], "neither it nor its companions"
            left = list(map(str, leftovers(life.root)))  # none, where it did not come to its own files
            rows = life.json_of(6 if left else 0, "doctor")
            assert [row["detail"] for row in rows if row["check"] == "leftovers"] == left
            seen += len(left)
            job(f"k{number}")
        else:  # only its empty folder was left to go
            job(f"next{number}")
        assert leftovers(life.root) == []
        with connect(f"sqlite:///{life.root}/k{number}.db") as copied:
            assert copied.value("PRAGMA quick_check") == "ok"
    assert seen >= 3


@pytest.mark.parametrize("there", ["another program's", "a folder", "a link"])
def test_a_file_with_anything_in_it_is_left_alone(life: Life, there: str) -> None:
    path = life.root / "moved.db"
    if there == "another program's":
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("CREATE TABLE theirs (x)")
    elif there == "a folder":
        path.mkdir()
    else:
        path.symlink_to("linktrack.toml")
    before = path.read_bytes() if path.is_file() else b""
    refused = life.do("database", "copy", "sqlite:///linktrack.db", "sqlite:///moved.db", code=5)
    assert "moved.db is there already" in refused.err
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("sqlite:///linktrack.db", "sqlite:///linktrack.db", 2),
        ("sqlite:///nowhere.db", "sqlite:///moved.db", 4),
        ("linktrack.db", "sqlite:///moved.db", 2),
        ("", "sqlite:///moved.db", 2),
        ("sqlite:///linktrack.db", "mysql://u:hunter2@h/d", 2),
        ("sqlite:///linktrack.db", "sqlite:///no/moved.db", 4),
    ],
)
def test_what_is_no_database(life: Life, source: str, target: str, code: int) -> None:
    said = life.do("database", "copy", source, target, code=code).err
    assert "hunter2" not in said
    assert not (life.root / "moved.db").exists()
