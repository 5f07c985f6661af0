"""Windows over moments, against what a look at every window says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linktrack.clicks.judging.rules.windows import crowded, groups, is_dense, is_near, moments_of

MOMENTS = st.lists(st.integers(0, 30), max_size=25).map(sorted)


@given(MOMENTS, st.data(), st.integers(0, 12), st.integers(1, 5))
def test_crowded_is_every_window_with_enough_values(
    moments: list[int], data: st.DataObject, width: int, least: int
) -> None:
    values = data.draw(st.lists(st.integers(0, 4), min_size=len(moments), max_size=len(moments)))
    wanted = set()
    for start in range(len(moments)):
        inside = [at for at in range(start, len(moments)) if moments[at] - moments[start] <= width]
        if len({values[at] for at in inside}) >= least:
            wanted.update(inside)
    assert list(crowded(moments, values, width, least)) == sorted(wanted)
    assert is_dense(moments, width, least) or not wanted
    assert is_dense(moments, width, least) == bool(list(crowded(moments, range(len(moments)), width, least)))


@given(MOMENTS, st.integers(0, 30), st.integers(0, 12))
def test_near_is_at_most_so_far_before_or_after(moments: list[int], moment: int, width: int) -> None:
    assert is_near(moments, moment, width) == any(abs(one - moment) <= width for one in moments)


def test_groups_are_those_that_are_large_enough_or_asked_for() -> None:
    assert groups(["a", "b", "a", "c", "b", "a"], 3, {"c"}) == {"a": [0, 2, 5], "c": [3]}
    assert groups([], 1) == {}


def test_moments_of_each_key_are_in_order() -> None:
    assert moments_of([("a", 5), ("b", 1), ("a", 2)]) == {"b": [1], "a": [2, 5]}
