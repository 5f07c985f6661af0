"""`linktrack serve` itself: real workers, real sockets."""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from server.sent_now import served as served
from server.sent_now import world as world
from server.server_world import SentWorld
from server.serving_process import Served, command, environment, serving, until
from tests_support import Run

from linktrack.clicks.load import import_logs
from linktrack.links.editing import edit_link
from linktrack.links.signing_keys import revoke_key, rotate_key
from linktrack.store.opening import open_database
from linktrack.store.session import Database

pytestmark = pytest.mark.servers
pytest.importorskip("granian")


def get(path: str, *headers: bytes) -> bytes:
    return b"\r\n".join((f"GET {path} HTTP/1.1".encode(), b"Host: x", *headers, b"", b""))


def log_lines(world: SentWorld) -> int:
    return sum(file.read_bytes().count(b"\n") for file in world.workspace.click_log_path.glob("clicks-*.ndjson"))


def imported(world: SentWorld) -> int:
    with open_database(world.workspace) as database:
        return import_logs(world.workspace, database).stored


def test_it_answers_logs_and_ends(served: Served, world: SentWorld) -> None:
    status, headers, body = served.ask("GET", world.path("local"))
    assert (status, body) == (302, b"")
    assert headers["location"] == "https://www.example.com/spring?city=Malm%C3%B6&utm_source=news&utm_campaign=spring"
    status, headers, body = served.ask("GET", world.path("ask"))
    assert headers["location"] == "https://forms.example.com/ask?name=Anna%20%C3%85&mail=anna%40example.com"
    assert b"Hej Anna \xc3\x85!" in served.ask("GET", world.path("view-online"))[2]
    assert b"Newsletter" in served.ask("GET", world.path("subscriptions"))[2]
    assert served.ask("POST", world.path("unsubscribe"))[0] == 200
    assert served.ask("HEAD", world.path("thanks"))[2] == b""
    assert served.ask("GET", "/")[0] == 404
    assert served.ask("GET", "/healthz")[0] == 200
    assert log_lines(world) == 7
    assert list(world.workspace.noted_logs().values()) == ["unread"]
    assert served.stop() == 0
    assert served.said.splitlines() == [f"Listening on http://127.0.0.1:{served.port}"]
    assert imported(world) == 5


def test_ctrl_c_ends_it_too(served: Served) -> None:
    assert served.stop(signal.SIGINT) == 0


def test_a_second_signal_ends_it_at_once(served: Served, world: SentWorld) -> None:
    waiting = socket.create_connection(("127.0.0.1", served.port))
    waiting.sendall(b"GET /half HT")
    workers = served.workers()
    os.kill(workers[0], signal.SIGSTOP)  # a worker that does not end by itself
    served.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert served.process.poll() is None
    assert served.stop() == 0
    until(
        lambda: not Path(f"/proc/{workers[0]}/stat").exists() or " Z " in Path(f"/proc/{workers[0]}/stat").read_text()
    )
    waiting.close()


def test_it_ends_in_time_with_connections_that_are_kept_open(served: Served, world: SentWorld) -> None:
    connections = []
    for _ in range(20):
        connection = HTTPConnection("127.0.0.1", served.port, timeout=10)
        connection.request("GET", world.path("offer"))
        connection.getresponse().read()
        connections.append(connection)
    half = socket.create_connection(("127.0.0.1", served.port))
    half.sendall(b"GET /abc")
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 10, "five seconds on a machine that does nothing else"
    for connection in connections:
        connection.close()
    half.close()
    assert log_lines(world) == 20


HOSTILE = {
    "two lengths": (get("/", b"Content-Length: 1", b"Content-Length: 2"), b"400"),
    "a folded header": (get("/", b"A: b", b" c"), b"400"),
    "a blank before the colon": (get("/", b"A : b"), b"400"),
    "no HTTP": (b"hello\r\n\r\n", b"400"),
    "two lengths in one": (get("/", b"Content-Length: 3, 3"), b"400"),
    "a length and another of another case": (get("/", b"Content-Length: 3", b"content-length: 4"), b"400"),
    "a length with a sign": (get("/", b"Content-Length: +3"), b"400"),
    "a length of nothing": (get("/", b"Content-Length:"), b"400"),
    "two encodings": (get("/", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), b"411"),
    "an encoding that is none": (get("/", b"Transfer-Encoding: identity"), b"400"),
    "a request line of 9 KB": (get("/" + "x" * 9000), b"414"),
    "a request line of 90 KB": (get("/" + "x" * 90_000), b"431"),
    "101 headers": (get("/", *(b"A%d: x" % number for number in range(101))), b"431"),
    "40 KB of headers": (get("/", *(b"A%d: %s" % (number, b"x" * 1000) for number in range(40))), b"431"),
    "a body that is too long": (get("/", b"Content-Length: 70000").replace(b"GET", b"POST"), b"413"),
}  # fmt: skip


def test_what_is_no_request_is_refused_and_the_server_goes_on(served: Served, world: SentWorld) -> None:
    said = {case: served.say(data)[9:12] for case, (data, _) in HOSTILE.items()}
    assert said == {case: status for case, (_, status) in HOSTILE.items()}
    assert log_lines(world) == 0
    assert served.ask("GET", world.path("offer"))[0] == 302


CHUNKS = {
    "at once": b"1a\r\nList-Unsubscribe=One-Click\r\n0\r\n\r\n",
    "half of them": b"1a\r\nList-Unsub",
    "none": b"",
    "no chunks at all": b"zz\r\n",
    "more than may be announced": b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n",
}


def test_a_length_beside_chunks_gets_one_answer_and_the_connection_ends(served: Served, world: SentWorld) -> None:
    """granian shows no length then, so ours cannot refuse it; the answer is the last, as RFC 9112 (6.3) wants it."""
    chunks, length = b"Transfer-Encoding: chunked", b"Content-Length: 5"
    for both in ((chunks, length), (length, chunks)):
        reply = served.say(get(world.path("thanks"), *both) + b"0\r\n\r\n" + get(world.path("offer")))
        assert (reply.count(b"HTTP/1.1 "), b"connection: close" in reply.lower()) == (1, True)
    assert log_lines(world) == 2


@pytest.mark.parametrize("case", CHUNKS)
def test_a_one_click_in_chunks_is_the_will_and_nothing_behind_it_is_a_request(
    served: Served, world: SentWorld, case: str
) -> None:
    head = get(world.path("unsubscribe"), b"Transfer-Encoding: chunked").replace(b"GET", b"POST")
    reply = served.say(head + CHUNKS[case] + get(world.path("offer")))
    assert (reply[9:12], reply.count(b"HTTP/1.1 ")) == (b"200", 1)
    assert log_lines(world) == 1
    assert served.ask("GET", world.path("offer"))[0] == 302


def test_two_lengths_that_are_equal_are_one_and_nothing_of_the_body_is_a_request(
    served: Served, world: SentWorld
) -> None:
    """RFC 9112, 6.3, lets a server take them as one. granian shows the first alone, so ours cannot refuse them; what
    counts is that no two readers can part the bytes in two ways."""
    inner = get(world.path("unsubscribe", "C2")).replace(b"GET", b"POST")
    length = b"Content-Length: %d" % len(inner)
    outer = get(world.path("thanks"), length, length).replace(b"GET", b"POST")
    assert served.say(outer + inner, seconds=2).count(b"HTTP/1.1 ") == 1
    assert log_lines(world) == 1


REFUSED_IN_A_PATH = {*range(0x21), *b"<>`", *range(0x7F, 0x100)}  # by granian, before it is a request
REFUSED_IN_A_QUERY = {*range(0x21), *b'"<>', *range(0x7F, 0x100)}


def test_what_may_not_stand_in_a_request_line_is_refused_as_it_is_and_taken_as_browsers_write_it(
    served: Served, world: SentWorld
) -> None:
    """Every byte raw, one by one, as docs/serving.md says; UTF-8 may stand there."""
    where = world.path("offer").encode()
    taken = 0
    for before, refused in ((where, REFUSED_IN_A_PATH), (where + b"?a=", REFUSED_IN_A_QUERY)):
        found = set()
        for byte in range(0x100):
            reply = served.say(b"GET %b%c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (before, byte))
            if reply[9:12] == b"400":
                found.add(byte)
            else:
                assert reply[9:12] in (b"302", b"404"), byte
                taken += 1
        assert found == refused
    for sign in (*b"\t <>`\x7f", *range(0x80, 0x100, 0x20)):
        status = served.ask("GET", f"{where.decode()}%{sign:02X}")[0]
        assert status == (302 if sign in b" >" else 404), sign
        assert served.ask("GET", f"{where.decode()}?a=%{sign:02X}")[0] == 302, sign
        taken += 2
    for tail, answered in (("?é", b"302"), ("é", b"404")):
        said = served.say(get(where.decode(), b"Connection: close").replace(where, where + tail.encode()))
        assert said[9:12] == answered
        taken += 1
    assert log_lines(world) == taken


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "BREW"])
def test_an_answer_before_a_body_says_that_the_connection_is_over(
    served: Served, world: SentWorld, method: str
) -> None:
    for path in (world.path("unsubscribe"), world.path("offer"), world.path("honeypot"), "/nowhere", "/healthz"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n".encode())
            assert b"\r\nconnection: close\r\n" in connection.recv(65_536).lower(), path
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
            for _ in range(2):
                connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
                head = connection.recv(65_536).lower()
                assert head.startswith(b"http/1.1 ") and b"connection: close" not in head, path


def test_a_client_that_ends_its_side_may_get_no_answer_but_every_answer_is_in_the_log(
    served: Served, world: SentWorld
) -> None:
    """`nc -N`: granian takes the end of what it reads for the end of the client, and has no setting for it."""
    said = [served.say(get(world.path("offer")), end=True)[9:12] for _ in range(5)]
    assert set(said) <= {b"", b"302"}
    assert served.ask("GET", world.path("offer"))[0] == 302
    assert said.count(b"302") + 1 <= log_lines(world) <= 6


def test_a_body_that_does_not_come_keeps_nobody_waiting(served: Served, world: SentWorld) -> None:
    data = get(world.path("unsubscribe"), b"Content-Length: 1000").replace(b"GET", b"POST")
    waiting = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
    for connection in waiting:
        connection.sendall(data + b"half")
    assert served.ask("GET", world.path("offer"))[0] == 302
    assert waiting[0].recv(100).startswith(b"HTTP/1.1 200 OK")
    for connection in waiting:
        connection.close()


def test_a_change_of_the_catalogue_is_live_within_seconds(served: Served, world: SentWorld) -> None:
    with open_database(world.workspace) as database:
        edit_link(database, "offer", url="https://www.example.com/changed")
    until(lambda: "changed" in served.ask("GET", world.path("offer"))[1]["location"], 10)
    with open_database(world.workspace) as database:
        link = int(database.value("SELECT id FROM link WHERE key = 'offer'"))
        database.execute(
            "INSERT INTO return_address (link_id, recipient_id, shipment_id, url, change_id) VALUES (?, 1, 1, ?, 'x')",
            (link, "https://other.example/"),
        )
        database.execute("UPDATE workspace SET catalogue = catalogue + 1")
    until(lambda: served.ask("GET", world.path("offer"))[1]["location"] == "https://other.example/", 10)
    assert "changed" in served.ask("GET", world.path("offer", "C2"))[1]["location"]
    with open_database(world.workspace) as database:
        rotate_key(world.workspace, database)
        revoke_key(world.workspace, database, 0)
    assert served.ask("POST", world.path("unsubscribe"))[0] == 404, "what an import would reject is not promised"
    until(lambda: served.ask("GET", world.path("offer"))[0] == 404, 10)


def test_a_changed_template_is_taken_over_and_a_wrong_one_leaves_the_pages_as_they_are(
    served: Served, world: SentWorld
) -> None:
    template = world.workspace.templates_path / "not-found.html"
    template.parent.mkdir()
    template.write_text("<p>Gone</p>")
    until(lambda: served.ask("GET", "/x")[2] == b"<p>Gone</p>", 10)
    template.write_text("<p>\n{{ 1/0 }}")
    until(lambda: f"{template}:2: " in served.said, 10)
    assert served.ask("GET", "/x")[2] == b"<p>Gone</p>"
    assert "bug" not in served.said
    template.unlink()
    until(lambda: b"<h1>" in served.ask("GET", "/x")[2], 10)


def test_nothing_that_happens_to_the_database_matters_to_redirects(served: Served, world: SentWorld) -> None:
    path = world.workspace.database_path
    assert path is not None

    def all_well() -> None:
        assert served.ask("GET", world.path("offer"))[0] == 302
        assert served.ask("GET", world.path("thanks"))[0] == 200
        assert served.ask("POST", world.path("unsubscribe"))[0] == 200

    with sqlite3.connect(path, isolation_level=None) as locking:
        locking.execute("PRAGMA locking_mode=EXCLUSIVE")
        locking.execute("BEGIN EXCLUSIVE")
        all_well()
        locking.execute("ROLLBACK")
    locking.close()
    aside = path.with_name("aside.db")
    path.rename(aside)
    all_well()
    status, headers, _ = served.ask("GET", world.path("view-online"))
    assert (status, headers["retry-after"]) == (503, "5")
    assert "city=&" in served.ask("GET", world.path("local"))[1]["location"]
    path.write_bytes(b"no database")
    all_well()
    path.unlink()
    aside.rename(path)
    until(lambda: "city=Malm" in served.ask("GET", world.path("local"))[1]["location"], 15)


def test_it_starts_without_the_database_from_its_snapshot(world: SentWorld, database: Database, tmp_path: Path) -> None:
    database.close()
    root, path = world.workspace.root, world.workspace.database_path
    assert path is not None
    with serving(root, said=tmp_path / "said") as server:
        assert server.stop() == 0
    path.unlink()
    with serving(root, said=tmp_path / "said") as server:
        assert "Serving what linktrack.snapshot says, since the database cannot be used" in server.said
        assert server.ask("GET", world.path("offer"))[0] == 302


def test_slow_clients_keep_nobody_waiting(served: Served, world: SentWorld) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(min(10_000, before[1] - 200))]
    for connection in slow:
        connection.sendall(b"GET /half HT")
    began = time.monotonic()
    assert served.ask("GET", world.path("offer"))[0] == 302
    assert time.monotonic() - began < 9, "before the first of them is given up"
    for connection in slow:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_who_unsubscribes_is_left_out_of_the_next_mailing(
    served: Served, world: SentWorld, run: Run, tmp_path: Path
) -> None:
    """From the button to the next rewrite, which imports the click log first."""
    assert served.ask("GET", world.path("unsubscribe", "C1"))[0] == 200
    assert served.ask("POST", world.path("unsubscribe", "C2"))[0] == 200
    again = (
        "mailing",
        "rewrite",
        "spring",
        "--contacts",
        tmp_path / "contacts.csv",
        "--out",
        tmp_path / "out",
        "--again",
    )
    done = run(*again, "--as", "ndjson", "--format", "json")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in (tmp_path / "out" / "recipients.ndjson").read_text("utf-8").splitlines()]
    assert [row["contact_id"] for row in rows] == ["C1"]
    until(lambda: b"You do not get it" in served.ask("GET", world.path("subscriptions", "C2"))[2])
    assert served.ask("POST", world.path("subscriptions", "C2") + "?on=Newsletter")[0] == 200
    assert run("click", "import").code == 0
    assert list(world.workspace.noted_logs().values()) == ["read"]
    assert b"You get it" in served.ask("GET", world.path("subscriptions", "C2"))[2]
    until(lambda: list(world.workspace.noted_logs().values()) == ["unread"], 10)


def fails(root: Path, *options: object, **more: str) -> tuple[int, str]:
    done = subprocess.run(
        command("serve", "--workspace", root, *options),
        capture_output=True, text=True, env=environment(**more), timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_what_stops_it_at_the_start(world: SentWorld, database: Database, tmp_path: Path) -> None:
    database.close()
    root, path = world.workspace.root, world.workspace.database_path
    assert path is not None
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert fails(root, "--port", port) == (
            5, f"linktrack: port {port} of 127.0.0.1 is taken: name another with --port, or stop what has it\n"
        )  # fmt: skip
    (tmp_path / "file").write_text("")
    code, said = fails(root, "--log", tmp_path / "file")
    assert code == 5 and "file" in said
    code, said = fails(root, "--log", root / "scripts")
    assert code == 5 and "is scripts already" in said
    (tmp_path / "stub" / "granian").mkdir(parents=True)
    (tmp_path / "stub" / "granian" / "__init__.py").write_text("raise ImportError")
    stubbed = f"{tmp_path / 'stub'}{os.pathsep}{environment()['PYTHONPATH']}"
    assert fails(root, PYTHONPATH=stubbed) == (
        3,
        "linktrack: serving needs the extra: pip install 'linktrack[serve]'\n",
    )
    key = world.workspace.key_path.read_bytes()
    world.workspace.key_path.write_bytes(b"0:" + b"ab" * 32 + b"\n")
    code, said = fails(root)
    assert code == 3 and "signing key" in said
    world.workspace.key_path.write_bytes(key)
    (root / "linktrack.snapshot").unlink(missing_ok=True)
    path.unlink()
    code, said = fails(root)
    assert code == 4 and "is missing" in said


def test_two_servers_do_not_share_a_port(served: Served, world: SentWorld) -> None:
    code, said = fails(world.workspace.root, "--port", served.port)
    assert code == 5 and f"port {served.port}" in said


@pytest.mark.faults
def test_sent_is_logged_is_imported_also_when_workers_are_killed(
    world: SentWorld, database: Database, tmp_path: Path
) -> None:
    database.close()
    answered = [0] * 4
    stop, numbers = threading.Event(), itertools.count()
    with serving(world.workspace.root, "--workers", 2, said=tmp_path / "said") as server:

        def visit(number: int) -> None:
            while not stop.is_set():
                asked = next(numbers)  # equal lines of one millisecond in two files would be one click
                try:
                    if server.ask("GET", f"{world.path('offer' if number % 2 else 'thanks')}?{asked}")[0] in (200, 302):
                        answered[number] += 1
                except OSError:
                    time.sleep(0.01)  # the worker was killed before it answered

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(1)
            before = server.workers()
            os.kill(before[0], signal.SIGKILL)
            until(lambda before=before: len(set(server.workers()) - set(before)) == 1)  # type: ignore[misc]
        stop.set()
        for thread in threads:
            thread.join()
        assert server.ask("GET", world.path("offer"))[0] == 302
        assert server.stop() == 0
    sent, logged = sum(answered) + 1, log_lines(world)
    assert logged >= sent > 50, "an answer that was on its way may have been lost, a line never"
    assert logged - sent <= 3 * 4
    assert imported(world) == logged


def test_the_subscriptions_page_knows_what_was_pressed_before_any_import(
    world: SentWorld, database: Database, tmp_path: Path
) -> None:
    """Whichever worker is asked, after a restart too, and while the log is imported."""
    database.close()

    def shown(server: Served, contact: str) -> set[bool]:
        return {b"You do not get it" in server.ask("GET", world.path("subscriptions", contact))[2] for _ in range(12)}

    with serving(world.workspace.root, "--workers", 2, said=tmp_path / "said") as server:
        assert shown(server, "C1") == shown(server, "C2") == {False}
        assert server.ask("POST", world.path("subscriptions", "C1") + "?off=Newsletter")[0] == 200
        assert server.ask("POST", world.path("unsubscribe", "C2"))[0] == 200
        assert shown(server, "C1") == shown(server, "C2") == {True}
        assert server.ask("POST", world.path("subscriptions", "C2") + "?on=Newsletter")[0] == 200
        assert shown(server, "C2") == {False}
        assert server.stop() == 0
    with serving(world.workspace.root, said=tmp_path / "said") as server:
        assert (shown(server, "C1"), shown(server, "C2")) == ({True}, {False})
        imported(world)
        assert (shown(server, "C1"), shown(server, "C2")) == ({True}, {False})


def test_who_has_left_every_type_and_joins_one_gets_that_one_again(
    served: Served, world: SentWorld, run: Run, tmp_path: Path
) -> None:
    for contact in ("C1", "C2"):
        assert served.ask("POST", world.path("subscriptions", contact) + "?off=*")[0] == 200
        assert b"You get it" not in served.ask("GET", world.path("subscriptions", contact))[2]
    assert served.ask("POST", world.path("subscriptions", "C1") + "?on=Newsletter")[0] == 200
    assert b"You get it" in served.ask("GET", world.path("subscriptions", "C1"))[2]
    again = ("mailing", "rewrite", "spring", "--contacts", tmp_path / "contacts.csv", "--again", "--as", "ndjson")
    assert run(*again, "--out", tmp_path / "out").code == 0
    assert b"You get it" in served.ask("GET", world.path("subscriptions", "C1"))[2], "after the rewrite's import too"
    rows = [json.loads(line) for line in (tmp_path / "out" / "recipients.ndjson").read_text("utf-8").splitlines()]
    assert [row["contact_id"] for row in rows] == ["C1"]
