"""The shell around `answer`: out of an environ, into the log, back out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from server.server_world import PAGES, SENT, SITE, path, site

from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.logs.visitor import Visitors
from linktrack.server.click_log import ClickLogWriter, make_folder
from linktrack.server.pages import Pages
from linktrack.server.site import Site
from linktrack.server.wsgi import Application, NotedLog
from linktrack.settings.tables import PRIVATE_NETWORKS
from linktrack.workspace import Workspace


class Shell:
    """An application with a log in a folder, asked with headers, and what it said."""

    def __init__(self, folder: Path, at: Site = SITE, trusted: tuple[str, ...] = PRIVATE_NETWORKS) -> None:
        self.folder = folder
        self.site = at
        self.said: list[str] = []
        self.now = SENT
        make_folder(folder)
        self.log = ClickLogWriter(folder, 1_000_000, ZoneInfo("Europe/Stockholm"), self.said.append)
        visitors = Visitors(trusted, Networks(["198.51.100.0/28"]).named, "truncate")
        self.application = Application(
            self, self.log, visitors, ZoneInfo("Europe/Stockholm"), lambda: self.now, self.said.append
        )

    def know_revoked(self) -> None:
        """No key of these was."""

    def ask(self, method: str, where: str, query: str = "", **more: str) -> tuple[str, dict[str, str], bytes]:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": where,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "203.0.113.77",
            **more,
        }
        told: list[Any] = []
        body = b"".join(self.application(environ, lambda status, headers: told.extend((status, dict(headers)))))
        return told[0], told[1], body

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for file in sorted(self.folder.iterdir()) for line in file.read_bytes().splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "log")


def test_a_redirect_and_its_line(shell: Shell) -> None:
    shell.now = SENT + 7
    status, headers, body = shell.ask(
        "GET", path(), "a=1", HTTP_USER_AGENT="Moz", HTTP_COOKIE="x=y", HTTP_HOST="evil.example"
    )
    assert (status, headers["Location"], body) == ("302 Found", "https://www.example.com/%C3%A5?utm_medium=email", b"")
    (line,) = shell.lines()
    assert re.fullmatch("[0-9a-f]{8}-1", line.pop("number"))
    assert line == {
        "time": "2026-05-04T11:00:00.007+02:00", "ip": "203.0.113.0", "method": "GET", "path": f"{path()}?a=1",
        "status": 302, "user_agent": "Moz", "network": "",
    }  # fmt: skip
    assert "evil.example" not in str(headers)


class Taken:
    """Stands for granian, which takes answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []

    def response_bytes(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, dict(headers), body))


def test_granian_asks_directly_where_it_is_known_how_and_else_as_wsgi_has_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where this fails after an upgrade, compare granian/wsgi.py and name the version in granian_server.py."""
    granian, mp = pytest.importorskip("granian"), pytest.importorskip("granian.server.mp")
    from linktrack.server.granian_server import answer_directly

    taken, layer = Taken(), vars(mp)["_wsgi_call_wrap"]
    monkeypatch.setattr(mp, "_wsgi_call_wrap", layer)
    asked = {"PATH_INFO": path("text"), "QUERY_STRING": "", "REMOTE_ADDR": "203.0.113.77", "REQUEST_METHOD": "GET"}
    for version, directly in (("99.0.0", False), (granian.__version__, True)):
        monkeypatch.setattr(granian, "__version__", version)
        answer_directly(shell.application)
        called = vars(mp)["_wsgi_call_wrap"]
        assert (called is not layer) == directly
        called(shell.application, {}, None)(taken, asked)
    assert taken.answers[0] == taken.answers[1] == (200, *shell.ask("GET", path("text"))[1:])
    assert len(shell.lines()) == 3


def test_equal_requests_of_one_moment_are_told_apart_whichever_worker_answers(tmp_path: Path) -> None:
    workers = [Shell(tmp_path / "log") for _ in range(2)]
    for worker in (*workers, *workers):
        worker.ask("GET", path())
    lines = workers[0].lines()
    assert len({line["number"] for line in lines}) == len(lines) == 4
    assert len({json.dumps({**line, "number": ""}) for line in lines}) == 1


VISITORS = {
    "the peer": ("203.0.113.77", "", "203.0.113.0", ""),
    "who a trusted proxy speaks of": ("127.0.0.1", "198.51.100.200", "198.51.100.0", ""),
    "not who a stranger speaks of": ("203.0.113.77", "198.51.100.200", "203.0.113.0", ""),
    "the last that is not trusted": ("10.0.0.1", "192.0.2.9, 203.0.113.5,10.1.1.1", "203.0.113.0", ""),
    "in a network that is known by the whole address": ("127.0.0.1", "198.51.100.7", "198.51.100.0", "198.51.100.0/28"),
    "of IPv6": ("2001:db8:1:2::3", "", "2001:db8:1::", ""),
    "in nonsense": ("127.0.0.1", "<script>", "127.0.0.0", ""),
}


@pytest.mark.parametrize("case", VISITORS)
def test_the_visitor_s_address_is_cut_when_it_is_written(shell: Shell, case: str) -> None:
    peer, forwarded, ip, network = VISITORS[case]
    shell.ask("GET", path(), REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    (line,) = shell.lines()
    assert (line["ip"], line["network"]) == (ip, network)
    whole = {peer, *forwarded.split(",")} - {ip, ""}
    assert not any(address.strip() in str(line) for address in whole if address.strip() != ip)


@pytest.mark.parametrize("name", ["SEC_PURPOSE", "PURPOSE", "X_PURPOSE", "X_MOZ"])
def test_each_prefetch_header(shell: Shell, name: str) -> None:
    assert shell.ask("GET", path(), **{f"HTTP_{name}": "prefetch"})[0] == "503 Service Unavailable"
    assert shell.lines()[0]["sec_purpose"] == "prefetch"


REFUSED = {
    "a request line that is too long": ({"QUERY_STRING": "x" * 9000}, "414 Request-URI Too Long"),
    "headers that are too long": ({"HTTP_A": "x" * 20_000, "HTTP_B": "x" * 20_000}, "431 Too Large"),
    "a body that is too long": ({"CONTENT_LENGTH": "65537"}, "413 Request Entity Too Large"),
    "a body of any length": ({"CONTENT_LENGTH": "9" * 5000}, "413 Request Entity Too Large"),
    "a body with a length and in chunks": (
        {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "3"},
        "411 Length Required",
    ),
    "a body in chunks of something else": ({"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, "411 Length Required"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_request_is_refused_and_not_in_the_log(shell: Shell, case: str) -> None:
    more, status = REFUSED[case]
    told, headers, _ = shell.ask("POST", path("unsubscribe"), **more)
    assert told.split()[0] == status.split()[0] and headers["Connection"] == "close"
    assert shell.lines() == []


def test_a_body_in_chunks_is_a_request_and_the_last_of_its_connection(shell: Shell) -> None:
    status, headers, _ = shell.ask("POST", path("unsubscribe"), HTTP_TRANSFER_ENCODING="Chunked")
    assert (status, headers["Connection"], len(shell.lines())) == ("200 OK", "close", 1)


@pytest.mark.parametrize("length", ["1", "26", "65536"])
def test_an_answer_to_a_request_with_a_body_is_the_last_of_its_connection(shell: Shell, length: str) -> None:
    for method, where in (("POST", path("unsubscribe")), ("GET", path()), ("OPTIONS", "/x"), ("POST", "/healthz")):
        assert shell.ask(method, where, CONTENT_LENGTH=length)[1]["Connection"] == "close"
        for nothing in ("", "0", "00"):
            assert "Connection" not in shell.ask(method, where, CONTENT_LENGTH=nothing)[1]


def test_a_body_of_64_kilobytes_is_a_request(shell: Shell) -> None:
    assert shell.ask("POST", path("unsubscribe"), CONTENT_LENGTH="65536")[0] == "200 OK"


def test_without_a_log_get_goes_on_and_what_would_act_asks_to_come_again(shell: Shell) -> None:
    shell.ask("GET", "/")
    shell.folder.rename(shell.folder.with_name("away"))
    for file in shell.folder.with_name("away").iterdir():
        file.unlink()
    assert shell.ask("GET", path())[0] == "302 Found"
    assert shell.ask("HEAD", path("text"))[0] == "200 OK"
    assert shell.ask("POST", path())[0] == "405 Method Not Allowed"
    for place, query in (("unsubscribe", "page"), ("subscriptions", "off=*"), ("confirm", "")):
        status, headers, _ = shell.ask("POST", path(place), query)
        assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "5")
        assert "Location" not in headers
    assert shell.ask("GET", "/healthz")[0] == "503 Service Unavailable"
    shell.folder.with_name("away").rename(shell.folder)
    shell.log.try_again(SENT)
    assert shell.ask("GET", "/healthz")[0] == "200 OK"
    assert shell.ask("POST", path("unsubscribe"))[0] == "200 OK"


# The template → what it fails for, which is not tried at the start, and the request that shows it.
FAILING: dict[str, tuple[str, str, str, str]] = {
    "unsubscribe.html": ("type == 'Newsletter'", "GET", "unsubscribe", ""),
    "unsubscribed.html": ("type == 'Newsletter'", "POST", "unsubscribe", "page"),
    "subscriptions.html": ("types and types[0].type == 'Newsletter'", "GET", "subscriptions", ""),
    "saved.html": ("types and not types[0].has and types[1].type == 'Offers' and types[0].type == 'Newsletter'", "POST", "subscriptions", "off=Newsletter"),
    "text.html": ("'Thanks' in text", "POST", "confirm-text", ""),
    "view-online.html": ("'Hej' in mail", "GET", "view-online", ""),
    "base.html": ("title == words.unsubscribed_title and type == 'Newsletter'", "POST", "unsubscribe", "page"),
}  # fmt: skip


@pytest.mark.parametrize("template", FAILING)
def test_where_an_own_template_fails_for_somebody_ours_is_shown_and_what_they_do_is_done(
    tmp_path: Path, template: str
) -> None:
    fails_for, method, place, query = FAILING[template]
    (tmp_path / "pages").mkdir()
    block = "{% block main %}{% endblock %}"
    (tmp_path / "pages" / template).write_text(f"OWN {{% if {fails_for} %}}\n{{{{ 1/0 }}}}{{% endif %}}{block}")
    shell = Shell(
        tmp_path / "log", site(pages=Pages(PAGES.look, tmp_path / "pages", tell=lambda one: said.append(one)))
    )
    said: list[str] = []
    ours = Shell(tmp_path / "other", SITE).ask(method, path(place), query)
    for _ in range(2):
        assert shell.ask(method, path(place), query) == ours
    assert [line["status"] for line in shell.lines()] == [200, 200]
    (once,) = said
    assert once.startswith(f"{tmp_path}/pages/{template}:2: this template cannot be used: division by zero; our own ")
    assert shell.said == []


def test_a_folder_that_cannot_be_noted_is_told_once(workspace: Workspace, tmp_path: Path) -> None:
    shell = Shell(tmp_path / "log")
    note = NotedLog(workspace, shell.folder, shell.log, shell.said.append)
    note.keep_up()
    assert not workspace.logs_path.exists(), "no line has come"
    workspace.logs_path.mkdir()
    for _ in range(2):
        shell.ask("GET", "/x")
        note.keep_up()
    assert len(shell.said) == 1 and shell.said[0].startswith(f"it is not noted that the click log is in {shell.folder}")
    workspace.logs_path.rmdir()
    note.keep_up()
    assert workspace.noted_logs() == {shell.folder: "unread"}


def test_a_bug_of_ours_shows_nothing_and_is_said(tmp_path: Path) -> None:
    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("anna@example.com")

    shell = Shell(tmp_path / "log", site(people=Broken()))
    status, _, body = shell.ask("GET", path("tagged"))
    assert (status, body) == ("500 Internal Server Error", b"")
    assert shell.said == ["a bug in linktrack (RuntimeError): please report it"]
    assert shell.lines()[0]["status"] == 500
