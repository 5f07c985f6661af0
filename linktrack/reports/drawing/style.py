"""The style of a mail that is drawn in a report: what of it may stay, so that nothing is fetched.

By rules of what may stay: at-rules, functions and addresses that are not named here are taken out with their
declaration. Comments and what hides behind escapes go too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set

from linktrack.reports.drawing.css import QUOTES, STRING, declarations, rules, without_comments
from linktrack.reports.drawing.hiding import (
    FAR,
    Shown,
    When,
    boxed,
    hiding,
    learn,
    selector_names,
    when_holds,
    where_no_mark_is,
    with_room,
    without,
)

LINKED = "data-linked"  # the attribute that stands for the href of a link
LAYER = "linktrack"  # of our own rules, which no rule of the mail may join

PictureAddress = Callable[[str], str | None]  # an address of a picture as it is fetched; None for one that is not

_FUNCTIONS = frozenset(
    ["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color", "color-mix", "light-dark", "calc",
     "min", "max", "clamp", "var", "env", "counter", "counters", "linear-gradient", "radial-gradient",
     "conic-gradient", "repeating-linear-gradient", "repeating-radial-gradient", "-webkit-linear-gradient",
     "-webkit-radial-gradient", "-moz-linear-gradient", "-o-linear-gradient", "-webkit-gradient", "from", "to",
     "color-stop", "translate", "translatex", "translatey", "translate3d", "scale", "scalex", "scaley", "rotate",
     "skew", "skewx", "skewy", "matrix", "perspective", "cubic-bezier", "steps", "rect", "inset", "circle", "ellipse",
     "polygon", "blur", "brightness", "contrast", "drop-shadow", "grayscale", "hue-rotate", "invert", "opacity",
     "saturate", "sepia", "repeat", "minmax", "fit-content", "alpha", ""]
)  # fmt: skip
_SELECTING = frozenset(
    ["not", "is", "where", "has", "matches", "any", "-webkit-any", "-moz-any", "lang", "dir", "nth-child",
     "nth-last-child", "nth-of-type", "nth-last-of-type"]
)  # fmt: skip
_BLOCKS_OF_RULES = frozenset(("@media", "@supports", "@layer", "@container", "@keyframes", "@-webkit-keyframes"))
_WHOLE_STRING = re.compile(STRING, re.DOTALL)
_URL = re.compile(r"\burl\(\s*+(\"[^\"\\\n\r\f]*\"|'[^'\\\n\r\f]*'|[^\s\"'()\\]*+)\s*+\)", re.IGNORECASE)
_FUNCTION = re.compile(r"(?<![-\w.])([-\w.]*+)\(")
_ESCAPED = re.compile(r"\\[:./@%,!#+*]")  # in the name of a class
_LINK_CLASS = re.compile(r":(?:any-)?link(?![\w-])", re.IGNORECASE)
_OWN_LAYER = re.compile(rf"@layer\s+{LAYER}(?![\w-])", re.IGNORECASE)
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_DECIDING = ("display", "visibility", "content-visibility", "position", "all")  # which a value can hide behind
_NESTED = 4  # blocks of rules in blocks of rules


def no_address(_: str) -> None:
    """A `PictureAddress` that allows no picture: None for every address."""


def safe_declarations(style: str, fetched: PictureAddress = no_address) -> str:
    """The declarations of a `style` attribute that fetch nothing but pictures that `fetched` allows."""
    kept = (_safe_declaration(one, fetched) for one in declarations(without_comments(style)))
    return with_room(";".join(one for one in kept if one))


def safe_sheet(sheet: str, fetched: PictureAddress = no_address, shown: Shown | None = None) -> str:
    """The rules of a style sheet that fetch nothing but pictures that `fetched` allows; `shown` learns from them.

    Links lose their `href`, so `:link` is rewritten to match them without it. Rules for dark mode are dropped. An
    element with a badge may be hidden only by a rule about the window's width (`shown` knows what all sheets say).
    """
    kept = "".join(_safe_rules(without_comments(sheet), fetched, shown or Shown(), 0, "always"))
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", kept)  # no markup begins in a sheet


def safe_value(value: str, fetched: PictureAddress = no_address) -> str | None:
    """A value with `none` for each address that is not fetched; None when anything else in it may not stay."""
    if not _is_harmless(_URL.sub("none", value)):
        return None
    return _URL.sub(lambda match: _fetched(match[1].strip(QUOTES), fetched), value)


def _safe_rules(text: str, fetched: PictureAddress, shown: Shown, depth: int, when: When) -> Iterator[str]:
    """The rules of `text` that may stay; `when` they hold."""
    for prelude, block in rules(text):
        head = prelude.strip()
        if head.startswith("@"):
            name = re.split(r"[^@\w-]", head, maxsplit=1)[0].lower()
            kept = name in _BLOCKS_OF_RULES and depth < _NESTED and not (_DARK.search(head) or _OWN_LAYER.match(head))
            if not (kept and _is_harmless(head[len(name) :])):
                continue
            if name.endswith("keyframes"):
                yield f"{head}{{{''.join(_frames(block, fetched))}}}\n"
            else:
                inner = _safe_rules(block, fetched, shown, depth + 1, when_holds(name, head[len(name) :], when))
                yield f"{head}{{{''.join(inner)}}}\n"
        elif head and _is_harmless(_ESCAPED.sub("", head), _SELECTING):
            learn(head, block, shown, when)
            yield from _safe_rule(_LINK_CLASS.sub(f"[{LINKED}]", head), safe_declarations(block, fetched), shown, when)


def _frames(block: str, fetched: PictureAddress) -> Iterator[str]:
    """The frames of an animation, without declarations that would hide its element."""
    for place, frame in rules(block):
        if _is_harmless(place):
            declared = safe_declarations(frame, fetched)
            yield f"{place.strip()}{{{without(declared, hiding(declared))}}}\n"


def _safe_rule(selectors: str, declared: str, shown: Shown, when: When) -> Iterator[str]:
    """The rules, as text, into which one rule of a mail is made: these `selectors` with these `declared` declarations,
    which may stay.

    What hides an element (`display: none` …) stays, but for rules about the window's width (`when` is "widths", or such
    a rule shows the element, as `shown` knows), only for elements without a mark of the report in them. What would
    leave a link without a box in sight (`display: contents` …) is replaced for links: a badge stands in that box.
    """
    hidden = hiding(declared)
    if hidden and when != "widths" and not selector_names(selectors) & shown.at_widths:
        yield f"{selectors}{{{without(declared, hidden)}}}\n{where_no_mark_is(selectors)}{{{';'.join(hidden)}}}\n"
        declared = without(declared, hidden)
    else:
        yield f"{selectors}{{{declared}}}\n"
    if (of_links := boxed(declared)) != declared:
        yield f":is({selectors})[{LINKED}]{{{of_links}}}\n"


def _safe_declaration(text: str, fetched: PictureAddress) -> str:
    """A declaration as it may stay; "" for one that may not."""
    name, colon, value = text.partition(":")
    name = name.strip().lower()
    if not (colon and re.fullmatch(r"[\w-]+", name)) or name in ("behavior", "-moz-binding"):
        return ""
    if name == "text-indent" and FAR.search(value):
        return f"{name}:0"  # words in the place of a picture that is blank: they are seen, and nothing is so wide
    kept = safe_value(value, fetched)
    return "" if kept is None or (name in _DECIDING and "(" in kept) else f"{name}:{kept.strip()}"


def _fetched(address: str, fetched: PictureAddress) -> str:
    """`url("…")` for an address that may be fetched, or that is a part of the mail itself (`#name`); else `none`, which
    leaves the rest of the declaration as it is."""
    found = address if re.fullmatch(r"#[\w-]+", address) else fetched(address)
    return "none" if found is None else f'url("{found}")'


def _is_harmless(text: str, functions: Set[str] = _FUNCTIONS) -> bool:
    """Whether a value, or the head of a rule, says nothing but words, numbers, whole strings and these functions.

    So it cannot run on into what stands before or behind it.
    """
    rest = _WHOLE_STRING.sub("", text)
    if "\\" in text or any(sign in rest for sign in ("'", '"', "//", "/*", *"{};")) or "@" in rest[1:]:
        return False
    return all(name.lower() in functions for name in _FUNCTION.findall(rest))
