"""A log being read: its lines become batches of clicks.

Nothing here touches the database, so a batch can be made in another process (`clicks.logs.ahead`) while the one before
is stored (`clicks.load`).
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from linktrack.clicks.logs.batches import COMMIT_SECONDS, Batch, Reached, nothing_reached
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.content import HEAD_BYTES, TAIL_BYTES, Log
from linktrack.clicks.logs.cut_logs import packed
from linktrack.clicks.logs.edge_seconds import Ends
from linktrack.clicks.logs.fields import digest
from linktrack.clicks.logs.import_terms import ImportTerms
from linktrack.clicks.logs.line_ends import seed_lines
from linktrack.clicks.logs.requests import Requests
from linktrack.clicks.logs.sources import Known
from linktrack.clicks.logs.torn_lines import given_up, has_its_end, torn_end
from linktrack.errors import LinktrackError

SEED_BYTES = 1 << 18  # read again before the position: equal lines on both sides of it mostly stand near it
_BOM = b"\xef\xbb\xbf"


class Reading:
    """One log being read."""

    def __init__(self, log: Log, changing: Changing, known: Known | None, terms: ImportTerms) -> None:
        self.log = log
        self.changing = changing
        self.known = known
        self.terms = terms
        self.start = log.peek(HEAD_BYTES) if log.regular else b""
        self._tail = b""  # the last bytes before the position
        self._begins = known.position if known else 0  # where the next batch begins
        self.ends = Ends(changing.moment, begun=known is not None, only_second=known is not None and known.only_second)
        self.requests = Requests(terms, changing.moment)
        log.is_given_up = given_up(log, changing.format, terms)

    def batches(self) -> Iterator[Batch]:
        """The log from where it was left to its end. What was read before an error comes before the error."""
        if self.known is not None:
            self.changing.format.resume(self.known.state)
            self._seed(self.known.position)
        began = monotonic()
        try:
            for block in self.log.blocks():
                self._take(block)
                late = not self.log.regular and monotonic() - began >= COMMIT_SECONDS
                if self.requests.is_full or (late and not self.requests.is_empty):
                    yield self._batch(last=False)
                if late:
                    began = monotonic()
        except LinktrackError:
            yield self._batch(last=True)
            raise
        yield self._batch(last=True)

    def _take(self, block: bytes) -> None:
        """Take the next lines, if a pipe has brought any."""
        if not block:
            return
        if len(self.start) < HEAD_BYTES and not self.log.regular:
            self.start = (self.start + block)[:HEAD_BYTES]
        rows = self.changing.rows(block.removeprefix(_BOM) if self.log.position == len(block) else block)
        self.ends.note(rows)
        self.requests.take(rows, self.changing.otherwise)
        self._note_tail(block)

    def _batch(self, last: bool) -> Batch:
        """What was read since the last batch."""
        begins, self._begins = self._begins, self.log.position - self.changing.waiting
        return self.requests.batch(
            self._reached(),
            begins=begins,
            waiting=int(self.log.unfinished or bool(self.changing.waiting)) if last else 0,
            cut_off=self.log.cut_off,
            last=last,
            unlike=self.changing.unlike,
        )

    def _reached(self) -> Reached:
        if self.terms.bounded:
            return nothing_reached(self.terms.key, self.changing.format.name)
        position = self.log.position - self.changing.waiting
        head = self.start[:position]
        last_at, last = self.ends.last()
        return Reached(
            self.changing.format.name,
            position,
            self.changing.format.state(),
            digest(head, self.terms.key),
            len(head),
            digest(self._tail, self.terms.key),
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
        torn = torn_end(seed, self.changing.format)
        if torn and has_its_end(torn, self.log, self.changing.format):
            self.log.give_back(torn)
            self._begins = position = position - len(torn)
            seed, torn = seed.removesuffix(torn), b""
        self.log.position, self.log.tail = position, seed[-TAIL_BYTES:]
        seed = seed_lines(seed + b"\n" if torn else seed, self.log.line_end, whole=back == position)
        self._tail = self.log.tail
        rows = self.changing.rows(seed)
        self.ends.seed(rows, whole=back == position)
        self.requests.count(rows, whole=back == position)

    def _note_tail(self, block: bytes) -> None:
        """Keep the bytes before the position, which lies before a line whose last part has not come."""
        waiting = self.changing.waiting
        if not waiting:
            self._tail = self.log.tail
        elif waiting <= len(block):  # it began in this block
            self._tail = (self._tail + block)[:-waiting][-TAIL_BYTES:]
