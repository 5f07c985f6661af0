"""What people have clicked so far in a shipment: looked up once while one job goes on, for people click again.

Whoever writes the table `clicker` has the lock of the import, so nothing else changes what is remembered.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

from linktrack.clicks.rollups.clicker_changes import BY_PERSON, PLACEMENT, PLACEMENT_BITS, ClickerChange, added
from linktrack.clicks.rollups.columns import Columns
from linktrack.clicks.rollups.recent_clickers import ClickerRows
from linktrack.clicks.rollups.turnout import First
from linktrack.links.tokens import NOBODY
from linktrack.store.clickers import all_clickers
from linktrack.store.many import at_once, near
from linktrack.store.session import Database

# What a click is to the table: nothing, or a change for which the rows must be looked up; or one more of a machine, or
# the first of one, on a placement; or of a person one more, the first on the placement, on the link, or of all, or one
# that is earlier than the first of all that was known.
NOTHING, AGAIN, MACHINE_MORE, MACHINE, MORE, ON_PLACEMENT, ON_LINK, FIRST, EARLIER = range(9)

_REMEMBERED = 200_000  # recipients of shipments, some 40 MB
_SPREAD = 2  # see `near`
_PERSON = 1  # the bit of who has a human click
_DEVICE_BITS = 8  # of a first click as one number: a third of the memory of a pair, and in the same order
_DEVICE = (1 << _DEVICE_BITS) - 1


class PeopleSoFar:
    """The people of one shipment, as far as the table has them: which rows they have, two bits for each placement (one
    is there, one with human clicks), and their first human click anywhere, both by recipient. And where its `rows` are
    written."""

    def __init__(self, database: Database, shipment: int) -> None:
        self._rows: dict[int, int] = {NOBODY: 0}
        self._firsts: dict[int, int] = {}  # moment and, in the `_DEVICE_BITS`, device
        self._newest = 0  # no human click is later
        self._bits: dict[int, tuple[int, int]] = {}  # by placement
        self._on_link: dict[int, int] = {}  # the bits of human clicks on all placements of a link
        self._database = database
        self._shipment = shipment
        self.rows = ClickerRows(database, shipment)
        anybody = f"SELECT 1 FROM {all_clickers(database)} AS clicker WHERE shipment_id = ? LIMIT 1"  # noqa: S608  (of our own)
        self._is_new = database.value(anybody, (shipment,)) is None

    def look_up(self, people: Collection[int]) -> int:
        """Learn what the table has of these recipients. Returns how many it has learned of."""
        before = len(self._rows)
        unknown = sorted(recipient for recipient in people if recipient not in self._rows)
        self._rows.update(dict.fromkeys(unknown, 0))
        for some in at_once(unknown) if not self._is_new else ():
            for spot, counts_there in stored_clickers(self._database, self._shipment, some).items():
                self.add(spot >> PLACEMENT_BITS, spot & PLACEMENT, counts_there)
        return len(self._rows) - before

    def add(self, recipient: int, placement: int, counts_there: ClickerChange) -> None:
        """Note what a person has done on a placement, in the columns of a change."""
        link, _, _, first, last, device = counts_there
        row, human = self._bits_of(placement, link)
        known = self._rows.get(recipient, 0) | row
        if first is not None and last is not None and device is not None:
            known |= human | _PERSON
            self._newest = max(self._newest, last)
            here = first << _DEVICE_BITS | device
            self._firsts[recipient] = min(here, self._firsts.get(recipient, here))
        self._rows[recipient] = known

    def forget(self, people: Iterable[int]) -> None:
        """Look these recipients up again when they are met again."""
        for recipient in people:
            if recipient != NOBODY:
                self._rows.pop(recipient, None)
                self._firsts.pop(recipient, None)
                self._is_new = False

    def turns(self, clicks: Columns) -> tuple[list[int], list[First]]:
        """What clicks of people that were looked up are to the table (NOTHING, AGAIN, …), and noted here; and the first
        clicks in whose place come EARLIER ones."""
        recipients, times, links, placements, _, devices, _, _, was, now = clicks
        link_of = dict(zip(placements, links, strict=True))
        bits = {placement: self._bits_of(placement, link) for placement, link in link_of.items()}
        taken = {placement: bits[placement][0] | self._on_link[link] for placement, link in link_of.items()}
        gained = {placement: row | human | _PERSON for placement, (row, human) in bits.items()}
        rows, firsts = self._rows, self._firsts
        newest = latest = self._newest
        self._newest = max(newest, times[-1])
        found: list[int] = []
        replaced: list[First] = []
        turn = found.append

        def is_last(place: int) -> bool:
            """Whether the person has done nothing else at that time or later."""
            at = times[place]
            return at > newest and recipients[place] not in recipients[bisect_left(times, at) : place]

        for recipient, placement, at, device, old, new in zip(
            recipients, placements, times, devices, was, now, strict=True
        ):
            known = rows[recipient]
            if new == BY_PERSON and not (old or known & taken[placement]) and recipient:  # nearly always
                rows[recipient] = known | gained[placement]
                if not known & _PERSON:
                    firsts[recipient] = at << _DEVICE_BITS | device
                    latest = max(latest, at)
                    turn(FIRST)
                elif at <= latest and (here := at << _DEVICE_BITS | device) < firsts[recipient]:
                    replaced.append((firsts[recipient] >> _DEVICE_BITS, firsts[recipient] & _DEVICE))
                    firsts[recipient] = here
                    turn(EARLIER)
                else:
                    turn(ON_LINK)
                continue
            row, human = bits[placement]
            if old or not new or not recipient:
                turn(AGAIN if old or new else NOTHING)
            elif new != BY_PERSON:
                rows[recipient] = known | row
                turn(MACHINE_MORE if known & row else MACHINE)
            elif not is_last(len(found)) or (known & row and not known & human):
                turn(AGAIN)
            else:
                rows[recipient] = known | row | human
                turn(MORE if known & row else ON_PLACEMENT)
        return found, replaced

    def _bits_of(self, placement: int, link: int) -> tuple[int, int]:
        """The bits of a placement: a row is there, and one with human clicks."""
        if placement not in self._bits:
            row = _PERSON << 2 * len(self._bits) + 1
            self._bits[placement] = row, row << 1
            self._on_link[link] = self._on_link.get(link, 0) | row << 1
        return self._bits[placement]


class ShipmentsSoFar:
    """The people of all shipments that a job has met, so many as memory is given for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.forget()

    def forget(self) -> None:
        """Remember nobody: the table is made anew, or there are too many."""
        self._shipments: dict[int, PeopleSoFar] = {}
        self._remembered = 0

    def of(self, shipment: int, people: Collection[int]) -> PeopleSoFar:
        """Those of a shipment: these recipients, and others."""
        if self._remembered >= _REMEMBERED:
            self.forget()
        if shipment not in self._shipments:
            self._shipments[shipment] = PeopleSoFar(self._database, shipment)
        self._remembered += self._shipments[shipment].look_up(people)
        return self._shipments[shipment]


def stored_clickers(database: Database, shipment: int, some: Sequence[int]) -> dict[int, ClickerChange]:
    """What the table has of some recipients of a shipment, in order, and perhaps of others beside them, by spot, in the
    columns of a change."""
    these, values = near(some, "recipient_id", _SPREAD)
    rows = database.rows(
        "SELECT recipient_id, placement_id, link_id, human, machine, first_click, last_click, first_device "  # noqa: S608  (a condition of our own)
        f"FROM {all_clickers(database)} AS clicker WHERE shipment_id = ? AND {these}",
        (shipment, *values),
    )
    found: dict[int, ClickerChange] = {
        recipient << PLACEMENT_BITS | placement: (link, human, machine, first, last, device)
        for recipient, placement, link, human, machine, first, last, device in rows
    }
    if len(found) < len(rows):  # somebody has two of a placement
        found = {}
        for recipient, placement, link, human, machine, first, last, device in rows:
            spot = recipient << PLACEMENT_BITS | placement
            found[spot] = added(found.get(spot), (link, human, machine, first, last, device))
    return found
