"""Lines of the own click log that a kill has torn: after a day nobody will end them, and they are rejected.

Each process of the server writes a file of its own, so nobody goes on where a killed one has stopped. Lines of other
logs wait for their end however long it takes, for their servers go on in the same file. Should the end of a torn line
come after all, the whole line is read; what comes behind it and is not its end is read alone.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from linktrack.clicks.formats import LineFormat
from linktrack.clicks.formats.click_log import FILES, ClickLog
from linktrack.clicks.logs.content import HEAD_BYTES, Log
from linktrack.clicks.logs.import_terms import ImportTerms
from linktrack.clicks.logs.line_ends import MAX_LINE_BYTES


def given_up(log: Log, format: LineFormat, terms: ImportTerms) -> bool:
    """Whether a log is a file of the own click log that nobody writes into any more."""
    return isinstance(format, ClickLog) and _has_rested(log, terms)


def torn_format(log: Log, terms: ImportTerms) -> LineFormat | None:
    """The own click log's format for one of its files that has nothing but a torn line; None for another file."""
    ours = fnmatch(Path(log.path).name, f"{FILES}*") and _has_rested(log, terms)
    return ClickLog() if ours and log.peek(HEAD_BYTES).strip(b"\0 \t\r\n") else None


def torn_end(text: bytes, format: LineFormat) -> bytes:
    """The torn line at the end of a text up to which a log was read; nearly always nothing."""
    return text[text.rfind(b"\n") + 1 :] if isinstance(format, ClickLog) else b""


def has_its_end(torn: bytes, log: Log, format: LineFormat) -> bool:
    """Whether what a log has next is the end of this torn line, so that they can be read together."""
    end, feed, _ = log.peek(MAX_LINE_BYTES).partition(b"\n")
    return bool(feed or log.is_given_up) and not _is_request(torn, format) and _is_request(torn + end, format)


def _has_rested(log: Log, terms: ImportTerms) -> bool:
    return log.written_at is not None and log.written_at < terms.torn_before


def _is_request(line: bytes, format: LineFormat) -> bool:
    return any(row[2] for row in format.rows(line))
