"""granian, set up for short answers: one blocking thread a worker, bodies unread, workers that come back."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any, Protocol

import granian
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.server import mp
from granian.server.mp import MPServer

from linktrack.server.wsgi import Application, Environ, load_application

_HEAD_SECONDS = 10
_HEAD_BYTES = 32_768
_WAITING = 4096  # connections that the system may hold for a worker
_CONNECTIONS = 16_384  # that a worker may have: most of them wait for a slow client, and cost little
_STOP_SECONDS = 3  # that a worker has for the answers it is at; the whole ends within five
_CRASHES, _CRASH_SECONDS = 20, 60.0  # that are borne: a worker that comes back ever again is a fault to be seen
_KNOWN = "2.8."  # the granian of which it is known what its workers call, and with what


class WorkerServer(MPServer):
    """A server of `workers` processes. `listening` is called once it answers."""

    def __init__(self, host: str, port: int, workers: int, listening: Callable[[], None]) -> None:
        super().__init__(
            "linktrack.server.wsgi",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEAD_SECONDS * 1000, max_buffer_size=_HEAD_BYTES),
            blocking_threads=1,
            runtime_mode=RuntimeModes.st,  # measured: a tenth less than with threads of its own
            backlog=_WAITING,
            backpressure=_CONNECTIONS,
            websockets=False,
            log_enabled=False,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_SECONDS,
        )
        self._listening = listening
        self._crashes: list[float] = []

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        Thread(target=self._say_when_it_answers, daemon=True).start()

    def shutdown(self, exit_code: int = 0) -> None:
        try:
            super().shutdown(exit_code)  # type: ignore[no-untyped-call]
        except SystemExit:
            if not self.interrupt_signal:  # a worker that Ctrl-C has reached first has not crashed
                raise

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        now = time.monotonic()
        self._crashes = [at for at in (*self._crashes, now) if now - at < _CRASH_SECONDS]
        if len(self._crashes) <= _CRASHES:
            self.respawned_wrks.clear()  # else granian gives up when one worker dies twice within seconds

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """The first signal lets workers finish what they have read; the second ends at once."""
        if self.interrupt_signal:
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call]
            os._exit(0)
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def _say_when_it_answers(self) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind_addr, self.bind_addr)  # noqa: S104  (a name, not a binding)
        while not self.interrupt_signal:
            try:
                connection = HTTPConnection(host, self.bind_port, timeout=5)
                connection.request("GET", "/healthz", headers={"Connection": "close"})
                connection.getresponse()
                connection.close()
            except (OSError, HTTPException):
                time.sleep(0.05)
            else:
                self._listening()
                return


def run_server(root: Path, log_folder: Path, host: str, port: int, workers: int, listening: Callable[[], None]) -> None:
    """Serve until a signal says otherwise."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file
    loader = partial(_load, root, log_folder)
    WorkerServer(host, port, workers, listening).serve(target_loader=loader, wrap_loader=False)


class Answering(Protocol):
    """What granian takes the answer to a request by."""

    def response_bytes(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None: ...


def _load(root: Path, log_folder: Path) -> Application:
    """The application of this process, a worker."""
    application = load_application(root, log_folder)
    answer_directly(application)
    return application


def answer_directly(application: Application) -> None:
    """Have this process's granian call no layer of its own before the application, where it is known how: that makes,
    for each request, a dict with all of the process's environment, an object for what is started, and a status of its
    text, which was a sixth of the whole. Another version's layer calls the application as WSGI has it."""

    def answer(request: Answering, environ: Environ) -> None:
        status, headers, body, _ = application.answered(environ)
        request.response_bytes(status, headers, body)

    if granian.__version__.startswith(_KNOWN):
        mp._wsgi_call_wrap = lambda *_: answer  # type: ignore[attr-defined]  # noqa: SLF001  (it has no other door)


def free_port(host: str, port: int) -> int:
    """The port itself, or one that is free for 0. OSError when it is taken.

    Workers share a port, so the system would let a second server of ours have it too: it is tried alone first.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])
