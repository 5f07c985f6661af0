"""AWS Application Load Balancer: fields parted by blanks, more of them every year, the request's address in full."""

from __future__ import annotations

import re

from linktrack.clicks.event import NO_AGENT, LineRow
from linktrack.clicks.formats.notation.lines import METHOD, QUOTED
from linktrack.clicks.formats.notation.times import iso_moment

# type time elb client:port target:port 3 times, 2 statuses, 2 sizes, "request" "agent", and whatever else.
_LINE = re.compile(
    rb"^((?:https?|h2|grpcs?|wss?) (\d{4}-\d\d-\d\dT[\d:.]++Z) [^ \n]++ (\[?[0-9a-fA-F:.]+(?:%\w+)?\]?):\d++ [^ \n]++ "
    rb"[\d.-]++ [\d.-]++ [\d.-]++ (\d{3}|-) [^ \n]++ [\d-]++ [\d-]++ "
    rb'"(?:(' + METHOD + rb') ([^\s"]++)(?: [^\s"]++)?(?=")|' + QUOTED + rb')" "(' + QUOTED + rb')"'
    rb"(?: [^\r\n]*+(?:\r(?!$)[^\r\n]*+)*+)?(?=\r?$)|(?!\Z)[^\n]*?)\r?$",
    re.MULTILINE,
)


class LoadBalancer:
    """The time is that of the answer, in UTC; a status of `-` means that the visitor went away."""

    name = "alb"
    names: tuple[str, ...] = ("alb", "aws-alb", "elb")

    def rows(self, block: bytes) -> list[LineRow]:
        return [
            (line, host, stamp, method, target, status, agent or (stamp and NO_AGENT), b"", b"", b"")
            for line, stamp, host, status, method, target, agent in _LINE.findall(block)
        ]

    def moment(self, stamp: bytes) -> int:
        return iso_moment(stamp)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass
