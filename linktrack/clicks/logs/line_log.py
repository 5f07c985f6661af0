"""A log being read: its lines become batches of clicks.

Nothing here touches the database, so a batch can be made in another process (`clicks.ahead`) while the one before is
stored (`clicks.load`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from linktrack.clicks.event import POST, PREFETCH, SHARED
from linktrack.clicks.formats import LineFormat
from linktrack.clicks.logs.batches import Batch, Gathered, Reached, nothing_reached
from linktrack.clicks.logs.cuts import packed
from linktrack.clicks.logs.ends import Ends
from linktrack.clicks.logs.envelopes import Unwrapping
from linktrack.clicks.logs.fields import (
    AGENT_LENGTH,
    agent_text,
    digest,
    is_prefetch,
    plain_text,
    request_print,
    row_print,
)
from linktrack.clicks.logs.sources import HEAD_BYTES, MAX_LINE_BYTES, TAIL_BYTES, Known, Log
from linktrack.clicks.logs.tracked import Addresses
from linktrack.clicks.logs.visitor import Visitors
from linktrack.errors import LinktrackError

BATCH_CLICKS = 60_000  # a transaction holds about this many clicks …
BATCH_LINES = 400_000  # … or this many lines
BATCH_AGENTS = 8 << 20  # … or about so many characters of different agents
JUNK = ("malformed-token", "forged-token", "foreign-placement")  # what a person's program does not ask for
PRESSED_LENGTH = 500  # characters of the query of a POST
SEED_BYTES = 1 << 18  # read again before the position, so that equal lines on both sides of it are counted


@dataclass(frozen=True)
class Rules:
    """What lines are read by. Times are UTC milliseconds, `since` included and `until` not."""

    addresses: Addresses
    key: bytes  # of the digests of logs
    visitors: Visitors
    since: int | None
    until: int | None
    list_rejects: bool

    @property
    def bounded(self) -> bool:
        """Whether lines outside of bounds of time are passed over."""
        return self.since is not None or self.until is not None


_PRINTER = blake2b(digest_size=8)


class Reading:
    """One log being read, and how often each of its lines came."""

    def __init__(self, log: Log, format: LineFormat, known: Known | None, rules: Rules) -> None:
        self.log = log
        self.format = format
        self.known = known
        self.rules = rules
        self.start = log.peek(HEAD_BYTES)
        self._tail = b""  # the last bytes before the position
        self.ends = Ends(format.moment, begun=known is not None)
        # How often each print came, in two generations: equal lines carry equal times and stand near each other.
        self.counts: dict[int, int] = {}
        self.older: dict[int, int] = {}
        self.unwrapping = Unwrapping(format)
        self.agents: dict[bytes, int] = {}  # as they are written, the shorter ones; the batch has them as text
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
                self._note_tail(block)
                if (
                    len(self.gathered.clicks) >= BATCH_CLICKS
                    or self.lines >= BATCH_LINES
                    or self.gathered.agent_size >= BATCH_AGENTS
                ):
                    yield self._batch(last=False)
        except LinktrackError:
            yield self._batch(last=True)
            raise
        yield self._batch(last=True)

    def _batch(self, last: bool) -> Batch:
        """What was read since the last batch."""
        batch = self.gathered.batch(self._reached(), self.log.cut_off, last)
        if len(self.counts) > BATCH_CLICKS:
            self.counts, self.older = {}, self.counts
        self.agents, self.lines, self.gathered = {}, 0, Gathered(self.rules.list_rejects)
        return batch

    def _reached(self) -> Reached:
        if self.rules.bounded:
            return nothing_reached(self.rules.key)
        position = self.log.position - self.unwrapping.waiting
        head = self.start[:position]
        last_at, last = self.ends.last()
        return Reached(
            position,
            self.format.state(),
            digest(head, self.rules.key),
            len(head),
            digest(self._tail, self.rules.key),
            self.ends.first_at,
            packed(self.ends.first) if self.ends.first_news else None,
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
        self._tail = self.log.tail
        rows = self.unwrapping.rows(seed)
        self.ends.seed(rows, whole=back == position)
        for row in rows:
            if row[3] and isinstance(self.rules.addresses.resolve(row[4]), tuple):
                mark = row_print(row)
                self.counts[mark] = self.counts.get(mark, 0) + 1

    # --- the lines ---------------------------------------------------------------------------------------------

    def _take(self, block: bytes) -> None:
        """Count every line of a block and make clicks of those that are some."""
        rows = self.unwrapping.rows(block)
        self.ends.note(rows)
        addresses, agents, moment_of = self.rules.addresses, self.agents, self.format.moment
        seen, kept, network_number = self.rules.visitors.seen.get, self.rules.visitors.kept, self.gathered.network
        resolve, heads, people, verified = addresses.resolve, addresses.heads, addresses.people, addresses.person
        resets, acting = addresses.resets, addresses.acting
        printer, number, reject, keep = _PRINTER.copy, int.from_bytes, self.gathered.reject, self.gathered.clicks.append
        counts, older = self.counts, self.older
        since, until = self.rules.since, self.rules.until
        not_ours = blank = 0
        for line, host, stamp, method, target, status, agent, forwarded, purpose, network in rows:
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
                if problem in JUNK:
                    ip, _, shared = kept(forwarded + b"," + host if forwarded else host)
                    mark = request_print(stamp, method, target, status, agent, purpose)
                    self.gathered.junk.append((moment, mark, "" if shared else ip))
                continue
            if link in resets and moment <= resets[link]:
                reject("before-reset", line)
                continue
            flags = 0
            if method != b"GET":
                if method != b"POST" or placement not in acting:
                    reject("method", line)
                    if method == b"HEAD":
                        mark = request_print(stamp, method, target, status, agent, purpose)
                        self.gathered.probes.append((moment, mark, placement, shipment, recipient))
                    continue
                flags = POST
            if purpose and is_prefetch(purpose):
                flags |= PREFETCH
            if (status[:1] not in (b"2", b"3") or len(status) != 3) and (status != b"503" or not flags & PREFETCH):
                reject("status", line)
                continue
            hasher = printer()  # `request_print`, without a call
            hasher.update(b"\0".join((stamp, method, target, status, agent)))
            if purpose:
                hasher.update(purpose)
            mark = identity = number(hasher.digest(), "little", signed=True)
            if mark in counts or mark in older:
                count = (counts.get(mark) or older[mark]) + 1
                counts[mark] = count
                identity = nth(mark, count)
            else:
                counts[mark] = 1
            if forwarded:
                host = forwarded + b"," + host
            ip, name, shared = seen(host) or kept(host)
            if shared:
                flags |= SHARED
                self.gathered.shared.add(ip)
            if network:
                name = plain_text(network)
            agent_number = agents.get(agent)
            if agent_number is None:
                agent_number = self._agent_number(agent)
            keep(
                (moment, identity, link, placement, shipment, recipient, ip, network_number(name) if name else 0,
                 agent_number, flags)
            )  # fmt: skip
            if flags and flags & POST and (query := target.partition(b"?")[2]):
                self.gathered.pressed.append((moment, identity, plain_text(query)[:PRESSED_LENGTH]))
        self.gathered.not_ours += not_ours
        self.gathered.read += len(rows) - blank
        self.lines += len(rows)

    def _agent_number(self, agent: bytes) -> int:
        """The place of an agent in the batch's list; long ones are not remembered as they are written."""
        place = self.gathered.agent(agent_text(agent))
        if len(agent) <= AGENT_LENGTH:
            self.agents[agent] = place
        return place

    def _note_tail(self, block: bytes) -> None:
        """Keep the bytes before the position, which lies before a line whose last part has not come."""
        waiting = self.unwrapping.waiting
        if not waiting:
            self._tail = self.log.tail
        elif waiting <= len(block):  # it began in this block
            self._tail = (self._tail + block)[:-waiting][-TAIL_BYTES:]


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
