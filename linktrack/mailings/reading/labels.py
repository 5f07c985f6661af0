"""The words of a stretch of HTML as a person reads them: what a link says, and what its pictures say instead."""

from __future__ import annotations

import re

from linktrack.mailings.reading.attribute_values import decode, decode_text
from linktrack.mailings.reading.document import Document
from linktrack.mailings.reading.markup import RAW, MarkupKind, attributes, read_markup

BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "center", "div", "dl", "dt", "dd", "fieldset", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "nav", "ol", "p", "pre",
     "section", "table", "tbody", "thead", "tfoot", "tr", "ul"]
)  # fmt: skip
CELLS = frozenset(("td", "th"))
PICTURES = frozenset(("img", "area"))  # which say something else where they are not seen
INVISIBLE = "\u00ad\u034f\u200b-\u200f\u2060\ufeff"  # fillers of preview texts, in a character class
_LABEL = 40  # characters
_LOOKED_AT = 4000  # characters of a stretch; a longer one is no label
_BLANKS = re.compile(rf"[\s{INVISIBLE}]+")


def label_of(html: Document, masked: str, content: tuple[int, int]) -> str:
    """A link's name: its text, else the alternate texts of its pictures, in at most 40 characters; "" for neither. The
    content of an area of a picture is its tag."""
    text, pictures = read_words(html, masked, content)
    label = text or pictures
    return label if len(label) <= _LABEL else label[: _LABEL - 1].rstrip() + "…"


def read_words(html: Document, masked: str, content: tuple[int, int]) -> tuple[str, str]:
    """(text, alternate texts of pictures) of a stretch, each in one line. `masked` is the text without merge tags."""
    here, stop = content[0], min(content[1], content[0] + _LOOKED_AT)
    words: list[str] = []
    pictures: list[str] = []
    raw = False
    for piece in read_markup(masked, here, stop):
        if not raw:
            words.append(decode_text(html.characters(here, piece.start)))
        here = piece.stop
        raw = piece.kind is MarkupKind.START and piece.name in RAW
        if piece.name in PICTURES and piece.kind is MarkupKind.START:
            alternate = next((found for found in attributes(masked, piece) if found.name == "alt"), None)
            if alternate is not None:
                pictures.append(decode(html.characters(alternate.start, alternate.stop)))
        elif piece.name in BLOCKS or piece.name in CELLS or piece.name == "br":
            words.append(" ")
    if not raw:
        words.append(decode_text(html.characters(here, stop)))
    return _in_line("".join(words)), _in_line(" ".join(pictures))


def _in_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()
