"""Who clicked: the table `clicker`, a row for every person and placement, moved with every click and verdict.

What the tallies need of it comes back as a `Turnout`: who has become a clicker or is none any more, and whose first
click lies elsewhere now. Those who refused tracking have a row of a placement together, of the recipient NOBODY: it
keeps their first and last click, and is no clicker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from linktrack.clicks.rollups.deeds import Deed, Deeds, Person, Spot, in_pieces
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.links.tokens import NOBODY
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database

_COLUMNS = (
    *("shipment_id", "recipient_id", "placement_id", "link_id", "human", "machine"),
    *("first_click", "last_click", "first_device"),
)
_KEY = "shipment_id, recipient_id, placement_id"

Standing = Deed  # what a person has done on a placement: a row of the table without its key, so like a deed
First = tuple[int, int]  # the first human click of a person (of several at one moment, by device): moment and device


@dataclass
class Turnout:
    """What has changed about who clicked: 1 for somebody, or their first click, that stands somewhere now, and -1 for
    one that does not any more."""

    on_placements: list[tuple[int, int, int]] = field(default_factory=list)  # placement, shipment, ±1
    on_links: list[tuple[tuple[int, int], int, int]] = field(default_factory=list)  # link and shipment, moment, ±1
    in_shipments: list[tuple[Person, First, int]] = field(default_factory=list)  # ±1

    def turn(self, person: Person, link: int, before: First | None, after: First | None) -> None:
        """A person's first human click on a link (0: in the shipment) is another one now; None = there is none."""
        for first, sign in ((before, -1), (after, 1)):
            if first is not None and link:
                self.on_links.append(((link, person[0]), first[0], sign))
            elif first is not None:
                self.in_shipments.append((person, first, sign))


def note_deeds(database: Database, deeds: Deeds, human: Collection[int], refusing: Refusing) -> Turnout:
    """Add what people did to the table, in the open transaction.

    `human` are the numbers of the rulings that mean a person. The clicks themselves must be stored and judged already.
    """
    stored = _stored(database, deeds.people)
    left = _left(database, stored, deeds, human, refusing) if deeds.lost else {}
    purged = horizon(database).clicks if deeds.lost else NEVER
    turnout = Turnout()
    rows: list[tuple[int | None, ...]] = []
    gone: list[Spot] = []
    for person, own in deeds.people.items():
        before = stored.get(person)
        if person not in deeds.moved:
            if before is None and len(own) == 1:
                _note_newcomer(person, own, turnout, rows)
            else:
                _note_more(person, own, before or {}, turnout, rows)
            continue
        before = before or {}
        after = dict(before)
        for placement, deed in sorted(own.items()):
            old = before.get(placement)
            new = _added(old, deed)
            if (spot := (*person, placement)) in deeds.lost:
                times: tuple[int | None, int | None, int | None] = left.get(spot, (None, None, None))
                if old is not None and old[3] is not None and old[3] < purged:
                    times = (old[3], times[1] or old[4], old[5])  # which no click can tell any more
                new = (*new[:3], *times)
            won = (new[1] > 0) - (old is not None and old[1] > 0)
            if won and person[1] != NOBODY:
                turnout.on_placements.append((placement, person[0], won))
            if new[1] or new[2]:
                after[placement] = new
                rows.append((*spot, *new))
            else:
                after.pop(placement, None)
                gone.append(spot)
        if person[1] != NOBODY:
            links = {0, *(deed[0] for deed in own.values())}
            firsts, now = _firsts(before, links), _firsts(after, links)
            for link in links:
                if firsts.get(link) != now.get(link):
                    turnout.turn(person, link, firsts.get(link), now.get(link))
    rows.sort()
    if gone:
        database.executemany(
            "DELETE FROM clicker WHERE shipment_id = ? AND recipient_id = ? AND placement_id = ?", gone
        )
    database.insert("clicker", _COLUMNS, rows, besides=_REPLACE if stored else "")
    return turnout


def _note_newcomer(
    person: Person, own: Mapping[int, Deed], turnout: Turnout, rows: list[tuple[int | None, ...]]
) -> None:
    """The only deed of somebody of whom the table has nothing so far, like most people in an import."""
    shipment, recipient = person
    ((placement, (link, human, machine, first, last, device)),) = own.items()
    rows.append((shipment, recipient, placement, link, human, machine, first, last, device))
    if first is not None and device is not None and recipient != NOBODY:
        turnout.on_placements.append((placement, shipment, 1))
        turnout.on_links.append(((link, shipment), first, 1))
        turnout.in_shipments.append((person, (first, device), 1))


def _note_more(
    person: Person,
    own: Mapping[int, Deed],
    before: Mapping[int, Standing],
    turnout: Turnout,
    rows: list[tuple[int | None, ...]],
) -> None:
    """More deeds of somebody, of whom nothing goes: first clicks can only have become earlier ones."""
    shipment, recipient = person
    earlier: dict[int, First] = {}  # by link; 0: on any
    for placement, deed in own.items():
        old = before.get(placement)
        rows.append((shipment, recipient, placement, *_added(old, deed)))
        link, _, _, first, _, device = deed
        if first is None or device is None or recipient == NOBODY:
            continue
        if old is None or old[1] <= 0:
            turnout.on_placements.append((placement, shipment, 1))
        found = (first, device)
        for key in (0, link):
            if key not in earlier or found < earlier[key]:
                earlier[key] = found
    if earlier:
        firsts = _firsts(before, earlier)
        for link, found in earlier.items():
            was = firsts.get(link)
            if was is None or found < was:
                turnout.turn(person, link, was, found)


_REPLACE = (
    f" ON CONFLICT ({_KEY}) DO UPDATE SET human = excluded.human, machine = excluded.machine, "
    "first_click = excluded.first_click, last_click = excluded.last_click, first_device = excluded.first_device"
)


def _added(old: Standing | None, deed: Deed) -> Standing:
    """A standing with a deed added to it."""
    if old is None:
        return deed
    link, human, machine, first, last, device = old
    _, more_human, more_machine, new_first, new_last, new_device = deed
    if new_first is not None and (first is None or (new_first, new_device or 0) < (first, device or 0)):
        first, device = new_first, new_device
    if new_last is not None and (last is None or new_last > last):
        last = new_last
    return (link, human + more_human, machine + more_machine, first, last, device)


def _firsts(standings: Mapping[int, Standing], links: Collection[int]) -> dict[int, First]:
    """The first human click on each of some links, and (0) on any of them."""
    found: dict[int, First] = {}
    for link, _, _, first, _, device in standings.values():
        if first is not None:
            here = (first, device or 0)
            if 0 not in found or here < found[0]:
                found[0] = here
            if link in links and (link not in found or here < found[link]):
                found[link] = here
    return found


def _stored(database: Database, people: Collection[Person]) -> dict[Person, dict[int, Standing]]:
    """What the table has of these people."""
    found: dict[Person, dict[int, Standing]] = {}
    known = {
        shipment
        for shipment in {person[0] for person in people}
        if database.value("SELECT 1 FROM clicker WHERE shipment_id = ? LIMIT 1", (shipment,)) is not None
    }
    for shipment, some in in_pieces(person for person in people if person[0] in known):
        marks = ", ".join("?" * len(some))
        for row in database.rows(
            "SELECT recipient_id, placement_id, link_id, human, machine, first_click, last_click, first_device "  # noqa: S608  (marks of our own)
            f"FROM clicker WHERE shipment_id = ? AND recipient_id IN ({marks})",
            (shipment, *some),
        ):
            person = (shipment, row[0])
            if person in found:
                found[person][row[1]] = row[2:]
            else:
                found[person] = {row[1]: row[2:]}
    return found


def _left(
    database: Database,
    stored: Mapping[Person, Mapping[int, Standing]],
    deeds: Deeds,
    human: Collection[int],
    refusing: Refusing,
) -> dict[Spot, tuple[int, int, int]]:
    """First and last human click, and the first one's device, of each spot that lost one, from the clicks themselves.

    There is no index by recipient (it would halve the speed of every import); the order of time bounds the search.
    """
    bounds: list[tuple[int, int]] = []
    for shipment, recipient, placement in deeds.lost:
        standing = stored.get((shipment, recipient), {}).get(placement)
        deed = deeds.people[shipment, recipient][placement]
        moments = [*deed[3:5], *(standing[3:5] if standing else ())]
        known = [moment for moment in moments if moment is not None]
        if known:
            bounds.append((min(known), max(known)))
    found: dict[Spot, tuple[int, int, int]] = {}
    marks = ", ".join(map(str, human)) or "NULL"
    together = any(recipient == NOBODY for _, recipient, _ in deeds.lost)
    for start, stop in _merged(bounds):
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
            if spot in deeds.lost:
                first, _, first_device = found.get(spot, (at, at, device))
                found[spot] = (first, at, first_device)
    return found


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans made one, in order."""
    result: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(stop, result[-1][1]))
        else:
            result.append((start, stop))
    return result
