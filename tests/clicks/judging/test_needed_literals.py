"""The literals that patterns need: each occurs in whatever a pattern finds, in any case of its letters."""

from __future__ import annotations

import re
import sys
import warnings
from string import ascii_letters, ascii_lowercase

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.judging import needed_literals as module
from linktrack.clicks.judging.needed_literals import Patterns, in_lower_case, needed_literals

TABLE = {
    "a word": ("Barracuda", {"barracuda"}),
    "one of some": ("barracuda|fort(?:point|market)", {"barracuda", "point", "market"}),
    "the longest": (r"\bvia\b.*barracuda/\d", {"barracuda/"}),
    "what is escaped": (r"any\.run\(\)", {"any.run()"}),
    "what comes at least once": ("xbo+x", {"xbo"}),
    "what may be missing": ("foru?ms?", {"for"}),
    "what may be missing, counted": ("xyz{0,2}w", {"xy"}),
    "a group that may be missing": ("(?:yandex)?vw", {"vw"}),
    "what stands before or behind": ("(?<=yandex )vw(?= wget/)", {"yandex "}),
    "what must not": ("(?<!yandex )vw(?! wget/)", {"vw"}),
    "a set": (r"[ab\]]xyz[]a][^]\w]", {"xyz"}),
    "what a browser says, too": ("^mozilla/.*vw", {"vw"}),
    "only what a browser says": ("^mozilla/", set()),
    "a branch of which nothing is known": ("wget|[a-z]", set()),
    "no branch": ("wget|", set()),
    "a letter beyond ASCII": ("w\u00e9b", set()),
    "the number of a sign": (r"\x4142", set()),
    "a group with flags": ("(?x)we b", set()),
    "a group with a name": ("(?P<name>web)", set()),
    "a set in a set": ("[[:alpha:]]web", set()),
    "a set that only seems to end": ("[]w[]web", set()),
    "about so": ("(?:webb){e<=1}", set()),
    "a verb": ("(*SKIP)web", set()),
    "no pattern": ("web)wget", set()),
}


@pytest.mark.parametrize(("pattern", "needed"), TABLE.values(), ids=TABLE)
def test_the_literals_of_a_pattern(pattern: str, needed: set[str]) -> None:
    assert needed_literals(pattern) == needed


_SIGNS = st.text("yqKs.|()[]{}?*+^$\\:=!<>_-12,bdwWx\u017f", max_size=12)
_PARTS = ("yq", "K", "s", r"\.", "|", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(", ")", "[yq]", "[^]k]", "?", "*", "+", ".*", "{2}", "{0,1}", "^", "$", r"\b", r"\w")  # fmt: skip
_PATTERNS = _SIGNS | st.lists(st.sampled_from(_PARTS), max_size=10).map("".join)


@given(_PATTERNS, st.text("yqkKsS.1 \u017f\u212a\u0130|()[]", max_size=12))
def test_what_finds_something_has_found_one_of_its_literals(pattern: str, text: str) -> None:
    needed = needed_literals(pattern)
    for engine in (re, regex):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = engine.search(pattern, text, engine.IGNORECASE)
            except (re.error, regex.error):
                continue
        lower = text.translate(module._IN_ASCII).lower()  # noqa: SLF001
        assert not found or not needed or any(literal in lower for literal in needed)


def test_the_letters_beyond_ascii_that_are_some_in_it() -> None:
    beyond = "".join(map(chr, range(128, sys.maxunicode + 1)))
    letters = "|".join(ascii_letters)
    found = {sign for engine in (re, regex) for sign in engine.findall(letters, beyond, engine.IGNORECASE)}
    assert {
        ord(sign): letter
        for sign in found
        for letter in ascii_lowercase
        if re.match(letter, sign, re.IGNORECASE) or regex.match(letter, sign, regex.IGNORECASE)
    } == module._IN_ASCII  # noqa: SLF001


@given(st.lists(_PATTERNS, max_size=6), st.text("yqks.1 ", max_size=12))
def test_the_first_pattern_that_finds_something(patterns: list[str], text: str) -> None:
    """Whether their literals begin alike or not."""
    good = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pattern in patterns:
            try:
                good.append((pattern, re.compile(pattern)))
            except re.error:
                continue
        found = Patterns((pattern, in_lower_case) for pattern, _ in good).first(text)
    assert found == next((place for place, (_, one) in enumerate(good) if one.search(text)), None)


def test_a_pattern_is_made_when_its_literal_first_occurs() -> None:
    made: list[str] = []

    def noted(pattern: str) -> module.Search:
        made.append(pattern)
        return in_lower_case(pattern)

    patterns = Patterns((pattern, noted) for pattern in ("wget", "wg", "^yandex", "get/"))
    assert [patterns.first(agent) for agent in ("curl/8", "Wget/1", "wg", "xyandex", "WGET")] == [None, 0, 1, None, 0]
    assert made == ["wget", "wg", "^yandex"]
