"""What the folder of a run says besides its changes: the actions as they stood when it began, the clicks that it has
passed, and what people had said of mailings and of tracking. Of runs by a linktrack without such files it says less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from linktrack.actions.lost_runs.numbers import Listing
from linktrack.actions.selecting import PassedClick
from linktrack.click_names import click_of
from linktrack.contacts.words import Saying, Word
from linktrack.errors import BadInput
from linktrack.files.json_files import WrittenModel, read_written_lines
from linktrack.links.actions import KINDS, ActionTable
from linktrack.moments import moment_written

ACTIONS = "actions.ndjson"
PASSED = "passed-clicks.ndjson"
SAID = "said.ndjson"


class LostLink(NamedTuple):
    """A link as a run found it: its number in the database (the same in a backup), what ids of its changes are formed
    of, and its actions."""

    id: int
    identity: str
    actions: Listing


class _SaidAction(WrittenModel):
    """A line of `actions.ndjson`."""

    link: str
    link_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    link_identity: str = ""  # where it is not said, ids were formed of the key
    number: Annotated[int, Field(ge=1, le=2**31 - 1)]
    type: str
    settings: ActionTable


class _SaidClick(WrittenModel):
    """A line of `passed-clicks.ndjson`."""

    click: str
    contact_id: str


class _SaidWord(WrittenModel):
    """A line of `said.ndjson`."""

    contact_id: str
    said: Saying
    type: str
    said_at: str


def read_standing(folder: Path) -> tuple[dict[str, LostLink], int]:
    """The links that have actions by their keys, and how many actions there are. BadInput for a line that is none."""
    found: dict[str, tuple[int, str, dict[int, ActionTable]]] = {}
    count = 0
    for line, said in read_written_lines(_SaidAction, folder / ACTIONS, "an action of a run"):
        if said.type not in KINDS:
            raise BadInput(
                f"this is not an action of a run: {said.type!r} is no type", file=folder / ACTIONS, line=line
            )
        link = found.setdefault(said.link, (said.link_id, said.link_identity or said.link, {}))
        link[2][said.number] = {"type": said.type, **said.settings}
        count += 1
    return {key: LostLink(*link) for key, link in found.items()}, count


def read_passed(folder: Path) -> Iterator[PassedClick]:
    """The clicks that a run has passed. BadInput for a line that is none."""
    what = "a click that a run has passed"
    for line, said in read_written_lines(_SaidClick, folder / PASSED, what):
        try:
            yield PassedClick(*click_of(said.click), said.contact_id)
        except ValueError as problem:
            raise BadInput(f"this is not {what}: {problem}", file=folder / PASSED, line=line) from None


def read_said(folder: Path) -> Iterator[Word]:
    """What people had said when a run was made. BadInput for a line that is none."""
    for line, one in read_written_lines(_SaidWord, folder / SAID, "what a person has said"):
        try:
            yield Word(one.contact_id, one.said, one.type, moment_written(one.said_at))
        except ValueError:
            raise BadInput(
                f"this is not what a person has said: {one.said_at!r} is no time", file=folder / SAID, line=line
            ) from None
