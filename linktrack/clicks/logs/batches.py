"""Batches: what was read of a log for one transaction, and how far the log was read for it.

Plain values only, and clicks in columns of such: a batch may have been made in another process (`clicks.logs.ahead`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import NamedTuple

from linktrack.clicks.click import ClickFields, Clicks
from linktrack.clicks.event import LineRow
from linktrack.clicks.logs.fields import digest
from linktrack.clicks.logs.rejections import UNREADABLE
from linktrack.moments import Stretch

# A request that speaks against those beside it: clicked_at, print, ip, why it was rejected ("" for a good one of which
# an address was changed), and whose good token was in it all the same (0: nobody's).
JunkRow = tuple[int, int, str, str, int]
# A rejected request or event, that may have been stored when the catalogue or the keys were others: the row of a click
# that names nobody (all of its four numbers are 0), the print that it has as junk, why it was rejected, and its line,
# if that is wanted.
Contested = tuple[ClickFields, int, str, bytes]
EVER: Stretch = (-(1 << 62), 1 << 62)
COMMIT_SECONDS = 4.0  # what came by a pipe waits no longer than this for more of it
BUSIEST = 8  # how many of the most frequent addresses a batch names
MOST_RECIPIENTS = 1_000  # and how many recipients of one that is behind most of them


class Reached(NamedTuple):
    """How far a log was read: columns of the table `source`.

    `last_lines` are none where all of the log is of one second: `first_lines` has them.
    A `head_length` of 0 means that nothing is known about it: lines outside of bounds of time were passed over.
    """

    format: str  # its name
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
    """Clicks of one log, with what they name by its place in a list.

    `pressed` is (clicked_at, print, query) of POSTs that say in their address which button was pressed. `busiest` are
    the most frequent addresses as kept, none of a trusted proxy, with their number of clicks; `unaddressed` is how many
    have none though addresses are kept and servers write them. `equals` has, by their print, the clicks whose line came
    before: the print of the line, and how often it had come as far as the reader remembers. `numbered` are prints of
    lines that have a number of their own: an equal one is the same line again. `uncounted` are stretches of time of
    which the reader has forgotten lines.
    """

    clicks: Clicks  # see `ClickFields`
    agents: list[str]
    networks: list[str]  # the first one is "", no network
    pressed: list[tuple[int, int, str]]
    busiest: dict[str, int]
    unaddressed: int
    busy: dict[str, list[int]]  # the recipients of the one that is behind more than half of the clicks
    probes: list[tuple[int, int, int, int, int]]  # tuples like `verdicts.Probe`
    junk: list[JunkRow]
    unknown: list[tuple[int, LineRow]]  # rejected, and perhaps known to a catalogue of a moment later; with their times
    contested: list[Contested]
    read: int
    repeated: int  # in this log: events, and lines with a number of their own, that came twice
    not_ours: int
    reasons: dict[str, int]  # of rejected lines
    rejects: list[tuple[str, bytes]]  # reason and line, when they are wanted
    reached: Reached
    waiting: int  # unfinished lines at its end that wait for the rest of them
    cut_off: bool  # the compressed file ends too early
    last: bool
    unlike: str  # another format that lines with addresses of ours were in, though the format is named
    begins: int  # the position of its first line
    equals: dict[int, tuple[int, int]]
    numbered: set[int]
    uncounted: list[Stretch]

    def has_unread(self, new: Set[tuple[int, int]]) -> bool:
        """Whether it has lines, of these times and prints, that another format than the named one would read."""
        return any(at and reason == UNREADABLE and (at, mark) in new for at, mark, _, reason, _ in self.junk)


class Gathered:
    """A batch while it is being read. `list_rejects`: the rejected lines are wanted, and not only their number."""

    def __init__(self, list_rejects: bool) -> None:
        self.clicks: list[ClickFields] = []
        self.probes: list[tuple[int, int, int, int, int]] = []
        self.junk: list[JunkRow] = []
        self.unknown: list[tuple[int, LineRow]] = []
        self.unknown_size = 0  # bytes of their lines
        self.contested: list[Contested] = []
        self.pressed: list[tuple[int, int, str]] = []
        self.shared: set[str] = set()  # addresses, as kept, of trusted proxies that had to stand for visitors
        self.unkept: list[tuple[str, int]] = []  # addresses that clicks are stored without, with the recipients
        self.equals: dict[int, tuple[int, int]] = {}  # see `Batch`
        self.numbered: set[int] = set()
        self.agent_size = 0  # characters of all agents
        self._agents: dict[str, int] = {}
        self._networks: dict[str, int] = {"": 0}
        self.read = self.repeated = self.not_ours = 0
        self._list_rejects = list_rejects
        self._reasons: dict[str, int] = {}
        self._rejects: list[tuple[str, bytes]] = []

    def reject(self, reason: str, line: bytes) -> None:
        """Count a line, or an event as text, as rejected."""
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        if self._list_rejects:
            self._rejects.append((reason, line))

    def contest(self, click: ClickFields, mark: int, reason: str, line: bytes) -> None:
        """Keep a line that is rejected because of what the catalogue or the settings say today, until `clicks.load` has
        looked whether its click was stored by an earlier import."""
        self.contested.append((click, mark, reason, line if self._list_rejects else b""))

    def put_aside(self, moment: int, row: LineRow) -> None:
        """Keep a rejected request that may be looked up again."""
        self.unknown.append((moment, row))
        self.unknown_size += len(row[0])

    def batch(
        self, reached: Reached, waiting: int, cut_off: bool, last: bool, unlike: str = "", begins: int = 0,
        uncounted: Sequence[Stretch] = (),
    ) -> Batch:  # fmt: skip
        """The batch of all that was gathered."""
        clicks = Clicks.of(sorted(self.clicks))
        often = Counter(ip for ip, _ in self.unkept) if self.unkept else Counter(clicks.ips)
        frequent = often.most_common(BUSIEST + 1)
        busiest = {ip: count for ip, count in frequent if ip and ip not in self.shared}
        visits = self.unkept or zip(clicks.ips, clicks.recipients, strict=True)
        most = next((ip for ip, count in busiest.items() if count * 2 > len(self.clicks)), "")
        busy = {most: sorted({recipient for ip, recipient in visits if ip == most})[:MOST_RECIPIENTS]} if most else {}
        return Batch(
            clicks, list(self._agents), list(self._networks), self.pressed, busiest,
            0 if self.unkept else often[""], busy, self.probes, self.junk, self.unknown, self.contested, self.read,
            self.repeated, self.not_ours, self._reasons, self._rejects, reached, waiting, cut_off, last, unlike,
            begins, self.equals, self.numbered, list(uncounted),
        )  # fmt: skip

    def agent(self, text: str) -> int:
        """The place of an agent in the batch's list."""
        if text not in self._agents:
            self.agent_size += len(text)
        return self._agents.setdefault(text, len(self._agents))

    def network(self, name: str) -> int:
        """The place of a network in the batch's list."""
        return self._networks.setdefault(name, len(self._networks))


def nothing_reached(key: bytes, format: str) -> Reached:
    """How far a log counts as read that was read within bounds of time: not at all, for lines outside of them are
    left."""
    nothing = digest(b"", key)
    return Reached(format, 0, "", nothing, 0, nothing, None, None, None, b"")
