"""A real `linktrack serve`, started on a free port, asked over sockets and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class Served:
    """A server that answers at `port`."""

    def __init__(self, process: subprocess.Popen[str], port: int, said: Path) -> None:
        self.process = process
        self.port = port
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8")

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def say(self, data: bytes, *, seconds: float = 5, end: bool = False) -> bytes:
        """What comes back for these very bytes, until the connection is closed or that time is over."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            found = b""
            try:
                while more := connection.recv(65_536):
                    found += more
            except (TimeoutError, ConnectionResetError):
                pass
            return found

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "linktrack", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINKTRACK_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def serving(root: Path, *options: object, said: Path, **more: str) -> Iterator[Served]:
    """A server of the workspace in `root`; it is killed at the end where it still runs."""
    with said.open("w") as stderr:
        process = subprocess.Popen(
            command("serve", "--workspace", root, *(() if "--port" in options else ("--port", 0)), *options),
            stderr=stderr,
            text=True,
            env=environment(**more),
        )
    try:
        until(lambda: "Listening on" in said.read_text("utf-8") or process.poll() is not None)
        found = re.search(r"Listening on http://127\.0\.0\.1:(\d+)", said.read_text("utf-8"))
        assert found, said.read_text("utf-8")
        yield Served(process, int(found[1]), said)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def in_front(process: subprocess.Popen[str], port: int, said: Path) -> Iterator[Served]:
    """A web server that was started in front of a workspace or its export, once it answers; it is ended at the end."""
    server = Served(process, port, said)
    try:
        until(lambda: process.poll() is not None or _answers(server))
        assert process.poll() is None, server.said
        yield server
    finally:
        process.terminate()
        process.wait(15)


def _answers(server: Served) -> bool:
    try:
        return server.ask("GET", "/healthz")[0] == 200
    except OSError:
        return False


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
