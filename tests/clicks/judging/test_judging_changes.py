"""What other rules would change, reason by reason."""

from __future__ import annotations

from collections import Counter

from linktrack.clicks.judging.changes import Change, changes


def test_each_reason_that_decides_has_one_row() -> None:
    before = Counter(
        {("human", ""): 90, ("scanner", "burst,network"): 7, ("scanner", "burst"): 2, ("test", "test-shipment"): 1}
    )
    moved = Counter(
        {
            (("human", ""), ("human", "network")): 5,
            (("human", ""), ("scanner", "burst")): 4,
            (("human", ""), ("human", "posted")): 1,
            (("scanner", "burst,network"), ("scanner", "known-scanner-address,network")): 5,
            (("scanner", "burst,network"), ("scanner", "burst")): 2,
        }
    )  # fmt: skip
    assert changes(before, moved) == [
        Change("", 90, 5, 0, 85),
        Change("burst", 9, 5, 4, 8),
        Change("known-scanner-address", 0, 0, 5, 5),
        Change("posted", 0, 0, 1, 1),
        Change("test-shipment", 1, 0, 0, 1),
    ]


def test_no_clicks_are_no_rows() -> None:
    assert changes({}, {}) == []
