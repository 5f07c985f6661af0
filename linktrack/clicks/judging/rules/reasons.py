"""The reasons of verdicts: which there are, and in which order they are given."""

from __future__ import annotations

from collections.abc import Iterable

from linktrack.click_marks import HUMAN
from linktrack.clicks.judging.rules.judged import Verdict

# In the order in which they are given: the first one decides. An agent's has its name behind a colon. What
# makes a prefetch stands behind what makes a scanner, and weak reasons stand last.
REASONS = (
    "test-shipment", "posted",
    "service-flag", "honeypot", "agent", "burst", "sweep", "two-browsers", "many-recipients", "head-request",
    "honeypot-neighbour", "malformed-neighbour", "repetition", "known-scanner-address", "purpose-header",
    "network", "scanner-address", "soon-after-sending",
)  # fmt: skip
WEAK = frozenset({"network", "scanner-address", "soon-after-sending"})
_RANK = {reason: rank for rank, reason in enumerate(REASONS)}


def in_order(reasons: Iterable[str]) -> str:
    """Reasons as they are kept, the one that decides first."""
    return ",".join(sorted(reasons, key=lambda reason: (_RANK[reason.partition(":")[0]], reason)))


def deciding(verdict: Verdict) -> str:
    """The reason that decides a verdict; of a person against whom there are only weak ones or none, it is empty."""
    first = verdict[1].partition(",")[0]
    return "" if verdict[0] == HUMAN and first in WEAK else first
