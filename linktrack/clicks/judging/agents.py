"""What a user agent or a network says about a click: the rules of `data/` and of the package is-bot, asked once per
string."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from is_bot import Bots

Signal = tuple[str, str]  # verdict and reason

OWN_RULES = "2026-11-25"
OWN_WEIGHT = 4  # enough for a machine: see verdicts.ENOUGH

_DIGITS = re.compile(r"\d+")


@cache
def _data(name: str) -> tuple[str, ...]:
    text = (files("linktrack.clicks.judging") / "data" / name).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _mail_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rules = (line.split("\t") for line in _data("agents-mail.tsv"))
    return tuple((verdict, name, re.compile(pattern, re.IGNORECASE)) for verdict, name, pattern in rules)


@cache
def _machines() -> Bots:
    """The package's list of machines' agents, asked after our own rules."""
    from is_bot import Bots

    return Bots()


@cache
def rules() -> str:
    """The version of all rules: ours (`verdicts`, `data/`) and the package's."""
    return f"{OWN_RULES}, is-bot {version('is-bot')}"


def agent_signal(agent: str, memo: dict[str, Signal]) -> Signal:
    """(verdict, reason) of an agent; ("human", "") when nothing speaks against it.

    `memo` remembers agents with their numbers folded, for versions seldom change what a program is: thousands of
    agents fold to some hundreds.
    """
    folded = _DIGITS.sub("1", agent)
    known = memo.get(folded)
    if known is None:
        known = memo[folded] = _judged(agent)
    return known


def _judged(agent: str) -> Signal:
    for verdict, name, pattern in _mail_rules():
        if pattern.search(agent):
            return (verdict, "" if verdict == "human" else f"agent:{name}")
    return ("scanner", "agent:machine") if _machines().is_bot(agent) else ("human", "")
