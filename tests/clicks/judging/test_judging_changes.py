"""What other rules would change, reason by reason."""

from __future__ import annotations

from collections import Counter

from linktrack.clicks.judging.changes import Change, changes


def test_each_reason_that_decides_has_one_row() -> None:
    before = Counter(
        {("human", ""): 90, ("scanner", "burst,network"): 7, ("scanner", "burst"): 2, ("test", "test-shipment"): 1}
    )
    after = Counter(
        {
            ("human", ""): 80,
            ("human", "network"): 5,
            ("human", "posted"): 1,
            ("scanner", "burst"): 8,
            ("scanner", "known-scanner-address,network"): 5,
            ("test", "test-shipment"): 1,
        }
    )  # fmt: skip
    assert changes(before, after) == [
        Change("burst", 9, 8),
        Change("known-scanner-address", 0, 5),
        Change("posted", 0, 1),
        Change("test-shipment", 1, 1),
    ]


def test_nothing_judged_is_nothing_changed() -> None:
    assert changes({}, {("human", "network"): 3}) == []
