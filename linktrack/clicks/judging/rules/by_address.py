"""Rules on one address that opens many recipients' mails, and on agents where a click has no address."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from math import ceil

from linktrack.click_marks import SHARED
from linktrack.clicks.judging.rules.against import Against, mark
from linktrack.clicks.judging.rules.judged import (
    Click,
    Surroundings,
    Whose,
    address_of,
)
from linktrack.clicks.judging.rules.windows import crowded, groups, is_dense
from linktrack.links.tokens import NOBODY

# One address and agent that opens so many links each of so many mails: at once, or slowly one mail after the other.
CROWDS = ((10, 2, 60_000), (10, 3, 300_000), (5, 6, 300_000))
# The same without an address, where nothing else tells who asks: nearly all mails that the agent opened just then …
AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_SHARE, AGENT_CROWD_MS = 10, 2, 0.8, 60_000
LONG_SWEEP_LINKS, LONG_SWEEP_SHARE, LONG_SWEEP_MS = 7, 0.75, 60_000  # … or nearly all links of one mail
BROWSERS_MS = 5_000  # nor does a person open two links with two browsers within five seconds


def judge_addresses(
    clicks: Sequence[Click],
    people: Sequence[Whose],
    addresses: Sequence[tuple[str, int]],
    against: Against,
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
                mark(against, "many-recipients", _crowds(clicks, people, own, recipients, links, width))


def judge_without_addresses(
    clicks: Sequence[Click], people: Sequence[Whose], by: Surroundings, against: Against
) -> None:
    """What tells machines by their agents alone, of clicks that have no address or one that anybody may stand behind.

    Nothing of it is evidence about an address, so that more clicks may acquit some: see `reputation`.
    """
    nameless = [index for index, click in enumerate(clicks) if not address_of(click)]
    for among in groups([people[index] for index in nameless], 2).values():
        own = [nameless[at] for at in among]
        mark(against, "two-browsers", _with_two_browsers(clicks, own))
        if len(own) >= LONG_SWEEP_LINKS:
            _mark_long_sweep(clicks, own, by, against)
    senders = [(clicks[index].shipment_id, clicks[index].agent_id) for index in nameless]
    for among in groups(senders, AGENT_CROWD * AGENT_CROWD_LINKS).values():
        own = [nameless[at] for at in among if clicks[nameless[at]].recipient_id != NOBODY]
        crowd = _crowds(clicks, people, own, AGENT_CROWD, AGENT_CROWD_LINKS, AGENT_CROWD_MS, AGENT_CROWD_SHARE)
        mark(against, "many-recipients", crowd)


def _crowds(
    clicks: Sequence[Click],
    people: Sequence[Whose],
    own: Sequence[int],
    enough: int,
    enough_links: int,
    width: int,
    share: float = 0,
) -> Iterator[int]:
    """The clicks in mails of which several links were opened within a window, where the window has many such mails and
    they are at least this share of all mails in it.

    The window moves by one click at a time; once it is a crowd, only the recipient who came last can be new in it.
    """
    within: defaultdict[Whose, deque[int]] = defaultdict(deque)  # their clicks in the window
    links: defaultdict[Whose, defaultdict[int, int]]  # and how often each link is among them
    links = defaultdict(lambda: defaultdict(int))
    several: set[Whose] = set()
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


def _mark_long_sweep(clicks: Sequence[Click], own: Sequence[int], by: Surroundings, against: Against) -> None:
    """Mark where nearly all links of one mail were opened with one agent: a reader may come while a scanner looks."""
    most = max(LONG_SWEEP_LINKS, ceil(LONG_SWEEP_SHARE * by.links.get(clicks[own[0]].shipment_id, 0)))
    for among in groups([clicks[index].agent_id for index in own], most).values():
        swept = [own[at] for at in among]
        moments, opened = [clicks[index].clicked_at for index in swept], [clicks[index].link_id for index in swept]
        mark(against, "sweep", (swept[at] for at in crowded(moments, opened, LONG_SWEEP_MS, most)))
