"""What clicks change of clickers: gathered by person and placement from many clicks, before anything is looked up.

There may be hundreds of thousands of them, so they are plain tuples in flat dictionaries, and a person's spot in a
shipment is one number: it takes a third of the time of a pair, and sorted spots are in the table's order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from linktrack.clicks.rollups.columns import Columns
from linktrack.store.many import at_once

PersonInShipment = tuple[int, int]  # shipment, recipient
PersonAtPlacement = tuple[int, int, int]  # shipment, recipient, placement

PLACEMENT_BITS = 32
PLACEMENT = (1 << PLACEMENT_BITS) - 1  # what of a spot is the placement; in front of it stands the recipient

# What is added to what a person has done on a placement, negative where clicks went or were judged anew: link, human
# clicks, clicks of machines; and of the human ones that came first and last moment, and the first one's device.
ClickerChange = tuple[int, int, int, int | None, int | None, int | None]

UNCOUNTED, BY_PERSON, BY_MACHINE = "", "human", "machine"  # as what a click counts: a test as nothing


@dataclass
class ClickerChanges:
    """Changes by shipment and spot (recipient and placement). `moved` are people of whom clicks were removed or judged
    anew. `lost` are where fewer human clicks are for that: first and last click must be looked for again there."""

    shipments: defaultdict[int, dict[int, ClickerChange]] = field(default_factory=lambda: defaultdict(dict))
    moved: set[PersonInShipment] = field(default_factory=set)
    lost: set[PersonAtPlacement] = field(default_factory=set)


def gathered(columns: Columns) -> ClickerChanges:
    """The changes that clicks make."""
    changes = ClickerChanges()
    by_shipment = changes.shipments
    recipients, times, links, placements, shipments, devices, _, _, was, now = columns
    for shipment, recipient, placement, link, at, device, old, new in zip(
        shipments, recipients, placements, links, times, devices, was, now, strict=True
    ):
        if not old and not new:
            continue
        spots = by_shipment[shipment]
        spot = recipient << PLACEMENT_BITS | placement
        if not old and spot not in spots:
            spots[spot] = (link, 1, 0, at, at, device) if new == BY_PERSON else (link, 0, 1, None, None, None)
            continue
        _, human, machine, first, last, of_first = spots.get(spot, (link, 0, 0, None, None, None))
        human += (new == BY_PERSON) - (old == BY_PERSON)
        machine += (new == BY_MACHINE) - (old == BY_MACHINE)
        if new == BY_PERSON:
            if first is None or of_first is None or (at, device) < (first, of_first):
                first, of_first = at, device
            last = at if last is None else max(last, at)
        spots[spot] = (link, human, machine, first, last, of_first)
        if old:
            changes.moved.add((shipment, recipient))
            if old == BY_PERSON:
                changes.lost.add((shipment, recipient, placement))
    return changes


def added(old: ClickerChange | None, change: ClickerChange) -> ClickerChange:
    """What a person has done on a placement, with a change added to it."""
    if old is None:
        return change
    link, human, machine, first, last, device = old
    _, more_human, more_machine, new_first, new_last, new_device = change
    if new_first is not None and (first is None or (new_first, new_device or 0) < (first, device or 0)):
        first, device = new_first, new_device
    if new_last is not None and (last is None or new_last > last):
        last = new_last
    return (link, human + more_human, machine + more_machine, first, last, device)


def people_at(spots: Iterable[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Spots of one shipment in order, with their recipients: so many as one query can name."""
    ordered = sorted(spots)
    start = 0
    for some in at_once(sorted({spot >> PLACEMENT_BITS for spot in ordered})):
        stop = bisect_left(ordered, some[-1] + 1 << PLACEMENT_BITS, start)
        yield some, ordered[start:stop]
        start = stop


def in_pieces(people: Iterable[PersonInShipment]) -> Iterator[tuple[int, list[int]]]:
    """People in order: a shipment and so many of its recipients as one query can name."""
    by_shipment: defaultdict[int, list[int]] = defaultdict(list)  # numbers are sorted in a fifth of the time of pairs
    for shipment, recipient in people:
        by_shipment[shipment].append(recipient)
    for shipment, recipients in sorted(by_shipment.items()):
        recipients.sort()
        yield from ((shipment, some) for some in at_once(recipients))
