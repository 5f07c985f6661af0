"""The import: logs in, clicks with verdicts and rollups out, a batch and the position reached in one transaction."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import IO

from linktrack.clicks.formats import EventFormat, Format, LineFormat, format_of
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.verdicts import Click, JunkRequest, Probe
from linktrack.clicks.logs.ahead import read_ahead
from linktrack.clicks.logs.batches import Batch, Reached
from linktrack.clicks.logs.envelopes import detect_inside
from linktrack.clicks.logs.event_log import Directory, EventReading
from linktrack.clicks.logs.fields import digest_key
from linktrack.clicks.logs.line_log import Reading, Rules
from linktrack.clicks.logs.sources import Known, Log, open_log, recognise
from linktrack.clicks.logs.tracked import Addresses
from linktrack.clicks.logs.visitor import Visitors
from linktrack.clicks.rollups.zone import follow_zone
from linktrack.clicks.storing import Arrivals, Shelf, StoredBatch
from linktrack.errors import BadInput, LinktrackError
from linktrack.links.keys import open_keys
from linktrack.moments import now
from linktrack.store.session import Database
from linktrack.workspace import Workspace

SAMPLE_BYTES = 1 << 16  # what a format is detected by
NOT_COUNTED = ("method", "status")  # reasons that say nothing against the log: requests that are no clicks


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
    moved: int = 0  # clicks of earlier imports whose verdict is another one now, because of these
    problems: list[LinktrackError] = field(default_factory=list)  # logs that could not be read, or not to their end
    notes: list[str] = field(default_factory=list)  # what went wrong
    hints: list[str] = field(default_factory=list)  # what can be done about rejections, and what waits

    def add(self, batch: Batch, stored: int) -> None:
        """Add a batch of which `stored` clicks were new."""
        self.read += batch.read
        self.not_ours += batch.not_ours
        self.stored += stored
        self.repeated += batch.repeated + len(batch.clicks) - stored
        if self.repeated < 0:  # what was mended had been read by an earlier run, which was stopped
            self.read -= self.repeated
            self.repeated = 0
        for reason, count in batch.reasons.items():
            self.rejected += count
            self.reasons[reason] = self.reasons.get(reason, 0) + count


@dataclass(frozen=True)
class Progress:
    """How far an import is, for whoever shows it."""

    path: str
    read: int
    position: int  # bytes of uncompressed content


class Importer:
    """One import: what it knows of the workspace, and whom it tells of its progress."""

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
        self.keys = open_keys(workspace, database)
        self.database = database
        self.options = options
        self.settings = workspace.settings
        self.rules = Rules(
            addresses=Addresses(database, self.keys, workspace.settings.base_url),
            key=digest_key(self.keys.keyring),
            visitors=Visitors(
                self.settings.clicks.trusted_proxies,
                Networks(self.settings.clicks.networks).named,
                self.settings.clicks.ip,
            ),
            since=options.since,
            until=options.until,
            list_rejects=rejected is not None,
        )
        follow_zone(database, self.settings.time_zone)
        self.shelf = Shelf.of(database, self.settings.clicks.networks)
        self.rejected = rejected
        self.tell = tell
        self.stop = stop
        self.summary = Summary()
        self._verdicts: Counter[str] = Counter()  # of the clicks that were stored by this import, as they are now
        self._moved: set[tuple[int, int]] = set()  # time and print of earlier clicks
        self._first_reading: int = (database.value("SELECT max(id) FROM reading") or 0) + 1
        self._directory: Directory | None = None

    def take(self, path: str) -> None:
        """Import what is new in one log."""
        name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")  # to be shown and stored
        with open_log(path) as log:
            known = recognise(self.database, log, self.rules.key)
            format = self._format(log, known)
            if known and format and self._is_told_anew(format, known):
                known = replace(known, state="", position=0)
            batches = self._batches(log, format, known) if format else iter(())
            source_id, reading = known.id if known else None, 0
            if format is None and log.cut_off:
                self._note_cut_off(name)
            for batch in batches:
                with self.database.transaction():
                    source_id = self._write_source(source_id, name, format.name if format else "", batch.reached)
                    reading = reading or self._begin_reading(source_id)
                    stored = self.shelf.store(self._arrivals(batch), reading)
                    mended = self.shelf.mend_cuts(source_id, reading) if batch.last else StoredBatch()
                self.summary.add(batch, len(stored.verdicts) + len(mended.verdicts))
                self._note(stored)
                self._note(mended)
                self._list_rejects(name, batch)
                if batch.cut_off and batch.last:
                    self._note_cut_off(name)
                self.tell(Progress(name, self.summary.read, batch.reached.position))
                if self.stop() and not batch.last:
                    self.summary.stopped = True
                    break
        self.summary.files += 1

    def _is_told_anew(self, format: Format, known: Known) -> bool:
        """Whether more is said about a log than when it was read: its lines may mean something now that did not then.

        What was stored of it has the same identities again.
        """
        return format.name != known.format or (self.options.mailing is not None and isinstance(format, EventFormat))

    def _note_cut_off(self, name: str) -> None:
        self.summary.notes.append(f"{name}: the compressed file ends too early; what came was read")

    def _batches(self, log: Log, format: Format, known: Known | None) -> Iterator[Batch]:
        if isinstance(format, LineFormat):
            return read_ahead(Reading(log, format, known, self.rules).batches(), log.handle)
        if self._directory is None:
            self._directory = Directory(
                self.database, self.rules, self.settings.clicks, self.settings.base_url, self.options.mailing
            )
        return EventReading(log, format, known, self.rules, self._directory).batches()

    def _format(self, log: Log, known: Known | None) -> Format | None:
        """The format of a log: as told, as it was, or as it looks; None for a log without a complete line."""
        wanted = self.options.log_format or (known.format if known else self.settings.clicks.log_format)
        zone = self.options.time_zone or self.settings.clicks.time_zone
        told = format_of(wanted, zone) if wanted else None  # a wrong name is said on an empty day too
        sample = log.peek(SAMPLE_BYTES)
        if not sample and log.damage:
            raise log.damage
        if not sample.strip():
            return None
        if told:
            return told
        complete = sample[: sample.rfind(b"\n") + 1]
        if complete.strip() and not log.whole:
            with suppress(BadInput):
                return detect_inside(complete, log.path, zone)
        try:
            return detect_inside(sample, log.path, zone)  # a JSON value may lack the last line end
        except BadInput:
            if not (log.whole or complete.strip()) and len(sample) < SAMPLE_BYTES:
                self.summary.hints.append(f"{log.path}: its only line has no end yet; it is read when there is one.")
                return None
            raise

    def _arrivals(self, batch: Batch) -> Arrivals:
        """A batch with the numbers that agents and networks have in the database, its clicks sorted by time."""
        clicks: list[Click] = []
        if batch.clicks:
            agents = self.shelf.agents.numbers(batch.agents)
            networks = self.shelf.networks.numbers(batch.networks)
            *columns, network, agent, flags = zip(*batch.clicks, strict=True)
            rows = zip(*columns, map(networks.__getitem__, network), map(agents.__getitem__, agent), flags, strict=True)
            clicks = sorted(map(partial(tuple.__new__, Click), rows))  # thrice as fast as Click(*row)
        return Arrivals(
            clicks,
            list(map(Probe._make, batch.probes)),
            list(map(JunkRequest._make, batch.junk)),
            {(at, mark): query for at, mark, query in batch.pressed},
        )

    def _begin_reading(self, source_id: int) -> int:
        """Note that this import reads a log. Returns the number that its clicks carry."""
        sql = "INSERT INTO reading (source_id, read_at) VALUES (?, ?) RETURNING id"
        return int(self.database.value(sql, (source_id, now())))

    def _note(self, stored: StoredBatch) -> None:
        """Count what was stored by verdict, also where a later click has changed the verdict of an earlier one."""
        self._verdicts.update(stored.verdicts)
        for click, before, after in stored.moved:
            if click.reading >= self._first_reading:
                self._verdicts[before] -= 1
                self._verdicts[after] += 1
            elif before != after:
                self._moved.add((click.click.clicked_at, click.click.print))

    def _write_source(self, source_id: int | None, name: str, format: str, reached: Reached) -> int:
        """Note how far a log was read. Returns its number."""
        columns = {"name": name, "format": format, "imported_at": now(), **reached._asdict()}
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

    def count_verdicts(self) -> None:
        """Put the verdicts of what was stored, and the number of earlier clicks that changed, into the summary."""
        for verdict in ("human", "prefetch", "scanner", "test"):
            setattr(self.summary, verdict, self._verdicts[verdict])
        self.summary.moved = len(self._moved)

    def _list_rejects(self, name: str, batch: Batch) -> None:
        if self.rejected is None:
            return
        try:
            for reason, line in batch.rejects:
                shown = line[:2000].decode("utf-8", "backslashreplace").replace("\t", "\\t").replace("\r", "\\r")
                self.rejected.write(f"{reason}\t{name}\t{shown}\n")
        except BrokenPipeError:  # nobody reads them any more (`| head`), which is no reason not to import
            self.rejected = None


def import_logs(importer: Importer, paths: Sequence[str]) -> Summary:
    """Import logs one after the other, in the order given; what is stored does not depend on it.

    A log that cannot be read does not keep the others from being read: it is one of the summary's `problems`.
    """
    began = monotonic()
    gc.disable()  # millions of tuples and not one cycle among them: looking for some takes a fifth of the time
    try:
        for path in paths:
            try:
                importer.take(path)
            except LinktrackError as problem:
                if problem.file != path:  # the database, not this log
                    raise
                importer.summary.problems.append(problem)
            if importer.summary.stopped:
                break
    except BaseException:
        with suppress(LinktrackError):
            importer.count_verdicts()
        raise
    finally:
        gc.enable()
    importer.count_verdicts()
    importer.summary.seconds = round(monotonic() - began, 3)
    importer.summary.reasons = dict(sorted(importer.summary.reasons.items()))
    importer.summary.hints += _hints(importer.summary)
    return importer.summary


def _hints(summary: Summary) -> list[str]:
    """What to do about rejections that have one cause."""
    found = []
    if summary.reasons.get("forged-token") and not summary.stored and not summary.repeated:
        found.append(
            "Every token is forged: were these mails rewritten with another linktrack.key (or LINKTRACK_SECRET)? "
            "Bring it back and import again."
        )
    if summary.reasons.get("unknown-mailing"):
        found.append(
            "Some events do not tell their mailing: import them again with --mailing NAME, or set mailing_variable in "
            "[clicks] to what names it."
        )
    return found
