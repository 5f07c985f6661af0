"""A line whose click is stored counts as seen before, even where it would be rejected today: its key, link, mailing or
person may have changed since, or the format that it is read in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from linktrack.clicks.click import ClickFields, Clicks
from linktrack.clicks.logs.batches import Batch
from linktrack.store.many import at_once, marks
from linktrack.store.session import Database

_Value = TypeVar("_Value")
_Key = TypeVar("_Key", bound=Hashable)


class _Meant(NamedTuple):
    """What a stored click means."""

    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    agent: str


def recall(database: Database, batch: Batch) -> Batch:
    """The batch, in which contested requests whose clicks are stored are clicks, and are rejected and contested no
    more."""
    if not batch.contested:
        return batch
    stored = _stored(database, sorted({click[0] for click, *_ in batch.contested}))
    found = [one for one in batch.contested if one[0][:2] in stored]
    if not found:
        return batch
    agents = {text: number for number, text in enumerate(batch.agents)}
    clicks: list[ClickFields] = []
    for (moment, identity, _, _, _, _, ip, network, _, flags), *_ in found:
        *meant, agent = stored[moment, identity]
        link, placement, shipment, recipient = meant
        number = agents.setdefault(agent, len(agents))
        clicks.append((moment, identity, link, placement, shipment, recipient, ip, network, number, flags))
    reasons = Counter(batch.reasons)
    reasons.subtract(reason for _, _, reason, _ in found)
    lines = Counter((reason, line) for _, _, reason, line in found)
    junk = Counter((click[0], mark, reason) for click, mark, reason, _ in found)
    return batch._replace(
        clicks=Clicks.of(sorted([*batch.clicks, *clicks])),
        agents=list(agents),
        contested=[one for one in batch.contested if one[0][:2] not in stored],
        reasons={reason: count for reason, count in reasons.items() if count},
        rejects=_without(batch.rejects, lines, lambda reject: reject),
        junk=_without(batch.junk, junk, lambda one: (one[0], one[1], one[3])),
    )


def _stored(database: Database, moments: Sequence[int]) -> dict[tuple[int, int], _Meant]:
    """The clicks of some moments, by time and print."""
    found: dict[tuple[int, int], _Meant] = {}
    for some in at_once(moments):
        rows = database.rows(
            "SELECT clicked_at, print, link_id, placement_id, shipment_id, recipient_id, text FROM click "  # noqa: S608  (marks of our own)
            f"JOIN agent ON agent.id = agent_id WHERE clicked_at IN ({marks(some)})",
            some,
        )
        found.update(((moment, identity), _Meant(*meant)) for moment, identity, *meant in rows)
    return found


def _without(values: Iterable[_Value], taken: Counter[_Key], key: Callable[[_Value], _Key]) -> list[_Value]:
    """The values without those in `taken`, each left out as often as it is counted there."""
    left = []
    for value in values:
        if taken[key(value)] > 0:
            taken[key(value)] -= 1
        else:
            left.append(value)
    return left
