"""Near misses of ids: what spreadsheets do to ids is named, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.crm.near_ids import near_ids

NEAR = {
    "zeros before it": ("1", "0001"),
    "zeros lost": ("0001", "1"),
    "a decimal of a spreadsheet": ("42", "42.0"),
    "a decimal comma": ("42", "42,00"),
    "a number that was rounded": ("1234567890123450", "1,23E+15"),
    "a number that was rounded up": ("1235000000000000", "1.24E+15"),
    "a number that was rounded over the next power": ("9999999999999999", "1.00E+16"),
    "one with all its digits": ("120000", "1.2E+5"),
    "the rounded one is wanted": ("1.23457E+15", "1234567890123450"),
    "a formula that keeps zeros": ("0001", '="0001"'),
    "an apostrophe": ("1", "'1"),
    "quotes": ("a7", '"a7"'),
    "an invisible sign": ("17", "1\u200b7"),
    "a byte order mark": ("17", "\ufeff17"),
    "a soft hyphen": ("17", "1\u00ad7"),
    "a hard blank": ("A 17", "A\u00a017"),
    "full-width digits": ("17", "\uff11\uff17"),
    "several at once": ("17", " '0017.0"),
}


@pytest.mark.parametrize("case", NEAR)
def test_a_near_miss_is_named(case: str) -> None:
    wanted, there = NEAR[case]
    assert near_ids([wanted, "x"], ["y", there, "z"]) == {wanted: (there,)}


FAR = {
    "the same id": ("17", "17"),
    "another number": ("17", "170"),
    "another number that is rounded": ("1244567890123450", "1,23E+15"),
    "a number of another length": ("123456789012345", "1,23E+15"),
    "an id in other case": ("AbC", "abc"),
    "nothing": ("17", ""),
}


@pytest.mark.parametrize("case", FAR)
def test_another_id_is_none(case: str) -> None:
    wanted, there = FAR[case]
    assert near_ids([wanted], [there]) == {}


def test_only_some_are_named() -> None:
    there = [f"{number:0{width}}" for width in range(2, 30) for number in (1,)]
    assert near_ids(["1"], there) == {"1": ("01", "001", "0001", "00001", "000001")}


@given(st.lists(st.text(max_size=8)), st.lists(st.text(max_size=8)))
def test_any_ids_can_be_compared(wanted: list[str], there: list[str]) -> None:
    for one, others in near_ids(set(wanted), there).items():
        assert one in wanted
        assert set(others) <= set(there) - {one}


@given(st.integers(10**9, 10**17), st.integers(2, 6))
def test_a_whole_number_and_what_a_spreadsheet_shows_of_it_are_near(number: int, digits: int) -> None:
    shown = f"{number:.{digits}E}"
    if float(number) == number and not str(number).rstrip("0").endswith("5"):  # Python rounds halves to even
        assert near_ids([str(number)], [shown]) == {str(number): (shown,)}
        assert near_ids([shown], [str(number)]) == {shown: (str(number),)}
