"""Stretches of time in which open clicks may lie."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from linktrack.moments import merged, stretches_of
from linktrack.store.open_times import NEAR, note_open_times, open_times
from linktrack.store.session import connect


@given(st.lists(st.integers(0, 500_000) | st.sampled_from([0, 60_000, 60_001, 120_000, 180_001])))
def test_moments_are_the_stretches_that_each_of_them_alone_would_make(moments: list[int]) -> None:
    assert stretches_of(moments, NEAR) == merged(((moment, moment) for moment in moments), NEAR)


def test_clicks_far_apart_take_no_more_statements(tmp_path: Path) -> None:
    """A click an hour, for years: each is a stretch of its own."""
    counts = []
    with connect(f"sqlite:///{tmp_path / 'new.db'}", new=True) as database:
        database.execute("CREATE TABLE open_time (first_at INTEGER PRIMARY KEY, last_at INTEGER)")
        for many in (50, 85):
            said: list[str] = []
            database.connection.set_trace_callback(said.append)
            note_open_times(database, [(hour * 3_600_000, hour * 3_600_000) for hour in range(many)])
            database.connection.set_trace_callback(None)
            counts.append(len(said))
        assert open_times(database) == [(hour * 3_600_000, hour * 3_600_000) for hour in range(85)]
    assert counts == [2, 3]
