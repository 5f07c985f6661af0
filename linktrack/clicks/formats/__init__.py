"""The formats of click logs: one file each, found by looking at the content or by name.

To add a format:

1. Write one file with one class. A log of one request a line is a `LineFormat`: `rows` makes a row of every line,
   `junk(line)` of one that cannot be read and `note(line)` of one that is meant to be no request, and never raises;
   `moment` reads the stamp that `rows` found. One JSON object a line: inherit from `notation.json_lines.JsonLines` and
   write `row`; where all lines have the same names, inherit from `notation.flat_json.FlatJsonLines` and write `reader`,
   and they are read twice as fast. A mail service's events are an `EventFormat`: inherit from
   `notation.json_events.JsonEvents` and write `knows` and `report`. A format is pure: no clock, no file, no database,
   and time linear in the bytes whatever they are. It reads bare lines (`logs.envelopes` takes off what is around them)
   and says every address that it finds (`logs.visitor` knows whose word counts).
2. Add the class to LINE_FORMATS or EVENT_FORMATS below.
3. Put a sample of your own making beside the others in `tests/golden/clicks/`, run
   `PYTHONPATH=. python tests/clicks/formats/formats_golden.py` to write what is read from it, and read that line by
   line. The tests find the pair, try the format on broken bytes, and check that no other format claims the sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Protocol, runtime_checkable

from linktrack.clicks.event import NOTE, LineRow, Report
from linktrack.clicks.formats.alb import LoadBalancer
from linktrack.clicks.formats.brevo import Brevo
from linktrack.clicks.formats.caddy import Caddy
from linktrack.clicks.formats.clf import CommonLog
from linktrack.clicks.formats.click_log import ClickLog
from linktrack.clicks.formats.cloudfront import CloudFront, CloudFrontJson
from linktrack.clicks.formats.envoy import Envoy
from linktrack.clicks.formats.haproxy import HaProxy
from linktrack.clicks.formats.mailchimp import Mailchimp
from linktrack.clicks.formats.mailgun import Mailgun
from linktrack.clicks.formats.mailjet import Mailjet
from linktrack.clicks.formats.mandrill import Mandrill
from linktrack.clicks.formats.nginx_json import NginxJson
from linktrack.clicks.formats.notation.apache_string import apache_format
from linktrack.clicks.formats.notation.json_events import JsonEvents
from linktrack.clicks.formats.notation.nginx_string import nginx_format
from linktrack.clicks.formats.notation.times import LocalTime
from linktrack.clicks.formats.postal import Postal
from linktrack.clicks.formats.postmark import Postmark
from linktrack.clicks.formats.resend import Resend
from linktrack.clicks.formats.sendgrid import SendGrid
from linktrack.clicks.formats.ses import Ses
from linktrack.clicks.formats.sparkpost import SparkPost
from linktrack.clicks.formats.traefik_json import TraefikJson
from linktrack.clicks.formats.w3c import ExtendedLog
from linktrack.errors import BadInput, UsageError
from linktrack.moments import zone_of


@runtime_checkable
class LineFormat(Protocol):
    """A log with one request a line.

    `rows` reads a block of complete lines, one row each; `moment` turns a row's stamp into UTC milliseconds
    (ValueError if it is none). `state` is what later lines need of earlier ones (a header), as text; `resume` takes
    it back. `name` makes the same format again, by `format_of`.
    """

    name: str
    names: tuple[str, ...]

    def rows(self, block: bytes) -> list[LineRow]: ...
    def moment(self, stamp: bytes) -> int: ...
    def state(self) -> str: ...
    def resume(self, state: str) -> None: ...


@runtime_checkable
class EventFormat(Protocol):
    """A file of events as a mail service sends them, in any number of values, lists and lines.

    `events` takes the next bytes, cut anywhere, and gives the reports that they complete; `pending` is how many of
    the bytes taken so far belong to a value that is not complete, so the file is read up to there. At the end,
    `finish` gives what was still held back; an unfinished value is refused if the file was `whole`, and else stays
    pending. `fits` says whether the beginning of a file is surely of this service. `state` and `resume` are as above.
    """

    name: str
    names: tuple[str, ...]

    @property
    def pending(self) -> int: ...
    def events(self, block: bytes) -> list[Report]: ...
    def finish(self, whole: bool) -> list[Report]: ...
    def fits(self, sample: bytes) -> bool: ...
    def state(self) -> str: ...
    def resume(self, state: str) -> None: ...


LogFormat = LineFormat | EventFormat

LINE_FORMATS: tuple[Callable[[], LineFormat], ...] = (
    CommonLog, NginxJson, Caddy, TraefikJson, HaProxy, ExtendedLog, CloudFront, CloudFrontJson, LoadBalancer, Envoy,
    ClickLog,
)  # fmt: skip
EVENT_FORMATS: tuple[Callable[[], EventFormat], ...] = (
    Ses, SendGrid, Mailgun, Postmark, SparkPost, Brevo, Mailchimp, Mandrill, Resend, Mailjet, Postal,
)  # fmt: skip
FORMATS: tuple[Callable[[], LogFormat], ...] = (*LINE_FORMATS, *EVENT_FORMATS)
SAMPLE_LINES = 200

_NGINX = re.compile(r"\s*log_format\s|.*\$\{?[a-z]", re.DOTALL).match
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def format_names() -> list[str]:
    """Every name that `--log-format` takes."""
    return [name for make in FORMATS for name in make().names]


def is_format_string(wanted: str) -> bool:
    """Whether this is a server's own format string, and no name."""
    return "%" in wanted or _NGINX(wanted) is not None


def format_of(wanted: str, time_zone: str | None = None) -> LogFormat:
    """A format by its name, or by the server's own format string (nginx `log_format`, Apache `LogFormat`).

    `time_zone` is that of a log which writes local time without offset, UTC without one. UsageError for an unknown
    name or zone, and for a string that lacks what a click needs.
    """
    zone = _zone(time_zone)
    if is_format_string(wanted):
        return apache_format(wanted, zone) if _NGINX(wanted) is None else nginx_format(wanted, zone)
    formats: list[LogFormat] = [*_line_formats(zone), *_event_formats()]
    for made in formats:
        if wanted.strip().lower() in made.names:
            return made
    raise UsageError(
        f"unknown log format {wanted!r}: there are {', '.join(format_names())}, "
        "or give the server's own format string (log_format of nginx, LogFormat of Apache)"
    )


def goes_on_from(format: LogFormat, state: str) -> bool:
    """Whether a format can go on from this `state`, and would give the same one back."""
    try:
        format.resume(state)
        return format.state() == state
    except (ValueError, TypeError, RecursionError):
        return False


def detect(sample: bytes, path: str, time_zone: str | None = None) -> LogFormat:
    """The one format that reads at least half of the lines of `sample`, the beginning of a log.

    BadInput when there is none or more than one, and when it is no text.
    """
    if sample.startswith(_UTF16):
        raise BadInput("this log is UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)", file=path)
    sample = sample.removeprefix(_BOM)
    if sample.count(b"\x00") * 10 > len(sample):
        raise BadInput("this is no log: a tenth of it and more is NUL bytes", file=path)
    of_lines, of_events = line_formats(time_zone), _event_formats()
    formats: list[LogFormat] = [*of_lines, *of_events]
    fitting: list[LogFormat] = [format for format in of_lines if _reads(format, sample)]
    fitting += [format for format in of_events if format.fits(sample)]
    if len(fitting) == 1:
        return format_of(fitting[0].name, time_zone)  # a fresh one: this one has read the sample
    if not fitting:
        raise BadInput(
            f"this looks like none of the log formats ({', '.join(format.name for format in formats)}): "
            "name one with --log-format, or give the server's own format string",
            file=path,
        )
    raise BadInput(
        f"this could be {' or '.join(format.name for format in fitting)}: say which with --log-format", file=path
    )


def line_formats(time_zone: str | None = None) -> list[LineFormat]:
    """One of each that has a request a line, ready to read; `time_zone` as for `format_of`."""
    return _line_formats(_zone(time_zone))


def _zone(name: str | None) -> tzinfo:
    try:
        return zone_of(name) if name else UTC
    except ValueError as problem:
        raise UsageError(str(problem)) from None


def _line_formats(zone: tzinfo) -> list[LineFormat]:
    formats = [make() for make in LINE_FORMATS]
    for format in formats:
        if isinstance(format, LocalTime):
            format.zone = zone
    return formats


def _event_formats() -> list[EventFormat]:
    """One of each that is of events, ready to read."""
    formats = [make() for make in EVENT_FORMATS]
    for format in formats:
        if isinstance(format, JsonEvents):
            format.others = [other for other in formats if isinstance(other, JsonEvents) and other is not format]
    return formats


def _reads(format: LineFormat, sample: bytes) -> bool:
    """Whether a format reads at least half of the lines that it does not take for notes, or knows their header."""
    lines = sample.split(b"\n")[:SAMPLE_LINES]
    rows = [row for row in format.rows(b"\n".join(lines)) if row[0].strip()]
    notes = sum(row[2] is NOTE for row in rows)
    requests = sum(_is_timed(format, row) for row in rows)
    if requests:
        return requests * 2 >= len(rows) - notes
    return bool(notes) and notes == len(rows) and format.state() != ""


def _is_timed(format: LineFormat, row: LineRow) -> bool:
    if not row[2] or row[2] is NOTE:
        return False
    try:
        format.moment(row[2])
    except (ValueError, OverflowError):
        return False
    return True
