"""A log being read: its lines become batches of clicks.

Nothing here touches the database, so a batch can be made in another process (`clicks.ahead`) while the one before is
stored (`clicks.load`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from linktrack.clicks.event import NOTE, POST, PREFETCH, Row
from linktrack.clicks.formats import LineFormat
from linktrack.clicks.logs.batches import Batch, Gathered, Reached, nothing_reached
from linktrack.clicks.logs.cuts import MAX_LINES, packed
from linktrack.clicks.logs.fields import agent_text, digest, is_prefetch, kept_address, line_printer
from linktrack.clicks.logs.sources import HEAD_BYTES, MAX_LINE_BYTES, TAIL_BYTES, Known, Log
from linktrack.clicks.logs.tracked import CACHE_SIZE, Addresses
from linktrack.errors import LinktrackError

BATCH_CLICKS = 60_000  # a transaction holds about this many clicks …
BATCH_LINES = 400_000  # … or this many lines
SEED_BYTES = 1 << 18  # read again before the position, so that equal lines on both sides of it are counted


@dataclass(frozen=True)
class Rules:
    """What lines are read by. Times are UTC milliseconds, `since` included and `until` not."""

    addresses: Addresses
    key: bytes
    ip: str  # how much of an IP address is kept
    since: int | None
    until: int | None
    list_rejects: bool

    @property
    def bounded(self) -> bool:
        """Whether lines outside of bounds of time are passed over."""
        return self.since is not None or self.until is not None


class Reading:
    """One log being read: the counts of equal lines, and the lines at its two ends."""

    def __init__(self, log: Log, format: LineFormat, known: Known | None, rules: Rules) -> None:
        self.log = log
        self.format = format
        self.known = known
        self.rules = rules
        self.start = log.peek(HEAD_BYTES)
        self.first: list[int] = []
        self.first_at: int | None = None
        self.first_done = known is not None
        self.first_news = known is None  # whether `first` has anything that `source` has not
        self.last_rows: list[Row] = []
        # How often each print came, in two generations: equal lines carry equal times and stand near each other.
        self.counts: dict[int, int] = {}
        self.older: dict[int, int] = {}
        self._printer = line_printer(rules.key)
        self._ips: dict[bytes, str] = {}
        self.agents: dict[bytes, int] = {}
        self.lines = 0
        self.gathered = Gathered(rules.list_rejects)

    def batches(self) -> Iterator[Batch]:
        """The log from where it was left to its end. What was read before an error comes before the error."""
        if self.known is not None:
            self.format.resume(self.known.state)
            self._seed(self.known.position)
        try:
            for block in self.log.blocks():
                self._take(block.removeprefix(b"\xef\xbb\xbf") if self.log.position == len(block) else block)
                if len(self.gathered.clicks) >= BATCH_CLICKS or self.lines >= BATCH_LINES:
                    yield self._batch(last=False)
        except LinktrackError:
            yield self._batch(last=True)
            raise
        yield self._batch(last=True)

    def _batch(self, last: bool) -> Batch:
        """What was read since the last batch."""
        agents = [agent_text(agent) for agent in self.agents]
        batch = self.gathered.batch(agents, self._reached(), self.log.cut_off, last)
        if len(self.counts) > BATCH_CLICKS:
            self.counts, self.older = {}, self.counts
        self.agents, self.lines, self.gathered = {}, 0, Gathered(self.rules.list_rejects)
        return batch

    def _reached(self) -> Reached:
        if self.rules.bounded:
            return nothing_reached(self.rules.key)
        head = self.start[: self.log.position]
        last_at, last = self._last()
        return Reached(
            self.log.position,
            self.format.state(),
            digest(head, self.rules.key),
            len(head),
            digest(self.log.tail, self.rules.key),
            self.first_at,
            packed(self.first) if self.first_news else None,
            last_at,
            packed(last),
        )

    def _seed(self, position: int) -> None:
        """Count the lines before the position, for the first lines behind it may be their equals."""
        back = min(position, SEED_BYTES)
        self.log.skip(position - back)
        seed = self.log.take(back)
        self.log.position, self.log.tail = position, seed[-TAIL_BYTES:]
        if back < position:
            seed = seed[seed.find(b"\n") + 1 :]
        rows = self.format.rows(seed)
        self.last_rows = rows[-MAX_LINES - 1 :]
        if back == position:  # a short log: its first second may go on
            self.first_done = False
            self.first_news = True
            self._note_first(rows)
        for row in rows:
            if row[3] and isinstance(self.rules.addresses.resolve(row[4]), tuple):
                mark = self._print(row[0])
                self.counts[mark] = self.counts.get(mark, 0) + 1

    # --- the lines ---------------------------------------------------------------------------------------------

    def _take(self, block: bytes) -> None:
        """Count every line of a block and make clicks of those that are some."""
        rows = self.format.rows(block)
        if not self.first_done:
            self._note_first(rows)
        self.last_rows = rows if len(rows) > MAX_LINES else [*self.last_rows, *rows][-MAX_LINES - 1 :]
        addresses, ips, how, agents, moment_of = (
            self.rules.addresses, self._ips, self.rules.ip, self.agents, self.format.moment,
        )  # fmt: skip
        resolve, heads, people, verified = addresses.resolve, addresses.heads, addresses.people, addresses.person
        resets, unsubscribing = addresses.resets, addresses.unsubscribing
        printer, number, reject, keep = (
            self._printer.copy,
            int.from_bytes,
            self.gathered.reject,
            self.gathered.clicks.append,
        )
        counts, older = self.counts, self.older
        since, until = self.rules.since, self.rules.until
        not_ours = blank = 0
        for line, host, stamp, method, target, status, agent, purpose in rows:
            if not method:
                if stamp:
                    not_ours += 1
                elif line.strip():
                    reject(_junk_reason(line), line)
                else:
                    blank += 1
                continue
            spot = heads.get(target[:-32])
            person = (people.get(target[-32:]) or verified(target[-32:])) if spot else None
            problem = ""
            if spot and person and spot[2] == person[2]:
                link, placement, _ = spot
                shipment, recipient, _ = person
            else:
                found = resolve(target)
                if found is None:
                    not_ours += 1
                    continue
                if isinstance(found, str):
                    problem = found
                else:
                    link, placement, shipment, recipient = found
            try:
                moment = moment_of(stamp)
            except (ValueError, OverflowError):
                reject("bad-time", line)
                continue
            if (since is not None and moment < since) or (until is not None and moment >= until):
                not_ours += 1
                continue
            if problem:
                reject(problem, line)
                continue
            if link in resets and moment <= resets[link]:
                reject("before-reset", line)
                continue
            flags = 0
            if method != b"GET":
                if method != b"POST" or placement not in unsubscribing:
                    reject("method", line)
                    if method == b"HEAD":
                        self.gathered.probes.append((moment, self._print(line), placement, shipment, recipient))
                    continue
                flags = POST
            if status[:1] not in (b"2", b"3") or len(status) != 3:
                reject("status", line)
                continue
            if purpose and is_prefetch(purpose):
                flags |= PREFETCH
            hasher = printer()
            hasher.update(line)
            mark = identity = number(hasher.digest(), "little", signed=True)
            if mark in counts or mark in older:
                count = (counts.get(mark) or older[mark]) + 1
                counts[mark] = count
                identity = nth(mark, count)
            else:
                counts[mark] = 1
            ip = ips.get(host)
            if ip is None:
                if len(ips) >= CACHE_SIZE:
                    ips.clear()
                ip = ips[host] = kept_address(host, how)
            agent_number = agents.get(agent)
            if agent_number is None:
                agent_number = agents[agent] = len(agents)
            keep((moment, identity, link, placement, shipment, recipient, ip, agent_number, flags))
        self.gathered.not_ours += not_ours
        self.gathered.read += len(rows) - blank
        self.lines += len(rows)

    # --- the ends of the log -----------------------------------------------------------------------------------

    def _print(self, line: bytes) -> int:
        hasher = self._printer.copy()
        hasher.update(line)
        return int.from_bytes(hasher.digest(), "little", signed=True)

    def _second(self, row: Row) -> int | None:
        """The second of a row as UTC milliseconds, or None for a line without a time."""
        if not row[2] or row[2] is NOTE:
            return None
        try:
            return self.format.moment(row[2]) // 1000 * 1000
        except (ValueError, OverflowError):
            return None

    def _note_first(self, rows: Sequence[Row]) -> None:
        """Keep the lines of the log's first second."""
        for row in rows:
            second = self._second(row)
            if second is not None:
                if self.first_at is None:
                    self.first_at = second
                elif second != self.first_at:
                    self.first_done = True
                    return
            if len(self.first) >= MAX_LINES:
                self.first_done = True
                return
            if row[0].strip() and row[2] is not NOTE:
                self.first.append(self._print(row[0]))

    def _last(self) -> tuple[int | None, list[int]]:
        """The lines of the log's last second so far."""
        second: int | None = None
        lines: list[int] = []
        for row in reversed(self.last_rows):
            here = self._second(row)
            if here is not None and second is None:
                second = here
            elif here is not None and here != second:
                break
            if len(lines) >= MAX_LINES:
                break
            if row[0].strip() and row[2] is not NOTE:
                lines.append(self._print(row[0]))
        return second, lines[::-1]


def nth(line: int, count: int) -> int:
    """The identity of the `count`-th line (1, 2, …) with this print."""
    if count == 1:
        return line
    data = line.to_bytes(8, "little", signed=True) + count.to_bytes(4, "little")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def _junk_reason(line: bytes) -> str:
    if len(line) > MAX_LINE_BYTES:
        return "too-long"
    if b"\x00" in line:
        return "binary"
    return "malformed"
