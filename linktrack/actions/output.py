"""The files of a run: written aside under names of their own, then put in place, `summary.json` last."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from linktrack.actions.calendar_file import ALL, OF_OWNERS
from linktrack.errors import Conflict

SUMMARY = "summary.json"
COLUMNS = {
    "selections.csv": ("selection", "contact_id", "change"),
    "projects.csv": ("project", "contact_id", "change"),
    "follow-ups.csv": (
        *("id", "contact_id", "kind", "task", "description", "project", "created_by", "assigned_to", "assignment"),
        *("start", "end", "duration_minutes", "link", "mailing", "shipment", "clicked_at"),
    ),
    "requests.csv": (
        *("id", "contact_id", "title", "priority", "category", "owner"),
        *("link", "mailing", "shipment", "clicked_at"),
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
}
ALWAYS = ("selections.csv", "projects.csv", "follow-ups.csv", "requests.csv", "scripts.ndjson", "changes.ndjson")
_ASIDE = ".unfinished-"
_json = json.JSONEncoder(ensure_ascii=False).encode


class OutFolder:
    """The folder of a run: rows are written to files aside, `place` puts these in place, `finish` adds the summary."""

    def __init__(self, folder: Path, *, guard: bool, again: bool = False) -> None:
        """`guard` sets off cells that a spreadsheet would take for a formula; `again` clears what an unfinished
        run has left in the folder. Conflict when the folder is not empty."""
        self.folder, self.guard = folder, guard
        self._open: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}
        if folder.exists() and not folder.is_dir():
            raise Conflict(f"{folder} is a file: name a folder with --out")
        if again and folder.exists():
            self._clear()
        if folder.exists() and any(folder.iterdir()):
            raise Conflict(
                f"the folder {folder} is not empty: name another one with --out, or finish the run that was "
                "interrupted there with --resume"
            )

    def make(self) -> None:
        """Make the folder, once it is sure that there will be something to put into it."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def _clear(self) -> None:
        if (self.folder / SUMMARY).exists():
            raise Conflict(f"the run in {self.folder} is finished: name another folder with --out")
        ours = (*COLUMNS, ALL, "contacts-changed.csv", "companies-changed.csv")
        for path in self.folder.iterdir():
            known = path.name in ours or path.stem in ("contacts", "companies") or path.match(OF_OWNERS)
            if known or path.name.startswith(_ASIDE):
                path.unlink()

    def path(self, name: str) -> Path:
        """Where the file `name` is written until it is put in place."""
        return self.folder / f"{_ASIDE}{name}"

    def start(self, name: str) -> None:
        """Begin a file of rows: a CSV file gets its header."""
        file = self._open[name] = self.path(name).open("w", encoding="utf-8", newline="")
        if name.endswith(".csv"):
            self._writers[name] = csv.writer(file, lineterminator="\n")
            self._writers[name].writerow(COLUMNS[name])

    def row(self, name: str, row: Mapping[str, Any]) -> None:
        """Add a row to a file, whose columns are taken from it by their names."""
        if name not in self._open:
            self.start(name)
        if name in self._writers:
            values = [row[column] for column in COLUMNS[name]]
            self._writers[name].writerow([guarded(str(value)) for value in values] if self.guard else values)
        else:
            self._open[name].write(_json({column: row[column] for column in COLUMNS[name]}) + "\n")

    def place(self, crash: Callable[[str], None]) -> None:
        """Write everything to the disk and put the files in place under their names."""
        self._close()
        aside = sorted(self.folder.glob(f"{_ASIDE}*"))
        for path in aside:
            _sync(path)
        for path in aside:
            crash("a file is put in place")
            path.replace(self.folder / path.name.removeprefix(_ASIDE))
        _sync(self.folder)

    def discard(self) -> None:
        """Remove what has been written aside, and the folder if it is empty then."""
        self._close()
        for path in self.folder.glob(f"{_ASIDE}*"):
            path.unlink()
        with suppress(OSError):
            self.folder.rmdir()

    def _close(self) -> None:
        for file in self._open.values():
            file.close()


def finish(folder: Path, summary: str) -> None:
    """Put `summary.json` into a folder whose other files are all there: the run is finished."""
    path = folder / f"{_ASIDE}{SUMMARY}"
    path.write_text(summary, "utf-8")
    _sync(path)
    path.replace(folder / SUMMARY)
    _sync(folder)


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def summary_text(summary: Mapping[str, Any]) -> str:
    return json.dumps(summary, ensure_ascii=False, indent=2) + "\n"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
