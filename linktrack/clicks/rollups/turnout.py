"""Who has become a clicker or is none any more, and whose first click lies elsewhere now, as the tallies count it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

First = tuple[int, int]  # the first human click of a person (of several at one moment, by device): moment and device


def _nothing() -> list[int]:
    return [0, 0, 0]


@dataclass
class Turnout:
    """What has changed about who clicked: 1 for somebody, or their first click, that stands somewhere now, and -1 for
    one that does not any more."""

    # How many more clickers, by placement and shipment.
    on_placements: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    # First clicks by shipment, link (0: of all the shipment) and ±1.
    firsts: defaultdict[tuple[int, int, int], list[First]] = field(default_factory=lambda: defaultdict(list))
    # Clicks of people and machines, and clickers, that came by shipment and the domain that the mail was sent to, "" of
    # those who refused tracking.
    by_domain: defaultdict[tuple[int, str], list[int]] = field(default_factory=lambda: defaultdict(_nothing))
