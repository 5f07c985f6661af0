"""Which links had other keys in the runs that a restored backup does not know, and the commands that bring these back.

Whoever makes the links again that a backup lacks, from a file or by hand, knows them by their keys: while a link has
the key that another one should have, changes meant for one reach the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from linktrack.actions.lost_runs.reading import LostRun
from linktrack.store.lookups import link_called
from linktrack.store.session import Database


class Rename(NamedTuple):
    """A step on the way: the link of a key gets another one."""

    key: str
    then: str


class FormerKeys(NamedTuple):
    """What lost runs say of the keys of links in the backup. `had`: the key then, by the key of today. The `renames`
    bring these back, in an order in which each new key is free. Links that only make way are listed by the key that
    they get for it."""

    had: Mapping[str, str]
    renames: Sequence[Rename]
    aside: Sequence[str]


def former_keys(database: Database, runs: Sequence[LostRun]) -> FormerKeys:
    """What runs, in the order in which they ran, say of the keys of links that the backup has. Only those with actions
    are told."""
    last: dict[int, str] = {}  # by the number of a link
    owner: dict[str, int] = {}
    for run in runs:
        for key, lost in (run.links or {}).items():
            last[lost.id], owner[key] = key, lost.id
    had: dict[str, str] = {}
    for link_id, key in last.items():
        today = database.value("SELECT key FROM link WHERE id = ? AND backed_up_action >= 0", (link_id,))
        if today not in (None, key) and owner[key] == link_id:
            had[today] = key
    renames = renames_in_order(had, lambda key: link_called(database, key) is not None)
    called = {rename.then for rename in renames} - {rename.key for rename in renames}
    return FormerKeys(had, renames, sorted(called - set(had.values())))


def renames_in_order(wanted: Mapping[str, str], is_taken: Callable[[str], bool]) -> list[Rename]:
    """Renames, one after the other, that give the links called as the keys of `wanted` its values, which all differ.
    Where a link is in the way (in a circle, or one for which `wanted` has no key), it gets a made-up key first."""
    waiting = dict(wanted)
    taken = {key: is_taken(key) for key in (*wanted.keys(), *wanted.values())}
    done: list[Rename] = []

    def rename(key: str, then: str) -> None:
        done.append(Rename(key, then))
        taken.update({key: False, then: True})

    while waiting:
        free = next((key for key, then in waiting.items() if not taken[then]), None)
        if free is not None:
            rename(free, waiting.pop(free))
            continue
        held = next((then for then in waiting.values() if then not in waiting), next(iter(waiting.values())))
        number = 1
        while taken.get(aside := f"{held[:90]}-{number}", False) or is_taken(aside):
            number += 1
        rename(held, aside)
        if held in waiting:
            waiting[aside] = waiting.pop(held)
    return done
