"""Who is on a link again, or whose clicks were judged anew or removed: what the table has of them is replaced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from linktrack.clicks.rollups.clicker_changes import (
    PLACEMENT,
    PLACEMENT_BITS,
    ClickerChange,
    ClickerChanges,
    PersonAtPlacement,
    added,
    in_pieces,
    people_at,
)
from linktrack.clicks.rollups.recent_clickers import ClickerRow
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.clicks.rollups.so_far import PeopleSoFar, stored_clickers
from linktrack.clicks.rollups.turnout import First, Turnout
from linktrack.links.tokens import NOBODY
from linktrack.moments import merged
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database

ClickerCounts = ClickerChange  # what a person has done on a placement, in the columns of a change
Met = Mapping[int, tuple[PeopleSoFar, Mapping[int, str]]]  # people and their domains, by shipment
_Spots = Mapping[int, ClickerCounts]  # by spot


def note_again(
    database: Database, changes: ClickerChanges, human: Collection[int], refusing: Refusing, met: Met, turnout: Turnout
) -> None:
    """Add to the table what people did, and to `turnout` what has changed by it. Part of a transaction.

    `human` are the numbers of the rulings that mean a person, `met` the people and their domains by shipment.
    """
    left = _left(database, changes, human, refusing) if changes.lost else {}
    purged = horizon(database).clicks if changes.lost else NEVER
    for shipment, own in sorted(changes.shipments.items()):
        rows: list[ClickerRow] = []
        gone: list[tuple[int, int]] = []
        people, domains = met[shipment]
        moved = {recipient for where, recipient in changes.moved if where == shipment} if changes.moved else set[int]()
        for some, spots in people_at(own):
            before = stored_clickers(database, shipment, some)
            after: dict[int, ClickerCounts] = {}
            for spot in spots:
                recipient, placement = spot >> PLACEMENT_BITS, spot & PLACEMENT
                change, old = own[spot], before.get(spot)
                counts_there = added(old, change)
                if changes.lost and (where := (shipment, recipient, placement)) in changes.lost:
                    counts_there = (*counts_there[:3], *_times_left(left.get(where), old, purged))
                after[spot] = counts_there
                link, by_person, by_machine, first, last, device = counts_there
                tally = turnout.by_domain[shipment, domains.get(recipient, "")]
                tally[0] += change[1]
                tally[1] += change[2]
                if by_person or by_machine:
                    after_first = None if first is None or last is None else last - first
                    rows.append(
                        (shipment, recipient, placement, link, by_person, by_machine, first, after_first, device)
                    )
                    people.add(recipient, placement, counts_there)
                else:
                    gone.append((recipient, placement))
                won = (by_person > 0) - (old is not None and old[1] > 0)
                if won and recipient != NOBODY:
                    turnout.on_placements[placement, shipment] += won
            for person, sign in _turn(shipment, before, after, moved.intersection(some), turnout):
                turnout.by_domain[shipment, domains.get(person, "")][2] += sign
        people.forget(moved)
        people.rows.replace(rows, gone)


def _turn(
    shipment: int, before: _Spots, after: _Spots, moved: Collection[int], turnout: Turnout
) -> Iterator[tuple[int, int]]:
    """Note whose first clicks are others now that some spots are as they are `after`. Of people who are not `moved` (no
    click went) they can only have become earlier ones. Yields each recipient who has become a clicker (1), or is none
    any more (-1)."""
    was = _firsts(before.items())
    if moved:
        after = {**{spot: one for spot, one in before.items() if spot >> PLACEMENT_BITS in moved}, **after}
    now = _firsts(after.items())
    come: defaultdict[int, list[First]] = defaultdict(list)  # by link
    for where, first in now.items():
        old = was.get(where)
        if old is None or first < old or (moved and first != old and where >> PLACEMENT_BITS in moved):
            link = where & PLACEMENT
            come[link].append(first)
            if old is not None:
                turnout.firsts[shipment, link, -1].append(old)
            elif not link:
                yield where >> PLACEMENT_BITS, 1
    for link, firsts in come.items():
        turnout.firsts[shipment, link, 1] += firsts
    for where in was.keys() - now.keys() if moved else ():
        if where >> PLACEMENT_BITS in moved:
            turnout.firsts[shipment, where & PLACEMENT, -1].append(was[where])
            if not where & PLACEMENT:
                yield where >> PLACEMENT_BITS, -1


def _times_left(
    left: tuple[int, int, int] | None, old: ClickerCounts | None, purged: int
) -> tuple[int | None, int | None, int | None]:
    """First and last click, and the first one's device, where human clicks went: of what is `left`, and of what was
    purged, which no click can tell any more."""
    times: tuple[int | None, int | None, int | None] = left or (None, None, None)
    if old is not None and old[3] is not None and old[3] < purged:
        times = (old[3], times[1] or old[4], old[5])
    return times


def _firsts(spots: Iterable[tuple[int, ClickerCounts]]) -> dict[int, First]:
    """The first human click of each person on each link and (0) on any of them, by the recipient and the link in the
    place of a spot's placement."""
    found: dict[int, First] = {}
    for spot, (link, _, _, first, _, device) in spots:
        if first is None or spot <= PLACEMENT:  # of NOBODY
            continue
        here = (first, device or 0)
        anywhere = spot >> PLACEMENT_BITS << PLACEMENT_BITS
        if anywhere not in found or here < found[anywhere]:
            found[anywhere] = here
        on_link = anywhere | link
        if on_link not in found or here < found[on_link]:
            found[on_link] = here
    return found


def _left(
    database: Database,
    changes: ClickerChanges,
    human: Collection[int],
    refusing: Refusing,
) -> dict[PersonAtPlacement, tuple[int, int, int]]:
    """First and last human click, and the first one's device, of each spot that lost one, from the clicks themselves.

    There is no index by recipient (it would halve the speed of every import); the order of time bounds the search.
    """
    bounds: list[tuple[int, int]] = []
    stored = {
        (shipment, spot): counts_there
        for shipment, some in in_pieces({spot[:2] for spot in changes.lost})
        for spot, counts_there in stored_clickers(database, shipment, some).items()
    }
    for shipment, recipient, placement in changes.lost:
        where = recipient << PLACEMENT_BITS | placement
        counts_there = stored.get((shipment, where))
        change = changes.shipments[shipment][where]
        moments = [*change[3:5], *(counts_there[3:5] if counts_there else ())]
        known = [moment for moment in moments if moment is not None]
        if known:
            bounds.append((min(known), max(known)))
    found: dict[PersonAtPlacement, tuple[int, int, int]] = {}
    marks = ", ".join(map(str, human)) or "NULL"
    together = any(recipient == NOBODY for _, recipient, _ in changes.lost)
    for start, stop in merged(bounds):
        rows = database.rows(
            "SELECT clicked_at, shipment_id, recipient_id, placement_id, device FROM click "  # noqa: S608  (numbers of our own)
            f"JOIN agent ON agent.id = click.agent_id WHERE clicked_at BETWEEN ? AND ? AND ruling_id IN ({marks}) "
            "ORDER BY clicked_at, device",
            (start, stop),
        )
        if together:
            refusing.look_up((row[1], row[2]) for row in rows)
        for at, shipment, recipient, placement, device in rows:
            spot = (shipment, refusing.counted_as(shipment, recipient), placement)
            if spot in changes.lost:
                first, _, first_device = found.get(spot, (at, at, device))
                found[spot] = (first, at, first_device)
    return found
