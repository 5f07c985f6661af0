"""What people have clicked so far in a shipment: looked up once while one job goes on, for people click again.

Whoever writes the table `clicker` has the lock of the import, so nothing else changes what is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from linktrack.clicks.rollups.clicker_changes import BY_PERSON, ClickerChange
from linktrack.clicks.rollups.turnout import First
from linktrack.links.tokens import NOBODY
from linktrack.store.many import at_once, near
from linktrack.store.session import Database

# What a new click is to the table: nothing, or a change of a row that is there; or a row of its own, a machine's or a
# person's: the person's first on this link, the first of all, or one that is earlier than the first that was known.
NOTHING, AGAIN, MACHINE, ON_LINK, FIRST, EARLIER = range(6)

_REMEMBERED = 200_000  # recipients of shipments, some 50 MB
_SPREAD = 2  # see `near`
_PERSON = 1  # the bit of those who have a human click; the others are links'


class PeopleSoFar:
    """The people of one shipment, as far as the table has them: the links that they have rows on, a bit for each, and
    their first human click anywhere, both by recipient."""

    def __init__(self, database: Database, shipment: int) -> None:
        self.links: dict[int, int] = {NOBODY: -1}  # whose rows are never new
        self.firsts: dict[int, First] = {}
        self._latest = 0  # no first click is later
        self._bits = _Bits()
        self._database = database
        self._shipment = shipment
        self._is_new = database.value("SELECT 1 FROM clicker WHERE shipment_id = ? LIMIT 1", (shipment,)) is None

    def look_up(self, people: Collection[int]) -> int:
        """Learn what the table has of these recipients. Returns how many it has learned of."""
        before = len(self.links)
        unknown = sorted(recipient for recipient in people if recipient not in self.links)
        self.links.update(dict.fromkeys(unknown, 0))
        for some in at_once(unknown) if not self._is_new else ():
            these, values = near(some, "recipient_id", _SPREAD)
            columns = "recipient_id, link_id, human, machine, first_click, last_click, first_device"
            for recipient, *counts_there in self._database.rows(
                f"SELECT {columns} FROM clicker WHERE shipment_id = ? AND {these}",  # noqa: S608  (of our own)
                (self._shipment, *values),
            ):
                self.add(recipient, tuple(counts_there))
        return len(self.links) - before

    def add(self, recipient: int, counts_there: ClickerChange) -> None:
        """Note what a person has done on a placement, in the columns of a change."""
        link, _, _, first, _, device = counts_there
        known = self.links.get(recipient, 0) | self._bits[link]
        if first is not None and device is not None:
            known |= _PERSON
            if recipient not in self.firsts or (first, device) < self.firsts[recipient]:
                self.firsts[recipient] = (first, device)
                self._latest = max(self._latest, first)
        self.links[recipient] = known

    def forget(self, people: Iterable[int]) -> None:
        """Look these recipients up again when they are met again."""
        for recipient in people:
            if recipient != NOBODY:
                self.links.pop(recipient, None)
                self.firsts.pop(recipient, None)
                self._is_new = False

    def turns(
        self,
        recipients: Sequence[int],
        links: Sequence[int],
        times: Sequence[int],
        devices: Sequence[int],
        was: Sequence[str],
        now: Sequence[str],
    ) -> tuple[list[int], list[First]]:
        """What clicks of people that were looked up are to the table (NOTHING, AGAIN, …), given in columns and in the
        order of time, and noted here; and the first clicks in whose place come EARLIER ones."""
        known, firsts, bits, latest = self.links, self.firsts, self._bits, self._latest
        found: list[int] = []
        replaced: list[First] = []
        turn = found.append
        for recipient, link, at, device, old, new in zip(recipients, links, times, devices, was, now, strict=True):
            before, bit = known[recipient], bits[link]
            if not new or old or before & bit:
                turn(AGAIN if new or old else NOTHING)
            elif new != BY_PERSON:
                known[recipient] = before | bit
                turn(MACHINE)
            elif not before & _PERSON:
                known[recipient] = before | bit | _PERSON
                firsts[recipient] = (at, device)
                if at > latest:
                    latest = at
                turn(FIRST)
            else:
                known[recipient] = before | bit
                if at <= latest and (at, device) < firsts[recipient]:
                    replaced.append(firsts[recipient])
                    firsts[recipient] = (at, device)
                    turn(EARLIER)
                else:
                    turn(ON_LINK)
        self._latest = latest
        return found, replaced


class _Bits(dict[int, int]):
    """A bit for each link, as they are met."""

    def __missing__(self, link: int) -> int:
        bit = self[link] = _PERSON << len(self) + 1
        return bit


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
