"""Mails with placements that were clicked, and their click maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linktrack.mailings.addresses import Parts, ReadingOptions, read_mail, read_parts
from linktrack.mailings.reading.document import read_document
from linktrack.reports.click_map import Badge, ClickMap, MapPlacement, draw_click_map, shared_badges

OPTIONS = ReadingOptions("https://click.example.com")


def read(html: str | bytes, text: str | None = None, *, charset: str | None = None) -> Parts:
    data = html.encode() if isinstance(html, str) else html
    return read_mail(data, None if text is None else text.encode(), OPTIONS, charset=charset)


def read_anything(html: str) -> Parts:
    """A mail that no one would take in, read all the same."""
    return read_parts(read_document(html.encode()), None, OPTIONS)


def placements(parts: Parts, clicks: Mapping[int, int] | Sequence[int] | None = None) -> list[MapPlacement]:
    """A placement for each address that is tracked, its key `k` and its place among them; a link for each target.

    Without `clicks` every second one has as many as its place.
    """
    tracked = [address for address in parts.addresses if not address.reason]
    found = []
    for place, address in enumerate(tracked, 1):
        if clicks is None:
            number = place * (place % 2)
        else:
            number = clicks.get(place, 0) if isinstance(clicks, Mapping) else clicks[place - 1]
        found.append(
            MapPlacement(
                f"k{place}", address.target, address.target, address.label, address.part, address.kind, address.start,
                number, number // 2, number // 3,
            )
        )  # fmt: skip
    return found


def described(badge: Badge) -> str:
    return f'{badge.clicks} clicks & "{badge.machine_clicks}" of machines'


def draw(parts: Parts, placed: Sequence[MapPlacement], *, images: bool = False) -> ClickMap:
    """The map; who clicked on either of two twins did not click on the other."""
    people = {one.key: one.clickers for one in placed}
    together = {group: sum(people[key] for key in group) - 1 for group in shared_badges(parts, placed)}
    return draw_click_map(parts, placed, together, described, images=images)
