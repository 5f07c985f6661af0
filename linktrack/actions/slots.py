"""Calendars: the next working time that a user has free."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from linktrack.sections import ActionSettings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STEP = timedelta(minutes=15)  # the first slot begins at a full quarter of an hour


class Calendar:
    """Working hours and what is booked in them; `take` books. Times come back in the workspace's time zone."""

    def __init__(self, settings: ActionSettings, now: datetime) -> None:
        self.zone = ZoneInfo(settings.time_zone)
        self.settings = settings
        self.holidays: Collection[date] = frozenset(settings.holidays)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
        self.now = midnight - (-(now.astimezone(UTC) - midnight) // STEP) * STEP
        self.busy: dict[str, list[tuple[datetime, datetime]]] = {}
        self.passed: dict[tuple[str, int], datetime] = {}  # before this time no slot of that length is free

    def book(self, user: str, start: datetime, end: datetime) -> None:
        """Mark a time as taken; both times are aware."""
        if end > start:
            insort(self.busy.setdefault(user, []), (start.astimezone(UTC), end.astimezone(UTC)))

    def take(self, user: str, seconds: int) -> tuple[datetime, datetime]:
        """The next working time of that length which `user` has free, booked for him.

        A time longer than any working span begins with a span and goes beyond it. Nobody ("") is always free.
        """
        length = timedelta(seconds=seconds)
        for start, stop in self._spans(self.passed.get((user, seconds), self.now)):
            at = start
            while at + length <= stop or (at == start and length > self._longest(stop)):
                clash = self._clash(user, at, at + length)
                if clash is None:
                    if user:
                        self.book(user, at, at + length)
                        self.passed[user, seconds] = at
                    return at.astimezone(self.zone), (at + length).astimezone(self.zone)
                at = clash
        raise ValueError("no working time is left in the calendar: check working_days and holidays under [actions]")

    def at(self, start: str, seconds: int) -> tuple[datetime, datetime]:
        """A time that the action names; without an offset it is in the workspace's time zone."""
        moment = datetime.fromisoformat(start)
        moment = moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment.astimezone(self.zone)
        return moment, (moment.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(self.zone)

    def _clash(self, user: str, start: datetime, end: datetime) -> datetime | None:
        """The end of a booking that overlaps, or None."""
        taken = self.busy.get(user, [])
        place = bisect_right(taken, (start, datetime.max.replace(tzinfo=UTC)))
        if place < len(taken) and taken[place][0] < end:
            return taken[place][1]
        for before in reversed(taken[:place][-8:]):  # bookings from an export may overlap each other
            if before[1] > start:
                return before[1]
        return None

    def _longest(self, stop: datetime) -> timedelta:
        day = stop.astimezone(self.zone).date()
        spans = list(self._day(day)) or list(self._day(day - timedelta(days=1)))
        return max((end - start for start, end in spans), default=timedelta())

    def _spans(self, after: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working spans from a time on, cut at it."""
        day = after.astimezone(self.zone).date()
        empty = 0
        while empty < 400 and day.year < 9998:
            empty += 1
            for start, stop in self._day(day):
                if stop > after:
                    empty = 0
                    yield max(start, after), stop
            day += timedelta(days=1)

    def _day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        if DAYS[day.weekday()] not in self.settings.working_days or day in self.holidays:
            return
        for span in self.settings.working_hours:
            start, stop = span.split("-")
            begin = datetime.combine(day, time.fromisoformat(start), self.zone)
            last = datetime.combine(day, time.fromisoformat(stop if stop != "24:00" else "00:00"), self.zone)
            if stop == "24:00":
                last = datetime.combine(day + timedelta(days=1), time(), self.zone)
            yield begin.astimezone(UTC), last.astimezone(UTC)
