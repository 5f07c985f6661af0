"""What a user agent says about a click: the rules of `data/` and of the package is-bot, asked once per string."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from zlib import crc32

from linktrack.clicks.judging.rule_files import rows_of
from linktrack.clicks.judging.rules.judged import Signal

OWN_RULES = "2026-11-27"
LONGEST = 500  # characters of an agent that our rules look at
PACKAGE_LONGEST = 300  # characters of an agent that the package is-bot looks at
REMEMBERED = 60_000  # agents, some 20 MB; more are forgotten, so that memory does not depend on how many there are

_DIGITS = re.compile(r"\d+")
_WORDS = re.compile(
    r"[\w /:;,@%&=\"'<>!~-]+", re.ASCII
).fullmatch  # a pattern without special signs: it finds just its own text
_BEGINNING = re.compile(r"\^[\w /:;,@%&=\"'<>!~-]+", re.ASCII).fullmatch  # the same, at the beginning of an agent


@cache
def _mail_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows = rows_of("agents-mail.tsv")
    return tuple((verdict, name, re.compile(pattern)) for verdict, name, pattern in rows)


class Machines:
    """The package's list of machines' agents, asked after our own rules.

    The package asks all patterns as one alternation; one after the other finds the same in a sixth of the time (for a
    long agent that takes 1.5 ms). Two thirds of the patterns are plain words, at the beginning or anywhere, for which
    nothing has to be compiled. A letter beyond ASCII may be the capital of another one, so an agent with such letters
    is asked with all patterns.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = sorted(patterns)
        self._words = [pattern.lower() for pattern in self._patterns if _WORDS(pattern)]
        self._beginnings = tuple(pattern[1:].lower() for pattern in self._patterns if _BEGINNING(pattern))
        self._others = [one for one in self._patterns if not _WORDS(one) and not _BEGINNING(one)]

    def find(self, agent: str) -> bool:
        """Whether any of them finds something in an agent."""
        if not agent.isascii():
            return _found(self._patterns, agent)
        lower = agent.lower()
        return (
            lower.startswith(self._beginnings)
            or any(word in lower for word in self._words)
            or _found(self._others, agent)
        )


def _found(patterns: Iterable[str], agent: str) -> bool:
    return any(_searching(pattern)(agent) for pattern in patterns)


@cache
def _searching(pattern: str) -> Callable[[str], object]:
    import regex

    search: Callable[[str], object] = regex.compile(pattern, flags=regex.IGNORECASE).search
    return search


@cache
def _machines() -> Machines:
    from is_bot import Bots

    return Machines(Bots().patterns)


@cache
def rules_version() -> str:
    """The version of all rules: ours (`verdicts`, `reputation`, `data/`) and the package's."""
    return f"{OWN_RULES}, is-bot {version('is-bot')}"


def agent_signal(agent: str, memo: dict[str, Signal]) -> Signal:
    """(verdict, reason) of an agent; ("human", "") when nothing speaks against it.

    `memo` remembers agents without their numbers, for a version seldom changes what a program is: of thousands of
    agents some hundreds are left. It holds at most `REMEMBERED` of them, of at most `LONGEST` characters.
    """
    agent = agent[:LONGEST]
    folded = _DIGITS.sub("1", agent)
    known = memo.get(folded)
    if known is None:
        if len(memo) >= REMEMBERED:
            memo.clear()
        known = memo[folded] = _judged(agent)
    return known


def family_of(agent: str) -> int:
    """A number for agents that differ in their numbers only, as an agent's versions do; 32 bit."""
    return crc32(_DIGITS.sub("1", agent[:LONGEST]).encode("utf-8", "surrogatepass"))


def _judged(agent: str) -> Signal:
    lower = agent.lower()
    for verdict, name, pattern in _mail_rules():
        if pattern.search(lower):
            return (verdict, "" if verdict == "human" else f"agent:{name}")
    agent = agent[:PACKAGE_LONGEST]
    return ("scanner", "agent:machine") if _machines().find(agent) else ("human", "")
