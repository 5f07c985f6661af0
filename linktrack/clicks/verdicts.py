"""Verdicts: which clicks are people, which are machines, and why. Pure: clicks in, verdicts out.

A click's verdict depends on nothing but the click, its neighbours within `REACH` and the facts of its shipment, so
clicks can be judged piece by piece, in any order, as long as each piece comes with its surroundings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linktrack.clicks.agents import Signal
from linktrack.clicks.event import MACHINE, POST, PREFETCH

RULES = "2026-11-24"  # the version of these rules and of data/

BURSTS = ((3, 2_000), (5, 6_000))  # a person does not open 3 places of a mail in 2 seconds, nor 5 in 6
SWEEP_LINKS, SWEEP_MS = 4, 10_000  # nor all links of a mail in ten
TRAP_MS = 10_000  # neighbours of a click on the honeypot
CROWD_RECIPIENTS, CROWD_PLACEMENTS, CROWD_MS = 20, 3, 60_000  # one address and agent, many people's mails
SOON_MS = 10_000  # after sending: weak, people seldom, scanners seldom (their median is 43 s)
ENOUGH = 4  # weak signals of this weight together make a machine
REACH = CROWD_MS  # how far apart clicks can be that bear on one another

HUMAN, TEST, SCANNER, PREFETCHED = "human", "test", "scanner", "prefetch"


class Click(NamedTuple):
    """A click as the table has it. Its identity is the print of its line and of how often that came before."""

    clicked_at: int
    identity: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    ip: str
    agent_id: int
    flags: int


@dataclass(frozen=True)
class Surroundings:
    """What clicks are judged by besides themselves."""

    agent: Callable[[int], Signal]  # of an agent's id
    network: Callable[[str], int]  # weight of an address
    sent_at: Mapping[int, int]  # shipment → when it was sent
    tests: frozenset[int]  # test shipments
    traps: frozenset[int]  # honeypot placements
    links: Mapping[int, int]  # shipment → how many links its mailing has


Verdict = tuple[str, str]  # verdict and comma-separated reasons
PLAIN: Verdict = (HUMAN, "")  # nothing to be said against it


def judge(clicks: Sequence[Click], by: Surroundings) -> list[Verdict]:
    """The verdicts on `clicks`, in their order. They must be sorted by time."""
    extra: dict[int, set[str]] = {}
    _judge_people(clicks, by, extra)
    _judge_addresses(clicks, extra)
    agent, network, sent_at, tests = by.agent, by.network, by.sent_at, by.tests
    plain: dict[int, Verdict] = {}
    result: list[Verdict] = []
    for index, click in enumerate(clicks):
        if click.shipment_id in tests:
            result.append((TEST, "test-shipment"))
            continue
        more = extra.get(index)
        weight = network(click.ip)
        soon = 0 <= click.clicked_at - sent_at.get(click.shipment_id, 0) <= SOON_MS
        if more is None and not weight and not soon and not click.flags:
            verdict = plain.get(click.agent_id)
            if verdict is None:
                verdict = plain[click.agent_id] = agent(click.agent_id)
            result.append(verdict)
            continue
        result.append(_weighed(click, agent(click.agent_id), more or set(), weight, soon))
    return result


def _weighed(click: Click, agent: Signal, more: set[str], weight: int, soon: bool) -> Verdict:
    """The verdict on a click about which there is something to say."""
    if click.flags & POST:
        return (HUMAN, "one-click-unsubscribe")
    scanner = set(more)
    prefetch = set()
    kind, reason = agent
    if kind == SCANNER:
        scanner.add(reason)
    elif kind == PREFETCHED:
        prefetch.add(reason)
    if click.flags & MACHINE:
        scanner.add("service-flag")
    if click.flags & PREFETCH:
        prefetch.add("purpose-header")
    weak = {"network"} if weight else set()
    weak |= {"soon-after-sending"} if soon else set()
    if weight + (2 if soon else 0) >= ENOUGH:
        scanner |= weak
    if scanner:
        return (SCANNER, ",".join(sorted(scanner | prefetch | weak)))
    if prefetch:
        return (PREFETCHED, ",".join(sorted(prefetch | weak)))
    return (HUMAN, ",".join(sorted(weak)))


def _judge_people(clicks: Sequence[Click], by: Surroundings, extra: dict[int, set[str]]) -> None:
    """Bursts, sweeps and traps: what one recipient of one shipment did within seconds."""
    people: dict[tuple[int, int], list[int]] = {}
    trapped = False
    for index, click in enumerate(clicks):
        key = (click.shipment_id, click.recipient_id)
        own = people.get(key)
        if own is None:
            people[key] = [index]
        else:
            own.append(index)
        if click.placement_id in by.traps:
            trapped = True
            extra.setdefault(index, set()).add("honeypot")
    for (shipment, _), own in people.items():
        if len(own) >= BURSTS[0][0]:
            for least, width in BURSTS:
                _mark_windows(clicks, own, extra, "burst", width, least, "placement_id")
            links = max(SWEEP_LINKS, by.links.get(shipment, 0))
            if len(own) >= links:
                _mark_windows(clicks, own, extra, "sweep", SWEEP_MS, links, "link_id")
        if trapped and len(own) > 1:
            for trap in own:
                if clicks[trap].placement_id in by.traps:
                    for near in own:
                        if near != trap and abs(clicks[near].clicked_at - clicks[trap].clicked_at) <= TRAP_MS:
                            extra.setdefault(near, set()).add("honeypot-neighbour")


def _judge_addresses(clicks: Sequence[Click], extra: dict[int, set[str]]) -> None:
    """One address with one agent that opens the mails of many recipients within a minute, several links of them."""
    if len(clicks) < CROWD_RECIPIENTS:
        return
    addresses: dict[tuple[str, int], list[int]] = {}
    for index, click in enumerate(clicks):
        addresses.setdefault((click.ip, click.agent_id), []).append(index)
    for (ip, _), own in addresses.items():
        if ip and len(own) >= CROWD_RECIPIENTS:
            for start, stop in _windows(clicks, own, CROWD_MS):
                span = own[start:stop]
                if (
                    stop - start >= CROWD_RECIPIENTS
                    and len({clicks[index].recipient_id for index in span}) >= CROWD_RECIPIENTS
                    and len({clicks[index].placement_id for index in span}) >= CROWD_PLACEMENTS
                ):
                    for index in span:
                        extra.setdefault(index, set()).add("many-recipients")


def _mark_windows(
    clicks: Sequence[Click], own: list[int], extra: dict[int, set[str]], reason: str, width: int, least: int, what: str
) -> None:
    """Mark every click of every window of `width` milliseconds with `least` or more different `what`."""
    for start, stop in _windows(clicks, own, width):
        if stop - start >= least and len({getattr(clicks[index], what) for index in own[start:stop]}) >= least:
            for index in own[start:stop]:
                extra.setdefault(index, set()).add(reason)


def _windows(clicks: Sequence[Click], own: list[int], width: int) -> list[tuple[int, int]]:
    """The longest runs of `own` (sorted by time) that fit into `width` milliseconds, as slices of it."""
    found: list[tuple[int, int]] = []
    start = 0
    for stop in range(1, len(own) + 1):
        if stop < len(own) and clicks[own[stop]].clicked_at - clicks[own[start]].clicked_at <= width:
            continue
        found.append((start, stop))
        if stop < len(own):
            while clicks[own[stop]].clicked_at - clicks[own[start]].clicked_at > width:
                start += 1
    return found
