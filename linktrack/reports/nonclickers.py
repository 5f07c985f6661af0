"""Who got a mailing and did not click, as a stream that begins at once, however long it is and whoever has clicked."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from linktrack.reports.figures import Scope
from linktrack.store.clickers import all_clickers
from linktrack.store.many import AT_ONCE, at_once, near
from linktrack.store.session import Database

_PAGE = 20_000  # recipients of a shipment that are looked at together, but for the first ones
_SPREAD = 4


class Nonclicker(NamedTuple):
    """A person who got a mailing and did not click."""

    contact_id: str
    email: str
    name: str


def nonclickers(database: Database, scope: Scope) -> Iterator[Nonclicker]:
    """The persons who got the scope's mailing and clicked in none of its shipments; none who is forgotten, or who
    refused tracking in any of them: nobody knows what they did."""
    shipments = database.rows(
        f"""
        SELECT shipment.id, recipients - uncounted > COALESCE(tally.clickers, 0)
        FROM shipment LEFT JOIN shipment_tally AS tally ON tally.shipment_id = shipment.id
        WHERE {scope.counted()} ORDER BY sent_at, shipment.id
        """
    )
    numbers = [int(number) for number, _ in shipments]
    for place, (shipment, left) in enumerate(shipments):
        if left:  # else all have clicked whose clicks are counted
            for some in _without_a_click(database, shipment, numbers, numbers[:place]):
                yield from _people(database, some)


def _without_a_click(
    database: Database, shipment: int, every: Sequence[int], earlier: Sequence[int]
) -> Iterator[Sequence[int]]:
    """The recipients of a shipment, in order and a page of them at a time, who have neither clicked nor refused
    tracking in any of `every` shipment and got none of the `earlier` ones."""
    clickers, mailed = all_clickers(database), "shipment_recipient"
    others = [(clickers, every, " AND human > 0"), (mailed, every, " AND uncounted"), (mailed, earlier, "")]
    for page, these in _pages(database, shipment):
        # All in the order of their keys: side by side they are read in less than half of the time of looking each up.
        without = " ".join(
            f"EXCEPT SELECT recipient_id FROM {table} AS other "
            f"WHERE shipment_id IN ({', '.join(map(str, shipments))}) AND {these}{more}"
            for table, shipments, more in others
            if shipments
        )
        rows = database.rows(f"{page} {without} ORDER BY recipient_id")
        yield [recipient for (recipient,) in rows]


def _pages(database: Database, shipment: int) -> Iterator[tuple[str, str]]:
    """The recipients of a shipment in order, some at a time: as a query, and as the condition to be one of them, or,
    where their numbers lie close together, between the first and the last."""
    of_shipment = f"SELECT recipient_id FROM shipment_recipient WHERE shipment_id = {shipment:d}"
    last, end = 0, database.value(f"{of_shipment} ORDER BY recipient_id DESC LIMIT 1") or 0
    for many in chain((AT_ONCE,), repeat(_PAGE)):
        if last == end:
            return
        begin = last
        behind = f"{of_shipment} AND recipient_id > {begin:d} ORDER BY recipient_id LIMIT 1 OFFSET {many - 1:d}"
        last = database.value(behind) or end
        between = f"recipient_id > {begin:d} AND recipient_id <= {last:d}"
        page = f"{of_shipment} AND {between}"
        yield page, between if last - begin < _SPREAD * many else f"recipient_id IN ({page})"


def _people(database: Database, recipients: Sequence[int]) -> Iterator[Nonclicker]:
    """Recipients as they are known today, in the order of their numbers; none who is forgotten."""
    for some in at_once(recipients):
        these, numbers = near(some, "id", _SPREAD)
        rows = database.rows(
            f"SELECT id, contact_id, email, name FROM recipient WHERE forgotten_at IS NULL AND {these}", numbers
        )
        people = {recipient: Nonclicker(*person) for recipient, *person in rows}
        yield from (people[recipient] for recipient in some if recipient in people)
