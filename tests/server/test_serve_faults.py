"""What can happen to a server that answers: a full disk, a database put back, requests of every shape; whatever it
answered is in its log, and the import accounts for each line."""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.sent_now import served as served
from server.sent_now import world as world
from server.server_world import SentWorld, send
from server.serving_process import Served, until

from linktrack.clicks.load import import_logs
from linktrack.clicks.summary import ImportSummary
from linktrack.links.editing import edit_link
from linktrack.moments import now
from linktrack.store.opening import open_database

pytestmark = [pytest.mark.servers, pytest.mark.faults]
pytest.importorskip("granian")


def log_lines(world: SentWorld) -> list[dict[str, object]]:
    files = sorted(world.workspace.click_log_path.glob("clicks-*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines() if line]


def imported(world: SentWorld) -> ImportSummary:
    with open_database(world.workspace) as database:
        return import_logs(world.workspace, database)


def test_on_a_full_disk_redirects_go_on_and_what_would_act_asks_to_come_again(served: Served, world: SentWorld) -> None:
    (worker,) = served.workers()
    unlimited = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (3_000, unlimited[1]))  # the disk of this worker: a file that ends
    written = 0
    while served.ask("GET", "/healthz")[0] == 200:
        assert served.ask("GET", world.path("offer"))[0] == 302
        written += 1
        assert written < 100
    for _ in range(3):
        assert served.ask("GET", world.path("offer"))[0] == 302
        assert served.ask("HEAD", world.path("thanks"))[0] == 200
        for link, query in (("unsubscribe", ""), ("subscriptions", "?off=*"), ("sure", "")):
            status, headers, _ = served.ask("POST", world.path(link) + query)
            assert (status, headers["retry-after"]) == (503, "5")
    assert served.said.count("the click log in") == 1, "once a minute"
    before = log_lines(world)
    assert len(before) == written - 1, "every line is whole; the last of these was lost"
    resource.prlimit(worker, resource.RLIMIT_FSIZE, unlimited)
    until(lambda: served.ask("GET", "/healthz")[0] == 200, 10)
    assert served.ask("POST", world.path("unsubscribe"))[0] == 200
    assert "the click log can be written again: 16 lines were lost" in served.said
    assert len(log_lines(world)) == written
    assert imported(world).stored == written


def test_no_worker_outlives_its_server(served: Served) -> None:
    (worker,) = served.workers()
    served.process.kill()
    until(lambda: not Path(f"/proc/{worker}").exists())


def test_a_database_put_back_loses_no_address(served: Served, world: SentWorld, tmp_path: Path) -> None:
    """A sending after the backup is answered before and after the backup was put back."""
    path = world.workspace.database_path
    assert path is not None
    with open_database(world.workspace) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(path, tmp_path / "backup.db")
        late = send(world.workspace, database, tmp_path, now())
    until(lambda: served.ask("GET", late.path("offer", "C2"))[0] == 302, 10)
    path.rename(tmp_path / "aside.db")
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", path)
    with open_database(world.workspace) as database:
        edit_link(database, "thanks", name="Thank you")  # so that the snapshot is taken anew
    changed = world.workspace.snapshot_path.stat().st_ino
    until(lambda: world.workspace.snapshot_path.stat().st_ino != changed, 20)
    assert served.ask("GET", late.path("offer", "C2"))[0] == 302, "the sending that the database has lost"
    until(lambda: "city=Malm" in served.ask("GET", world.path("local"))[1]["location"], 15)


def test_every_request_is_accounted_for(served: Served, world: SentWorld) -> None:
    offer, forged = world.path("offer"), world.path("offer")[:-1] + ("a" if world.path("offer")[-1] != "a" else "b")
    asked = {
        ("GET", offer): 302, ("HEAD", offer): 302, ("GET", offer.upper()): 302, ("GET", offer + "%20"): 302,
        ("GET", offer + ")."): 302, ("GET", offer + "?a=b&c"): 302, ("POST", offer): 405, ("BREW", offer): 405,
        ("GET", forged): 404, ("GET", "/zzzz/" + world.tokens["C1"]): 404, ("GET", "/"): 404,
        ("GET", offer + "/../x"): 404, ("GET", "//evil.example" + offer): 404, ("GET", offer + "%0d%0aX-A:%20b"): 404,
        ("GET", "/%00%ff%F0%9F"): 404, ("GET", "/wp-login.php?x=%3Cscript%3E"): 404, ("OPTIONS", "/"): 404,
        ("POST", world.path("unsubscribe")): 200, ("GET", world.path("unsubscribe")): 200,
    }  # fmt: skip
    found = {}
    for method, path in asked:
        found[method, path] = served.ask(method, path)
    assert {one: reply[0] for one, reply in found.items()} == asked
    missing = {reply[2] for reply in found.values() if reply[0] == 404}
    assert len(missing) == 1, "one and the same page"
    lines = log_lines(world)
    assert [(line["method"], line["status"]) for line in lines] == [
        (method, status) for (method, _), status in asked.items()
    ]
    summary = imported(world)
    assert summary.read == len(asked) == summary.stored + summary.repeated + summary.not_ours + summary.rejected
    assert summary.stored == 7 and summary.reasons["forged-token"] == 1 and summary.reasons["unknown-placement"] == 1


names = st.text("ABCabc-", min_size=1, max_size=8)
values = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
requests = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "X", ""]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
    st.lists(st.tuples(names, values), max_size=4),
    st.binary(max_size=50),
    st.sampled_from(["", "offer", "unsubscribe", "subscriptions", "local", "view-online"]),
)


def test_no_request_stops_it(served: Served, world: SentWorld) -> None:
    answered = 0

    @given(requests)
    @settings(max_examples=150)
    def ask(asked: tuple[str, str, str, list[tuple[str, str]], bytes, str]) -> None:
        nonlocal answered
        method, path, query, headers, body, link = asked
        target = (world.path(link) if link else "/") + path + ("?" + query if query else "")
        lines = [f"{method} {target} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers)]
        data = (
            "\r\n".join([*lines, "Connection: close", f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body
        )
        reply = served.say(data)
        if not reply:
            return  # closed: no HTTP at all
        head = reply.partition(b"\r\n\r\n")[0].split(b"\r\n")
        status = int(head[0].split()[1])
        assert status in (200, 302, 303, 400, 404, 405, 410, 411, 413, 414, 431, 503), reply
        known = (b"cache-control", b"referrer-policy", b"x-robots-tag", b"x-content-type-options", b"content-type",
                 b"content-length", b"content-security-policy", b"location", b"allow", b"retry-after", b"connection",
                 b"date", b"server", b"transfer-encoding")  # fmt: skip
        assert {line.partition(b":")[0].lower() for line in head[1:]} <= set(known), head
        answered += status != 400

    ask()
    assert served.ask("GET", world.path("offer"))[0] == 302
    lines = log_lines(world)
    assert answered // 2 < len(lines) <= answered + 1
    summary = imported(world)
    assert summary.read == len(lines) == summary.stored + summary.repeated + summary.not_ours + summary.rejected
    assert "bug" not in served.said
