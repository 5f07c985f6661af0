"""What clicks change of clickers: gathered by person and placement from many clicks, before anything is looked up.

There are hundreds of thousands of them in one import, so they are plain tuples and dictionaries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from linktrack.store.many import at_once

PersonInShipment = tuple[int, int]  # shipment, recipient
PersonAtPlacement = tuple[int, int, int]  # shipment, recipient, placement

# What is added to what a person has done on a placement, negative where clicks went or were judged anew: link, human
# clicks, clicks of machines; and of the human ones that came first and last moment, and the first one's device.
ClickerChange = tuple[int, int, int, int | None, int | None, int | None]

UNCOUNTED, BY_PERSON, BY_MACHINE = "", "human", "machine"  # as what a click counts: a test as nothing


@dataclass
class ClickerChanges:
    """Changes by person and placement. `moved` are people of whom clicks were removed or judged anew. `lost` are the
    spots with fewer human clicks for that, where first and last click must be looked for again."""

    people: defaultdict[PersonInShipment, dict[int, ClickerChange]] = field(default_factory=lambda: defaultdict(dict))
    moved: set[PersonInShipment] = field(default_factory=set)
    lost: set[PersonAtPlacement] = field(default_factory=set)


def gathered(
    persons: Iterable[PersonInShipment],
    placements: Iterable[int],
    links: Iterable[int],
    moments: Iterable[int],
    devices: Iterable[int],
    was: Iterable[str],
    now: Iterable[str],
) -> ClickerChanges:
    """The changes that clicks make, given in columns; the last two are as what each has counted, and counts now."""
    changes = ClickerChanges()
    people = changes.people
    for person, placement, link, at, device, old, new in zip(
        persons, placements, links, moments, devices, was, now, strict=True
    ):
        if not old and not new:
            continue
        own = people[person]
        if not old and placement not in own:  # nearly always
            own[placement] = (link, 1, 0, at, at, device) if new == BY_PERSON else (link, 0, 1, None, None, None)
            continue
        _, human, machine, first, last, of_first = own.get(placement, (link, 0, 0, None, None, None))
        human += (new == BY_PERSON) - (old == BY_PERSON)
        machine += (new == BY_MACHINE) - (old == BY_MACHINE)
        if new == BY_PERSON:
            if first is None or of_first is None or (at, device) < (first, of_first):
                first, of_first = at, device
            last = at if last is None else max(last, at)
        own[placement] = (link, human, machine, first, last, of_first)
        if old:
            changes.moved.add(person)
            if old == BY_PERSON:
                changes.lost.add((*person, placement))
    return changes


def in_pieces(people: Iterable[PersonInShipment]) -> Iterator[tuple[int, list[int]]]:
    """People in order: a shipment and so many of its recipients as one query can name."""
    by_shipment: defaultdict[int, list[int]] = defaultdict(list)  # numbers are sorted in a fifth of the time of pairs
    for shipment, recipient in people:
        by_shipment[shipment].append(recipient)
    for shipment, recipients in sorted(by_shipment.items()):
        recipients.sort()
        yield from ((shipment, some) for some in at_once(recipients))
