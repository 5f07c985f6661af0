"""Cells that hold several names: one is added or taken away, and the others stay as they are written."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from linktrack.crm.multivalue import OddCell, joined, names_in, shape_among, with_name, without_name

READ = {
    "nothing": ("", ",", []),
    "JSON's nothing": (" null ", ",", []),
    "JSON's nothing in quotes is a name": ('"null"', ",", ["null"]),
    "one": ("News", ",", ["News"]),
    "blanks around": (" News ,  Events", ",", ["News", "Events"]),
    "empty items are none": ("News,,Events,", ",", ["News", "Events"]),
    "a separator inside quotes": ('"News, weekly",Events', ",", ["News, weekly", "Events"]),
    "doubled quotes": ('"the ""best""",b', ",", ['the "best"', "b"]),
    "signs within names": (
        "R&D; C#; AC/DC; Rock'n'Roll; Wine (red); 12\" vinyl; Ladies'; #1 hits; C++",
        ";",
        ["R&D", "C#", "AC/DC", "Rock'n'Roll", "Wine (red)", '12" vinyl', "Ladies'", "#1 hits", "C++"],
    ),
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
    "between carets, behind the only one, with the export's semicolon": ("^c^", ";", "West", "^c^;^West^"),
    "between carets, behind the only one, with the export's blank": ("^c^", "; ", "West", "^c^; ^West^"),
    "between carets, with an export's slash": ("^c^", "/", "West", "^c^/^West^"),
    "between carets, as the cell has it and not the export": ("^b^,^c^", ";", "West", "^b^,^c^,^West^"),
    "in quotes where all stand in quotes": ('"a","b"', ",", "West", '"a","b","West"'),
    "in quotes where the only one stands in quotes": ('"a b"', ",", "West", '"a b","West"'),
    "in quotes, with blanks, where all stand in quotes": ('"a"; "b"', ";", "West", '"a"; "b"; "West"'),
    "in quotes between separators around": (',"a",', ",", "West", ',"a","West",'),
    "without quotes where not all have them": ('a,"b"', ",", "West", 'a,"b",West'),
    "as a JSON list where JSON has nothing": ("null", ";", "West", '["West"]'),
    "in quotes where it would be JSON's nothing": ("", ",", "null", '"null"'),
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
    "from nothing": ("null", ",", "News", "null"),
    "the one beside JSON's nothing, which is a name then": ("null,a", ",", "a", '"null"'),
    "not one of which it is a part": ("Newsletter,News", ",", "News", "Newsletter"),
    "in another case": ("NEWS,Events", ",", "news", "Events"),
    "in two cases": ("News; Events; NEWS", ";", "news", "Events"),
    "whose letters Unicode writes otherwise": ("Va\u030ar,H\u00f6st", ",", "v\u00e5r", "H\u00f6st"),
    "in another case, between carets": ("^News^,^Events^", ",", "news", "^Events^"),
    "in another case, of a JSON list": ('["News","Events"]', ",", "news", '["Events"]'),
    "in another case, in quotes": ('"News, weekly",Events', ",", "news, weekly", "Events"),
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


def understood(cell: str, separator: str) -> bool:
    try:
        names_in(cell, separator)
    except OddCell:
        return False
    return True


# Most cells of these signs are not understood, and that is how it should be.
@settings(max_examples=500, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.text(st.sampled_from(list('aabb ,,;;"^[]')), max_size=14), separators, names)
def test_in_any_cell_that_is_understood_the_other_names_stay(cell: str, separator: str, name: str) -> None:
    assume(understood(cell, separator))
    before = names_in(cell, separator)
    assert names_in(without_name(cell, separator, name), separator) == [one for one in before if one != name]
    if name not in before:
        assert names_in(with_name(cell, separator, name), separator) == [*before, name]


@settings(max_examples=300)
@given(st.text(st.sampled_from(list('ab ,;"^[]{}|')), max_size=14), separators, names)
def test_a_cell_that_is_not_understood_is_never_changed(cell: str, separator: str, name: str) -> None:
    assume(not understood(cell, separator))
    for change in (with_name, without_name):
        with pytest.raises(OddCell):
            change(cell, separator, name)


@settings(max_examples=300)
@given(st.lists(st.text(st.sampled_from(list('ab ,;"^[]{}|\n')), max_size=6).map(str.strip)), separators)
def test_any_names_stand_in_a_cell(names: list[str], separator: str) -> None:
    assert names_in(joined(names, separator), separator) == [name for name in names if name]


SHAPES = {
    "a JSON list": ('["north","south"]', ["north", "south"], '["north","south","new"]', '["south"]'),
    "a JSON list with blanks and escapes": (
        '["north", "\\u00f6st"]',
        ["north", "öst"],
        '["north", "\\u00f6st", "new"]',
        '["\\u00f6st"]',
    ),
    "an empty JSON list": ("[]", [], '["new"]', "[]"),
    "names between carets": ("^north^,^east^", ["north", "east"], "^north^,^east^,^new^", "^east^"),
    "one name between carets": ("^north^", ["north"], "^north^,^new^", ""),
    "names between carets with semicolons": ("^north^; ^east^", ["north", "east"], "^north^; ^east^; ^new^", "^east^"),
    "separators around": (",north,east,", ["north", "east"], ",north,east,new,", ",east,"),
    "a name in brackets": ("[vip] club,north", ["[vip] club", "north"], "[vip] club,north,new", "[vip] club"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_is_understood_and_kept(case: str) -> None:
    cell, names, longer, shorter = SHAPES[case]
    assert names_in(cell, ",") == names
    assert with_name(cell, ",", "new") == longer
    assert without_name(cell, ",", "north") == shorter


def test_a_cell_that_was_emptied_is_filled_in_the_shape_it_had() -> None:
    assert with_name("", ",", "new", like='["north"]') == '["new"]'
    assert with_name("", ",", "new", like="^north^") == "^new^"
    assert with_name("null", ",", "new", like="^north^") == "^new^"
    assert with_name("", ",", "new", like='"north"') == '"new"'
    assert with_name("^east^", ";", "new", like="^north^, ^east^") == "^east^, ^new^"


COLUMNS = {
    "JSON lists": (["", '["a"]', '["a", "b"]', "c"], "", '["new"]'),
    "JSON lists with escapes": (['["a", "\\u00f6"]', "null"], "", '["new"]'),
    "names between carets": (["^a^", "^a^,^b^", ""], "", "^new^"),
    "names in quotes": (['"a","b"', '"c"', ""], "", '"new"'),
    "names as they are": (["a,b", "c", '"d, e"', ""], "", "new"),
    "nothing else": (["", " ", "null"], "", "new"),
    "cells of other shapes show nothing": (['["a"]', "['a']", "{b}", "c;d"], "", '["new"]'),
    "JSON's nothing among names": (["a,b", "null"], "null", '["new"]'),
    "JSON's nothing among names between carets": (["^a^", "null"], "null", "^new^"),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_an_empty_cell_is_filled_in_the_shape_of_its_column(case: str) -> None:
    cells, cell, expected = COLUMNS[case]
    for order in (cells, cells[::-1]):
        assert with_name(cell, ",", "new", like=shape_among(order, ",")) == expected


ODD = {
    "semicolons under a comma": ("north;east", ",", "the cell 'north;east' holds ';', and ',' is what parts its names"),
    "semicolons and blanks": ("North; East", ",", "holds ';'"),
    "tight commas under a semicolon": ("north,east", ";", "holds ','"),
    "a database's NULL": ("NULL", ",", "the cell 'NULL' is a database's word for nothing"),
    "a dump's nothing": (r"\N", ",", "is a database's word for nothing"),
    "bars": ("north|east", ",", "holds '|'"),
    "lines": ("north\neast", ",", r"holds '\\n'"),
    "carets that are not closed": ("^north,^east", ",", "holds '^'"),
    "a list of Python": ("['north', 'east']", ",", "is a list of a kind that is not understood"),
    "a list of PostgreSQL": ("{north,east}", ",", "is a list of a kind that is not understood"),
    "a list of numbers": ("[1, 2]", ",", "is a list of a kind that is not understood"),
    "an object": ('{"north": true}', ",", "is a list of a kind that is not understood"),
    "carets and commas under carets": ("^uno^,^dos^", "^", "holds ','"),
    "quotes under a semicolon": ('"uno","dos"', ";", "holds ','"),
    "a comma with a blank behind it": ("uno, dos", ";", "holds ','"),
    "a comma with a blank before it": ("uno ,dos", ";", "holds ','"),
    "commas and empty items": ("blanco,,rosado,", ";", "holds ','"),
    "a list that is cut behind its first name": ('["uno"', ";", "like another list"),
    "a list that is cut, under its comma": ('["uno"', ",", "like another list"),
    "signs around names": ("#uno#;#dos#", ";", "signs around '#uno#'"),
    "round brackets around the cell": ("(blanco,rosado)", ",", "brackets or signs around '(blanco'"),
    "round brackets around a name": ("(blanco)", ",", "around '(blanco)'"),
    "tags": ("<ul><li>uno</li></ul>", ",", "holds '<'"),
    "slashes with blanks": ("uno / dos", ",", "holds '/'"),
    "full-width commas": ("uno，dos", ",", "holds '，'"),
    "ideographic commas": ("uno、dos", ",", "holds '、'"),
    "apostrophes around names": ("'uno','dos'", ",", "like another list"),
    "a quote that is never closed": ('"News,Events', ",", "quotes, brackets or signs around '\"News'"),
    "a list that is cut": ('["north","ea]', ",", "is a list of a kind that is not understood"),
}


@pytest.mark.parametrize("case", ODD)
def test_another_shape_is_refused_with_its_reason(case: str) -> None:
    cell, separator, reason = ODD[case]
    for attempt in (
        lambda: names_in(cell, separator),
        lambda: with_name(cell, separator, "new"),
        lambda: without_name(cell, separator, "north"),
    ):
        with pytest.raises(OddCell, match=re.escape(reason) if "\\" not in reason else reason):
            attempt()


def test_a_name_that_the_shape_cannot_hold_is_refused() -> None:
    with pytest.raises(OddCell, match="whose names are between carets"):
        with_name("^north^", ",", "a^b")
