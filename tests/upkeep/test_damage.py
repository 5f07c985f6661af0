"""A database of which something is lost or written over: always a sentence, never a bug."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests_support import Run, call
from upkeep.upkeep_world import Life, begin

_PAGE = 4096  # bytes


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a mailing was sent, clicked, and its actions run, all of it in one file."""
    made = begin(call, tmp_path_factory.mktemp("lived") / "work")
    paths = made.send("spring")
    made.do("click", "import", made.log("a.log", *((path, 60) for path in (*paths["1"], *paths["2"]))))
    made.run("run-1")
    made.log("b.log", (paths["4"][0], 900))
    with sqlite3.connect(made.root / "linktrack.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return made.root


@pytest.fixture
def life(run: Run, lived: Path, tmp_path: Path) -> Life:
    shutil.copy(lived.parent / "b.log", tmp_path)
    return Life(run, Path(shutil.copytree(lived, tmp_path / "work")))


def harm(life: Life, *statements: str) -> None:
    with sqlite3.connect(life.root / "linktrack.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


NO_UTF8 = "CAST(x'ff41' AS TEXT)"
READERS = [["link", "list"], ["report", "links"], ["doctor"], ["backup", "b.tar.gz"]]
DAMAGE: dict[str, tuple[str, str, list[list[str]]]] = {  # what is done, what is said of it, and what cannot go on
    "the id of the database is no text": (f"UPDATE workspace SET database_id = {NO_UTF8}", "no UTF-8", READERS),
    "the name of a link is no text": (f"UPDATE link SET name = {NO_UTF8}", "no UTF-8", READERS[:2]),
    "the name of a link is a number": ("UPDATE link SET name = x'0102'", "name of link", READERS[3:]),
    "the reasons of a ruling are no text": (f"UPDATE ruling SET reasons = {NO_UTF8}", "no UTF-8", [["click", "list"]]),
    "the address of a recipient is no text": (
        f"UPDATE recipient SET email = {NO_UTF8}", "no UTF-8", [["contact", "show", "1"], ["backup", "b.tar.gz"]],
    ),
    "a response is no JSON": ("UPDATE link SET response = '{'", "response of link", [["link", "show", "offer"]]),
    "the settings of an action are no JSON": (
        "UPDATE action SET settings = 'x'", "settings of action", [["action", "list", "offer"]],
    ),
    "the settings of an action are a list": (
        "UPDATE action SET settings = '[1]'", "settings of action", [["action", "list", "offer"], ["backup", "b.tar.gz"]],
    ),
    "a response is of no kind": (
        "UPDATE link SET response = '{\"kind\": \"dance\"}'", "response of link", [["link", "show", "offer"], ["backup", "b.tar.gz"]],
    ),
    "the settings of a mailing cannot be understood": (
        "UPDATE mailing SET settings = '{\"merge_tags\": [1]}'", "settings of mailing", [["mailing", "show", "spring"]],
    ),
    "the settings of a shipment cannot be understood": (
        "UPDATE shipment SET settings = '{\"as\": 1}'", "settings of shipment", [["shipment", "list"]],
    ),
    "a shipment's addresses were made of a script": (
        "UPDATE shipment SET settings = replace(settings, 'https://click.example.com', 'javascript:alert(1)')",
        "settings of shipment 1: base_url = 'javascript:alert(1)' cannot be understood",
        [["shipment", "render", "1", "--out", "o.gz"], ["shipment", "list"], READERS[3]],
    ),
    "a shipment was handed out as nothing": (
        "UPDATE shipment SET settings = replace(settings, '\"ndjson\"', '\"fax\"')",
        "settings of shipment 1: output = 'fax'", [["shipment", "render", "1", "--out", "o.gz"], READERS[3]],
    ),
    "a shipment was signed with a key that there cannot be": (
        "UPDATE shipment SET settings = replace(settings, '\"key_id\": 0', '\"key_id\": 77')",
        "settings of shipment 1: key_id = 77", [["shipment", "render", "1", "--out", "o.gz"], READERS[3]],
    ),
    "a mailing is tagged by no known policy": (
        "UPDATE mailing SET settings = '{\"utm\": {\"policy\": \"maybe\"}}'", "settings of mailing 1: utm.policy = 'maybe'",
        [["mailing", "show", "spring"], ["mailing", "rewrite", "spring", "--contacts", "contacts.csv", "--as", "ndjson",
         "--out", "o.gz", "--again"], READERS[3]],
    ),
    "the time zone is none": ("UPDATE workspace SET time_zone = 'Mars/X'", "no time zone", [["backup", "b.tar.gz"]]),
    "a count is a text": ("UPDATE shipment_tally SET human = 'x'", "human of shipment_tally", [["report", "mailings"]]),
    "a time is none": ("UPDATE link_tally SET first_click = 1 << 60", "first_click of link_tally", READERS[3:]),
    "there is a second row of the workspace": (
        "INSERT INTO workspace (id, database_id, workspace_id, catalogue, time_zone, created_at) "
        "SELECT 2, 'x', workspace_id, 0, time_zone, created_at FROM workspace",
        "2 rows of the workspace", [*READERS, ["database", "upgrade"], ["link", "delete", "offer"]],
    ),
    "the tables are of two versions": (
        "INSERT INTO alembic_version (version_num) VALUES ('0000')", "of 2 versions at once", [*READERS, ["database", "upgrade"]],
    ),
    "of which version the tables are is gone": (
        "DELETE FROM alembic_version", "of which version", [*READERS, ["database", "upgrade"]],
    ),
    "a log's state is none": (
        "UPDATE source SET state = '[1]'", "state of source", [["backup", "b.tar.gz"]],
    ),
    "a log's format is none": ("UPDATE source SET format = 'runes'", "format of source", [["backup", "b.tar.gz"]]),
    "a table is gone": ("DROP TABLE clicker", "the table clicker", [["report", "clickers", "offer"], ["backup", "b.tar.gz"]]),
    "a table that only imports use is gone": ("DROP TABLE probe", "the table probe", [["backup", "b.tar.gz"]]),
    "a column is gone": (
        "ALTER TABLE click DROP COLUMN agent_id", "the column agent_id of click", [["click", "list"], ["backup", "b.tar.gz"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_said_and_found(life: Life, damage: str) -> None:
    statement, said, commands = DAMAGE[damage]
    harm(life, statement)
    for command in commands:
        if command != ["doctor"]:
            done = life.do(*(str(life.root / word) if word.endswith(".gz") else word for word in command), code=3)
            assert "is damaged (" in done.err and said in done.err, done.err
    rows = [row for row in life.json_of(6, "doctor", "--deep") if row["state"] == "error"]
    assert any(said in f"{row['detail']} {row['advice']}" for row in rows), rows
    assert not (life.root / "b.tar.gz").exists()
    mended = life.call("--workspace", life.root, "doctor", "--repair", "--yes").code
    anew = "_tally" in statement or statement.startswith("UPDATE workspace SET time_zone")
    assert mended in ((0,) if anew else (3, 6)), (
        "what is counted is made anew, in the zone of the settings, and nothing else"
    )


COMMANDS: list[list[str]] = [
    ["link", "list"], ["doctor", "--deep"], ["backup", "b.tar.gz"], ["report", "links"], ["report", "html", "o.html"],
    ["report", "contact", "1"], ["click", "list"], ["action", "log"], ["click", "import", "../b.log"], ["click", "judge"],
    ["contact", "show", "1"], ["action", "run", "--crm", "contacts.csv", "--out", "out"], ["status"],
    ["doctor", "--repair", "--yes"], ["link", "export"], ["contact", "forget", "1", "--yes"],
]  # fmt: skip


def _flipped(data: bytes, chance: random.Random) -> bytes:
    flipped = bytearray(data)
    for start in range(20 * _PAGE, len(data), _PAGE):
        for _ in range(50):
            flipped[start + chance.randrange(_PAGE)] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def _blotted(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(1, len(data) // _PAGE) * _PAGE
    return data[:start] + chance.randbytes(_PAGE) + data[start + _PAGE :]


def _sprinkled(data: bytes, chance: random.Random) -> bytes:
    sprinkled = bytearray(data)
    for _ in range(30):
        sprinkled[chance.randrange(_PAGE, len(data))] ^= 1 << chance.randrange(8)
    return bytes(sprinkled)


@pytest.mark.faults
@pytest.mark.parametrize("how", [_flipped, _blotted, _sprinkled], ids=["50 bits a page", "one page", "30 bits in all"])
@pytest.mark.parametrize("seed", range(2))
def test_bytes_that_are_others_are_never_a_bug(
    life: Life, how: object, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(how)
    monkeypatch.chdir(life.root)
    whole = (life.root / "linktrack.db").read_bytes()
    harmed = how(whole, random.Random(seed))
    for command in COMMANDS:
        for path in life.root.glob("linktrack.db-*"):
            path.unlink()
        (life.root / "linktrack.db").write_bytes(harmed)
        done = call(*command)  # which raises what is a bug
        assert done.code in (0, 3, 4, 5, 6), (command, done.err)
        if command[0] == "doctor":
            assert done.code in (3, 6), done.err
