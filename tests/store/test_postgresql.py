"""The same commands on SQLite and on PostgreSQL show and write the same."""

from __future__ import annotations

import json
import random
import re
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from clicks_world import line
from mailings.consent_world import BASE, links_of, make_mailing, rewrite, visits
from postgresql_server import new_database, ours
from postgresql_server import server as server
from tests_support import Run

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.moments import Stretch, merged
from linktrack.store.lock import alone
from linktrack.store.open_times import NEAR, note_open_times, open_times
from linktrack.store.session import connect
from linktrack.workspace import Workspace

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parent.parent.parent
MAIL = '<html><body><a href="linktrack:offer">Offer</a> <a href="https://www.example.com/news">News</a></body></html>'
LINKS = """
[[link]]
key = "offer"
url = "https://www.example.com/offer"
folder = "Campaigns/Spring"
actions = [
  { type = "set-field", field = "level", value = "hot" },
  { type = "selection", add = ["Prospects"] },
  { type = "follow-up", default_recipient = "BO" },
  { type = "request", title = "Call {contact.name}" },
  { type = "set-field", field = "points", value = "{contact.name}" },
  { type = "script", script = "answer.py", batch = true },
]
"""
SCRIPT = """
import json, os, sys
for line in sys.stdin:
    said = json.loads(line)
    if os.path.exists("mended"):
        print(json.dumps({"id": said["id"], "fields": {"level": "warm"}, "returnUrl": "https://www.example.com/x"}))
    else:
        sys.exit("out of order")
"""
SETTINGS = '[crm]\nusers = ["BO"]\n[crm.contacts.fields]\nlevel = { column = "level", create = true }\n'
POINTS = 'points = { column = "points", create = true, type = "%s" }\n'

BY = (
    "link",
    "placement",
    "shipment",
    "hour",
    "day",
    "weekday",
    "weekhour",
    "domain",
    "device",
    "reason",
    "age",
    "action",
)
REPORTS = (
    "mailings", "mailings --since 2026-05-04T10:00 --until 2026-05-05", "mailings --by engagement", "links",
    "links --folder Campaigns --since 2026-05-04T10:00", "link offer --include-tests",
    *(f"mailing spring --by {by}" for by in BY), "mailing spring --by day --since 2026-05-04T10:00",
    "clickers offer", "clickers --mailing spring --domain example.com --until 2026-05-05", "nonclickers spring",
    "contact 3@example.com",
)  # fmt: skip


LISTS = (
    "click list", "click list --verdict human", "click list --limit 3", "link list", "folder list", "mailing list",
    "shipment list", "shipment recipients 1", "action log", "action log --limit 3", "report mailings", "report links",
    "report clickers --mailing spring", "report nonclickers spring",
)  # fmt: skip


NOW = r"20(26-(1[0-2]|0[6-9])|(2[7-9]|[3-9]\d)-\d\d)[\dT:.+-]+( \d\d:\d\d)?"  # what is played is earlier


def play(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A short life of a workspace; all that its commands show, without what is different every time."""
    root.mkdir()
    monkeypatch.chdir(root)
    said: list[str] = []

    def do(*arguments: object, code: int = 0) -> str:
        done = run(*arguments)
        assert done.code == code, done.err
        said.append(f"$ {arguments}\n{done.out}\n{done.err}")
        return done.out

    (root / "mail.html").write_text(MAIL)
    (root / "links.toml").write_text(LINKS)
    people = "".join(f"{number},{number}@example.com,Person {number}\n" for number in range(1, 41))
    (root / "contacts.csv").write_text("contact_id,email,name\n" + people)
    chance = random.Random(1)  # the same workspace id, key and numbers of shipments on both
    monkeypatch.setattr(secrets, "token_bytes", chance.randbytes)
    monkeypatch.setattr(secrets, "randbelow", chance.randrange)
    do("init", ".", "--base-url", "https://click.example.com")
    with (root / "linktrack.toml").open("a") as settings:
        settings.write(SETTINGS + POINTS % "number")
    (root / "scripts" / "answer.py").write_text(SCRIPT)
    do("link", "apply", "links.toml")
    do("link", "apply", "links.toml")
    do("folder", "rename", "Campaigns/Spring", "Summer")
    do("link", "list", "--format", "csv")
    do("mailing", "add", "spring", "mail.html", "--utm-source", "s", "--utm-campaign", "c")
    do("mailing", "links", "spring", "--format", "csv")
    do("mailing", "rewrite", "spring", "--contacts", "contacts.csv", "--out", "out", "--as", "ndjson",
       "--sent-at", "2026-05-04T09:00:00+00:00")  # fmt: skip
    rows = (root / "out" / "recipients.ndjson").read_text()
    paths = sorted(set(re.findall(r"https://click\.example\.com(/[a-z2-7]+/[a-z2-7]{32})", rows)))
    log = [line(path, 60 * number, ip=f"192.0.2.{number % 9}") for number, path in enumerate(paths * 3)]
    log += [line(path, 9000) for path in paths[:5]] + [line(paths[0], 60, method="HEAD")]
    (root / "a.log").write_bytes(b"".join(log[:150]))
    (root / "b.log").write_bytes(b"".join(log[100:]))
    do("click", "import", "b.log", "a.log")
    do("click", "import", "a.log", "b.log")
    do("click", "judge")
    do("action", "run", "--crm", "contacts.csv", "--out", "first", "--format", "json", code=6)
    do("action", "run", "--crm", "contacts.csv", "--out", "second", "--format", "json")
    do("action", "log", "--format", "json")
    (root / "linktrack.toml").write_text((root / "linktrack.toml").read_text().replace('"number"', '"text"'))
    (root / "scripts" / "mended").touch()
    do("action", "run", "--crm", "contacts.csv", "--out", "third", "--retry-failed", "--format", "json")
    do("action", "add", "offer", "project", "--add", "Launch")
    do("action", "run", "--crm", "contacts.csv", "--out", "fourth", "--replay", "offer", "--format", "json")
    do("action", "log", "--format", "json")
    do("report", "clickers", "offer", "--add-to-selection", "Hand", "--crm", "contacts.csv", "--out", "fifth")
    do("action", "run", "--crm", "contacts.csv", "--out", "sixth", "--dry-run", "--format", "json")
    said += [path.read_text() for path in sorted((root / "first").iterdir()) if path.name != "summary.json"]
    for report in REPORTS:
        do("report", *report.split(), "--format", "json")
    do("report", "mailings", "--format", "md")
    do("report", "links", "--since", "2026-05-04", "--format", "md")
    do("link", "reset", "offer", "--yes")
    do("link", "delete", "offer")
    do("report", "links", "--format", "json")
    do("link", "show", "nope", code=4)
    do("click", "list", "--format", "json")
    for listed in LISTS:
        do(*listed.split(), "--format", "table")
    other = rf"{re.escape(str(root))}|in \d\.\d s|{NOW}|\d{{8}}T\d{{6}}Z"
    return [re.sub(other, "~", text) for text in said]


def test_the_same_on_both(run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    on_sqlite = play(run, tmp_path / "sqlite", monkeypatch)
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        connection.execute("CREATE DATABASE linktrack")
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", f"postgresql+psycopg:///linktrack{server}")
    on_postgresql = play(run, tmp_path / "postgresql", monkeypatch)
    assert [path.parent.name for path in tmp_path.glob("*/linktrack.db")] == ["sqlite"]
    for one, other in zip(on_sqlite, on_postgresql, strict=True):
        assert one == other


def play_consent(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A mailing to people of whom some refuse to be tracked, their clicks and what they say themselves."""
    root.mkdir()
    monkeypatch.chdir(root)
    chance = random.Random(2)
    monkeypatch.setattr(secrets, "token_bytes", chance.randbytes)
    monkeypatch.setattr(secrets, "randbelow", chance.randrange)
    assert run("init", ".", "--base-url", "https://click.example.com").code == 0
    make_mailing(run, root)
    rows = rewrite(run)
    choose = {row["contact_id"]: links_of(row["html"])["Choose"].removeprefix(BASE) for row in rows}
    (root / "access.log").write_bytes(
        visits(rows)
        + line(f"{choose['1']}?consent=of", 9_000, method="POST", status=200)
        + line(f"{choose['2']}?consent=on", 9_001, method="POST", status=200)
    )
    said = [json.dumps(rows)]
    for command in (
        "click import access.log", "click import access.log --again", "click judge",
        "mailing rewrite news --contacts contacts.csv --out next --again --as ndjson --honeypot",
        "action run --crm contacts.csv --out run --format json",
        *(f"report {report}" for report in REPORTS_OF_CONSENT), "shipment list", "shipment recipients 2",
        "click list", "link reset thanks --yes", "report links",
    ):  # fmt: skip
        done = run(
            *command.split(), *(["--format", "json"] if command.startswith(("report", "shipment", "click l")) else [])
        )
        assert done.code == 0, (command, done.err)
        said.append(f"$ {command}\n{done.out}\n{done.err}")
    said += [Path("next/recipients.ndjson").read_text(), Path("run/selections.csv").read_text("utf-8-sig")]
    return [re.sub(rf"{re.escape(str(root))}|in \d\.\d s|{NOW}", "~", text) for text in said]


REPORTS_OF_CONSENT = (
    "mailings", "mailings --by engagement", "links", "link thanks", *(f"mailing news --by {by}" for by in BY),
    "clickers --mailing news", "nonclickers news", "contact 2",
)  # fmt: skip


def test_consent_is_the_same_on_both(run: Run, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    on_sqlite = play_consent(run, tmp_path / "sqlite", monkeypatch)
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        connection.execute("CREATE DATABASE consent")
    monkeypatch.setenv("LINKTRACK_DATABASE_URL", f"postgresql+psycopg:///consent{server}")
    for one, other in zip(on_sqlite, play_consent(run, tmp_path / "postgresql", monkeypatch), strict=True):
        assert one == other


@pytest.mark.parametrize("on", ["SQLite", "PostgreSQL"])
def test_texts_that_fold_otherwise_than_ascii_are_told_by_both(server: str, tmp_path: Path, on: str) -> None:
    folding = ["Åsa@x.example", "a@räv.example", "a@xn--rv-via.example", "A@XN--RV-VIA.example"]
    url = ours(new_database(server)) if on == "PostgreSQL" else f"sqlite:///{tmp_path / 'new.db'}"
    with connect(url, new=on == "SQLite") as database:
        database.execute("CREATE TABLE said (text TEXT)")
        database.executemany("INSERT INTO said (text) VALUES (?)", [(text,) for text in (*folding, "A@x.example", "")])
        found = database.rows(f"SELECT text FROM said WHERE {database.folds_beyond_ascii('text')}")
    assert {text for (text,) in found} == set(folding)


@pytest.mark.parametrize("on", ["SQLite", "PostgreSQL"])
def test_a_query_is_read_while_another_one_goes_on(server: str, tmp_path: Path, on: str) -> None:
    url = ours(new_database(server)) if on == "PostgreSQL" else f"sqlite:///{tmp_path / 'new.db'}"
    three = "SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 ORDER BY n"
    with connect(url, new=on == "SQLite") as database:
        found = [(one, other) for (one,) in database.stream(three) for (other,) in database.stream(three)]
    assert found == [(one, other) for one in (1, 2, 3) for other in (1, 2, 3)]


HOUR = 3_600_000


@pytest.mark.parametrize(
    ("known", "one", "other"),
    [
        pytest.param([], [(HOUR, HOUR)], [(HOUR, HOUR)], id="the same moment"),
        pytest.param([], [(HOUR, HOUR)], [(HOUR, 3 * HOUR)], id="the same beginning, the second one longer"),
        pytest.param([], [(HOUR, 3 * HOUR)], [(HOUR, HOUR)], id="the same beginning, the first one longer"),
        pytest.param([], [(HOUR, 3 * HOUR)], [(2 * HOUR, 4 * HOUR)], id="they overlap"),
        pytest.param([(2 * HOUR, 3 * HOUR)], [(HOUR, 2 * HOUR)], [(3 * HOUR, 4 * HOUR)], id="both go on"),
        pytest.param([(2 * HOUR, 3 * HOUR)], [(0, 9 * HOUR)], [(HOUR, HOUR)], id="one within the other"),
    ],
)
def test_of_stretches_that_two_jobs_add_at_the_same_time_none_is_lost_or_there_twice(
    server: str, known: list[Stretch], one: list[Stretch], other: list[Stretch]
) -> None:
    address = ours(new_database(server))
    with connect(address) as first, connect(address) as second, ThreadPoolExecutor(1) as aside:
        first.execute("CREATE TABLE open_time (first_at BIGINT PRIMARY KEY, last_at BIGINT)")
        with first.transaction():
            note_open_times(first, known)

        def add() -> None:
            with second.transaction():
                note_open_times(second, other)

        with first.transaction():
            note_open_times(first, one)
            ends = aside.submit(add)
            wait([ends], 0.3)
        ends.result(30)
        assert open_times(first) == merged([*known, *one, *other], NEAR)


def test_a_lock_that_is_held_and_a_server_that_is_gone_are_conflicts(server: str) -> None:
    import psycopg

    address = f"postgresql+psycopg:///postgres{server}"
    with connect(address, wait=0.2) as database, psycopg.connect(f"postgresql:///postgres{server}") as other:
        database.execute("CREATE TABLE held (number INTEGER)")
        other.execute("LOCK TABLE held")
        with pytest.raises(Conflict, match="locked by another process"):
            database.rows("SELECT number FROM held")
        other.rollback()
        assert database.rows("SELECT number FROM held") == []
    with pytest.raises(Conflict, match="does not answer"):
        connect("postgresql+psycopg:///postgres?host=/nowhere")


ENDED = {  # what a server ends: what is asked of it, and what is said of that
    "a query that takes too long": (["SET statement_timeout = 5", "SELECT pg_sleep(9)"], "ended what took too long"),
    "a transaction in which nothing is done": (
        ["SET idle_in_transaction_session_timeout = 5", "BEGIN", "SELECT 1"], "connection to .* was lost",
    ),
    "a connection, from elsewhere": (["SELECT pg_terminate_backend(pg_backend_pid())"], "connection to .* was lost"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDED)
def test_what_a_server_ends_is_said_and_a_lock_hides_no_earlier_error(
    server: str, workspace: Workspace, case: str
) -> None:
    statements, said = ENDED[case]
    address = f"postgresql+psycopg:///postgres{server}"
    with (
        connect(address) as database,
        pytest.raises(Conflict, match=f"{said}.*what was not stored yet is not in it; .*; go on so"),
        alone(workspace, database, "action run", 0),
    ):
        try:
            for statement in statements:
                database.execute(statement)
                time.sleep(0.05)
        except Conflict as problem:
            raise Conflict(f"{problem.sentence}; go on so") from None


def test_who_is_not_let_in_and_what_is_not_there_are_told_from_a_silent_server(server: str) -> None:
    """By the server's code, whatever its language; no password is said."""
    secret = "hunter2secret"
    for address, kind, code, said in (
        (f"postgresql:///nowhere{server}&password={secret}", NotFound, 4, "no database nowhere"),
        (f"postgresql:///postgres{server.replace('user=linktrack', 'user=nobody')}", BadInput, 3, "the user nobody in"),
        (f"postgresql:///postgres?host=/nowhere&password={secret}", Conflict, 5, "does not answer"),
    ):
        with pytest.raises(kind) as refused:
            connect(ours(address))
        assert refused.value.exit_code == code and said in str(refused.value)
        assert secret not in str(refused.value)


def test_a_wrong_password_is_said_without_it(server: str) -> None:
    import psycopg

    folder = Path(server.partition("host=")[2].partition("&")[0])
    rules = folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(f"postgresql:///postgres{server}", autocommit=True) as connection:
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        connection.execute("CREATE DATABASE shut")
        connection.execute("REVOKE CONNECT ON DATABASE shut FROM public")
        rules.write_text(f"local all locked scram-sha-256\n{before}")
        try:
            connection.execute("SELECT pg_reload_conf()")
            as_locked = server.replace("user=linktrack", "user=locked")
            for given, said in (("&password=hunter2secret", "wrong"), ("", "it wants a")):
                with pytest.raises(BadInput, match=f"does not let the user locked in.*{said}") as refused:
                    connect(ours(f"postgresql:///postgres{as_locked}{given}"))
                assert "hunter2secret" not in str(refused.value)
            with pytest.raises(NotFound, match="no database nowhere"):
                connect(ours(f"postgresql:///nowhere{as_locked}&password=right"))
            with pytest.raises(Conflict, match="grant it CONNECT"):
                connect(ours(f"postgresql:///shut{as_locked}&password=right"))
        finally:
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")


def test_the_driver_prints_nothing_beside_our_sentence(server: str) -> None:
    """In a process of its own, for here the tests themselves listen to what is logged."""
    code = (
        "import sys; from linktrack.store.session import connect\n"
        "with connect(sys.argv[1]) as database:\n"
        "    database.execute('CREATE TABLE lost (number INTEGER)')\n"
        "    with connect(sys.argv[1]) as other, database.transaction():\n"
        "        cursor = database.connection.cursor()\n"
        "        with database.explained(), cursor.copy('COPY lost FROM STDIN') as copy:\n"
        "            other.execute('SELECT pg_terminate_backend(?)', (database.connection.info.backend_pid,))\n"
        "            while True: copy.write_row((1,) * 1)\n"
    )
    address = ours(new_database(server))
    done = subprocess.run(
        [sys.executable, "-c", code, address], capture_output=True, text=True, check=False, timeout=60
    )
    assert "was lost" in done.stderr and "terminating <psycopg" not in done.stderr, done.stderr
