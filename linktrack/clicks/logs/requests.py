"""Requests become clicks: which lines of a log are clicks, what identifies each, and why others are rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from struct import Struct
from types import MappingProxyType

from linktrack.click_marks import POST, PREFETCH, SHARED
from linktrack.clicks.event import LineRow, TimedRow
from linktrack.clicks.formats.click_log import NUMBERED
from linktrack.clicks.logs.batches import Batch, Gathered, Reached
from linktrack.clicks.logs.fields import (
    AGENT_LENGTH,
    ANSWERED,
    agent_text,
    is_prefetch,
    plain_text,
    row_print,
    text_print,
    was_accepted,
)
from linktrack.clicks.logs.import_terms import ImportTerms
from linktrack.clicks.logs.print_counts import PrintCounts, nth
from linktrack.clicks.logs.rejections import BAD, BEFORE_PURGE, MUTATED, UNKNOWN, UNREADABLE, junk_reason
from linktrack.contacts.pressed import kept_query
from linktrack.links.tokens import NOBODY
from linktrack.moments import MINUTE

FIRST_CLICKS = 20_000  # the first transaction holds about this many clicks, so that storing begins soon …
BATCH_CLICKS = 60_000  # … each further one twice as many as the one before, up to this many …
BATCH_LINES = 400_000  # … or this many lines …
BATCH_BYTES = 2 << 20  # … or about so many characters of different agents, or bytes of lines that are not known yet

_PRINTER, _SIGNED = blake2b(digest_size=8), Struct("<q")


class Requests:
    """The requests of one log on their way into batches, and how often each of its lines came.

    `moment` reads a stamp as UTC milliseconds; ValueError if it is none.
    """

    def __init__(self, terms: ImportTerms, moment: Callable[[bytes], int]) -> None:
        self._terms = terms
        self._moment = moment
        self._prints = PrintCounts(BATCH_CLICKS)
        self._agents: dict[bytes, int] = {}  # as they are written, the shorter ones; the batch has them as text
        self._lines = 0
        self._enough = FIRST_CLICKS
        self._gathered = Gathered(terms.list_rejects)

    @property
    def is_full(self) -> bool:
        """Whether what was taken is enough for a batch."""
        gathered = self._gathered
        return (
            len(gathered.clicks) + len(gathered.contested) >= min(self._enough, BATCH_CLICKS)
            or self._lines >= BATCH_LINES
            or gathered.agent_size + gathered.unknown_size >= BATCH_BYTES
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was taken since the last batch."""
        return not self._lines

    def batch(
        self,
        reached: Reached,
        *,
        waiting: int = 0,
        cut_off: bool = False,
        last: bool,
        unlike: str = "",
        begins: int = 0,
    ) -> Batch:
        """What was taken since the last batch, of lines that stand at the position `begins` and behind it."""
        batch = self._gathered.batch(reached, waiting, cut_off, last, unlike, begins, self._prints.uncounted)
        if batch.clicks:
            self._prints.note_times(batch.clicks.times[0], batch.clicks.times[-1])
        self._prints.age()
        self._agents, self._lines, self._gathered = {}, 0, Gathered(self._terms.list_rejects)
        self._enough = min(2 * self._enough, BATCH_CLICKS)
        return batch

    def renew(self, terms: ImportTerms) -> None:
        """Read the next lines on these terms."""
        self._terms = terms

    def count(self, rows: Sequence[LineRow], *, whole: bool) -> None:
        """Count lines that an earlier import has read, so that equal lines right behind them are told from these.

        `whole`: the lines are all that came before; else there were others before them, which are not known.
        """
        for row in rows:
            if row[3] and self._terms.addresses.resolve(row[4]) is not None:
                with suppress(ValueError, OverflowError):
                    self._prints.note_times(moment := self._moment(row[2]), moment)
                    if NUMBERED not in row[2]:
                        self._prints.count(row_print(row), moment)
        if not whole:
            self._prints.begin_late()

    def take(self, rows: Sequence[LineRow], otherwise: Mapping[bytes, TimedRow] = MappingProxyType({})) -> None:
        """Count every line, and make clicks of those that are some. `otherwise` has lines that cannot be read, as other
        formats read them. It is one long loop, for a call more for each line takes time that shows."""
        addresses, agents, moment_of = self._terms.addresses, self._agents, self._moment
        plain, kept, network_number = self._terms.visitors.plain.get, self._terms.visitors.kept, self._gathered.network
        resolve, heads, people, verified = addresses.resolve, addresses.heads, addresses.people, addresses.person
        resets, acting = addresses.resets, addresses.acting
        printer, number = _PRINTER.copy, _SIGNED.unpack
        reject, keep = self._gathered.reject, self._gathered.clicks.append
        since, ends, nameless = self._terms.first, self._terms.end, self._terms.nameless
        begins = max(since, addresses.purged)
        last_stamp, moment, minute = None, 0, 0
        own = False  # whether the line has a number that no other one has
        counted, counts = -1, dict[int, int]()  # how often prints of this minute came
        not_ours = blank = repeated = 0
        for line, host, stamp, method, target, status, agent, forwarded, purpose, network in rows:
            if not method:
                if stamp and addresses.has_unfilled(line):
                    reject("unfilled-merge-tag", line)
                elif stamp:
                    not_ours += 1
                elif line.strip():
                    reject(reason := junk_reason(line), line)
                    if reason == UNREADABLE and addresses.is_in(line):
                        self._note_unread(line, otherwise.get(line))
                else:
                    blank += 1
                continue
            spot = heads.get(target[:-32])
            person = (people.get(token := target[-32:]) or verified(token)) if spot else None
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
                    if addresses.is_mutated(target, found, status):
                        row = (line, host, stamp, method, target, status, agent, forwarded, purpose, network)
                        with suppress(ValueError, OverflowError):
                            self._note_junk(row, moment_of(stamp))
            if stamp != last_stamp:
                try:
                    moment = moment_of(stamp)
                except (ValueError, OverflowError):
                    reject("bad-time", line)
                    continue
                last_stamp, minute, own = stamp, moment // MINUTE, NUMBERED in stamp
            if not begins <= moment < ends:
                if moment < since or moment >= ends:
                    not_ours += 1
                else:
                    reject(BEFORE_PURGE, line)
                continue
            if problem:
                if problem == "revoked-key" and resets and addresses.was_reset(target, moment):
                    problem = "before-reset"
                reject(problem, line)
                if problem in BAD:
                    row = (line, host, stamp, method, target, status, agent, forwarded, purpose, network)
                    self._note_junk(row, moment, problem)
                    self._contest(row, moment, problem)
                    if problem in UNKNOWN:
                        self._gathered.put_aside(moment, row)
                continue
            if resets and link in resets and moment <= resets[link]:
                reject("before-reset", line)
                continue
            flags = 0
            if method != b"GET":
                if method != b"POST" or not (placement in acting or was_accepted(status, stamp)):
                    reject("method", line)
                    row = (line, host, stamp, method, target, status, agent, forwarded, purpose, network)
                    if method == b"HEAD":
                        self._gathered.probes.append((moment, row_print(row), placement, shipment, recipient))
                    else:
                        self._note_seen(row, moment, "method")
                    if method == b"POST":
                        self._contest(row, moment, "method")
                    continue
                flags = POST
            if purpose and is_prefetch(purpose):
                flags |= PREFETCH
            if status not in ANSWERED and (status != b"503" or not flags & PREFETCH):
                reject("status", line)
                row = (line, host, stamp, method, target, status, agent, forwarded, purpose, network)
                self._note_seen(row, moment, "status")
                continue
            hasher = printer()  # `request_print`, without a call
            hasher.update(b"\0".join((stamp, method, target, status, agent)))
            if purpose:
                hasher.update(purpose)
            mark = identity = number(hasher.digest())[0]
            if own:
                self._gathered.numbered.add(mark)
            if minute != counted:
                counted, counts = minute, self._prints.of_minute(minute)
            if mark in counts:
                if own:
                    repeated += 1
                    continue
                identity = self._numbered(mark, moment)
            else:
                counts[mark] = 1
            if forwarded:
                host = forwarded + b"," + host
            ip, name, shared = plain(host), "", False
            if ip is None:
                ip, name, shared = kept(host)
            if shared:
                flags |= SHARED
                self._gathered.shared.add(ip)
            if nameless:
                self._gathered.unkept.append((ip, recipient))
                ip = ""
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
                self._gathered.pressed.append((moment, identity, kept_query(plain_text(query))))
        self._gathered.not_ours += not_ours
        self._gathered.repeated += repeated
        self._gathered.read += len(rows) - blank
        self._lines += len(rows)

    def _note_junk(self, row: LineRow, moment: int, problem: str = "") -> None:
        """Keep what a rejected request, or one for a mutated address, says of whoever stands at its address."""
        _, host, _, _, target, status, _, forwarded, _, _ = row
        mutated = problem in MUTATED or not problem or self._terms.addresses.is_mutated(target, problem, status)
        ip, _, shared = self._terms.visitors.kept(forwarded + b"," + host if forwarded else host)
        told = mutated and not shared and not self._terms.nameless
        whose = self._terms.addresses.owner_of(target) if told and ip else NOBODY
        self._gathered.junk.append((moment, row_print(row), ip if told else "", problem, whose))

    def _note_seen(self, row: LineRow, moment: int, reason: str) -> None:
        """Keep that a request of ours was read which counts as nothing: it is not new once its key is revoked."""
        mark, junk = row_print(row), self._gathered.junk
        if not junk or junk[-1][:2] != (moment, mark):  # one that is mutated has been noted
            junk.append((moment, mark, "", reason, NOBODY))

    def _note_unread(self, line: bytes, otherwise: TimedRow | None) -> None:
        """Keep that a line with an address of ours cannot be read. Where another format reads it, it may have been
        stored in that one: so it is known by what it says there, too."""
        if otherwise is None:
            self._gathered.junk.append((0, text_print(line), "", UNREADABLE, NOBODY))
            return
        self._gathered.junk.append((0, text_print(line), "", "", NOBODY))  # should nobody know that format one day
        moment, row = otherwise
        # Of what is older than the last purge nobody knows whether it was read.
        if self._terms.addresses.resolve(row[4]) is not None and moment >= self._terms.addresses.purged:
            self._gathered.junk.append((moment, row_print(row), "", UNREADABLE, NOBODY))
            self._contest((line, *row[1:]), moment, UNREADABLE)

    def _numbered(self, mark: int, moment: int) -> int:
        """The identity of a line with this print and time, counted with its equals."""
        count = self._prints.count(mark, moment)
        identity = nth(mark, count)
        if count > 1:
            self._gathered.equals[identity] = (mark, count)
        return identity

    def _contest(self, row: LineRow, moment: int, reason: str) -> None:
        """Keep a request that is rejected by what the catalogue and the keys are today: it may be stored."""
        line, host, _, method, _, _, _, forwarded, purpose, network = row
        ip, name, shared = self._terms.visitors.kept(forwarded + b"," + host if forwarded else host)
        flags = (POST if method == b"POST" else 0) | (PREFETCH if is_prefetch(purpose) else 0) | SHARED * shared
        number = self._gathered.network(plain_text(network) if network else name)
        mark = row_print(row)
        ip = "" if self._terms.nameless else ip
        if NUMBERED in row[2]:
            self._gathered.numbered.add(mark)
            identity = mark
        else:
            identity = self._numbered(mark, moment)
        self._gathered.contest((moment, identity, 0, 0, 0, 0, ip, number, 0, flags), mark, reason, line)

    def _agent_number(self, agent: bytes) -> int:
        """The place of an agent in the batch's list; long ones are not remembered as they are written."""
        place = self._gathered.agent(agent_text(agent))
        if len(agent) <= AGENT_LENGTH:
            self._agents[agent] = place
        return place
