"""The style of a mail that is drawn in a report: what of it may stay, so that nothing is fetched.

By rules of what may stay: at-rules, functions and addresses that are not named here are taken out with their
declaration. Comments and what hides behind escapes go too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field

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
_STRING = r"\"(?:[^\"\\\n\r\f]|\\.)*+\"|'(?:[^'\\\n\r\f]|\\.)*+'"
_COMMENT = re.compile(rf"({_STRING})|/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_WHOLE_STRING = re.compile(_STRING, re.DOTALL)
_URL = re.compile(r"\burl\(\s*+(\"[^\"\\\n\r\f]*\"|'[^'\\\n\r\f]*'|[^\s\"'()\\]*+)\s*+\)", re.IGNORECASE)
_FUNCTION = re.compile(r"(?<![-\w.])([-\w.]*+)\(")
_MARKS = re.compile(rf"{_STRING}|\\.|[;{{}}()\[\]]", re.DOTALL)
_ESCAPED = re.compile(r"\\[:./@%,!#+*]")  # in the name of a class
_LINK_CLASS = re.compile(r":(?:any-)?link(?![\w-])", re.IGNORECASE)
_ELEMENT = re.compile(r"[a-z][a-z0-9]*$", re.IGNORECASE)
_WHOLE = ("html", "body")  # which mails hide until scripts of theirs have run, and there are none here
_OWN_LAYER = re.compile(rf"@layer\s+{LAYER}(?![\w-])", re.IGNORECASE)
_SIMPLE = re.compile(r"[a-z0-9]*([.#][\w-]+)$", re.IGNORECASE)
_NAMED = re.compile(r"([.#])([\w-]+)|\[(class|id)[~|^$*]?=[\"']?([\w-]+)", re.IGNORECASE)
_DARK = re.compile(r"prefers-color-scheme\s*:\s*dark", re.IGNORECASE)
_IMPORTANT = re.compile(r"!\s*+important\s*+$", re.IGNORECASE)
_WITHOUT_BOX = re.compile(r"\bdisplay:\s*contents\b", re.IGNORECASE)
_QUOTES = "\"'"
_NESTED = 4  # blocks of rules in blocks of rules
_NOTHING = re.compile(r"(?=[0.])0*+\.?0*+(?:[a-z]+|%)?$", re.IGNORECASE)


def no_address(_: str) -> None:
    """No picture is fetched."""


@dataclass
class Shown:
    """The names (`.class`, `#id`, `element`) that style sheets hide at any width, and those that some rule shows."""

    hidden: set[str] = field(default_factory=set)
    revealed: set[str] = field(default_factory=set)

    def hides(self, names: set[str], style: str) -> bool:
        """Whether an element of these names and this style is displayed at no width."""
        return (hides(style) or bool(names & self.hidden)) and not names & self.revealed


def safe_declarations(style: str, fetched: PictureAddress = no_address) -> str:
    """The declarations of a `style` attribute that fetch nothing but pictures that `fetched` allows."""
    kept = (_safe_declaration(one, fetched) for one in _declarations(_without_comments(style)))
    return ";".join(one for one in kept if one)


def safe_sheet(sheet: str, fetched: PictureAddress = no_address, shown: Shown | None = None) -> str:
    """The rules of a style sheet that fetch nothing but pictures that `fetched` allows; `shown` learns from them.

    `:link` becomes what links are told by once their addresses are gone; a dark dress is left out.
    """
    kept = "".join(_safe_rules(_without_comments(sheet), fetched, shown or Shown(), 0, False))
    return re.sub(r"<(?=[A-Za-z/!?])", "< ", kept)  # no markup begins in a sheet


def safe_value(value: str, fetched: PictureAddress = no_address) -> str | None:
    """A value with `none` for each address that is not fetched; None when anything else in it may not stay."""
    if not _is_harmless(_URL.sub("none", value)):
        return None
    return _URL.sub(lambda match: _fetched(match[1].strip(_QUOTES), fetched), value)


def boxed(declarations: str) -> str:
    """The declarations for a link, which is to have a box: its badge would have nothing to stand at."""
    return _WITHOUT_BOX.sub("display:inline", declarations)


def hides(style: str) -> bool:
    """Whether a `style` attribute hides its element and all in it."""
    values = {}
    for one in _declarations(_without_comments(style)):
        name, _, value = one.partition(":")
        values[name.strip().lower()] = _IMPORTANT.sub("", value).strip().lower()
    clipped = values.get("overflow") == "hidden"
    flat = any(_NOTHING.match(values.get(name, "1")) for name in ("max-height", "height"))
    return values.get("display") == "none" or values.get("visibility") == "hidden" or (clipped and flat)


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda match: match[1] or " ", text)


def _safe_rules(text: str, fetched: PictureAddress, shown: Shown, depth: int, narrow: bool) -> Iterator[str]:
    """The rules of `text` that may stay; `narrow` says that they hold at some widths only."""
    for prelude, block in _rules(text):
        head = prelude.strip()
        if head.startswith("@"):
            name = re.split(r"[^@\w-]", head, maxsplit=1)[0].lower()
            kept = name in _BLOCKS_OF_RULES and depth < _NESTED and not (_DARK.search(head) or _OWN_LAYER.match(head))
            if kept and _is_harmless(head[len(name) :]):
                inner = _safe_rules(block, fetched, shown, depth + 1, narrow or name == "@media")
                yield f"{head}{{{''.join(inner)}}}\n"
        elif head and _is_harmless(_ESCAPED.sub("", head), _SELECTING):
            _learn(head, block, shown, narrow)
            selectors, declared = _LINK_CLASS.sub(f"[{LINKED}]", head), safe_declarations(block, fetched)
            yield f"{selectors}{{{declared}}}\n"
            if (of_links := boxed(declared)) != declared:
                yield f":is({selectors})[{LINKED}]{{{of_links}}}\n"


def _learn(selectors: str, block: str, shown: Shown, narrow: bool) -> None:
    if hides(block):
        if not narrow:
            for selector in map(str.strip, selectors.split(",")):
                if simple := _SIMPLE.match(selector):
                    shown.hidden.add(simple[1])
                elif _ELEMENT.match(selector) and selector.lower() not in _WHOLE:
                    shown.hidden.add(selector.lower())
    elif re.search(r"(?:display|max-height|visibility)\s*:", block, re.IGNORECASE):
        for sign, name, attribute, value in _NAMED.findall(selectors):
            shown.revealed.add(f"{sign or {'class': '.', 'id': '#'}[attribute.lower()]}{name or value}")
        shown.revealed |= {one.lower() for one in map(str.strip, selectors.split(",")) if _ELEMENT.match(one)}


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """(prelude, what stands in its block) of each rule; statements without a block are passed over."""
    begin, opened, depth = 0, 0, 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark == "{":
            if depth == 0:
                opened = match.start()
            depth += 1
        elif mark == "}":
            if depth == 1:
                yield text[begin:opened], text[opened + 1 : match.start()]
            depth = max(depth - 1, 0)
            begin = match.end() if depth == 0 else begin
        elif mark == ";" and depth == 0:
            begin = match.end()
    if depth:
        yield text[begin:opened], text[opened + 1 :]


def _declarations(text: str) -> Iterator[str]:
    begin, depth = 0, 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark in ("{", "(", "["):
            depth += 1
        elif mark in ("}", ")", "]"):
            depth = max(depth - 1, 0)
        elif mark == ";" and depth == 0:
            yield text[begin : match.start()]
            begin = match.end()
    yield text[begin:]


def _safe_declaration(text: str, fetched: PictureAddress) -> str:
    """A declaration as it may stay; "" for one that may not."""
    name, colon, value = text.partition(":")
    name = name.strip().lower()
    if not (colon and re.fullmatch(r"[\w-]+", name)) or name in ("behavior", "-moz-binding"):
        return ""
    kept = safe_value(value, fetched)
    return "" if kept is None else f"{name}:{kept.strip()}"


def _fetched(address: str, fetched: PictureAddress) -> str:
    """The address of a picture, or of a part of the mail itself, as a value; `none` keeps what is said beside it."""
    found = address if re.fullmatch(r"#[\w-]+", address) else fetched(address)
    return "none" if found is None else f'url("{found}")'


def _is_harmless(text: str, functions: Set[str] = _FUNCTIONS) -> bool:
    """Whether a value, or the head of a rule, says nothing but words, numbers, whole strings and these functions.

    Each so begins and ends between two tokens, wherever it is put.
    """
    rest = _WHOLE_STRING.sub("", text)
    if "\\" in text or any(sign in rest for sign in ("'", '"', "//", "/*", *"{};")) or "@" in rest[1:]:
        return False
    return all(name.lower() in functions for name in _FUNCTION.findall(rest))
