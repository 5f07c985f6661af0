"""Windows of time that move over moments in order: how dense they are, what is near, what belongs together."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from itertools import compress, count
from operator import itemgetter
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)


def groups(keys: Sequence[_Key], least: int, besides: Collection[_Key] = ()) -> dict[_Key, list[int]]:
    """The indices of each key that comes `least` times or is one of `besides`."""
    if len(keys) < least and not besides:
        return {}
    wanted = {key for key, often in Counter(keys).items() if often >= least}.union(besides)
    found: dict[_Key, list[int]] = {key: [] for key in wanted}
    for index in compress(count(), map(wanted.__contains__, keys)) if wanted else ():
        found[keys[index]].append(index)
    return found


def moments_of(keyed: Iterable[tuple[_Key, int]]) -> dict[_Key, list[int]]:
    """The moments of each key, in order."""
    found: dict[_Key, list[int]] = {}
    for key, moment in sorted(keyed, key=itemgetter(1)):
        found.setdefault(key, []).append(moment)
    return found


def is_near(moments: Sequence[int], moment: int, width: int) -> bool:
    """Whether one of some moments in order is at most `width` away, before or after."""
    at = bisect_left(moments, moment - width)
    return at < len(moments) and moments[at] <= moment + width


def is_dense(moments: Sequence[int], width: int, least: int) -> bool:
    """Whether `least` of some moments in order lie within `width`: a quick test, after which few need a closer one."""
    return any(last - first <= width for first, last in zip(moments, moments[least - 1 :], strict=False))


def crowded(moments: Sequence[int], values: Sequence[int], width: int, least: int) -> list[int]:
    """The indices of all that lie in a window of `width`, both ends in it, with `least` or more different values.

    Each comes once, and the time it takes grows with the number of moments, not with the width.
    """
    if moments and moments[-1] - moments[0] <= width:
        return list(range(len(moments))) if len(set(values)) >= least else []
    found: list[int] = []
    inside: dict[int, int] = {}  # how often each value is in the window
    start = told = 0
    for at, moment in enumerate(moments):
        value = values[at]
        inside[value] = inside.get(value, 0) + 1
        while moment - moments[start] > width:
            value = values[start]
            if inside[value] > 1:
                inside[value] -= 1
            else:
                del inside[value]
            start += 1
        if len(inside) >= least:
            found += range(max(start, told), at + 1)
            told = at + 1
    return found
