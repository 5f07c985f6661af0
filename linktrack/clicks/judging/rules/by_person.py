"""What one recipient of one shipment did within seconds: bursts, sweeps, traps and repetition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from linktrack.clicks.click import Clicks
from linktrack.clicks.judging.rules.against import Against, mark
from linktrack.clicks.judging.rules.judged import REACH, Surroundings
from linktrack.clicks.judging.rules.windows import crowded, groups, is_dense, is_near

# A person does not open 3 places of a mail in 1.5 seconds, nor 4 in 2.5; many logs have times of whole seconds only.
BURSTS = ((3, 1_500), (4, 2_500), (5, 5_000))
SWEEP_LINKS, SWEEP_MS = 4, 10_000  # nor all links of a mail in ten
TRAP_MS = 10_000  # neighbours of a click on the honeypot
REPEATS = ((5, 2_000), (10, 10_000), (15, 300_000))  # as often do fingers open one address; the rest is a machine …
REPEATS_ANYWHERE = ((50, 10_000), (100, 60_000))  # … and as often those of all who got a forwarded mail
# So many pauses between clicks on one address that differ by no more than this are a clock's and not a person's.
EVEN_PAUSES, EVEN_MS, EVEN_LEAST_MS = 5, 1_000, 10_000  # (fingers tap evenly, too, but faster)


def judge_people(clicks: Clicks, by: Surroundings, against: Against) -> None:
    """Bursts, sweeps, traps and repetition: what one recipient of one shipment did within seconds."""
    times, links_of, placements, people = clicks.times, clicks.links, clicks.placements, clicks.people
    traps = {index for index, placement in enumerate(placements) if placement in by.traps} if by.traps else set()
    trapped = {people[index] for index in traps}
    mark(against, "honeypot", traps)
    for person, own in groups(people, BURSTS[0][0], trapped).items():
        moments = [times[index] for index in own]
        links = max(SWEEP_LINKS, by.links.get(clicks.shipments[own[0]], 0))
        places = [placements[index] for index in own]
        for least, width in reversed(BURSTS):  # the widest first, for it is often all of them
            if is_dense(moments, width, least):
                burst = crowded(moments, places, width, least)
                mark(against, "burst", [own[at] for at in burst])
                if len(burst) == len(own):
                    break
        if is_dense(moments, SWEEP_MS, links):
            opened = [links_of[index] for index in own]
            mark(against, "sweep", (own[at] for at in crowded(moments, opened, SWEEP_MS, links)))
        again = len(own) - len(set(places))  # clicks on a place that was clicked before
        if again >= REPEATS[0][0] and is_dense(moments, REPEATS[-1][1], REPEATS[0][0] + 1):
            _mark_repetition(clicks, own, against)
        if person in trapped:
            trapping = [times[index] for index in own if index in traps]
            near = (index for index in own if is_near(trapping, times[index], TRAP_MS))
            mark(against, "honeypot-neighbour", (index for index in near if index not in traps))


def _mark_repetition(clicks: Clicks, own: Sequence[int], against: Against) -> None:
    """Mark the clicks of one person on one placement, from one address, that are more than fingers make.

    Other addresses are other people's, to whom the mail was forwarded, or who read it where somebody has put it: all of
    them together may do it more often.
    """
    from_one = [(clicks.ips[index], clicks.placements[index]) for index in own]
    from_any = [("", clicks.placements[index]) for index in own]
    for places, limits in ((from_one, REPEATS), (from_any, REPEATS_ANYWHERE)):
        for among in groups(places, limits[0][0] + 1).values():
            moments = [clicks.times[own[index]] for index in among]
            for often, width in limits:
                close = (
                    own[index]
                    for before, moment, index in zip(moments, moments[often:], among[often:], strict=False)
                    if moment - before <= width
                )
                mark(against, "repetition", close)
            if places is from_one:
                mark(against, "repetition", _in_even_time(moments, [own[index] for index in among]))


def _in_even_time(moments: Sequence[int], repeated: Sequence[int]) -> Iterator[int]:
    """The clicks before which `EVEN_PAUSES` pauses, none of them short, were equal as a person's never are, all within
    `REACH`."""
    pauses = [later - before for before, later in pairwise(moments)]
    for at in range(EVEN_PAUSES, len(repeated)):
        some = pauses[at - EVEN_PAUSES : at]
        if min(some) >= EVEN_LEAST_MS and max(some) - min(some) <= EVEN_MS and sum(some) <= REACH:
            yield repeated[at]
