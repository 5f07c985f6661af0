"""Cells that hold several names: one is added or taken away, and the others stay as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.crm.multivalue import names_in, with_name, without_name

READ = {
    "nothing": ("", ",", []),
    "one": ("News", ",", ["News"]),
    "blanks around": (" News ,  Events", ",", ["News", "Events"]),
    "empty items are none": ("News,,Events,", ",", ["News", "Events"]),
    "a separator inside quotes": ('"News, weekly",Events', ",", ["News, weekly", "Events"]),
    "doubled quotes": ('"the ""best""",b', ",", ['the "best"', "b"]),
    "a quote that is never closed is a sign": ('"News,Events', ",", ['"News', "Events"]),
    "a separator of two signs": ("News; Events", "; ", ["News", "Events"]),
    "a separator that is special in patterns": ("News|Events", "|", ["News", "Events"]),
    "lines": ("News\nEvents", "\n", ["News", "Events"]),
}


@pytest.mark.parametrize("case", READ)
def test_the_names_in_a_cell(case: str) -> None:
    cell, separator, names = READ[case]
    assert names_in(cell, separator) == names


ADDED = {
    "to nothing": ("", ",", "News", "News"),
    "behind others": ("News,Events", ",", "Tips", "News,Events,Tips"),
    "with a blank where there are blanks": ("News; Events", ";", "Tips", "News; Events; Tips"),
    "behind a separator at the end": ("News;", ";", "Tips", "News;Tips"),
    "in quotes when the separator is in it": ("News", ",", "Tips, weekly", 'News,"Tips, weekly"'),
    "in quotes when it begins with one": ("", ",", '"best"', '"""best"""'),
}


@pytest.mark.parametrize("case", ADDED)
def test_a_name_is_added(case: str) -> None:
    cell, separator, name, expected = ADDED[case]
    assert with_name(cell, separator, name) == expected


REMOVED = {
    "the only one": ("News", ",", "News", ""),
    "the first": ("News, Events", ",", "News", "Events"),
    "the last": ("News, Events", ",", "Events", "News"),
    "from the middle": ("a ; b ; c", ";", "b", "a ; c"),
    "however often it stands there": ("a,b,a,a", ",", "a", "b"),
    "one in quotes": ('"a,b",c', ",", "a,b", "c"),
    "the one before a separator at the end": ("News;Events;", ";", "Events", "News;"),
    "one that is not there": ("News", ",", "Events", "News"),
    "not one of which it is a part": ("Newsletter,News", ",", "News", "Newsletter"),
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_name_is_removed(case: str) -> None:
    cell, separator, name, expected = REMOVED[case]
    assert without_name(cell, separator, name) == expected


names = st.text(st.sampled_from(list('abö ,;|"')), min_size=1, max_size=6).map(str.strip).filter(bool)
separators = st.sampled_from([",", ";", "|", "; ", ", "])


@settings(max_examples=300)
@given(st.lists(names, max_size=5), separators, names)
def test_adding_and_removing_are_each_others_opposite(others: list[str], separator: str, name: str) -> None:
    cell = ""
    for other in others:
        cell = with_name(cell, separator, other)
    assert names_in(cell, separator) == others
    longer = with_name(cell, separator, name)
    assert names_in(longer, separator) == [*others, name]
    assert names_in(without_name(longer, separator, name), separator) == [one for one in others if one != name]


@settings(max_examples=300)
@given(st.text(st.sampled_from(list('ab ,;"')), max_size=14), separators, names)
def test_in_any_cell_the_other_names_stay(cell: str, separator: str, name: str) -> None:
    before = names_in(cell, separator)
    assert names_in(without_name(cell, separator, name), separator) == [one for one in before if one != name]
    if name not in before:
        assert names_in(with_name(cell, separator, name), separator) == [*before, name]
