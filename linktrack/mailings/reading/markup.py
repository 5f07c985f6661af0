"""HTML markup as browsers read it: the tags, comments and declarations of a text, in order, with their places.

A tokenizer after the WHATWG HTML standard (section 13.2.5, scripting off), in possessive regular expressions, so that
it is linear in the text whatever the text holds. It goes by tokens alone; no tree is built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

_W = r"\t\n\f\r "  # white space of HTML; never \s, which takes VT, NBSP and NEL
_MARK = re.compile(rf"<(?=[A-Za-z!?/])(?:([A-Za-z][^{_W}/>]*+)|(!--)|([!?/]))")  # looking first is four times faster
_TAG = re.compile(
    rf"(?:[{_W}/]*+[^{_W}/>][^{_W}/>=]*+"
    rf"(?>[{_W}]*+=[{_W}]*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^{_W}>]*+)|(?![{_W}]*+=)))*+[{_W}/]*+>"
)
_ATTRIBUTE = re.compile(
    rf"[{_W}/]*+([^{_W}/>][^{_W}/>=]*+)(?:[{_W}]*+=[{_W}]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^{_W}>]*+)))?+"
)
_TAG_NAME = re.compile(rf"[A-Za-z][^{_W}/>]*+")
_COMMENT_END = re.compile(r"--!?>")
_EMPTY_COMMENT = re.compile(r"-?>")
_SCRIPT_MARK = re.compile(rf"<!--|-->|<(/?)script(?=[{_W}/>])", re.IGNORECASE)

# Elements whose content is no markup
RAW = frozenset(["script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea"])
_RAW_END = {name: re.compile(rf"</{name}(?=[{_W}/>])", re.IGNORECASE) for name in RAW}
_FOREIGN = ("svg", "math")
_LEAVES_FOREIGN = frozenset(
    ["b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2",
     "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre",
     "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var"]
)  # fmt: skip

_ELEMENTS = RAW | _LEAVES_FOREIGN | frozenset(
    ["a", "abbr", "address", "area", "article", "aside", "audio", "base", "bdo", "blink", "button", "caption", "cite",
     "col", "colgroup", "del", "details", "dfn", "dir", "fieldset", "figcaption", "figure", "font", "footer", "form",
     "header", "hgroup", "html", "input", "ins", "kbd", "label", "legend", "link", "main", "map", "mark", "marquee",
     "nav", "noscript", "object", "optgroup", "option", "picture", "q", "samp", "section", "select", "source", "strike",
     "summary", "svg", "tbody", "td", "template", "tfoot", "th", "thead", "time", "tr", "video", "wbr", "amp-img"]
)  # fmt: skip


class MarkupKind(Enum):
    """What a piece of markup is. An `OPEN` one begins a tag or a comment that never ends, and is the last."""

    START = auto()
    END = auto()
    COMMENT = auto()
    DECLARATION = auto()  # <!DOCTYPE>, <?xml ?>, <![if ]>, CDATA, and what browsers take for a comment
    OPEN_TAG = auto()
    OPEN_COMMENT = auto()


class Markup(NamedTuple):
    """A piece of markup at `start:stop`; what it holds (attributes, a comment's text) at `inside:end`.

    `foreign` says of a start tag that it stands inside of `<svg>` or `<math>`.
    """

    kind: MarkupKind
    name: str  # of the element, in lower case; "" for what is no tag
    start: int
    inside: int
    end: int
    stop: int
    foreign: bool = False


class Attribute(NamedTuple):
    """An attribute: its name in lower case, its value at `start:stop` (an empty span where it has none), its quote."""

    name: str
    start: int
    stop: int
    quote: str


def read_markup(text: str, here: int, stop: int) -> Iterator[Markup]:
    """The markup of `text[here:stop]` in order. What lies between two pieces is text, or the content of a `RAW` one."""
    mark, tag_end = _MARK.search, _TAG.match
    foreign = 0
    while match := mark(text, here, stop):
        start, inside = match.span()
        name = match[1]
        if name is None:
            piece = _no_start_tag(text, match, stop, foreign > 0)
            here = piece.stop
            if piece.kind is MarkupKind.END and foreign and piece.name in _FOREIGN:
                foreign -= 1
            yield piece
            continue
        closed = tag_end(text, inside, stop)
        if closed is None:
            yield Markup(MarkupKind.OPEN_TAG, name.lower(), start, inside, stop, stop)
            return
        name = name.lower()
        here = closed.end()
        piece = Markup(MarkupKind.START, name, start, inside, here - 1, here, foreign > 0)
        yield piece
        if name in _FOREIGN:
            foreign += not self_closing(text, piece)
        elif foreign and name in _LEAVES_FOREIGN:
            foreign = 0
        if foreign:
            continue
        if name in RAW:
            here = _raw_end(text, name, here, stop)
        elif name == "plaintext":
            return


def attributes(text: str, tag: Markup) -> Iterator[Attribute]:
    """The attributes of a start tag in order, repeated ones too (clients take the first)."""
    here, end = tag.inside, tag.end
    while match := _ATTRIBUTE.match(text, here, end):
        here = match.end()
        group = match.lastindex or 1
        if group == 1:
            yield Attribute(match[1].lower(), here, here, "")
        else:
            start, stop = match.span(group)
            yield Attribute(match[1].lower(), start, stop, "\"'"[group - 2 : group - 1])


def has_markup(text: str) -> bool:
    """Whether there is any tag of an element that HTML mails are made of, a comment or a doctype."""
    return any(
        piece.name in _ELEMENTS
        or piece.name[:2] in ("v:", "o:")
        or piece.kind in (MarkupKind.COMMENT, MarkupKind.OPEN_COMMENT)
        or text[piece.start : piece.start + 9].lower() == "<!doctype"
        for piece in read_markup(text, 0, len(text))
    )


def first_element(text: str) -> str:
    """The name of the first start tag, in lower case; "" where there is none."""
    pieces = read_markup(text, 0, len(text))
    return next((piece.name for piece in pieces if piece.kind is MarkupKind.START), "")


def self_closing(text: str, tag: Markup) -> bool:
    """Whether a start tag ends in `/>`; the `/` of a bare value does not count."""
    if text[tag.end - 1] != "/":
        return False
    last = tag.inside
    while match := _ATTRIBUTE.match(text, last, tag.end):
        last = match.end()
    return last < tag.end


def _no_start_tag(text: str, mark: re.Match[str], stop: int, foreign: bool) -> Markup:
    start, inside = mark.span()
    if mark[2]:
        return _comment(text, start, inside, stop)
    if mark[3] == "/" and (name := _TAG_NAME.match(text, inside, stop)):
        closed = _TAG.match(text, name.end(), stop)
        if closed is None:
            return Markup(MarkupKind.OPEN_TAG, name[0].lower(), start, name.end(), stop, stop)
        return Markup(MarkupKind.END, name[0].lower(), start, name.end(), closed.end() - 1, closed.end())
    closing = "]]>" if foreign and text.startswith("<![CDATA[", start) else ">"
    end = text.find(closing, inside, stop)
    if end < 0:
        return Markup(MarkupKind.OPEN_COMMENT, "", start, inside, stop, stop)
    return Markup(MarkupKind.DECLARATION, "", start, inside, end, end + len(closing))


def _comment(text: str, start: int, inside: int, stop: int) -> Markup:
    if empty := _EMPTY_COMMENT.match(text, inside, stop):
        return Markup(MarkupKind.COMMENT, "", start, inside, inside, empty.end())
    closed = _COMMENT_END.search(text, inside, stop)
    if closed is None:
        return Markup(MarkupKind.OPEN_COMMENT, "", start, inside, stop, stop)
    return Markup(MarkupKind.COMMENT, "", start, inside, closed.start(), closed.end())


def _raw_end(text: str, name: str, here: int, stop: int) -> int:
    """Where the end tag of a raw text element begins (or the end)."""
    if name == "script":
        return _script_end(text, here, stop)
    match = _RAW_END[name].search(text, here, stop)
    return match.start() if match else stop


def _script_end(text: str, here: int, stop: int) -> int:
    """`<!-- <script>` inside a script hides its `</script>` (script data double escaped state)."""
    state = 0  # 0 plain, 1 escaped, 2 double escaped
    while match := _SCRIPT_MARK.search(text, here, stop):
        here = match.end()
        if match[0] == "<!--":
            state = state or 1
            here = match.start() + 2  # its dashes may already belong to -->
        elif match[0] == "-->":
            state = 0
        elif match[1]:
            if state < 2:
                return match.start()
            state = 1
        elif state == 1:
            state = 2
    return stop
