"""Times in logs: offsets, zones, days and seconds that leap, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linktrack.clicks.formats.haproxy import HaProxy
from linktrack.clicks.formats.notation.times import common_moment, epoch_moment, iso_moment, moment_by_look
from linktrack.moments import zone_of

STOCKHOLM = ZoneInfo("Europe/Stockholm")
GOOD = {
    "a common time": (b"04/May/2026:09:12:33 +0200", "2026-05-04T07:12:33"),
    "a common time with a colon in its offset": (b"04/May/2026:09:12:33 -03:30", "2026-05-04T12:42:33"),
    "a common time with a fraction": (b"04/May/2026:09:12:33.5 +0000", "2026-05-04T09:12:33.500"),
    "a leap day": (b"29/Feb/2028:00:00:00 +0000", "2028-02-29T00:00:00"),
    "a leap second, which is the next second": (b"31/Dec/2016:23:59:60 +0000", "2017-01-01T00:00:00"),
    "an ISO time with a leap second": (b"2016-12-31T23:59:60Z", "2017-01-01T00:00:00"),
    "a local leap second": (b"2017-01-01 00:59:60", "2017-01-01T00:00:00"),
    "an ISO time with slashes": (b"2026/05/04 09:12:33.250", "2026-05-04T07:12:33.250"),
    "an ISO time": (b"2026-05-04T09:12:33.123456789Z", "2026-05-04T09:12:33.123"),
    "an ISO time with an offset of hours": (b"2026-05-04 09:12:33+02", "2026-05-04T07:12:33"),
    "an ISO time without offset, local in summer": (b"2026-07-01 12:00:00", "2026-07-01T10:00:00"),
    "an ISO time without offset, local in winter": (b"2026-01-01 12:00:00", "2026-01-01T11:00:00"),
    "seconds": (b"1777878753", "2026-05-04T07:12:33"),
    "seconds with a fraction": (b"1777878753.9876543", "2026-05-04T07:12:33.987"),
    "seconds in the year 2286": (b"9999999999", "2286-11-20T17:46:39"),
    "seconds after it": (b"10000000000", "2286-11-20T17:46:40"),
    "milliseconds after it": (b"10000000000000", "2286-11-20T17:46:40"),
    "milliseconds": (b"1777878753123", "2026-05-04T07:12:33.123"),
    "microseconds": (b"1777878753123456", "2026-05-04T07:12:33.123"),
    "nanoseconds": (b"1777878753123456789", "2026-05-04T07:12:33.123"),
}
BAD = {
    "29 February of a common year": b"29/Feb/2026:00:00:00 +0000",
    "a month in another language": b"04/Mai/2026:09:12:33 +0200",
    "a month in capitals": b"04/MAY/2026:09:12:33 +0200",
    "hour 24": b"04/May/2026:24:00:00 +0200",
    "second 61": b"04/May/2026:23:59:61 +0200",
    "an offset of 25 hours": b"04/May/2026:09:12:33 +2500",
    "no offset in a common time": b"04/May/2026:09:12:33",
    "no year": b"04/May 09:12:33 +0200",
    "the separator in front of the seconds": b"04/May/2026:09:12x33 +0200",
    "year 0": b"0000-01-01T00:00:00Z",
    "month 13": b"2026-13-01T00:00:00Z",
    "a date alone": b"2026-05-04",
    "words": b"yesterday",
    "nothing": b"",
    "a number of many digits": b"9" * 5000,
    "a negative number": b"-1777878753",
    "digits of another script": "٢٠٢٦-05-04T09:12:33Z".encode(),
}


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("case", GOOD)
def test_a_time_is_read(case: str) -> None:
    stamp, moment = GOOD[case]
    assert moment_by_look(stamp, STOCKHOLM) == millis(moment)
    assert moment_by_look(stamp, STOCKHOLM) == millis(moment)  # now out of the memory of minutes


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_time_is_refused(case: str) -> None:
    common_moment(b"04/May/2026:09:12:33 +0200")  # its minute is remembered, and is of no help to a bad stamp
    for read in (common_moment, iso_moment, epoch_moment, moment_by_look):
        with pytest.raises(ValueError):
            read(BAD[case])


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_common_and_iso_times_mean_what_datetime_means(clock: datetime, minutes: int) -> None:
    moment = clock.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    seconds = int(moment.replace(microsecond=0).timestamp())
    assert common_moment(moment.strftime("%d/%b/%Y:%H:%M:%S %z").encode()) == seconds * 1000
    assert iso_moment(moment.isoformat(timespec="milliseconds").encode()) == seconds * 1000 + clock.microsecond // 1000


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
    st.sampled_from(["Europe/Stockholm", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
@example(datetime(2026, 10, 25, 2, 30, fold=1), "Europe/Stockholm")
def test_local_times_mean_what_zoneinfo_means_also_where_the_clock_jumps(clock: datetime, name: str) -> None:
    zone = zone_of(name)
    assert (
        iso_moment(clock.strftime("%Y-%m-%d %H:%M:%S").encode(), zone)
        == int(clock.replace(microsecond=0, fold=0, tzinfo=zone).timestamp()) * 1000  # of a doubled hour the first
    )


HAPROXY = {
    "a summer's day": (b"04/May/2026:09:12:33.123", "2026-05-04T07:12:33.123"),
    "the hour that comes twice is the first one": (b"25/Oct/2026:02:30:00.000", "2026-10-25T00:30:00"),
    "unless the head of the line knows better": (b"25/Oct/2026:02:30:00.000@+01:00", "2026-10-25T01:30:00"),
    "a head in another zone says nothing": (b"25/Oct/2026:02:30:00.000@Z", "2026-10-25T00:30:00"),
    "the hour after it": (b"25/Oct/2026:03:00:00.000", "2026-10-25T02:00:00"),
    "the hour that is left out": (b"29/Mar/2026:02:30:00.000", "2026-03-29T01:30:00"),
    "an offset of its own": (b"04/May/2026:09:12:33 +0530", "2026-05-04T03:42:33"),
}  # fmt: skip


@pytest.mark.parametrize("case", HAPROXY)
def test_the_local_time_of_haproxy(case: str) -> None:
    stamp, moment = HAPROXY[case]
    format = HaProxy()
    format.zone = STOCKHOLM
    assert format.moment(stamp) == millis(moment)
