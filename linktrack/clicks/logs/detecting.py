"""Which format a log is in: as told, as it was, or as it looks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

from linktrack.clicks.formats import (
    SAMPLE_LINES,
    EventFormat,
    LineFormat,
    LogFormat,
    format_of,
    is_format_string,
)
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.content import Log
from linktrack.clicks.logs.envelopes import detect_inside, with_envelopes
from linktrack.clicks.logs.import_terms import ImportOptions
from linktrack.clicks.logs.line_ends import first_lines, line_end_of
from linktrack.clicks.logs.packed import refuse_archive
from linktrack.clicks.logs.sources import Known
from linktrack.errors import BadInput, LinktrackError
from linktrack.settings.tables import ClickSettings
from linktrack.store.session import Database

SAMPLE_BYTES = 1 << 16  # what a format is detected by


class Formats:
    """The formats that one import's logs are read in."""

    def __init__(self, database: Database, options: ImportOptions, settings: ClickSettings) -> None:
        self._database = database
        self._options = options
        self._setting = settings.log_format
        self._zone = options.time_zone or settings.time_zone

    def of(self, log: Log, known: Known | None) -> LogFormat | None:
        """The format of a log: the one that the user names, else the one that it was read in before, else the one that
        it looks like. None for a log without a complete line. BadInput when it looks like none."""
        remembered = known.format if known and not self._options.again else ""
        wanted = self._options.log_format or remembered or self._setting
        told = format_of(wanted, self._zone) if wanted else None  # a wrong name is said on an empty day too
        while True:
            start = log.peek(SAMPLE_BYTES)
            if not start and log.damage:
                raise log.damage
            refuse_archive(start, log.path)
            log.line_end = line_end_of(start)
            sample, complete = first_lines(start)
            if told and sample.strip():
                return with_envelopes(told, sample)
            for text in (complete, sample):  # a JSON value may lack the last line end
                if text.strip():
                    with suppress(BadInput):
                        return detected(text, log.path, self._zone)
            if log.regular or log.ended or len(start) >= SAMPLE_BYTES:
                break
        if complete.strip() or len(start) >= SAMPLE_BYTES or _is_json(sample):
            return detected(sample, log.path, self._zone)
        return None

    def is_told_anew(self, format: LogFormat, known: Known) -> bool:
        """Whether the user says more about a log's format than when it was read before, so that lines which were not
        understood may be clicks now. It is read from the beginning then; clicks that are stored have the same
        identities and are not stored twice."""
        options = self._options
        named = options.log_format is not None and format.name != known.format
        return named or options.again or (options.mailing is not None and isinstance(format, EventFormat))

    def changing(self, format: LineFormat) -> Changing:
        """The reader of a log that is in this format now, and goes on in another one where its lines change. It stays
        with this one where the user named the format for this import, or the settings do: then the reader only says
        which other format lines are in."""
        named = self._options.log_format is not None or bool(self._setting)
        return Changing(format, named=named, time_zone=self._zone, strings=self._strings())

    def from_the_beginning(self, format: LogFormat | None) -> Changing:
        """The reader of the same log from its beginning, where lines may be in other formats than the last ones.
        `format` is the one of the last line that was read: one of lines, not of events."""
        fresh = format_of(format.name, self._zone) if format else None
        assert isinstance(fresh, LineFormat)  # noqa: S101  (events are not numbered)
        return Changing(fresh, named=False, time_zone=self._zone)

    def _strings(self) -> list[LineFormat]:
        """The formats of one's own that logs were read by before."""
        found: list[LineFormat] = []
        for (name,) in self._database.rows("SELECT DISTINCT format FROM source ORDER BY format"):
            with suppress(LinktrackError):
                if is_format_string(name) and isinstance(format := format_of(name, self._zone), LineFormat):
                    found.append(format)
        return found


def has_begun(log: Log) -> bool:
    """Whether a log without a complete line has the beginning of one."""
    return bool(first_lines(log.peek(SAMPLE_BYTES))[0].strip())


def detected(sample: bytes, path: str, zone: str) -> LogFormat:
    """The format of a log by the complete lines at its beginning. Where they fit no format, or several, half of them
    decide, then a quarter and so on: of the first lines, then of the last ones. BadInput when none of these fits one
    format. `path` is for the message, `zone` the time zone of stamps that name none."""
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


def _is_json(text: bytes) -> bool:
    """Whether a text is a whole JSON object or list: then it is no line whose end has yet to come."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False
