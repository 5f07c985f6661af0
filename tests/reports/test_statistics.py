"""Intervals against published tables, and the four words."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.reports.statistics import Z_90, Interval, Sample, Significance, difference_word, newcombe, wilson

# Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
SINGLE = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718)}

# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10, cases (a) to (h).
DIFFERENCES = {
    (56, 70, 48, 80): (0.0524, 0.3339), (9, 10, 3, 10): (0.1705, 0.8090), (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926), (0, 10, 0, 20): (-0.1611, 0.2775), (0, 10, 0, 10): (-0.2775, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0), (10, 10, 0, 10): (0.6075, 1.0),
}  # fmt: skip


@pytest.mark.parametrize(("sample", "bounds"), SINGLE.items(), ids=str)
def test_wilson_as_published(sample: tuple[int, int], bounds: tuple[float, float]) -> None:
    assert wilson(Sample(*sample)) == pytest.approx(bounds, abs=0.00005)


@pytest.mark.parametrize(("case", "bounds"), DIFFERENCES.items(), ids=str)
def test_newcombe_as_published(case: tuple[int, int, int, int], bounds: tuple[float, float]) -> None:
    assert newcombe(Sample(*case[:2]), Sample(*case[2:])) == pytest.approx(bounds, abs=0.00005)


@pytest.mark.parametrize(
    ("interval", "share"),
    [(wilson(Sample(81, 263)), 0.95), (wilson(Sample(81, 263), Z_90), 0.90)],
    ids=["95 %", "90 %"],
)
def test_were_the_rate_a_bound_so_many_samples_would_lie_as_near_to_it(interval: Interval, share: float) -> None:
    for bound in interval:
        deviations = abs(81 / 263 - bound) / sqrt(bound * (1 - bound) / 263)
        assert 1 - 2 * NormalDist().cdf(-deviations) == pytest.approx(share, abs=2e-7)


def test_newcombe_at_90_percent_is_made_of_bounds_at_90_percent() -> None:
    one, other = Sample(56, 70), Sample(48, 80)
    low, high, below, above = (*wilson(one, Z_90), *wilson(other, Z_90))
    assert newcombe(one, other, Z_90) == pytest.approx(
        (0.2 - ((0.8 - low) ** 2 + (above - 0.6) ** 2) ** 0.5, 0.2 + ((high - 0.8) ** 2 + (0.6 - below) ** 2) ** 0.5)
    )


samples = st.integers(1, 5000).flatmap(lambda sent: st.builds(Sample, st.integers(0, sent), st.just(sent)))


@given(samples)
def test_an_interval_holds_its_rate_and_lies_within_0_and_1(sample: Sample) -> None:
    low, high = wilson(sample)
    assert 0 <= low <= sample.rate <= high <= 1
    narrow = wilson(sample, Z_90)
    assert low <= narrow.low and narrow.high <= high


@given(samples, samples)
def test_the_other_way_round_is_the_mirror(one: Sample, other: Sample) -> None:
    low, high = newcombe(one, other)
    assert newcombe(other, one) == pytest.approx((-high, -low))
    assert low <= one.rate - other.rate <= high
    assert difference_word(one, other) == difference_word(other, one)


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        (Sample(100, 1000), Sample(60, 1000), "significant"),
        (Sample(60, 1000), Sample(100, 1000), "significant"),
        (Sample(100, 1000), Sample(77, 1000), "promising"),
        (Sample(10_000, 100_000), Sample(10_050, 100_000), "not significant"),
        (Sample(137, 1000), Sample(155, 1000), "not significant"),
        (Sample(128, 640), Sample(144, 640), "not significant"),
        (Sample(144, 640), Sample(128, 640), "not significant"),
        (Sample(139, 600), Sample(144, 600), "inconclusive"),
        (Sample(20, 200), Sample(25, 200), "inconclusive"),
        (Sample(5, 1000), Sample(500, 1000), "significant"),
        (Sample(4, 1000), Sample(500, 1000), "inconclusive"),
        (Sample(500, 1000), Sample(4, 1000), "inconclusive"),
    ],
    ids=[
        "clearly more",
        "clearly less",
        "at 90 % only",
        "the same, and surely",
        "half of it just under a fifth, by less than a millionth",
        "half of it under a fifth of the larger rate and over one of the smaller",
        "the same the other way round",
        "just over, by two millionths",
        "too few",
        "5 here",
        "4 here",
        "4 there",
    ],
)
def test_what_may_be_said(one: Sample, other: Sample, word: Significance) -> None:
    assert difference_word(one, other) == word


@pytest.mark.parametrize("sample", [(0, 0), (2, 1), (-1, 5)], ids=str)
def test_what_is_no_rate(sample: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        wilson(Sample(*sample))
