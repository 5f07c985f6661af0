"""Who clicked: the table `clicker`, a row for every person and placement, moved with every click and verdict.

What the tallies need of it comes back as a `Turnout`: who has become a clicker or is none any more, and whose first
click lies elsewhere now. Those who refused tracking have a row of a placement together, of the recipient NOBODY: it
keeps their first and last click, and is no clicker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from linktrack.clicks.rollups.refusing import Refusing
from linktrack.links.tokens import NOBODY
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database

Person = tuple[int, int]  # shipment, recipient
Spot = tuple[int, int, int]  # shipment, recipient, placement

_COLUMNS = (
    *("shipment_id", "recipient_id", "placement_id", "link_id", "human", "machine"),
    *("first_click", "last_click", "first_device"),
)
_KEY = "shipment_id, recipient_id, placement_id"
_AT_ONCE = 500  # values of one query


class Standing(NamedTuple):
    """What a person has done on a placement: a row of the table without its key. Times are those of human clicks."""

    link_id: int
    human: int
    machine: int
    first: int | None
    last: int | None
    device: int | None


class Deed(NamedTuple):
    """What is added to what a person has done on a placement; negative where clicks went or were judged anew."""

    link_id: int
    human: int
    machine: int
    first: int | None  # of the human clicks that are added
    last: int | None
    device: int | None
    lost: bool  # a human click went: the times must be found anew


class First(NamedTuple):
    """The first human click of a person, on a link or in a shipment (of several at one moment, by device)."""

    at: int
    device: int


class Turn(NamedTuple):
    """A person whose first human click on `link_id` (0: in the shipment) is another one now; None = there is none."""

    shipment_id: int
    recipient_id: int
    link_id: int
    before: First | None
    after: First | None


@dataclass
class Turnout:
    """What has changed about who clicked."""

    turns: list[Turn] = field(default_factory=list)
    placements: dict[tuple[int, int], int] = field(default_factory=dict)  # placement, shipment → clickers won or lost


def note_deeds(
    database: Database, deeds: Mapping[Person, Mapping[int, Deed]], human: Collection[int], refusing: Refusing
) -> Turnout:
    """Add what people did (by person and placement) to the table, in the open transaction.

    `human` are the numbers of the rulings that mean a person. The clicks themselves must be stored and judged already.
    """
    stored = _stored(database, deeds)
    lost = {(*person, placement) for person, own in deeds.items() for placement, deed in own.items() if deed.lost}
    left = _left(database, lost, stored, deeds, human, refusing) if lost else {}
    purged = horizon(database).clicks if lost else NEVER
    turnout = Turnout()
    rows: list[tuple[int | None, ...]] = []
    gone: list[Spot] = []
    for person, own in deeds.items():
        before = stored.get(person)
        if before is None:
            _note_newcomer(person, own, turnout, rows)
            continue
        if all(_only_adds(deed) for deed in own.values()):
            _note_more(person, own, before, turnout, rows)
            continue
        after = dict(before)
        for placement, deed in sorted(own.items()):
            old = before.get(placement)
            new = _added(old, deed)
            if deed.lost:
                first, last, device = left.get((*person, placement), (None, None, None))
                if old is not None and old.first is not None and old.first < purged:
                    first, last, device = old.first, last or old.first, old.device  # which no click can tell any more
                new = new._replace(first=first, last=last, device=device)
            won = (new.human > 0) - (old is not None and old.human > 0)
            if won and person[1] != NOBODY:
                key = (placement, person[0])
                turnout.placements[key] = turnout.placements.get(key, 0) + won
            if new.human or new.machine:
                after[placement] = new
                rows.append((*person, placement, *new))
            else:
                after.pop(placement, None)
                gone.append((*person, placement))
        if person[1] != NOBODY:
            turnout.turns += _turns(person, before, after, {deed.link_id for deed in own.values()})
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
    """The deeds of somebody of whom the table has nothing so far, as nearly everybody in an import."""
    shipment, recipient = person
    firsts: dict[int, First] = {}  # by link; 0: on any
    if len(own) == 1:  # nearly everybody, and twice as fast
        ((placement, (link, human, machine, first, last, device, _)),) = own.items()
        if human or machine:
            rows.append((shipment, recipient, placement, link, human, machine, first, last, device))
            if first is not None and recipient != NOBODY:
                spot = (placement, shipment)
                turnout.placements[spot] = turnout.placements.get(spot, 0) + 1
                only = First(first, device or 0)
                turnout.turns.append(Turn(shipment, recipient, 0, None, only))
                turnout.turns.append(Turn(shipment, recipient, link, None, only))
        return
    for placement, (link, human, machine, first, last, device, _) in own.items():
        if not human and not machine:
            continue
        rows.append((shipment, recipient, placement, link, human, machine, first, last, device))
        if first is not None and recipient != NOBODY:
            turnout.placements[placement, shipment] = turnout.placements.get((placement, shipment), 0) + 1
            found = First(first, device or 0)
            for key in (0, link):
                if key not in firsts or found < firsts[key]:
                    firsts[key] = found
    if recipient != NOBODY:
        turnout.turns += [Turn(shipment, recipient, link, None, first) for link, first in firsts.items()]


def _only_adds(deed: Deed) -> bool:
    """Whether nothing goes with a deed: so it is with the clicks of an import that move no earlier ones."""
    return not deed.lost and deed.machine >= 0 and (deed.human > 0 or deed.machine > 0)


def _note_more(
    person: Person,
    own: Mapping[int, Deed],
    before: Mapping[int, Standing],
    turnout: Turnout,
    rows: list[tuple[int | None, ...]],
) -> None:
    """More deeds of somebody whom the table knows: first clicks can only have become earlier ones."""
    shipment, recipient = person
    earlier: dict[int, First] = {}  # by link; 0: on any
    for placement, deed in own.items():
        old = before.get(placement)
        rows.append((shipment, recipient, placement, *_added(old, deed)))
        if deed.first is None or recipient == NOBODY:
            continue
        if old is None or old.human <= 0:
            key = (placement, shipment)
            turnout.placements[key] = turnout.placements.get(key, 0) + 1
        found = First(deed.first, deed.device or 0)
        for link in (0, deed.link_id):
            if link not in earlier or found < earlier[link]:
                earlier[link] = found
    if earlier:
        firsts = _firsts(before)
        for link, found in earlier.items():
            was = firsts.get(link)
            if was is None or found < was:
                turnout.turns.append(Turn(shipment, recipient, link, was, found))


_REPLACE = (
    f" ON CONFLICT ({_KEY}) DO UPDATE SET human = excluded.human, machine = excluded.machine, "
    "first_click = excluded.first_click, last_click = excluded.last_click, first_device = excluded.first_device"
)


def _added(old: Standing | None, deed: Deed) -> Standing:
    """A standing with a deed added to it."""
    if old is None:
        return Standing(deed.link_id, deed.human, deed.machine, deed.first, deed.last, deed.device)
    first, last, device = old.first, old.last, old.device
    if deed.first is not None and (first is None or (deed.first, deed.device or 0) < (first, device or 0)):
        first, device = deed.first, deed.device
    if deed.last is not None and (last is None or deed.last > last):
        last = deed.last
    return Standing(old.link_id, old.human + deed.human, old.machine + deed.machine, first, last, device)


def _turns(
    person: Person, before: Mapping[int, Standing], after: Mapping[int, Standing], links: Iterable[int]
) -> list[Turn]:
    """Where a person's first clicks lie elsewhere now: in the shipment, and on the links that something happened on."""
    old, new = _firsts(before), _firsts(after)
    return [Turn(*person, link, old.get(link), new.get(link)) for link in (0, *links) if old.get(link) != new.get(link)]


def _firsts(standings: Mapping[int, Standing]) -> dict[int, First]:
    """The first human click by link, and (0) on any of them."""
    found: dict[int, First] = {}
    for link, _, _, first, _, device in standings.values():
        if first is not None:
            here = First(first, device or 0)
            for key in (0, link):
                if key not in found or here < found[key]:
                    found[key] = here
    return found


def _stored(database: Database, people: Collection[Person]) -> dict[Person, dict[int, Standing]]:
    """What the table has of these people."""
    found: dict[Person, dict[int, Standing]] = {}
    by_shipment: dict[int, list[int]] = {}
    for shipment, recipient in people:
        by_shipment.setdefault(shipment, []).append(recipient)
    for shipment, recipients in sorted(by_shipment.items()):
        if database.value("SELECT 1 FROM clicker WHERE shipment_id = ? LIMIT 1", (shipment,)) is None:
            continue
        rest = iter(sorted(recipients))
        while some := list(islice(rest, _AT_ONCE)):
            marks = ", ".join("?" * len(some))
            for recipient, placement, *standing in database.rows(
                "SELECT recipient_id, placement_id, link_id, human, machine, first_click, last_click, first_device "  # noqa: S608  (marks of our own)
                f"FROM clicker WHERE shipment_id = ? AND recipient_id IN ({marks})",
                (shipment, *some),
            ):
                found.setdefault((shipment, recipient), {})[placement] = Standing(*standing)
    return found


def _left(
    database: Database,
    lost: Collection[Spot],
    stored: Mapping[Person, Mapping[int, Standing]],
    deeds: Mapping[Person, Mapping[int, Deed]],
    human: Collection[int],
    refusing: Refusing,
) -> dict[Spot, tuple[int | None, int | None, int | None]]:
    """First and last human click, and the first one's device, of each spot that lost one, from the clicks themselves.

    There is no index by recipient (it would halve the speed of every import); the order of time bounds the search.
    """
    bounds: list[tuple[int, int]] = []
    for shipment, recipient, placement in lost:
        standing = stored.get((shipment, recipient), {}).get(placement)
        deed = deeds[shipment, recipient][placement]
        moments = [deed.first, deed.last, *((standing.first, standing.last) if standing else ())]
        known = [moment for moment in moments if moment is not None]
        if known:
            bounds.append((min(known), max(known)))
    found: dict[Spot, tuple[int | None, int | None, int | None]] = {}
    marks = ", ".join(map(str, human)) or "NULL"
    together = any(recipient == NOBODY for _, recipient, _ in lost)
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
            key = (shipment, refusing.counted_as(shipment, recipient), placement)
            if key in lost:
                first, _, first_device = found.get(key, (at, at, device))
                found[key] = (first, at, first_device)
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
