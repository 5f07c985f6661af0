"""The click map of the page: the figures that the mail's badges show, and the frame that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from linktrack.mailings.catalogue import StoredMailing, mailing_parts, placements_of
from linktrack.reports.breakdowns import clickers_in, clickers_together, placement_figures, share_of
from linktrack.reports.click_map import Badge, MapPlacement, MapRow, draw_click_map, shared_badges
from linktrack.reports.different_people import DifferentPeople
from linktrack.reports.figures import Scope
from linktrack.reports.shown_figures import Writer
from linktrack.reports.statistics import enough
from linktrack.store.session import Database


class ListMark(NamedTuple):
    """What stands before a placement in the list beside the map: its rank, and how much it was clicked (0 to 5);
    `heat` None where the mail shows no badge for it."""

    rank: int
    heat: int | None


class ShownMap(NamedTuple):
    """The frame of a mailing, and the mark of each placement, by its key."""

    mailing: str
    title: str
    srcdoc: str
    marks: dict[str, ListMark]
    note: str


def map_of(
    database: Database, mailing: StoredMailing, scope: Scope, write: Writer, *, tracking: str, images: bool
) -> ShownMap:
    """The map of a mailing, with the figures of the scope; `tracking` is the address of tracked links."""
    parts = mailing_parts(mailing, tracking)
    placements = _placements(database, mailing, scope)
    clickers = clickers_together(database, scope, shared_badges(parts, placements))
    everybody, people = clickers_in(database, scope), DifferentPeople(database, scope)

    def described(badge: Badge) -> str:
        share, machines = share_of(badge.clickers, everybody), write.count(badge.machine_clicks)
        if share is None:
            return write.text("map_badge_nobody", machines=machines)
        counts = {"clicks": write.count(badge.clicks), "clickers": write.count(badge.clickers), "machines": machines}
        spots = [{"placement": one.key, "clickers": one.clickers} for one in placements if one.key in badge.keys]
        if not (enough(badge.clickers) and enough(people.together(spots))):
            return write.text("map_badge_few", **counts)
        return write.text("map_badge", share=write.rate(share), **counts)

    drawn = draw_click_map(parts, placements, clickers, described, images=images)
    marks = {row.placement.key: _mark(row) for row in drawn.rows}
    note = "" if images else write.text("map_no_images")
    return ShownMap(mailing.name, write.text("map_frame", mailing=mailing.name), drawn.srcdoc, marks, note)


def _placements(database: Database, mailing: StoredMailing, scope: Scope) -> Sequence[MapPlacement]:
    """The placements of a mailing with their figures and their places in the source, but the honeypot."""
    figures = {one.placement: one for one in placement_figures(database, scope)}
    return [
        MapPlacement(
            one.key, one.link, one.link_name, one.label, one.part, one.kind, one.start,
            figures[one.key].clicks, figures[one.key].clickers, figures[one.key].machine_clicks,
        )
        for one in placements_of(database, mailing.id)
        if one.key in figures
    ]  # fmt: skip


def _mark(row: MapRow) -> ListMark:
    """What stands before a placement in the list: rank and heat of its badge; its own rank where it has no badge.

    Placements that share a badge have the better of their ranks.
    """
    return ListMark(row.rank, None) if row.badge is None else ListMark(row.badge.rank, row.badge.heat)
