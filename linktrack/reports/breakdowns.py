"""A mailing's clicks by anything but time: by placement, domain, device, reason, and what they caused."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from linktrack.actions.ledger.for_reports import caused_in
from linktrack.clicks.judging.devices import DEVICES
from linktrack.links.folders import WITHIN, within
from linktrack.reports.figures import Scope
from linktrack.reports.shipments import counts_by_shipment
from linktrack.store.clickers import all_clickers
from linktrack.store.many import marks
from linktrack.store.session import Database

_DIGITS = 6


class PlacementFigures(NamedTuple):
    """One spot of a mailing; `clickers` have clicked there, whatever else they clicked. `share`: of all who clicked in
    the mailing, None where nobody did."""

    placement: str
    position: int
    link: str
    label: str
    part: str
    kind: str
    line: int
    clicks: int
    clickers: int
    machine_clicks: int
    share: float | None


class DomainFigures(NamedTuple):
    """One domain of the addresses that were sent to, "" for those without; clicks of those who refused tracking are
    there too, for nobody knows their domain."""

    domain: str
    sent: int
    uncounted: int
    clicks: int
    clickers: int
    machine_clicks: int


class DeviceFigures(NamedTuple):
    """One kind of device: desktop, phone, tablet, unknown."""

    device: str
    clicks: int
    clickers: int
    machine_clicks: int


class ReasonFigures(NamedTuple):
    """Clicks of one verdict and reason, the first that was given, which decided; that of people is "" or weak."""

    verdict: str
    reason: str
    clicks: int


class CausedFigures(NamedTuple):
    """What the runs have done because of clicks: kind, name (of a field, a selection …), status, how often."""

    kind: str
    name: str
    status: str
    count: int  # type: ignore[assignment]  # the key of the report, not the method of a tuple


def placement_figures(database: Database, scope: Scope) -> list[PlacementFigures]:
    """The spots of the scope's mailing in their order, or those of the links of its folder; see `repeated`."""
    where, values = "", list[Any]()
    if scope.folder is not None:
        where, values = f" AND {WITHIN}", [*within(scope.folder)]
    tallies = {
        placement: list(map(int, counts))
        for placement, *counts in database.rows(
            f"""
            SELECT placement_id, sum(human), sum(clickers), sum(machine)
            FROM placement_tally JOIN shipment ON shipment.id = placement_tally.shipment_id
            WHERE {scope.counted()} GROUP BY placement_id
            """
        )
    }
    rows = database.rows(
        f"""
        SELECT placement.id, placement.key, placement.position, link.key, placement.label, placement.part,
               placement.kind, placement.line
        FROM placement JOIN link ON link.id = placement.link_id LEFT JOIN folder ON folder.id = link.folder_id
        WHERE placement.mailing_id = ? AND placement.kind <> 'honeypot' AND placement.gone_at IS NULL{where}
        ORDER BY placement.position
        """,
        (scope.mailing, *values),
    )
    everybody = clickers_in(database, scope)
    found = []
    for placement, *row in rows:
        clicks, clickers, machine = tallies.get(placement, (0, 0, 0))
        found.append(PlacementFigures._make((*row, clicks, clickers, machine, share_of(clickers, everybody))))
    return found


def repeated(placements: Sequence[PlacementFigures]) -> list[PlacementFigures]:
    """The placements of links that stand in several places of the mailing."""
    places = Counter(one.link for one in placements)
    return [one for one in placements if places[one.link] > 1]


def clickers_in(database: Database, scope: Scope) -> int:
    """How many have clicked in the shipments that count in a scope, whatever its folder is."""
    return sum(one.clickers for one in counts_by_shipment(database, scope))


def share_of(clickers: int, everybody: int) -> float | None:
    """The share (0 to 1, six digits) of some clickers in all of them; None where nobody clicked."""
    return round(clickers / everybody, _DIGITS) if everybody else None


def domain_figures(database: Database, scope: Scope) -> list[DomainFigures]:
    """The domains that were sent to, by name."""
    rows = database.rows(
        f"""
        SELECT domain, sum(sent), sum(shipment_domain.uncounted), sum(human), sum(clickers), sum(machine)
        FROM shipment_domain JOIN shipment ON shipment.id = shipment_domain.shipment_id
        WHERE {scope.counted()} GROUP BY domain ORDER BY domain
        """
    )
    return [DomainFigures(domain, *map(int, counts)) for domain, *counts in rows]


def device_figures(database: Database, scope: Scope) -> list[DeviceFigures]:
    """The kinds of devices that clicked, by name."""
    rows = database.rows(
        f"""
        SELECT device, sum(human), sum(clickers), sum(machine)
        FROM shipment_device JOIN shipment ON shipment.id = shipment_device.shipment_id
        WHERE {scope.counted()} GROUP BY device HAVING sum(human) + sum(machine) > 0
        """
    )
    return sorted(DeviceFigures(DEVICES[device], *map(int, counts)) for device, *counts in rows)


def reason_figures(database: Database, scope: Scope) -> list[ReasonFigures]:
    """The verdicts and their reasons, by name; the machines' add up to the machine clicks."""
    counted: Counter[tuple[str, str]] = Counter()
    for verdict, reasons, clicks in database.rows(
        f"""
        SELECT verdict, reasons, sum(clicks) FROM shipment_ruling
        JOIN shipment ON shipment.id = shipment_ruling.shipment_id
        JOIN ruling ON ruling.id = shipment_ruling.ruling_id
        WHERE {scope.counted()} AND verdict <> 'test' GROUP BY verdict, reasons
        """
    ):
        counted[verdict, reasons.partition(",")[0]] += int(clicks)
    return [ReasonFigures(*what, clicks) for what, clicks in sorted(counted.items()) if clicks]


def caused_figures(database: Database, scope: Scope) -> list[CausedFigures]:
    """What clicks have caused, by kind, name and status."""
    return [CausedFigures(*row) for row in caused_in(database, scope.counted())]


def clickers_together(
    database: Database, scope: Scope, groups: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], int]:
    """How many have clicked on any of a group's placements, which are named by their keys; each counts once."""
    if not groups:
        return {}
    numbers = {key: number for number, keys in enumerate(groups) for key in keys}
    ids: dict[str, int] = dict(
        database.rows(f"SELECT key, id FROM placement WHERE key IN ({marks(numbers)})", tuple(numbers))
    )
    cases = " ".join(f"WHEN {ids[key]:d} THEN {number:d}" for key, number in numbers.items())
    counted: dict[int, int] = dict(
        database.rows(
            f"""
            SELECT number, count(*) FROM (
                SELECT DISTINCT shipment_id, recipient_id, CASE placement_id {cases} END AS number
                FROM {all_clickers(database)} AS clicker JOIN shipment ON shipment.id = clicker.shipment_id
                WHERE {scope.counted()} AND human > 0 AND placement_id IN ({", ".join(map(str, ids.values()))})
            ) AS found GROUP BY number
            """
        )
    )
    return {keys: int(counted.get(number, 0)) for number, keys in enumerate(groups)}
