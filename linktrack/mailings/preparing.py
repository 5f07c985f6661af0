"""Preparing a shipment: the mailing compiled with its stored placements, and proven."""

from __future__ import annotations

from linktrack.mailings.catalogue import (
    HEADER_POSITION,
    HONEYPOT_POSITION,
    StoredMailing,
    mailing_parts,
    placements_of,
)
from linktrack.mailings.compile import PlacedSpan, TargetSpan, compile_part
from linktrack.mailings.outputs.filling import filling_of, prepare_filling
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.standing_tags import refuse_standing, standing_tags
from linktrack.mailings.outputs.template import refuse_tag
from linktrack.mailings.placements import place_system_links
from linktrack.mailings.proof import prove
from linktrack.mailings.shipments import WITH_HEADER, ShipmentSettings
from linktrack.mailings.spots import Sharing, spots_of
from linktrack.store.session import Database


def compile_mail(
    database: Database, mailing: StoredMailing, settings: ShipmentSettings, sharing: Sharing | None = None
) -> Mail:
    """Compile a mailing with its stored placements and prove it; with `sharing` the copies of those whose addresses
    are not all their own. BadInput when it does not read back."""
    base_url, extra = settings.base_url, mailing.settings.merge_tags
    parts = mailing_parts(mailing, base_url)
    system = {HONEYPOT_POSITION: settings.honeypot, HEADER_POSITION: settings.output in WITH_HEADER}
    place_system_links(database, mailing, [position for position, wanted in system.items() if wanted])
    placements = placements_of(database, mailing.id)
    authors = [placement for placement in placements if placement.position > 0]
    special = {placement.position: placement.key for placement in placements if placement.position <= 0}
    spots = spots_of(parts, mailing, authors, sharing)
    targets = {position: spot for position, spot in spots.items() if isinstance(spot, TargetSpan)}
    addresses = {address.position: address for address in parts.addresses}
    placed = [(addresses[placement.position], placement.key) for placement in authors]
    prove(parts, placed, base_url, mailing.settings.options(base_url), targets)
    of_html = [spots[placement.position] for placement in authors if placement.part == "html"]
    of_text = [] if parts.text is None else [spots[spot.position] for spot in authors if spot.part == "text"]
    honeypot = header = None
    if system[HONEYPOT_POSITION]:
        place = len(parts.html.text) if parts.scan.body_end is None else parts.scan.body_end
        honeypot = PlacedSpan(special[HONEYPOT_POSITION], place, place, None if sharing is None else sharing.token)
    if system[HEADER_POSITION]:
        header = f"{base_url}/{special[HEADER_POSITION]}/"
    html = compile_part(parts.html, of_html, base_url, honeypot)
    text = made_text(parts, of_html, base_url) if parts.text is None else compile_part(parts.text, of_text, base_url)
    tags = standing_tags(parts, of_html, of_text, mailing.subject, extra)
    filling = None
    if settings.fill and tags:
        filling = prepare_filling(parts, of_html, text, tags, mailing.subject, base_url, honeypot, extra)
    elif html.gaps or text.gaps:  # of targets alone
        filling = filling_of(mailing.subject, html, text)
    if not settings.fill and settings.output in WITH_HEADER and not settings.keep_merge_tags:
        refuse_standing(tags)
    if settings.output == "template":  # before anything is stored
        starts = {spot.start for spot in of_html if isinstance(spot, PlacedSpan)}
        quotes = [(spot.start, spot.quote) for spot in parts.scan.spots if spot.start in starts]
        for tag in (settings.merge_tag, settings.person_merge_tag):
            refuse_tag(tag, parts.html, [*quotes, *([(honeypot.start, '"')] if honeypot else [])])
    count = len(authors) + (honeypot is not None) + (header is not None)
    return Mail(mailing.name, mailing.type, mailing.subject, html, text, header, count, filling, tuple(tags))
