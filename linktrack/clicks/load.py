"""The import: logs in, clicks with verdicts and rollups out, a batch and the position reached in one transaction."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from linktrack.clicks.already_stored import recall
from linktrack.clicks.formats import LineFormat, LogFormat
from linktrack.clicks.judging.rules.judged import JunkRequest, Probe
from linktrack.clicks.logs.ahead import read_ahead
from linktrack.clicks.logs.batches import Batch
from linktrack.clicks.logs.content import Log, open_log
from linktrack.clicks.logs.detecting import Formats, has_begun
from linktrack.clicks.logs.equal_lines import EarlierLines
from linktrack.clicks.logs.import_terms import ImportOptions, terms_of
from linktrack.clicks.logs.in_folders import folders_in, logs_in, shown_path
from linktrack.clicks.logs.line_log import Reading
from linktrack.clicks.logs.second_look import SecondLook
from linktrack.clicks.logs.sources import Known, begin_reading, next_reading, note_reached, recognise
from linktrack.clicks.logs.torn_lines import torn_format
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.own_logs import UnreadLogs
from linktrack.clicks.rejudge import judge_stored
from linktrack.clicks.rollups.zone import follow_zone
from linktrack.clicks.storing import Arrivals, ClickStore, StoredBatch
from linktrack.clicks.summary import ImportSummary, Progress, Tally, of_nobody
from linktrack.clicks.taken_away import note_taken_away
from linktrack.errors import Conflict, LinktrackError
from linktrack.moments import Clock, now
from linktrack.store.lock import alone
from linktrack.store.lookups import mailing_id
from linktrack.store.page_memory import much_in_memory
from linktrack.store.session import Database
from linktrack.workspace import Workspace

if TYPE_CHECKING:
    from linktrack.clicks.logs.target_book import TargetBook


def import_logs(
    workspace: Workspace,
    database: Database,
    paths: Sequence[str] = (),
    options: ImportOptions = ImportOptions(),  # noqa: B008  (frozen)
    *,
    rejected: IO[str] | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    wait: float = 0,
    clock: Clock = now,
) -> ImportSummary:
    """Import logs one after the other, in the order given; what is stored does not depend on it.

    A path may be a folder, for every log in it, or `-`, standard input; without any it is the workspace's own click
    log, wherever it was written. Rejected lines are listed in `rejected`, `tell` gets the progress after each batch,
    and where `stop` says so the import ends with what was read so far (and with KeyboardInterrupt where it waits for
    another process). A log that cannot be read, or a folder of the own click log that is away, is one of the summary's
    `problems`; the others are read all the same. NotFound where there is no own click log; UnknownName for the mailing
    that the options name; Locked when another import runs for longer than `wait` seconds; BadInput when a signing key
    is missing.
    """
    began = monotonic()
    own = None if paths else UnreadLogs(workspace)
    if own:
        paths = list(map(str, own.folders))
    with database.stopping(stop), alone(workspace, database, "import", wait), much_in_memory(database, 8):
        job = _Import(workspace, database, options, rejected, tell, stop, clock)
        if own:
            own.begin()
            job.tally.problems += own.away
        gc.disable()  # millions of tuples and not one cycle among them: looking for some takes a fifth of the time
        try:
            job.take_all(paths)
        finally:
            gc.enable()
        with database.transaction():
            note_taken_away(database)
            database.execute("UPDATE workspace SET imported_at = ?", (clock(),))
    if job.tally.nobodys:
        database.warn(of_nobody(job.tally.nobodys))  # always: a job that imports first shows nothing of an import
    job.tally.stopped = job.tally.stopped or stop()  # also where all that there was had been read
    tally = job.tally
    if own and not (tally.stopped or tally.waiting or tally.notes or tally.problems[len(own.away) :]):
        own.end()
    return tally.summary(round(monotonic() - began, 3), final=True)


class _Import:
    """One import: what it knows of the workspace, and what it has counted."""

    def __init__(
        self,
        workspace: Workspace,
        database: Database,
        options: ImportOptions,
        rejected: IO[str] | None,
        tell: Callable[[Progress], None],
        stop: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self.database = database
        self.options = options
        self.settings = workspace.settings
        self.book = AddressBook(workspace, database)
        self.terms = terms_of(workspace, self.book, options, clock(), list_rejects=rejected is not None)
        follow_zone(database, self.settings.time_zone)
        self.click_store = self._new_store()
        self.formats = Formats(database, options, self.settings.clicks)
        self.rejected = rejected
        self.tell = tell
        self.stop = stop
        self.clock = clock
        self.tally = Tally(options.tolerate, options.again, self.book.may_be_of_later_key)
        self._moved: set[tuple[int, int]] = set()  # time and print of earlier clicks
        self._first_reading: int = next_reading(database)
        self._mailing = None if options.mailing is None else mailing_id(database, options.mailing)
        self._targets: TargetBook | None = None

    def _new_store(self) -> ClickStore:
        """Where clicks are put, with the shipments and placements that the addresses of now lead to."""
        clicks = self.settings.clicks
        return ClickStore.of(self.database, clicks.networks, leave_by_get=clicks.unsubscribe_on == "get")

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
        if self.options.again and not self._is_stopped():
            self._judge_again()

    def _is_stopped(self) -> bool:
        self.tally.stopped = self.tally.stopped or self.stop()
        return self.tally.stopped

    def _logs_of(self, path: str) -> Sequence[str]:
        """The logs that a path names; what is passed over of a folder is noted."""
        if path == "-" or not Path(path).is_dir():
            return (path,)
        logs = logs_in(Path(path))
        self.tally.pass_over_folders(shown_path(path), folders_in(Path(path)), beside=len(logs))
        return logs

    def _take_or_note(self, path: str) -> None:
        try:
            self.take(path)
        except LinktrackError as problem:
            if problem.file != path:  # the database, not this log
                raise
            self.tally.problems.append(problem)

    def take(self, path: str) -> None:
        """Import what is new in one log."""
        with open_log(path, self.stop) as log:
            known = recognise(self.database, log, self.terms.key)
            format = self.formats.of(log, known) or torn_format(log, self.terms)
            if format is None:
                self.tally.note_no_line(shown_path(path), cut_off=log.cut_off, begun=has_begun(log))
            elif known and self.formats.is_told_anew(format, known):
                self._take_from(log, format, replace(known, state="", position=0))
            else:
                self._take_from(log, format, known)
        self.tally.files += 1

    def _take_from(self, log: Log, format: LogFormat, known: Known | None) -> None:
        """Import a log in this format from where it is known up to. All of it is read by the terms of now; what these
        do not know is looked up again in the catalogue of then."""
        name, source_id, reading = shown_path(log.path), known.id if known else None, 0
        unread = False
        second_look = SecondLook(self.terms)
        with closing(EarlierLines(log, partial(self.formats.from_the_beginning, format))) as earlier:
            for batch in self._batches(log, format, known):
                self._catch_up(batch)
                batches = second_look.looked_up(batch, self.terms)
                with self.database.transaction():
                    batches = [recall(self.database, one) for one in batches]
                    source_id = note_reached(self.database, source_id, name, batch.reached, self.clock())
                    reading = reading or begin_reading(self.database, source_id, self.clock())
                    stored = [self._store(one, reading, earlier) for one in batches]
                    mended = self.click_store.mend_cuts(source_id, reading) if batch.last else StoredBatch()
                self._count(name, batches, stored, mended)
                for one in batches:
                    earlier.note(one)
                unread = unread or batches[0].has_unread(stored[0].junk)
                cut_off, unlike = batch.last and batch.cut_off, batch.unlike
                if self._is_stopped() and not batch.last and log.regular:  # a pipe ends behind what has come
                    break
                del batch, batches, one, stored  # before the next one is there
        if cut_off:
            self.tally.note_cut_off(name)
        if unlike and unread:  # another format would read more of it
            self.tally.note_unlike(name, unlike)

    def _catch_up(self, batch: Batch) -> None:
        """Before a batch is stored: let terms and store be of the addresses of now. Where it has unknown ones the
        catalogue is looked at again; a file of events has done that itself."""
        if batch.unknown:
            self.book.renew()
        if self.terms.addresses is not self.book.addresses:
            self.terms = replace(self.terms, addresses=self.book.addresses)
            self.click_store = self._new_store()

    def _store(self, batch: Batch, reading: int, earlier: EarlierLines) -> StoredBatch:
        """Store a batch, with the numbers that equal lines have in the whole log."""
        arrivals = self._arrivals(batch)
        known = self.click_store.known(arrivals)
        if known and (prints := earlier.renumbered(batch, known, self.terms.addresses)):
            known = self.click_store.known(arrivals := arrivals.renumbered(prints))  # under these they may be, too
        return self.click_store.store(arrivals, reading, again=self.options.again, known=known)

    def _count(self, name: str, batches: Sequence[Batch], stored: Sequence[StoredBatch], mended: StoredBatch) -> None:
        """Count what was stored of batches."""
        for one, done in zip(batches, stored, strict=True):
            more = mended.verdicts.total() if one is batches[-1] else 0
            self.tally.add(one, done.verdicts.total() + more, done.junk)
            self.tally.readdressed += done.readdressed
            self._list_rejects(name, one)
        for done in (*stored, mended):
            self._note(done)
            self.tally.nobodys += done.nobodys
        self.tell(Progress(name, batches[0].reached.position, self.tally.summary()))

    def _batches(self, log: Log, format: LogFormat, known: Known | None) -> Iterator[Batch]:
        if isinstance(format, LineFormat):
            changing = self.formats.changing(format)
            batches = Reading(log, changing, known, self.terms).batches()
            return read_ahead(batches, log.handle, known.position if known else 0)
        from linktrack.clicks.logs.event_log import EventReading
        from linktrack.clicks.logs.target_book import TargetBook

        if self._targets is None:
            clicks, base_url = self.settings.clicks, self.settings.base_url
            self._targets = TargetBook(self.database, self.book, clicks, base_url, self._mailing)
        return EventReading(log, format, known, self.terms, self._targets).batches()

    def _arrivals(self, batch: Batch) -> Arrivals:
        """A batch with the numbers that agents and networks have in the database."""
        clicks = batch.clicks
        if clicks:
            agents = self.click_store.agents.numbers(batch.agents)
            clicks = clicks.numbered(self.click_store.networks.numbers(batch.networks), agents)
        return Arrivals(
            clicks,
            list(map(Probe._make, batch.probes)),
            [JunkRequest(at, mark, ip, whose) for at, mark, ip, _, whose in batch.junk],
            {(at, mark): query for at, mark, query in batch.pressed},
        )

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
        """Judge all clicks, for some have other addresses now, and count the verdicts of this import's clicks anew."""
        with self.database.transaction():
            judged = judge_stored(self.database, self.click_store.by, self.click_store.facts)
            rows = self.database.rows(
                "SELECT verdict, count(*) FROM click JOIN ruling ON ruling.id = ruling_id WHERE reading_id >= ? "
                "GROUP BY verdict",
                (self._first_reading,),
            )
        self.tally.verdicts.clear()
        self.tally.verdicts.update(dict(rows))
        self.tally.moved += judged.changed

    def _list_rejects(self, name: str, batch: Batch) -> None:
        if self.rejected is None:
            return
        try:
            for reason, line in batch.rejects:
                shown = line[:2000].decode("utf-8", "backslashreplace").replace("\t", "\\t").replace("\r", "\\r")
                self.rejected.write(f"{reason}\t{name}\t{shown}\n")
        except BrokenPipeError:  # nobody reads them any more (`| head`), which is no reason not to import
            self.rejected = None
