"""The files of a run: rows written into its folder, each file with the columns that docs/crm-exports.md names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import tzinfo
from json.encoder import encode_basestring
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from linktrack.actions.calendar_file import ALL, OF_OWNERS
from linktrack.actions.done import Done
from linktrack.actions.planned import MADE_FILES, LinkFacts, ShipmentFacts
from linktrack.actions.selecting import PassedClick
from linktrack.click_names import click_name
from linktrack.crm.authored import AuthoredCsv
from linktrack.crm.csv_dialect import BUFFER, Dialect
from linktrack.errors import Conflict
from linktrack.files.beside import NEW
from linktrack.files.writing import PRIVATE
from linktrack.moments import iso
from linktrack.store.many import at_once

SUMMARY = "summary.json"
SUMMARY_KEYS = {  # the counts of a run's summary, each with its kinds of changes
    "set_field": ("set-field",),
    "interests": ("interest", "company-interest"),
    "selections": ("selection",),
    "projects": ("project",),
    "follow_ups": ("follow-up",),
    "requests": ("request",),
    "scripts": ("script",),
}
_PERSON = ("name", "email")
COLUMNS = {
    "selections.csv": ("selection", "contact_id", "change", *_PERSON),
    "projects.csv": ("project", "contact_id", "change", *_PERSON),
    "follow-ups.csv": (
        *("id", "contact_id", "kind", "task", "description", "project", "created_by", "assigned_to", "assignment"),
        *("start", "end", "duration_minutes", "link", "mailing", "shipment", "clicked_at", *_PERSON, "company"),
    ),
    "requests.csv": (
        *("id", "contact_id", "title", "priority", "category", "owner"),
        *("link", "mailing", "shipment", "clicked_at", *_PERSON, "company"),
    ),
    "scripts.ndjson": (
        *("id", "contact_id", "script", "link", "mailing", "shipment", "clicked_at"),
        *("status", "exit_code", "return_url", "message"),
    ),
    "changes.ndjson": (
        *("id", "kind", "contact_id", "name", "operation", "old", "new"),
        *("link", "mailing", "shipment", "click", "clicked_at"),
    ),
    "unknown-contacts.csv": ("contact_id", "clicks"),
    "actions.ndjson": ("link", "link_id", "link_identity", "number", "type", "settings"),
    "passed-clicks.ndjson": ("click", "contact_id"),
    "said.ndjson": ("contact_id", "said", "type", "said_at"),
}
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_NDJSON = [name for name in COLUMNS if name.endswith(".ndjson")]
_TAKEN = {name: itemgetter(*COLUMNS[name]) for name in _NDJSON}
# Lines as `json.dumps` writes them, in a third of the time: nearly all cells are texts.
_LINES = {name: "{" + ", ".join(f'"{column}": %s' for column in COLUMNS[name]) + "}\n" for name in _NDJSON}
_AT_ONCE = 100  # lines
ALWAYS = (
    *("selections.csv", "projects.csv", *MADE_FILES.values(), "changes.ndjson"),
    *("actions.ndjson", "passed-clicks.ndjson", "said.ndjson"),
)


class RunFolder:
    """A folder that the files of a run are written into, row by row, while it is used as a context manager."""

    def __init__(self, folder: Path, dialect: Dialect, *, guard: bool) -> None:
        """CSV files are written in `dialect`; `guard` sets off cells that a spreadsheet would run."""
        self.folder, self.dialect, self.guard = folder, dialect, guard
        self._files: dict[str, BinaryIO] = {}
        self._csv: dict[str, AuthoredCsv] = {}
        self._wheres: dict[tuple[int, int], str] = {}  # by link and shipment what lines of changes say of them
        self._stack = ExitStack()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish all files, readable by their owner alone."""
        self._stack.__exit__(kind, problem, trace)
        if kind is None:
            for path in self.folder.iterdir():
                path.chmod(PRIVATE)

    def path(self, name: str) -> Path:
        """Where a file is that is written as a whole."""
        return self.folder / name

    def start(self, name: str) -> None:
        """Begin a file of rows: a CSV file gets its header."""
        file = self._files[name] = self._stack.enter_context(_open(self.folder / name))
        if name.endswith(".csv"):
            self._csv[name] = AuthoredCsv(file, self.dialect, COLUMNS[name], guard=self.guard)

    def rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows to a file, whose columns are taken from each by their names."""
        if name not in self._files:
            self.start(name)
        if name in self._csv:
            self._csv[name].rows(rows)
        else:
            self._files[name].write("".join([_line_of(name, _TAKEN[name](row)) for row in rows]).encode())

    def texts(self, name: str, rows: Iterable[Sequence[str]]) -> int:
        """Add rows of texts alone to an NDJSON file. Returns how many."""
        line, count = _LINES[name], 0
        for some in at_once(rows, _AT_ONCE):
            self._files[name].write("".join([line % tuple(map(encode_basestring, row)) for row in some]).encode())
            count += len(some)
        return count

    def passed(self, clicks: Iterable[PassedClick]) -> int:
        """Add clicks to passed-clicks.ndjson. Returns how many."""
        said, count = encode_basestring, 0
        for some in at_once(clicks, _AT_ONCE):
            lines = [f'{{"click": "{click_name(at, mark)}", "contact_id": {said(who)}}}\n' for at, mark, who in some]
            self._files["passed-clicks.ndjson"].write("".join(lines).encode())
            count += len(some)
        return count

    def changes(self, done: Iterable[Done], zone: tzinfo) -> dict[int, str]:
        """Add lines to changes.ndjson: what `rows` would write, in a third of the time, for there are many. Ids, kinds
        and times need no escapes. Returns how the times of the clicks are shown in `zone`."""
        said, before, who, end = encode_basestring, None, "", ""
        lines: list[str] = []
        shown: dict[int, str] = {}
        for click, _, identifier, kind, name, operation, old, new, status, _, _, cells in done:
            if status == "failed" and not cells:  # see `Done.is_told`
                continue
            if click is not before:  # whose changes all say these
                before = click
                at, mark, link, sent, _, _, contact_id, _, _ = click
                who, when = said(contact_id), iso(at, zone)
                shown[at] = when
                end = f'{self._where(link, sent)}"{click_name(at, mark)}", "clicked_at": "{when}"}}\n'
            lines.append(
                f'{{"id": "{identifier}", "kind": "{kind}", "contact_id": {who}, '
                f'"name": {said(name)}, "operation": "{operation}", "old": {said(old)}, "new": {said(new)}, {end}'
            )
        self._files["changes.ndjson"].write("".join(lines).encode())
        return shown

    def _where(self, link: LinkFacts, sent: ShipmentFacts) -> str:
        """What the line of a change says of a link and a shipment."""
        if (where := self._wheres.get((link.id, sent.id))) is None:
            said = encode_basestring
            where = f'"link": {said(link.key)}, "mailing": {said(sent.mailing)}, "shipment": {sent.id}, "click": '
            self._wheres[link.id, sent.id] = where
        return where


def _line_of(name: str, cells: Iterable[object]) -> str:
    """A line of an NDJSON file: the values of its columns, in their order."""
    shown = [
        encode_basestring(cell) if type(cell) is str else str(cell) if type(cell) is int else _as_json(cell)
        for cell in cells
    ]
    return _LINES[name] % tuple(shown)


def clear_unfinished(folder: Path) -> None:
    """Remove what an unfinished run has put into its folder. Conflict when the run is finished."""
    if not folder.is_dir():
        return
    if (folder / SUMMARY).exists():
        raise Conflict(f"the run in {folder} is finished: name another folder with --out")
    for path in folder.iterdir():
        known = path.name in (*COLUMNS, ALL, "contacts-changed.csv", "companies-changed.csv")
        if known or path.stem in ("contacts", "companies") or path.match(OF_OWNERS):
            path.unlink()


def summary_text(summary: Mapping[str, Any]) -> str:
    """What `summary.json` holds."""
    return json.dumps(summary, ensure_ascii=False, indent=2) + "\n"


def _open(path: Path) -> BinaryIO:
    """A new file, readable by its owner alone."""
    return open(path, "w+b", BUFFER, opener=lambda name, _: os.open(name, NEW, PRIVATE))
