"""The links and actions of a restored workspace, compared with those of the lost runs: each action gets its number
back; what is missing or changed is named, with the commands that bring it back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.ledger.runs import has_run_since_restore, missing_runs, taken_runs
from linktrack.actions.lost_runs.numbers import (
    LinkNumbers,
    Listing,
    Words,
    numbers_of,
    once_for,
    to_be_as_it_was,
    to_bring_back,
)
from linktrack.actions.lost_runs.reading import LostRun
from linktrack.errors import Conflict
from linktrack.links.actions import ActionTable
from linktrack.links.stored_actions import renumber_actions, standing_actions
from linktrack.store.session import Database

_AGAIN = "then name the folders once more"
_AFTERWARDS = (
    f"so that nothing is done again, and {_AGAIN}; what is not wanted any more is removed afterwards, and what is to "
    "be otherwise is edited then"
)


class TodaysLink(NamedTuple):
    """A link as it is today. `backed_up_action` is -1 for one that was added since the restore."""

    id: int
    key: str
    last_action: int
    backed_up_action: int


class _LostNumbers(NamedTuple):
    """What the lost runs say of the actions of a link."""

    link: TodaysLink
    today: Listing
    numbers: LinkNumbers


class LostCatalogue:
    """What is to be said and done about links and the numbers of their actions before runs are taken.

    A link that the backup has is the one of that number, whatever its key was in a run or is today. A link that was
    added after the backup is the one that was added again under the last key that it had in the runs.
    """

    def __init__(self, database: Database, runs: Sequence[LostRun], root: Path) -> None:
        """`runs` are those that are named, in the order in which they ran; `root` is the workspace's folder."""
        self.database, self.root = database, root
        self._named = {run.number for run in runs}
        self._last_keys: dict[str, int] = {}  # whose a key was last, by the numbers of links in the runs
        for run in reversed(runs):
            for key, lost in (run.links or {}).items():
                self._last_keys.setdefault(key, lost.id)
        listings: dict[TodaysLink, list[Listing]] = {}
        for run in runs:
            for key, lost in (run.links or {}).items():
                if link := self.link_of(run, key):
                    listings.setdefault(link, []).append(lost.actions)
        today: dict[int, dict[int, ActionTable]] = {}
        for action in standing_actions(database):
            today.setdefault(action.link_id, {})[action.number] = action.table
        self._links: dict[int, _LostNumbers] = {}
        for link, every in sorted(listings.items(), key=lambda one: one[0].key):
            there = today.get(link.id, {})
            self._links[link.id] = _LostNumbers(link, there, numbers_of(there, link.backed_up_action, every))

    def link_of(self, run: LostRun, key: str) -> TodaysLink | None:
        """The link that a run knew by a key; None where it is not here. Where the run does not say which link that was,
        it is the one with that key today."""
        lost = (run.links or {}).get(key)
        if lost is None:
            return self._link("key", key)
        if (link := self._link("id", lost.id)) and link.backed_up_action >= 0:
            return link
        for name in (name for name, owner in self._last_keys.items() if owner == lost.id):
            if (link := self._link("key", name)) and link.backed_up_action < 0:
                return link
        return None

    def put_back(self) -> list[str]:
        """Give the actions their numbers back, in the open transaction. Returns sentences on what was changed. Conflict
        where an action would do again what one with another number has done, and where runs that are not named have
        used the numbers of today: made since the restore, or taken earlier."""
        self._refuse_mistaken()
        said = []
        for link, _, numbers in self._links.values():
            for before, after in sorted(numbers.moves.items()):
                said.append(f"action {before} of the link {link.key!r} is action {after} by now, as the runs had it")
            if numbers.moves and has_run_since_restore(self.database):
                raise Conflict(
                    f"the actions of the link {link.key!r} had other numbers when these runs were made, and other runs "
                    "have gone by those of today since the restore, so that nobody can tell what is done: restore the "
                    "backup once more, and name all runs before the next one"
                )
            if numbers.moves and (later := self._taken_after(min(self._named)) - self._named):
                raise Conflict(
                    f"the actions of the link {link.key!r} have other numbers here than in these runs, and run "
                    f"{', '.join(map(str, sorted(later)))} was taken with those: name its folder together with these, "
                    "so that it is known what became of which action"
                )
            renumber_actions(self.database, link.id, numbers.moves, numbers.last)
        return said

    def is_missing(self, link_id: int, number: int) -> bool:
        """Whether a link lacks an action that the runs had under this number and that the backup does not have."""
        return link_id in self._links and number in self._links[link_id].numbers.missing

    def refuse_missing(self, missing: Iterable[tuple[int, int]], run: LostRun) -> None:
        """Conflict when any action of `missing`, as (link id, number), is not here; to be called when actions have
        their numbers back."""
        lines = ""
        for link_id, number in sorted(missing):
            link, _, numbers = self._links[link_id]
            table = numbers.missing[number]
            lines += self._lines([to_bring_back(link.key, table)])
            for before, there in numbers.added.items():
                other = numbers.moves.get(before, before)
                if there["type"] == table["type"]:
                    command = self._lines([to_be_as_it_was(link.key, other, there, table)])
                    lines += f"\n   but if action {other} of {link.key} is that one, edited since:{command}"
        if lines:
            raise Conflict(
                "this run carried out what was added since the backup and is not here as it was then: "
                f"{self._to_be_named(run)}bring it back, {_AFTERWARDS}:{lines}",
                file=run.folder,
            )

    def refuse_links(self, keys: Iterable[str], run: LostRun) -> None:
        """Conflict when links with these keys are not here although the run has made something for clicks on them."""
        if every := sorted(keys):
            raise Conflict(
                f"this run carried out what the actions of {', '.join(map(repr, every))} make, which was added since "
                f"the backup and is not here: {self._to_be_named(run)}if it was added again under another key, give it "
                "that one (linktrack link edit OTHER --key KEY); if it was not, add it with its actions (linktrack "
                f"link apply FILE), {_AFTERWARDS}",
                file=run.folder,
            )

    def once(self, run: LostRun, key: str, kind: str, name: str) -> list[int]:
        """The numbers of the link's actions that make such a thing once for a person, and may have made it in a run
        (`kind` and `name` as in `made`)."""
        lost = (run.links or {}).get(key)
        return [] if lost is None else once_for(kind, name, lost.actions)

    def _link(self, column: str, value: int | str) -> TodaysLink | None:
        row = self.database.row(
            f"SELECT id, key, last_action, backed_up_action FROM link WHERE {column} = ?",  # noqa: S608  (names of ours)
            (value,),
        )
        return None if row is None else TodaysLink(*row)

    def _taken_after(self, number: int) -> set[int]:
        return {taken for taken in taken_runs(self.database) if taken > number}

    def _to_be_named(self, run: LostRun) -> str:
        """What is to be done first while folders are not named of runs that may say what became of an action."""
        others = sorted({*missing_runs(self.database), *self._taken_after(run.number)} - self._named)
        if not others:
            return ""
        numbers = ", ".join(map(str, others))
        return (
            f"first name the folder of run {numbers} together with this one, which may settle it; if that is refused: "
        )

    def _refuse_mistaken(self) -> None:
        commands: list[Words] = []
        for link, today, numbers in self._links.values():
            wanted = sorted(numbers.mistaken.items(), key=lambda one: (one[1] is not None, one[0]))
            commands += [to_be_as_it_was(link.key, number, today[number], then) for number, then in wanted]
        if commands:
            raise Conflict(
                "there are actions here that would do once more what others did when the runs were made, or what they "
                "themselves did under other numbers: let them be what they were then, and name the folders once more; "
                f"what is to be done besides is added afterwards, and what is to be otherwise is edited then:"
                f"{self._lines(commands)}"
            )

    def _lines(self, commands: Iterable[Words]) -> str:
        return command_lines(self.root, commands)


def command_lines(root: Path, commands: Iterable[Words]) -> str:
    """Commands on the workspace in `root` as lines of their own, which a shell takes wherever it is."""
    here = ["linktrack", "--workspace", str(root)]
    return "".join(f"\n     {line}" for line in dict.fromkeys(shlex.join([*here, *words]) for words in commands))
