"""What other rules change: how many clicks each reason decides, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from linktrack.clicks.judging.rules.judged import Verdict
from linktrack.clicks.judging.verdicts import deciding


class Change(NamedTuple):
    """How many clicks a reason decides with the rules that judged them, and with today's."""

    reason: str
    before: int
    after: int


def changes(before: Mapping[Verdict, int], after: Mapping[Verdict, int]) -> list[Change]:
    """One row for each reason that decides any click, in the order of their names.

    Both are clicks by verdict. A person against whom nothing is said, or weak reasons only, is decided by none.
    """
    decided = [Counter[str](), Counter[str]()]
    for counts, verdicts in zip(decided, (before, after), strict=True):
        for verdict, clicks in verdicts.items():
            counts[deciding(verdict)] += clicks
    reasons = sorted(reason for reason in {*decided[0], *decided[1]} if reason)
    return [Change(reason, decided[0][reason], decided[1][reason]) for reason in reasons]
