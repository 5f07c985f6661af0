"""Cells that hold several names: one is added or taken away, and the others stay as they are written."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from linktrack.crm.multivalue import (
    OddCell,
    joined,
    names_in,
    needs_quotes,
    shape_among,
    shows_quotes,
    with_name,
    without_name,
)

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
    "signs beyond ASCII within names": (
        "Caf\u00e9 – bar; 2025–2026; Rock’n’Roll; 100 €; 🍷 Vin; Sommar ☀; Intel·ligència; ¿Qué?; 5°; Wein…; Ω³; 北京",
        ";",
        [
            *("Caf\u00e9 – bar", "2025–2026", "Rock’n’Roll", "100 €", "🍷 Vin", "Sommar ☀", "Intel·ligència", "¿Qué?"),
            *("5°", "Wein…", "Ω³", "北京"),
        ],
    ),
    "signs of ASCII within names": (
        "A - B; E*TRADE; 50%; -50%; Why?; R+D; a=b; @home; Wine: red; No. 1; under_score; $5; 00",
        ";",
        [
            *("A - B", "E*TRADE", "50%", "-50%", "Why?", "R+D", "a=b", "@home", "Wine: red", "No. 1", "under_score"),
            *("$5", "00"),
        ],
    ),
    "words for nothing within names": ("None of these,Nullarbor,0-100", ",", ["None of these", "Nullarbor", "0-100"]),
    "words for nothing in quotes": ('"None","-"', ",", ["None", "-"]),
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
    "in quotes when the separator is in it, where another has them": (
        '"a, b",News', ",", "Tips, weekly", '"a, b",News,"Tips, weekly"',
    ),
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
}  # fmt: skip


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
    "the one beside a word for nothing in quotes": ('"null",a', ",", "a", '"null"'),
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
        cell = with_name(cell, separator, other, quotes=True)
    assert names_in(cell, separator) == others
    longer = with_name(cell, separator, name, quotes=True)
    assert names_in(longer, separator) == [*others, name]
    shorter = without_name(longer, separator, name, quotes=True)
    assert names_in(shorter, separator) == [one for one in others if one != name]


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
    shorter = without_name(cell, separator, name, quotes=True)
    assert names_in(shorter, separator) == [one for one in before if one != name]
    if name not in before:
        assert names_in(with_name(cell, separator, name, quotes=True), separator) == [*before, name]


@settings(max_examples=300, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.text(st.sampled_from(list("aabb ,,;;^[]-0")), max_size=14), separators, names)
def test_no_quote_comes_where_the_column_has_none(cell: str, separator: str, name: str) -> None:
    assume(understood(cell, separator) and not cell.strip().startswith("["))
    for change in (with_name, without_name):
        with suppress(OddCell):
            changed = change(cell, separator, name)
            assert changed.count('"') == (name.count('"') if change is with_name else 0)


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
    "a database's NULL": ("NULL", ",", "the cell 'NULL' holds 'NULL', a word or sign for nothing, which is no name"),
    "JSON's nothing beside a name": ("null,a", ",", "holds 'null', a word or sign for nothing"),
    "a dump's nothing": (r"\N", ",", r"holds '\\\\'"),
    "a spreadsheet's #N/A": ("#N/A", ",", "holds '#N/A', a word or sign for nothing"),
    "a spreadsheet's error, in Swedish": ("#VÄRDEFEL!", ",", "holds '#VÄRDEFEL!', a word or sign for nothing"),
    "a spreadsheet's division by zero": ("#DIV/0!", ";", "a word or sign for nothing"),
    "a spreadsheet's narrow column": ("#####", ";", "a word or sign for nothing"),
    "N/A": ("N/A", ",", "a word or sign for nothing"),
    "n/a in small letters": ("n/a", ",", "a word or sign for nothing"),
    "Python's None": ("None", ",", "a word or sign for nothing"),
    "R's NA": ("NA", ";", "a word or sign for nothing"),
    "a dash": ("-", ",", "a word or sign for nothing"),
    "two dashes": ("--", ",", "a word or sign for nothing"),
    "a long dash": ("—", ",", "a word or sign for nothing"),
    "dots": ("...", ",", "a word or sign for nothing"),
    "a question mark": ("?", ",", "a word or sign for nothing"),
    "Null with a capital": ("Null", ",", "a word or sign for nothing"),
    "a pivot table's (blank)": ("(blank)", ",", "brackets or signs around '(blank)'"),
    "what is false": ("FALSE", ",", "a word or sign for nothing"),
    "zero": ("0", ",", "a word or sign for nothing"),
    "a word for nothing beside names": ("north,None", ",", "holds 'None'"),
    "a dash beside names": ("north,-,south", ",", "holds '-'"),
    "a bullet of ASCII": ("- north", ",", "has '-' before a name, like an item of another list"),
    "a bullet without a blank": ("-north", ",", "has '-' before a name"),
    "a star as a bullet": ("* north", ",", "has '*' before a name"),
    "a bullet before the second": ("north,- south", ",", "has '-' before a name"),
    "a round bullet": ("• north", ",", "holds '•'"),
    "a white bullet": ("◦ north", ",", "holds '◦'"),
    "a black square": ("▪north", ",", "holds '▪'"),
    "a triangle": ("► north", ",", "holds '►'"),
    "a tick": ("✓ north", ",", "holds '✓'"),
    "Word's bullet": ("\uf0b7north", ",", r"holds '\\uf0b7'"),
    "an arrow": ("north → south", ",", "holds '→'"),
    "a Japanese middle dot": ("öst・vin", ",", "holds '・'"),
    "a middle dot": ("öst·vin", ",", "holds '·'"),
    "a hyphenation point": ("öst‧vin", ",", "holds '‧'"),
    "a dot operator": ("öst⋅vin", ",", "holds '⋅'"),
    "an Arabic semicolon": ("öst؛vin", ",", "holds '؛'"),
    "an ideographic full stop": ("öst。vin", ",", "holds '。'"),
    "a broken bar": ("öst¦vin", ",", "holds '¦'"),
    "a full-width bar": ("öst｜vin", ",", "holds '｜'"),
    "a paragraph sign": ("öst¶vin", ",", "holds '¶'"),
    "a unit separator": ("a\x1fb", ",", r"holds '\\x1f'"),
    "a zero-width space": ("öst\u200bvin", ",", r"holds '\\u200b'"),
    "a separator with a backslash before it": (r"north\,south", ",", r"holds '\\\\'"),
    "a line end that is escaped": (r"north\nsouth", ",", r"holds '\\\\'"),
    "a carriage return at the end": ("öst\r", ";", r"holds '\\r'"),
    "a line end at the end, behind quotes": ('"öst"\n', ";", r"holds '\\n'"),
    "a tab before a name": ("a,\tb", ",", r"holds '\\t'"),
    "a tilde": ("north~south", ",", "holds '~'"),
    "two slashes": ("north//south", ",", "holds '//'"),
    "two colons": ("north::south", ",", "holds '::'"),
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


NEEDS_QUOTES = {
    "the separator in it": ("x;y", ";", True),
    "what parts other lists": ("x|y", ";", True),
    "a backslash before the separator": (r"north\,south", ",", True),
    "a quote before it": ('"best"', ",", True),
    "a bullet": ("- north", ",", True),
    "a word for nothing": ("null", ",", True),
    "brackets around it": ("(north)", ",", True),
    "nothing of that": ("R&D (new)", ";", False),
    "a quote within it": ('12" vinyl', ";", False),
}


@pytest.mark.parametrize("case", NEEDS_QUOTES)
def test_a_name_that_needs_quotes_stands_only_where_names_have_them(case: str) -> None:
    name, separator, needs = NEEDS_QUOTES[case]
    assert needs_quotes(name, separator) is needs
    for cell in ("", "north"):
        if not needs:
            assert names_in(with_name(cell, separator, name), separator)[-1] == name
            continue
        with pytest.raises(OddCell, match="and the column has none in quotes"):
            with_name(cell, separator, name)
        assert names_in(with_name(cell, separator, name, quotes=True), separator)[-1] == name
        assert names_in(with_name(cell, separator, name, like='"a b"'), separator)[-1] == name
    assert names_in(with_name('["a"]', separator, name), separator) == ["a", name]
    assert names_in(with_name("^a^", separator, name), separator) == ["a", name]


QUOTES = {
    "a name with quotes": (["a,b", 'c,"d, e"'], True),
    "names without": (["a,b", "c", ""], False),
    "a quote within a name": (['12" vinyl'], False),
    "a JSON list": (['["a"]'], False),
    "a cell that is not understood": (['"a",b;c'], False),
}


@pytest.mark.parametrize("case", QUOTES)
def test_what_a_column_shows_of_quotes(case: str) -> None:
    cells, expected = QUOTES[case]
    assert shows_quotes(cells, ",") is expected


def test_a_name_that_the_shape_cannot_hold_is_refused() -> None:
    with pytest.raises(OddCell, match="whose names are between carets"):
        with_name("^north^", ",", "a^b")
