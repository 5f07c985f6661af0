"""A plain-text part made from the HTML, for mailings that came without one.

Its tracked addresses are those of the HTML (the same placements): it is the same mail, read without pictures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from linktrack.mailings.addresses import Address, Parts
from linktrack.mailings.compile import Compiled, Gap, Placed, PlacedSpan
from linktrack.mailings.reading.attribute_values import decode, decode_text
from linktrack.mailings.reading.labels import BLOCKS, CELLS, INVISIBLE
from linktrack.mailings.reading.markup import RAW, Markup, MarkupKind, attributes, read_markup
from linktrack.mailings.untracked_targets import target_in_text

# Characters that stand for something while the text grows; the mail's own ones are dropped, they show nothing.
_HELD = "\ue000{}\ue001"  # a merge tag or an address, which must not be touched
_OPEN = "\ue002\ue005"  # where the token goes
_VALUE = "\ue002{}\ue005"  # and the value of this number
_LINE, _PARAGRAPH = "\ue003", "\ue004"  # breaks that several blocks share
_HELD_BACK = re.compile("\ue000([0-9]+)\ue001")
_BREAKS = re.compile(f"(?<![ \t\n])[ \t\n]*+[{_LINE}{_PARAGRAPH}][ \t\n{_LINE}{_PARAGRAPH}]*+")
_GAPS = re.compile("\ue002([0-9]*)\ue005")
_OURS = re.compile("[\ue000-\ue005]")

_SPACED = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "table", "blockquote"])
_HIDDEN = RAW | frozenset(("template", "svg", "math", "select", "plaintext"))
_EMPTY = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_PLAIN_SCHEMES = ("mailto", "tel", "sms")  # written without their scheme
_NOT_WRITTEN = ("empty", "anchor", "relative", "javascript", "cid", "data", "file", "invalid")


def made_text(parts: Parts, placed: Sequence[Placed], base_url: str) -> Compiled:
    """The HTML part as readable text, compiled; UTF-8 whatever the HTML is in."""
    values: list[Gap] = []
    tracked = {spot.start: _address(spot, base_url, values) for spot in placed}
    addresses = {address.start: address for address in parts.addresses if address.part == "html"}
    links = {
        spot.tag[0]: (addresses[spot.start], tracked.get(spot.start))
        for spot in parts.scan.spots
        if spot.kind == "a" and not spot.in_comment
    }
    writer = _Writer(parts, links)
    here, raw = 0, False
    masked = parts.scan.masked
    for piece in read_markup(masked, 0, len(masked)):
        if not raw:
            writer.text(here, piece.start)
        here = piece.stop
        raw = piece.kind is MarkupKind.START and piece.name in RAW
        writer.markup(piece)
    if not raw:
        writer.text(here, len(masked))
    first, *rest = _GAPS.split(writer.finished())
    segments = [first, *rest[1::2]]
    gaps = [values[int(number)] if number else None for number in rest[::2]]
    return Compiled(tuple(segment.encode() for segment in segments), "utf-8", tuple(gaps) if any(gaps) else ())


def _address(spot: Placed, base_url: str, values: list[Gap]) -> str:
    """The address of a spot as it stands in the text for now: a placeholder where the token goes, and one with an index
    into `values` for each of a recipient's values, which are added there."""
    if isinstance(spot, PlacedSpan):
        return f"{base_url}/{spot.key}/{_OPEN if spot.token is None else spot.token}"
    written = ""
    for piece in target_in_text(spot.url, "utf-8", spot.start, spot.stop, spot.pairs).written:
        if isinstance(piece, bytes):
            written += piece.decode()
        else:
            written += _VALUE.format(len(values))
            values.append(piece)
    return written


@dataclass(frozen=True)
class _Open:
    """An element that is open: what comes behind its content, whether it hides it, and the link it is."""

    name: str
    after: str
    hides: bool
    begin: int  # where in the parts its content begins
    link: tuple[Address, str | None] | None


class _Writer:
    """Text as it grows from markup; elements are closed by their end tag, an outer one's, or the end."""

    def __init__(self, parts: Parts, links: dict[int, tuple[Address, str | None]]) -> None:
        self._html, self._masked, self._links = parts.html, parts.scan.masked, links
        self._tags = iter(parts.scan.tags)
        self._tag = next(self._tags, None)
        self._parts: list[str] = []
        self._held: list[str] = []
        self._open: list[_Open] = []
        self._names: Counter[str] = Counter()
        self._hidden = 0

    def text(self, start: int, stop: int) -> None:
        """Text of the mail, its merge tags as a person reads them there."""
        if start == stop:
            return
        while self._tag is not None and self._tag.start < start:
            self._tag = next(self._tags, None)
        if self._hidden:
            return
        while self._tag is not None and self._tag.start < stop:
            self._words(self._html.characters(start, self._tag.start))
            start = min(self._tag.stop, stop)
            self._parts.append(self._hold(decode_text(self._html.characters(self._tag.start, start))))
            self._tag = next(self._tags, None)
        self._words(self._html.characters(start, stop))

    def markup(self, piece: Markup) -> None:
        if piece.kind is MarkupKind.START:
            self._start(piece)
        elif piece.kind is MarkupKind.END and self._names[piece.name]:
            while self._close().name != piece.name:
                pass

    def finished(self) -> str:
        while self._open:
            self._close()
        text = _tidy("".join(self._parts))
        return _HELD_BACK.sub(lambda match: self._held[int(match[1])], text)

    def _start(self, piece: Markup) -> None:
        name = piece.name
        if name in _EMPTY:
            if not self._hidden:
                self._empty(piece)
            return
        if name == "a" and self._names["a"]:  # an <a> in an <a> closes it
            self.markup(Markup(MarkupKind.END, "a", *piece[2:]))
        hides = name in _HIDDEN or self._invisible(piece)
        self._hidden += hides
        after = ""
        if name in BLOCKS:
            after = _PARAGRAPH if name in _SPACED else _LINE
            self._add(after + ("* " if name == "li" else ""))
        elif name in CELLS:
            after = " "
        link = self._links.get(piece.start) if name == "a" else None
        self._open.append(_Open(name, after, hides, len(self._parts), link))
        self._names[name] += 1

    def _empty(self, piece: Markup) -> None:
        if piece.name == "br":
            self._parts.append("\n")
        elif piece.name == "hr":
            self._parts.append(f"{_PARAGRAPH}---{_PARAGRAPH}")
        elif piece.name == "img":
            self._parts.append(_one_line(decode(self._attribute(piece, "alt"))))

    def _close(self) -> _Open:
        last = self._open.pop()
        self._names[last.name] -= 1
        if last.link is not None and not self._hidden:
            self._address(last.begin, *last.link)
        self._add(last.after)
        self._hidden -= last.hides
        return last

    def _address(self, begin: int, address: Address, tracked: str | None) -> None:
        """Write a link's address behind its label, or in its place where the label is the address."""
        if tracked is None and address.reason in _NOT_WRITTEN:
            return
        written = tracked or address.target
        if address.reason in _PLAIN_SCHEMES:
            written = written.partition(":")[2].partition("?")[0]
        label = "".join(self._parts[begin:]).strip()
        if not label or _bare(label) == _bare(written if address.reason in _PLAIN_SCHEMES else address.url):
            self._parts[begin:] = [" ", self._hold(written), " "]
        else:
            self._parts += (" (", self._hold(written), ") ")

    def _words(self, text: str) -> None:
        self._parts.append(_one_line(decode_text(text)))

    def _add(self, text: str) -> None:
        if not self._hidden:
            self._parts.append(text)

    def _hold(self, text: str) -> str:
        self._held.append(text)
        return _HELD.format(len(self._held) - 1)

    def _invisible(self, piece: Markup) -> bool:
        return re.search(r"display\s*:\s*none", self._attribute(piece, "style"), re.IGNORECASE) is not None

    def _attribute(self, piece: Markup, name: str) -> str:
        for found in attributes(self._masked, piece):
            if found.name == name:
                return self._html.characters(found.start, found.stop)
        return ""


def _one_line(text: str) -> str:
    """White space of any kind as one blank; blanks at the ends stay, they part words from what is around them."""
    text = _OURS.sub("", text)
    words = " ".join(text.split())
    if not words:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{words}{' ' if text[-1].isspace() else ''}"


def _bare(address: str) -> str:
    """An address as people write it: without scheme and final slash, in lower case."""
    return re.sub(r"^https?://", "", address.strip().lower()).rstrip("/")


def _tidy(text: str) -> str:
    """Lines without blanks around them, at most one empty line in a row, invisible fillers gone."""
    text = re.sub(f"[{INVISIBLE}]", "", text)
    text = re.sub(r"(\ue001\)) (?=[.,;:!?)])", r"\1", text)  # no blank between an address and the sentence's end
    text = _BREAKS.sub(_break, text)
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _break(match: re.Match[str]) -> str:
    """Breaks that meet, as one."""
    return "\n\n" if _PARAGRAPH in match[0] or "\n" in match[0] else "\n"
