"""The figures of links: over all their shipments, or some, and a link's shipment by shipment."""

# ruff: noqa: S608 -- what is put into the SQL are conditions and numbers of our own; values are bound

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from linktrack.links.action_types import action_types
from linktrack.links.folders import WITHIN, within
from linktrack.reports.figures import EVERYTHING, Scope, rate_of
from linktrack.reports.shipments import counts_by_shipment, edges, is_clicked
from linktrack.store.lookups import link_id
from linktrack.store.many import marks
from linktrack.store.session import Database

if TYPE_CHECKING:  # figures know nothing of what a link is
    from linktrack.links.catalogue import LinkPlace, LinkRow
    from linktrack.links.stored_actions import ActionRow


class LinkFigures(NamedTuple):
    """One link. Times are UTC milliseconds; see `shipments.edges` for those of a period."""

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
    uncounted: int
    click_rate: float | None
    rate_low: float | None
    rate_high: float | None
    first_click: int | None
    last_click: int | None
    actions: tuple[str, ...]


class WholeLink(NamedTuple):
    """All that is known of one link: its actions and the mailings where it stands, each in its order, and its clicks,
    with times in UTC milliseconds. What follows the honeypot is a machine: it has no clicks."""

    link: LinkRow
    actions: tuple[ActionRow, ...]
    places: tuple[LinkPlace, ...]
    clicks: int
    clickers: int
    machine_clicks: int
    first_click: int | None
    last_click: int | None


class LinkShipment(NamedTuple):
    """A link in one shipment, with the number of places where it stands in the mailing."""

    mailing: str
    shipment: int
    sent_at: int
    test: bool
    placements: int
    sent: int
    uncounted: int
    clicks: int
    clickers: int
    machine_clicks: int
    test_clicks: int
    click_rate: float | None
    rate_low: float | None
    rate_high: float | None
    first_click: int | None
    last_click: int | None


class _LinkClicks(NamedTuple):
    clicks: int = 0
    clickers: int = 0
    machine: int = 0
    first: int | None = None
    last: int | None = None


class _Volume(NamedTuple):
    """To how many a link went out, and when last."""

    sent: int = 0
    uncounted: int = 0
    in_period: bool = False


_NOTHING, _NOWHERE = _LinkClicks(), _Volume()
# Where a link stands for its reader; a spot of before an edit is none any more, and the honeypot is none of theirs.
_STANDS = "placement.kind <> 'honeypot' AND placement.gone_at IS NULL"


def link_figures(
    database: Database, scope: Scope = EVERYTHING, *, keys: Sequence[str] | None = None
) -> list[LinkFigures]:
    """Every link that is registered, or stands in a mailing, or was clicked; in the order of folder and key.

    Of one mailing or shipment: those that stand in it; of a period: those that were sent or clicked in it. `keys`
    chooses links whatever became of them.
    """
    spots = _spots(database, scope)
    volumes = _volumes(database, scope)
    tallies = _tallies(database, scope)
    actions = action_types(database)
    found = []
    for number, key, name, kind, folder, url, deleted_at in _links(database, scope, keys):
        placements = spots.get(number, 0)
        tally, volume = tallies.get(number, _NOTHING), volumes.get(number, _NOWHERE)
        clicked = tally.clicks > 0 or tally.machine > 0
        if scope.period:
            shown = clicked or volume.in_period
        elif scope.mailing is not None or scope.shipment is not None:
            shown = clicked or placements > 0
        else:
            shown = clicked or placements > 0 or (kind == "registered" and deleted_at is None)
        if not (shown or keys is not None):
            continue
        rate = rate_of(tally.clickers, volume.sent, volume.uncounted)
        status = "active" if deleted_at is None else "deleted"
        counts = (tally.clicks, tally.clickers, tally.machine, volume.sent, volume.uncounted)
        caused = tuple(actions.get(number, ()))
        found.append(
            LinkFigures(key, name, folder, url, status, placements, *counts, *rate, tally.first, tally.last, caused)
        )
    return found


def whole_link(database: Database, key: str) -> WholeLink:
    """All that is known of the link `key`, as it is at one moment. UnknownName with near keys."""
    from linktrack.links.catalogue import find_link, mailings_with
    from linktrack.links.stored_actions import list_actions

    with database.at_one_moment():
        link = find_link(database, key)
        actions = tuple(action for _, action in list_actions(database, key))
        places = tuple(mailings_with(database, link.id))
        figures = next(iter(link_figures(database, keys=[link.key])), None)
    if figures is None:
        return WholeLink(link, actions, places, 0, 0, 0, None, None)
    counts = figures.clicks, figures.clickers, figures.machine_clicks
    return WholeLink(link, actions, places, *counts, figures.first_click, figures.last_click)


def link_shipments(
    database: Database, key: str, scope: Scope = EVERYTHING, *, tests: bool = False
) -> list[LinkShipment]:
    """The shipments of the mailings where a link stands, oldest first. UnknownName for an unknown link."""
    link = link_id(database, key)
    spots: dict[int, int] = dict(
        database.rows(
            f"SELECT mailing_id, count(*) FROM placement WHERE link_id = ? AND {_STANDS} GROUP BY mailing_id", (link,)
        )
    )
    return [
        LinkShipment(
            one.mailing, one.shipment, one.sent_at, one.test, spots.get(one.mailing_id, 0), one.sent, one.uncounted,
            one.clicks, one.clickers, one.machine_clicks, one.test_clicks,
            *rate_of(one.clickers, one.sent, one.uncounted), one.first_click, one.last_click,
        )
        for one in counts_by_shipment(database, scope, link=link, tests=tests)
        if one.mailing_id in spots or is_clicked(one)
    ]  # fmt: skip


def _links(database: Database, scope: Scope, keys: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """The links of a folder or all, but the honeypot."""
    where, values = ["link.key <> 'honeypot'"], list[Any]()
    if keys is not None:
        where.append(f"link.key IN ({marks(keys)})")
        values += keys
    if scope.folder is not None:
        where.append(WITHIN)
        values += within(scope.folder)
    return database.rows(
        "SELECT link.id, link.key, link.name, link.kind, folder.path, link.url, link.deleted_at FROM link "
        f"LEFT JOIN folder ON folder.id = link.folder_id WHERE {' AND '.join(where)} "
        "ORDER BY CASE link.kind WHEN 'registered' THEN 0 WHEN 'local' THEN 1 ELSE 2 END, COALESCE(folder.path, ''), "
        "link.mailing_id, link.id",
        values,
    )


def _spots(database: Database, scope: Scope) -> dict[int, int]:
    """In how many places each link stands: in the mailing, in that of the shipment, or in any."""
    of_mailing = "" if scope.mailing is None else f" AND mailing_id = {scope.mailing:d}"
    if scope.shipment is not None:
        of_mailing += f" AND mailing_id = (SELECT mailing_id FROM shipment WHERE id = {scope.shipment:d})"
    return dict(database.rows(f"SELECT link_id, count(*) FROM placement WHERE {_STANDS}{of_mailing} GROUP BY link_id"))


def _volumes(database: Database, scope: Scope) -> dict[int, _Volume]:
    """The recipients of the shipments that count, of the mailings where each link stands."""
    rows = database.rows(
        f"""
        SELECT standing.link_id, sum(shipment.recipients), sum(shipment.uncounted),
               max(CASE WHEN 1 = 1{scope.period.within("shipment.sent_at")} THEN 1 ELSE 0 END)
        FROM (SELECT DISTINCT link_id, mailing_id FROM placement WHERE {_STANDS}) AS standing
        JOIN shipment ON shipment.mailing_id = standing.mailing_id
        WHERE {scope.counted()} GROUP BY standing.link_id
        """
    )
    return {link: _Volume(int(sent), int(uncounted), bool(in_period)) for link, sent, uncounted, in_period in rows}


def _tallies(database: Database, scope: Scope) -> dict[int, _LinkClicks]:
    """The clicks on each link in the shipments that count."""
    whole = {
        link: _LinkClicks(int(clicks), int(clickers), int(machine), first, last)
        for link, clicks, clickers, machine, first, last in database.rows(
            f"""
            SELECT link_id, sum(human), sum(clickers), sum(prefetch + scanner), min(first_click), max(last_click)
            FROM link_tally JOIN shipment ON shipment.id = link_tally.shipment_id
            WHERE {scope.counted()} GROUP BY link_id
            """
        )
    }
    if not scope.period:
        return whole
    rows = database.rows(
        f"""
        SELECT link_id, sum(human), sum(clickers), sum(machine), min(CASE WHEN human > 0 THEN hour END),
               max(CASE WHEN human > 0 THEN hour END)
        FROM link_hour JOIN shipment ON shipment.id = link_hour.shipment_id
        WHERE {scope.counted()}{scope.period.within("hour")} GROUP BY link_id
        """
    )
    return {
        link: _LinkClicks(
            int(clicks), int(clickers), int(machine),
            *edges(first, last, whole.get(link, _NOTHING).first, whole.get(link, _NOTHING).last, scope.period),
        )
        for link, clicks, clickers, machine, first, last in rows
    }  # fmt: skip
