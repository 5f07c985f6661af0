"""The click map: a mailing drawn as it was sent, with a badge at each placement.

A badge is found by its place in the source, never by its URL. A button of VML and its visible twin have one badge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from linktrack.mailings.addresses import Parts


class MapPlacement(NamedTuple):
    """A placement with its figures. `start` is where its address begins in the scanned text of its part."""

    key: str
    link: str
    link_name: str
    label: str
    part: str
    kind: str
    start: int
    clicks: int
    clickers: int
    machine_clicks: int


class Badge(NamedTuple):
    """What stands at a link: the keys of its placements, the better rank, clicks summed, clickers counted once.

    `heat` is 0 for one that nobody clicked, else 1 to 5 by its share of the clicks of the one clicked most.
    """

    keys: tuple[str, ...]
    rank: int
    clicks: int
    clickers: int
    machine_clicks: int
    heat: int


class MapRow(NamedTuple):
    """A placement in the list beside the map; `badge` is None where it is not displayed, or is of the text part."""

    placement: MapPlacement
    rank: int
    badge: Badge | None


class ClickMap(NamedTuple):
    """The HTML of a sandboxed frame (to be escaped as an attribute's value), and the list beside it."""

    srcdoc: str
    rows: tuple[MapRow, ...]


Group = tuple[str, ...]  # keys of placements that share a badge


def shared_badges(parts: Parts, placements: Sequence[MapPlacement]) -> list[Group]:
    """The placements that share a badge, by their keys: what only Outlook shows, and its visible twin."""
    raise NotImplementedError


def draw_click_map(
    parts: Parts,
    placements: Sequence[MapPlacement],
    clickers: Mapping[Group, int],
    described: Callable[[Badge], str],
    *,
    images: bool = False,
) -> ClickMap:
    """The map of a mailing that has been read (`mailings.catalog.mailing_parts`), with all its placements but the
    honeypot; rows are in their order.

    `clickers` counts the clickers of each of `shared_badges` once; `described` says a badge's figures in words (its
    tooltip). With `images` pictures are fetched when the page is opened, else they are blank.
    """
    raise NotImplementedError
