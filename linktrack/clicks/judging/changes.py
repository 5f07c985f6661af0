"""How many clicks each reason decides under the rules that judged them, and under today's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from linktrack.clicks.judging.rules.judged import Verdict
from linktrack.clicks.judging.rules.reasons import deciding


class Change(NamedTuple):
    """How many clicks a reason decides with the rules that judged them, how many of these another one decides with
    today's, how many others it decides then, and how many all in all."""

    reason: str
    before: int
    lost: int
    gained: int
    after: int


def changes(before: Mapping[Verdict, int], moved: Mapping[tuple[Verdict, Verdict], int]) -> list[Change]:
    """One row for each reason that decides a click before or after, by name. `before` are numbers of clicks by verdict,
    `moved` numbers of those that have one verdict and get another. The reason of people against whom nothing speaks, or
    weak reasons only, is empty."""
    decided, lost, gained = Counter[str](), Counter[str](), Counter[str]()
    for verdict, clicks in before.items():
        decided[deciding(verdict)] += clicks
    for (was, now), clicks in moved.items():
        if deciding(was) != deciding(now):
            lost[deciding(was)] += clicks
            gained[deciding(now)] += clicks
    return [
        Change(reason, decided[reason], lost[reason], gained[reason], decided[reason] - lost[reason] + gained[reason])
        for reason in sorted({*(+decided), *gained})
    ]
