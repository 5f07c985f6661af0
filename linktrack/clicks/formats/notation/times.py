"""Times as logs write them, turned into UTC milliseconds."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from linktrack.moments import EPOCH

MONTHS = {name: number for number, name in enumerate(
    (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
)}  # fmt: skip
_COMMON = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))? ([+-]\d\d:?\d\d)")
_ISO = re.compile(
    rb"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(rb"(\d{1,19})(?:\.(\d{0,12}))?")

# Minutes that were met, by all of the stamp but its seconds: a log has thousands of lines in each.
_MINUTES: dict[tuple[bytes, bytes], int] = {}
_MINUTES_KEPT = 100_000
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS = {b"%02d" % second: second * 1000 for second in range(60)}


class LocalTime:
    """A line format whose times may lack an offset: they are local time in `zone`."""

    zone: tzinfo = UTC


def common_moment(stamp: bytes) -> int:
    """`04/May/2026:09:12:33 +0200` as UTC milliseconds; ValueError for what is no time."""
    try:
        return _MINUTES[stamp[:18], stamp[20:]] + _SECONDS[stamp[18:20]]
    except KeyError:
        pass
    match = _COMMON.fullmatch(stamp)
    if match is None:
        raise ValueError("not a time")
    day, month, year, hour, minutes, second, fraction, offset = match.groups()
    moment = calendar_moment(int(year), MONTHS.get(month, 0), int(day), int(hour), int(minutes), int(second), fraction)
    moment -= offset_seconds(offset) * 1000
    if fraction is None and stamp[18:20] in _SECONDS:
        if len(_MINUTES) >= _MINUTES_KEPT:
            _MINUTES.clear()
        _MINUTES[stamp[:18], stamp[20:]] = moment - _SECONDS[stamp[18:20]]
    return moment


def iso_moment(stamp: bytes, zone: tzinfo = UTC) -> int:
    """`2026-05-04T09:12:33.123+02:00` as UTC milliseconds; without an offset it is local time in `zone`."""
    if stamp[4:5] == b"-" and stamp[13:14] == b":" == stamp[16:17]:  # nearly always, and five times as fast
        try:
            clock = datetime.fromisoformat(stamp.decode("ascii"))
        except ValueError:  # perhaps a leap second
            pass
        else:
            if clock.tzinfo is None and zone is UTC:
                clock = clock.replace(tzinfo=UTC)
            if clock.tzinfo is not None:
                return (clock - EPOCH) // _MILLISECOND
    match = _ISO.fullmatch(stamp)
    if match is None:
        raise ValueError("not a time")
    *numbers, fraction, offset = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    if offset is None:
        return local_moment(zone, year, month, day, hour, minute, second, fraction)
    return calendar_moment(year, month, day, hour, minute, second, fraction) - offset_seconds(offset) * 1000


def next_day(day: str) -> str:
    """The day after `2026-05-04`; ValueError for what is no day, or the last that there is."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except OverflowError:
        raise ValueError("not a day that has a next one") from None


def epoch_moment(stamp: bytes) -> int:
    """Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size, as UTC milliseconds."""
    match = _EPOCH.fullmatch(stamp)
    if match is None:
        raise ValueError("not a time")
    whole = match[1].lstrip(b"0") or b"0"
    if len(whole) <= 11:
        return int(whole) * 1000 + millis_of(match[2])
    return int(whole) // (1 if len(whole) <= 14 else 1000 if len(whole) <= 17 else 10**6)


def moment_by_look(stamp: bytes, zone: tzinfo = UTC) -> int:
    """UTC milliseconds of a stamp in any of the three forms above."""
    if stamp[2:3] == b"/":
        return common_moment(stamp)
    return epoch_moment(stamp) if stamp[:8].replace(b".", b"").isdigit() else iso_moment(stamp, zone)


def calendar_moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, fraction: bytes | None = None
) -> int:
    """A UTC calendar time as milliseconds; ValueError for one that does not exist. A leap second is the next one."""
    date(year, month, day)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not a time of day")
    return timegm((year, month, day, hour, minute, second)) * 1000 + millis_of(fraction)


def local_moment(
    zone: tzinfo, year: int, month: int, day: int, hour: int, minute: int, second: int,
    fraction: bytes | None = None, offset: bytes | None = None,
) -> int:  # fmt: skip
    """A wall clock's time in `zone` as UTC milliseconds.

    In autumn an hour comes twice: it is the second one if `offset`, from elsewhere in the line, says so, and else the
    first one, so that a line means the same time in every cut of a log. In spring an hour is left out: a time in it
    is taken as if the clock had not been put forward (PEP 495, fold = 0).
    """
    moment = calendar_moment(year, month, day, hour, minute, second, fraction)
    first, second_time = _offsets(zone, year, month, day, hour, minute)
    is_second = offset is not None and offset_seconds(offset) == second_time
    return moment - (second_time if is_second else first) * 1000


@lru_cache(maxsize=10_000)
def _offsets(zone: tzinfo, year: int, month: int, day: int, hour: int, minute: int) -> tuple[int, int]:
    """The offsets of a minute in `zone`, in seconds: when it comes first, and when it comes again."""
    clocks = (datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold) for fold in (0, 1))
    first, second = (int((clock.utcoffset() or timedelta()).total_seconds()) for clock in clocks)
    return first, second


def offset_seconds(offset: bytes) -> int:
    """`+0200`, `+02:00`, `+02` or `Z` as seconds."""
    digits = offset[1:].replace(b":", b"")
    if not digits.isdigit():
        return 0
    hours, minutes = int(digits[:2]), int(digits[2:] or b"0")
    if hours > 24 or minutes > 59:
        raise ValueError("not an offset")
    seconds = hours * 3600 + minutes * 60
    return -seconds if offset.startswith(b"-") else seconds


def millis_of(fraction: bytes | None) -> int:
    """The digits behind a decimal point of seconds as milliseconds, cut off, not rounded."""
    return int(fraction[:3].ljust(3, b"0")) if fraction else 0
