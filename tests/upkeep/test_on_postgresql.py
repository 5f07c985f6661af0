"""The care of a workspace whose database is on a server: backup and restore, copies, doctor, and what a server does."""

from __future__ import annotations

import json
import multiprocessing
import re
import subprocess
import tarfile
import threading
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from clicks_world import line
from faults import killed, points_of
from postgresql_server import new_database, ours, programs
from postgresql_server import server as server
from tests_support import Run, call
from upkeep.upkeep_world import Life, begin

from linktrack.errors import Conflict
from linktrack.links.signing_keys import open_keys
from linktrack.store.opening import open_database
from linktrack.store.session import connect
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import load_workspace

pytestmark = pytest.mark.servers


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, which the environment names."""
    made = new_database(server)
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(made))
    return made


def lived(run: Run, root: Path) -> tuple[Life, dict[str, list[str]]]:
    life = begin(run, root)
    paths = life.send("spring")
    life.do("click", "import", life.log("a.log", (paths["1"][0], 60), (paths["2"][1], 90)))
    life.run("run-1")
    return life, paths


def shown(life: Life) -> list[object]:
    commands = ("report links", "report mailings", "action log", "click list", "shipment list", "key list", "link list")
    return [life.json(*command.split()) for command in commands]


def test_there_and_back_again_with_every_row(
    run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, paths = lived(run, tmp_path / "work")
    before = shown(life)
    settings = life.root / "linktrack.toml"
    target = new_database(server)

    def move(source: str, to: str) -> None:
        said = life.do("database", "copy", source, to).err
        assert "every count is the same" in said
        url, made = re.findall(r'(?:url|id) = "(.+?)"', said)
        text = re.sub(r"\n(id|url) = .*", "", settings.read_text())
        settings.write_text(text.replace("[database]\n", f'[database]\nurl = "{url}"\nid = "{made}"\n'))

    move("sqlite:///linktrack.db", ours(target))
    assert shown(life) == before
    life.sound("--deep")
    # numbers go on behind those that were copied
    life.do("click", "import", life.log("b.log", (paths["4"][0], 120)))
    life.do("link", "add", "new", "--url", "https://www.example.com/new")
    life.run("run-2")
    life.send("summer")
    life.do("key", "rotate")
    after = shown(life)
    life.sound("--deep")
    move(ours(target), "sqlite:///back.db")
    assert shown(life) == after
    life.sound("--deep")


def test_a_copy_names_the_row_that_a_server_does_not_take(run: Run, server: str, tmp_path: Path) -> None:
    life = begin(run, tmp_path / "work")
    target = new_database(server)
    for statement, said in (
        ("UPDATE link SET name = 'a' || char(0) WHERE key = 'offer'", r"a NUL in name of link, id \d+: change that in"),
        ("UPDATE link SET name = '', created_at = 'x' WHERE key = 'offer'", r"in link, between id 1 and id \d+\)"),
    ):
        with open_database(load_workspace(life.root, {})) as database:
            database.execute(statement)
        refused = life.do("database", "copy", "sqlite:///linktrack.db", ours(target), code=3).err
        assert re.search(said, refused), refused


def test_a_backup_names_pg_dump_and_a_restore_the_lines_that_bring_it_back(
    run: Run, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, paths = lived(run, tmp_path / "work")
    before = shown(life)
    said = life.do("backup", tmp_path / "b.tar.gz").err
    assert "with the settings, the signing key and the scripts." in said and "The database is not in it" in said
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        assert "linktrack.db" not in archive.getnames()
    dump = re.search(r"pg_dump .*", said)
    assert dump is not None
    shell(dump[0], tmp_path)
    life.do("click", "import", life.log("b.log", (paths["4"][0], 120)))
    life.run("run-2")
    monkeypatch.delenv("LINKTRACK_DATABASE_URL")
    restored = run("restore", tmp_path / "b.tar.gz", tmp_path / "r")
    assert restored.code == 0
    host = re.search(r"host=([^&]+)", address)
    assert host is not None
    lines = re.findall(r"^ +(createdb .*|pg_restore .*|psql .*)$", restored.err, re.M)
    assert len(lines) == 3
    again = Life(run, tmp_path / "r")
    again.do("link", "list", code=4)  # it is led to no database yet, least of all to the living one
    for line_of_shell in lines:
        shell(line_of_shell, tmp_path, PGHOST=host[1], PGUSER="linktrack")
    settings = (tmp_path / "r" / "linktrack.toml").read_text()
    living = settings.replace("[database]\n", f'[database]\nurl = "{ours(address)}"\n')
    (tmp_path / "r" / "linktrack.toml").write_text(living)
    assert "[database] id names" in again.do("link", "list", code=3).err
    mine = ours(re.sub(r"///\w+", "///linktrack_restored", address))
    (tmp_path / "r" / "linktrack.toml").write_text(settings.replace("[database]\n", f'[database]\nurl = "{mine}"\n'))
    (tmp_path / "r" / "contacts.csv").write_bytes((life.root / "contacts.csv").read_bytes())
    assert shown(again) == before
    again.do("action", "run", "--crm", again.root / "contacts.csv", "--out", again.root / "x", code=5)
    again.do("click", "import", tmp_path / "b.log")
    again.do("action", "run", "--runs", life.root)
    assert json.loads(again.run("run-3", "--format", "json").out)["changes"] == 0
    again.sound("--deep")


def shell(command: str, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": f"{programs()}:/usr/bin:/bin", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_doctor_sees_on_a_server_what_it_sees_in_a_file(run: Run, address: str, tmp_path: Path) -> None:
    life, _ = lived(run, tmp_path / "work")
    with connect(ours(address)) as database:
        database.execute("UPDATE link_tally SET human = human + 1")
        database.execute("UPDATE click SET passed = 0")
        database.execute("DELETE FROM recipient WHERE id = 2")
        database.execute("DROP TABLE junk_request")
    found = {row["check"]: row["state"] for row in life.json_of(6, "doctor", "--deep")}
    wrong = {check for check, state in found.items() if state == "error"}
    assert wrong == {"tables", "figures", "rows", "open clicks"}
    with connect(ours(address)) as database:
        database.execute("CREATE TABLE junk_request (clicked_at BIGINT, print BIGINT, ip TEXT, recipient_id BIGINT)")
    assert "findings cannot be mended so" in life.do("doctor", "--repair", "--yes", code=6).err
    found = {row["check"]: row["state"] for row in life.json_of(6, "doctor", "--deep")}
    assert {check for check, state in found.items() if state == "error"} == {"rows"}


GONE = {  # what is done to the database, and what is said of it
    "a table": ("DROP TABLE clicker", "the table clicker"),
    "a column": ("ALTER TABLE click DROP COLUMN agent_id", "the column agent_id of click"),
    "a column of a rollup": ("ALTER TABLE link_tally DROP COLUMN last_click", "the column last_click of link_tally"),
    "a table that few use": ("DROP TABLE settled", "the table settled"),
}


@pytest.mark.parametrize("what", GONE)
def test_what_is_gone_on_a_server_is_found_and_said(run: Run, address: str, tmp_path: Path, what: str) -> None:
    life, _ = lived(run, tmp_path / "work")
    statement, said = GONE[what]
    with connect(ours(address)) as database:
        database.execute(statement)
    for options in ([], ["--deep"]):
        found = {row["check"]: row["detail"] for row in life.json_of(6, "doctor", *options) if row["state"] == "error"}
        assert said in found["tables"], found
    assert "figures" in found
    for command in (["doctor", "--repair", "--yes"], ["report", "links"], ["click", "list"], ["contact", "show", "1"]):
        done = life.call("--workspace", life.root, *command)
        if done.code:
            assert (done.code, said in done.err) == (3, True), (command, done.err)
    life.do("doctor", "--repair", "--yes", code=3)


@pytest.fixture(scope="module")
def template(server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A workspace that has lived, and the address of its database, to be copied."""
    address = new_database(server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINKTRACK_DATABASE_URL", ours(address))
        life, _ = lived(call, tmp_path_factory.mktemp("lived") / "work")
    return life.root, address


WAY_BACK = "linktrack restore BACKUP DIR names the lines of createdb, pg_restore and psql for it"
NO_TRIGGERS = "SET session_replication_role = replica"  # so that nothing holds the references together
LINKS = ["link", "list"]
WRONG: dict[str, tuple[list[str], str, list[str]]] = {  # what is done, what is said of it, and what cannot go on
    "the settings of an action are a list": (
        ["UPDATE action SET settings = '[1]'"], "settings of action: 6 are no JSON object", ["action", "list", "offer"],
    ),
    "a response is no JSON": (["UPDATE link SET response = '{'"], "response of link", ["link", "show", "offer"]),
    "the fields of a recipient are a text": (["""UPDATE recipient SET fields = '"x"'"""], "fields of recipient", []),
    "a time is none": (["UPDATE link_tally SET first_click = 1::bigint << 60"], "first_click of link_tally", []),
    "a status is none": (["UPDATE run SET status = 'dnoe'"], "status of run", []),
    "a reason is none": (["UPDATE ruling SET reasons = 'agent:bot,mood'"], "reasons of ruling: 'mood' is none", []),
    "the tables are of two versions": (
        ["INSERT INTO alembic_version (version_num) VALUES ('0000')"], "its tables are of 2 versions at once", LINKS,
    ),
    "a log's state is none": (["UPDATE source SET state = '[[], 1, 2]'"], "state of source: '[[], 1, 2]' is none", []),
    "there are two workspaces": (
        ["INSERT INTO workspace (id, database_id, workspace_id, time_zone, catalogue, created_at) "
         "SELECT 2, 'x', workspace_id, time_zone, catalogue, created_at FROM workspace"],
        "2 rows of the workspace instead of one", LINKS,
    ),
    "there is no workspace": (["DELETE FROM workspace"], "the row of the workspace is missing", LINKS),
    "the time zone is none": (["UPDATE workspace SET time_zone = 'Mars/X'"], "'Mars/X' is no time zone", []),
    "a placement has no link": ([NO_TRIGGERS, "DELETE FROM link WHERE kind = 'local'"], "has no parent", []),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_damage_on_a_server_is_said_and_found_with_its_way_back(
    server: str, template: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    statements, said, command = WRONG[what]
    address = new_database(server, template=template[1])
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(address))
    with connect(ours(address)) as database:
        for statement in statements:
            database.execute(statement)
    life = Life(call, template[0])
    rows = [row for row in life.json_of(6, "doctor", "--deep") if row["state"] == "error"]
    assert any(said in f"{row['detail']} {row['advice']}" and WAY_BACK in row["advice"] for row in rows), rows
    for words in (["backup", tmp_path / "b.tar.gz"], command):
        if words:
            done = life.do(*words, code=3)
            assert "is damaged (" in done.err and said in done.err and WAY_BACK in done.err, done.err
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_page_that_a_server_cannot_read_is_damage(
    server: str, template: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(template[1]) as connection:
        [file] = connection.execute("SELECT pg_relation_filenode('link')").fetchone() or ()
    of = template[1].removeprefix("postgresql:///").partition("?")[0]
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE torn TEMPLATE {of} STRATEGY FILE_COPY")  # which leaves nothing in memory
        [number, data] = (
            connection.execute(
                "SELECT oid, current_setting('data_directory') FROM pg_database WHERE datname = 'torn'"
            ).fetchone()
            or ()
        )
    with (Path(data) / "base" / str(number) / str(file)).open("r+b") as page:
        page.write(b"\xff" * 4096)
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(f"postgresql:///torn{server}"))
    life = Life(call, template[0])
    for command in (LINKS, ["report", "links"], ["backup", "b.tar.gz"]):
        done = life.do(*command, code=3)
        assert "is damaged (invalid page in block 0" in done.err and WAY_BACK in done.err, done.err
    found = life.json_of(6, "doctor", "--deep")
    assert {row["check"] for row in found if "invalid page" in row["advice"]} >= {"values"}, found


# --- what a server does ----------------------------------------------------------------------------------------------


def _init(root: Path, results: multiprocessing.Queue[tuple[int, str]]) -> None:
    done = call("init", root, "--base-url", "https://click.example.com")
    results.put((done.code, done.err))


def test_the_first_command_of_four_processes_at_once(run: Run, address: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=_init, args=(tmp_path / str(number), results)) for number in range(4)]
    for worker in workers:
        worker.start()
    ends = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    assert sorted(code for code, _ in ends) == [0, 5, 5, 5], ends
    assert all("has tables already" in said for code, said in ends if code), ends
    [made] = list(tmp_path.iterdir())
    assert run("--workspace", made, "link", "list").code == 0


def test_missing_privileges_are_a_sentence(
    run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    address = new_database(server)
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(address))
    life, paths = lived(run, tmp_path / "work")
    log = life.log("b.log", (paths["4"][0], 120))
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(address).replace("user=linktrack", "user=guest"))
    for command in (["link", "list"], ["click", "import", log], ["doctor"], ["backup", tmp_path / "b.tar.gz"]):
        done = life.do(*command, code=6 if command == ["doctor"] else 5)
        assert "ask for the privileges (permission denied for table " in done.err + done.out
    assert not (tmp_path / "b.tar.gz").exists()

    def granted(*statements: str) -> list[str]:
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return [row["detail"] for row in life.json_of(6, "doctor") if row["check"] == "privileges"]

    there = "ALL TABLES IN SCHEMA public TO guest"
    tables, *more = granted(f"GRANT SELECT ON {there}")
    assert tables.endswith("tables cannot be written by this user (action, action_tally, agent, …)")
    assert [said.partition(" ")[2] for said in more] == [
        "sequences cannot be written by this user (action_id_seq, agent_id_seq, definition_id_seq, …)"
    ]
    before = (life.root / "linktrack.key").read_bytes()
    assert "ask for the privileges" in life.do("key", "rotate", code=5).err
    assert (life.root / "linktrack.key").read_bytes() == before, "no key that the database does not know"
    name = address.removeprefix("postgresql:///").partition("?")[0]
    assert granted(
        f"GRANT INSERT, UPDATE, DELETE ON {there}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO guest",
        f"REVOKE TEMPORARY ON DATABASE {name} FROM public",
    ) == ["this user cannot make temporary tables"]
    denied = life.do("action", "run", "--crm", life.root / "contacts.csv", "--out", life.root / "x", code=5)
    assert "ask for the privileges (permission denied to create temporary tables" in denied.err
    granted("REVOKE USAGE ON SCHEMA public FROM public")
    assert "grant it USAGE on the one where the tables are" in life.do("link", "list", code=5).err
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", ours(new_database(server)).replace("user=linktrack", "user=guest"))
    denied = run("init", tmp_path / "denied", "--base-url", "https://click.example.com")
    assert (denied.code, "(permission denied for schema public)" in denied.err) == (5, True), denied.err
    assert not (tmp_path / "denied").exists()


@pytest.mark.faults
def test_an_init_that_is_killed_anywhere_goes_on_with_the_tables_that_it_made(server: str, tmp_path: Path) -> None:
    def make(root: Path, address: str) -> object:
        return init_workspace(root, "https://click.example.com", {"LINKTRACK_DATABASE_URL": ours(address)})

    points = points_of(partial(make, tmp_path / "first", new_database(server)))
    for number in [1, points.index("commit") + 1, *range(points.index("commit") + 2, len(points) + 1)]:
        address, root = new_database(server), tmp_path / str(number)
        assert killed(partial(make, root, address), number)
        if not (root / "linktrack.toml").exists():
            make(root, address)
        workspace = load_workspace(root, {"LINKTRACK_DATABASE_URL": ours(address)})
        with open_database(workspace) as database:
            assert open_keys(workspace, database).foreign == ()
        with pytest.raises(Conflict):
            make(tmp_path / "another", address)


def test_a_password_with_percent_signs_and_no_message_with_it(
    run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    password = "p%w%25 @:/ä'\\"
    address = new_database(server)
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        escaped = password.replace("\\", "\\\\").replace("'", "\\'")
        connection.execute(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD E'{escaped}'")
    name, host = re.findall(r"///(\w+)\?host=([^&]+)", address)[0]
    url = f"postgresql+psycopg://keeper:{quote(password, safe='')}@/{name}?host={host}"
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", url)
    assert run("init", tmp_path / "w", "--base-url", "https://click.example.com").code == 0
    with connect(url) as database:
        assert database.connection.info.password == password
    said = run("--workspace", tmp_path / "w", "backup", tmp_path / "b.tar.gz").err
    assert "keeper@" in said and "p%w" not in said and "%25" not in said
    assert "database's password" not in said, "which is not in the settings"
    settings = tmp_path / "w" / "linktrack.toml"
    settings.write_text(settings.read_text().replace("[database]\n", f'[database]\nurl = "{url}"\n'))
    told = run("--workspace", tmp_path / "w", "backup", tmp_path / "c.tar.gz").err
    assert "with the settings with the database's password, the signing key and the scripts." in told
    assert "It holds the signing key and the database's password, so keep it" in told and "p%w" not in told
    assert (tmp_path / "c.tar.gz").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", url.replace(host, "/nowhere"))
    gone = run("--workspace", tmp_path / "w", "link", "list")
    assert (gone.code, "does not answer" in gone.err) == (5, True)
    assert "p%w" not in gone.err and "%25" not in gone.err


def test_a_nul_in_a_log_is_stored_nowhere_and_loses_nothing(run: Run, address: str, tmp_path: Path) -> None:
    life, paths = lived(run, tmp_path / "work")
    log = tmp_path / "nul.log"
    odd = line(paths["3"][0] + "?a=\0b", 200, agent="Mozilla/5.0 (\0)")
    escaped = line(paths["3"][0] + "?a=%00", 260, agent="Mozilla/5.0 \\x00")
    log.write_bytes(odd + escaped + line(paths["4"][0], 320))
    done = life.call("--workspace", life.root, "click", "import", log, "--format", "json")
    counts = json.loads(done.out)
    assert counts["read"] == 3 == counts["stored"] + counts["rejected"] + counts["not_ours"]
    assert counts["stored"] >= 1
    again = json.loads(life.call("--workspace", life.root, "click", "import", log, "--again", "--format", "json").out)
    assert again["repeated"] == counts["stored"]


def test_a_connection_lost_in_mid_import_is_a_sentence_and_the_next_one_counts_right(
    run: Run, address: str, tmp_path: Path
) -> None:
    import psycopg

    life, paths = lived(run, tmp_path / "work")
    log = tmp_path / "long.log"
    log.write_bytes(b"".join(line(paths[str(1 + number % 5)][0], 1000 + number) for number in range(20_000)))
    stop = threading.Event()

    def cut() -> None:
        with psycopg.connect(address, autocommit=True) as other:
            while not stop.is_set():
                found = other.execute(
                    "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() "
                    "AND query ILIKE '%COPY%click%'"
                ).fetchone()
                if found:
                    other.execute("SELECT pg_terminate_backend(%s)", found)
                    return
                time.sleep(0.005)

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        lost = life.call("--workspace", life.root, "click", "import", log, "--quiet")
    finally:
        stop.set()
        cutter.join()
    assert (lost.code, "was lost: what was not stored yet is not in it" in lost.err) == (5, True), lost
    life.do("click", "import", log, "--quiet", "--tolerate", "100")
    with connect(ours(address)) as database:
        assert database.value("SELECT count(*) FROM click") == 20_000 + 2
        assert database.value("SELECT sum(clicks) FROM shipment_ruling") == 20_000 + 2
    life.sound("--deep")
