"""Many patterns asked of one text: only those are tried of which a literal occurs that they need."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

Search = Callable[[str, str], object]  # of an agent, and of the same in lower case
_Needed = frozenset[str]  # literals in lower case, of which one has to occur; empty where nothing is known

# The parts of a pattern that mean the same in `re` and in `regex`. An escape of a letter or digit that is not here, a
# group with flags or a name, and a set in a set are none, and nothing is known of a pattern with one.
_PART = re.compile(
    r"(?P<group>\((?:(?![?*])|\?(?:[:=>]|<=)))|(?P<without>\(\?<?!)|(?P<end>\))|(?P<bar>\|)"
    r"|(?P<less>[*?]|\{[^}]*\})|(?P<any>[.^$+]|\\[wWdDsSbBAZ]|\[\^?+\]?+(?:[^\]\[\\]|\\.)*\])"
    r"|\\(?P<escaped>[^0-9A-Za-z])|(?P<plain>[^\\\[(){*+?|.^$]+(?![*?{])|[^\\\[(){*+?|.^$])",
    re.DOTALL,
)
# A browser's agent, as most are. A literal that stands in it occurs nearly always, and so spares nothing.
_BROWSER = (
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/124.0.0.0 safari/537.36"
)
_NOTHING: _Needed = frozenset()
# The letters beyond ASCII which are one of ASCII to a search that minds no case, in `re` or in `regex`.
_IN_ASCII = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"})


class Patterns:
    """Patterns in their order, each with what makes its search, which is done when it is first tried.

    An agent is looked through once for the literals of all patterns, by one in which those that begin alike share their
    beginning: for the literals of 200 patterns that takes the time of trying ten.
    """

    def __init__(self, patterns: Iterable[tuple[str, Callable[[str], Search]]]) -> None:
        self._patterns = tuple(patterns)
        self._searches: list[Search | None] = [None] * len(self._patterns)
        needed = [needed_literals(pattern) for pattern, _ in self._patterns]
        self._always = [place for place, literals in enumerate(needed) if not literals]
        self._places: dict[str, set[int]] = {}  # by literals of which none begins with another …
        for literal, place in sorted((literal, place) for place, literals in enumerate(needed) for literal in literals):
            last = next(reversed(self._places), literal)
            begun = last if literal.startswith(last) else literal  # … so one that does is found by that other one
            self._places.setdefault(begun, set()).add(place)
        self._occurring = re.compile(f"(?=({_alternation(self._places)}))").findall

    def first(self, agent: str) -> int | None:
        """The place of the first pattern that finds something in an agent."""
        lower = agent.lower()
        places: Sequence[int] = self._always
        if found := self._occurring(lower if agent.isascii() else f"{lower}\n{agent.translate(_IN_ASCII).lower()}"):
            places = sorted({*places, *(place for literal in found for place in self._places[literal])})
        for place in places:
            search = self._searches[place]
            if search is None:
                pattern, compiled = self._patterns[place]
                search = self._searches[place] = compiled(pattern)
            if search(agent, lower):
                return place
        return None


def in_lower_case(pattern: str) -> Search:
    """The search of a pattern in small letters: one that minds no case takes three times as long."""
    search = re.compile(pattern).search
    return lambda _, lower: search(lower)


def needed_literals(pattern: str) -> _Needed:
    """Literals in lower case of which one occurs in the lower case of any text that a pattern finds something in,
    whether it minds the case or not. None where that is not known."""
    try:
        parts = _parts(pattern)
        needed = _of_branches(parts)
        return _NOTHING if any(parts) else needed
    except ValueError:
        return _NOTHING


def _parts(pattern: str) -> Iterator[re.Match[str]]:
    """The parts of a pattern; ValueError for what is none."""
    at = 0
    while at < len(pattern):
        part = _PART.match(pattern, at)
        if part is None:
            raise ValueError(pattern)
        yield part
        at = part.end()


def _of_branches(parts: Iterator[re.Match[str]]) -> _Needed:
    """What branches need, up to the end of their group."""
    branches: list[_Needed] = []
    items: list[str | _Needed] = []  # of this branch: a sign, or what something else needs
    for part in parts:
        match part.lastgroup:
            case "end":
                break
            case "bar":
                branches.append(_best(items))
                items = []
            case "group":
                items.append(_of_branches(parts))
            case "without":
                _of_branches(parts)
                items.append(_NOTHING)
            case "less":
                items[-1:] = [_NOTHING]
            case "any":
                items.append(_NOTHING)
            case _:
                sign = part["escaped"] or part["plain"]
                items.append(sign.lower() if sign.isascii() else _NOTHING)
    branches.append(_best(items))
    return _NOTHING.union(*branches) if all(branches) else _NOTHING


def _best(items: Sequence[str | _Needed]) -> _Needed:
    """Of what a branch needs, what occurs most seldom."""
    needed, run = list[_Needed](), ""
    for item in (*items, _NOTHING):
        if isinstance(item, str):
            run += item
            continue
        needed += [frozenset({run}), item]
        run = ""
    telling = [one for one in needed if one and not any(literal in _BROWSER for literal in one)]
    return max(telling, key=lambda one: min(map(len, one)), default=_NOTHING)


def _alternation(literals: Iterable[str]) -> str:
    """A pattern of literals, of which none begins with another; those that begin alike share what they begin with."""
    by_sign: dict[str, list[str]] = {}
    for literal in literals:
        by_sign.setdefault(literal[:1], []).append(literal[1:])
    branches = [re.escape(sign) + (_alternation(rests) if rests != [""] else "") for sign, rests in by_sign.items()]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches) or '(?!)'})"
