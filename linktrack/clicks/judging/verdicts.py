"""Verdicts: which clicks are people, which are machines, and why. Pure: clicks in, verdicts out.

A click's verdict depends on nothing but the click, its neighbours within `REACH` and the facts of its shipment, so
clicks can be judged piece by piece, in any order, as long as each piece comes with its surroundings. What an address
does for hours is another matter, judged afterwards: see `reputation`.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from linktrack.click_marks import HUMAN, MACHINE, POST, PREFETCH, PREFETCHED, SCANNER, SHARED, TEST
from linktrack.clicks.judging.agents import Signal
from linktrack.clicks.judging.windows import crowded, groups, is_dense, is_near, moments_of
from linktrack.links.tokens import NOBODY

# A person does not open 3 places of a mail in 1.5 seconds, nor 4 in 2.5; many logs have times of whole seconds only.
BURSTS = ((3, 1_500), (4, 2_500), (5, 5_000))
SWEEP_LINKS, SWEEP_MS = 4, 10_000  # nor all links of a mail in ten
TRAP_MS = 10_000  # neighbours of a click on the honeypot
PROBE_MS = 10_000  # between a HEAD and a GET of the same placement
JUNK_MS = 10_000  # between a malformed, forged or mutated request and a good one from the same address
# One address and agent that opens so many links each of so many mails: at once, or slowly one mail after the other.
CROWDS = ((10, 2, 60_000), (10, 3, 300_000), (5, 6, 300_000))
# The same without an address, where nothing else tells who asks: nearly all mails that the agent opened just then …
AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_SHARE, AGENT_CROWD_MS = 10, 2, 0.8, 60_000
LONG_SWEEP_LINKS, LONG_SWEEP_SHARE, LONG_SWEEP_MS = 7, 0.75, 60_000  # … or nearly all links of one mail
BROWSERS_MS = 5_000  # nor does a person open two links with two browsers within five seconds
REPEATS = ((5, 2_000), (10, 10_000), (15, 300_000))  # as often do fingers open one address; the rest is a machine …
REPEATS_ANYWHERE = ((50, 10_000), (100, 60_000))  # … and as often those of all who got a forwarded mail
# So many pauses between clicks on one address that differ by no more than this are a clock's and not a person's.
EVEN_PAUSES, EVEN_MS, EVEN_LEAST_MS = 5, 1_000, 10_000  # (fingers tap evenly, too, but faster)
SOON_MS, SOON_WEIGHT = 10_000, 2  # after sending: weak, people seldom, scanners seldom (their median is 43 s)
ENOUGH = 4  # weak signals of this weight together make a machine
REACH = 300_000  # how far apart clicks can be that bear on one another: the widest of these windows

# Reasons in the order in which they are given: the first one decides. An agent's has its name behind a colon. What
# makes a prefetch stands behind what makes a scanner, and weak reasons stand last.
REASONS = (
    "test-shipment", "posted",
    "service-flag", "honeypot", "agent", "burst", "sweep", "two-browsers", "many-recipients", "head-request",
    "honeypot-neighbour", "malformed-neighbour", "repetition", "known-scanner-address", "purpose-header",
    "network", "scanner-address", "soon-after-sending",
)  # fmt: skip
WEAK = frozenset({"network", "scanner-address", "soon-after-sending"})
_RANK = {reason: rank for rank, reason in enumerate(REASONS)}

# Shipment and recipient; of those who share a token, whom nothing else tells apart, address and agent too.
_Person = tuple[int, int] | tuple[int, int, str, int]
_NOTHING = frozenset[str]()
_SPEAKING = MACHINE | PREFETCH | POST  # flags that say something about a click


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


class JunkRequest(NamedTuple):
    """A request for an address of ours with a malformed, forged or mutated token, or one whose method or status does
    not count: what is kept of it.

    `ip` is kept as a click's is, and empty where that is a trusted proxy's and where nothing speaks against it. The
    recipient is whose good token was in it all the same, 0 where it had none.
    """

    clicked_at: int
    print: int
    ip: str
    recipient_id: int = 0


@dataclass(frozen=True)
class Surroundings:
    """What clicks are judged by besides themselves."""

    agent: Callable[[int], Signal]  # of an agent's id
    family: Callable[[int], int]  # and its family: see `agents.family_of`
    network: Callable[[int], int]  # weight of a network's id: see `networks.Networks.weight`
    sent_at: Mapping[int, int]  # shipment → when it was sent
    tests: frozenset[int]  # test shipments
    traps: frozenset[int]  # honeypot placements
    links: Mapping[int, int]  # shipment → how many links its mailing has
    rules: str = ""  # their version
    nobodies: frozenset[int] = frozenset()  # recipients who were forgotten …
    final: int = -(2**62)  # … whose clicks, like those before this moment, lack what they would be judged by

    def is_final(self, click: Click) -> bool:
        """Whether a stored click keeps its verdict."""
        return click.clicked_at < self.final or click.recipient_id in self.nobodies


Verdict = tuple[str, str]  # verdict and comma-separated reasons, of which the first decides
PLAIN: Verdict = (HUMAN, "")  # nothing to be said against it


def judge(
    clicks: Sequence[Click], by: Surroundings, probes: Sequence[Probe] = (), junk: Sequence[JunkRequest] = ()
) -> list[Verdict]:
    """The verdicts on `clicks`, in their order. They must be sorted; `probes` and `junk` need not be.

    Most clicks are plain: only their agent says anything. So all are judged by their agent first, a column at a time,
    and only those about which there is more to say one by one.
    """
    if not clicks:
        return []
    times, _, _, placements, shipments, recipients, ips, networks, agents, flags = zip(*clicks, strict=True)
    by_agent = {number: by.agent(number) for number in set(agents)}
    result: list[Verdict] = [by_agent[number] for number in agents]
    extra: dict[int, set[str]] = {}
    people: Sequence[_Person] = list(zip(shipments, recipients, strict=True))
    if NOBODY in recipients:
        people = [person_of(click) for click in clicks]
    _judge_people(clicks, people, by, extra)
    _judge_addresses(clicks, people, list(zip(ips, agents, strict=True)), extra)
    shared = any(flag & SHARED for flag in set(flags))
    if shared or "" in ips:
        _judge_without_addresses(clicks, people, by, extra)
    _judge_probed(times, zip(placements, shipments, recipients, strict=True), probes, extra)
    _judge_beside_junk(times, map(address_of, clicks) if shared else ips, junk, extra)
    weights = _weights(networks, by.network)
    soon = _soon_after_sending(times, shipments, by.sent_at)
    flagged = {index for index, flag in enumerate(flags) if flag & _SPEAKING} if any(flags) else set()
    weighed: dict[tuple[int, Signal, frozenset[str], int, bool], Verdict] = {}  # there are few different ones
    for index in {*extra, *weights, *soon, *flagged}:
        more = frozenset(extra[index]) if index in extra else _NOTHING
        said = (flags[index] & _SPEAKING, result[index], more, weights.get(index, 0), index in soon)
        if said not in weighed:
            weighed[said] = _weighed(*said)
        result[index] = weighed[said]
    if by.tests.intersection(shipments):
        for index, shipment in enumerate(shipments):
            if shipment in by.tests:
                result[index] = (TEST, "test-shipment")
    return result


def in_order(reasons: Iterable[str]) -> str:
    """Reasons as they are kept, the one that decides first."""
    return ",".join(sorted(reasons, key=lambda reason: (_RANK[reason.partition(":")[0]], reason)))


def deciding(verdict: Verdict) -> str:
    """The reason that decides a verdict; of a person against whom there are only weak ones or none, it is empty."""
    first = verdict[1].partition(",")[0]
    return "" if verdict[0] == HUMAN and first in WEAK else first


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


def _weighed(flags: int, agent: Signal, more: frozenset[str], weight: int, soon: bool) -> Verdict:
    """The verdict on a click about which there is something to say."""
    if flags & POST:
        return (HUMAN, "posted")
    scanner = set(more)
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


def _judge_people(
    clicks: Sequence[Click], people: Sequence[_Person], by: Surroundings, extra: dict[int, set[str]]
) -> None:
    """Bursts, sweeps, traps and repetition: what one recipient of one shipment did within seconds."""
    traps = {index for index, click in enumerate(clicks) if click.placement_id in by.traps} if by.traps else set()
    trapped = {people[index] for index in traps}
    _mark(extra, "honeypot", traps)
    for person, own in groups(people, BURSTS[0][0], trapped).items():
        moments = [clicks[index].clicked_at for index in own]
        links = max(SWEEP_LINKS, by.links.get(person[0], 0))
        places = [clicks[index].placement_id for index in own]
        for least, width in BURSTS:
            if is_dense(moments, width, least):
                burst = crowded(moments, places, width, least)
                _mark(extra, "burst", [own[at] for at in burst])
                if len(burst) == len(own):
                    break
        if is_dense(moments, SWEEP_MS, links):
            opened = [clicks[index].link_id for index in own]
            _mark(extra, "sweep", (own[at] for at in crowded(moments, opened, SWEEP_MS, links)))
        if is_dense(moments, REPEATS[-1][1], REPEATS[0][0] + 1):
            _mark_repetition(clicks, own, extra)
        if person in trapped:
            trapping = [clicks[index].clicked_at for index in own if index in traps]
            near = (index for index in own if is_near(trapping, clicks[index].clicked_at, TRAP_MS))
            _mark(extra, "honeypot-neighbour", (index for index in near if index not in traps))


def _with_two_browsers(clicks: Sequence[Click], own: Sequence[int]) -> Iterator[int]:
    """One person's clicks near which another link was opened with another agent, before or after."""
    near: Counter[tuple[int, int]] = Counter()  # in the window: agent and link, each with -1 in the place of the other
    start = stop = 0
    for index in own:
        click = clicks[index]
        while stop < len(own) and clicks[own[stop]].clicked_at <= click.clicked_at + BROWSERS_MS:
            near.update(_traits(clicks[own[stop]]))
            stop += 1
        while clicks[own[start]].clicked_at < click.clicked_at - BROWSERS_MS:
            near.subtract(_traits(clicks[own[start]]))
            start += 1
        both, agent, link = _traits(click)
        if stop - start - near[agent] - near[link] + near[both] > 0:
            yield index


def _traits(click: Click) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (click.agent_id, click.link_id), (click.agent_id, -1), (-1, click.link_id)


def _mark_long_sweep(clicks: Sequence[Click], own: Sequence[int], by: Surroundings, extra: dict[int, set[str]]) -> None:
    """Mark where nearly all links of one mail were opened with one agent: a reader may come while a scanner looks."""
    most = max(LONG_SWEEP_LINKS, ceil(LONG_SWEEP_SHARE * by.links.get(clicks[own[0]].shipment_id, 0)))
    for among in groups([clicks[index].agent_id for index in own], most).values():
        swept = [own[at] for at in among]
        moments, opened = [clicks[index].clicked_at for index in swept], [clicks[index].link_id for index in swept]
        _mark(extra, "sweep", (swept[at] for at in crowded(moments, opened, LONG_SWEEP_MS, most)))


def _mark_repetition(clicks: Sequence[Click], own: Sequence[int], extra: dict[int, set[str]]) -> None:
    """Mark what one person's clicks on one placement, from one address, have beyond what fingers do.

    Other addresses are other people's, to whom the mail was forwarded, or who read it where somebody has put it: all of
    them together may do it more often.
    """
    from_one = [(clicks[index].ip, clicks[index].placement_id) for index in own]
    from_any = [("", clicks[index].placement_id) for index in own]
    for places, limits in ((from_one, REPEATS), (from_any, REPEATS_ANYWHERE)):
        for among in groups(places, limits[0][0] + 1).values():
            moments = [clicks[own[index]].clicked_at for index in among]
            for often, width in limits:
                close = (
                    own[index]
                    for before, moment, index in zip(moments, moments[often:], among[often:], strict=False)
                    if moment - before <= width
                )
                _mark(extra, "repetition", close)
            if places is from_one:
                _mark(extra, "repetition", _in_even_time(moments, [own[index] for index in among]))


def _in_even_time(moments: Sequence[int], repeated: Sequence[int]) -> Iterator[int]:
    """The clicks before which as many pauses were equal as a person's never are, as far as clicks bear on another."""
    pauses = [later - before for before, later in pairwise(moments)]
    for at in range(EVEN_PAUSES, len(repeated)):
        some = pauses[at - EVEN_PAUSES : at]
        if min(some) >= EVEN_LEAST_MS and max(some) - min(some) <= EVEN_MS and sum(some) <= REACH:
            yield repeated[at]


def _judge_without_addresses(
    clicks: Sequence[Click], people: Sequence[_Person], by: Surroundings, extra: dict[int, set[str]]
) -> None:
    """What tells machines by their agents alone, of clicks that have no address or one that anybody may stand behind.

    Nothing of it is evidence about an address, so that more clicks may acquit some: see `reputation`.
    """
    nameless = [index for index, click in enumerate(clicks) if not address_of(click)]
    for among in groups([people[index] for index in nameless], 2).values():
        own = [nameless[at] for at in among]
        _mark(extra, "two-browsers", _with_two_browsers(clicks, own))
        if len(own) >= LONG_SWEEP_LINKS:
            _mark_long_sweep(clicks, own, by, extra)
    senders = [(clicks[index].shipment_id, clicks[index].agent_id) for index in nameless]
    for among in groups(senders, AGENT_CROWD * AGENT_CROWD_LINKS).values():
        own = [nameless[at] for at in among if clicks[nameless[at]].recipient_id != NOBODY]
        crowd = _crowds(clicks, people, own, AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_MS, AGENT_CROWD_SHARE)
        _mark(extra, "many-recipients", crowd)


def _judge_addresses(
    clicks: Sequence[Click],
    people: Sequence[_Person],
    addresses: Sequence[tuple[str, int]],
    extra: dict[int, set[str]],
) -> None:
    """One address with one agent that opens several links each of many recipients' mails within a minute, or slowly
    one mail after the other.

    An office of many readers behind one address opens many mails, too, but seldom two links of each in that minute,
    nor nearly all links of each in five.
    """
    for (ip, _), group in groups(addresses, min(recipients * links for recipients, links, _ in CROWDS)).items():
        own = [index for index in group if ip and not clicks[index].flags & SHARED]
        moments = [clicks[index].clicked_at for index in own]
        asked = sorted(Counter([people[index] for index in own]).values())
        for recipients, links, width in CROWDS:
            enough = len(asked) >= recipients and asked[-recipients] >= links  # nearly never: most look at one mail
            if enough and is_dense(moments, width, recipients * links):
                _mark(extra, "many-recipients", _crowds(clicks, people, own, recipients, links, width))


def person_of(click: Click) -> _Person:
    """Whose click it is, as clicks are compared."""
    shipment, recipient = click[4:6]
    return (shipment, recipient) if recipient != NOBODY else (shipment, recipient, address_of(click), click.agent_id)


def _crowds(
    clicks: Sequence[Click],
    people: Sequence[_Person],
    own: Sequence[int],
    enough: int,
    enough_links: int,
    width: int,
    share: float = 0,
) -> Iterator[int]:
    """The clicks of those whose mails had several links opened in a window with many such mails, which are this share
    at least of all mails in it.

    The window moves by one click at a time; once it is a crowd, only the recipient who came last can be new in it.
    """
    within: defaultdict[_Person, deque[int]] = defaultdict(deque)  # their clicks in the window
    links: defaultdict[_Person, defaultdict[int, int]]  # and how often each link is among them
    links = defaultdict(lambda: defaultdict(int))
    several: set[_Person] = set()
    start, crowded = 0, False
    for index in own:
        click, person = clicks[index], people[index]
        within[person].append(index)
        links[person][click.link_id] += 1
        while click.clicked_at - clicks[own[start]].clicked_at > width:
            past, who = clicks[own[start]], people[own[start]]
            left = links[who]
            within[who].popleft()
            if not within[who]:
                del within[who]
            left[past.link_id] -= 1
            if not left[past.link_id]:
                del left[past.link_id]
                if len(left) < enough_links:
                    several.discard(who)
            start += 1
        joins = person not in several and len(links[person]) >= enough_links
        if joins:
            several.add(person)
        before, crowded = crowded, len(several) >= max(enough, share * len(within))
        if crowded and not before:
            for one in several:
                yield from within[one]
        elif crowded and person in several:
            yield from within[person] if joins else (index,)


def _judge_probed(
    times: Sequence[int], places: Iterable[Hashable], probes: Sequence[Probe], extra: dict[int, set[str]]
) -> None:
    """Clicks on a placement that the same recipient's machine asked about with HEAD, shortly before or after; `places`
    are placement, shipment and recipient.

    Nobody knows whose machine asked with a shared token.
    """
    asked = moments_of((probe[2:], probe.clicked_at) for probe in probes if probe.recipient_id != NOBODY)
    _mark_near(times, places, asked, "head-request", PROBE_MS, extra)


def _judge_beside_junk(
    times: Sequence[int], addresses: Iterable[str], junk: Sequence[JunkRequest], extra: dict[int, set[str]]
) -> None:
    """Clicks beside a malformed, forged or mutated request from the same address: somebody tries what there is."""
    tried = moments_of((request.ip, request.clicked_at) for request in junk if request.ip)
    _mark_near(times, addresses, tried, "malformed-neighbour", JUNK_MS, extra)


def address_of(click: Click) -> str:
    """The address by which a click is compared with others; empty where anybody may stand behind it."""
    return "" if click.flags & SHARED else click.ip


def _mark_near(
    times: Sequence[int],
    keys: Iterable[Hashable],
    moments: Mapping[Hashable, Sequence[int]],
    reason: str,
    width: int,
    extra: dict[int, set[str]],
) -> None:
    """Mark every click, given in columns, within `width` milliseconds of one of its key's moments."""
    for index, key in enumerate(keys) if moments else ():
        if key in moments and is_near(moments[key], times[index], width):
            _mark(extra, reason, (index,))


def _mark(extra: dict[int, set[str]], reason: str, indices: Iterable[int]) -> None:
    for index in indices:
        if index in extra:
            extra[index].add(reason)
        else:
            extra[index] = {reason}
