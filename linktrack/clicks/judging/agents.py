"""What a user agent or a network says about a click: the rules of `data/` and of the package is-bot, asked once per
string."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from ipaddress import IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING

from linktrack.errors import BadInput

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


def known_networks() -> list[tuple[str, str]]:
    """The networks of `data/`, each with the name of its owner."""
    return [(row[0], row[2]) for row in (line.split("\t") for line in _data("networks.tsv"))]


class Networks:
    """Weights of addresses by the networks they lie in: those of `data/`, and the workspace's `own`."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._v4: dict[str, list[tuple[int, int, int]]] = {}  # first octet → mask, network, weight
        self._v6: list[tuple[IPv6Network, int]] = []
        rows = [line.split("\t") for line in _data("networks.tsv")]
        for text, weight in [(row[0], int(row[1])) for row in rows] + [(net, OWN_WEIGHT) for net in own]:
            try:
                net = ip_network(text, strict=False)
            except ValueError:
                raise BadInput(f"[clicks] networks: {text!r} is no network like 192.0.2.0/24") from None
            if isinstance(net, IPv6Network):
                self._v6.append((net, weight))
                continue
            first = int(net.network_address) >> 24
            for octet in range(first, first + max(1, 1 << (8 - net.prefixlen) if net.prefixlen < 8 else 1)):
                entry = (int(net.netmask), int(net.network_address), weight)
                self._v4.setdefault(str(octet), []).append(entry)

    def weight(self, ip: str) -> int:
        """0 for an address outside of all networks; `OWN_WEIGHT` inside one of the workspace's own."""
        octet, dot, rest = ip.partition(".")
        if dot:
            candidates = self._v4.get(octet)
            if candidates is None:
                return 0
            second, third, fourth = rest.split(".")
            number = int(octet) << 24 | int(second) << 16 | int(third) << 8 | int(fourth)
            return max((weight for mask, network, weight in candidates if number & mask == network), default=0)
        if not ip:
            return 0
        address = IPv6Address(ip)
        return max((weight for net, weight in self._v6 if address in net), default=0)
