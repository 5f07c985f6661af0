"""What people have pressed since the last import: the buttons in the server's own click log, read as it grows.

Every worker reads what all of them write. It keeps what was said alone, by person, and not without end: the newest of
it. What an import has read meanwhile does no harm, for the latest word counts wherever it is known from.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from urllib.parse import unquote

from linktrack.clicks.formats.click_log import FILES
from linktrack.contacts.pressed import CONSENT, pressed_in
from linktrack.links.special_links import LEAVING
from linktrack.moments import moment_written
from linktrack.server.answer import visit_of
from linktrack.server.site import Site

_AT_ONCE = 1 << 20  # bytes that are read while somebody waits for their page
_AT_REST = 4 << 20  # in a second while nobody waits
_BACK = 64 << 20  # bytes of log from before the start
_MOST_CHOICES = 50_000  # that are kept, of all people
_MOST_OF_ONE = 200
_PATIENCE = 0.05  # seconds, for a look that another thread is at
_POSTED = b'"method": "POST"'  # as request.log_line writes it


class VisitorChoice(NamedTuple):
    """What a person has said by a button, at a time (UTC milliseconds), in a mail of the shipment of this number:
    `has` a type (as `same_type` has it; EVERY_TYPE: any) or not; with `about_consent`, whether they may be tracked."""

    shipment: int
    at: int
    type: str
    has: bool
    about_consent: bool = False


class SaidSince:
    """What is said in the click log, in these folders. `site` gives the site of this moment, by which addresses are
    read."""

    def __init__(self, folders: Sequence[Path], site: Callable[[], Site]) -> None:
        self._folders = folders
        self._site = site
        self._read: dict[str, int] = {}  # of each file, by its name, how much
        self._said: OrderedDict[int, list[VisitorChoice]] = OrderedDict()  # by recipient, who spoke last at the end
        self._choices = 0
        self._turn = Lock()
        self._skip_what_is_old()

    def of(self, recipient: int) -> list[VisitorChoice]:
        """What this person has said. Never waits for more than a little of the log."""
        if self._turn.acquire(timeout=_PATIENCE):
            try:
                self._read_on(_AT_ONCE)
            finally:
                self._turn.release()
        return list(self._said.get(recipient, ()))

    def keep_up(self) -> None:
        """Read what has come, while nobody waits."""
        with self._turn:
            self._read_on(_AT_REST)

    def _skip_what_is_old(self) -> None:
        left = _BACK
        for path in reversed(self._files()):
            with suppress(OSError):
                found = path.stat()
                self._read[path.name] = max(0, found.st_size - left)
                left = max(0, left - found.st_size)

    def _files(self) -> list[Path]:
        """The files of the log, the newest last; their names are random enough for one to be in one folder."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            with suppress(OSError):
                found.update((path.name, path) for path in folder.glob(FILES))
        return [found[name] for name in sorted(found)]

    def _read_on(self, budget: int) -> None:
        there: dict[str, int] = {}
        for path in reversed(self._files()):  # what was said last first
            with suppress(OSError):
                found = path.stat()
                start = self._read.get(path.name, 0)
                start = 0 if start > found.st_size else start
                if start < found.st_size and budget > 0:
                    taken = self._read_file(path, start, min(budget, found.st_size - start))
                    start += taken
                    budget -= taken
                there[path.name] = start
        self._read = there

    def _read_file(self, path: Path, start: int, size: int) -> int:
        """Read a piece; returns the bytes of its whole lines, or all where a line is longer than any of ours."""
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(size)
        whole = data.rfind(b"\n") + 1 or (len(data) if size >= _AT_ONCE else 0)
        at = data.find(_POSTED, 0, whole)
        while at >= 0:
            end = data.find(b"\n", at)
            self._hear(data[data.rfind(b"\n", 0, at) + 1 : end])
            at = data.find(_POSTED, end, whole)
        return whole

    def _hear(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            if row["method"] != "POST" or row["status"] != 200:
                return
            path, _, query = row["path"].partition("?")
            at = moment_written(row["time"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # not ours, or torn
            return
        site = self._site()
        visit = visit_of(unquote(path, "latin-1"), site)
        if visit is None or visit.link.kind not in LEAVING:
            return
        own_type = site.snapshot.mailings[visit.spot.mailing_id].type
        for name, value in pressed_in(query, own_type):
            if name == CONSENT:
                choice = VisitorChoice(visit.shipment, at, "", value == "on", about_consent=True)
            else:
                choice = VisitorChoice(visit.shipment, at, value, has=name == "on")
            self._keep(visit.recipient, choice)

    def _keep(self, recipient: int, choice: VisitorChoice) -> None:
        said = self._said.setdefault(recipient, [])
        self._said.move_to_end(recipient)
        said.append(choice)
        self._choices += 1
        if len(said) > _MOST_OF_ONE:
            self._choices -= 1
            del said[0]
        while self._choices > _MOST_CHOICES:
            self._choices -= len(self._said.popitem(last=False)[1])
