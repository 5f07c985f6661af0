"""Calendars: the next working time that a user has free."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from linktrack.actions.planned import Booked
from linktrack.errors import CannotChange
from linktrack.moments import datetime_of_microseconds, datetime_written, microseconds_of, moment_of, zone_of
from linktrack.names import composed
from linktrack.settings.tables import ActionSettings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STEP = timedelta(minutes=15)  # the first slot begins at a full quarter of an hour
PATIENCE = 400  # days without a long enough span in a row before it is given up: all kinds of days come in a year

Span = tuple[int, int]  # in UTC microseconds, as all numbers here
BusyTimes = tuple[list[int], list[int]]  # when something begins and ends, in order: none meet
_REMEMBERED = 4_096
_SECOND = 1_000_000
_WEEK = 7 * 86_400 * _SECOND
_LATEST = microseconds_of(datetime(9999, 1, 1, tzinfo=UTC))  # no span is looked for behind it


class Calendar:
    """Working hours and what is booked in them. Times come back in the workspace's time zone; lengths are real
    ones, also on the day when the clocks change."""

    def __init__(self, settings: ActionSettings, now: datetime) -> None:
        self.zone = zone_of(settings.time_zone)
        self.settings = settings
        self.holidays = frozenset(settings.holidays)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
        self.now = midnight - (-(now.astimezone(UTC) - midnight) // STEP) * STEP
        self.busy: dict[str, BusyTimes] = {}  # when somebody has something, by composed name
        self._days: dict[date, list[Span]] = {}
        self._searches: dict[tuple[str, int], Iterator[Booked]] = {}  # by user and seconds, each where it has come to
        self._booked = lru_cache(_REMEMBERED)(self._in_words)  # many have something at the same time
        self._have_room = lru_cache(_REMEMBERED)(self._is_long_enough)

    def book(self, user: str, start: datetime, end: datetime) -> None:
        """Mark a time as taken; both times are aware. Nobody ("") is always free."""
        # Numbers are compared, for datetimes of one zone are by what its clocks show.
        begin, until = microseconds_of(start), microseconds_of(end)
        if user and begin < until:
            _book(self._busy_times(user), begin, until)

    def _busy_times(self, user: str) -> BusyTimes:
        return self.busy.setdefault(composed(user), ([], []))

    def take(self, user: str, seconds: int) -> Booked:
        """The next working time of that length which `user` has free, booked for them.

        CannotChange when the working hours have no slot of that length.
        """
        if (search := self._searches.get((user, seconds))) is None:
            search = self._searches[user, seconds] = self._search(user, seconds * _SECOND)
        for booked in search:
            return booked
        check = "working_hours, working_days and holidays under [actions]"
        if self._have_room(seconds * _SECOND):
            raise CannotChange(
                f"{user} has no {_said(seconds)} of the working hours free: check what the export says that they have, "
                f"and {check}"
            )
        raise CannotChange(
            f"no slot of {_said(seconds)} in the working hours: check {check}, or the duration of the action"
        )

    def at(self, user: str, start: str, seconds: int) -> Booked:
        """A time that the action names, booked whether it is free or not; without an offset it is a local time."""
        begin = datetime_written(start, self.zone).astimezone(UTC)
        end = begin + timedelta(seconds=seconds)
        self.book(user, begin, end)
        return self._booked(microseconds_of(begin), microseconds_of(end))

    def _in_words(self, start: int, end: int) -> Booked:
        first, last = (datetime_of_microseconds(at, self.zone) for at in (start, end))
        return Booked(first.isoformat(), last.isoformat(), moment_of(first), moment_of(last))

    def _search(self, user: str, length: int) -> Iterator[Booked]:
        """The working times of that length which `user` has free, in their order: each is booked when it is asked for,
        and what is booked meanwhile is passed over."""
        busy, at = self._busy_times(user), microseconds_of(self.now)
        passed = True  # over a long booking: what lies in it is not looked at
        while passed:
            passed = False
            for start, stop in self._spans(at, length):
                at = _free_from(busy, start, length)
                while at + length <= stop:
                    if user:
                        _book(busy, at, at + length)
                    yield self._booked(at, at + length)
                    at = _free_from(busy, at, length)
                if passed := at > stop + _WEEK:
                    break

    def _is_long_enough(self, length: int) -> bool:
        """Whether the working hours have a span of that length."""
        return next(self._spans(microseconds_of(self.now), length), None) is not None

    def _spans(self, after: int, length: int) -> Iterator[Span]:
        """The working spans of at least that length from a time on, the first one cut there."""
        day = datetime_of_microseconds(min(after, _LATEST), self.zone).date()
        without = 0
        while without < PATIENCE and day.year < 9998:
            without += 1
            if day not in self._days:
                self._days[day] = list(self._day(day))
            for start, stop in self._days[day]:
                if stop > after and stop - start >= length:
                    without = 0
                    yield max(start, after), stop
            day += timedelta(days=1)

    def _day(self, day: date) -> Iterator[Span]:
        """A day's working spans; those that meet are one."""
        if DAYS[day.weekday()] not in self.settings.working_days or day in self.holidays:
            return
        clocks: list[tuple[str, str]] = []
        for span in self.settings.working_hours:
            start, stop = span.split("-")
            if clocks and clocks[-1][1] == start:
                clocks[-1] = clocks[-1][0], stop
            else:
                clocks.append((start, stop))
        for start, stop in clocks:
            last = day if stop != "24:00" else day + timedelta(days=1)
            yield self._moment(day, start), self._moment(last, stop.replace("24:00", "00:00"))

    def _moment(self, day: date, clock: str) -> int:
        return microseconds_of(datetime.combine(day, time.fromisoformat(clock), self.zone))


def _book(busy: BusyTimes, start: int, end: int) -> None:
    starts, ends = busy
    first, last = bisect_left(ends, start), bisect_right(starts, end)
    if first < last:
        start, end = min(start, starts[first]), max(end, ends[last - 1])
    starts[first:last], ends[first:last] = [start], [end]


def _free_from(busy: BusyTimes, start: int, length: int) -> int:
    """The first time from `start` on from which somebody has nothing for that long."""
    starts, ends = busy
    place = bisect_right(ends, start)
    while place < len(starts) and starts[place] < start + length:
        start = ends[place]
        place += 1
    return start


def _said(seconds: int) -> str:
    """`1h30m`, as durations are written."""
    minutes, seconds = divmod(seconds, 60)
    parts = ((minutes // 60, "h"), (minutes % 60, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)
