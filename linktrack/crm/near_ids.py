"""Near misses of ids: the same id before and after a spreadsheet, or a program like one, has had it in its hands."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable

_FORMULA = re.compile(r'="(.*)"')  # ="0001", which keeps the zeros in Excel
_ROUNDED = re.compile(r"([1-9])(?:[.,](\d+))?[eE]\+?(\d{1,2})")  # 1,23E+15
_WHOLE = re.compile(r"[1-9]\d*")
MOST = 5  # near ids that are named for one


def near_ids(wanted: Collection[str], there: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By each id of `wanted` the ids of `there` (a file's, in its order, read once) that nearly are it: at most MOST.

    Nearly: but for invisible signs and blanks, quotes and an apostrophe or `="..."` around it, zeros before it, `.0`
    behind it, full-width digits, or all digits but the first of a long number (`1,23E+15`). Ids that are wholly the
    same are no near misses; those without a near one are left out.
    """
    bare = defaultdict(list)
    rounded = defaultdict(list)  # (digits that are kept, power of ten) -> wanted ids
    cut: set[int] = set()  # how many digits rounded ids of `wanted` keep
    for one in wanted:
        core = _core(one)
        bare[core].append(one)
        if shape := _rounded(core):
            rounded[shape].append(one)
            cut.add(len(shape[0]))
    whole = defaultdict(list)  # the power of ten of wanted ids that are whole numbers -> (digits, id)
    for one in wanted:
        if _WHOLE.fullmatch(core := _core(one)):
            whole[len(core) - 1].append((core, one))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    cores: dict[tuple[str, int], list[str]] = {}
    for other in there:
        core = _core(other)
        near = list(bare.get(core, ()))
        if shape := _rounded(core):
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


def _core(text: str) -> str:
    """An id without what programs put around it."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(sign for sign in text if sign.isprintable() and not sign.isspace()) if not text.isalnum() else text
    if formula := _FORMULA.fullmatch(text):
        text = formula[1]
    text = text.strip("'\"`\u00b4\u2018\u2019\u201c\u201d")
    if re.fullmatch(r"\d+[.,]0+", text):
        text = re.split("[.,]", text)[0]
    return text.lstrip("0") or text[:1]


def _rounded(core: str) -> tuple[str, int] | None:
    """The digits that a number like `1,23E+15` keeps, and its power of ten."""
    found = _ROUNDED.fullmatch(core)
    return (found[1] + (found[2] or ""), int(found[3])) if found else None


def _cut(digits: str, kept: int) -> tuple[str, int]:
    """A whole number as a spreadsheet shows it with `kept` digits: rounded half up."""
    power = len(digits) - 1
    if len(digits) <= kept:
        return digits.ljust(kept, "0"), power
    rounded = str((int(digits[: kept + 1]) + 5) // 10)
    return (rounded[:kept], power + 1) if len(rounded) > kept else (rounded, power)
