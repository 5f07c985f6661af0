"""The links and actions of a restored workspace against those that the lost runs have found: each action gets its
number back, and what is not here as they had it is named with the commands that bring it back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from linktrack.actions.ledger.runs import has_run_since_restore
from linktrack.actions.lost_numbers import (
    LinkNumbers,
    Listing,
    Words,
    numbers_of,
    once_for,
    to_be_as_it_was,
    to_bring_back,
)
from linktrack.actions.lost_runs import LostRun
from linktrack.errors import Conflict
from linktrack.links.actions import ActionTable
from linktrack.links.stored_actions import renumber_actions, standing_actions
from linktrack.store.lookups import link_called
from linktrack.store.session import Database

_AGAIN = "then name the folders once more"
_AFTERWARDS = (
    f"so that nothing is done again, and {_AGAIN}; what is not wanted any more is removed afterwards, and what is to "
    "be otherwise is edited then"
)


class _LostLink(NamedTuple):
    """A link of today whose actions the lost runs name."""

    id: int
    today: Listing
    listings: Sequence[Listing]
    numbers: LinkNumbers


class LostCatalogue:
    """What is to be said and done about the numbers of actions before runs are taken."""

    def __init__(self, database: Database, runs: Iterable[LostRun], root: Path) -> None:
        """`runs` are those that the ledger lacks, in the order in which they ran; `root` is the workspace's folder."""
        self.database, self.root = database, root
        self._links: dict[str, _LostLink] = {}
        self._put_back = False
        listings: dict[str, list[Listing]] = {}
        for run in runs:
            if run.actions is not None:
                for key, listing in run.actions.items():
                    listings.setdefault(key, []).append(listing)
        today: dict[str, dict[int, ActionTable]] = {}
        for action in standing_actions(database):
            today.setdefault(action.key, {})[action.number] = action.table
        for key, every in sorted(listings.items()):
            if link := link_called(database, key):
                backed_up = database.value("SELECT backed_up_action FROM link WHERE id = ?", (link.id,))
                there = today.get(key, {})
                self._links[key] = _LostLink(link.id, there, every, numbers_of(there, backed_up, every))

    def put_back(self) -> list[str]:
        """Give the actions their numbers back; returns what is to be said of it. Conflict where that would be done
        twice which has another number, or runs have gone by the numbers of today. Part of a transaction."""
        if self._put_back:
            return []
        self._put_back = True
        self._refuse_mistaken()
        said = []
        for key, (number, _, _, numbers) in self._links.items():
            for before, after in sorted(numbers.moves.items()):
                said.append(f"action {before} of the link {key!r} is action {after} by now, as the runs had it")
            if numbers.moves and has_run_since_restore(self.database):
                raise Conflict(
                    f"the actions of the link {key!r} had other numbers when these runs were made, and other runs "
                    "have gone by those of today since the restore, so that nobody can tell what is done: restore the "
                    "backup once more, and name all runs before the next one"
                )
            renumber_actions(self.database, number, numbers.moves, numbers.last)
        return said

    def is_missing(self, key: str, number: int) -> bool:
        """Whether an action that was added since the backup is not here as the runs had it."""
        return key in self._links and number in self._links[key].numbers.missing

    def refuse_missing(self, missing: Iterable[tuple[str, int]], folder: Path) -> None:
        """Conflict when there are any, by link and number."""
        commands: list[Words] = []
        edited: list[str] = []
        for key, number in sorted(missing):
            known = self._links[key]
            table = known.numbers.missing[number]
            commands.append(to_bring_back(key, table))
            for other, there in known.numbers.added.items():
                if there["type"] == table["type"]:
                    lines = self._lines([to_be_as_it_was(key, other, there, table)])
                    edited.append(f"\n   or, where action {other} of {key} is that one, edited since:{lines}")
        if commands:
            raise Conflict(
                "this run carried out what was added since the backup and is not here as it was then: bring it back, "
                f"{_AFTERWARDS}:{self._lines(commands)}{''.join(edited)}",
                file=folder,
            )

    def refuse_links(self, keys: Iterable[str], folder: Path) -> None:
        """Conflict when links are not here that something is made by once for a person."""
        if every := sorted(keys):
            raise Conflict(
                f"this run carried out once for a person what the actions of {', '.join(map(repr, every))} make, which "
                "was added since the backup and is not here: add it again with its actions (linktrack link add and "
                f"action add, or link apply), {_AFTERWARDS}",
                file=folder,
            )

    def refuse_strayed(self, strayed: Iterable[tuple[str, str]], folder: Path) -> None:
        """Conflict when links have other keys than the run knew: (key in the run, that of today or "")."""
        commands: list[Words] = []
        unknown = []
        for key, now in sorted(strayed):
            if not now:
                unknown.append(repr(key))
                continue
            if link_called(self.database, key):
                commands.append(["link", "edit", key, "--key", self._free(key)])
            commands.append(["link", "edit", now, "--key", key])
        if commands or unknown:
            ways = []
            if unknown:
                ways.append(
                    f"of {', '.join(unknown)} that is known once the logs of its clicks are imported (linktrack click "
                    "import LOG…)"
                )
            if commands:
                ways.append(f"give them those back, and others afterwards:{self._lines(commands)}")
            raise Conflict(
                "this run carried out what links ask for that had other keys then, or that stand in none of the mails "
                f"that it names: {_AGAIN} when their keys are those of then; {'; '.join(ways)}",
                file=folder,
            )

    def once(self, run: LostRun, key: str, kind: str, name: str) -> list[int]:
        """The numbers of the actions by which a run may have made a thing once for a person."""
        return once_for(kind, name, (run.actions or {}).get(key, {}))

    def _refuse_mistaken(self) -> None:
        commands: list[Words] = []
        for key, known in self._links.items():
            wanted = sorted(known.numbers.mistaken.items(), key=lambda one: (one[1] is not None, one[0]))
            commands += [to_be_as_it_was(key, number, known.today[number], then) for number, then in wanted]
        if commands:
            raise Conflict(
                "there are actions here that would do once more what others did when the runs were made, or what they "
                "themselves did under other numbers: let them be what they were then, and name the folders once more; "
                f"what is to be done besides is added afterwards, and what is to be otherwise is edited then:"
                f"{self._lines(commands)}"
            )

    def _free(self, key: str) -> str:
        number = 2
        while link_called(self.database, f"{key}-{number}"):
            number += 1
        return f"{key}-{number}"

    def _lines(self, commands: Iterable[Words]) -> str:
        """Commands as lines of their own, which a shell takes wherever it is."""
        here = ["linktrack", "--workspace", str(self.root)]
        return "".join(f"\n     {line}" for line in dict.fromkeys(shlex.join([*here, *words]) for words in commands))
