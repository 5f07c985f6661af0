"""Which number each action of a link had in the runs that a restored backup does not know.

An action is known by its number: what was made under it is not made again. Actions that a backup lacks and that
somebody adds again, by hand or with `link apply`, get new numbers. Before any of them runs, each gets the number back
under which the lost runs carried out the same definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from linktrack.links.action_options import options_of, options_that_change
from linktrack.links.actions import ActionTable, canonical

Listing = Mapping[int, ActionTable]  # the actions of a link, by number, as a run found them
Words = list[str]  # words behind `linktrack`


class LinkNumbers(NamedTuple):
    """What becomes of a link's actions, by number.

    `moves` leads from the numbers of today to those of the lost runs; `last` is the highest that was ever used.
    `missing` were added after the backup: the last lost run had them, and the link has them not. `mistaken` are actions
    of today that would repeat what another one has done, each with what that number did then (None: nothing). `added`
    are actions of today that no run had."""

    moves: dict[int, int]
    last: int
    missing: dict[int, ActionTable]
    mistaken: dict[int, ActionTable | None]
    added: Listing


def same(table: ActionTable) -> str:
    """A text that is equal for actions that do the same, however their values were written (`true`, `"true"`)."""
    value = table.get("value")
    if isinstance(value, bool | int | float):
        table = {**table, "value": str(value).lower() if isinstance(value, bool) else str(value)}
    return canonical(table)


def numbers_of(today: Listing, backed_up: int, listings: Sequence[Listing]) -> LinkNumbers:
    """How a link's actions get the numbers back that they had. Actions up to the number `backed_up`, the last one in
    the backup, keep theirs, whatever their settings are today. `listings` are the link's actions in each of the lost
    runs, in the order of the runs; at least one."""
    held = {number for number in today if number <= backed_up}
    free = {number: same(table) for number, table in today.items() if number > backed_up}
    moves: dict[int, int] = {}
    for listing in reversed(listings):
        for stays in (True, False):
            for number, table in sorted(listing.items()):
                wanted = same(table)
                found = [one for one, text in sorted(free.items()) if text == wanted and (one == number or not stays)]
                if number not in held and found:
                    moves[found[0]] = number
                    held.add(number)
                    del free[found[0]]
    told = {same(table): number for listing in listings for number, table in listing.items()}
    taken = {number for listing in listings for number in listing}
    last = max([*taken, *today, backed_up])
    mistaken = _mistaken(today, backed_up, free, told, listings[-1])
    for number in free:
        if number in taken:
            last += 1
            moves[number] = last
    missing = {n: table for n, table in listings[-1].items() if n > backed_up and n not in held}
    added = {number: today[number] for number, text in free.items() if text not in told}
    return LinkNumbers({a: b for a, b in moves.items() if a != b}, last, missing, mistaken, added)


def _mistaken(
    today: Listing, backed_up: int, free: Mapping[int, str], told: Mapping[str, int], last: Listing
) -> dict[int, ActionTable | None]:
    """The actions that would do again what was done under another number: those that were added since the restore
    (`free`), and those of the backup. `told` has the number under which each thing was done last."""
    found: dict[int, ActionTable | None] = {number: None for number, text in free.items() if text in told}
    for number, table in today.items():
        if number <= backed_up:
            then, text = last.get(number), same(table)
            differs = then is None or same(then) != text
            if differs and (
                told.get(text, number) != number or number in {told[free[one]] for one in found if one in free}
            ):
                found[number] = then
    stay = {number: same(table) for number, table in today.items() if found.get(number, table) is not None}
    for number, wanted in list(found.items()):  # no link has the same action twice
        if wanted is not None and same(wanted) in {text for other, text in stay.items() if other != number}:
            del found[number]
    return found


def to_bring_back(key: str, table: ActionTable) -> Words:
    """The command, as words, that adds an action of a lost run to the link `key` again."""
    return ["action", "add", key, table["type"], *options_of(table)]


def to_be_as_it_was(key: str, number: int, table: ActionTable, wanted: ActionTable | None) -> Words:
    """The command, as words, that gives action `number` of the link `key` its former settings, `wanted`; or that
    removes it, where it was not there (None) or was of another type."""
    if wanted is None or wanted["type"] != table["type"]:
        return ["action", "remove", key, str(number)]
    return ["action", "edit", key, str(number), *options_that_change(table, wanted)]


def once_for(kind: str, name: str, listing: Listing) -> list[int]:
    """The numbers of those actions in `listing` that make a thing of this kind only once for each person; of a script,
    only those that run the script `name`."""
    return [
        number
        for number, table in sorted(listing.items())
        if table["type"] == kind and table.get("repeat") == "once" and (kind != "script" or table.get("script") == name)
    ]
