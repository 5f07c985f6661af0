"""Times: read, shown and cut into hours, in zones with whole, half and quarter hours."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.errors import UsageError
from linktrack.moments import (
    HOUR,
    datetime_of,
    hour_start,
    iso,
    moment_of,
    offset_that_tells,
    read_length,
    read_time,
    wall_time,
    zone_of,
)  # fmt: skip

STOCKHOLM = zone_of("Europe/Stockholm")
moments = st.integers(-62_000_000_000_000, 253_000_000_000_000)
zones = st.sampled_from(["UTC", "Europe/Stockholm", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]).map(
    zone_of
)


@pytest.mark.parametrize(
    ("text", "end", "utc"),
    [
        pytest.param("2026-03-29", False, "2026-03-28T23:00:00+00:00", id="a date is its first moment in the zone"),
        pytest.param("2026-03-31", True, "2026-03-31T22:00:00+00:00", id="and until it includes the day, of 24 hours"),
        pytest.param("2026-03-29", True, "2026-03-29T22:00:00+00:00", id="or of 23 when the clocks go forward"),
        pytest.param("2026-11-02 09:00", False, "2026-11-02T08:00:00+00:00", id="a time without offset is in the zone"),
        pytest.param("2026-11-02T09:00:00-05:00", False, "2026-11-02T14:00:00+00:00", id="an offset wins"),
        pytest.param("2026-11-02T09:00Z", False, "2026-11-02T09:00:00+00:00", id="Z is UTC"),
        pytest.param(
            "2026-10-25T02:30", False, "2026-10-25T00:30:00+00:00", id="of an hour that comes twice, the first"
        ),
        pytest.param(" 2026-11-02T09:00 ", False, "2026-11-02T08:00:00+00:00", id="blanks around it"),
    ],
)
def test_times_that_are_read(text: str, end: bool, utc: str) -> None:
    assert iso(read_time(text, STOCKHOLM, "--since", end=end)) == utc


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "09:00", "9999-12-31T23:59:59-23:59", "٢٠٢٦-٠١-٠١x"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        read_time(text, STOCKHOLM, "--since", end=True)


@pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("30d", 720), ("4w", 672)])
def test_lengths(text: str, hours: int) -> None:
    assert read_length(text, "--last") == hours * HOUR


@pytest.mark.parametrize("text", ["", "h", "0d", "-1d", "1m", "1 d h", "1.5d", "999999d"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(UsageError, match="--last"):
        read_length(text, "--last")


def test_an_offset_is_always_shown_and_milliseconds_where_there_are_some() -> None:
    assert iso(1_777_885_200_000, STOCKHOLM) == "2026-05-04T11:00:00+02:00"
    assert iso(1_777_885_200_001) == "2026-05-04T09:00:00.001+00:00"
    assert iso(-1) == "1969-12-31T23:59:59.999+00:00"


@pytest.mark.parametrize(
    ("utc", "zone", "shown"),
    [
        pytest.param("2026-05-04T09:12:30", "Europe/Stockholm", "2026-05-04 11:12:30", id="a time that comes once"),
        pytest.param("2026-10-24T23:59:59", "Europe/Stockholm", "2026-10-25 01:59:59", id="before the clocks go back"),
        pytest.param("2026-10-25T00:00:00", "Europe/Stockholm", "2026-10-25 02:00:00+02:00", id="what will come again"),
        pytest.param("2026-10-25T01:59:59", "Europe/Stockholm", "2026-10-25 02:59:59+01:00", id="what comes again"),
        pytest.param("2026-10-25T02:00:00", "Europe/Stockholm", "2026-10-25 03:00:00", id="after it"),
        pytest.param("2026-03-29T01:00:00", "Europe/Stockholm", "2026-03-29 03:00:00", id="when they go forward"),
        pytest.param("2026-04-04T14:45:00", "Australia/Lord_Howe", "2026-04-05 01:45:00+11:00", id="of half an hour"),
        pytest.param("2026-04-04T15:15:00", "Australia/Lord_Howe", "2026-04-05 01:45:00+10:30", id="again"),
        pytest.param("2006-10-29T03:30:59", "America/St_Johns", "2006-10-29 00:00:59-03:30", id="again, up to 00:01"),
        pytest.param("2006-10-29T03:31:00", "America/St_Johns", "2006-10-29 00:01:00", id="and not behind it"),
        pytest.param("2026-10-25T01:00:00", "UTC", "2026-10-25 01:00:00", id="clocks that are never moved"),
        pytest.param("0050-01-01T00:00:00", "UTC", "0050-01-01 00:00:00", id="a year of two digits"),
    ],
)
def test_a_time_on_the_wall_has_its_offset_where_it_comes_twice(utc: str, zone: str, shown: str) -> None:
    moment = moment_of(datetime.fromisoformat(utc))
    assert wall_time(moment, zone_of(zone), seconds=True) == shown
    assert wall_time(moment, zone_of(zone)) == shown[:16] + shown[19:]


@given(st.integers(0, 4_000_000_000_000), st.integers(-3 * HOUR, 3 * HOUR), zones)
def test_times_on_the_wall_tell_apart_what_is_not_of_one_second(moment: int, later: int, zone: tzinfo) -> None:
    one, other = (wall_time(at, zone, seconds=True) for at in (moment, moment + later))
    assert (one == other) == (moment // 1000 == (moment + later) // 1000)


@given(moments, zones)
def test_what_is_shown_is_read_back(moment: int, zone: tzinfo) -> None:
    assert moment_of(datetime.fromisoformat(iso(moment, zone))) == moment
    assert moment_of(datetime_of(moment, zone)) == moment


@given(st.one_of(moments, st.integers(-(1 << 60), 1 << 60)), zones)
def test_a_time_is_shown_as_python_shows_it(moment: int, zone: tzinfo) -> None:
    shown = datetime_of(moment, zone).isoformat(timespec="milliseconds" if moment % 1000 else "seconds")
    assert iso(moment, zone) == shown
    wall = datetime_of(moment, zone).isoformat(" ", "seconds")[:19] + offset_that_tells(moment, zone)
    assert wall_time(moment, zone, seconds=True) == wall
    assert wall_time(moment, zone) == wall[:16] + wall[19:]


@given(st.integers(0, 4_000_000_000_000), zones)
def test_an_hour_begins_at_a_full_hour_of_the_zone(moment: int, zone: tzinfo) -> None:
    begin = hour_start(moment, zone)
    assert 0 <= moment - begin < HOUR
    shown, began, before = (datetime_of(at, zone) for at in (moment, begin, begin - 1))
    assert began.utcoffset() == shown.utcoffset() and hour_start(begin, zone) == begin
    on_the_hour = (begin + int(shown.utcoffset().total_seconds() * 1000)) % HOUR == 0  # type: ignore[union-attr]
    assert on_the_hour or before.utcoffset() != began.utcoffset(), "where clocks are moved"


LORD_HOWE = zone_of("Australia/Lord_Howe")
HALF_HOURS = {  # moments in UTC, and when their hours began: in 2026 clocks go back on 5 April, forward on 4 October
    "2026-04-04T14:40": "2026-04-05T01:00:00+11:00",
    "2026-04-04T14:59": "2026-04-05T01:00:00+11:00",
    "2026-04-04T15:00": "2026-04-05T01:30:00+10:30",
    "2026-04-04T15:29": "2026-04-05T01:30:00+10:30",
    "2026-04-04T15:30": "2026-04-05T02:00:00+10:30",
    "2026-10-03T15:29": "2026-10-04T01:00:00+10:30",
    "2026-10-03T15:30": "2026-10-04T02:30:00+11:00",
    "2026-10-03T16:00": "2026-10-04T03:00:00+11:00",
}


@pytest.mark.parametrize("moment", HALF_HOURS)
def test_an_hour_ends_where_clocks_are_moved_by_half_of_one(moment: str) -> None:
    at = moment_of(datetime.fromisoformat(moment), UTC)
    assert iso(hour_start(at, LORD_HOWE), LORD_HOWE) == HALF_HOURS[moment]


def test_a_time_without_a_zone_is_utc_unless_another_one_is_given() -> None:
    assert moment_of(datetime(2026, 5, 4, 9), UTC) == 1_777_885_200_000
    assert moment_of(datetime(2026, 5, 4, 11), STOCKHOLM) == 1_777_885_200_000


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "/etc/passwd", "Europe", "x\0y", ""])
def test_a_zone_that_is_none_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="a time zone has a name like Europe/Stockholm"):
        zone_of(name)


@pytest.mark.parametrize("name", ["UTC", "utc", "Z"])
def test_utc_in_whatever_case(name: str) -> None:
    assert zone_of(name) is UTC
