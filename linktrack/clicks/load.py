"""The import: logs in, clicks with verdicts and rollups out, a batch and the position reached in one transaction."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import IO

from linktrack.clicks import rollups
from linktrack.clicks.addresses import CACHE_SIZE, Addresses
from linktrack.clicks.agents import Networks
from linktrack.clicks.edges import MAX_LINES
from linktrack.clicks.event import NOTE, POST, PREFETCH, Row
from linktrack.clicks.formats import LineFormat, detect, format_of
from linktrack.clicks.judging import surroundings
from linktrack.clicks.sources import HEAD_BYTES, TAIL_BYTES, Known, Log, digest, open_log, recognise
from linktrack.clicks.storing import mend_edges, nth, packed, store
from linktrack.clicks.verdicts import Click
from linktrack.config import Workspace
from linktrack.errors import BadInput
from linktrack.links.tokens import Keyring
from linktrack.store.session import Database, now

BATCH_CLICKS = 60_000  # a transaction holds about this many clicks …
BATCH_LINES = 400_000  # … or this many lines
SAMPLE_BYTES = 1 << 16  # what a format is detected by
SEED_BYTES = 1 << 18  # read again before the position, so that equal lines on both sides of it are counted
NOT_COUNTED = ("method", "status")  # reasons that say nothing against the log: requests that are no clicks

_ESCAPED = re.compile(rb"\\x([0-9A-Fa-f]{2})|\\(.)")
_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rb"(%b\.%b\.%b)\.%b" % ((_OCTET,) * 4)).fullmatch
_CONTROL = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}


@dataclass(frozen=True)
class Options:
    """What an import is told. Times are UTC milliseconds, `since` included and `until` not."""

    log_format: str | None = None
    since: int | None = None
    until: int | None = None
    mailing: str | None = None
    time_zone: str | None = None


@dataclass
class Summary:
    """What an import did: read = stored + repeated + not_ours + rejected, and stored = the four verdicts."""

    files: int = 0
    read: int = 0
    stored: int = 0
    repeated: int = 0
    not_ours: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    human: int = 0
    prefetch: int = 0
    scanner: int = 0
    test: int = 0
    seconds: float = 0.0
    stopped: bool = False  # by Ctrl-C, after a complete batch
    notes: list[str] = field(default_factory=list)

    def add_verdicts(self, counts: dict[str, int]) -> None:
        for verdict, count in counts.items():
            setattr(self, verdict, getattr(self, verdict) + count)


@dataclass(frozen=True)
class Progress:
    """How far an import is, for whoever shows it."""

    path: str
    read: int
    position: int  # bytes of uncompressed content


class Importer:
    """One import: what it knows of the workspace, and the clicks that wait for their transaction."""

    def __init__(
        self,
        database: Database,
        workspace: Workspace,
        options: Options,
        *,
        rejected: IO[str] | None = None,
        tell: Callable[[Progress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        keyring = Keyring.parse(workspace.secret())
        oldest = keyring.secrets[min(keyring.secrets)]  # old keys are kept, so prints stay the same for ever
        self.key = blake2b(key=oldest, digest_size=32, person=b"linktrack-log").digest()
        self.database = database
        self.options = options
        self.settings = workspace.settings.clicks
        self.addresses = Addresses(database, keyring, workspace.settings.base_url)
        self.by = surroundings(database, Networks(self.settings.networks))
        self.rejected = rejected
        self.tell = tell
        self.stop = stop
        self.summary = Summary()
        self.new_agents: dict[str, int] = {}
        self._next_agent: int = (database.value("SELECT max(id) FROM agent") or 0) + 1
        self._agents: dict[bytes, int] = {}
        self._ips: dict[bytes, str] = {}
        self._printer = blake2b(key=self.key, digest_size=8)

    def print_of(self, line: bytes) -> int:
        """The print of a line: 64 bit, keyed, because a log line holds a whole IP address."""
        hasher = self._printer.copy()
        hasher.update(line)
        return int.from_bytes(hasher.digest(), "little", signed=True)

    # --- a log -------------------------------------------------------------------------------------------------

    def take(self, path: str) -> None:
        """Import what is new in one log."""
        known = recognise(self.database, path, self.key)
        with open_log(path) as log:
            sample = log.peek(SAMPLE_BYTES)
            if not log.whole:
                sample = sample[: sample.rfind(b"\n") + 1]
            if sample:
                Reading(self, log, known, sample).run()
            if log.cut_off:
                self.summary.notes.append(f"{path}: the compressed file ends too early; what came was read")
        self.summary.files += 1

    # --- what a line says --------------------------------------------------------------------------------------

    def agent_id(self, agent: bytes) -> int:
        """The number of an agent; a new one is written with the clicks that wait (one import runs at a time)."""
        known = self._agents.get(agent)
        if known is None:
            text = plain_text(agent)[:1000]
            known = self.new_agents.get(text) or self.database.value("SELECT id FROM agent WHERE text = ?", (text,))
            if known is None:
                known = self._next_agent
                self._next_agent += 1
                self.new_agents[text] = known
            if len(self._agents) > CACHE_SIZE:
                self._agents.clear()
            self._agents[agent] = known
        return known

    def write_agents(self) -> None:
        """Write the agents that are new, in the open transaction."""
        self.database.executemany(
            "INSERT INTO agent (id, text) VALUES (?, ?)", [(number, text) for text, number in self.new_agents.items()]
        )
        self.new_agents.clear()

    def ip(self, host: bytes) -> str:
        """An address as the workspace keeps it: truncated to /24 or /48, in full, or not at all."""
        known = self._ips.get(host)
        if known is None:
            known = kept_address(host, self.settings.ip)
            if len(self._ips) > CACHE_SIZE:
                self._ips.clear()
            self._ips[host] = known
        return known

    def reject(self, reason: str, path: str, text: bytes) -> None:
        """Count a line as rejected, and list it if that is wanted."""
        self.summary.rejected += 1
        reasons = self.summary.reasons
        reasons[reason] = reasons.get(reason, 0) + 1
        if self.rejected is not None:
            shown = text[:2000].decode("utf-8", "backslashreplace").replace("\t", "\\t").replace("\r", "\\r")
            self.rejected.write(f"{reason}\t{path}\t{shown}\n")


class Reading:
    """One log being read: its format, the counts of equal lines, and the lines at its two ends."""

    def __init__(self, importer: Importer, log: Log, known: Known | None, sample: bytes) -> None:
        self.importer = importer
        self.log = log
        self.source_id = known.id if known else None
        self.position = known.position if known else 0
        self.start = log.peek(HEAD_BYTES)
        wanted = importer.options.log_format or (known.format if known else importer.settings.log_format)
        zone = importer.options.time_zone or importer.settings.time_zone
        found = format_of(wanted, zone) if wanted else detect(sample, log.path, zone)
        if not isinstance(found, LineFormat):
            raise BadInput(f"this is a file of {found.name} events, which cannot be imported yet", file=log.path)
        self.format = found
        self.known = known
        self.tail = b""
        self.drafts: list[Click] = []
        self.lines = 0  # read since the last transaction
        self.first: list[int] = []
        self.first_at: int | None = None
        self.first_done = known is not None
        self.first_anew = False
        self.last_rows: list[Row] = []
        # How often each print came, in two generations: equal lines carry equal times and stand near each other.
        self.counts: dict[int, int] = {}
        self.older: dict[int, int] = {}
        self.bounded = importer.options.since is not None or importer.options.until is not None

    def run(self) -> None:
        importer, log = self.importer, self.log
        if self.known is not None:
            self.format.resume(self.known.state)
            self._seed()
        for block in log.blocks():
            self.position += len(block)
            self.tail = (self.tail + block)[-TAIL_BYTES:] if len(block) < TAIL_BYTES else block[-TAIL_BYTES:]
            self._take(block.removeprefix(b"\xef\xbb\xbf") if self.position == len(block) else block)
            importer.tell(Progress(log.path, importer.summary.read, self.position))
            if len(self.drafts) >= BATCH_CLICKS or self.lines >= BATCH_LINES:
                self._commit()
                if importer.stop():
                    importer.summary.stopped = True
                    return
        self._commit(last=True)

    def _seed(self) -> None:
        """Count the lines before the position, for the first lines behind it may be their equals."""
        back = min(self.position, SEED_BYTES)
        self.log.skip(self.position - back)
        seed = b""
        while len(seed) < back and (more := self.log._take(back - len(seed))):
            seed += more
        self.tail = seed[-TAIL_BYTES:]
        if back < self.position:
            seed = seed[seed.find(b"\n") + 1 :]
        rows = self.format.rows(seed)
        self.last_rows = rows[-MAX_LINES - 1 :]
        if back == self.position:  # a short log: its first second may go on
            self.first_done = False
            self.first_anew = True
            self._note_first(rows)
        for row in rows:
            if row[3] and self.importer.addresses.tracked(row[4]):
                mark = self.importer.print_of(row[0])
                self.counts[mark] = self.counts.get(mark, 0) + 1

    def _take(self, block: bytes) -> None:
        """Count every line of a block and make drafts of the clicks."""
        importer = self.importer
        rows = self.format.rows(block)
        if not self.first_done:
            self._note_first(rows)
        self.last_rows = rows if len(rows) > MAX_LINES else [*self.last_rows, *rows][-MAX_LINES - 1 :]
        summary = importer.summary
        resolve, heads, people = importer.addresses.resolve, importer.addresses.heads, importer.addresses.people
        resets, unsubscribing = importer.addresses.resets, importer.addresses.unsubscribing
        agents, ips, moment_of = importer._agents, importer._ips, self.format.moment
        printer, number, make = importer._printer.copy, int.from_bytes, tuple.__new__
        counts, older, drafts = self.counts, self.older, self.drafts
        since, until = importer.options.since, importer.options.until
        path = self.log.path
        not_ours = blank = 0
        for line, host, stamp, method, target, status, agent, purpose in rows:
            if not method:
                if stamp:
                    not_ours += 1
                elif line.strip():
                    importer.reject(_junk_reason(line), path, line)
                else:
                    blank += 1
                continue
            spot = heads.get(target[:-32])
            person = people.get(target[-32:]) if spot else None
            if spot and person and spot[2] == person[2]:
                link, placement, _ = spot
                shipment, recipient, _ = person
                problem = ""
            else:
                found = resolve(target)
                if found is None:
                    not_ours += 1
                    continue
                if isinstance(found, str):
                    problem = found
                else:
                    link, placement, shipment, recipient = found
                    problem = ""
            try:
                moment = moment_of(stamp)
            except (ValueError, OverflowError):
                importer.reject("bad-time", path, line)
                continue
            if (since is not None and moment < since) or (until is not None and moment >= until):
                not_ours += 1
                continue
            if problem:
                importer.reject(problem, path, line)
                continue
            flags = 0
            if method != b"GET":
                if method != b"POST" or placement not in unsubscribing:
                    importer.reject("method", path, line)
                    continue
                flags = POST
            if status[:1] not in (b"2", b"3") or len(status) != 3:
                importer.reject("status", path, line)
                continue
            if link in resets and moment <= resets[link]:
                importer.reject("before-reset", path, line)
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
            agent_id = agents.get(agent)
            if agent_id is None:
                agent_id = importer.agent_id(agent)
            ip = ips.get(host)
            if ip is None:
                ip = importer.ip(host)
            click = (moment, identity, link, placement, shipment, recipient, ip, agent_id, flags)
            drafts.append(make(Click, click))
        summary.not_ours += not_ours
        summary.read += len(rows) - blank
        self.lines += len(rows)

    # --- the ends of the log -----------------------------------------------------------------------------------

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
                self.first.append(self.importer.print_of(row[0]))

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
                lines.append(self.importer.print_of(row[0]))
        return second, lines[::-1]

    # --- the transaction ---------------------------------------------------------------------------------------

    def _commit(self, last: bool = False) -> None:
        """Store the waiting clicks, and how far the log was read, or neither."""
        importer, summary = self.importer, self.importer.summary
        database = importer.database
        waiting = len(self.drafts)
        with database.transaction():
            importer.write_agents()
            source_id = self._write_source()
            stored, verdicts = store(database, self.drafts, source_id, importer.by)
            mended, mended_verdicts = mend_edges(database, source_id, importer.by) if last else (0, {})
        summary.add_verdicts(verdicts)
        summary.add_verdicts(mended_verdicts)
        summary.stored += stored + mended
        summary.repeated += waiting - stored - mended
        if summary.repeated < 0:  # what was mended had been read by an earlier run, which was stopped
            summary.read -= summary.repeated
            summary.repeated = 0
        self.drafts = []
        self.lines = 0
        if len(self.counts) > BATCH_CLICKS:
            self.counts, self.older = {}, self.counts

    def _write_source(self) -> int:
        importer, database = self.importer, self.importer.database
        if self.bounded:
            # Lines outside of the bounds were passed over: the log is not read up to here.
            if self.source_id is None:
                self.source_id = self._insert_source((0, digest(b"", importer.key), None, b"", None, b""))
            return self.source_id
        last_at, last = self._last()
        first = (self.first_at, packed(self.first))
        tail = digest(self.tail[-TAIL_BYTES:], importer.key)
        values = (self.position, tail, *first, last_at, packed(last))
        if self.source_id is None:
            self.source_id = self._insert_source(values)
        elif self.known is None:
            database.execute(
                "UPDATE source SET position = ?, tail = ?, first_at = ?, first_lines = ?, last_at = ?, last_lines = ?, "
                "state = ? WHERE id = ?",
                (*values, self.format.state(), self.source_id),
            )
        else:
            self._extend_source(last_at, last, tail)
        return self.source_id

    def _insert_source(self, values: tuple[object, ...]) -> int:
        importer = self.importer
        position = min(len(self.start), self.position) if not self.bounded else 0
        head = self.start[:position]
        number = importer.database.value(
            "INSERT INTO source (name, format, state, head, head_length, position, tail, first_at, first_lines, "
            "last_at, last_lines, imported_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (
                self.log.path,
                self.format.name,
                self.format.state(),
                digest(head, importer.key),
                len(head),
                *values,
                now(),
            ),
        )
        return int(number)

    def _extend_source(self, last_at: int | None, last: list[int], tail: bytes) -> None:
        """Move a known source on. A log that was short when it was last read shows its first second again."""
        importer, database = self.importer, self.importer.database
        head = self.start[: min(len(self.start), self.position)]
        if self.first_anew:
            database.execute(
                "UPDATE source SET first_at = ?, first_lines = ? WHERE id = ?",
                (self.first_at, packed(self.first), self.source_id),
            )
        database.execute(
            "UPDATE source SET name = ?, head = ?, head_length = ?, position = ?, tail = ?, last_at = ?, "
            "last_lines = ?, state = ?, imported_at = ? WHERE id = ?",
            (self.log.path, digest(head, importer.key), len(head), self.position, tail, last_at, packed(last),
             self.format.state(), now(), self.source_id),
        )  # fmt: skip


def import_logs(importer: Importer, paths: Sequence[str]) -> Summary:
    """Import logs one after the other, in the order given; what is stored does not depend on it."""
    began = monotonic()
    gc.disable()  # millions of tuples and not one cycle among them: looking for some takes a fifth of the time
    try:
        for path in paths:
            importer.take(path)
            if importer.summary.stopped:
                break
    finally:
        gc.enable()
    importer.summary.seconds = round(monotonic() - began, 3)
    importer.summary.reasons = dict(sorted(importer.summary.reasons.items()))
    return importer.summary


def kept_address(host: bytes, how: str) -> str:
    """An IP address truncated to its /24 or /48, in full or not at all; of what is no address, nothing is kept."""
    if how == "none":
        return ""
    if (match := _IPV4(host)) is not None:  # nearly all of them, and ipaddress takes 20 times as long
        return (match[1] + b".0" if how == "truncate" else host).decode("ascii")
    text = host.decode("ascii", "replace").strip("[]")
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if address.version == 6 and (mapped := address.ipv4_mapped) is not None:
        address = mapped
    if how == "full":
        return str(address)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)


def plain_text(field: bytes) -> str:
    """A field of a log as text: \\xHH and \\" undone, UTF-8 where it is, other bytes shown as escapes."""
    if b"\\" in field:
        field = _ESCAPED.sub(
            lambda match: bytes([int(match[1], 16)]) if match[1] else _CONTROL.get(match[2], match[2]), field
        )
    return field.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def is_prefetch(purpose: bytes) -> bool:
    """Whether a Sec-Purpose, Purpose or X-Moz header says that nobody looks."""
    return b"prefetch" in purpose.lower() or b"preview" in purpose.lower() or b"prerender" in purpose.lower()


def _junk_reason(line: bytes) -> str:
    if len(line) > 1 << 16:
        return "too-long"
    if b"\x00" in line:
        return "binary"
    return "malformed"


def reset_link(database: Database, link_id: int, moment: int) -> int:
    """Remove a link's clicks with their verdicts and tallies, in the open transaction. Returns how many there were.

    The link's `reset_at` (`moment`, or the last click when that is later) keeps them from coming back with a log
    that is imported again.
    """
    last = database.value("SELECT max(clicked_at) FROM click WHERE link_id = ?", (link_id,)) or moment
    database.execute("UPDATE link SET reset_at = ? WHERE id = ?", (max(moment, last), link_id))
    shipments = [row[0] for row in database.rows("SELECT shipment_id FROM link_tally WHERE link_id = ?", (link_id,))]
    removed = int(database.value("SELECT count(*) FROM click WHERE link_id = ?", (link_id,)))
    database.execute("DELETE FROM judgement WHERE click_id IN (SELECT id FROM click WHERE link_id = ?)", (link_id,))
    database.execute("DELETE FROM click WHERE link_id = ?", (link_id,))
    rollups.rebuild(database, shipments)
    return removed
