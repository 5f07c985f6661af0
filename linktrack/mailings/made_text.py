"""A plain-text part made from the HTML, for mailings that came without one.

Its tracked addresses are those of the HTML (the same placements): it is the same mail, read without pictures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from linktrack.links.merge_tags import find
from linktrack.mailings.addresses import Parts
from linktrack.mailings.compile import Compiled, Placed, compile_part
from linktrack.mailings.document import Document

_HELD = "\ue000{}\ue001"  # a merge tag or a token while the parser works; private use characters
_HELD_BACK = re.compile("\ue000([0-9]+)\ue001")
_GAP = "\ue002"
_LINE, _PARAGRAPH = "\x1e", "\x1f"  # breaks that many blocks share; mails do not hold these characters
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "div",
        "dl",
        "dt",
        "dd",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "thead",
        "tfoot",
        "tr",
        "ul",
    ]
)
_SPACED = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "table", "blockquote"])
_HIDDEN = frozenset(
    [
        "head",
        "style",
        "script",
        "title",
        "textarea",
        "noembed",
        "noframes",
        "iframe",
        "template",
        "svg",
        "math",
        "select",
    ]
)


@dataclass
class _Lines:
    """Text as it grows: words on lines, blank lines between paragraphs."""

    parts: list[str]

    def word(self, text: str) -> None:
        self.parts.append(text)

    def line(self) -> None:
        self.parts.append(_LINE)

    def paragraph(self) -> None:
        self.parts.append(_PARAGRAPH)


def made_text(parts: Parts, placed: Sequence[Placed], base_url: str) -> Compiled:
    """The HTML part as readable text, compiled. Pure text in UTF-8 whatever the HTML is in."""
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    html = compile_part(parts.html, placed, base_url)
    characters = _GAP.join(segment.decode(parts.html.charset) for segment in html.segments).lstrip("\ufeff")
    held: list[str] = []

    def hold(text: str) -> str:
        held.append(text)
        return _HELD.format(len(held) - 1)

    pieces: list[str] = []
    here = 0
    for tag in find(characters):
        pieces += [characters[here : tag.start], hold(characters[tag.start : tag.stop])]
        here = tag.stop
    pieces.append(characters[here:])
    try:
        soup = BeautifulSoup("".join(pieces), "html.parser", on_duplicate_attribute="ignore")
    except ParserRejectedMarkup:
        soup = BeautifulSoup(re.sub(r"<!\[.*?>", "", "".join(pieces)), "html.parser", on_duplicate_attribute="ignore")
    lines = _Lines([])
    _walk(soup, lines)
    text = _tidy("".join(lines.parts))
    text = _HELD_BACK.sub(lambda match: held[int(match[1])] if int(match[1]) < len(held) else "", text)
    segments = tuple(segment.encode() for segment in text.split(_GAP))
    return Compiled(segments, Document(b"", "", "utf-8", False))


def _walk(node: object, lines: _Lines) -> None:
    from bs4.element import Comment, NavigableString, PreformattedString, Tag

    stack: list[object] = [node]
    while stack:  # no recursion: mails nest hundreds of tables
        current = stack.pop()
        if isinstance(current, NavigableString):
            if not isinstance(current, Comment | PreformattedString):
                lines.word(re.sub(r"[\s\x1c-\x1f]+", " ", current))
        elif isinstance(current, Tag):
            name = current.name.lower()
            if name in _HIDDEN or _invisible(str(current.get("style", ""))):
                continue
            if name == "br":
                lines.word("\n")
            elif name == "hr":
                lines.word(f"{_PARAGRAPH}---{_PARAGRAPH}")
            elif name == "img":
                lines.word(str(current.get("alt") or ""))
            else:
                after = _enter(current, name, lines)
                stack.append(after)
                stack.extend(reversed(list(current.contents)))
        elif callable(current):
            current()


def _enter(tag: object, name: str, lines: _Lines) -> object:
    """Write what stands before an element's content; returns what writes what stands after it."""
    from bs4.element import Tag

    assert isinstance(tag, Tag)  # noqa: S101
    if name == "a" and tag.get("href"):
        start = len(lines.parts)
        address = re.sub(r"\s+", "", str(tag["href"]))

        def close() -> None:
            label = "".join(lines.parts[start:]).strip()
            if address.startswith("#") or not address:
                return
            plain = address.removeprefix("mailto:").removeprefix("tel:").partition("?")[0]
            if label in (address, plain):
                return
            lines.word(f" ({address}) " if label else f"{address} ")

        return close
    if name in _BLOCKS:
        spaced = name in _SPACED
        (lines.paragraph if spaced else lines.line)()
        if name == "li":
            lines.word("* ")
        return lines.paragraph if spaced else lines.line
    if name in ("td", "th"):
        return lambda: lines.word(" ")
    return lambda: None


def _invisible(style: str) -> bool:
    return re.search(r"display\s*:\s*none", style, re.IGNORECASE) is not None


def _tidy(text: str) -> str:
    """Lines without blanks around them, at most one empty line in a row, invisible fillers gone."""
    text = re.sub("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]", "", text).replace("\u00a0", " ")
    text = re.sub(f"[ \t\n{_LINE}{_PARAGRAPH}]*[{_LINE}{_PARAGRAPH}][ \t\n{_LINE}{_PARAGRAPH}]*", _break, text)
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _break(match: re.Match[str]) -> str:
    return "\n\n" if _PARAGRAPH in match[0] or "\n" in match[0] else "\n"
