"""The figures of every report, read from the rollups: they cost what the number of links costs, not of clicks.

`clicks` and `clickers` are of people; a clicker is a recipient of a shipment with at least one human click.
`sent` counts the recipients of the shipments (tests left out) of the mailings where the link stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linktrack.store.lookups import link_id, mailing_id
from linktrack.store.session import Database

# The shipments that count: neither tests, nor cancelled, nor unfinished.
COUNTED = "NOT shipment.is_test AND shipment.cancelled_at IS NULL AND shipment.finished_at IS NOT NULL"


@dataclass(frozen=True)
class LinkFigures:
    """One link over all its shipments, or within one mailing. Times are UTC milliseconds."""

    key: str
    name: str
    folder: str | None
    url: str
    status: str
    placements: int
    clicks: int
    clickers: int
    machine_clicks: int
    sent: int
    first_click: int | None
    last_click: int | None
    actions: tuple[str, ...]

    @property
    def click_rate(self) -> float | None:
        return _rate(self.clickers, self.sent)


@dataclass(frozen=True)
class ShipmentFigures:
    """One shipment: of a link, or of a whole mailing."""

    mailing: str
    shipment: int
    sent_at: int
    test: bool
    sent: int
    clicks: int
    clickers: int
    machine_clicks: int
    test_clicks: int
    first_click: int | None
    last_click: int | None

    @property
    def click_rate(self) -> float | None:
        return _rate(self.clickers, self.sent)


@dataclass(frozen=True)
class PlacementFigures:
    """One spot of a mailing."""

    placement: str
    position: int
    link: str
    label: str
    part: str
    kind: str
    line: int
    clicks: int
    machine_clicks: int


@dataclass(frozen=True)
class HourFigures:
    """The clicks on a mailing in one hour; `hour` is its start, UTC milliseconds."""

    hour: int
    clicks: int
    machine_clicks: int


@dataclass(frozen=True)
class Clicker:
    """A recipient who clicked a link; without contact data once the contact is forgotten."""

    contact_id: str
    email: str
    name: str
    mailing: str
    shipment: int
    first_click: int
    last_click: int
    clicks: int


def link_figures(
    database: Database,
    *,
    keys: Sequence[str] | None = None,
    folder: str | None = None,
    mailing: str | None = None,
) -> list[LinkFigures]:
    """Every link that is registered, or stands in a mailing, or was clicked; in the order of folder and key.

    `mailing` keeps the links of one mailing and counts its shipments only. NotFound for an unknown one.
    """
    number = None if mailing is None else mailing_id(database, mailing)
    of_mailing = "" if number is None else f" AND mailing_id = {number}"
    of_shipment = "" if number is None else f" AND shipment.mailing_id = {number}"
    where, values = ["link.key <> 'honeypot'"], list[Any]()
    if keys is not None:
        where.append(f"link.key IN ({', '.join('?' * len(keys))})")
        values += keys
    elif number is not None:
        where.append("COALESCE(spots.placements, 0) > 0")
    else:
        where.append(
            "((link.kind = 'registered' AND link.deleted_at IS NULL) OR spots.placements > 0 OR tally.human > 0)"
        )
    if folder is not None:
        where.append("(folder.path = ? OR substr(folder.path, 1, ?) = ?)")
        values += [folder, len(folder) + 1, folder + "/"]
    rows = database.rows(
        f"""
        WITH spots AS (
            SELECT link_id, count(*) AS placements FROM placement WHERE kind <> 'honeypot'{of_mailing} GROUP BY link_id
        ), volume AS (
            SELECT standing.link_id, sum(shipment.recipients) AS sent
            FROM (SELECT DISTINCT link_id, mailing_id FROM placement WHERE kind <> 'honeypot'{of_mailing}) AS standing
            JOIN shipment ON shipment.mailing_id = standing.mailing_id AND {COUNTED}
            GROUP BY standing.link_id
        ), tally AS (
            SELECT link_id, sum(human) AS human, sum(clickers) AS clickers, sum(prefetch + scanner) AS machine,
                   min(first_click) AS first_click, max(last_click) AS last_click
            FROM link_tally JOIN shipment ON shipment.id = link_tally.shipment_id
            WHERE {COUNTED}{of_shipment} GROUP BY link_id
        )
        SELECT link.id, link.key, link.name, folder.path, link.url, link.deleted_at, COALESCE(spots.placements, 0),
               COALESCE(tally.human, 0), COALESCE(tally.clickers, 0), COALESCE(tally.machine, 0),
               COALESCE(volume.sent, 0), tally.first_click, tally.last_click
        FROM link LEFT JOIN folder ON folder.id = link.folder_id LEFT JOIN spots ON spots.link_id = link.id
        LEFT JOIN volume ON volume.link_id = link.id LEFT JOIN tally ON tally.link_id = link.id
        WHERE {" AND ".join(where)}
        ORDER BY CASE link.kind WHEN 'registered' THEN 0 WHEN 'local' THEN 1 ELSE 2 END,
                 COALESCE(folder.path, ''), link.mailing_id, link.id
        """,  # noqa: S608  (the parts are of our own making; values are bound)
        values,
    )
    actions: dict[int, list[str]] = {}
    for link, kind in database.rows("SELECT link_id, type FROM action ORDER BY link_id, position"):
        actions.setdefault(link, []).append(kind)
    return [
        LinkFigures(
            key=row[1],
            name=row[2],
            folder=row[3],
            url=row[4],
            status="active" if row[5] is None else "deleted",
            placements=row[6],
            clicks=int(row[7]),
            clickers=int(row[8]),
            machine_clicks=int(row[9]),
            sent=int(row[10]),
            first_click=row[11],
            last_click=row[12],
            actions=tuple(actions.get(row[0], ())),
        )
        for row in rows
    ]


def shipment_figures_of_link(database: Database, key: str) -> list[ShipmentFigures]:
    """The shipments of the mailings where the link stands, oldest first."""
    link = link_id(database, key)
    return _shipments(
        database,
        "link_tally AS tally ON tally.shipment_id = shipment.id AND tally.link_id = ?",
        "shipment.mailing_id IN (SELECT mailing_id FROM placement WHERE link_id = ?)",
        (link, link),
    )


def shipment_figures_of_mailing(database: Database, mailing: str) -> list[ShipmentFigures]:
    """The shipments of a mailing, oldest first; `clickers` clicked any link of it."""
    return _shipments(
        database,
        "shipment_tally AS tally ON tally.shipment_id = shipment.id",
        "shipment.mailing_id = ?",
        (mailing_id(database, mailing),),
    )


def _shipments(database: Database, tally: str, where: str, values: Sequence[Any]) -> list[ShipmentFigures]:
    rows = database.rows(
        f"""
        SELECT mailing.name, shipment.id, shipment.sent_at, shipment.is_test, shipment.recipients,
               COALESCE(tally.human, 0), COALESCE(tally.clickers, 0), COALESCE(tally.prefetch + tally.scanner, 0),
               COALESCE(tally.test, 0), tally.first_click, tally.last_click
        FROM shipment JOIN mailing ON mailing.id = shipment.mailing_id LEFT JOIN {tally}
        WHERE ({where}) AND shipment.cancelled_at IS NULL AND shipment.finished_at IS NOT NULL
        ORDER BY shipment.sent_at, shipment.id
        """,  # noqa: S608  (names and marks of our own)
        values,
    )
    return [
        ShipmentFigures(name, shipment, sent_at, bool(test), *counts) for name, shipment, sent_at, test, *counts in rows
    ]


def placement_figures(database: Database, mailing: str) -> list[PlacementFigures]:
    """The spots of a mailing in their order."""
    rows = database.rows(
        f"""
        SELECT placement.key, placement.position, link.key, placement.label, placement.part, placement.kind,
               placement.line, COALESCE(sum(placement_tally.human), 0), COALESCE(sum(placement_tally.machine), 0)
        FROM placement JOIN link ON link.id = placement.link_id
        LEFT JOIN placement_tally ON placement_tally.placement_id = placement.id
            AND placement_tally.shipment_id IN (SELECT id FROM shipment WHERE {COUNTED})
        WHERE placement.mailing_id = ? AND placement.kind <> 'honeypot' AND placement.gone_at IS NULL
        GROUP BY placement.id, placement.key, placement.position, link.key, placement.label, placement.part,
                 placement.kind, placement.line
        ORDER BY placement.position
        """,  # noqa: S608  (a condition of our own)
        (mailing_id(database, mailing),),
    )
    return [
        PlacementFigures(key, position, link, label, part, kind, line, int(human), int(machine))
        for key, position, link, label, part, kind, line, human, machine in rows
    ]


def hour_figures(database: Database, mailing: str) -> list[HourFigures]:
    """The hours with clicks on a mailing, in order."""
    rows = database.rows(
        f"""
        SELECT hour, sum(human), sum(machine) FROM shipment_hour JOIN shipment ON shipment.id = shipment_id
        WHERE mailing_id = ? AND {COUNTED} GROUP BY hour HAVING sum(human) + sum(machine) > 0 ORDER BY hour
        """,  # noqa: S608  (a condition of our own)
        (mailing_id(database, mailing),),
    )
    return [HourFigures(row[0], int(row[1]), int(row[2])) for row in rows]


def clickers(database: Database, key: str, *, mailing: str | None = None) -> list[Clicker]:
    """Who clicked a link, by shipment and first click; tests and machines left out."""
    link = link_id(database, key)
    where, values = "", [link]
    if mailing is not None:
        where = " AND mailing.id = ?"
        values.append(mailing_id(database, mailing))
    rows = database.rows(
        f"""
        SELECT recipient.contact_id, recipient.email, recipient.name, mailing.name, shipment.id,
               min(clicker.first_click) AS first, max(clicker.last_click), sum(clicker.human)
        FROM link_tally JOIN clicker ON clicker.shipment_id = link_tally.shipment_id
            AND clicker.link_id = link_tally.link_id AND clicker.human > 0
        JOIN recipient ON recipient.id = clicker.recipient_id
        JOIN shipment ON shipment.id = clicker.shipment_id JOIN mailing ON mailing.id = shipment.mailing_id
        WHERE link_tally.link_id = ? AND {COUNTED}{where}
        GROUP BY shipment.id, recipient.id, mailing.name, recipient.contact_id, recipient.email, recipient.name
        ORDER BY shipment.id, first, recipient.contact_id
        """,  # noqa: S608  (names and marks of our own)
        values,
    )
    return [Clicker(*row) for row in rows]


def _rate(clickers: int, sent: int) -> float | None:
    return round(clickers / sent, 6) if sent else None
