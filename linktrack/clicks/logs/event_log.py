"""A file of a mail service's events being read: its reports become batches of clicks, like the lines of a log."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from linktrack.click_marks import MACHINE, SHARED
from linktrack.clicks.event import Event, Refusal, Report, Skipped
from linktrack.clicks.formats import EventFormat
from linktrack.clicks.logs.batches import COMMIT_SECONDS, Batch, Gathered, Reached, nothing_reached
from linktrack.clicks.logs.content import BLOCK_BYTES, HEAD_BYTES, TAIL_BYTES, Log
from linktrack.clicks.logs.fields import AGENT_LENGTH, digest, text_print
from linktrack.clicks.logs.import_terms import ImportTerms
from linktrack.clicks.logs.rejections import BAD, BEFORE_PURGE, UNKNOWN
from linktrack.clicks.logs.requests import BATCH_BYTES, BATCH_CLICKS
from linktrack.clicks.logs.sources import Known
from linktrack.clicks.logs.target_book import TargetBook
from linktrack.errors import LinktrackError
from linktrack.links.tokens import NOBODY

# What an event may be rejected for that a catalogue of a moment later may know, and all that speaks against a file.
_UNKNOWN = (*UNKNOWN, "unknown-target", "unknown-mailing", "unknown-recipient")
_BAD = (*BAD, *_UNKNOWN)


class EventReading:
    """One file of events being read."""

    def __init__(
        self, log: Log, format: EventFormat, known: Known | None, terms: ImportTerms, targets: TargetBook
    ) -> None:
        self.log = log
        self.format = format
        self.known = known
        self.terms = terms
        self.targets = targets
        self.start = log.peek(HEAD_BYTES) if log.regular else b""
        self.taken = known.position if known else 0
        self.recent = b""  # the last bytes taken
        self.seen: set[int] = set()
        self.gathered = Gathered(terms.list_rejects)

    def batches(self) -> Iterator[Batch]:
        """The file from where it was left to its last complete event."""
        if self.known is not None:
            self.format.resume(self.known.state)
            back = min(self.taken, TAIL_BYTES)
            self.log.skip(self.taken - back)
            self.recent = self.log.take(back)
        began = monotonic()
        try:
            for block in self.log.chunks(BLOCK_BYTES):
                self._take_block(block)
                late = not self.log.regular and monotonic() - began >= COMMIT_SECONDS
                taken = len(self.gathered.clicks) + len(self.gathered.contested)
                full = taken >= BATCH_CLICKS or self.gathered.agent_size >= BATCH_BYTES
                if full or (late and self.gathered.read):
                    yield self._batch(last=False)
                if late:
                    began = monotonic()
            self._take(self.format.finish(False))
        except LinktrackError:
            yield self._batch(last=True)
            raise
        yield self._batch(last=True)

    def _take_block(self, block: bytes) -> None:
        if not self.log.regular and len(self.start) < HEAD_BYTES:
            self.start = (self.start + block)[:HEAD_BYTES]
        self.taken += len(block)
        kept = TAIL_BYTES + self.format.pending + len(block)
        self._take(self.format.events(block))
        self.recent = (self.recent + block)[-kept:]

    def _batch(self, last: bool) -> Batch:
        waiting = last and self.format.pending > 0 and not self.log.cut_off
        batch = self.gathered.batch(self._reached(), int(waiting), self.log.cut_off, last)
        self.seen, self.gathered = set(), Gathered(self.terms.list_rejects)
        return batch._replace(unaddressed=0)  # several services tell none

    def _reached(self) -> Reached:
        if self.terms.bounded:
            return nothing_reached(self.terms.key, self.format.name)
        position = self.taken - self.format.pending
        head = self.start[:position]
        complete = self.recent[: len(self.recent) - self.format.pending][-TAIL_BYTES:]
        return Reached(
            self.format.name, position, self.format.state(), digest(head, self.terms.key), len(head),
            digest(complete, self.terms.key), None, b"", None, b"",
        )  # fmt: skip

    def _take(self, reports: list[Report]) -> None:
        for report in reports:
            self.gathered.read += 1
            match report:
                case Skipped():
                    self.gathered.not_ours += 1
                case Refusal(reason, text):
                    self._reject(reason, text)
                case Event():
                    self._click(report)

    def _click(self, event: Event) -> None:
        since, until = self.terms.since, self.terms.until
        if (since is not None and event.clicked_at < since) or (until is not None and event.clicked_at >= until):
            self.gathered.not_ours += 1
            return
        if event.clicked_at < self.terms.addresses.purged:
            self._reject(BEFORE_PURGE, event.identity)
            return
        identity = text_print(event.identity.encode("utf-8", "surrogatepass"))
        found = self.targets.find(event)
        if found in _UNKNOWN and self.targets.renew():
            found = self.targets.find(event)
        if isinstance(found, str):
            text = f"{event.identity} {event.url}"
            self._reject(found, text)
            if found in _BAD:
                self.gathered.junk.append((event.clicked_at, identity, "", found, NOBODY))
            who, nowhere = self._visitor(event), (0, 0, 0, 0)
            ip = "" if self.terms.nameless else who[0]
            row = (event.clicked_at, identity, *nowhere, ip, who[1], 0, who[2])
            self.gathered.contest(row, identity, found, text.encode("utf-8", "replace"))
            return
        if event.clicked_at <= self.targets.reset_of(found[0]):
            self._reject("before-reset", event.identity)
            return
        if identity in self.seen:
            self.gathered.repeated += 1
            return
        self.seen.add(identity)
        agent = self.gathered.agent(event.agent[:AGENT_LENGTH])
        ip, network, flags = self._visitor(event)
        if flags & SHARED:
            self.gathered.shared.add(ip)
        if self.terms.nameless:
            self.gathered.unkept.append((ip, found[3]))
            ip = ""
        self.gathered.clicks.append((event.clicked_at, identity, *found, ip, network, agent, flags))

    def _visitor(self, event: Event) -> tuple[str, int, int]:
        """What is known of whoever made a click: address, as it is kept, number of its network, and flags."""
        ip, network, shared = self.terms.visitors.kept(event.ip.encode("utf-8", "replace"))
        return ip, self.gathered.network(network), (MACHINE if event.machine else 0) | (SHARED if shared else 0)

    def _reject(self, reason: str, text: str) -> None:
        self.gathered.reject(reason, text.encode("utf-8", "replace"))
