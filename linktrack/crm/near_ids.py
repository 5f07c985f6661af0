"""Near misses of ids: one id in two spellings, since a spreadsheet, or a program like one, has changed how it is
written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable

from linktrack.contact_ids import bare_id, shortened

_WHOLE = re.compile(r"[1-9]\d*")
MOST = 5  # near ids that are named for one


def near_ids(wanted: Collection[str], there: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each id of `wanted` the ids of `there` (a file's, in its order, read once) that differ from it only by what
    a spreadsheet does to an id: at most MOST.

    That is invisible signs and blanks, quotes, an apostrophe or `="..."` around it, zeros before it, `.0` behind it,
    full-width digits, or all digits but the first of a long number (`1,23E+15`). Ids that are wholly the same are no
    near misses; those without a near one are left out.
    """
    bare = defaultdict(list)
    rounded = defaultdict(list)  # (digits that are kept, power of ten) -> wanted ids
    cut: set[int] = set()  # how many digits rounded ids of `wanted` keep
    for one in wanted:
        core = bare_id(one)
        bare[core].append(one)
        if shape := shortened(core):
            rounded[shape].append(one)
            cut.add(len(shape[0]))
    whole = defaultdict(list)  # the power of ten of wanted ids that are whole numbers -> (digits, id)
    for one in wanted:
        if _WHOLE.fullmatch(core := bare_id(one)):
            whole[len(core) - 1].append((core, one))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    cores: dict[tuple[str, int], list[str]] = {}
    for other in there:
        core = bare_id(other)
        near = list(bare.get(core, ()))
        if shape := shortened(core):
            if shape not in cores:
                alike = (*whole[shape[1]], *whole[shape[1] - 1])  # 9.99 is 10.0 when it is rounded
                cores[shape] = [one for digits, one in alike if _cut(digits, len(shape[0])) == shape]
            near += cores[shape]
        elif cut and _WHOLE.fullmatch(core):
            near += [one for kept in cut for one in rounded.get(_cut(core, kept), ())]
        for one in near:
            if one != other and len(found[one]) < MOST:
                found[one][other] = None
    return {one: tuple(others) for one, others in found.items() if others}


def _cut(digits: str, kept: int) -> tuple[str, int]:
    """A whole number as a spreadsheet shows it with `kept` digits: rounded half up."""
    power = len(digits) - 1
    if len(digits) <= kept:
        return digits.ljust(kept, "0"), power
    rounded = str((int(digits[: kept + 1]) + 5) // 10)
    return (rounded[:kept], power + 1) if len(rounded) > kept else (rounded, power)
