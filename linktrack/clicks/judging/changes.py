"""How many clicks each reason decides under the rules that judged them, and under today's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from linktrack.clicks.judging.rules.judged import Verdict
from linktrack.clicks.judging.rules.reasons import deciding


class Change(NamedTuple):
    """How many clicks a reason decides with the rules that judged them, and with today's."""

    reason: str
    before: int
    after: int


def changes(before: Mapping[Verdict, int], after: Mapping[Verdict, int]) -> list[Change]:
    """One row for each reason that decides a click before or after, by name. `before` and `after` are numbers of clicks
    by verdict. A click of a person against whom nothing speaks, or weak reasons only, is decided by no reason and is in
    no row."""
    decided = [Counter[str](), Counter[str]()]
    for counts, verdicts in zip(decided, (before, after), strict=True):
        for verdict, clicks in verdicts.items():
            counts[deciding(verdict)] += clicks
    reasons = sorted(reason for reason in {*decided[0], *decided[1]} if reason)
    return [Change(reason, decided[0][reason], decided[1][reason]) for reason in reasons]
