"""Who clicked: the table `clicker`, a row for every person and placement, moved with every click and verdict.

What the tallies need of it comes back as a `Turnout`: who has become a clicker or is none any more, and whose first
click lies elsewhere now. Those who refused tracking have a row of a placement together, of the recipient NOBODY: it
keeps their first and last click, and is no clicker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from linktrack.clicks.rollups.clicker_changes import (
    ClickerChange,
    ClickerChanges,
    PersonAtPlacement,
    PersonInShipment,
    in_pieces,
)
from linktrack.clicks.rollups.domains import Domains
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.links.tokens import NOBODY
from linktrack.moments import merged
from linktrack.store.many import marks
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database

_COLUMNS = (
    *("shipment_id", "recipient_id", "placement_id", "link_id", "human", "machine"),
    *("first_click", "last_after", "first_device"),
)
_NOTHING: dict[int, ClickerChange] = {}
_KEY = "shipment_id, recipient_id, placement_id"

ClickerCounts = ClickerChange  # what a person has done on a placement, in the columns of a change
_Row = tuple[int | None, ...]  # one of the table: its `_COLUMNS`
First = tuple[int, int]  # the first human click of a person (of several at one moment, by device): moment and device


@dataclass
class Turnout:
    """What has changed about who clicked: 1 for somebody, or their first click, that stands somewhere now, and -1 for
    one that does not any more."""

    on_placements: list[tuple[int, int, int]] = field(default_factory=list)  # placement, shipment, ±1
    on_links: list[tuple[int, ...]] = field(default_factory=list)  # link, shipment, moment, ±1
    in_shipments: list[tuple[int, First, int]] = field(default_factory=list)  # shipment, ±1
    # Clicks of people and machines, and clickers, that came by shipment and the domain that the mail was sent to, "" of
    # those who refused tracking.
    by_domain: defaultdict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def turn(self, shipment: int, link: int, before: First | None, after: First | None) -> None:
        """Somebody's first human click on a link (0: in the shipment) is another one now; None = there is none."""
        if link:
            if before is not None:
                self.on_links.append((link, shipment, before[0], -1))
            if after is not None:
                self.on_links.append((link, shipment, after[0], 1))
            return
        if before is not None:
            self.in_shipments.append((shipment, before, -1))
        if after is not None:
            self.in_shipments.append((shipment, after, 1))


def note_clicker_changes(
    database: Database, changes: ClickerChanges, human: Collection[int], refusing: Refusing, known_domains: Domains
) -> Turnout:
    """Add what people did to the table, in the open transaction.

    `human` are the numbers of the rulings that mean a person. The clicks themselves must be stored and judged already.
    """
    known = {shipment for shipment in {person[0] for person in changes.people} if _has_any(database, shipment)}
    left = _left(database, changes, human, refusing) if changes.lost else {}
    purged = horizon(database).clicks if changes.lost else NEVER
    turnout = Turnout()
    rows: list[_Row] = []
    gone: list[PersonAtPlacement] = []
    for shipment, some in in_pieces(changes.people):
        stored = _stored(database, shipment, some) if shipment in known else {}
        domains = known_domains.of(shipment, some)
        for recipient in some:
            person = (shipment, recipient)
            own = changes.people[person]
            before = stored.get(recipient, _NOTHING)
            tally = turnout.by_domain[shipment, domains.get(recipient, "")]
            for _, people, machines, _, _, _ in own.values():
                tally[0] += people
                tally[1] += machines
            if person in changes.moved:
                tally[2] += _move(person, own, before, turnout, rows, gone, lost=changes.lost, left=left, purged=purged)
            elif before or len(own) > 1:
                tally[2] += _note_more(person, own, before, turnout, rows)
            else:  # like most people in an import
                ((placement, change),) = own.items()
                rows.append(_row(shipment, recipient, placement, change))
                link, _, _, first, _, device = change
                if first is not None and device is not None and recipient != NOBODY:
                    tally[2] += 1
                    turnout.on_placements.append((placement, shipment, 1))
                    turnout.on_links.append((link, shipment, first, 1))
                    turnout.in_shipments.append((shipment, (first, device), 1))
    if gone:
        database.executemany(
            "DELETE FROM clicker WHERE shipment_id = ? AND recipient_id = ? AND placement_id = ?", gone
        )
    database.insert("clicker", _COLUMNS, rows, besides=_REPLACE if known else "")
    return turnout


def _note_more(
    person: PersonInShipment,
    own: Mapping[int, ClickerChange],
    before: Mapping[int, ClickerCounts],
    turnout: Turnout,
    rows: list[_Row],
) -> int:
    """Changes of a person none of whose clicks went: first clicks can only have become earlier ones. Returns 1 where
    the person has become a clicker."""
    shipment, recipient = person
    earlier: dict[int, First] = {}  # by link
    for placement, change in sorted(own.items()) if len(own) > 1 else own.items():
        old = before.get(placement)
        rows.append(_row(shipment, recipient, placement, change if old is None else _added(old, change)))
        link, _, _, first, _, device = change
        if first is None or device is None or recipient == NOBODY:
            continue
        if old is None or old[1] <= 0:
            turnout.on_placements.append((placement, shipment, 1))
        if link not in earlier or (first, device) < earlier[link]:
            earlier[link] = (first, device)
    if not earlier:
        return 0
    earlier[0] = min(earlier.values())  # on any
    firsts = _firsts(before, earlier) if before else {}
    for link, found in earlier.items():
        was = firsts.get(link)
        if was is None or found < was:
            turnout.turn(shipment, link, was, found)
    return int(0 not in firsts)


def _move(
    person: PersonInShipment,
    own: Mapping[int, ClickerChange],
    before: Mapping[int, ClickerCounts],
    turnout: Turnout,
    rows: list[_Row],
    gone: list[PersonAtPlacement],
    *,
    lost: Collection[PersonAtPlacement],
    left: Mapping[PersonAtPlacement, tuple[int, int, int]],
    purged: int,
) -> int:
    """Changes of a person some of whose clicks were removed or judged anew. `left` has first and last click of the
    spots that are `lost`. Returns 1 where the person has become a clicker, -1 where they are none any more."""
    after = dict(before)
    for placement, change in sorted(own.items()):
        old = before.get(placement)
        new = _added(old, change)
        if (spot := (*person, placement)) in lost:
            times: tuple[int | None, int | None, int | None] = left.get(spot, (None, None, None))
            if old is not None and old[3] is not None and old[3] < purged:
                times = (old[3], times[1] or old[4], old[5])  # which no click can tell any more
            new = (*new[:3], *times)
        won = (new[1] > 0) - (old is not None and old[1] > 0)
        if won and person[1] != NOBODY:
            turnout.on_placements.append((placement, person[0], won))
        if new[1] or new[2]:
            after[placement] = new
            rows.append(_row(*spot, new))
        else:
            after.pop(placement, None)
            gone.append(spot)
    if person[1] == NOBODY:
        return 0
    links = {0, *(change[0] for change in own.values())}
    firsts, now = _firsts(before, links), _firsts(after, links)
    for link in links:
        if firsts.get(link) != now.get(link):
            turnout.turn(person[0], link, firsts.get(link), now.get(link))
    return (0 in now) - (0 in firsts)


def _row(shipment: int, recipient: int, placement: int, counts_there: ClickerCounts) -> _Row:
    """A row of the table."""
    link, human, machine, first, last, device = counts_there
    after = None if first is None or last is None else last - first
    return (shipment, recipient, placement, link, human, machine, first, after, device)


_REPLACE = (
    f" ON CONFLICT ({_KEY}) DO UPDATE SET human = excluded.human, machine = excluded.machine, "
    "first_click = excluded.first_click, last_after = excluded.last_after, first_device = excluded.first_device"
)


def _added(old: ClickerCounts | None, change: ClickerChange) -> ClickerCounts:
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


def _firsts(on_placements: Mapping[int, ClickerCounts], links: Collection[int]) -> dict[int, First]:
    """The first human click on each of some links, and (0) on any of them."""
    found: dict[int, First] = {}
    for link, _, _, first, _, device in on_placements.values():
        if first is not None:
            here = (first, device or 0)
            if 0 not in found or here < found[0]:
                found[0] = here
            if link in links and (link not in found or here < found[link]):
                found[link] = here
    return found


def _has_any(database: Database, shipment: int) -> bool:
    """Whether the table has anybody of a shipment."""
    return database.value("SELECT 1 FROM clicker WHERE shipment_id = ? LIMIT 1", (shipment,)) is not None


def _stored(database: Database, shipment: int, some: Sequence[int]) -> dict[int, dict[int, ClickerCounts]]:
    """What the table has of some recipients of a shipment, by recipient and placement."""
    found: dict[int, dict[int, ClickerCounts]] = {}
    for row in database.rows(
        "SELECT recipient_id, placement_id, link_id, human, machine, first_click, last_click, first_device "  # noqa: S608  (marks of our own)
        f"FROM clicker WHERE shipment_id = ? AND recipient_id IN ({marks(some)})",
        (shipment, *some),
    ):
        if row[0] in found:
            found[row[0]][row[1]] = row[2:]
        else:
            found[row[0]] = {row[1]: row[2:]}
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
        (shipment, recipient): on_placements
        for shipment, some in in_pieces({spot[:2] for spot in changes.lost})
        for recipient, on_placements in _stored(database, shipment, some).items()
    }
    for shipment, recipient, placement in changes.lost:
        counts_there = stored.get((shipment, recipient), {}).get(placement)
        change = changes.people[shipment, recipient][placement]
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
