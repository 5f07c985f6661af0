"""The click map: a mailing drawn as it was sent, with a badge at each placement.

A badge is found by its place in the source, never by its URL. A button of VML and its visible twin have one badge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urljoin

from linktrack.hosts import read_web_address
from linktrack.links.merge_tags import find
from linktrack.mailings.addresses import Parts
from linktrack.mailings.reading.attribute_values import clean, decode
from linktrack.mailings.reading.scan import Spot
from linktrack.reports.drawing.hiding import HOLDING
from linktrack.reports.drawing.mail import PICTURED, Mark, draw_mail
from linktrack.reports.drawing.style import LAYER, LINKED, PictureAddress, no_address
from linktrack.visible import visible

_STEPS = 5  # of heat


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


class _Standing(NamedTuple):
    """A placement of the HTML part and where it stands."""

    placement: MapPlacement
    spot: Spot


def shared_badges(parts: Parts, placements: Sequence[MapPlacement]) -> list[Group]:
    """The placements that share a badge, by their keys in order: what only Outlook shows, and its visible twin."""
    return [
        tuple(one.placement.key for one in group) for group in _groups(_standing(parts, placements)) if len(group) > 1
    ]


def draw_click_map(
    parts: Parts,
    placements: Sequence[MapPlacement],
    clickers: Mapping[Group, int],
    described: Callable[[Badge], str],
    *,
    images: bool = False,
) -> ClickMap:
    """The map of a mailing that has been read (`mailings.catalogue.mailing_parts`), with all its placements but the
    honeypot; rows are in their order. Ranks go by clicks, and are shared by those who have as many.

    `clickers` counts the clickers of each of `shared_badges` once; `described` says a badge's figures in words (its
    tooltip). With `images` pictures are fetched when the page is opened, else they are blank.
    """
    ranks = _ranks(placements)
    most = 0
    badges: list[tuple[Spot, Badge]] = []
    for group in _groups(_standing(parts, placements)):
        keys = tuple(one.placement.key for one in group)
        clicks = sum(one.placement.clicks for one in group)
        machine = sum(one.placement.machine_clicks for one in group)
        people = clickers[keys] if len(keys) > 1 else group[0].placement.clickers
        most = max(most, clicks)
        badges.append((_seen(group).spot, Badge(keys, min(ranks[key] for key in keys), clicks, people, machine, 0)))
    badges = [(spot, badge._replace(heat=_heat(badge.clicks, most))) for spot, badge in badges]
    marks = {spot.tag[0]: _mark(badge, described(badge)) for spot, badge in badges if not spot.conditional}
    mail, displayed = draw_mail(parts, marks, _pictures(parts) if images else no_address)
    by_key = {key: badge for spot, badge in badges if spot.tag[0] in displayed for key in badge.keys}
    rows = tuple(MapRow(one, ranks[one.key], by_key.get(one.key)) for one in placements)
    return ClickMap(f"<!doctype html>{_head(images)}{mail}", rows)


def _standing(parts: Parts, placements: Sequence[MapPlacement]) -> list[_Standing]:
    """The placements of the HTML part in the order of the source."""
    spots = {spot.start: spot for spot in parts.scan.spots}
    found = [_Standing(one, spots[one.start]) for one in placements if one.part == "html" and one.start in spots]
    return sorted(found, key=lambda one: one.spot.start)


def _groups(standing: Sequence[_Standing]) -> list[list[_Standing]]:
    """The placements that share a badge, each with its twins.

    A run of links that only Outlook shows stands for as many that others show right behind it, or before it; twins
    are those of them that are the same link.
    """
    groups: dict[str, list[_Standing]] = {}
    hidden: list[_Standing] = []
    runs: list[tuple[int, list[_Standing]]] = []  # with how many visible ones stand before
    visible: list[_Standing] = []
    for one in standing:
        if one.spot.conditional:
            hidden.append(one)
            continue
        if hidden:
            runs.append((len(visible), hidden))
            hidden = []
        visible.append(one)
    if hidden:
        runs.append((len(visible), hidden))
    for one in visible:
        groups[one.placement.key] = [one]
    for place, run in runs:
        near = [*visible[place : place + len(run)], *reversed(visible[max(place - len(run), 0) : place])]
        for one in run:
            same = [twin for twin in near if twin.placement.link == one.placement.link]
            twin = same[0] if same else one
            groups.setdefault(twin.placement.key, []).append(one)
    return [sorted(group, key=lambda one: one.spot.start) for group in groups.values()]


def _seen(group: Sequence[_Standing]) -> _Standing:
    return next((one for one in group if not one.spot.conditional), group[0])


def _ranks(placements: Sequence[MapPlacement]) -> dict[str, int]:
    """1 for the most clicks; those with as many share a rank."""
    ordered = sorted((one.clicks for one in placements), reverse=True)
    first: dict[int, int] = {}
    for place, clicks in enumerate(ordered, 1):
        first.setdefault(clicks, place)
    return {one.key: first[one.clicks] for one in placements}


def _heat(clicks: int, most: int) -> int:
    return -(-clicks * _STEPS // most) if clicks else 0


def _mark(badge: Badge, described: str) -> Mark:
    said = (
        f'data-placement="{" ".join(badge.keys)}" data-clicks="{badge.clicks}" data-clickers="{badge.clickers}" '
        f'data-machine-clicks="{badge.machine_clicks}" data-heat="{badge.heat}" title="{escape(visible(described))}"'
    )
    return Mark(said, f"<b>{badge.rank} · {badge.clicks}</b>", badge.heat)


def _pictures(parts: Parts) -> PictureAddress:
    """The address of a picture as a browser fetches it: absolute, of the web, without merge tags; None for others."""
    spot = parts.scan.base
    base = "" if spot is None else clean(decode(parts.html.characters(spot.start, spot.stop)))

    def fetched(address: str) -> str | None:
        if find(address):
            return None
        try:
            absolute = urljoin(base or "https:", clean(address))
        except ValueError:
            return None
        if read_web_address(absolute) is None:
            return None
        return quote(absolute, safe="!#$%&'()*+,/:;=?@[]~").replace("'", "%27")

    return fetched


def _head(images: bool) -> str:
    """What stands before the mail: a policy that lets nothing but pictures in, and the look of badges.

    Rules of a layer that are important win against all that a mail's own style can say, and the first layer against
    later ones.
    """
    pictures = " img-src https: http:;" if images else ""
    policy = f"default-src 'none';{pictures} style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="referrer" content="no-referrer"><style>{_STYLE}</style>'
    )


# Of what holds a badge: nothing of what makes it transparent, cut off or so small that it is not seen.
_SEEN = {
    "opacity": "1", "filter": "none", "clip": "auto", "clip-path": "none", "mask": "none", "scale": "none", "zoom": "1",
    "content-visibility": "visible",
}  # fmt: skip
_COLOURS = ("#fff", "#fde3c0", "#fdbb84", "#f9824f", "#cf2d17", "#8e0000")


def _style() -> str:
    """A badge's span reaches at least 8 pixels farther down than the pill in it, which so stands above a link's words.

    A badge begins where its link does in the line, and as high as the link's own box: a line may be far higher, for
    what else stands in it. Of a link that begins with a picture it stands at the picture's corner: that may be a block,
    in a line of its own. There its span reaches down to the link's own box, which begins far below the top of a high
    picture that stands in a line. Of a link that is positioned itself 0 is the top. Words that a link moves out of
    sight, for a picture behind it, are seen: the badge would go with them, and the picture is blank. Where browsers do
    not know this (CSS Anchor Positioning) it is as high as the line.
    """
    badge, reset = "span[data-placement]", "all:initial!important;"
    look = {
        "position": "absolute", "z-index": "2147483647", "min-height": "22px", "translate": "-3px -7px",
        "direction": "ltr", "cursor": "help", "print-color-adjust": "exact", "-webkit-print-color-adjust": "exact",
    }  # fmt: skip
    link, picture = f"[{LINKED}][data-heat]", f"[{PICTURED}]"
    high = (
        f"{link}{{anchor-scope:--link,--picture!important;anchor-name:--link!important;"
        "text-indent:0!important;transform:none!important}"
        f"{HOLDING}{{{_important(_SEEN)}}}"
        f"img{picture}{{anchor-name:--picture!important}}"
        f"{badge}{{top:anchor(--picture top,anchor(--link top,0px))!important;left:anchor(--picture left)!important;"
        "bottom:calc(anchor(--link top,100%) - 7px)!important}"
    )
    pill = {
        "display": "block", "box-sizing": "border-box", "height": "14px", "padding": "0 4px", "cursor": "inherit",
        "border": "1px solid #222", "border-radius": "7px", "box-shadow": "0 0 0 1px #fff", "white-space": "nowrap",
        "font": "bold 10px/12px system-ui,sans-serif", "print-color-adjust": "inherit",
    }  # fmt: skip
    heats = (
        f'{badge}[data-heat="{step}"]>b{{background:{colour}!important;color:{_ink(step)}!important}}'
        f'[{LINKED}][data-heat="{step}"]{{outline:{f"2px solid {colour}" if step else "1px dashed #555"}!important;'
        "outline-offset:1px!important}"
        for step, colour in enumerate(_COLOURS)
    )
    # A badge that hangs over its link's corner has room around a mail without a margin, also at what that positions. A
    # badge at words from right to left hangs to the left, where no window scrolls that begins there.
    room = {
        "position": "relative", "margin": "0", "inset": "auto", "transform": "none", "translate": "none",
        "border": "0 solid #0000", "border-width": "8px", "box-sizing": "border-box",
    }  # fmt: skip
    return (
        f"@layer {LAYER}{{html{{{_important(room)}}}body{{top:auto!important;bottom:auto!important}}"
        "html:not(:dir(rtl)):has(:dir(rtl) [data-heat]){border-left-width:40px!important}"
        f"{badge}{{{reset}{_important(look)}}}{badge}>b{{{reset}{_important(pill)}}}"
        f"{high}{badge}::before,{badge}::after,{badge}>b::before,{badge}>b::after{{content:none!important}}"
        f'{"".join(heats)}{badge}[data-heat="0"]>b{{border-style:dashed!important}}'
        "html{color-scheme:light!important;print-color-adjust:exact!important;-webkit-print-color-adjust:exact!important}}"
        f":where(a[{LINKED}]){{color:-webkit-link;text-decoration:underline}}"
        ":where(img:not([src])){display:inline-block;overflow:hidden;background:#8882;outline:1px dashed #8888;"
        "outline-offset:-1px}"
    )


def _ink(step: int) -> str:
    return "#fff" if step > 3 else "#222"


def _important(values: Mapping[str, str]) -> str:
    return "".join(f"{name}:{value}!important;" for name, value in values.items())


_STYLE = _style()
