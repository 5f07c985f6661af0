"""A mail's HTML, written anew as it is drawn: its own words and tags, what may stay of them, and marks at its links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from linktrack.mailings.addresses import Parts
from linktrack.mailings.reading.attribute_values import decode
from linktrack.mailings.reading.markup import Markup, MarkupKind, attributes, read_markup, self_closing
from linktrack.reports.drawing.hiding import Shown
from linktrack.reports.drawing.spots import area_middle, shape_corner
from linktrack.reports.drawing.style import LINKED, PictureAddress, no_address, safe_sheet
from linktrack.reports.drawing.tags import ELEMENTS, EMPTY, FORCED, NEVER_SHOWN, drawn_name, kept_value

_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "center", "details", "dir", "div", "dl", "fieldset", "figcaption",
     "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "main", "menu", "nav",
     "ol", "p", "pre", "section", "ul", "li", "dd", "dt"]
)  # fmt: skip  # those that end a paragraph
_GROUPS = ("tbody", "thead", "tfoot")
_CELLS = ("td", "th", "caption")
_OF_TABLES = frozenset(("table", *_GROUPS, "tr", *_CELLS))
_ENDS = {  # what else a start tag ends, and within what
    "li": (("li",), ("ul", "ol", "menu", "dir", *_CELLS)),
    "dd": (("dd", "dt"), ("dl", *_CELLS)),
    "dt": (("dd", "dt"), ("dl", *_CELLS)),
    "td": (("td", "th"), ("table",)),
    "th": (("td", "th"), ("table",)),
    "tr": (("tr",), ("table",)),
    **dict.fromkeys(_GROUPS, (_GROUPS, ("table",))),
    "a": (("a",), _CELLS),
}
_DEEPEST = 500  # elements in each other; browsers stop there too
_SHAPES = 50  # pieces of markup that are looked at for a link's first shape or picture
_FILLER = re.compile("x{3,}")  # a merge tag in the place of an attribute's name


PICTURED = "data-pictured"  # the attribute of a link that begins with a picture, and of that picture


class Mark(NamedTuple):
    """What stands at a link in the drawing: a span's attributes and its words; `heat` is said of the link itself."""

    attributes: str
    words: str
    heat: int

    def drawn(self, style: str = "") -> str:
        placed = f' style="{style}"' if style else ""
        return f"<span {self.attributes}{placed}>{self.words}</span>"


class _OpenElement(NamedTuple):
    name: str
    drawn: str  # the name that it has in the drawing
    hides: bool  # itself and all that is in it


def draw_mail(
    parts: Parts, marks: Mapping[int, Mark], fetched: PictureAddress = no_address
) -> tuple[str, frozenset[int]]:
    """The mail's HTML with the marks, by the place where each link's start tag begins; and the places of those marks
    that are displayed at some width of the window.

    A mark is the first thing in its link, which is `PICTURED` where a picture is the first that is seen of it, as that
    picture is; the mark of an area stands before its picture. `fetched` gives the address of a
    picture as it may be fetched when the page is opened, None for a blank one.
    """
    drawing = _Drawing(parts, marks, fetched)
    for number, piece in enumerate(drawing.pieces):
        drawing.words(piece.start)
        drawing.here = piece.stop
        if piece.kind is MarkupKind.START:
            drawing.start(piece, number)
        elif piece.kind is MarkupKind.END:
            drawing.end(piece)
    drawing.words(len(drawing.masked))
    return "".join(drawing.drawn), frozenset(drawing.displayed)


class _Drawing:
    def __init__(self, parts: Parts, marks: Mapping[int, Mark], fetched: PictureAddress) -> None:
        self.html, self.masked = parts.html, parts.scan.masked
        self.marks, self.fetched = marks, fetched
        self.pieces = list(read_markup(self.masked, 0, len(self.masked)))
        self.drawn: list[str] = []
        self.displayed: set[int] = set()
        self.here = 0
        self.first_pictures: set[int] = set()  # numbers of the pieces that links begin with
        self.plain = False  # the next words hold no references
        self.skipped: list[str] = []  # elements that are never shown and are open
        self.open: list[_OpenElement] = []
        self.shown = Shown()
        for number, piece in enumerate(self.pieces):
            if _is_sheet(piece):
                safe_sheet(self._content(number), shown=self.shown)
        self.areas = self._areas_by_map()

    def words(self, stop: int) -> None:
        """The text up to `stop`; no `<` in it begins anything."""
        if self.skipped:
            return
        text = self.html.characters(self.here, stop).replace("\0", "")
        if self.here == 0:
            text = text.removeprefix("\ufeff")
        if self.plain:
            text = text.replace("&", "&amp;")
        self.drawn.append(text.replace("<", "&lt;"))

    def start(self, tag: Markup, number: int) -> None:
        name, closed = tag.name, tag.foreign and self_closing(self.masked, tag)
        self.plain = False
        if self.skipped:
            if name == self.skipped[-1] and not closed:
                self.skipped.append(name)
            return
        if name in NEVER_SHOWN:
            if _is_sheet(tag):
                self._sheet(tag, number)
            if not closed:
                self.skipped.append(name)
            return
        between_rows = bool(self.open) and self.open[-1].name in ("table", "tr", *_GROUPS)
        drawn = drawn_name(tag, between_rows=between_rows)
        if not drawn:
            return
        self._end_before(name)
        values = self._values(tag)
        hides = "hidden" in values or self.shown.hides({name, *_names(values)}, values.get("style", ""))
        mark, areas = self.marks.get(tag.start), self.areas.get(values.get("usemap", "")) if name == "img" else None
        if hides or name == "area" or any(element.hides for element in self.open if mark or areas):
            mark = areas = None
        anchor = ""
        if areas is not None:
            anchor = f"--picture-{tag.start}"
            self._mark_areas(self.areas.pop(values["usemap"]), anchor)
        said = self._said(name, values, mark, anchor)
        picture = None if mark is None else self._first_picture(number)
        if picture is not None:
            self.first_pictures.add(picture)
        if picture is not None or number in self.first_pictures:
            said += f" {PICTURED}"
        self.drawn.append(f"<{drawn}{said}{'/' * closed}>")
        if mark is not None:
            self.displayed.add(tag.start)
            self.drawn.append(self._in_drawing(mark, number) if tag.foreign else mark.drawn())
        if drawn not in EMPTY and not closed:
            del self.open[_DEEPEST:]
            self.open.append(_OpenElement(name, drawn, hides))
        self.plain = name in ("xmp", "plaintext")

    def end(self, tag: Markup) -> None:
        self.plain = False
        if self.skipped:
            if tag.name == self.skipped[-1]:
                self.skipped.pop()
            return
        element = self._close((tag.name,), ("table",) if tag.name in _OF_TABLES else _CELLS)
        if element is not None:
            self.drawn.append(f"</{element.drawn}>")
        elif tag.name in ELEMENTS:  # browsers know what to make of it
            self.drawn.append(f"</{tag.name}>")

    def _end_before(self, name: str) -> None:
        """Close what a start tag of this name ends by itself."""
        if name in _BLOCKS:
            self._close(("p",), (*_CELLS, "button"))
        if name in _ENDS:
            self._close(*_ENDS[name])

    def _close(self, names: tuple[str, ...], within: tuple[str, ...]) -> _OpenElement | None:
        """Close the innermost open element of these names, and all in it, if it is `within` the innermost of those."""
        for place in reversed(range(len(self.open))):
            element = self.open[place]
            if element.name in names:
                del self.open[place:]
                return element
            if element.name in within:
                return None
        return None

    def _sheet(self, tag: Markup, number: int) -> None:
        media = self._values(tag).get("media", "")
        said = f' media="{escape(media)}"' if media else ""
        self.drawn.append(f"<style{said}>{safe_sheet(self._content(number), self.fetched, self.shown)}</style>")

    def _content(self, number: int) -> str:
        """The text between a piece and the next one, which is all of a raw text element's."""
        stop = self.pieces[number + 1].start if number + 1 < len(self.pieces) else len(self.masked)
        return self.html.characters(self.pieces[number].stop, stop)

    def _values(self, tag: Markup) -> dict[str, str]:
        """A start tag's attributes, the first of each name, their references decoded."""
        found: dict[str, str] = {}
        for name, start, stop, _ in attributes(self.masked, tag):
            if name not in found and not _FILLER.fullmatch(name):
                found[name] = decode(self.html.characters(start, stop)).replace("\0", "")
        return found

    def _said(self, element: str, values: Mapping[str, str], mark: Mark | None, anchor: str) -> str:
        """The attributes as they are drawn."""
        kept = {name: kept_value(element, name, value, self.fetched) for name, value in values.items()}
        if anchor:
            kept["style"] = f"{kept.get('style') or ''};anchor-name:{anchor}"
        said = [f' {name}="{escape(value)}"' for name, value in kept.items() if value is not None]
        if element in ("a", "area") and ("href" in values or "xlink:href" in values):
            said.append(f" {LINKED}")
        if mark is not None:
            said.append(f' data-heat="{mark.heat}"')
        return "".join((*said, FORCED.get(element, "")))

    def _first_picture(self, number: int) -> int | None:
        """The number of the piece that is the first thing to be seen of a link, if that is a picture."""
        for place in range(number + 1, min(number + 1 + _SHAPES, len(self.pieces))):
            piece = self.pieces[place]
            if self.html.characters(self.pieces[place - 1].stop, piece.start).strip():
                return None
            if piece.name == "a" or (piece.kind is MarkupKind.START and piece.name in NEVER_SHOWN):
                return None
            if piece.kind is MarkupKind.START and piece.name == "img":
                return place
        return None

    def _areas_by_map(self) -> dict[str, list[Markup]]:
        """The areas that have marks, by the name of their map as pictures write it."""
        found: dict[str, list[Markup]] = {}
        name = ""
        for piece in self.pieces:
            if piece.kind is not MarkupKind.START:
                continue
            if piece.name == "map":
                name = "#" + self._values(piece).get("name", "")
            elif piece.name == "area" and piece.start in self.marks:
                found.setdefault(name, []).append(piece)
        return found

    def _mark_areas(self, areas: list[Markup], anchor: str) -> None:
        """The marks of areas, over the picture that is drawn next.

        Browsers without anchors place them from where the picture would be if it stood in the text.
        """
        for area in areas:
            values = self._values(area)
            middle = area_middle(values.get("shape", ""), values.get("coords", ""))
            across, down = (0.0, 0.0) if middle is None else middle
            place = f"position-anchor:{anchor};left:anchor(left);top:anchor(top);"
            moved = f"translate:calc({across:g}px - 50%) calc({down:g}px - 50%)" if middle else "translate:4px 4px"
            self.displayed.add(area.start)
            self.drawn.append(
                self.marks[area.start].drawn(f"{place}{moved}".replace(";", "!important;") + "!important")
            )

    def _in_drawing(self, mark: Mark, number: int) -> str:
        """The mark of a link inside of <svg>, where no span may stand by itself: at the link's first shape."""
        corner = (0.0, 0.0)
        for piece in self.pieces[number + 1 : number + 1 + _SHAPES]:
            if piece.name in ("a", "svg"):
                break
            if piece.kind is MarkupKind.START:
                found = shape_corner(piece.name, self._values(piece))
                if found is not None:
                    corner = found
                    break
        place = f'x="{corner[0]:g}" y="{corner[1]:g}" width="1" height="1" style="overflow:visible"'
        return f"<foreignObject {place}>{mark.drawn()}</foreignObject>"


def _is_sheet(tag: Markup) -> bool:
    return tag.kind is MarkupKind.START and tag.name == "style" and not tag.foreign


def _names(values: Mapping[str, str]) -> set[str]:
    """An element's classes and id, as style sheets name them."""
    own = values.get("id", "").strip()
    return {f".{name}" for name in values.get("class", "").split()} | ({f"#{own}"} if own else set())
