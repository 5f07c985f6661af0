"""The WSGI shell around `answer`: a request out of an environ, the visitor cut short, the line before the answer."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import tzinfo
from http.client import responses
from itertools import count
from multiprocessing.util import Finalize
from operator import length_hint
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.logs.visitor import Visitors
from linktrack.clicks.own_logs import note_unread
from linktrack.errors import LinktrackError
from linktrack.moments import Clock, iso, now
from linktrack.server.answer import RETRY, Answer, answer, plain_answer
from linktrack.server.click_log import ClickLogWriter
from linktrack.server.live import LiveSite
from linktrack.server.request import Request, log_line
from linktrack.server.site import Site
from linktrack.server.thread_turns import ThreadTurns
from linktrack.settings.values import bytes_of
from linktrack.store.lock_waits import Tell
from linktrack.visible import visible
from linktrack.workspace import Workspace, load_workspace

REQUEST_LINE = 8192  # bytes
HEADERS = 32_768  # bytes; how many there may be, the server counts itself
BODY = 65_536  # bytes that a request may announce; none of them is read
_ENVIRONMENT = ("PATH", "HOME", "TZ", "LANG", "LC_", "PG", "SSL_")  # what a worker keeps
_CLOSE = ("Connection", "close")
_STATUS = {status: f"{status:d} {phrase}" for status, phrase in responses.items()}

Environ = Mapping[str, Any]
Start = Callable[[str, list[tuple[str, str]]], object]


class HasSite(Protocol):
    """Where the site of this moment is."""

    @property
    def site(self) -> Site: ...

    def know_revoked(self) -> None:
        """Let no key verify that was revoked a moment ago."""


class Application:
    """A WSGI application. `clock` gives UTC milliseconds, `tell` hears of faults of ours."""

    def __init__(
        self,
        live: HasSite,
        log: ClickLogWriter,
        visitors: Visitors,
        zone: tzinfo,
        clock: Clock = now,
        tell: Callable[[str], None] = lambda said: None,
    ) -> None:
        self._live = live
        self._log = log
        self._kept, self._plain = visitors.kept, visitors.plain
        self._zone = zone
        self._clock = clock
        self._tell = tell
        self._worker, self._numbers = secrets.token_hex(4), count(1)  # by which equal lines of the log are told apart
        self._moment = self._second = -1
        self._shown = self._before = self._behind = ""  # that moment; that second, around its milliseconds

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        reply = self.answered(environ)
        start(_STATUS[reply.status], list(reply.headers))
        return [reply.body]

    def answered(self, environ: Environ) -> Answer:
        """The answer to a request, whose line is in the log; of an environ, what the request says is enough."""
        if len(environ["PATH_INFO"]) + len(environ["QUERY_STRING"]) > REQUEST_LINE:
            return plain_answer(414, "", _CLOSE)
        if _has_long_headers(environ):
            return plain_answer(431, "", _CLOSE)
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._logged(environ)
        reply = _refused_body(environ) or self._logged(environ)
        if _has_body(environ):
            # granian shuts a connection with a body that nobody reads, and reading one has no end where a client
            # sends half of it: whoever keeps connections must know that this one is over.
            reply = reply._replace(headers=(*reply.headers, _CLOSE))
        return reply

    def _logged(self, environ: Environ) -> Answer:
        asked = self._request(environ)
        try:
            if asked.method == "POST":
                self._live.know_revoked()
            reply, line = answer(asked, self._live.site, log_works=self._log.works)
        except Exception as bug:
            ours = f"a bug in linktrack ({type(bug).__name__}): please report it"
            self._tell(str(bug) if isinstance(bug, LinktrackError) else ours)
            reply = plain_answer(500, "")
            line = log_line(asked, 500)
        if line and not self._log.write(line, asked.at, reply.acts) and reply.acts:
            return plain_answer(503, self._live.site.pages.words["later"] + "\n", RETRY)
        return reply

    def _request(self, environ: Environ) -> Request:
        get = environ.get
        chain: str = environ["REMOTE_ADDR"]
        if forwarded := get("HTTP_X_FORWARDED_FOR"):
            chain = f"{forwarded},{chain}"
        who = chain.encode("latin-1", "replace")
        ip, network = self._plain.get(who), ""
        if ip is None:
            ip, network, _ = self._kept(who)
        purpose = get("HTTP_SEC_PURPOSE") or get("HTTP_PURPOSE") or get("HTTP_X_PURPOSE") or get("HTTP_X_MOZ") or ""
        at = self._clock()
        return Request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            get("HTTP_USER_AGENT", ""),
            purpose,
            at,
            self._time(at),
            ip,
            network,
            f"{self._worker}-{next(self._numbers)}",
        )

    def _time(self, at: int) -> str:
        """A moment as the log writes it; what is the same for a second, or for requests of one moment, is kept."""
        if at != self._moment:
            second, rest = divmod(at, 1000)
            if second != self._second:
                shown = iso(second * 1000, self._zone)
                self._second, self._before, self._behind = second, shown[:19], shown[19:]
            self._moment, self._shown = at, f"{self._before}.{rest:03}{self._behind}"
        return self._shown


def _has_long_headers(environ: Environ) -> bool:
    everything = len("".join(environ)) + sum(map(length_hint, environ.values()))  # which is counted in no time
    if everything <= HEADERS:
        return False
    return sum(len(name) + len(value) for name, value in environ.items() if name.startswith("HTTP_")) > HEADERS


def _has_body(environ: Environ) -> bool:
    return "HTTP_TRANSFER_ENCODING" in environ or environ["CONTENT_LENGTH"].strip("0") != ""


def _refused_body(environ: Environ) -> Answer | None:
    """The answer to a body that is not taken for one, or too long; it is not in the log."""
    announced = environ.get("CONTENT_LENGTH")
    encoding = environ.get("HTTP_TRANSFER_ENCODING", "chunked")
    if encoding.strip().lower() != "chunked" or (announced and "HTTP_TRANSFER_ENCODING" in environ):
        return plain_answer(411, "")
    if announced and (not announced.isdigit() or int(announced[:12]) > BODY):
        return plain_answer(413, "")
    return None


def visitors_of(workspace: Workspace) -> Visitors:
    """What is kept of visitors, as the import keeps it."""
    settings = workspace.settings.clicks
    return Visitors(settings.trusted_proxies, Networks(settings.networks).named, settings.ip)


def load_application(root: Path, log_folder: Path, clock: Clock = now) -> Application:
    """The application of one worker process, which looks after itself from now on."""
    environ = dict(os.environ)
    for name in environ:
        if not name.startswith(_ENVIRONMENT):  # granian may put all of it into each request, where HTTP_ is a header
            del os.environ[name]
    workspace = load_workspace(root, environ)
    live = LiveSite(workspace, log_folder, tell=_tell)
    log = ClickLogWriter(log_folder, bytes_of(workspace.settings.serve.log_size), workspace.zone, _tell)
    note = NotedLog(workspace, log_folder, log, _tell)
    turns = ThreadTurns()

    parent = os.getppid()

    def besides() -> None:
        log.try_again(clock())
        note.keep_up()
        turns.keep_up(log.lines)
        if os.getppid() != parent:  # killed outright: nobody would ever end this worker
            os.kill(os.getpid(), signal.SIGTERM)

    Finalize(None, lambda: log.finish(clock()), exitpriority=0)  # before the worker ends
    live.keep_looking(Event(), besides)
    return Application(live, log, visitors_of(workspace), workspace.zone, clock, _tell)


class NotedLog:
    """Sees to it that the folder of a log is noted while lines come, whatever an import has noted meanwhile."""

    def __init__(self, workspace: Workspace, folder: Path, log: ClickLogWriter, tell: Tell) -> None:
        self._workspace = workspace
        self._folder = folder
        self._log = log
        self._tell = tell
        self._lines = 0
        self._failed = False

    def keep_up(self) -> None:
        """Note the folder if lines have come since the last time; what goes wrong is told once."""
        if (lines := self._log.lines) == self._lines:
            return
        try:
            note_unread(self._workspace, self._folder)
            self._lines, self._failed = lines, False
        except LinktrackError as problem:
            if not self._failed:
                self._failed = True
                self._tell(f"it is not noted that the click log is in {self._folder}: {problem}")


def _tell(sentence: str) -> None:
    print(f"linktrack: {visible(sentence)}", file=sys.stderr, flush=True)  # noqa: T201  (a worker has nobody else to tell)
