"""Who clicked: the table `clicker`, a row for every person and placement, moved with every click and verdict.

What the tallies need of it comes back as a `Turnout`. Those who refused tracking have a row of a placement together, of
the recipient NOBODY: it keeps their first and last click, and is no clicker.

Nearly every click is a person's first on a link, which takes no more than a row. What there is to do about the others
is in `clickers_again`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from operator import itemgetter

from linktrack.clicks.rollups.clicker_changes import gathered
from linktrack.clicks.rollups.clickers_again import note_again
from linktrack.clicks.rollups.columns import Columns
from linktrack.clicks.rollups.domains import Domains
from linktrack.clicks.rollups.recent_clickers import ClickerRow
from linktrack.clicks.rollups.refusing import Refusing
from linktrack.clicks.rollups.so_far import (
    AGAIN,
    FIRST,
    MACHINE,
    MACHINE_MORE,
    MORE,
    ON_PLACEMENT,
    PeopleSoFar,
    ShipmentsSoFar,
)
from linktrack.clicks.rollups.turnout import Turnout
from linktrack.store.clickers import COLUMNS
from linktrack.store.session import Database

_Spot = tuple[int, int, int]  # recipient, placement, link
_RECIPIENT = itemgetter(COLUMNS.index("recipient_id"))


def note_clickers(
    database: Database,
    columns: Columns,
    human: Collection[int],
    refusing: Refusing,
    known_domains: Domains,
    so_far: ShipmentsSoFar,
) -> tuple[list[int], Turnout]:
    """Add what clicks say about people to the table, in the open transaction: what each of them is to it (FIRST, …),
    and what has changed by those that are AGAIN or EARLIER.

    `human` are the numbers of the rulings that mean a person. The clicks themselves must be stored and judged already.
    """
    turns: list[int] = []
    turnout = Turnout()
    met: dict[int, tuple[PeopleSoFar, Mapping[int, str]]] = {}
    for shipment, own in columns.by_shipment():
        recipients = set(own.recipients)
        people, domains = met[shipment] = so_far.of(shipment, recipients), known_domains.of(shipment, recipients)
        found, replaced = people.turns(own)
        people.rows.add(_new_rows(shipment, own, found), _more_rows(shipment, own, found), found.count(FIRST))
        if replaced:
            turnout.firsts[shipment, 0, -1] += replaced
        _count_domains(shipment, own.recipients, found, domains, turnout)
        turns += found
    if AGAIN in turns:
        note_again(database, gathered(columns.picked([turn == AGAIN for turn in turns])), human, refusing, met, turnout)
    return turns, turnout


def _new_rows(shipment: int, columns: Columns, turns: Sequence[int]) -> list[ClickerRow]:
    """The rows of clicks that have none yet, by recipient as the table has them."""
    recipients, times, links, placements, _, devices, *_ = columns
    rows: list[ClickerRow] = [
        (shipment, recipient, placement, link, 1, 0, at, 0, device)
        for turn, recipient, placement, link, at, device in zip(
            turns, recipients, placements, links, times, devices, strict=True
        )
        if turn >= ON_PLACEMENT
    ]
    if MACHINE in turns:
        rows += [
            (shipment, recipient, placement, link, 0, 1, None, None, None)
            for turn, recipient, placement, link in zip(turns, recipients, placements, links, strict=True)
            if turn == MACHINE
        ]
    rows.sort(key=_RECIPIENT)
    return rows


def _more_rows(shipment: int, columns: Columns, turns: Sequence[int]) -> list[ClickerRow]:
    """What clicks add to the rows that there are, one row to each, with the last human click for the first: what else
    is in a row is known."""
    recipients, times, links, placements, *_ = columns
    human: Counter[_Spot] = Counter()
    machine: Counter[_Spot] = Counter()
    lasts: dict[_Spot, int] = {}
    for kind, counts in ((MORE, human), (MACHINE_MORE, machine)):
        which = [turn == kind for turn in turns]
        if True not in which:
            continue
        spots = list(zip(*(compress(column, which) for column in (recipients, placements, links)), strict=True))
        counts.update(spots)
        if kind == MORE:
            lasts.update(zip(spots, compress(times, which), strict=True))  # in the order of time
    rows: list[ClickerRow] = []
    for spot in sorted({*human, *machine}):
        last = lasts.get(spot)
        others = None if last is None else 0
        rows.append((shipment, *spot, human[spot], machine[spot], last, others, others))
    return rows


def _count_domains(
    shipment: int, recipients: Sequence[int], turns: Sequence[int], domains: Mapping[int, str], turnout: Turnout
) -> None:
    """Count new clicks of people and machines, and clickers, by domain."""
    seen = Counter(zip([domains.get(recipient, "") for recipient in recipients], turns, strict=True))
    for (domain, turn), count in seen.items():
        if turn > AGAIN:
            tally = turnout.by_domain[shipment, domain]
            tally[0] += count if turn >= MORE else 0
            tally[1] += count if turn < MORE else 0
            tally[2] += count if turn == FIRST else 0
