"""Where the addresses stand in an HTML mail: exact spans of attribute values, found as browsers find them.

A tokenizer after the WHATWG HTML standard (section 13.2.5, scripting off), cut down to what decides where a
start tag and its attributes begin and end, in possessive regular expressions so that it is linear in the text.
The bodies of `<!--[if …]>` comments are scanned as Outlook reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from linktrack.links.merge_tags import MergeTag, Pairs, find, masked

_W = r"\t\n\f\r "  # white space of HTML; never \s, which takes VT, NBSP and NEL
_MARK = re.compile(rf"<(?:([A-Za-z][^{_W}/>]*+)|!--|[!?]|/)")
_TAG = re.compile(
    rf"(?:[{_W}/]*+[^{_W}/>][^{_W}/>=]*+"
    rf"(?>[{_W}]*+=[{_W}]*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^{_W}>]*+)|(?![{_W}]*+=)))*+[{_W}/]*+>"
)
_ATTRIBUTE = re.compile(
    rf"[{_W}/]*+([^{_W}/>][^{_W}/>=]*+)(?:[{_W}]*+=[{_W}]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^{_W}>]*+)))?+"
)
_CONDITION = re.compile(r"\[if\b[^\]]*\]>", re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")
_EMPTY_COMMENT = re.compile(r"-?>")
_TAG_NAME = re.compile(rf"[A-Za-z][^{_W}/>]*+")
_SCRIPT_MARK = re.compile(rf"<!--|-->|<(/?)script(?=[{_W}/>])", re.IGNORECASE)
_RAW = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea"))
_RAW_END = {name: re.compile(rf"</{name}(?=[{_W}/>])", re.IGNORECASE) for name in _RAW}
_LEAVES_FOREIGN = frozenset(
    [
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "i",
        "img",
        "li",
        "listing",
        "menu",
        "meta",
        "nobr",
        "ol",
        "p",
        "pre",
        "ruby",
        "s",
        "small",
        "span",
        "strong",
        "strike",
        "sub",
        "sup",
        "table",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
_FOREIGN_END = re.compile(rf"</(?:svg|math)(?=[{_W}/>])", re.IGNORECASE)
_SOURCES = frozenset(
    ["img", "script", "iframe", "input", "source", "video", "audio", "embed", "frame", "track", "bgsound"]
)
_NESTED = 3  # conditional comments in conditional comments, as deep as they are looked into

NO_TRACK = {  # an element with this attribute (and value, where one is named) is left alone
    "data-track": ("off", "false", "0", "no"),
    "data-linktrack": ("off", "false", "0", "no"),
    "clicktracking": ("off", "false", "0"),
    "data-pm-no-track": None,
    "ses:no-track": None,
    "mc:disable-tracking": None,
    "data-msys-clicktrack": ("0",),
}


@dataclass(frozen=True)
class Spot:
    """An attribute value that holds an address, at `start:stop` of the scanned text.

    `kind` is a, area or vml for what can be tracked; link, form, src or base for what never is.
    `content` is where the element's content begins and ends (labels are read there); for others an empty span.
    """

    kind: str
    start: int
    stop: int
    quote: str  # ", ' or "" for an unquoted value
    tag_start: int
    content: tuple[int, int]
    opted_out: str = ""  # the attribute that says so
    in_comment: bool = False  # an ordinary comment: nobody sees it
    conditional: bool = False  # inside <!--[if …]>
    repeated: bool = False  # the element has a second href, which clients ignore


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


def scan(text: str, extra_tags: Pairs = ()) -> Scan:
    """Find every address in `text`; linear in its length."""
    tags = find(text, extra_tags)
    hidden = masked(text, tags)
    scanner = _Scanner(hidden)
    scanner.run(0, len(hidden))
    spots = sorted(scanner.spots, key=lambda spot: spot.start)
    base = next((spot for spot in spots if spot.kind == "base" and not spot.in_comment and not spot.conditional), None)
    return Scan(tuple(spots), tuple(tags), hidden, base, scanner.broken_at, scanner.open_comment, scanner.body_end)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spots: list[Spot] = []
        self.broken_at: int | None = None
        self.open_comment: int | None = None
        self.body_end: int | None = None

    def run(self, here: int, end: int, *, depth: int = 0, ordinary: bool = False) -> None:
        """Scan `text[here:end]`; `depth` counts conditional comments around it, `ordinary` marks a plain comment."""
        text = self.text
        mark, tag_end = _MARK.search, _TAG.match
        foreign = 0
        anchors: list[int] = []  # places in self.spots of elements whose content is still open
        while match := mark(text, here, end):
            here = match.end()
            name = match[1]
            if name is None:
                here = self._markup(match.start(), here, end, depth, ordinary, anchors)
                if here < 0:
                    break
                if foreign and _FOREIGN_END.match(text, match.start()):
                    foreign -= 1
                elif foreign and text.startswith("![CDATA[", match.start() + 1):
                    stop = text.find("]]>", match.start(), end)
                    here = end if stop < 0 else stop + 3
                continue
            closed = tag_end(text, here, end)
            if closed is None:
                if depth == 0 and not ordinary:
                    self.broken_at = match.start()
                break
            name = name.lower()
            inside, here = here, closed.end()
            if name in ("svg", "math"):
                foreign += not _self_closing(text, inside, here)
            elif foreign and name in _LEAVES_FOREIGN:
                foreign = 0
            if name in ("a", "area") or name.startswith("v:"):
                self._link(name, match.start(), inside, here, depth, ordinary, anchors)
            elif name in _SOURCES or name in ("link", "form", "base"):
                self._other(name, match.start(), inside, here, depth, ordinary)
            if foreign:
                continue
            if name == "plaintext":
                break
            if name in _RAW:
                here = self._raw_end(name, here, end)
        for place in anchors:
            self._close(place, end)

    def _markup(self, start: int, here: int, end: int, depth: int, ordinary: bool, anchors: list[int]) -> int:
        """Step over a comment, a declaration or an end tag. Returns where to go on, or -1 at the end."""
        text = self.text
        if text.startswith("--", start + 2) and text[start + 1] == "!":
            return self._comment(start, here, end, depth, ordinary)
        if text[start + 1] == "/" and here < end:
            if text[here] == ">":
                return here + 1
            if name := _TAG_NAME.match(text, here, end):
                closed = _TAG.match(text, name.end(), end)
                if closed is None:
                    if depth == 0 and not ordinary:
                        self.broken_at = start
                    return -1
                self._end_tag(name[0].lower(), start, depth, ordinary, anchors)
                return closed.end()
        stop = text.find(">", here, end)
        return -1 if stop < 0 else stop + 1

    def _comment(self, start: int, here: int, end: int, depth: int, ordinary: bool) -> int:
        text = self.text
        if empty := _EMPTY_COMMENT.match(text, here, end):
            return empty.end()
        closed = _COMMENT_END.search(text, here, end)
        stop = closed.start() if closed else end
        if closed is None and depth == 0 and not ordinary:
            self.open_comment = start
        condition = _CONDITION.match(text, here, stop)
        if condition and depth < _NESTED and not ordinary:
            self.run(condition.end(), stop, depth=depth + 1)
        elif not ordinary:
            self.run(here, stop, depth=depth, ordinary=True)
        return closed.end() if closed else -1

    def _end_tag(self, name: str, start: int, depth: int, ordinary: bool, anchors: list[int]) -> None:
        if name == "body" and depth == 0 and not ordinary:
            self.body_end = start
        if anchors and (name == "a" or name.startswith("v:")):
            kind = "a" if name == "a" else "vml"
            if self.spots[anchors[-1]].kind == kind:
                self._close(anchors.pop(), start)

    def _close(self, place: int, stop: int) -> None:
        spot = self.spots[place]
        object.__setattr__(spot, "content", (spot.content[0], max(stop, spot.content[0])))

    def _link(
        self, name: str, start: int, inside: int, here: int, depth: int, ordinary: bool, anchors: list[int]
    ) -> None:
        href: tuple[int, int, str] | None = None
        source: tuple[int, int, str] | None = None
        opted_out = ""
        repeated = False
        for match in _attributes(self.text, inside, here):
            attribute = match[1].lower()
            if attribute == "href":
                if href is None:
                    href = _value(match)
                else:
                    repeated = True
            elif attribute == "src" and source is None:
                source = _value(match)
            elif attribute in NO_TRACK:
                wanted = NO_TRACK[attribute]
                if wanted is None or (match[match.lastindex or 1]).strip().lower() in wanted:
                    opted_out = opted_out or attribute
        kind = name if name in ("a", "area") else "vml"
        if kind == "a" and anchors and self.spots[anchors[-1]].kind == "a":
            self._close(anchors.pop(), start)  # an <a> in an <a> closes it
        common = {"tag_start": start, "in_comment": ordinary, "conditional": depth > 0}
        if href is not None:
            if kind == "a" or (kind == "vml" and not _self_closing(self.text, inside, here)):
                anchors.append(len(self.spots))
            value = {"start": href[0], "stop": href[1], "quote": href[2]}
            self.spots.append(
                Spot(kind, **value, content=(here, here), opted_out=opted_out, repeated=repeated, **common)  # type: ignore[arg-type]
            )
        if source is not None and kind == "vml":
            self.spots.append(Spot("src", source[0], source[1], source[2], content=(here, here), **common))  # type: ignore[arg-type]

    def _other(self, name: str, start: int, inside: int, here: int, depth: int, ordinary: bool) -> None:
        wanted = {"link": "href", "base": "href", "form": "action"}.get(name, "src")
        kind = name if name in ("link", "form", "base") else "src"
        for match in _attributes(self.text, inside, here):
            if match[1].lower() == wanted:
                at, stop, quote = _value(match)
                self.spots.append(
                    Spot(kind, at, stop, quote, start, (here, here), in_comment=ordinary, conditional=depth > 0)
                )
                return

    def _raw_end(self, name: str, here: int, end: int) -> int:
        """Where the end tag of a raw text element begins (or the end)."""
        if name == "script":
            return self._script_end(here, end)
        match = _RAW_END[name].search(self.text, here, end)
        return match.start() if match else end

    def _script_end(self, here: int, end: int) -> int:
        """`<!-- <script>` inside a script hides its `</script>` (script data double escaped state)."""
        state = 0  # 0 plain, 1 escaped, 2 double escaped
        while match := _SCRIPT_MARK.search(self.text, here, end):
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
        return end


def _attributes(text: str, here: int, stop: int) -> list[re.Match[str]]:
    found = []
    while match := _ATTRIBUTE.match(text, here, stop):
        found.append(match)
        here = match.end()
    return found


def _value(match: re.Match[str]) -> tuple[int, int, str]:
    """(start, stop, quote) of an attribute's value; an empty span where it has none."""
    group = match.lastindex or 1
    if group == 1:
        return match.end(), match.end(), ""
    return match.start(group), match.end(group), {2: '"', 3: "'"}.get(group, "")


def _self_closing(text: str, inside: int, here: int) -> bool:
    last = inside
    for match in _attributes(text, inside, here):
        last = match.end()
    return "/" in text[last:here]
