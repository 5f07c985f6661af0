"""What a user agent says about a click: the rules of `data/` and of the package is-bot, asked once per string."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from zlib import crc32

from linktrack.clicks.judging.needed_literals import Patterns, Search, in_lower_case
from linktrack.clicks.judging.rule_files import rows_of
from linktrack.clicks.judging.rules.judged import PLAIN, Signal

OWN_RULES = "2026-11-27"
LONGEST = 500  # characters of an agent that our rules look at
PACKAGE_LONGEST = 300  # characters of an agent that the package is-bot looks at
REMEMBERED = 60_000  # agents, some 20 MB; more are forgotten, so that memory does not depend on how many there are

_DIGITS = re.compile(r"\d+")


@cache
def _rules() -> tuple[Patterns, tuple[Signal, ...]]:
    """Our own patterns and, asked after them, the package's list of machines' agents; and what each of them says."""
    from is_bot import Bots

    own = rows_of("agents-mail.tsv")
    machines = sorted(Bots().patterns)
    signals = [(verdict, "" if verdict == "human" else f"agent:{name}") for verdict, name, _ in own]
    return (
        Patterns([*((pattern, in_lower_case) for *_, pattern in own), *((pattern, _package) for pattern in machines)]),
        (*signals, *[("scanner", "agent:machine")] * len(machines)),
    )


def _package(pattern: str) -> Search:
    """The package itself asks all of its patterns as one alternation, which takes six times as long as one by one."""
    import regex

    search = regex.compile(pattern, flags=regex.IGNORECASE).search
    return lambda agent, _: search(agent[:PACKAGE_LONGEST])


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
    rules, signals = _rules()
    place = rules.first(agent)
    return PLAIN if place is None else signals[place]
