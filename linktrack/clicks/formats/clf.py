"""The common log format and its kin: common, combined, vhost_combined, and combined with more fields behind it."""

from __future__ import annotations

import re

from linktrack.clicks.event import Row
from linktrack.clicks.formats.parts.times import common_moment

# nginx writes `"` and `\` inside a field as \xHH, Apache as \" and \\: both are "a backslash and what follows".
_QUOTED = rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+'
_ADDRESS = rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+"

# line (whatever it is), host, stamp, method, target, status, agent, and nothing where other formats have a purpose.
# A virtual host may stand in front of the address. Possessive throughout: a line is never gone over twice, which
# also saves an eighth of the time.
_LINE = re.compile(
    rb"^((?:(?!(?:" + _ADDRESS + rb') )[^\s"\[]++ (?=(?:' + _ADDRESS + rb') ))?+([^\s"\[]++) '
    rb'[^\["\n]*+\[([^\]\n]{20,27}+)\] "(?:([A-Z]++) ([^\s"]++)(?: [^\s"]++)?+(?=")|' + _QUOTED + rb')" '
    rb"(\d{3}|-) (?:\d++|-)"
    rb'(?: "' + _QUOTED + rb'" "(' + _QUOTED + rb')"(?: [^\r\n]*+(?:\r(?!$)[^\r\n]*+)*+)?+)?+()(?=\r?$)'
    rb"|(?!\Z)[^\n]*?)\r?$",
    re.MULTILINE,
)


class CommonLog:
    """nginx, Apache, Traefik: `host ident user [time] "request" status bytes` and, if there, `"referrer" "agent" …`."""

    name = "combined"
    names: tuple[str, ...] = ("combined", "common", "vhost_combined", "nginx", "apache", "traefik-clf")

    def rows(self, block: bytes) -> list[Row]:
        return _LINE.findall(block)

    moment = staticmethod(common_moment)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass
