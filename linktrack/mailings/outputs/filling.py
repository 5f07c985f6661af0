"""Filling merge tags with a contact's values: where they stand is found once, a copy is a join of bytes and values.

Only mails that are to be filled come here; the others are joined by their tokens alone (`mailings.compile`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Protocol
from urllib.parse import quote

from linktrack.links.merge_tags import MergeTag, Pairs, find, fold
from linktrack.mailings.addresses import Parts
from linktrack.mailings.compile import Compiled, Gap, Placed, PlacedSpan, Writing, cut_part
from linktrack.mailings.outputs.standing_tags import StandingTag
from linktrack.mailings.reading.markup import MarkupKind, attributes, read_markup
from linktrack.mailings.reading.text_part import find_urls

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BESIDE_LETTERS = re.compile(r"[^A-Za-z0-9]")
_ADDRESSES = frozenset(("href", "xlink:href", "src", "action", "background", "cite", "formaction", "poster"))


@dataclass(frozen=True)
class FillablePart:
    """A part cut at its tokens and its merge tags: a gap stands between each two pieces, None is the token's."""

    pieces: tuple[bytes, ...]
    gaps: tuple[Gap | None, ...]

    @classmethod
    def of(cls, part: Compiled) -> FillablePart:
        """A compiled part, as it is cut already."""
        return cls(part.segments, part.gaps or (None,) * (len(part.segments) - 1))

    def joined(
        self, token: bytes, values: Mapping[str, str], write: Callable[[bytes, Gap], bytes] = lambda value, gap: value
    ) -> list[bytes]:
        """A recipient's copy as buffers. `write` makes of a value's bytes what the output needs.

        `values` are named as `fold` writes names; one that is missing is empty.
        """
        buffers = [self.pieces[0]]
        known: dict[Gap, bytes] = {}
        for gap, piece in zip(self.gaps, self.pieces[1:], strict=True):
            if gap is None:
                buffers += (token, piece)
                continue
            value = known.get(gap)
            if value is None:
                value = known[gap] = write(written(values.get(gap.name, ""), gap), gap)
            buffers += (value, piece)
        return buffers

    def in_utf8(self, charset: str) -> FillablePart:
        """The same in UTF-8 and without a byte order mark; `charset` is what it is in."""
        pieces = [piece.decode(charset) for piece in self.pieces]
        pieces[0] = pieces[0].removeprefix("\ufeff")
        gaps = (gap and replace(gap, charset="utf-8") for gap in self.gaps)
        return FillablePart(tuple(piece.encode() for piece in pieces), tuple(gaps))


@dataclass(frozen=True)
class Filling:
    """A mail that is filled: its parts. A text in which tags stood is in UTF-8 whatever it was in."""

    subject: FillablePart
    html: FillablePart
    text: FillablePart
    text_charset: str = "utf-8"

    @property
    def names(self) -> set[str]:
        """The fields that are filled in, as `fold` writes them."""
        return {gap.name for part in (self.subject, self.html, self.text) for gap in part.gaps if gap is not None}

    def subject_for(self, values: Mapping[str, str]) -> str:
        return b"".join(self.subject.joined(b"", values)).decode()


def prepare_filling(
    parts: Parts,
    placed: Sequence[Placed],
    text: Compiled,
    tags: Sequence[StandingTag],
    subject: str,
    base_url: str,
    honeypot: PlacedSpan | None = None,
    extra_tags: Pairs = (),
) -> Filling:
    """Cut a mail where its tags stand. `placed` are the HTML's placements, `text` is the compiled text part."""
    of_html = [standing.tag for standing in tags if standing.part == "html"]
    writings = html_writings(parts.scan.masked, of_html)
    gaps = [
        Gap(fold(tag.name), tag.start, tag.stop, writing, parts.html.charset)
        for tag, writing in zip(of_html, writings, strict=True)
    ]
    return Filling(
        _cut_text([subject], extra_tags, addresses=False),
        FillablePart(*cut_part(parts.html, placed, base_url, honeypot, gaps)),
        _cut_text([segment.decode(text.charset) for segment in text.segments], extra_tags, between=text.gaps),
    )


def filling_of(subject: str, html: Compiled, text: Compiled) -> Filling:
    """A mail of which nothing is filled but the links' own targets, which are cut already."""
    whole = FillablePart((subject.encode(),), ())
    return Filling(whole, FillablePart.of(html), FillablePart.of(text), text.charset)


class Person(Protocol):
    """Whom a copy is for."""

    @property
    def contact_id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, str]: ...


def values_of(person: Person) -> dict[str, str]:
    """A person's values by the names that gaps have."""
    own = {"contact_id": person.contact_id, "id": person.contact_id, "email": person.email, "name": person.name}
    return {fold(field): value for field, value in {**person.fields, **own}.items()}


def html_writings(masked: str, tags: Sequence[MergeTag]) -> list[Writing]:
    """How a value is written at each of these tags of the HTML, so that it can leave neither its text nor its value.

    `masked` is the HTML without its merge tags. A value in an address is percent-encoded, unless it begins it.
    """
    writings: dict[int, Writing] = dict.fromkeys((tag.start for tag in tags), "html")
    if tags:
        lengths = {tag.start: tag.stop - tag.start for tag in tags}
        _mark(masked, 0, len(masked), sorted(writings), lengths, writings)
    return [writings[tag.start] for tag in tags]


def written(value: str, gap: Gap) -> bytes:
    """A value as it stands in the mail, in the encoding of its part; what the encoding has not is a reference."""
    value = _CONTROLS.sub("", value)
    if gap.writing == "address":
        return quote(value, safe="").encode(gap.charset)
    if gap.writing == "attribute":
        value = _BESIDE_LETTERS.sub(lambda match: f"&#{ord(match[0])};", value)
    elif gap.writing in ("html", "bare"):
        value = escape(value)
    if gap.writing == "bare":
        value = f'"{value}"'
    return value.encode(gap.charset, "replace" if gap.writing == "text" else "xmlcharrefreplace")


def _mark(
    masked: str,
    here: int,
    stop: int,
    waiting: Sequence[int],
    lengths: Mapping[int, int],
    writings: dict[int, Writing],
    *,
    nested: bool = False,
) -> None:
    """Say of the tags in `masked[here:stop]` how their values are written; comments are looked into as Outlook does."""

    def between(start: int, stop: int) -> Sequence[int]:
        return waiting[bisect_left(waiting, start) : bisect_left(waiting, stop)]

    for piece in read_markup(masked, here, stop):
        inside = between(piece.start, piece.stop)
        if not inside:
            continue
        if piece.kind in (MarkupKind.START, MarkupKind.END):
            writings.update(dict.fromkeys(inside, "attribute"))
        if piece.kind is MarkupKind.START:
            for attribute in attributes(masked, piece):
                for place in between(attribute.start, attribute.stop):
                    if attribute.name in _ADDRESSES and masked[attribute.start : place].strip():
                        writings[place] = "address"
                    elif attribute.quote:
                        writings[place] = "html"
                    elif attribute.stop - attribute.start == lengths[place]:
                        writings[place] = "bare"
        elif piece.kind in (MarkupKind.COMMENT, MarkupKind.OPEN_COMMENT) and not nested:
            _mark(masked, piece.inside, piece.end, inside, lengths, writings, nested=True)


def _cut_text(
    segments: Sequence[str], extra_tags: Pairs, *, addresses: bool = True, between: Sequence[Gap | None] = ()
) -> FillablePart:
    """Segments of plain text cut at their merge tags too; `between` them the token stands, unless it says otherwise."""
    between = [gap and replace(gap, charset="utf-8") for gap in between] or [None] * len(segments)
    pieces: list[str] = []
    gaps: list[Gap | None] = []
    for number, segment in enumerate(segments):
        segment = segment.removeprefix("\ufeff") if number == 0 else segment
        if number:
            gaps.append(between[number - 1])
        urls = find_urls(segment, extra_tags) if addresses else []
        here = 0
        for tag in find(segment, extra_tags):
            in_address = any(start < tag.start < stop for start, stop in urls)
            gaps.append(Gap(fold(tag.name), tag.start, tag.stop, "address" if in_address else "text", "utf-8"))
            pieces.append(segment[here : tag.start])
            here = tag.stop
        pieces.append(segment[here:])
    return FillablePart(tuple(piece.encode() for piece in pieces), tuple(gaps))
