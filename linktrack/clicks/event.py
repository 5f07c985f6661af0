"""What is read from a log: a row for each request, an event for each click that a mail service reports."""

from __future__ import annotations

from dataclasses import dataclass, field

# One request, as a format reads it from a line, all bytes without line end:
# (line, host, stamp, method, target, status, agent, forwarded, purpose, network).
# `line` is the line as it stands in the log. `host` is who the server spoke with, `forwarded` what proxies said about
# who stood before them: addresses parted by commas, the visitor's first, each perhaps with port, brackets or zone; a
# server that knows the visitor by a proxy's word alone has no `host`. In `agent` a byte may be written \\xHH and a
# backslash is doubled, as nginx and Apache do it; NO_AGENT says that none was sent, and an empty one that the log does
# not tell. `network` is the name of the network that the whole address lay in,
# where the log itself has it. A line that the format cannot read has an empty stamp, one that is no request by design
# (a comment, another message of the same program) has the stamp NOTE, and a good line whose request is no HTTP (a TLS
# handshake) has a stamp and no method.
LineRow = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
TimedRow = tuple[int, LineRow]  # with the row's time as UTC milliseconds

NOTE = b"#"
NO_AGENT = b"-"


def note(line: bytes) -> LineRow:
    """The row of a line that is meant to be no request."""
    return (line, b"", NOTE, b"", b"", b"", b"", b"", b"", b"")


def junk(line: bytes) -> LineRow:
    """The row of a line that cannot be read."""
    return (line, b"", b"", b"", b"", b"", b"", b"", b"", b"")


@dataclass(frozen=True)
class Event:
    """One click that a mail service reports. `identity` is the service's own id of it, or what stands for one.

    `clicked_at` is UTC milliseconds; `url` is where the click went (the target, or our address); `variables` holds
    the custom variables, tags and campaign names that may tell contact and mailing. Several values of one name are
    joined by commas. `email` is empty when the event names nobody, and when it names several (`several`) and does not
    tell which of them clicked.
    """

    identity: str
    clicked_at: int
    url: str
    email: str = ""
    several: bool = False
    ip: str = ""
    agent: str = ""
    machine: bool = False
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """An event that cannot be taken, and why."""

    reason: str
    text: str


@dataclass(frozen=True)
class Skipped:
    """An event that is no click: an opening, a delivery, a confirmation of the service itself."""

    what: str


Report = Event | Refusal | Skipped
