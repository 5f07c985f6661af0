"""Which stored clicks bear on new ones, or are borne on by them: those near in time that have something in common."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress

from linktrack.click_marks import SHARED
from linktrack.clicks.click import Click, Clicks
from linktrack.clicks.judging.rules.judged import REACH
from linktrack.clicks.judging.rules.windows import is_near, moments_of
from linktrack.clicks.judging.stored_clicks import FEW, StoredClick, click_rows, ends_within
from linktrack.store.many import marks
from linktrack.store.session import Database, Row

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
    """What some clicks have in common with others: people, addresses, and agents where there is no address, each with
    its moments in order."""

    def __init__(self, clicks: Clicks, besides: Sequence[tuple[int, int, str]] = ()) -> None:
        people = zip(clicks.recipients, clicks.times, strict=True)
        self._people = moments_of([*people, *((who, at) for at, who, _ in besides if who)])
        addressed = compress(zip(clicks.addresses, clicks.times, strict=True), clicks.addresses)
        self._addresses = moments_of([*addressed, *((address, at) for at, _, address in besides if address)])
        nameless = [not address for address in clicks.addresses]
        self._agents = moments_of(compress(zip(clicks.agents, clicks.times, strict=True), nameless))

    def clicks_near(self, database: Database, low: int, high: int) -> list[StoredClick]:
        """The stored clicks of a stretch of time, in order, that have something in common with these within `REACH`."""
        return [StoredClick.of(row) for row in self._some_rows(database, low, high) if self._is_near(row)]

    def _some_rows(self, database: Database, low: int, high: int) -> Iterator[Row]:
        """The clicks that have something in common with these at whatever time; all clicks if that is too much to
        ask."""
        people, addresses, agents = self._people, self._addresses, self._agents
        if len(people) + len(addresses) + len(agents) <= FEW:
            nameless = f"(ip = '' OR (flags & {SHARED}) <> 0)"
            where = (
                f" AND (recipient_id IN ({marks(people)}) OR ip IN ({marks(addresses)}) "
                f"OR ({nameless} AND agent_id IN ({marks(agents)})))"
            )
            return click_rows(database, low, high, where, [*people, *addresses, *agents])
        return (
            row
            for row in click_rows(database, low, high)
            if row[_RECIPIENT] in people
            or row[_IP] in addresses
            or (row[_AGENT] in agents and (not row[_IP] or row[_FLAGS] & SHARED))
        )

    def _is_near(self, row: Row) -> bool:
        moment = row[_CLICKED_AT]
        if is_near(self._people.get(row[_RECIPIENT], ()), moment, REACH):
            return True
        if row[_IP] and not row[_FLAGS] & SHARED:
            return is_near(self._addresses.get(row[_IP], ()), moment, REACH)
        return is_near(self._agents.get(row[_AGENT], ()), moment, REACH)
