"""HAProxy's HTTP log, behind a syslog head or bare; its local time becomes UTC by a given time zone."""

from __future__ import annotations

import re

from linktrack.clicks.event import LineRow, junk, note
from linktrack.clicks.formats.notation.addresses import chain_in, is_address_list
from linktrack.clicks.formats.notation.lines import escaped, row, split_lines, split_request
from linktrack.clicks.formats.notation.times import MONTHS, LocalTime, calendar_moment, local_moment, offset_seconds

# RFC 5424, RFC 3164, and RFC 3164 with an ISO time as rsyslog and journald write it.
_ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)"
_HEAD = re.compile(rb"(?:<\d{1,3}>)?(?:1 " + _ISO + rb" |[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |" + _ISO + rb" )")
_STAMP = rb"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?"
_CLIENT = re.compile(rb"(?:^|(?<=[ >\xbf]))(\[[\w:.%]+\]|[\w:.%*-]+):(\d+|unix) \[(" + _STAMP + rb")\] ")
# frontend backend/server timers status bytes cookies termination connections queues {captures} "request"
_REST = re.compile(
    rb"\S++ \S++ [\d+/-]++ ([+-]?\d++) \+?[\d-]++ \S++ \S++ \S{4} [\d+/]++ \d++/\d++ "
    rb'(?:\{([^"\n]*)\} )?"([^"\n]*+)"(?: [^\n]*+)?'
)
_TIME = re.compile(
    rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?: ([+-]\d{4}))?(?:@(Z|[+-]\d\d:?\d\d))?"
)
_ENCODED = re.compile(rb"#([0-9A-F]{2})")
_AGENT = re.compile(rb"[A-Za-z][\w. -]*+/\d").match
_NO_AGENT = re.compile(rb"https?://.*+|[\w.-]++(?::\d++)?|prefetch.*+|preview.*+").fullmatch  # host, referrer, purpose


class HaProxy(LocalTime):
    """`client:port [time] frontend backend/server timers status bytes … {captured headers} "request"`.

    The agent is known only if the configuration captures it (`capture request header User-Agent len 200`).
    """

    name = "haproxy"
    names: tuple[str, ...] = ("haproxy",)

    def rows(self, block: bytes) -> list[LineRow]:
        return [self._row(line) for line in split_lines(block)]

    def _row(self, line: bytes) -> LineRow:
        head = _HEAD.match(line)
        client = _CLIENT.search(line, head.end() if head else 0, 1000)
        if client is None:
            return note(line) if head else junk(line)  # HAProxy's other messages, and other programs'
        rest = _REST.fullmatch(line, client.end())
        if rest is None:
            # A message about a connection ("SSL handshake failure"), or the log of a TCP proxy: no request. A line
            # with a request in it that does not end as one was cut off.
            return junk(line) if b'"' in line[client.end() :] else note(line)
        stamp = client[3]
        if head and (offset := head[1] or head[2]):
            stamp += b"@" + offset
        captured = [_decoded(part.strip(b"{} ")) for part in re.split(rb"\||\} \{", rest[2] or b"")]
        method, target = split_request(rest[3])
        return row(
            line,
            host=client[1],
            stamp=stamp,
            method=method,
            target=_decoded(target),
            status=rest[1],
            agent=escaped(_agent_of(captured)),
            forwarded=chain_in(captured),
            purpose=next((text for text in captured if text.startswith((b"prefetch", b"preview"))), b""),
        )

    def moment(self, stamp: bytes) -> int:
        match = _TIME.fullmatch(stamp)
        if match is None:
            raise ValueError("not a time")
        day, month, year, hour, minute, second, fraction, offset, logged_at = match.groups()
        numbers = int(year), MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second)
        if offset:
            return calendar_moment(*numbers, fraction) - offset_seconds(offset) * 1000
        return local_moment(self.zone, *numbers, fraction, logged_at)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass


def _agent_of(captured: list[bytes]) -> bytes:
    """The captured header that is an agent: the log does not say which is which, only the configuration."""
    there = [text for text in captured if text and not is_address_list(text)]
    if (agent := next(filter(_AGENT, there), None)) is not None:
        return agent
    return there[0] if len(there) == 1 and not _NO_AGENT(there[0]) else b""


def _decoded(text: bytes) -> bytes:
    """Quotes, braces, bars and bytes outside of 32-126, which HAProxy writes as #XX."""
    return _ENCODED.sub(lambda match: bytes([int(match[1], 16)]), text) if b"#" in text else text
