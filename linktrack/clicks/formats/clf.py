"""The common log format and its kin: common, combined, vhost_combined, and combined with more fields behind it."""

from __future__ import annotations

import re
from calendar import timegm
from typing import Any

from linktrack.clicks.event import Row

# nginx writes `"` and `\` inside a field as \xHH, Apache as \" and \\: both are "a backslash and what follows".
_QUOTED = rb'[^"\\\n]*(?:\\.[^"\\\n]*)*'
_ADDRESS = rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+"

# line (whatever it is), host, stamp, method, target, status, agent, and nothing where other formats have a purpose.
# A virtual host may stand in front of the address.
_LINE = re.compile(
    rb"^((?:(?!(?:" + _ADDRESS + rb') )[^\s"\[]+ (?=(?:' + _ADDRESS + rb') ))?([^\s"\[]+) '
    rb'[^\["\n]*\[([^\]\n]{20,27})\] "(?:([A-Z]+) ([^\s"]+)(?: [^\s"]+)?|' + _QUOTED + rb')" (\d{3}|-) (?:\d+|-)'
    rb'(?: "' + _QUOTED + rb'" "(' + _QUOTED + rb')"(?: [^\n]*?)?)?()'
    rb"|[^\n]+?)\r?$",
    re.MULTILINE,
)

_MONTHS = {name: number for number, name in enumerate(
    (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
)}  # fmt: skip
_STAMP = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? ([+-])(\d\d):?(\d\d)")


class CommonLog:
    """nginx and Apache: `host ident user [time] "request" status bytes` and, if there, `"referrer" "agent" …`."""

    name = "combined"
    names: tuple[str, ...] = ("combined", "common", "vhost_combined", "nginx", "apache")

    def rows(self, block: bytes) -> list[Row]:
        return _LINE.findall(block)

    def moment(self, stamp: bytes) -> int:
        return common_moment(stamp)

    def fits(self, line: bytes) -> bool:
        match = _LINE.match(line)
        return match is not None and match[3] is not None

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass


def common_moment(stamp: bytes) -> int:
    """`04/May/2026:09:12:33 +0200` as UTC milliseconds; ValueError for a day that is none."""
    minute = _MINUTES.get((stamp[:17], stamp[20:]))
    if minute is not None and (seconds := stamp[18:20]) in _SECONDS:
        return minute + _SECONDS[seconds]
    match = _STAMP.fullmatch(stamp)
    if match is None:
        raise ValueError("not a time")
    day, month, year, hour, minutes, second, fraction, sign, off_hour, off_minute = match.groups()
    offset = (int(off_hour) * 60 + int(off_minute)) * 60
    moment = moment_of(int(year), _MONTHS.get(month, 0), int(day), int(hour), int(minutes), int(second), fraction)
    moment -= (offset if sign == b"+" else -offset) * 1000
    if fraction is None and stamp[18:20] in _SECONDS:
        if len(_MINUTES) > 100_000:
            _MINUTES.clear()
        _MINUTES[stamp[:17], stamp[20:]] = moment - _SECONDS[stamp[18:20]]
    return moment


# Minutes that were met, by all of the stamp but its seconds: a log has thousands of lines in each.
_MINUTES: dict[tuple[bytes, bytes], int] = {}
_SECONDS = {b"%02d" % second: second * 1000 for second in range(60)}


def moment_of(year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: Any = None) -> int:
    """A UTC calendar time as milliseconds; ValueError for a date that does not exist. A leap second is the next one."""
    from datetime import date

    date(year, month, day)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not a time of day")
    millis = int(fraction[:3].ljust(3, b"0" if isinstance(fraction, bytes) else "0")) if fraction else 0
    return timegm((year, month, day, hour, minute, second)) * 1000 + millis
