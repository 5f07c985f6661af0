"""What of a mail's tags is drawn: the elements and the attributes that may stay.

By rules of what may stay. Elements are those named here, and those that no browser knows anything about (`o:p`); others
become `div` or `span`. Attributes are those that only say how something looks or what it is, and unknown ones whose
value can be no address.
"""

from __future__ import annotations

import re

from linktrack.mailings.reading.markup import Markup
from linktrack.reports.drawing.hiding import boxed
from linktrack.reports.drawing.style import LINKED, PictureAddress, safe_declarations, safe_value

ELEMENTS = frozenset(
    ["html", "head", "body", "a", "abbr", "acronym", "address", "area", "article", "aside", "b", "bdi", "bdo", "big",
     "blockquote", "br", "button", "caption", "center", "cite", "code", "col", "colgroup", "data", "dd", "del",
     "details", "dfn", "dir", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "font", "footer", "h1",
     "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "i", "img", "input", "ins", "kbd", "label", "legend",
     "li", "main", "map", "mark", "menu", "nav", "nobr", "ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s",
     "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot",
     "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr"]
)  # fmt: skip
_OF_SVG = frozenset(
    ["svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "defs", "symbol",
     "lineargradient", "radialgradient", "stop", "clippath"]
)  # fmt: skip
_UNKNOWN = re.compile(r"[a-z][a-z0-9]*[:-][a-z0-9._:-]*")  # Office's, and those that only a script would define
_DRAWN_AS = {"form": "div", "image": "img", "xmp": "pre", "listing": "pre", "plaintext": "pre"}
_NOT_DRAWN = frozenset(
    ["base", "basefont", "bgsound", "embed", "frame", "frameset", "keygen", "link", "math", "meta", "noscript", "param",
     "source", "track"]
)  # fmt: skip
NEVER_SHOWN = frozenset(
    ["script", "style", "title", "desc", "iframe", "noembed", "noframes", "textarea", "template", "select", "datalist"]
)  # with all that is in them
EMPTY = frozenset(("area", "br", "col", "hr", "img", "input", "wbr"))

_NAME = re.compile(r"[a-z_][a-z0-9_.:-]*")
_HARMLESS = frozenset(  # whatever their value is
    ["abbr", "about", "align", "alt", "axis", "bgcolor", "border", "bordercolor", "cellpadding", "cellspacing", "char",
     "checked", "cite", "class", "clear", "color", "cols", "colspan", "compact", "coords", "datetime", "dir",
     "disabled", "face", "frame", "headers", "height", "hidden", "hspace", "id", "itemid", "itemprop", "itemref",
     "itemscope", "itemtype", "label", "lang", "max", "maxlength", "min", "name", "noshade", "nowrap", "placeholder",
     "prefix", "property", "readonly", "rel", "required", "resource", "role", "rows", "rowspan", "rules", "scope",
     "shape", "size", "span", "start", "summary", "target", "title", "type", "typeof", "usemap", "valign", "value",
     "version", "viewbox", "vocab", "vspace", "width", "wrap", "xmlns"]
)  # fmt: skip
_HARMLESS_FAMILIES = ("data-", "aria-", "xmlns:", "xml:lang", "mc:")
_ACTS = frozenset(  # or loads, whatever its value is
    ["accesskey", "action", "allow", "archive", "attributionsrc", "autofocus", "autoplay", "classid", "code",
     "codebase", "command", "commandfor", "content", "contenteditable", "controls", "cursor", "data", "download",
     "draggable", "dynsrc", "filter", "form", "formaction", "formenctype", "formmethod", "formtarget", "href",
     "http-equiv", "icon", "imagesrcset", "inert", "is", "ismap", "longdesc", "lowsrc", "manifest", "mask", "nonce",
     "open", "ping", "popover", "popovertarget", "popovertargetaction", "poster", "profile", "shadowrootmode", "slot",
     "srcdoc", "srcset"]
)  # fmt: skip
_OURS = frozenset(("data-placement", "data-clicks", "data-clickers", "data-machine-clicks", "data-heat", LINKED))
_CAN_BE_AN_ADDRESS = re.compile(r"[:/\\]")
_PICTURES = {"src": ("img", "image"), "background": ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th")}
FORCED = {"button": " disabled", "input": " disabled", "details": " open"}


def drawn_name(tag: Markup, *, between_rows: bool) -> str:
    """The name of the element that is drawn for this start tag; "" for none.

    `between_rows` says that it stands in a table but in no cell, where browsers let no other element stand.
    """
    name = tag.name
    if name in ELEMENTS or name == "svg" or _UNKNOWN.fullmatch(name):
        return name
    if tag.foreign:
        return name if name in _OF_SVG else ""
    return "" if name in _NOT_DRAWN or between_rows else _DRAWN_AS.get(name, "span")


def kept_value(element: str, name: str, value: str, fetched: PictureAddress) -> str | None:
    """The value of an attribute as it may stay; None for one that may not."""
    if name == "style":
        kept = safe_declarations(value, fetched)
        return boxed(kept) if element == "a" else kept
    if name in _PICTURES:
        return fetched(value) if element in _PICTURES[name] else None
    if name in _HARMLESS or (name.startswith(_HARMLESS_FAMILIES) and _NAME.fullmatch(name)):
        return None if name in _OURS else value
    acts = name in _ACTS or name.startswith("on") or name.endswith(":href")
    if acts or not _NAME.fullmatch(name) or _CAN_BE_AN_ADDRESS.search(value):
        return None
    return value if "(" not in value else safe_value(value)
