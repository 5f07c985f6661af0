"""Rules on one address that opens many recipients' mails, and on agents where a click has no address."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from linktrack.clicks.click import Clicks, Whose
from linktrack.clicks.judging.rules.against import Against, mark
from linktrack.clicks.judging.rules.judged import Surroundings
from linktrack.clicks.judging.rules.windows import crowded, groups, is_dense
from linktrack.links.tokens import NOBODY

# One address and agent that opens so many links each of so many mails: at once, or slowly one mail after the other.
CROWDS = ((10, 2, 60_000), (10, 3, 300_000), (5, 6, 300_000))
# The same without an address, where nothing else tells who asks: nearly all mails that the agent opened just then …
AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_SHARE, AGENT_CROWD_MS = 10, 2, 0.8, 60_000
LONG_SWEEP_LINKS, LONG_SWEEP_SHARE, LONG_SWEEP_MS = 7, 0.75, 60_000  # … or nearly all links of one mail
BROWSERS_MS = 5_000  # nor does a person open two links with two browsers within five seconds


def judge_addresses(clicks: Clicks, against: Against) -> None:
    """One address with one agent that opens several links each of many recipients' mails within a minute, or slowly
    one mail after the other.

    An office of many readers behind one address opens many mails, too, but seldom two links of each in that minute,
    nor nearly all links of each in five.
    """
    least = min(recipients * links for recipients, links, _ in CROWDS)
    for own in _from_one_place(clicks, least):
        moments, whose = [clicks.times[index] for index in own], [clicks.people[index] for index in own]
        asked, visits = sorted(Counter(whose).values()), _Visits.of(moments, whose)
        for recipients, links, width in CROWDS:
            enough = len(asked) >= recipients and asked[-recipients] >= links  # nearly never: most look at one mail
            if enough and visits.are_dense(width, recipients) and is_dense(moments, width, recipients * links):
                mark(against, "many-recipients", _crowds(clicks, own, recipients, links, width))


def _from_one_place(clicks: Clicks, least: int) -> Iterator[list[int]]:
    """The clicks that have both address and agent in common, where they are so many."""
    for address, own in groups(clicks.addresses, least).items():
        if address:
            for among in groups([clicks.agents[index] for index in own], least).values():
                yield [own[at] for at in among]


def judge_without_addresses(clicks: Clicks, by: Surroundings, against: Against) -> None:
    """What tells machines by their agents alone, of clicks that have no address or one that anybody may stand behind.

    Nothing of it is evidence about an address, so that more clicks may acquit some: see `reputation`.
    """
    nameless = [index for index, address in enumerate(clicks.addresses) if not address]
    for among in groups([clicks.people[index] for index in nameless], 2).values():
        own = [nameless[at] for at in among]
        mark(against, "two-browsers", _with_two_browsers(clicks, own))
        if len(own) >= LONG_SWEEP_LINKS:
            _mark_long_sweep(clicks, own, by, against)
    senders = [(clicks.shipments[index], clicks.agents[index]) for index in nameless]
    for among in groups(senders, AGENT_CROWD * AGENT_CROWD_LINKS).values():
        own = [nameless[at] for at in among if clicks.recipients[nameless[at]] != NOBODY]
        crowd = _crowds(clicks, own, AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_MS, AGENT_CROWD_SHARE)
        mark(against, "many-recipients", crowd)


class _Visits(NamedTuple):
    """The clicks of one person after the other, by the moments of the first and of the last one of each visit."""

    first: Sequence[int]
    last: Sequence[int]

    @classmethod
    def of(cls, moments: Sequence[int], whose: Sequence[Whose]) -> _Visits:
        """Of clicks in order, by their moments and whose they are."""
        others = [at for at, (one, following) in enumerate(pairwise(whose), 1) if one != following]
        return cls([moments[at] for at in (0, *others)], [moments[at - 1] for at in (*others, len(moments))])

    def are_dense(self, width: int, least: int) -> bool:
        """Whether so many lie within `width`, as those of so many people do: a quick test."""
        return any(first - last <= width for first, last in zip(self.first[least - 1 :], self.last, strict=False))


def _crowds(
    clicks: Clicks, own: Sequence[int], enough: int, enough_links: int, width: int, share: float = 0
) -> Iterator[int]:
    """The clicks in mails of which several links were opened within a window, where the window has many such mails and
    they are at least this share of all mails in it.

    The window moves by one click at a time; once it is a crowd, only the recipient who came last can be new in it.
    """
    times, links_of, people = clicks.times, clicks.links, clicks.people
    within: defaultdict[Whose, deque[int]] = defaultdict(deque)  # their clicks in the window
    links: defaultdict[Whose, defaultdict[int, int]]  # and how often each link is among them
    links = defaultdict(lambda: defaultdict(int))
    several: set[Whose] = set()
    start, crowded = 0, False
    for index in own:
        moment, person = times[index], people[index]
        within[person].append(index)
        opened = links[person]
        opened[links_of[index]] += 1
        while moment - times[past := own[start]] > width:
            who, link = people[past], links_of[past]
            left = links[who]
            within[who].popleft()
            if not within[who]:
                del within[who]
            left[link] -= 1
            if not left[link]:
                del left[link]
                if len(left) < enough_links:
                    several.discard(who)
            start += 1
        joins = len(opened) >= enough_links and person not in several
        if joins:
            several.add(person)
        before, crowded = crowded, len(several) >= max(enough, share * len(within))
        if crowded and not before:
            for one in several:
                yield from within[one]
        elif crowded and person in several:
            yield from within[person] if joins else (index,)


def _with_two_browsers(clicks: Clicks, own: Sequence[int]) -> Iterator[int]:
    """One person's clicks near which another link was opened with another agent, before or after."""
    near: Counter[tuple[int, int]] = Counter()  # in the window: agent and link, each with -1 in the place of the other
    moments = [clicks.times[index] for index in own]
    traits = [_traits(clicks.agents[index], clicks.links[index]) for index in own]
    start = stop = 0
    for index, moment, (both, agent, link) in zip(own, moments, traits, strict=True):
        while stop < len(own) and moments[stop] <= moment + BROWSERS_MS:
            near.update(traits[stop])
            stop += 1
        while moments[start] < moment - BROWSERS_MS:
            near.subtract(traits[start])
            start += 1
        if stop - start - near[agent] - near[link] + near[both] > 0:
            yield index


def _traits(agent: int, link: int) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (agent, link), (agent, -1), (-1, link)


def _mark_long_sweep(clicks: Clicks, own: Sequence[int], by: Surroundings, against: Against) -> None:
    """Mark where nearly all links of one mail were opened with one agent: a reader may come while a scanner looks."""
    most = max(LONG_SWEEP_LINKS, ceil(LONG_SWEEP_SHARE * by.links.get(clicks.shipments[own[0]], 0)))
    for among in groups([clicks.agents[index] for index in own], most).values():
        swept = [own[at] for at in among]
        moments, opened = [clicks.times[index] for index in swept], [clicks.links[index] for index in swept]
        mark(against, "sweep", (swept[at] for at in crowded(moments, opened, LONG_SWEEP_MS, most)))
