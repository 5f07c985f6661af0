"""Calendars: the next time that is working time and free, in any time zone, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.actions.slots import Calendar
from linktrack.errors import CannotChange
from linktrack.settings.tables import ActionSettings

MONDAY = datetime(2026, 5, 4, 9, 12, 12, tzinfo=UTC)
STOCKHOLM = {"time_zone": "Europe/Stockholm"}
ALL_WEEK = {"working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
H = 3600


def weeks_from(day: int, count: int) -> list[date]:
    """That day of May 2026 and the same weekday in the weeks after it."""
    return [date(2026, 5, day) + timedelta(weeks=week) for week in range(count)]


# settings, now, what is booked for BO (start, end), seconds, (start, end) of the slot
NEXT: dict[str, tuple[dict[str, Any], datetime, list[tuple[str, str]], int, tuple[str, str]]] = {
    "the next full quarter": ({}, MONDAY, [], 1800, ("2026-05-04T09:15:00+00:00", "2026-05-04T09:45:00+00:00")),
    "at once, when it is a full quarter": ({}, MONDAY.replace(minute=15, second=0), [], 1800, ("2026-05-04T09:15:00+00:00", "2026-05-04T09:45:00+00:00")),
    "in the workspace's time zone": (STOCKHOLM, MONDAY.replace(hour=5), [], H, ("2026-05-04T09:00:00+02:00", "2026-05-04T10:00:00+02:00")),
    "tomorrow, when the day is over": ({}, MONDAY.replace(hour=17), [], H, ("2026-05-05T09:00:00+00:00", "2026-05-05T10:00:00+00:00")),
    "tomorrow, when the rest of the day is too short": ({}, MONDAY.replace(hour=16, minute=1), [], H, ("2026-05-05T09:00:00+00:00", "2026-05-05T10:00:00+00:00")),
    "up to the last minute": ({}, MONDAY.replace(hour=16, minute=0, second=0), [], H, ("2026-05-04T16:00:00+00:00", "2026-05-04T17:00:00+00:00")),
    "on Monday, when it is Friday evening": ({}, datetime(2026, 5, 8, 18, tzinfo=UTC), [], H, ("2026-05-11T09:00:00+00:00", "2026-05-11T10:00:00+00:00")),
    "after a holiday": ({"holidays": [date(2026, 5, 4), date(2026, 5, 5)]}, MONDAY, [], H, ("2026-05-06T09:00:00+00:00", "2026-05-06T10:00:00+00:00")),
    "after lunch": ({"working_hours": ["09:00-12:00", "13:00-17:00"]}, MONDAY.replace(hour=11, minute=30), [], H, ("2026-05-04T13:00:00+00:00", "2026-05-04T14:00:00+00:00")),
    "until midnight": ({"working_hours": ["22:00-24:00"]}, MONDAY, [], 2 * H, ("2026-05-04T22:00:00+00:00", "2026-05-05T00:00:00+00:00")),
    "behind what is booked": ({}, MONDAY, [("09:00", "10:30")], H, ("2026-05-04T10:30:00+00:00", "2026-05-04T11:30:00+00:00")),
    "in a gap that is long enough": ({}, MONDAY, [("09:00", "10:00"), ("10:30", "11:00"), ("12:00", "13:00")], H, ("2026-05-04T11:00:00+00:00", "2026-05-04T12:00:00+00:00")),
    "behind bookings that overlap": ({}, MONDAY, [("09:00", "12:00"), ("10:00", "10:30"), ("11:30", "12:30")], H, ("2026-05-04T12:30:00+00:00", "2026-05-04T13:30:00+00:00")),
    "behind a long booking with many short ones in it": ({}, MONDAY, [("09:00", "15:00"), *((f"09:{m:02}", f"09:{m + 1:02}") for m in range(20))], H, ("2026-05-04T15:00:00+00:00", "2026-05-04T16:00:00+00:00")),
    "over a booking of no length": ({}, MONDAY, [("10:00", "10:00")], H, ("2026-05-04T09:15:00+00:00", "2026-05-04T10:15:00+00:00")),
    "on the day that it is where the hours are": (
        {"time_zone": "America/New_York", "working_hours": ["21:00-24:00"]}, datetime(2026, 5, 5, 1, tzinfo=UTC), [], H,
        ("2026-05-04T21:00:00-04:00", "2026-05-04T22:00:00-04:00"),
    ),
    "a whole day, tomorrow": ({}, MONDAY, [], 8 * H, ("2026-05-05T09:00:00+00:00", "2026-05-05T17:00:00+00:00")),
    "over hours that meet": ({"working_hours": ["09:00-12:00", "12:00-17:00"]}, MONDAY, [], 5 * H, ("2026-05-04T09:15:00+00:00", "2026-05-04T14:15:00+00:00")),
    "in the one night of the year that is long enough": (
        {**STOCKHOLM, **ALL_WEEK, "working_hours": ["01:00-04:00"]}, MONDAY, [], 4 * H,
        ("2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00"),
    ),
    "on the day when the clocks go forward": (
        {**STOCKHOLM, **ALL_WEEK, "working_hours": ["01:00-04:00"]}, datetime(2026, 3, 28, 12, tzinfo=UTC), [], 2 * H,
        ("2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00"),
    ),
    "on the day when the clocks go back": (
        {**STOCKHOLM, **ALL_WEEK, "working_hours": ["01:00-04:00"]}, datetime(2026, 10, 24, 12, tzinfo=UTC), [], 4 * H,
        ("2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00"),
    ),
    "not in an hour that the clocks leave out": (
        {**STOCKHOLM, **ALL_WEEK, "working_hours": ["02:00-03:00"]}, datetime(2026, 3, 28, 12, tzinfo=UTC), [], H,
        ("2026-03-30T02:00:00+02:00", "2026-03-30T03:00:00+02:00"),
    ),
    "on Saturday, where it is a working day": ({"working_days": ["sat"]}, MONDAY, [], H, ("2026-05-09T09:00:00+00:00", "2026-05-09T10:00:00+00:00")),
    "between two bookings, after one that ends as the day begins": ({}, MONDAY, [("08:00", "09:15"), ("10:15", "17:00")], H, ("2026-05-04T09:15:00+00:00", "2026-05-04T10:15:00+00:00")),
    "on the last of the days that are looked at": (
        {"working_days": ["mon"], "holidays": weeks_from(4, 57)}, MONDAY, [], H, ("2027-06-07T09:00:00+00:00", "2027-06-07T10:00:00+00:00"),
    ),
    "on the last of the days behind one that is full": (
        {"working_days": ["mon", "tue"], "holidays": [*weeks_from(5, 57), *weeks_from(11, 60)]}, MONDAY, [("09:00", "17:00")], H,
        ("2027-06-08T09:00:00+00:00", "2027-06-08T10:00:00+00:00"),
    ),
    "in a zone a quarter of an hour off": ({"time_zone": "Asia/Kathmandu"}, MONDAY.replace(hour=1), [], H, ("2026-05-04T09:00:00+05:45", "2026-05-04T10:00:00+05:45")),
}  # fmt: skip


@pytest.mark.parametrize("case", NEXT)
def test_the_next_available_time(case: str) -> None:
    given_settings, now, booked, seconds, expected = NEXT[case]
    calendar = Calendar(ActionSettings(**given_settings), now)
    for start, end in booked:
        calendar.book("BO", *(datetime.fromisoformat(f"2026-05-04T{clock}:00+00:00") for clock in (start, end)))
    assert calendar.take("BO", seconds)[:2] == expected


def test_a_person_is_one_however_the_name_is_written_and_nobody_is_none() -> None:
    calendar = Calendar(ActionSettings(), MONDAY)
    for name in ("\u00c5sa", ""):
        calendar.book(name, MONDAY, MONDAY + timedelta(hours=2))
    assert calendar.take("A\u030asa", H).start == "2026-05-04T11:12:12+00:00"
    assert [calendar.take("", H).start for _ in range(2)] == ["2026-05-04T09:15:00+00:00"] * 2


def test_who_is_booked_for_ever_has_no_time_in_any_year() -> None:
    """As CRMs write it: without an end. What lies behind all bookings is looked for at once."""
    calendar = Calendar(ActionSettings(), MONDAY)
    calendar.book("BO", MONDAY + timedelta(days=2), datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))
    assert calendar.take("BO", 8 * H).start == "2026-05-05T09:00:00+00:00"
    for _ in range(2):
        with pytest.raises(CannotChange, match="BO has no 8h of the working hours free: check what the export says"):
            calendar.take("BO", 8 * H)
        with pytest.raises(CannotChange, match="no slot of 9h in the working hours"):
            calendar.take("BO", 9 * H)
    assert calendar.take("EVA", 8 * H).start == "2026-05-05T09:00:00+00:00"


def test_what_lies_behind_a_century_of_bookings_is_found() -> None:
    calendar = Calendar(ActionSettings(), MONDAY)
    calendar.book("BO", MONDAY, datetime(2126, 5, 4, 11, tzinfo=UTC))
    assert calendar.take("BO", H).start == "2126-05-06T09:00:00+00:00"


def test_nobody_is_always_free() -> None:
    calendar = Calendar(ActionSettings(), MONDAY)
    assert calendar.take("", H) == calendar.take("", H)
    assert calendar.take("BO", H) != calendar.take("BO", H)


NONE: dict[str, tuple[dict[str, Any], int, str]] = {
    "longer than the day's work": ({}, 8 * H + 61, "no slot of 8h1m1s in the working hours"),
    "longer than any of the hours": ({"working_hours": ["09:00-12:00", "13:00-17:00"]}, 5 * H, "no slot of 5h in"),
    "longer than a day": ({"working_hours": ["00:00-24:00"]}, 30 * H, "no slot of 30h in"),
    "holidays all year": ({"working_days": ["mon"], "holidays": weeks_from(4, 80)}, H, "no slot of 1h in"),
    "holidays on all days that are looked at": ({"working_days": ["tue"], "holidays": weeks_from(5, 57)}, H, "no slot of 1h in"),
}  # fmt: skip


@pytest.mark.parametrize("case", NONE)
def test_no_slot_is_long_enough(case: str) -> None:
    given_settings, seconds, sentence = NONE[case]
    way_out = r": check working_hours, working_days and holidays under \[actions\], or the duration of the action$"
    with pytest.raises(CannotChange, match=f"{sentence}.*{way_out}"):
        Calendar(ActionSettings(**given_settings), MONDAY).take("BO", seconds)


@pytest.mark.parametrize("name", ["working_days", "working_hours"])
def test_an_empty_calendar_is_refused_when_it_is_read(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time for a follow-up"):
        ActionSettings.model_validate({name: []})


NAMED: dict[str, tuple[Any, ...]] = {
    "a local time": (STOCKHOLM, "2026-07-01T09:00", "2026-07-01T09:00:00+02:00", "2026-07-01T10:00:00+02:00"),
    "a time with its offset": (STOCKHOLM, "2026-07-01T09:00+00:00", "2026-07-01T11:00:00+02:00", "2026-07-01T12:00:00+02:00"),
    "over the hour that is left out": (STOCKHOLM, "2026-03-29T01:30", "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
    "in the hour that is left out": (STOCKHOLM, "2026-03-29T02:30", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"),
    "on a Sunday, because it is named": ({}, "2026-05-03T03:00", "2026-05-03T03:00:00+00:00", "2026-05-03T04:00:00+00:00"),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMED)
def test_a_time_that_is_named(case: str) -> None:
    given_settings, start, *expected = NAMED[case]
    calendar = Calendar(ActionSettings(**given_settings), MONDAY)
    assert [*calendar.at("BO", start, H)[:2]] == expected


def test_the_hour_that_comes_twice_is_shown_as_two() -> None:
    calendar = Calendar(ActionSettings(time_zone="Europe/Stockholm"), MONDAY)
    named = [f"2026-10-25T02:30:00+0{offset}:00" for offset in (2, 1, 2)]
    booked = [calendar.at("BO", start, 600) for start in named]
    assert [one.start for one in booked] == named
    assert [one.start_at for one in booked] == [round(datetime.fromisoformat(one).timestamp() * 1000) for one in named]
    assert {one.end_at - one.start_at for one in booked} == {600_000}


def test_a_time_that_was_named_is_taken() -> None:
    calendar = Calendar(ActionSettings(), MONDAY)
    calendar.at("BO", "2026-05-04T09:30", H)
    assert calendar.take("BO", H).start == "2026-05-04T10:30:00+00:00"
    assert calendar.take("EVA", H).start == "2026-05-04T09:15:00+00:00"


CHANGED: dict[str, tuple[datetime, datetime, str]] = {  # a booking by the clocks -> the next slot from that midnight on
    "that ends before it begins, for clocks go forward": (datetime(2026, 3, 29, 2, 45), datetime(2026, 3, 29, 3, 10), "2026-03-29T03:00:00+02:00"),
    "that begins later than it ends, for clocks go back": (datetime(2026, 10, 25, 2, 50), datetime(2026, 10, 25, 2, 10, fold=1), "2026-10-25T02:10:00+01:00"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED)
def test_a_booking_where_the_clocks_are_changed(case: str) -> None:
    start, end, expected = CHANGED[case]
    hours: dict[str, Any] = {**STOCKHOLM, **ALL_WEEK, "working_hours": ["02:00-05:00"]}
    zone = ZoneInfo("Europe/Stockholm")
    calendar = Calendar(ActionSettings(**hours), start.replace(hour=0, minute=0, tzinfo=UTC))
    calendar.book("BO", start.replace(tzinfo=zone), end.replace(tzinfo=zone))
    assert calendar.take("BO", H).start == expected


minutes = st.integers(0, 60 * 24 * 5)
spans = st.lists(st.tuples(minutes, st.integers(1, 300)), max_size=12)
zones = st.sampled_from(["UTC", "Europe/Stockholm", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])


@settings(max_examples=150)
@given(
    booked=spans, lengths=st.lists(st.sampled_from([5, 15, 30, 45, 90]), min_size=1, max_size=12), zone=zones,
    begin=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)),
)  # fmt: skip
def test_slots_never_overlap_are_working_time_and_are_the_first(
    booked: list[tuple[int, int]], lengths: list[int], zone: str, begin: datetime
) -> None:
    now = begin.replace(tzinfo=UTC)
    calendar = Calendar(ActionSettings(time_zone=zone, working_hours=["08:00-12:00", "13:00-17:00"]), now)
    taken = [(now + timedelta(minutes=at), now + timedelta(minutes=at + length)) for at, length in booked]
    for start, end in taken:
        calendar.book("BO", start, end)
    for length in lengths:
        start, end = map(datetime.fromisoformat, calendar.take("BO", length * 60)[:2])
        assert start >= now and end - start == timedelta(minutes=length)
        assert all(end <= one or start >= two for one, two in taken)
        local = start.astimezone(ZoneInfo(zone))
        assert local.weekday() < 5
        assert 8 <= local.hour < 17 and local.hour != 12
        for quarter in range(int((start - calendar.now) / timedelta(minutes=15))):  # nothing earlier would have done
            early = calendar.now + timedelta(minutes=15 * quarter)
            clock = early.astimezone(ZoneInfo(zone))
            last = (early + timedelta(minutes=length)).astimezone(ZoneInfo(zone))
            works = clock.weekday() < 5 and any(
                clock >= clock.replace(hour=a, minute=0) and last <= clock.replace(hour=b, minute=0)
                for a, b in ((8, 12), (13, 17))
            )
            free = all(early + timedelta(minutes=length) <= one or early >= two for one, two in taken)
            assert not (works and free)
        taken.append((start, end))
