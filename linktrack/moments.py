"""Times: UTC milliseconds inside, ISO 8601 with an offset outside, and the zone that people live in.

Everything that is stored is whole milliseconds since 1970-01-01T00:00:00Z. A zone is only needed to read a time that
names no offset, to show one, and to cut time into hours and days.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from operator import sub
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from linktrack.errors import UsageError

MINUTE = 60_000
HOUR = 60 * MINUTE
_QUARTER = HOUR // 4  # at one of which clocks are moved
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_OF_ONE_DIGIT = re.compile(r"^(\d{4}-\d\d-\d\d[T ])(\d(?::|$))")
_LENGTHS = {"h": HOUR, "d": DAY, "w": 7 * DAY}
# These are filled in two thirds of the time of f"{…:02}", and there are many.
_WITH_SECONDS, _WITH_MILLISECONDS = "%sT%s:%02d%s", "%sT%s:%02d.%03d%s"


Clock = Callable[[], int]  # gives the time: UTC milliseconds
Stretch = tuple[int, int]  # of time, UTC milliseconds, both ends in it


def merged(stretches: Iterable[Stretch], near: int = 0) -> list[Stretch]:
    """Stretches in order, those made one that overlap, or between which there are no more than `near` milliseconds."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if found and first <= found[-1][1] + near:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def stretches_of(moments: Iterable[int], near: int) -> list[Stretch]:
    """Moments as stretches in order, of those between which there are no more than `near` milliseconds: what `merged`
    makes of many, in less time."""
    ordered = sorted(moments)
    if not ordered:
        return []
    if max(map(sub, ordered[1:], ordered), default=0) <= near:  # as in a busy hour
        return [(ordered[0], ordered[-1])]
    pauses = [(before, after) for before, after in pairwise(ordered) if after - before > near]
    firsts, lasts = [ordered[0], *(after for _, after in pauses)], [*(before for before, _ in pauses), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))


def now() -> int:
    """The time: UTC milliseconds."""
    return time.time_ns() // 1_000_000


def moment_of(when: datetime, zone: tzinfo = UTC) -> int:
    """A datetime as UTC milliseconds; one without an offset is in `zone`."""
    aware = when.replace(tzinfo=zone) if when.tzinfo is None else when
    return (aware - EPOCH) // _MILLISECOND


def microseconds_of(aware: datetime) -> int:
    """A datetime as UTC microseconds, in which calendars may name times."""
    return (aware - EPOCH) // _MICROSECOND


def datetime_of_microseconds(microseconds: int, zone: tzinfo) -> datetime:
    """UTC microseconds as a datetime in `zone`."""
    return (EPOCH + microseconds * _MICROSECOND).astimezone(zone)


def datetime_of(milliseconds: int, zone: tzinfo = UTC) -> datetime:
    """UTC milliseconds as a datetime in `zone`; what lies outside of the years 2 to 9998 is their edge."""
    return (EPOCH + timedelta(milliseconds=min(max(milliseconds, _FIRST), _LAST))).astimezone(zone)


_MILLISECOND, _MICROSECOND = timedelta(milliseconds=1), timedelta(microseconds=1)
_FIRST, _LAST = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // _MILLISECOND for year in (2, 9999))


def iso(milliseconds: int, zone: tzinfo = UTC) -> str:
    """ISO 8601 with the offset of `zone`; milliseconds are shown only when there are some."""
    quarter, within = divmod(milliseconds, _QUARTER)
    if shown := _quarter_shown(quarter, zone):
        day, minutes, offset, _ = shown
        seconds, rest = divmod(within, 1000)
        if rest:
            return _WITH_MILLISECONDS % (day, minutes[seconds // 60], seconds % 60, rest, offset)
        return _WITH_SECONDS % (day, minutes[seconds // 60], seconds % 60, offset)
    return datetime_of(milliseconds, zone).isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds")


class _Shown(NamedTuple):
    """How the clocks of a zone show a quarter of an hour: its day, its minutes (`09:15` …), their offset, and that once
    more where it tells them from others (`offset_that_tells`)."""

    day: str
    minutes: tuple[str, ...]
    offset: str
    telling: str


@lru_cache(4096)  # what is shown together is mostly of few of them
def _quarter_shown(quarter: int, zone: tzinfo) -> _Shown | None:
    """A quarter, counted from 1970; None where the clocks of `zone` do not show it as one, or not all of it alike."""
    first, last = (datetime_of(quarter * _QUARTER + within, zone) for within in (0, _QUARTER - 1))
    telling = _offset_that_tells(first)
    if first.minute % 15 or first.second or last - first != timedelta(milliseconds=_QUARTER - 1):
        return None
    if _offset_that_tells(last) != telling:
        return None
    day, _, shown = first.isoformat(timespec="minutes").partition("T")
    minutes = tuple(f"{first.hour:02}:{first.minute + minute:02}" for minute in range(15))
    return _Shown(day, minutes, shown[len("09:15") :], telling)


def wall_time(milliseconds: int, zone: tzinfo, *, seconds: bool = False) -> str:
    """What the clocks of `zone` show, to the minute or second: `2026-05-04 09:12`; see `offset_that_tells`."""
    quarter, within = divmod(milliseconds, _QUARTER)
    if shown := _quarter_shown(quarter, zone):
        more = f":{within % MINUTE // 1000:02}" if seconds else ""
        return f"{shown.day} {shown.minutes[within // MINUTE]}{more}{shown.telling}"
    when = datetime_of(milliseconds, zone)
    text = when.isoformat(" ", "seconds" if seconds else "minutes")
    return text[: len("2026-05-04 09:12:30" if seconds else "2026-05-04 09:12")] + _offset_that_tells(when)


def offset_that_tells(milliseconds: int, zone: tzinfo) -> str:
    """The offset (`+01:00`) of a moment that clocks show like another one, for they go back then; else ""."""
    return _offset_that_tells(datetime_of(milliseconds, zone))


def _offset_that_tells(when: datetime) -> str:
    if when.replace(fold=1 - when.fold).utcoffset() == when.utcoffset():
        return ""
    return when.isoformat(timespec="minutes")[len("2026-05-04T09:12") :]


def zone_of(name: str) -> tzinfo:
    """The time zone of this name (UTC: in whatever case). ValueError with a sentence for none, for one that counts leap
    seconds, and for names that stand for another zone on each machine."""
    try:
        if not name.startswith(("right/", "posix/")) and name not in ("localtime", "posixrules", "Factory"):
            return UTC if name.upper() in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise ValueError(f"a time zone has a name like Europe/Stockholm, not {name!r}")


def machine_zone() -> str:
    """The name of the zone that this machine lives in: that of `TZ`, else the system's, else UTC."""
    link = Path("/etc/localtime")
    named = Path("/etc/timezone")
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    if link.is_symlink():
        candidates.append(str(link.resolve()).rpartition("zoneinfo/")[2])
    if named.is_file():
        candidates.append(named.read_text("utf-8", "replace").strip())
    for name in filter(None, candidates):
        with suppress(ValueError):
            zone_of(name)
            return name
    return "UTC"


def moment_written(text: str) -> int:
    """An ISO 8601 time of ours, as UTC milliseconds. ValueError for what is none."""
    return moment_of(datetime_written(text))


def datetime_written(text: str, zone: tzinfo = UTC) -> datetime:
    """An ISO 8601 time with its offset, or that of `zone` where it names none. ValueError for what is none."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=zone) if when.tzinfo is None else when


def read_time(text: str, zone: tzinfo, option: str, *, end: bool = False) -> int:
    """What a person wrote for a time, as UTC milliseconds: ISO 8601, in `zone` where it names no offset.

    A date alone is its first moment, and with `end` the first one after it. UsageError that names `option`.
    """
    text = _HOUR_OF_ONE_DIGIT.sub(r"\g<1>0\2", text.strip())
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return moment_of(datetime.combine(day, datetime.min.time()), zone)
        moment = moment_of(datetime.fromisoformat(text), zone)
        if _FIRST <= moment <= _LAST:
            return moment
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        f"{option}: {text!r} is not a time: write it like 2026-05-04, 2026-05-04T09:00 or 2026-05-04T09:00:00+02:00"
    )


def read_stretch(since: str | None, until: str | None, zone: tzinfo) -> tuple[int | None, int | None]:
    """`--since` and `--until` as UTC milliseconds; of a date alone `--until` has that day too. UsageError, also for an
    end that does not come after the beginning: nothing lies between them."""
    first = None if since is None else read_time(since, zone, "--since")
    end = None if until is None else read_time(until, zone, "--until", end=True)
    if first is not None and end is not None and end <= first:
        raise UsageError(f"--until {until} is not after --since {since}: nothing lies between them")
    return first, end


def at_clock_change(text: str, zone: tzinfo, moment: int) -> str:
    """What is odd about a time that was read as `moment`, where the clocks of `zone` are changed just then and it
    names no offset: there is no such time, or it comes twice. A sentence, or nothing."""
    shown = datetime_of(moment, zone)
    with suppress(ValueError):
        wall = datetime.fromisoformat(_HOUR_OF_ONE_DIGIT.sub(r"\g<1>0\2", text.strip()))
        if wall.tzinfo is not None:
            return ""
        if abs(shown.replace(tzinfo=None) - wall) >= timedelta(minutes=1):
            return (
                f"{wall:%Y-%m-%d %H:%M} is no time in {zone}, where the clocks go forward then: "
                f"{iso(moment, zone)} is meant"
            )
        other = moment_of(wall.replace(tzinfo=zone, fold=1))
        if other != moment:
            return (
                f"{wall:%Y-%m-%d %H:%M} comes twice in {zone}, where the clocks go back then: {iso(moment, zone)} is "
                f"taken, write {iso(other, zone)} for the other"
            )
    return ""


def read_length(text: str, option: str) -> int:
    """A length of time like `12h`, `30d` or `4w` in milliseconds. UsageError that names `option`."""
    found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", text.strip())
    if found is None:
        raise UsageError(f"{option}: {text!r} is not a length of time: write it like 12h, 30d or 4w")
    return int(found[1]) * _LENGTHS[found[2]]


def hour_start(milliseconds: int, zone: tzinfo) -> int:
    """When the hour of `zone` began in which a moment lies (zones of :30 and :45 have hours of their own). Where clocks
    are moved within an hour, as by the half hours of Lord Howe Island, one ends there and another begins."""
    offset = _offset(milliseconds, zone)
    start = milliseconds - (milliseconds + offset) % HOUR
    while start < milliseconds and _offset(start, zone) != offset:
        start = min(start + _QUARTER - start % _QUARTER, milliseconds)
    return start


def _offset(milliseconds: int, zone: tzinfo) -> int:
    return (datetime_of(milliseconds, zone).utcoffset() or timedelta()) // _MILLISECOND
