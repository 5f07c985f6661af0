"""Verdicts: which clicks are people, which are machines, and why. Pure: clicks in, verdicts out.

A click's verdict depends on nothing but the click, its neighbours within `REACH` and the facts of its shipment, so
clicks can be judged piece by piece, in any order, as long as each piece comes with its surroundings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from linktrack.clicks.event import MACHINE, POST, PREFETCH
from linktrack.clicks.judging.agents import Signal

BURSTS = ((3, 2_000), (5, 6_000))  # a person does not open 3 places of a mail in 2 seconds, nor 5 in 6
SWEEP_LINKS, SWEEP_MS = 4, 10_000  # nor all links of a mail in ten
TRAP_MS = 10_000  # neighbours of a click on the honeypot
PROBE_MS = 10_000  # between a HEAD and a GET of the same placement
CROWD_RECIPIENTS, CROWD_PLACEMENTS, CROWD_MS = 20, 3, 60_000  # one address and agent, many people's mails
SOON_MS = 10_000  # after sending: weak, people seldom, scanners seldom (their median is 43 s)
ENOUGH = 4  # weak signals of this weight together make a machine
REACH = CROWD_MS  # how far apart clicks can be that bear on one another

HUMAN, TEST, SCANNER, PREFETCHED = "human", "test", "scanner", "prefetch"

_Key = TypeVar("_Key", bound=tuple[int | str, int])


class Click(NamedTuple):
    """A click as it is judged. Its print is that of its line and of how often that came before."""

    clicked_at: int
    print: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    ip: str
    network_id: int  # 0 = none that is known
    agent_id: int
    flags: int


class Probe(NamedTuple):
    """A HEAD request, as the table has it."""

    clicked_at: int
    print: int
    placement_id: int
    shipment_id: int
    recipient_id: int


@dataclass(frozen=True)
class Surroundings:
    """What clicks are judged by besides themselves."""

    agent: Callable[[int], Signal]  # of an agent's id
    network: Callable[[int], int]  # weight of a network's number
    sent_at: Mapping[int, int]  # shipment → when it was sent
    tests: frozenset[int]  # test shipments
    traps: frozenset[int]  # honeypot placements
    links: Mapping[int, int]  # shipment → how many links its mailing has
    rules: str = ""  # their version


Verdict = tuple[str, str]  # verdict and comma-separated reasons
PLAIN: Verdict = (HUMAN, "")  # nothing to be said against it


def judge(clicks: Sequence[Click], by: Surroundings, probes: Sequence[Probe] = ()) -> list[Verdict]:
    """The verdicts on `clicks`, in their order. They must be sorted by time; `probes` need not be.

    Most clicks are plain: only their agent says anything. So all are judged by their agent first, a column at a time,
    and only those about which there is more to say one by one.
    """
    if not clicks:
        return []
    times, _, _, _, shipments, recipients, ips, networks, agents, flags = zip(*clicks, strict=True)
    by_agent = {number: by.agent(number) for number in set(agents)}
    result: list[Verdict] = [by_agent[number] for number in agents]
    extra: dict[int, set[str]] = {}
    _judge_people(clicks, list(zip(shipments, recipients, strict=True)), by, extra)
    _judge_addresses(clicks, list(zip(ips, agents, strict=True)), extra)
    _judge_probed(clicks, probes, extra)
    weights = {index: weight for index, weight in enumerate(map(by.network, networks)) if weight}
    soon = _soon_after_sending(times, shipments, by.sent_at)
    flagged = {index for index, flag in enumerate(flags) if flag} if any(flags) else set()
    for index in {*extra, *weights, *soon, *flagged}:
        result[index] = _weighed(
            clicks[index], result[index], extra.get(index, set()), weights.get(index, 0), index in soon
        )
    if by.tests.intersection(shipments):
        for index, shipment in enumerate(shipments):
            if shipment in by.tests:
                result[index] = (TEST, "test-shipment")
    return result


def _soon_after_sending(times: Sequence[int], shipments: Sequence[int], sent_at: Mapping[int, int]) -> set[int]:
    """Which of the times (in order) lie within `SOON_MS` after the sending of their shipments."""
    sent = {shipment: sent_at.get(shipment, 0) for shipment in set(shipments)}
    if times[0] > max(sent.values()) + SOON_MS:
        return set()
    return {
        index
        for index, (moment, shipment) in enumerate(zip(times, shipments, strict=True))
        if 0 <= moment - sent[shipment] <= SOON_MS
    }


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


def _judge_people(
    clicks: Sequence[Click], people: Sequence[tuple[int, int]], by: Surroundings, extra: dict[int, set[str]]
) -> None:
    """Bursts, sweeps and traps: what one recipient of one shipment did within seconds."""
    traps = {index for index, click in enumerate(clicks) if click.placement_id in by.traps} if by.traps else set()
    trapped = {people[index] for index in traps}
    for index in traps:
        extra.setdefault(index, set()).add("honeypot")
    for (shipment, recipient), own in _groups(people, BURSTS[0][0], trapped).items():
        for least, width in BURSTS:
            _mark_windows(clicks, own, extra, "burst", width, least, "placement_id")
        links = max(SWEEP_LINKS, by.links.get(shipment, 0))
        if len(own) >= links:
            _mark_windows(clicks, own, extra, "sweep", SWEEP_MS, links, "link_id")
        if (shipment, recipient) in trapped:
            for trap in traps.intersection(own):
                for near in own:
                    if near != trap and abs(clicks[near].clicked_at - clicks[trap].clicked_at) <= TRAP_MS:
                        extra.setdefault(near, set()).add("honeypot-neighbour")


def _judge_addresses(clicks: Sequence[Click], addresses: Sequence[tuple[str, int]], extra: dict[int, set[str]]) -> None:
    """One address with one agent that opens the mails of many recipients within a minute, several links of them."""
    for (ip, _), own in _groups(addresses, CROWD_RECIPIENTS).items():
        for start, stop in _windows(clicks, own, CROWD_MS) if ip else ():
            span = own[start:stop]
            if (
                stop - start >= CROWD_RECIPIENTS
                and len({clicks[index].recipient_id for index in span}) >= CROWD_RECIPIENTS
                and len({clicks[index].placement_id for index in span}) >= CROWD_PLACEMENTS
            ):
                for index in span:
                    extra.setdefault(index, set()).add("many-recipients")


def _judge_probed(clicks: Sequence[Click], probes: Sequence[Probe], extra: dict[int, set[str]]) -> None:
    """Clicks on a placement that the same recipient's machine asked about with HEAD, shortly before or after."""
    if not probes:
        return
    moments: dict[tuple[int, int, int], list[int]] = {}
    for probe in probes:
        moments.setdefault(probe[2:], []).append(probe.clicked_at)
    for index, click in enumerate(clicks):
        near = moments.get(click[3:6])
        if near and any(abs(click.clicked_at - moment) <= PROBE_MS for moment in near):
            extra.setdefault(index, set()).add("head-request")


def _groups(keys: Sequence[_Key], least: int, besides: Collection[_Key] = ()) -> dict[_Key, list[int]]:
    """The indices of each key that comes `least` times or is one of `besides`."""
    wanted = {key for key, count in Counter(keys).items() if count >= least}.union(besides)
    groups: dict[_Key, list[int]] = {key: [] for key in wanted}
    if wanted:
        for index, key in enumerate(keys):
            if key in wanted:
                groups[key].append(index)
    return groups


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
