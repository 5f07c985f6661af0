"""What stands at each spot of a mailing's copies: an address with the recipient's token, one with a shared token, or
the link's own target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from linktrack.links.special_links import PERSONAL
from linktrack.mailings.addresses import Parts
from linktrack.mailings.catalogue import StoredMailing, StoredPlacement, tagged_target
from linktrack.mailings.compile import Placed
from linktrack.mailings.untracked_targets import target_in_html, target_in_text


@dataclass(frozen=True)
class Sharing:
    """How copies are written that do not have the recipient's token everywhere: `token` stands in all addresses but
    those of unsubscribe, subscriptions and view-online; `targets`: where a link leads to its target, that stands
    there and no tracked address."""

    token: str
    targets: bool = True


def spots_of(
    parts: Parts, mailing: StoredMailing, placements: Iterable[StoredPlacement], sharing: Sharing | None
) -> dict[int, Placed]:
    """What stands at the author's placements, by position."""
    return {
        placement.position: placement.placed if sharing is None else _shared(parts, mailing, placement, sharing)
        for placement in placements
    }


def _shared(parts: Parts, mailing: StoredMailing, placement: StoredPlacement, sharing: Sharing) -> Placed:
    placed = placement.placed
    if placement.link in PERSONAL:
        return placed
    leads = placement.response.get("kind", "redirect") == "redirect"
    target = tagged_target(mailing, placement) if sharing.targets and leads else ""
    if not target:
        return placement.placed_with(sharing.token)
    pairs = mailing.settings.merge_tags
    if placement.part == "text":
        return target_in_text(target, parts.document("text").charset, placed.start, placed.stop, pairs)
    return target_in_html(target, parts.html, placed.start, placed.stop, _quotes_at(parts, placed.start), pairs)


def _quotes_at(parts: Parts, start: int) -> str:
    """The quotes around the attribute's value that begins here."""
    return next(spot.quote for spot in parts.scan.spots if spot.start == start)
