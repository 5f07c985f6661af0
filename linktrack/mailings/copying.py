"""One person's copy of a mailing's HTML, apart from any output: the token joined in, merge tags filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from linktrack.links.merge_tags import MergeTag, fold
from linktrack.mailings.catalogue import StoredMailing, mailing_parts, placements_of
from linktrack.mailings.compile import compile_part
from linktrack.mailings.outputs.filling import prepare_filling
from linktrack.mailings.outputs.standing_tags import StandingTag, standing_tags
from linktrack.mailings.spots import Sharing, spots_of
from linktrack.mailings.untracked_targets import tags_in
from linktrack.store.session import Database

ValueOf = Callable[[MergeTag], str | None]  # what fills a tag; None leaves it as it is


@dataclass(frozen=True)
class PersonalCopy:
    """The HTML, in the codec `charset`, and the tags that still stand in it."""

    html: bytes
    charset: str
    standing: tuple[StandingTag, ...]


def copy_for(
    database: Database,
    mailing: StoredMailing,
    base_url: str,
    token: str,
    value_of: ValueOf,
    sharing: Sharing | None = None,
) -> PersonalCopy:
    """The copy with this token behind its tracked addresses; with `sharing`, that of somebody who refused tracking.

    Tags that are logic or more than a name stay, but for those in a link's own target.
    """
    extra = mailing.settings.merge_tags
    parts = mailing_parts(mailing, base_url)
    placements = [spot for spot in placements_of(database, mailing.id) if spot.position > 0 and spot.part == "html"]
    placed = list(spots_of(parts, mailing, placements, sharing).values())
    html = compile_part(parts.html, placed, base_url)
    filled, standing = [], []
    values = {fold(tag.name): value_of(tag) or "" for tag in tags_in(placed)}
    for tag in standing_tags(parts, placed, [], "", extra):
        if tag.part != "html":
            continue
        value = value_of(tag.tag) if tag.tag.plain else None
        if value is None:
            standing.append(tag)
        else:
            filled.append(tag)
            values[fold(tag.tag.name)] = value
    filling = prepare_filling(parts, placed, html, filled, "", base_url, extra_tags=extra)
    return PersonalCopy(b"".join(filling.html.joined(html.encoded(token), values)), html.charset, tuple(standing))
