"""The import: logs in, clicks with verdicts and rollups out, a batch and the position reached in one transaction."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, TypeVar

from linktrack.clicks.formats import (
    SAMPLE_LINES,
    EventFormat,
    LineFormat,
    LogFormat,
    format_of,
    is_format_string,
)
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.verdicts import Click, JunkRequest, Probe
from linktrack.clicks.logs.ahead import read_ahead
from linktrack.clicks.logs.batches import Batch, Reached
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.earlier import EarlierLines
from linktrack.clicks.logs.envelopes import detect_inside, with_envelopes
from linktrack.clicks.logs.fields import digest_key
from linktrack.clicks.logs.line_ends import line_end_of, sample_of
from linktrack.clicks.logs.line_log import Reading
from linktrack.clicks.logs.requests import UNKNOWN, UNREADABLE, Requests, Rules
from linktrack.clicks.logs.sources import Known, Log, open_log, recognise, refuse_archive
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.logs.visitor import Visitors
from linktrack.clicks.recalled import recall
from linktrack.clicks.rejudge import judge_stored
from linktrack.clicks.rollups.zone import follow_zone
from linktrack.clicks.storing import Arrivals, Shelf, StoredBatch
from linktrack.clicks.summary import ImportOrder, ImportSummary, Progress, Tally
from linktrack.clicks.taken_away import note_taken_away
from linktrack.errors import BadInput, Conflict, LinktrackError, NotFound
from linktrack.files.reading import explained, tidy_path
from linktrack.moments import Clock, now
from linktrack.sentences import counted
from linktrack.store.lock import alone
from linktrack.store.lookups import mailing_id
from linktrack.store.session import Database
from linktrack.workspace import Workspace

if TYPE_CHECKING:
    from linktrack.clicks.logs.directory import Directory

SAMPLE_BYTES = 1 << 16  # what a format is detected by
_NAMED = 5  # folders that are named in a sentence
_Value = TypeVar("_Value")


def import_logs(
    workspace: Workspace,
    database: Database,
    paths: Sequence[str] = (),
    order: ImportOrder = ImportOrder(),  # noqa: B008  (frozen)
    *,
    rejected: IO[str] | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    wait: float = 0,
    clock: Clock = now,
) -> ImportSummary:
    """Import logs one after the other, in the order given; what is stored does not depend on it.

    A path may be a folder, for every log in it, or `-`, standard input; without any it is the workspace's own click
    log. Rejected lines are listed in `rejected`, `tell` gets the progress after each batch, and where `stop` says so
    the import ends with what was read so far (and with KeyboardInterrupt where it waits for another process). A log
    that cannot be read does not keep the others from being read: it is one of the summary's `problems`. NotFound where
    there is no own click log; UnknownName for the order's mailing; Locked when another import runs for longer than
    `wait` seconds; BadInput when a signing key is missing.
    """
    began = monotonic()
    if not paths:
        own = workspace.click_log_path
        if not own.is_dir():
            raise NotFound("the workspace has no click log of its own (linktrack serve writes one): name a log")
        paths = [str(own)]
    with database.stopping(stop), alone(workspace, database, "import", wait):
        job = _Import(workspace, database, order, rejected, tell, stop, clock)
        gc.disable()  # millions of tuples and not one cycle among them: looking for some takes a fifth of the time
        try:
            job.take_all(paths)
        finally:
            gc.enable()
        with database.transaction():
            note_taken_away(database)
            database.execute("UPDATE workspace SET imported_at = ?", (clock(),))
    if job.tally.nobodys:
        database.warn(_of_nobody(job.tally.nobodys))  # always: a job that imports first shows nothing of an import
    job.tally.stopped = job.tally.stopped or stop()  # also where all that there was had been read
    return job.tally.summary(round(monotonic() - began, 3), final=True)


def logs_in(folder: Path) -> list[str]:
    """The logs in a folder: all of its files that are not hidden, by name."""
    with explained(folder):
        return sorted(str(path) for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder that are not hidden."""
    with explained(folder):
        return sorted(_shown(one.name) for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))


def _shown(path: str) -> str:
    """A path as it is shown and stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Import:
    """One import: what it knows of the workspace, and what it has counted."""

    def __init__(
        self,
        workspace: Workspace,
        database: Database,
        order: ImportOrder,
        rejected: IO[str] | None,
        tell: Callable[[Progress], None],
        stop: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self.database = database
        self.order = order
        self.settings = workspace.settings
        self.book = AddressBook(workspace, database)
        self.rules = rules_of(workspace, self.book, order, list_rejects=rejected is not None)
        follow_zone(database, self.settings.time_zone)
        self.shelf = self._new_shelf()
        self.rejected = rejected
        self.tell = tell
        self.stop = stop
        self.clock = clock
        self.tally = Tally(order.tolerate)
        self._moved: set[tuple[int, int]] = set()  # time and print of earlier clicks
        self._first_reading: int = (database.value("SELECT max(id) FROM reading") or 0) + 1
        self._mailing = None if order.mailing is None else mailing_id(database, order.mailing)
        self._directory: Directory | None = None

    def _new_shelf(self) -> Shelf:
        """Where clicks are put, with the shipments and placements that the addresses lead to."""
        self._shelved = self.book.addresses
        clicks = self.settings.clicks
        return Shelf.of(self.database, clicks.networks, leave_by_get=clicks.unsubscribe_on == "get")

    def take_all(self, paths: Sequence[str]) -> None:
        """Import what is new in these logs, as far as they can be read."""
        for path in paths:
            try:
                for log in self._logs_of(path):
                    self._take_or_note(log)
                    if self._is_stopped():
                        break
            except Conflict as problem:  # a folder that must not be looked into
                if problem.file is None:
                    raise
                self.tally.problems.append(problem)
            if self._is_stopped():
                break
        if self.order.again and not self._is_stopped():
            self._judge_again()

    def _is_stopped(self) -> bool:
        self.tally.stopped = self.tally.stopped or self.stop()
        return self.tally.stopped

    def _logs_of(self, path: str) -> Sequence[str]:
        """The logs that a path names; what is passed over of a folder is noted."""
        if path == "-" or not Path(path).is_dir():
            return (path,)
        if folders := _folders_in(Path(path)):
            names = ", ".join(folders[:_NAMED]) + (" …" if len(folders) > _NAMED else "")
            verb, them = ("was", "it") if len(folders) == 1 else ("were", "them")
            self.tally.passed_over.append(
                f"{_shown(path)}: {counted(len(folders), 'folder')} in it {verb} passed over ({names}): name {them} to "
                f"import the logs in {them}, too."
            )
        return logs_in(Path(path))

    def _take_or_note(self, path: str) -> None:
        try:
            self.take(path)
        except LinktrackError as problem:
            if problem.file != path:  # the database, not this log
                raise
            self.tally.problems.append(problem)

    def take(self, path: str) -> None:
        """Import what is new in one log."""
        name = _shown(path)
        with open_log(path, self.stop) as log:
            self.rules = replace(self.rules, addresses=self.book.addresses)
            known = recognise(self.database, log, self.rules.key)
            format = self._format(log, known)
            if known and format and self._is_told_anew(format, known):
                known = replace(known, state="", position=0)
            source_id, reading = known.id if known else None, 0
            if format is None and log.cut_off:
                self._note_cut_off(name)
            batch = None
            unread = False
            again = _Second(self.rules)
            with closing(EarlierLines(log, partial(self._changing, format))) as earlier:
                for batch in self._batches(log, format, known) if format else ():
                    batches = [batch]
                    if batch.unknown and (self.book.renew() or self.rules.addresses is not self.book.addresses):
                        batches = again.looked_up(batch, replace(self.rules, addresses=self.book.addresses))
                    if self._shelved is not self.book.addresses:
                        self.shelf = self._new_shelf()
                    with self.database.transaction():
                        batches = [recall(self.database, one) for one in batches]
                        source_id = self._write_source(source_id, name, batch.reached)
                        reading = reading or self._begin_reading(source_id)
                        stored = [self._store(one, reading, earlier) for one in batches]
                        mended = self.shelf.mend_cuts(source_id, reading) if batch.last else StoredBatch()
                    self._count(name, batches, stored, mended)
                    for one in batches:
                        earlier.note(one)
                    unread = unread or _has_unread(batches[0], stored[0].junk)
                    if self._is_stopped() and not batch.last and log.regular:  # a pipe ends behind what has come
                        break
            self._note_end(name, batch, unread)
        self.tally.files += 1

    def _changing(self, format: LogFormat | None) -> Changing:
        """What reads a log from its beginning, in the formats that it has, whichever the last one is."""
        fresh = format_of(format.name, self._zone) if format else None
        assert isinstance(fresh, LineFormat)  # noqa: S101  (events are not numbered)
        return Changing(fresh, named=False, time_zone=self._zone)

    def _store(self, batch: Batch, reading: int, earlier: EarlierLines) -> StoredBatch:
        """Store a batch, with the numbers that equal lines have in the whole log."""
        arrivals = self._arrivals(batch)
        known = self.shelf.known(arrivals)
        if known and (prints := earlier.renumbered(batch, known, self.book.addresses)):
            arrivals = arrivals.renumbered(prints)
        return self.shelf.store(arrivals, reading, again=self.order.again, known=known)

    def _count(self, name: str, batches: Sequence[Batch], stored: Sequence[StoredBatch], mended: StoredBatch) -> None:
        """Count what was stored of batches."""
        for one, done in zip(batches, stored, strict=True):
            more = len(mended.verdicts) if one is batches[-1] else 0
            self.tally.add(one, len(done.verdicts) + more, done.junk)
            self.tally.readdressed += done.readdressed
            self._list_rejects(name, one)
        for done in (*stored, mended):
            self._note(done)
            self.tally.nobodys += done.nobodys
        self.tell(Progress(name, batches[0].reached.position, self.tally.summary()))

    def _note_end(self, name: str, batch: Batch | None, unread: bool) -> None:
        """Note what is to be said about a log that was read to its end, or stopped; `unread`: another format would read
        more of it."""
        if batch is not None and batch.last and batch.cut_off:
            self._note_cut_off(name)
        if batch is not None and batch.unlike and unread:
            self.tally.unusual.append(
                f"{name}: some lines are in another format, {batch.unlike}, than the one that is named: import it "
                f"again with --log-format {batch.unlike}."
            )

    def _is_told_anew(self, format: LogFormat, known: Known) -> bool:
        """Whether more is said about a log than when it was read: its lines may mean something now that did not then.

        What was stored of it has the same identities again.
        """
        named = self.order.log_format is not None and format.name != known.format
        return named or self.order.again or (self.order.mailing is not None and isinstance(format, EventFormat))

    def _note_cut_off(self, name: str) -> None:
        self.tally.notes.append(f"{name}: the compressed file ends too early; what came was read")

    def _batches(self, log: Log, format: LogFormat, known: Known | None) -> Iterator[Batch]:
        if isinstance(format, LineFormat):
            named = self.order.log_format is not None or bool(self.settings.clicks.log_format)
            changing = Changing(format, named=named, time_zone=self._zone, strings=self._strings())
            batches = Reading(log, changing, known, self.rules).batches()
            return read_ahead(batches, log.handle, known.position if known else 0)
        from linktrack.clicks.logs.directory import Directory
        from linktrack.clicks.logs.event_log import EventReading

        if self._directory is None:
            clicks, base_url = self.settings.clicks, self.settings.base_url
            self._directory = Directory(self.database, self.book, clicks, base_url, self._mailing)
        return EventReading(log, format, known, self.rules, self._directory).batches()

    def _strings(self) -> list[LineFormat]:
        """The formats of one's own that logs were read by before."""
        found: list[LineFormat] = []
        for name in (one for (one,) in self.database.rows("SELECT DISTINCT format FROM source ORDER BY format")):
            with suppress(LinktrackError):
                if is_format_string(name) and isinstance(format := format_of(name, self._zone), LineFormat):
                    found.append(format)
        return found

    @property
    def _zone(self) -> str:
        return self.order.time_zone or self.settings.clicks.time_zone

    def _format(self, log: Log, known: Known | None) -> LogFormat | None:
        """The format of a log: as told, as it was, or as it looks; None for a log without a complete line."""
        remembered = known.format if known and not self.order.again else ""
        wanted = self.order.log_format or remembered or self.settings.clicks.log_format
        told = format_of(wanted, self._zone) if wanted else None  # a wrong name is said on an empty day too
        while True:
            start = log.peek(SAMPLE_BYTES)
            if not start and log.damage:
                raise log.damage
            refuse_archive(start, log.path)
            log.line_end = line_end_of(start)
            sample, complete = sample_of(start)
            if told and sample.strip():
                return with_envelopes(told, sample)
            for text in (complete, sample):  # a JSON value may lack the last line end
                if text.strip():
                    with suppress(BadInput):
                        return _detected(text, log.path, self._zone)
            if log.regular or log.ended or len(start) >= SAMPLE_BYTES:
                break
        if complete.strip() or len(start) >= SAMPLE_BYTES or _is_json(sample):
            return _detected(sample, log.path, self._zone)
        self.tally.waiting += bool(sample.strip()) and not log.cut_off
        return None

    def _arrivals(self, batch: Batch) -> Arrivals:
        """A batch with the numbers that agents and networks have in the database, its clicks sorted by time."""
        clicks: list[Click] = []
        if batch.clicks:
            agents = self.shelf.agents.numbers(batch.agents)
            networks = self.shelf.networks.numbers(batch.networks)
            *columns, network, agent, flags = zip(*batch.clicks, strict=True)
            rows = zip(*columns, map(networks.__getitem__, network), map(agents.__getitem__, agent), flags, strict=True)
            clicks = list(map(partial(tuple.__new__, Click), sorted(rows)))  # thrice as fast as Click(*row)
        return Arrivals(
            clicks,
            list(map(Probe._make, batch.probes)),
            [JunkRequest(at, mark, ip, whose) for at, mark, ip, _, whose in batch.junk],
            {(at, mark): query for at, mark, query in batch.pressed},
        )

    def _begin_reading(self, source_id: int) -> int:
        """Note that this import reads a log. Returns the number that its clicks carry."""
        sql = "INSERT INTO reading (source_id, read_at) VALUES (?, ?) RETURNING id"
        return int(self.database.value(sql, (source_id, self.clock())))

    def _note(self, stored: StoredBatch) -> None:
        """Count what was stored by verdict, also where a later click has changed the verdict of an earlier one."""
        verdicts = self.tally.verdicts
        verdicts.update(stored.verdicts)
        for click, before, after in stored.moved:
            if click.reading >= self._first_reading:
                verdicts[before] -= 1
                verdicts[after] += 1
            elif before != after:
                self._moved.add((click.click.clicked_at, click.click.print))
        self.tally.moved = len(self._moved)

    def _judge_again(self) -> None:
        """Judge all clicks, some of which have other addresses now, and count those of this import as they are then."""
        with self.database.transaction():
            judged = judge_stored(self.database, self.shelf.by, self.shelf.facts)
            rows = self.database.rows(
                "SELECT verdict, count(*) FROM click JOIN ruling ON ruling.id = ruling_id WHERE reading_id >= ? "
                "GROUP BY verdict",
                (self._first_reading,),
            )
        self.tally.verdicts.clear()
        self.tally.verdicts.update(dict(rows))
        self.tally.moved += judged.changed

    def _write_source(self, source_id: int | None, name: str, reached: Reached) -> int:
        """Note how far a log was read. Returns its number."""
        whole = name if name == "-" else str(tidy_path(Path(name)))
        columns = {"name": whole, "imported_at": self.clock(), **reached._asdict()}
        if source_id is None:
            columns["first_lines"] = reached.first_lines or b""
            marks = ", ".join("?" * len(columns))
            return int(
                self.database.value(
                    f"INSERT INTO source ({', '.join(columns)}) VALUES ({marks}) RETURNING id",  # noqa: S608  (names and marks of our own)
                    tuple(columns.values()),
                )
            )
        if reached.head_length == 0:
            return source_id
        if reached.first_lines is None:
            del columns["first_at"], columns["first_lines"]
        settings = ", ".join(f"{name} = ?" for name in columns)
        self.database.execute(
            f"UPDATE source SET {settings} WHERE id = ?",  # noqa: S608  (names and marks of our own)
            (*columns.values(), source_id),
        )
        return source_id

    def _list_rejects(self, name: str, batch: Batch) -> None:
        if self.rejected is None:
            return
        try:
            for reason, line in batch.rejects:
                shown = line[:2000].decode("utf-8", "backslashreplace").replace("\t", "\\t").replace("\r", "\\r")
                self.rejected.write(f"{reason}\t{name}\t{shown}\n")
        except BrokenPipeError:  # nobody reads them any more (`| head`), which is no reason not to import
            self.rejected = None


def _detected(sample: bytes, path: str, zone: str) -> LogFormat:
    """The format of a log by its beginning; where that is in several, by as much of it as is in one: its first or its
    last lines.

    BadInput when it looks like none.
    """
    try:
        return detect_inside(sample, path, zone)
    except BadInput:
        for lines in _pieces(sample.rstrip(b"\n").split(b"\n")[:SAMPLE_LINES]):
            with suppress(BadInput):
                return detect_inside(b"".join(line + b"\n" for line in lines), path, zone)
        raise


def _pieces(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Ever shorter beginnings of some lines, and then ends."""
    size = len(lines)
    while size > 1:
        size //= 2
        yield lines[:size]
    size = len(lines)
    while size > 1:
        size //= 2
        yield lines[-size:]


def _has_unread(batch: Batch, new: Set[tuple[int, int]]) -> bool:
    """Whether a batch has lines that were not seen before and that another format than the named one would read."""
    return any(at and reason == UNREADABLE and (at, mark) in new for at, mark, _, reason, _ in batch.junk)


def _of_nobody(departures: int) -> str:
    """What is said of departures that hold for nobody (`Departures.note`)."""
    came = "unsubscribe or refusal of tracking has" if departures == 1 else "unsubscribes or refusals of tracking have"
    return (
        f"{departures:,} {came} come from mails that people got before they were forgotten, and nothing says whose: "
        "for who is written to again since (linktrack contact subscribe) only what they say in a newer mail holds, or "
        "what the CRM says of them."
    )


def _is_json(text: bytes) -> bool:
    """Whether a text is a whole JSON object or list: then it is no line whose end has yet to come."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


class _Second:
    """A second look at requests of one log that were unknown when they were read: the catalogue has changed since."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._moments: dict[bytes, int] = {}
        self._requests = Requests(rules, self._moments.__getitem__)

    def looked_up(self, batch: Batch, rules: Rules) -> list[Batch]:
        """The batch without them, and one of what they are now."""
        if rules.addresses is not self.rules.addresses:
            self.rules = rules
            self._requests.renew(rules)
        self._moments.clear()
        self._moments.update((row[2], moment) for moment, row in batch.unknown)
        self._requests.take([row for _, row in batch.unknown])
        found = self._requests.batch(batch.reached, last=batch.last, begins=batch.begins)
        found = found._replace(read=0, uncounted=[*batch.uncounted, *found.uncounted])
        first = batch._replace(
            reasons=dict(_but_unknown(batch.reasons.items())),
            rejects=list(_but_unknown(batch.rejects)),
            junk=[one for one in batch.junk if one[3] not in UNKNOWN],
            contested=[one for one in batch.contested if one[2] not in UNKNOWN],
        )
        return [first, found]


def _but_unknown(pairs: Iterable[tuple[str, _Value]]) -> Iterator[tuple[str, _Value]]:
    return (pair for pair in pairs if pair[0] not in UNKNOWN)


def rules_of(workspace: Workspace, book: AddressBook, order: ImportOrder, *, list_rejects: bool = False) -> Rules:
    """What the lines of a workspace's logs are read by."""
    clicks = workspace.settings.clicks
    nameless = clicks.ip == "none"
    return Rules(
        addresses=book.addresses,
        key=digest_key(book.keys.keyring),
        # Addresses that are not stored are known while a log is read: one behind most clicks is said.
        visitors=Visitors(
            clicks.trusted_proxies, Networks(clicks.networks).named, "truncate" if nameless else clicks.ip
        ),
        nameless=nameless,
        since=order.since,
        until=order.until,
        list_rejects=list_rejects,
    )
