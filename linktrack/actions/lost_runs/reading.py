"""Runs that a restored backup does not know, read from the folders of their files: what they made, for which clicks.

A folder tells who, what and when; the number of the action is found by trying which one gives the id of the change.
It must be whole, as the run left it: what is not found in it would be made a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from linktrack.actions.lost_runs.made import CHANGES, WHOLE, Made, check_made, read_made
from linktrack.actions.lost_runs.standing import (
    ACTIONS,
    PASSED,
    SAID,
    LostLink,
    read_passed,
    read_said,
    read_standing,
)
from linktrack.actions.output import SUMMARY, SUMMARY_KEYS
from linktrack.actions.planned import MADE_FILES, CrmChange, stable_id
from linktrack.actions.selecting import PassedClick
from linktrack.click_names import click_of
from linktrack.contacts.words import Word
from linktrack.errors import BadInput, NotFound
from linktrack.files.json_files import Count, WrittenModel, read_written, read_written_lines
from linktrack.files.reading import explained, open_input, whole_path
from linktrack.moments import moment_written
from linktrack.settings.crm import CrmSettings

KINDS_OF = {"set-field": ("set-field", "script"), "company-interest": ("interest",)}  # whose actions make such changes
_FURTHER = 50  # numbers of actions beyond those that the backup knows
_MOST_RUNS = 1_000_000  # of a workspace's life: one a minute for two years


class LostRun(NamedTuple):
    """A finished run as its folder has it; `summary` is its `summary.json`, `ran_at` UTC milliseconds, `workspace` the
    print of its workspace, or empty. `links` are those with actions as it found them, by their keys then; None in a
    folder that does not say."""

    folder: Path
    workspace: str
    number: int
    ran_at: int
    summary: str
    made: dict[str, Made]  # by the id of the change
    links: Mapping[str, LostLink] | None
    tells_words: bool  # whether its folder says what people had said of mailings and of tracking

    def passed(self) -> Iterator[PassedClick]:
        """The clicks that it has passed, as far as its folder says."""
        return iter(()) if self.links is None else read_passed(self.folder)

    def words(self) -> Iterator[Word]:
        """What people had said of mailings and of tracking, as far as its folder says."""
        return read_said(self.folder) if self.tells_words else iter(())

    def changes(self) -> Iterator[CrmChange]:
        """Its changes, in their order. BadInput for a file that no run has written."""
        return (change for _, change in _changes(self.folder))


class _SaidSummary(WrittenModel):
    """What is needed of a `summary.json`."""

    run: Annotated[int, Field(ge=1, le=_MOST_RUNS)]
    ran_at: str
    workspace: str = ""
    files: list[str]
    changes: Count
    set_field: Count
    interests: Count
    selections: Count
    projects: Count
    follow_ups: Count
    requests: Count
    scripts: Count
    actions: Count | None = None
    passed_clicks: Count = 0
    said: Count | None = None


class _SaidChange(WrittenModel):
    """A line of `changes.ndjson`."""

    id: str
    kind: Literal["set-field", "interest", "company-interest", "selection", "project", "follow-up", "request", "script"]
    contact_id: str
    name: str
    operation: Literal["set", "add", "remove", "make", "run"]
    old: str
    new: str
    link: str
    mailing: str
    shipment: Annotated[int, Field(ge=1, le=2**31 - 1)]
    click: str
    clicked_at: str


def find_runs(folders: Sequence[Path], crm: CrmSettings) -> list[LostRun]:
    """The finished runs in these folders, or in folders that these hold, in the order in which they ran.

    NotFound where there is none, and for a folder that is not there; BadInput for files that no run has written, or
    a run's folder that is not whole.
    """
    found: dict[Path, LostRun] = {}
    for folder in folders:
        with explained(folder):
            inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
        places = [folder, *inside]
        for path in places:
            if (path / CHANGES).exists() and not (path / SUMMARY).exists():
                raise BadInput(
                    f"this folder has the files of a run and no {SUMMARY}, so the run was interrupted, or not all of "
                    "it is here: bring that file back, or name the other runs' folders one by one if the CRM has had "
                    "nothing of this one",
                    file=path,
                )
        runs = [path for path in places if (path / SUMMARY).exists()]
        if not runs:
            raise NotFound(f"there is no finished run in {folder}: a run's folder has a {SUMMARY}")
        found.update((whole_path(path), _read_run(path, crm)) for path in runs if whole_path(path) not in found)
    return sorted(found.values(), key=lambda run: (run.ran_at, run.number))


def _read_run(folder: Path, crm: CrmSettings) -> LostRun:
    """A run with all that its folder says. BadInput where its files do not agree."""
    path = folder / SUMMARY
    with open_input(path) as file, explained(path):
        data = file.read()
    said = read_written(_SaidSummary, data, "the summary of a run", file=path)
    try:
        ran_at = moment_written(said.ran_at)
    except ValueError:
        raise BadInput(f"this is not the summary of a run: {said.ran_at!r} is no time", file=path) from None
    for name in said.files:
        if "/" in name or not (folder / name).is_file():
            raise BadInput(f"{SUMMARY} names the file {name!r}, which is not here: {WHOLE}", file=folder)
    kinds: Counter[str] = Counter()
    ids: dict[str, set[str]] = {kind: set() for kind in MADE_FILES}
    for _, change in _changes(folder):
        kinds[change.kind] += 1
        if change.kind in ids:
            ids[change.kind].add(change.id)
    _check_counts(folder / CHANGES, said, kinds)
    made: dict[str, Made] = {}
    for kind, name in MADE_FILES.items():
        rows = dict(read_made(folder / name, crm))
        check_made(folder / name, kind, rows, ids[kind])
        made.update(rows)
    links = None
    if said.actions is not None:
        links, count = read_standing(folder)
        _check_count(folder / ACTIONS, "actions", said.actions, count)
        _check_count(folder / PASSED, "passed clicks", said.passed_clicks, sum(1 for _ in read_passed(folder)))
    if said.said is not None:
        _check_count(folder / SAID, "words of people", said.said, sum(1 for _ in read_said(folder)))
    return LostRun(folder, said.workspace, said.run, ran_at, data.decode(), made, links, said.said is not None)


def _check_counts(path: Path, said: _SaidSummary, kinds: Counter[str]) -> None:
    """BadInput when a run has made more or fewer changes than its file has, of all kinds or of one."""
    found = {"changes": kinds.total()}
    found |= {key: sum(kinds[kind] for kind in every) for key, every in SUMMARY_KEYS.items()}
    for key, count in found.items():
        _check_count(path, key.replace("_", "-"), getattr(said, key), count)


def _check_count(path: Path, what: str, wanted: int, count: int) -> None:
    """BadInput when a file has more or fewer lines than the summary says."""
    if wanted != count:
        raise BadInput(f"{SUMMARY} says {wanted:,} {what}, and {count:,} are found here: {WHOLE}", file=path)


def _changes(folder: Path) -> Iterator[tuple[int, CrmChange]]:
    """The lines of `changes.ndjson` with their numbers. BadInput for a line that is no change."""
    path, what = folder / CHANGES, "a change of a run"
    for line, said in read_written_lines(_SaidChange, path, what):
        change = CrmChange._make(getattr(said, name) for name in CrmChange._fields)
        try:
            click_in(change)
        except ValueError as problem:
            raise BadInput(f"this is not {what}: {problem}", file=path, line=line) from None
        yield line, change


def click_in(change: CrmChange) -> tuple[int, int]:
    """The time (UTC milliseconds) and the print of the click that a change names. ValueError for no click."""
    return click_of(change.click)


def number_in(change: CrmChange, identity: str, shipment_number: int, last: int, likely: int) -> int:
    """The number of the action that made a change, on a link of this `identity` whose highest number is `last`; 0: by
    hand.

    `likely` is tried first. `shipment_number` is the random one.
    """
    at, mark = click_in(change)
    who = change.contact_id, identity
    for number in (likely, *range(1, last + _FURTHER)) if likely else range(1, last + _FURTHER):
        if change.operation in ("make", "run"):
            once = change.kind, number, *who, shipment_number
            ids = [stable_id(*once), stable_id(*once, at, mark)]
        else:
            about = change.kind, change.name, change.operation
            ids = [stable_id(at, mark, *who, kind, number, *about) for kind in types_that_make(change.kind)]
        if change.id in ids:
            return number
    return 0


def types_that_make(kind: str) -> tuple[str, ...]:
    """The types of actions that a change of this kind may come from."""
    return KINDS_OF.get(kind, (kind,))
