"""Asking addresses whether they answer, against a real server on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linktrack.mailings.addresses import ReadingOptions
from linktrack.mailings.lint import check_mail
from linktrack.mailings.online import ask_targets


class _Site(BaseHTTPRequestHandler):
    """A site that answers as its paths say, and keeps what it was asked."""

    asked: list[tuple[str, str, bool]]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append((self.command, self.path, "Cookie" in self.headers))
        path, _, query = self.path.partition("?")
        if path == "/hang":
            self.server.stopped.wait(20)  # type: ignore[attr-defined]
            return
        if path == "/drip":
            try:
                while not self.server.stopped.wait(0.05):  # type: ignore[attr-defined]
                    self.wfile.write(b"HTTP/1.1 200 OK"[:1])
            except OSError:
                pass
            return
        if path == "/garbage":
            self.wfile.write(b"hello\r\n")
            return
        number = int(path.strip("/").partition("-")[0] or 200)
        if path.endswith("-get") and self.command == "GET":
            number = 200
        self.send_response(number)
        if number in (301, 302):
            self.send_header("Location", query or self.path)
        self.send_header("Content-Length", "1000000000")  # nobody reads it
        self.end_headers()


@pytest.fixture
def site() -> Iterator[tuple[str, list[tuple[str, str, bool]]]]:
    asked: list[tuple[str, str, bool]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Site", (_Site,), {"asked": asked}))
    server.daemon_threads = True
    server.stopped = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.stopped.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


ANSWERS = {
    "/200": "",
    "/404": "answers 404 Not Found",
    "/410": "answers 410 Gone",
    "/500": "answers 500 Internal Server Error",
    "/405-get": "",
    "/404-get": "",
    "/403": "",
    "/429": "",
    "/301?/200": "",
    "/302?/404": "answers 404 Not Found",
    "/301?/301": "redirects more than 5 times",
    "/302?app://open": "",
    "/200?å=b c#top": "",
    "/garbage": "cannot be reached",
}


@pytest.mark.parametrize("path", ANSWERS)
def test_what_an_address_answers(site: tuple[str, list[tuple[str, str, bool]]], path: str) -> None:
    url = site[0] + path
    reason = ask_targets([url]).get(url, "")
    assert reason.startswith(ANSWERS[path]) and bool(reason) == bool(ANSWERS[path])


def test_each_address_is_asked_once_and_get_only_where_head_fails(
    site: tuple[str, list[tuple[str, str, bool]]],
) -> None:
    base, asked = site
    assert list(ask_targets([f"{base}/200", f"{base}/404", f"{base}/200"])) == [f"{base}/404"]
    assert sorted(asked) == [("GET", "/404", False), ("HEAD", "/200", False), ("HEAD", "/404", False)]


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_server_that_does_not_come_to_an_end_is_given_up(
    site: tuple[str, list[tuple[str, str, bool]]], path: str
) -> None:
    assert ask_targets([site[0] + path], patience=0.3) == {site[0] + path: "does not answer within 0.3 seconds"}


def test_a_port_that_nobody_listens_at_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert ask_targets([f"http://127.0.0.1:{port}/"])[f"http://127.0.0.1:{port}/"].startswith("cannot be reached (")


def test_the_findings_of_a_mail_name_the_first_place_and_no_token_leaves(
    site: tuple[str, list[tuple[str, str, bool]]],
) -> None:
    base, asked = site
    html = (
        f'<a href="linktrack:unsubscribe">Bye</a>\n<a href="{base}/404?a={{{{ name }}}}&amp;b">x</a><a href="linktrack:offer">o</a>'
        f'\n<a href="{base}/404?a={{{{ name }}}}&amp;b">y</a><a href="mailto:a@b.example">m</a><a href="https://t.example/abc/d">t</a>'
    )
    links = {"unsubscribe": "", "offer": f"{base}/410"}
    found = check_mail(html.encode(), None, ReadingOptions("https://t.example"), links, online=True)
    gone = [(finding.line, finding.column, finding.message) for finding in found if finding.rule == "no-answer"]
    assert gone == [
        (2, 10, f"{base}/404?a=&b answers 404 Not Found"),
        (2, gone[1][1], f"{base}/410 answers 410 Gone"),
    ]
    assert sorted(path for _, path, _ in asked) == ["/404?a=&b", "/404?a=&b", "/410", "/410"]
