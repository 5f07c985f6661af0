"""A drawn mail as an independent parser reads it: a browser's algorithm, over what would come to the frame."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import html5lib

# Written down here once more, and not taken from the code: what may never be in a drawing.
ACTING_ELEMENTS = frozenset(
    ["script", "iframe", "object", "embed", "applet", "frame", "frameset", "form", "link", "meta", "base", "audio",
     "video", "source", "track", "portal", "template", "noscript", "use", "image", "animate", "set", "math", "textarea",
     "select", "title", "dialog", "fencedframe", "handler", "listener", "animatemotion", "animatetransform", "xml"]
)  # fmt: skip
ACTING_ATTRIBUTES = frozenset(
    ["href", "src", "srcset", "background", "action", "formaction", "ping", "poster", "data", "srcdoc", "autofocus",
     "longdesc", "dynsrc", "lowsrc", "codebase", "http-equiv", "manifest", "contenteditable", "form", "popovertarget",
     "is", "slot", "shadowrootmode", "nonce", "target-uri", "imagesrcset", "classid", "code", "archive"]
)  # fmt: skip
_NOT_WORDS = frozenset(
    ["script", "style", "title", "desc", "iframe", "noembed", "noframes", "textarea", "template", "select", "datalist"]
)


class Element(NamedTuple):
    name: str
    attributes: dict[str, str]
    text: str


def parsed(html: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)


def elements(html: str) -> Iterator[Element]:
    """Every element of the tree, comments left out."""
    for element in parsed(html).iter():
        if isinstance(element.tag, str):
            names = {str(name).rpartition("}")[2].lower(): value for name, value in element.attrib.items()}
            yield Element(element.tag.rpartition("}")[2].lower(), names, element.text or "")


def words(html: str) -> str:
    """The text that is displayed, without blanks."""
    found: list[str] = []

    def walk(element: Any) -> None:
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2] not in _NOT_WORDS:
            found.append(element.text or "")
            for child in element:
                walk(child)
        found.append(element.tail or "")

    walk(parsed(html))
    return re.sub(r"[\s\ufffd]+", "", "".join(found))


def faults(html: str) -> list[str]:
    """What acts, leads anywhere or is fetched."""
    found = []
    for name, attributes, text in elements(html):
        if name in ACTING_ELEMENTS:
            found.append(f"<{name}>")
        for attribute, value in attributes.items():
            if attribute in ACTING_ATTRIBUTES or attribute.startswith("on"):
                found.append(f"<{name} {attribute}={value!r}>")
            if attribute == "style":
                found += style_faults(value)
        if name == "style":
            found += style_faults(text)
    return found


def style_faults(style: str) -> list[str]:
    """What of a style is fetched, or hides what it says."""
    loads = r"url\s*\(|image-set|src\s*\(|@import|@font-face|@namespace|expression|behavior\s*:|binding|\\|</"
    without_strings = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", "''", style)
    return re.findall(loads, without_strings, re.IGNORECASE)
