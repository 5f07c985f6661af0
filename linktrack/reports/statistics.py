"""How sure a rate is: Wilson's interval of one, Newcombe's of the difference of two, and what may be said of it.

Sources: E. B. Wilson, JASA 22 (1927) 209-212; R. G. Newcombe, "Interval estimation for the difference between
independent proportions", Statistics in Medicine 17 (1998) 873-890, method 10. Both without continuity correction.
"""

from __future__ import annotations

from math import sqrt
from typing import Literal, NamedTuple

Z_95 = 1.959964  # of the normal distribution: 95 % lie within so many standard deviations
Z_90 = 1.644854
FEWEST_PEOPLE = 5  # that a rate rests on, as far as it is looked at; below it the count stands alone
_NARROW = 0.2  # half of an interval that is "not significant", as a part of the larger rate

Significance = Literal["significant", "promising", "not significant", "inconclusive"]
NO_VERDICT: Significance = "inconclusive"


class Interval(NamedTuple):
    """Both bounds of an interval, of shares of 1 or of their difference."""

    low: float
    high: float


class Sample(NamedTuple):
    """So many recipients, and those of them who clicked."""

    clickers: int
    sent: int

    @property
    def rate(self) -> float:
        return self.clickers / self.sent


def enough(people: int) -> bool:
    """The rule of five: whether so many different people can stand behind a rate that is looked at."""
    return people >= FEWEST_PEOPLE


def wilson(sample: Sample, z: float = Z_95) -> Interval:
    """The score interval of a rate. ValueError where nothing was sent, or more clicked than were sent to."""
    clickers, sent = sample
    if not 0 <= clickers <= sent or not sent:
        raise ValueError(f"{clickers} of {sent} is no rate")
    middle = 2 * clickers + z * z
    reach = z * sqrt(z * z + 4 * clickers * (sent - clickers) / sent)
    whole = 2 * (sent + z * z)
    # At the edges the bound is the edge itself: what rounding leaves there is taken away.
    low = 0.0 if clickers == 0 else (middle - reach) / whole
    high = 1.0 if clickers == sent else (middle + reach) / whole
    return Interval(low, high)


def newcombe(one: Sample, other: Sample, z: float = Z_95) -> Interval:
    """The interval of `one.rate - other.rate`, made of their Wilson bounds."""
    (low, high), (other_low, other_high) = wilson(one, z), wilson(other, z)
    difference = one.rate - other.rate
    return Interval(
        difference - sqrt((one.rate - low) ** 2 + (other_high - other.rate) ** 2),
        difference + sqrt((high - one.rate) ** 2 + (other.rate - other_low) ** 2),
    )


def difference_word(one: Sample, other: Sample) -> Significance:
    """What may be said of the difference of two rates.

    significant: the 95 % interval excludes 0; promising: the 90 % interval does; not significant: neither, and half of
    the 95 % interval is at most a fifth of the larger rate; inconclusive: too few to tell, or under 5 clickers.
    """
    if not enough(min(one.clickers, other.clickers)):
        return NO_VERDICT
    interval = newcombe(one, other)
    if _excludes_zero(interval):
        return "significant"
    if _excludes_zero(newcombe(one, other, Z_90)):
        return "promising"
    half = (interval.high - interval.low) / 2
    return "not significant" if half <= _NARROW * max(one.rate, other.rate) else NO_VERDICT


def _excludes_zero(interval: Interval) -> bool:
    """Whether 0 lies outside of an interval of differences."""
    return interval.low > 0 or interval.high < 0
