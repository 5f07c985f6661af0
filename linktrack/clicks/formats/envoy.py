"""Envoy's default access log, and Istio's, which has more fields in the middle and behind."""

from __future__ import annotations

import re

from linktrack.clicks.event import LineRow, junk
from linktrack.clicks.formats.notation.lines import escaped, row, split_lines
from linktrack.clicks.formats.notation.times import iso_moment

# [time] "METHOD path protocol" status flags …, then received, sent, duration and upstream time, "forwarded" "agent".
_LINE = re.compile(
    rb'\[(\d{4}-\d\d-\d\dT[\d:.]++Z)\] "([^\s"]++) ([^\s"]++) [^\s"]++" (\d{1,3}) '
    rb'(?:[^\s"]++ |"[^"]*+" ){1,6}?(?:\d++|-) (?:\d++|-) (?:\d++|-) (?:\d++|-) '
    rb'"([^"]*+)" "([^"]*+)" "[^"]*+"([^\n]*+)'
)
# Istio's fields behind: "authority" "upstream", cluster, upstream's local address, ours, the peer's.
_PEER = re.compile(rb' "[^"]*+" "[^"]*+" \S++ \S++ \S++ (\S++) ').match


class Envoy:
    """The forwarded addresses end with the peer's own; a value that is not there is `-`. Nothing is escaped."""

    name = "envoy"
    names: tuple[str, ...] = ("envoy", "istio")

    def rows(self, block: bytes) -> list[LineRow]:
        return [self._row(line) for line in split_lines(block)]

    def _row(self, line: bytes) -> LineRow:
        match = _LINE.fullmatch(line)
        if match is None:
            return junk(line)
        stamp, method, target, status, forwarded, agent, rest = match.groups()
        peer = _PEER(rest)
        return row(
            line,
            host=peer[1] if peer else b"",
            stamp=stamp,
            method=method,
            target=target,
            status=status,
            agent=escaped(agent),
            forwarded=b"" if forwarded == b"-" else forwarded,
        )

    def moment(self, stamp: bytes) -> int:
        return iso_moment(stamp)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass
