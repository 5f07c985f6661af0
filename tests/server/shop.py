"""A web server of somebody else, where links lead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Shop(ThreadingHTTPServer):
    """Where links lead, and who was sent there from where."""

    def __init__(self) -> None:
        self.visits: list[tuple[str, str | None]] = []
        visits = self.visits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append((self.path, self.headers["Referer"]))
                with suppress(ConnectionError):  # the browser has gone on
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"<title>Shop</title>")

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def open_shop() -> Iterator[Shop]:
    with Shop() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
