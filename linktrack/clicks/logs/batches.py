"""Batches: what was read of a log for one transaction, and how far the log was read for it.

Plain values only: a batch may have been made in another process (`clicks.ahead`).
"""

from __future__ import annotations

from typing import NamedTuple

from linktrack.clicks.logs.fields import digest

ClickRow = tuple[int, int, int, int, int, int, str, int, int]  # like `verdicts.Click`


class Reached(NamedTuple):
    """How far a log was read: columns of the table `source`.

    A `head_length` of 0 means that nothing is known about it: lines outside of bounds of time were passed over.
    """

    position: int
    state: str
    head: bytes
    head_length: int
    tail: bytes
    first_at: int | None
    first_lines: bytes | None  # None = as they were
    last_at: int | None
    last_lines: bytes


class Batch(NamedTuple):
    """Clicks of one log. A click is a tuple like `verdicts.Click`, but its `agent_id` is an index into `agents`."""

    clicks: list[ClickRow]
    agents: list[str]
    probes: list[tuple[int, int, int, int, int]]  # tuples like `verdicts.Probe`
    read: int
    repeated: int  # within this batch: events that came twice
    not_ours: int
    reasons: dict[str, int]  # of rejected lines
    rejects: list[tuple[str, bytes]]  # reason and line, when they are wanted
    reached: Reached
    cut_off: bool  # the compressed file ends too early
    last: bool


class Gathered:
    """A batch while it is being read. `list_rejects`: the rejected lines are wanted, and not only their number."""

    def __init__(self, list_rejects: bool) -> None:
        self.clicks: list[ClickRow] = []
        self.probes: list[tuple[int, int, int, int, int]] = []
        self.read = self.repeated = self.not_ours = 0
        self._list_rejects = list_rejects
        self._reasons: dict[str, int] = {}
        self._rejects: list[tuple[str, bytes]] = []

    def reject(self, reason: str, line: bytes) -> None:
        """Count a line, or an event as text, as rejected."""
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        if self._list_rejects:
            self._rejects.append((reason, line))

    def batch(self, agents: list[str], reached: Reached, cut_off: bool, last: bool) -> Batch:
        """All of it, for the agents that its clicks' indices mean."""
        return Batch(
            self.clicks, agents, self.probes, self.read, self.repeated, self.not_ours, self._reasons, self._rejects,
            reached, cut_off, last,
        )  # fmt: skip


def nothing_reached(key: bytes) -> Reached:
    """Of a log that was read within bounds of time only: there may be more to read in what was read."""
    nothing = digest(b"", key)
    return Reached(0, "", nothing, 0, nothing, None, None, None, b"")
