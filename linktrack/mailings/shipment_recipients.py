"""The people of a shipment as a list: to whom it went, and who has clicked in it. It comes as a stream."""

# ruff: noqa: S608 -- what is put into the SQL are conditions of our own; values are bound

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from linktrack.store.clickers import all_clickers
from linktrack.store.lookups import shipment_id as shipment_there
from linktrack.store.many import AT_ONCE, at_once, near
from linktrack.store.session import Database

_SPREAD = 4
_WAITING = 20_000  # recipients that are kept until those before them come


class RecipientRow(NamedTuple):
    """A person of a shipment in a list, with their clicks and those of machines in their name, None where the shipment
    is cancelled; whoever is `uncounted` has refused tracking, and their clicks are not known."""

    contact_id: str
    email: str
    name: str
    clicks: int | None
    machine_clicks: int | None
    first_click: int | None
    last_click: int | None
    uncounted: bool


class _TheirClicks(NamedTuple):
    clicks: int | None
    machine_clicks: int | None
    first_click: int | None
    last_click: int | None


def recipient_rows(database: Database, number: int) -> Iterator[RecipientRow]:
    """The recipients of a shipment in the order of the contacts, with their clicks; of a forgotten person only these.
    A cancelled one counts in no figure, and its people have none. UnknownName for no shipment."""
    there = shipment_there(database, number)
    return _rows(database, there)


def _rows(database: Database, shipment: int) -> Iterator[RecipientRow]:
    cancelled = database.value("SELECT cancelled_at FROM shipment WHERE id = ?", (shipment,)) is not None
    nobody = _TheirClicks(None, None, None, None) if cancelled else _TheirClicks(0, 0, None, None)
    for some in at_once(_in_order(database, shipment)):
        these, numbers = near(sorted(some), "recipient_id", _SPREAD)
        clicked = {} if cancelled else _clicked(database, shipment, these, numbers)
        rows = database.rows(
            "SELECT recipient_id, COALESCE(contact_id, ''), CASE WHEN contact_id IS NULL THEN '' ELSE sent.email END, "
            "sent.name, uncounted FROM shipment_recipient AS sent JOIN recipient ON recipient.id = recipient_id "
            f"WHERE shipment_id = ? AND {these}",
            (shipment, *numbers),
        )
        people = {
            recipient: RecipientRow(contact_id, email, name, *clicked.get(recipient, nobody), bool(uncounted))
            for recipient, contact_id, email, name, uncounted in rows
        }
        yield from (people[recipient] for recipient in some if recipient in people)


def _in_order(database: Database, shipment: int) -> Iterator[int]:
    """The recipients in the order of the contacts, of which their positions are the numbers from 1 on. Who came to be
    known first stands first in most lists, or last: then they lie in that order, or the beginning of the list does, and
    it comes at once. All others are put in order, and the next ones of a long list before the rest."""
    there = "SELECT position, recipient_id FROM shipment_recipient WHERE shipment_id = ? AND position"
    come = 0  # the last position up to which all have come
    for way in ("", "DESC"):
        waiting: list[tuple[int, int]] = []  # for those of the positions before them
        left = f"{there} NOT BETWEEN 1 AND {come:d} ORDER BY recipient_id {way}"
        for position, recipient in database.stream(left, (shipment,)):
            if position == come + 1:
                come = position
                yield recipient
            else:
                heappush(waiting, (position, recipient))
            while waiting and waiting[0][0] == come + 1:
                come, next_one = heappop(waiting)
                yield next_one
            if len(waiting) > _WAITING:
                break
        else:
            yield from (recipient for _, recipient in sorted(waiting))
            return
    soon = f"{there} BETWEEN ? AND ? ORDER BY position, recipient_id"
    yield from (recipient for _, recipient in database.rows(soon, (shipment, come + 1, come + AT_ONCE)))
    others = f"{there} NOT BETWEEN 1 AND ? ORDER BY position, recipient_id"
    yield from (recipient for _, recipient in database.stream(others, (shipment, come + AT_ONCE)))


def _clicked(database: Database, shipment: int, these: str, numbers: Sequence[int]) -> dict[int, _TheirClicks]:
    """The clicks of those of a shipment for whom a condition holds."""
    rows = database.rows(
        "SELECT recipient_id, sum(human), sum(machine), min(first_click), max(last_click) FROM "
        f"{all_clickers(database)} AS clicker WHERE shipment_id = ? AND {these} GROUP BY recipient_id",
        (shipment, *numbers),
    )
    return {recipient: _TheirClicks(*clicks) for recipient, *clicks in rows}
