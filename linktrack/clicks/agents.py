"""What a user agent or a network says about a click: the rules of `data/`, compiled once and asked once per string."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from ipaddress import ip_address, ip_network

Signal = tuple[str, str]  # verdict and reason

_DIGITS = re.compile(r"\d+")


@cache
def _data(name: str) -> tuple[str, ...]:
    text = (files("linktrack.clicks") / "data" / name).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _mail_rules() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    rules = (line.split("\t") for line in _data("agents-mail.tsv"))
    return tuple((verdict, name, re.compile(pattern, re.IGNORECASE)) for verdict, name, pattern in rules)


@cache
def _generic() -> re.Pattern[str]:
    return re.compile("|".join(_data("agents-isbot.txt")), re.IGNORECASE)


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
    return ("scanner", "agent:machine") if _generic().search(agent) else ("human", "")


class Networks:
    """Weights of addresses by the networks they lie in."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._nets = [(ip_network(line.split("\t")[0]), int(line.split("\t")[1])) for line in _data("networks.tsv")]
        self._nets += [(ip_network(net, strict=False), 4) for net in own]
        self._known: dict[str, int] = {}

    def weight(self, ip: str) -> int:
        """0 for an address outside of all networks, 4 (a machine by itself) inside one of the workspace's own."""
        known = self._known.get(ip)
        if known is None:
            try:
                address = ip_address(ip)
            except ValueError:
                known = 0
            else:
                known = max((weight for net, weight in self._nets if address in net), default=0)
            if len(self._known) > 200_000:
                self._known.clear()
            self._known[ip] = known
        return known
