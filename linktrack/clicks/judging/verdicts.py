"""Verdicts: which clicks are people, which are machines, and why. Pure: clicks in, verdicts out.

A click's verdict depends on nothing but the click, its neighbours within `REACH` and the facts of its shipment, so
clicks can be judged piece by piece, in any order, as long as each piece comes with its surroundings. What an address
does for hours is another matter, judged afterwards: see `reputation`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from linktrack.click_marks import HUMAN, MACHINE, POST, PREFETCH, PREFETCHED, SCANNER, TEST
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.rules.against import Against, said_by
from linktrack.clicks.judging.rules.by_address import judge_addresses, judge_without_addresses
from linktrack.clicks.judging.rules.by_person import judge_people
from linktrack.clicks.judging.rules.by_request import judge_beside_junk, judge_probed
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe, Signal, Surroundings, Verdict
from linktrack.clicks.judging.rules.reasons import in_order

SOON_MS, SOON_WEIGHT = 10_000, 2  # after sending: weak, people seldom, scanners seldom (their median is 43 s)
ENOUGH = 4  # weak signals of this weight together make a machine

_SPEAKING = MACHINE | PREFETCH | POST  # flags that say something about a click


def judge(
    clicks: Sequence[Click], by: Surroundings, probes: Sequence[Probe] = (), junk: Sequence[JunkRequest] = ()
) -> list[Verdict]:
    """The verdicts on `clicks`, in their order. They must be sorted; `probes` and `junk` need not be.

    Most clicks are plain: only their agent says anything. So all are judged by their agent first, a column at a time,
    and only those about which there is more to say one by one.
    """
    if not clicks:
        return []
    columns = Clicks.of(clicks)
    shipments, agents, flags = columns.shipments, columns.agents, columns.flags
    by_agent = {number: by.agent(number) for number in set(agents)}
    result: list[Verdict] = [by_agent[number] for number in agents]
    against: Against = {}
    judge_people(columns, by, against)
    judge_addresses(columns, against)
    if "" in columns.addresses:
        judge_without_addresses(columns, by, against)
    judge_probed(columns, probes, against)
    judge_beside_junk(columns, junk, against)
    weights = _weights(columns.networks, by.network)
    soon = _soon_after_sending(columns.times, shipments, by.sent_at)
    flagged = {index for index, flag in enumerate(flags) if flag & _SPEAKING} if any(flags) else set()
    weighed: dict[tuple[int, Signal, int, int, bool], Verdict] = {}  # there are few different ones
    for index in {*against, *weights, *soon, *flagged}:
        said = (flags[index] & _SPEAKING, result[index], against.get(index, 0), weights.get(index, 0), index in soon)
        if said not in weighed:
            weighed[said] = _weighed(*said)
        result[index] = weighed[said]
    if by.tests.intersection(shipments):
        for index, shipment in enumerate(shipments):
            if shipment in by.tests:
                result[index] = (TEST, "test-shipment")
    return result


def _weights(networks: Sequence[int], weight: Callable[[int], int]) -> dict[int, int]:
    """What the networks weigh that weigh something."""
    heavy = {number: found for number in set(networks) if (found := weight(number))}
    return {index: heavy[number] for index, number in enumerate(networks) if number in heavy} if heavy else {}


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


def _weighed(flags: int, agent: Signal, against: int, weight: int, soon: bool) -> Verdict:
    """The verdict on a click about which there is something to say."""
    if flags & POST:
        return (HUMAN, "posted")
    scanner = said_by(against)
    prefetch = set()
    kind, reason = agent
    if kind == SCANNER:
        scanner.add(reason)
    elif kind == PREFETCHED:
        prefetch.add(reason)
    if flags & MACHINE:
        scanner.add("service-flag")
    if flags & PREFETCH:
        prefetch.add("purpose-header")
    weak = {"network"} if weight else set()
    weak |= {"soon-after-sending"} if soon else set()
    suspect = weight + (SOON_WEIGHT if soon else 0) >= ENOUGH
    verdict = SCANNER if scanner or suspect else PREFETCHED if prefetch else HUMAN
    return (verdict, ",".join(filter(None, map(in_order, (scanner, prefetch, weak)))))
