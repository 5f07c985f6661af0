"""The snippets for web servers in front of `linktrack serve`, each with the real server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from server.server_world import SentWorld, make_sent
from server.serving_process import ROOT, Served, in_front, serving

from linktrack.clicks.load import import_logs
from linktrack.moments import now
from linktrack.store.opening import open_database
from linktrack.store.session import Database
from linktrack.workspace import Workspace

pytestmark = pytest.mark.servers
pytest.importorskip("granian")
SNIPPETS = ROOT / "configs" / "weblogs"
MODULES = Path("/usr/lib/apache2/modules")  # where Debian has them

Start = Callable[[Path, int, int], list[str]]  # a folder, the port of linktrack and its own → the program's arguments


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(f"/usr/sbin/{name}")
    if found is None:
        pytest.skip(f"no {name} here")
    return found


def snippet(name: str, behind: int) -> str:
    """A shipped snippet with the port that linktrack really has."""
    text = (SNIPPETS / name).read_text("utf-8")
    assert "127.0.0.1:8080" in text
    return text.replace("127.0.0.1:8080", f"127.0.0.1:{behind}")


def nginx(folder: Path, behind: int, port: int) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "client_body", "fastcgi", "uwsgi", "scgi")
    )
    text = snippet("nginx.conf", behind).replace("listen 80;", f"listen 127.0.0.1:{port};")
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {paths}\n{text}\n}}\n"
    )
    return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def apache(folder: Path, behind: int, port: int) -> list[str]:
    httpd = program("apache2")
    if not MODULES.is_dir():
        pytest.skip("Apache's modules are not where Debian has them")
    text = snippet("apache.conf", behind).replace("*:80", f"127.0.0.1:{port}")
    modules = "".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "headers", "proxy", "proxy_http")
    )
    user = "User nobody\nGroup nogroup\n" if os.geteuid() == 0 else ""
    (folder / "httpd.conf").write_text(
        f"{modules}{user}ServerRoot {folder}\nServerName x\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
        f"DefaultRuntimeDir {folder}\nMutex posixsem\nListen 127.0.0.1:{port}\n{text}"
    )
    return [httpd, "-D", "FOREGROUND", "-f", str(folder / "httpd.conf")]


def caddy(folder: Path, behind: int, port: int) -> list[str]:
    text = snippet("Caddyfile", behind)
    text = text.replace("http://click.example.com", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{text}")
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def front(arguments: list[str], folder: Path, port: int) -> Iterator[Served]:
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            arguments,
            stdout=said,
            stderr=said,
            text=True,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    with in_front(process, port, folder / "said") as server:
        yield server


@contextmanager
def in_front_of_serve(start: Start, workspace: Workspace, folder: Path) -> Iterator[Served]:
    """A web server, and behind it `linktrack serve`."""
    (folder / "front").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (
        serving(workspace.root, said=folder / "said") as behind,
        front(start(folder / "front", behind.port, port), folder / "front", port) as server,
    ):
        yield server


@pytest.mark.parametrize("start", [nginx, apache, caddy])
def test_a_web_server_in_front(start: Start, workspace: Workspace, database: Database, tmp_path: Path) -> None:
    world: SentWorld = make_sent(workspace, database, tmp_path, now())
    database.close()
    with in_front_of_serve(start, workspace, tmp_path) as server:
        port = server.port
        status, headers, _ = server.ask("GET", world.path("local"), X_Forwarded_For="203.0.113.9", User_Agent="Moz")
        assert (status, headers["location"]) == (
            302, "https://www.example.com/spring?city=Malm%C3%B6&utm_source=news&utm_campaign=spring",
        )  # fmt: skip
        assert headers["cache-control"] == "no-store"
        assert server.ask("HEAD", world.path("thanks"))[0] == 200
        assert server.ask("GET", world.path("thanks") + "%20")[0] == 200
        assert server.ask("GET", world.path("thanks"), Sec_Purpose="prefetch")[0] == 503
        assert server.ask("POST", world.path("unsubscribe") + "?page", Content_Length="0")[0] == 200
        chunked = (
            f"POST {world.path('unsubscribe')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n1a\r\nList-Unsubscribe=One-Click\r\n0\r\n\r\n"
        )
        assert server.say(chunked.encode())[9:12] == b"200"
        assert server.ask("POST", world.path("offer"), Content_Length="0")[0] == 405
        assert server.ask("GET", world.path("offer").upper())[0] == 302
        spelled = b"X-Forwarded-For: 198.51.100.8\r\n" + b"".join(
            b"X%bForwarded%bFor: 203.0.113.9\r\n" % one for one in ((b"_", b"_"), (b"_", b"-"), (b"-", b"_"))
        )
        pretending = (
            b"GET " + world.path("offer").encode() + b"?pretending HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % port + spelled
        )
        assert server.say(pretending + b"Connection: close\r\n\r\n")[9:12] == b"302"
        missing = server.ask("GET", "/zzzz")
        forged = world.path("offer")[:-3] + ("aaa" if world.path("offer")[-3:] != "aaa" else "bbb")
        for hostile in (forged, "/zzzz/" + world.tokens["C1"], world.path("offer") + "%0d%0aX-A:%20b", "/%2e%2e/x"):
            status, headers, body = server.ask("GET", hostile)
            # Apache and nginx refuse some of them themselves, which is as good.
            assert (status, body) == (404, missing[2]) or (status == 400 and b"linktrack" not in body), hostile
            assert "x-a" not in headers
    (log,) = workspace.click_log_path.iterdir()
    lines: list[dict[str, Any]] = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [line["status"] for line in lines][:10] == [302, 200, 200, 503, 200, 200, 405, 302, 302, 404]
    assert lines[0]["user_agent"] == "Moz" and lines[3]["sec_purpose"] == "prefetch"
    assert lines[1]["ip"] == "127.0.0.0"
    # whom we, a proxy on this machine, name; Caddy believes nobody
    assert lines[8]["ip"] in ("198.51.100.0", "127.0.0.0"), "nobody can pretend to be another"
    assert lines[4]["path"] == world.path("unsubscribe") + "?page"
    with open_database(workspace) as again:
        summary = import_logs(workspace, again)
    assert summary.read == len(lines) == summary.stored + summary.repeated + summary.not_ours + summary.rejected
    assert (summary.stored, summary.reasons["forged-token"], summary.reasons["unknown-placement"]) == (7, 1, 1), (
        "HEAD and 405 do not count"
    )


SENDERS, EACH = 20, 20
ONE_CLICK = 26  # bytes of RFC 8058's body


@pytest.mark.parametrize(
    ("start", "size"),
    [
        *((start, ONE_CLICK) for start in (nginx, apache, caddy)),
        *((nginx, 1_000_000), (apache, 16_000), (caddy, 3_000)),  # which docs/serving.md promises
    ],
)
def test_no_one_click_is_lost_behind_a_server_that_keeps_its_connections(
    start: Start, size: int, workspace: Workspace, database: Database, tmp_path: Path
) -> None:
    """Head and body are two packets each, of many mail services at once; half of them send the second one later."""
    world = make_sent(workspace, database, tmp_path, now())
    database.close()
    statuses: Counter[bytes] = Counter()
    with in_front_of_serve(start, workspace, tmp_path) as server:

        def press(pause: float) -> None:
            for _ in range(EACH):
                statuses[one_click(server.port, world.path("unsubscribe"), pause, size)] += 1

        threads = [threading.Thread(target=press, args=(number % 2 * 0.02,)) for number in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == {b"200": SENDERS * EACH}
    (log,) = workspace.click_log_path.iterdir()
    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [(line["method"], line["status"]) for line in lines] == [("POST", 200)] * (SENDERS * EACH)


def one_click(port: int, path: str, pause: float, size: int) -> bytes:
    """The status that RFC 8058's POST is answered with, where its body is as large as that."""
    body = b"List-Unsubscribe=One-Click".ljust(size, b"&")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head.encode())
        time.sleep(pause)
        with suppress(BrokenPipeError, ConnectionResetError):  # of who has answered before it was read
            connection.sendall(body)
        return connection.recv(65_536)[9:12]
