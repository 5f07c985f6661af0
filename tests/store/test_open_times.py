"""Stretches of time in which open clicks may lie."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linktrack.moments import merged, stretches_of
from linktrack.store.open_times import NEAR


@given(st.lists(st.integers(0, 500_000) | st.sampled_from([0, 60_000, 60_001, 120_000, 180_001])))
def test_moments_are_the_stretches_that_each_of_them_alone_would_make(moments: list[int]) -> None:
    assert stretches_of(moments, NEAR) == merged(((moment, moment) for moment in moments), NEAR)
