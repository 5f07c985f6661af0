"""Where the addresses stand in an HTML mail: exact spans of attribute values, found as mail clients find them.

The bodies of `<!--[if …]>` comments are read as Outlook reads them; merge tags are masked first, because they break
every reader of HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from linktrack.links.merge_tags import MergeTag, Pairs, find, masked
from linktrack.mailings.reading.attribute_values import decode_text
from linktrack.mailings.reading.document import Document
from linktrack.mailings.reading.markup import Attribute, Markup, MarkupKind, attributes, read_markup, self_closing
from linktrack.mailings.reading.opt_outs import opts_out

_CONDITION = re.compile(r"\[if\b[^\]]*\]>", re.IGNORECASE)
_NESTED = 3  # conditional comments in conditional comments, as deep as they are looked into
_OPEN_ELEMENTS = 4  # links that are open at once: more of them are not nested but were never closed

CLICKABLE = ("a", "area", "vml")
_OTHERS = {"link": ("link", "href"), "base": ("base", "href"), "form": ("form", "action")} | dict.fromkeys(
    ["img", "script", "iframe", "input", "source", "video", "audio", "embed", "frame", "track", "bgsound"],
    ("src", "src"),
)


class Spot(NamedTuple):
    """An attribute value that holds an address, at `start:stop` of the scanned text.

    `kind` is a, area or vml for what can be tracked; link, form, src or base for what never is. The element's start
    tag is at `tag[0]:tag[1]`, its content (where its label is) at `content[0]:content[1]`, empty where it has none.
    """

    kind: str
    start: int
    stop: int
    quote: str  # ", ' or "" for an unquoted value
    tag: tuple[int, int]
    content: tuple[int, int]
    opted_out: str = ""  # the attribute that says so
    in_comment: bool = False  # an ordinary comment: nobody sees it
    conditional: bool = False  # inside <!--[if …]>
    repeated: bool = False  # the element has a second href, which clients ignore
    attribute: str = "href"  # the attribute's name

    @property
    def clickable(self) -> bool:
        return self.kind in CLICKABLE and not self.in_comment


@dataclass(frozen=True)
class Scan:
    """What was found. `broken_at` is where a tag begins that never ends; `open_comment` the same for a comment."""

    spots: tuple[Spot, ...]
    tags: tuple[MergeTag, ...]
    masked: str
    base: Spot | None
    broken_at: int | None
    open_comment: int | None
    body_end: int | None  # of the last </body>, outside of comments


def scan(document: Document, extra_tags: Pairs = ()) -> Scan:
    """Find every address in the document's text; linear in its length."""
    tags = _tags_of(document, extra_tags)
    hidden = masked(document.text, tags)
    scanner = _Scanner(hidden)
    scanner.read(0, len(hidden))
    spots = sorted(scanner.spots, key=lambda spot: spot.start)
    base = next((spot for spot in spots if spot.kind == "base" and not spot.in_comment and not spot.conditional), None)
    return Scan(tuple(spots), tuple(tags), hidden, base, scanner.broken_at, scanner.open_comment, scanner.body_end)


def _tags_of(document: Document, extra_tags: Pairs) -> list[MergeTag]:
    """The merge tags, at their places in the document's text, found and named as a person reads them."""
    characters = document.characters(0, len(document.text))
    tags = find(characters, extra_tags, decode_text)
    if len(characters) == len(document.text):
        return tags
    found: list[MergeTag] = []
    here = start = 0
    for tag in tags:
        start += len(characters[here : tag.start].encode(document.charset))
        stop = start + len(characters[tag.start : tag.stop].encode(document.charset))
        found.append(replace(tag, start=start, stop=stop))
        here, start = tag.stop, stop
    return found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spots: list[Spot] = []
        self.broken_at: int | None = None
        self.open_comment: int | None = None
        self.body_end: int | None = None

    def read(self, here: int, stop: int, depth: int = 0, *, comment: bool = False) -> None:
        """Scan `text[here:stop]`: `depth` conditional comments are around it, or (`comment`) a plain one."""
        open_ones: list[int] = []  # places in self.spots of elements whose content is still open
        outside = depth == 0 and not comment
        for piece in read_markup(self.text, here, stop):
            kind, name = piece.kind, piece.name
            if kind is MarkupKind.START:
                if _kind(name):
                    if name == "a" and open_ones and self.spots[open_ones[-1]].kind == "a":
                        self._close(open_ones.pop(), piece.start)  # an <a> in an <a> closes it
                    self._link(piece, open_ones, comment, depth > 0)
                elif name in _OTHERS:
                    self._other(piece, *_OTHERS[name], comment, depth > 0)
            elif kind is MarkupKind.END:
                if name == "body" and outside:
                    self.body_end = piece.start
                elif open_ones and self.spots[open_ones[-1]].kind == _kind(name):
                    self._close(open_ones.pop(), piece.start)
            elif kind is MarkupKind.OPEN_TAG:
                if outside:
                    self.broken_at = piece.start
            elif kind is not MarkupKind.DECLARATION and not comment:  # ordinary ones do not nest
                self._comment(piece, depth)
        for place in open_ones:
            self._close(place, stop)

    def _comment(self, piece: Markup, depth: int) -> None:
        if piece.kind is MarkupKind.OPEN_COMMENT and depth == 0:
            self.open_comment = piece.start
        condition = _CONDITION.match(self.text, piece.inside, piece.end)
        if condition and depth < _NESTED:
            self.read(condition.end(), piece.end, depth + 1)
        else:
            self.read(piece.inside, piece.end, depth, comment=True)

    def _close(self, place: int, stop: int) -> None:
        spot = self.spots[place]
        self.spots[place] = spot._replace(content=(spot.tag[1], stop))

    def _link(self, tag: Markup, open_ones: list[int], in_comment: bool, conditional: bool) -> None:
        href: Attribute | None = None
        source: Attribute | None = None
        older: Attribute | None = None  # xlink:href, which an <a> of SVG may have in place of href
        opted_out = ""
        repeated = False
        for attribute in attributes(self.text, tag):
            name = attribute.name
            if name == "href":
                repeated = repeated or href is not None
                href = href or attribute
            elif name == "src":
                source = source or attribute
            elif name == "xlink:href" and tag.foreign:
                older = older or attribute
            elif opts_out(name, self.text[attribute.start : attribute.stop]):
                opted_out = opted_out or name
        kind = _kind(tag.name)
        place, content = (tag.start, tag.stop), (tag.stop, tag.stop)
        if kind == "a":
            href = href or older
        if href is not None:
            if kind == "a" or (kind == "vml" and not self_closing(self.text, tag)):
                if len(open_ones) == _OPEN_ELEMENTS:
                    self._close(open_ones.pop(0), tag.start)
                open_ones.append(len(self.spots))
            self.spots.append(
                Spot(kind, *href[1:], place, content, opted_out, in_comment, conditional, repeated, href.name)
            )
        if source is not None and kind == "vml":
            self.spots.append(Spot("src", *source[1:], place, content, "", in_comment, conditional, attribute="src"))

    def _other(self, tag: Markup, kind: str, wanted: str, in_comment: bool, conditional: bool) -> None:
        for attribute in attributes(self.text, tag):
            if attribute.name == wanted:
                place, content = (tag.start, tag.stop), (tag.stop, tag.stop)
                spot = Spot(kind, *attribute[1:], place, content, "", in_comment, conditional, attribute=wanted)
                self.spots.append(spot)
                return


def _kind(name: str) -> str:
    """What kind of link an element of this name is; "" for none."""
    return name if name in ("a", "area") else "vml" if name.startswith("v:") else ""
