"""Which stored clicks bear on new ones, or are borne on by them: those near in time that have something in common."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter

from linktrack.click_marks import SHARED
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.rules.judged import REACH
from linktrack.clicks.judging.stored_clicks import FEW, StoredClick, click_rows, ends_within
from linktrack.store.many import marks
from linktrack.store.session import Database, Row

_NEVER = -(1 << 63)  # before all moments, and what is near them
_CLICKED_AT, _RECIPIENT, _IP, _AGENT, _FLAGS = map(
    Click._fields.index, ("clicked_at", "recipient_id", "ip", "agent_id", "flags")
)


def neighbours(
    database: Database, own: Clicks, besides: Sequence[tuple[int, int, str]], low: int, high: int
) -> tuple[list[StoredClick], set[Click]]:
    """The stored clicks whose verdicts may depend on `own` and on what is `besides` them (moment, recipient or 0,
    address or ""), together with all clicks that these depend on, in order; and which of them are the former. All of
    `own` and `besides` lie between the moments `low` and `high`, and are sorted.

    That is a person's own clicks, those from one address, and those of one agent that have none, within `REACH`: few,
    however many logs have clicks of that time.
    """
    ends = ends_within(database, "click", low - REACH, high + REACH)
    if ends is None:
        return [], set()
    first, last = ends[0] - REACH, ends[1] + REACH
    ours = _Common(
        own[bisect_left(own.times, first) : bisect_left(own.times, last + 1)],
        [one for one in besides if first <= one[0] <= last],
    )
    concerned = ours.clicks_near(database, *ends)
    if not concerned:
        return [], set()
    theirs = _Common(Clicks.of(one.click for one in concerned))
    near = theirs.clicks_near(database, concerned[0].click.clicked_at - REACH, concerned[-1].click.clicked_at + REACH)
    return near, {one.click for one in concerned}


class _Common:
    """What some clicks have in common with others: people, and addresses or, where there is none, agents."""

    def __init__(self, clicks: Clicks, besides: Sequence[tuple[int, int, str]] = ()) -> None:
        places = [address or agent for address, agent in zip(clicks.addresses, clicks.agents, strict=True)]
        said: list[tuple[int, int | None, str | int | None]] = [
            *zip(clicks.times, clicks.recipients, places, strict=True),
            *((at, who or None, address or None) for at, who, address in besides),
        ]
        self._said = sorted(said, key=itemgetter(0))

    def clicks_near(self, database: Database, low: int, high: int) -> list[StoredClick]:
        """The stored clicks of a stretch of time, in order, that have something in common with these within `REACH`."""
        people: dict[int | None, int] = {}  # the last moment of each so far
        places: dict[str | int | None, int] = {}
        found: list[StoredClick] = []
        coming = iter(self._said)
        following = next(coming, None)
        for row in self._some_rows(database, low, high):
            at = row[_CLICKED_AT]
            while following is not None and following[0] <= at + REACH:
                moment, who, where = following
                people[who] = places[where] = moment
                following = next(coming, None)
            last = people.get(row[_RECIPIENT], _NEVER)
            if last < at - REACH:
                is_named = row[_IP] and not row[_FLAGS] & SHARED
                last = places.get(row[_IP] if is_named else row[_AGENT], _NEVER)
            if last >= at - REACH:
                found.append(StoredClick.of(row))
        return found

    def _some_rows(self, database: Database, low: int, high: int) -> Iterator[Row]:
        """The clicks that have something in common with these at whatever time; all clicks if that is too much to
        ask."""
        people = {who for _, who, _ in self._said if who is not None}
        places = {where for _, _, where in self._said}
        if len(people) + len(places) > FEW:
            return click_rows(database, low, high)
        addresses = [where for where in places if isinstance(where, str)]
        agents = [where for where in places if isinstance(where, int)]
        nameless = f"(ip = '' OR (flags & {SHARED}) <> 0)"
        where = (
            f" AND (recipient_id IN ({marks(people)}) OR ip IN ({marks(addresses)}) "
            f"OR ({nameless} AND agent_id IN ({marks(agents)})))"
        )
        return click_rows(database, low, high, where, [*people, *addresses, *agents])
