"""What the style of a mail hides: read from the text, so that each mark that is drawn is seen.

Where the text does not say it for sure (under a condition that is no width, by more than one name), what holds a mark
is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from linktrack.reports.drawing.css import IMPORTANT, declarations, each_selector, without_comments

_ELEMENT = re.compile(r"[a-z][a-z0-9]*$", re.IGNORECASE)
_WHOLE = ("html", "body")  # which mails hide until scripts of theirs have run, and there are none here
_SIMPLE = re.compile(r"[a-z0-9]*([.#][\w-]+)$", re.IGNORECASE)
_NAMED = re.compile(r"([.#])([\w-]+)|\[(class|id)[~|^$*]?=[\"']?([\w-]+)", re.IGNORECASE)
_DISPLAYS = frozenset(  # and what is no box at all
    ["none", "block", "inline", "inline-block", "flow-root", "flow", "list-item", "flex", "inline-flex", "grid",
     "inline-grid", "table", "inline-table", "table-row-group", "table-header-group", "table-footer-group", "table-row",
     "table-cell", "table-column-group", "table-column", "table-caption", "-webkit-box", "-webkit-inline-box",
     "-webkit-flex", "-ms-flexbox"]
)  # fmt: skip
_HIDING = {"display": ("none",), "visibility": ("hidden", "collapse"), "content-visibility": ("hidden",)}
_OFFSETS = ("left", "right", "top", "bottom", "inset", "margin", "margin-left", "margin-top", "margin-right",
            "margin-bottom")  # fmt: skip
FAR = re.compile(r"-\d{4}|-\d{3}(?:\.\d*)?(?:em|rem|vw|vh|%)", re.IGNORECASE)
_OF_PARTS = re.compile(r"::|:(?:before|after|first-line|first-letter)(?![\w-])", re.IGNORECASE)
_ALWAYS = re.compile(
    r"(?:only\s+)?(?:screen|all)?(?:\s+and\s+)?(?:\(\s*min-(?:device-)?width\s*:\s*(\d+)(?:\.\d+)?px\s*\))?",
    re.IGNORECASE,
)
_NARROWEST = 320  # pixels of any window
_ROOM = 8  # pixels by which a mark may jut out of its box
HOLDING = "[data-heat],:has([data-heat])"  # what is marked, and what holds a mark
When = Literal["always", "widths", "perhaps"]  # a rule holds: at some widths, or under a condition that is not read
_NOTHING = re.compile(r"(?=[0.])0*+\.?0*+(?:[a-z]+|%)?$", re.IGNORECASE)


@dataclass
class Shown:
    """What style sheets hide and show, by the names in their selectors (`.class`, `#id`, `element`).

    `hidden` are hidden at every width, `revealed` are shown by some rule. The sets ending in `_anyway` are those of
    them whose rule is `!important`, so that it wins against an element's own style. `at_widths` are shown at some
    widths.
    """

    hidden: set[str] = field(default_factory=set)
    hidden_anyway: set[str] = field(default_factory=set)
    revealed: set[str] = field(default_factory=set)
    revealed_anyway: set[str] = field(default_factory=set)
    at_widths: set[str] = field(default_factory=set)

    def hides(self, names: set[str], style: str) -> bool:
        """Whether an element with these names and this `style` attribute is hidden at every width."""
        if hides(style):
            return not names & self.revealed_anyway
        says = any(one.partition(":")[0].strip().lower() == "display" for one in declarations(without_comments(style)))
        return bool(names & (self.hidden_anyway if says else self.hidden)) and not names & self.revealed


def boxed(declared: str) -> str:
    """The declarations for a link, which is to have a box where it can be seen: its badge stands there."""
    return ";".join(_boxed(one) for one in declarations(declared))


def _boxed(declaration: str) -> str:
    name, _, value = declaration.partition(":")
    said = IMPORTANT.sub("", value).strip()
    away = ""
    if name == "display" and not set(said.lower().split()) <= _DISPLAYS:
        away = "inline"
    elif name == "all":
        away = "initial"
    elif name in _OFFSETS and FAR.search(said):
        away = "0" if name.startswith("margin") else "auto"
    return f"{name}:{away}{'!important' * bool(IMPORTANT.search(value))}" if away else declaration


def with_room(declared: str) -> str:
    """The declarations of a box in which marks are placed. One that cuts off what juts out gets some room around it, so
    that a mark at its edge is seen whole."""
    said = dict(one.partition(":")[::2] for one in declarations(declared))
    cuts, placed = said.get("overflow", "").lower(), said.get("position", "static").lower()
    if cuts not in ("hidden", "clip") or placed == "static" or hides(declared):
        return declared
    return f"{declared};overflow:clip;overflow-clip-margin:{_ROOM}px;contain:layout"  # in which floats stay, as before


def hides(style: str) -> bool:
    """Whether a `style` attribute hides its element and all in it."""
    values = {}
    for one in declarations(without_comments(style)):
        name, _, value = one.partition(":")
        values[name.strip().lower()] = IMPORTANT.sub("", value).strip().lower()
    clipped = values.get("overflow") == "hidden"
    flat = any(_NOTHING.match(values.get(name, "1")) for name in ("max-height", "height"))
    return values.get("display") == "none" or values.get("visibility") == "hidden" or (clipped and flat)


def hiding(declared: str) -> list[str]:
    """The declarations that hide an element."""
    found = []
    for one in declarations(declared):
        name, _, value = one.partition(":")
        if IMPORTANT.sub("", value).strip().lower() in _HIDING.get(name, ()):
            found.append(one)
    return found


def without(declared: str, some: list[str]) -> str:
    """The declarations but for some."""
    return ";".join(one for one in declarations(declared) if one not in some)


def where_no_mark_is(selectors: str) -> str:
    """The same selectors, no stronger, of elements that hold no mark; parts of elements hold none."""
    return ",".join(
        one if _OF_PARTS.search(one) else f"{one.strip()}:where(:not({HOLDING}))" for one in each_selector(selectors)
    )


def when_holds(name: str, condition: str, around: When) -> When:
    """When the rules of a block hold, which is in one that holds `around`."""
    if name == "@media":
        return around if around != "always" or any(map(_is_always, condition.split(","))) else "widths"
    return around if name == "@layer" else "perhaps"


def _is_always(media: str) -> bool:
    """Whether a query of media holds in every window."""
    found = _ALWAYS.fullmatch(media.strip())
    return found is not None and int(found[1] or 0) <= _NARROWEST


def learn(selectors: str, block: str, shown: Shown, when: When) -> None:
    """What a rule says of what is hidden and shown goes to `shown`."""
    important = re.search(r"(?:display|visibility|height)\s*:[^;]*!\s*important", block, re.IGNORECASE) is not None
    if hides(block):
        for selector in map(str.strip, selectors.split(",")) if when == "always" else ():
            simple = _SIMPLE.match(selector)
            is_element = _ELEMENT.match(selector) and selector.lower() not in _WHOLE
            if name := simple[1] if simple else selector.lower() if is_element else "":
                shown.hidden.add(name)
                if important:
                    shown.hidden_anyway.add(name)
    elif re.search(r"(?:display|max-height|visibility)\s*:", block, re.IGNORECASE):
        names = selector_names(selectors)
        shown.revealed |= names
        if important:
            shown.revealed_anyway |= names
        if when == "widths":
            shown.at_widths |= names


def selector_names(selectors: str) -> set[str]:
    """The classes, ids and elements that selectors name."""
    found = {
        f"{sign or {'class': '.', 'id': '#'}[attribute.lower()]}{name or value}"
        for sign, name, attribute, value in _NAMED.findall(selectors)
    }
    return found | {one.lower() for one in map(str.strip, selectors.split(",")) if _ELEMENT.match(one)}
