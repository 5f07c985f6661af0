"""Runs that a restored backup does not know, read from the folders of their files: what they made, for which clicks.

A folder tells who, what and when; the number of the action is found by trying which one gives the id of the change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.output import COLUMNS, SUMMARY
from linktrack.actions.planned import CrmChange, stable_id
from linktrack.click_names import click_of
from linktrack.crm import csv_spans
from linktrack.crm.encoding import find_encoding
from linktrack.errors import BadInput, NotFound
from linktrack.files import explained
from linktrack.moments import moment_of
from linktrack.settings import CrmSettings

_KINDS_OF = {"set-field": ("set-field", "script"), "company-interest": ("interest",)}  # whose actions make such changes
_FURTHER = 50  # numbers of actions beyond those that the backup knows
_OF_A_CHANGE = frozenset(COLUMNS["changes.ndjson"])


class Made(NamedTuple):
    """What a run's files say of a thing besides its change: whose it is and when, or what became of a script."""

    owner: str = ""
    start_at: int | None = None
    end_at: int | None = None
    status: str = "ok"
    exit_code: int | None = None
    return_url: str = ""
    message: str = ""


class LostRun(NamedTuple):
    """A finished run as its folder has it; `summary` is its `summary.json`, `ran_at` UTC milliseconds, `workspace` the
    print of its workspace, or empty."""

    folder: Path
    workspace: str
    number: int
    ran_at: int
    summary: str
    made: dict[str, Made]  # by the id of the change

    def changes(self) -> Iterator[CrmChange]:
        """Its changes, in their order. BadInput for a file that no run has written."""
        path = self.folder / "changes.ndjson"
        for line, said in _ndjson(path):
            if not said.keys() >= _OF_A_CHANGE or not isinstance(said["shipment"], int):
                raise BadInput("this line is no change of a run", file=path, line=line)
            yield CrmChange._make(said[name] for name in CrmChange._fields)


def find_runs(folders: Sequence[Path], crm: CrmSettings) -> list[LostRun]:
    """The finished runs in these folders, or in folders that these hold, in the order in which they ran.

    NotFound where there is none, and for a folder that is not there; BadInput for files that no run has written.
    """
    found: dict[Path, LostRun] = {}
    for folder in folders:
        with explained(folder):
            inside = [path for path in sorted(folder.iterdir()) if path.is_dir()]
        runs = [path for path in (folder, *inside) if (path / SUMMARY).is_file()]
        if not runs:
            raise NotFound(f"there is no finished run in {folder}: a run's folder has a {SUMMARY}")
        found.update((path.resolve(), _read_run(path, crm)) for path in runs if path.resolve() not in found)
    return sorted(found.values(), key=lambda run: (run.ran_at, run.number))


def _read_run(folder: Path, crm: CrmSettings) -> LostRun:
    path = folder / SUMMARY
    with explained(path):
        text = path.read_text("utf-8")
    try:
        said = json.loads(text)
        whose = str(said.get("workspace") or "")
        number, ran_at = int(said["run"]), moment_of(datetime.fromisoformat(said["ran_at"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput("this is not the summary of a run", file=path) from None
    made: dict[str, Made] = {}
    for row in _cells(folder / "follow-ups.csv", crm):
        made[row["id"]] = Made(row["assigned_to"], _moment(row["start"]), _moment(row["end"]))
    for row in _cells(folder / "requests.csv", crm):
        made[row["id"]] = Made(row["owner"])
    for _, script in _ndjson(folder / "scripts.ndjson"):
        status, code, address = script.get("status"), script.get("exit_code"), script.get("return_url")
        made[str(script.get("id"))] = Made(
            status=str(status or "ok"),
            exit_code=code if isinstance(code, int) else None,
            return_url=str(address or ""),
            message=str(script.get("message") or ""),
        )
    return LostRun(folder, whose, number, ran_at, text, made)


def click_in(change: CrmChange) -> tuple[int, int]:
    """The time (UTC milliseconds) and the print of the click that a change names. ValueError for no click."""
    return click_of(change.click)


def number_in(change: CrmChange, shipment_number: int, last: int, likely: int) -> int:
    """The number of the action that made a change, on a link whose last one has `last`; 0 for one by hand.

    `likely` is tried first. `shipment_number` is the random one.
    """
    at, mark = click_in(change)
    who = change.contact_id, change.link
    for number in (likely, *range(1, last + _FURTHER)) if likely else range(1, last + _FURTHER):
        if change.operation in ("make", "run"):
            once = change.kind, number, *who, shipment_number
            ids = [stable_id(*once), stable_id(*once, at, mark)]
        else:
            about = change.kind, change.name, change.operation
            kinds = _KINDS_OF.get(change.kind, (change.kind,))
            ids = [stable_id(at, mark, *who, kind, number, *about) for kind in kinds]
        if change.id in ids:
            return number
    return 0


def _ndjson(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects in a file of lines, with the numbers of their lines; none where it is not there."""
    if not path.is_file():
        return
    with explained(path), path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if not isinstance(said, dict):
                raise BadInput("this line is no JSON object", file=path, line=number)
            yield number, said


def _cells(path: Path, crm: CrmSettings) -> Iterator[dict[str, str]]:
    """The rows of a CSV file that a run has written, in whatever dialect its export had."""
    if not path.is_file():
        return
    columns, escape = COLUMNS[path.name], crm.escape
    with explained(path):
        encoding, bom, errors = find_encoding(path, crm.encoding or "cp1252")
        dialect = csv_spans.Dialect(encoding, bom, ",", "", escape, errors=errors)
        with csv_spans.open_text(path, dialect) as text:
            header = text.readline()
        names = header.replace('"', "").rstrip("\r\n")
        delimiter = names[len(columns[0]) : names.find(columns[1])]
        if names != delimiter.join(columns) or len(delimiter) != 1:
            raise BadInput("this file was not written by a run, or somebody has changed its columns", file=path, line=1)
        with csv_spans.open_text(path, dialect) as text:
            for record in csv_spans.read_records(text, delimiter, escape=escape):
                values = [csv_spans.unquoted(field, escape) for field in record.fields]
                if record.line > 1 and len(values) == len(columns):
                    yield dict(zip(columns, values, strict=True))


def _moment(text: str) -> int | None:
    try:
        return moment_of(datetime.fromisoformat(text))
    except ValueError:
        return None
