"""What a user agent says about a click: the rules of `data/` and of the package is-bot, asked once per string."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING
from zlib import crc32

from linktrack.clicks.judging.rule_files import rows_of

if TYPE_CHECKING:
    from is_bot import Bots

Signal = tuple[str, str]  # verdict and reason

OWN_RULES = "2026-11-27"
LONGEST = 500  # characters of an agent that are looked at
PACKAGE_LONGEST = 300  # and by the package, which takes a millisecond for 400
REMEMBERED = 20_000  # agents; more are forgotten, so that memory does not depend on how many there are

_DIGITS = re.compile(r"\d+")


@cache
def _mail_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rows = rows_of("agents-mail.tsv")
    return tuple((verdict, name, re.compile(pattern)) for verdict, name, pattern in rows)


@cache
def _machines() -> Bots:
    """The package's list of machines' agents, asked after our own rules."""
    from is_bot import Bots

    return Bots()


@cache
def rules() -> str:
    """The version of all rules: ours (`verdicts`, `reputation`, `data/`) and the package's."""
    return f"{OWN_RULES}, is-bot {version('is-bot')}"


def agent_signal(agent: str, memo: dict[str, Signal]) -> Signal:
    """(verdict, reason) of an agent; ("human", "") when nothing speaks against it.

    `memo` remembers agents with their numbers folded, for versions seldom change what a program is: thousands of
    agents fold to some hundreds. It never holds more than `REMEMBERED` of at most `LONGEST` characters.
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
    return ("scanner", "agent:machine") if _machines().is_bot(agent[:PACKAGE_LONGEST]) else ("human", "")
