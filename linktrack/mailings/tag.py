"""UTM tagging of a file in place: an HTML mail, a plain text or a list of URLs, every other byte as it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from linktrack.links.merge_tags import Pairs
from linktrack.links.utm import Edit, Utm, edits, tagged
from linktrack.mailings.addresses import refuse_broken
from linktrack.mailings.reading.attribute_values import decode, pieces
from linktrack.mailings.reading.document import read_text
from linktrack.mailings.reading.mail_files import read_html
from linktrack.mailings.reading.scan import Spot, scan
from linktrack.mailings.reading.text_part import find_urls


@dataclass(frozen=True)
class Tagged:
    """The new bytes, the addresses that can be clicked as they were, and how many of them were changed."""

    data: bytes
    urls: tuple[str, ...]
    changed: int

    @property
    def addresses(self) -> int:
        return len(self.urls)


def tag_html(data: bytes, utm: Utm, *, name: str = "", extra_tags: Pairs = ()) -> Tagged:
    """Tag the links of an HTML mail (`a`, `area`, VML). BadInput for one that ends inside a tag."""
    document = read_html(data, name=name)
    found = scan(document, extra_tags)
    refuse_broken(document, found, name)
    spots = [spot for spot in found.spots if spot.clickable]
    parts: list[bytes] = []
    here = changed = 0
    for spot in spots:
        raw = document.text[spot.start : spot.stop]
        new = tag_value(raw, utm, spot, extra_tags)
        if new != raw:
            parts += [document.piece(here, spot.start), document.encoded(new)]
            here = spot.stop
            changed += 1
    parts.append(document.piece(here, len(document.text)))
    urls = (decode(document.characters(spot.start, spot.stop)) for spot in spots)
    return Tagged(b"".join(parts), tuple(urls), changed)


def tag_value(raw: str, utm: Utm, spot: Spot, extra_tags: Pairs = ()) -> str:
    """An attribute's raw value, tagged: only the added text is new, and it is written as the attribute needs it."""
    found = pieces(raw)
    url = "".join(text for text, _, _ in found)
    new = raw
    for change in reversed(edits(url, utm, extra_tags)):
        new = (
            new[: _raw_place(found, change.start)]
            + _written(raw, found, change, spot)
            + new[_raw_place(found, change.stop) :]
        )
    if decode(new) != tagged(url, utm, extra_tags) or (not spot.quote and re.search(r"[\t\n\f\r >\"'`]", new)):
        return raw  # a value that the attribute cannot hold as it is written
    return new


def tag_urls(data: bytes, utm: Utm, *, extra_tags: Pairs = ()) -> Tagged:
    """Tag a list of URLs, one a line; blank lines, line ends and blanks around an address stay."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8", "surrogateescape"))
    new = [tagged(line, utm, extra_tags) for line in lines]
    urls = tuple(line.strip() for line in lines if line.strip())
    changed = sum(1 for before, after in zip(lines, new, strict=True) if before != after)
    return Tagged("".join(new).encode("utf-8", "surrogateescape"), urls, changed)


def tag_text(data: bytes, utm: Utm, *, name: str = "", extra_tags: Pairs = ()) -> Tagged:
    """Tag the addresses in a plain text; the dot of the sentence stays behind them."""
    document = read_text(data, name=name)
    spans = find_urls(document.text, extra_tags)
    parts: list[str] = []
    here = changed = 0
    for start, stop in spans:
        new = tagged(document.text[start:stop], utm, extra_tags)
        changed += new != document.text[start:stop]
        parts += (document.text[here:start], new)
        here = stop
    parts.append(document.text[here:])
    urls = tuple(document.text[start:stop] for start, stop in spans)
    return Tagged(document.encoded("".join(parts)), urls, changed)


def _raw_place(found: Sequence[tuple[str, int, int]], place: int) -> int:
    """Where a place in the decoded value lies in the raw one."""
    here = 0
    for text, start, stop in found:
        if place <= here + len(text):
            inside = place - here
            return start + inside if len(text) == stop - start else (stop if inside else start)
        here += len(text)
    return found[-1][2] if found else 0


def _written(raw: str, found: Sequence[tuple[str, int, int]], change: Edit, spot: Spot) -> str:
    """The new text as it stands in an attribute: `&` as `&amp;`, and the quote that ends the value escaped."""
    text = change.text.replace("&", "&amp;")
    if spot.quote:
        text = text.replace(spot.quote, "&quot;" if spot.quote == '"' else "&#39;")
    before = raw[: _raw_place(found, change.start)]
    open_reference = re.search(r"&(?:#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*)$", before)
    if open_reference and decode(open_reference[0]) != open_reference[0] and text:
        return ";" + text  # `&amp` at the end of the query would grow into another name
    return text
