"""NDJSON and JSON exports: read as cells, and written back with every sign outside the changed values as it came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.crm.export import open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.json_spans import JsonTable
from linktrack.crm.mapping import Mapping
from linktrack.crm.multivalue import OddCell, names_in
from linktrack.crm.writing import write_back
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings, FieldSettings


def table_of(folder: Path, text: str, name: str = "contacts.ndjson") -> JsonTable:
    path = folder / name
    path.write_bytes(text.encode())
    table = open_table(path, Mapping(CrmSettings()), "contacts")
    assert isinstance(table, JsonTable)
    return table


def rewritten(table: JsonTable, changes: dict[int, dict[str, str]], created: tuple[str, ...] = ()) -> str:
    columns = [*table.columns, *created]
    numbered = {line: {columns.index(name): text for name, text in cells.items()} for line, cells in changes.items()}
    to = table.path.with_name("to")
    write_back(table, numbered, created, to, table.path.with_name("changed"))
    return to.read_bytes().decode()


READ: dict[str, tuple[str, list[list[str]]]] = {
    "texts, numbers, nothing": ('{"id": "007", "n": 1.50, "x": null}\n', [["007", "1.50", ""]]),
    "long numbers keep their digits": ('{"id": 12345678901234567890, "n": 0.10000000000000001}\n', [["12345678901234567890", "0.10000000000000001"]]),
    "true and false": ('{"id": 1, "a": true, "b": false}\n', [["1", "true", "false"]]),
    "lists are cells with several names": ('{"id": 1, "a": ["News", "Tips, weekly"]}\n', [["1", 'News,"Tips, weekly"']]),
    "a list of other things is its JSON": ('{"id": 1, "a": ["News", 3]}\n', [["1", '["News", 3]']]),
    "columns are the union of all names": ('{"id": 1}\n\n{"id": 2, "b": "x"}\n', [["1", ""], ["2", "x"]]),
    "a BOM": ('\ufeff{"id": 1}\n', [["1"]]),
    "half a character": ('{"id": 1, "a": "\\ud83d!"}\n', [["1", "?!"]]),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_it_is_read(tmp_path: Path, case: str) -> None:
    text, rows = READ[case]
    table = table_of(tmp_path, text)
    assert [values for _, values in table.rows([])] == rows
    assert rewritten(table, {}) == text


CHANGED: dict[str, tuple[str, dict[int, dict[str, str]], tuple[str, ...], str]] = {
    "a text": ('{"id":"1",  "a" : "x" }\r\n{"id":"2"}', {1: {"a": "ö"}}, (), '{"id":"1",  "a" : "ö" }\r\n{"id":"2"}'),
    "a number stays a number": ('{"id": 1, "n": 2.50}\n', {1: {"n": "3.75"}}, (), '{"id": 1, "n": 3.75}\n'),
    "a number that becomes a text": ('{"id": 1, "n": 2}\n', {1: {"n": "many"}}, (), '{"id": 1, "n": "many"}\n'),
    "a number that becomes nothing": ('{"id": 1, "n": 2}\n', {1: {"n": ""}}, (), '{"id": 1, "n": null}\n'),
    "true and false": ('{"id": 1, "b": false}\n', {1: {"b": "true"}}, (), '{"id": 1, "b": true}\n'),
    "a list stays a list": ('{"id": 1, "i": ["a"]}\n', {1: {"i": "a,b"}}, (), '{"id": 1, "i": ["a", "b"]}\n'),
    "a text that is no list where others have lists": (
        '{"id": 1, "i": ["a"]}\n', {1: {"i": "uno / dos"}}, (), '{"id": 1, "i": ["uno / dos"]}\n',
    ),
    "nothing where others have lists": (
        '{"id": 1, "i": null}\n{"id": 2, "i": ["a"]}\n', {1: {"i": "b"}}, (), '{"id": 1, "i": ["b"]}\n{"id": 2, "i": ["a"]}\n',
    ),
    "a name that the object lacks": ('{"id": 1}\n{"id": 2, "a": "x"}\n', {1: {"a": "y"}}, (), '{"id": 1, "a": "y"}\n{"id": 2, "a": "x"}\n'),
    "a new name": ('{"id": 1 }\n', {1: {"New": "y"}}, ("New",), '{"id": 1, "New": "y" }\n'),
    "a name that stands there twice": ('{"id": 1, "a": 1, "a": 2}\n', {1: {"a": "3"}}, (), '{"id": 1, "a": 3, "a": 3}\n'),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED)
def test_only_the_changed_values_change(tmp_path: Path, case: str) -> None:
    text, changes, created, expected = CHANGED[case]
    assert rewritten(table_of(tmp_path, text), changes, created) == expected


def test_an_array_keeps_its_shape(tmp_path: Path) -> None:
    text = '[\n  {"id": "1", "a": "{x}"},\n  {"id": "2",\n   "a": "y"}\n]\n'
    table = table_of(tmp_path, text, "contacts.json")
    assert table.suffix == ".json"
    assert [line for line, _ in table.rows([])] == [1, 2]
    assert rewritten(table, {2: {"a": "z"}}) == text.replace('"y"', '"z"')


@pytest.mark.parametrize("numbers", ['["a", 3.0]', "[2.50]", '["a", 1e2]', "[1]"])
def test_a_list_that_holds_numbers_is_not_taken_for_names(tmp_path: Path, numbers: str) -> None:
    ((_, values),) = table_of(tmp_path, '{"id": "1", "a": ' + numbers + "}\n").rows([])
    with pytest.raises(OddCell):
        names_in(values[1], ";")


STRUCTURES = {
    "an object": ('{"id": 1, "a": {"x": 1}}', True),
    "an empty object": ('{"id": 1, "a": {}}', True),
    "a list of numbers": ('{"id": 1, "a": [1]}', True),
    "a list of lists": ('{"id": 1, "a": [["x"]]}', True),
    "nothing, where others have objects": ('{"id": 1, "a": null}\n{"id": 2, "a": {}}', True),
    "no value, where others have objects": ('{"id": 1}\n{"id": 2, "a": {}}', True),
    "a text beside objects": ('{"id": 1, "a": "x"}\n{"id": 2, "a": {}}', False),
    "nothing, where few have objects": ('{"id": 1, "a": null}\n{"id": 2, "a": "x"}\n{"id": 3, "a": {}}', False),
    "a list of texts": ('{"id": 1, "a": ["x"]}', False),
    "an empty list": ('{"id": 1, "a": []}', False),
    "a number": ('{"id": 1, "a": 1}', False),
    "an object in another column": ('{"id": 1, "a": "x", "b": {}}', False),
}


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("case", STRUCTURES)
def test_an_object_is_never_replaced_by_a_text(tmp_path: Path, case: str, array: bool) -> None:
    text, refused = STRUCTURES[case]
    table = table_of(tmp_path, "[" + text.replace("\n", ",\n") + "]" if array else text)
    reason = "the column holds JSON objects or lists, not texts" if refused else ""
    assert table.unwritable(1, table.columns.index("a")) == reason
    assert table.unwritable(1, table.columns.index("id")) == table.unwritable(1, len(table.columns)) == ""


REFUSED = {
    "broken JSON alone": (
        '\n{"id": \n',
        "contacts.ndjson:2: not valid JSON: expecting value at column 8, and no other line holds a contact",
    ),
    "an object over several lines": ('{\n"id": 1\n}\n', "contacts.ndjson:1: not valid JSON"),
    "a broken array": ('[{"id": 1}, {"id": ]', "contacts.ndjson:1: not valid JSON: expecting value at column 20"),
    "a control character": (
        '{"id": "a\tb"}\n',
        "contacts.ndjson:1: not valid JSON: invalid control character at column 10",
    ),
    "a text without an end": (
        '{"id": "a',
        "contacts.ndjson:1: not valid JSON: unterminated string starting at column 8",
    ),
    "an escape that is none": ('{"id": "\\x"}\n', "contacts.ndjson:1: not valid JSON: invalid \\escape at column 9"),
    "two objects in a line": ('{"id": 1}{"id": 2}\n', "contacts.ndjson:1: not valid JSON: extra data at column 10"),
    "lines that are no objects": ("1\n2\n", "contacts.ndjson:1: each contact must be a JSON object"),
    "no objects": ("\n", "contacts.ndjson: the file holds no objects"),
    "a very deep nesting": ("[" * 100_000 + "\n", "contacts.ndjson: not valid JSON"),
    "a number of 5,000 digits": ('{"id": ' + "9" * 5_000 + "}\n", "contacts.ndjson:1: not valid JSON: it is nested"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_the_place(tmp_path: Path, case: str) -> None:
    text, sentence = REFUSED[case]
    with pytest.raises(BadInput) as problem:
        list(table_of(tmp_path, text).rows([]))
    assert sentence in str(problem.value)


BROKEN = {
    "is cut": (b'{"id": "2", "a"', "not valid JSON: expecting ':' delimiter at column 16"),
    "is not UTF-8": (b'{"id": "\xe5"}', "not valid JSON: it is not UTF-8"),
    "is no object": (b'[1, {"id": "2"}]', "each contact must be a JSON object"),
    "nests deeply": (b'{"id": ' + b"[" * 100_000, "not valid JSON: it is nested too deeply, or a number is too long"),
    "holds a number that JSON has not": (
        b'{"id": "2", "a": NaN}',
        "not valid JSON: NaN is no number in it: write null or a text",
    ),
    "holds a number without an end": (
        b'{"id": -Infinity}',
        "not valid JSON: -Infinity is no number in it: write null or a text",
    ),
    "holds a NUL": (rb'{"id": "2", "a": "x\u0000y"}', "it holds a NUL, which no database takes"),
    "holds a NUL in a name": (rb'{"id": "2", "a\u0000": "x"}', "it holds a NUL, which no database takes"),
    "holds a NUL deep down": (
        rb'{"id": "2", "a": ["\\u0000", {"b": ["\u0000"]}]}',
        "it holds a NUL, which no database takes",
    ),
    "holds half a BOM": (b'\xef\xbb{"id": "2"}', "not valid JSON: it is not UTF-8"),
}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_line_that_is_broken_is_left_as_it_is_and_stops_no_other(tmp_path: Path, case: str, end: bytes) -> None:
    line, reason = BROKEN[case]
    path = tmp_path / "contacts.ndjson"
    data = end.join([b'{"id": "1", "a": "x"}', line, b'{"id": "3", "a": "y"}', b""])
    path.write_bytes(data)
    table = open_table(path, Mapping(CrmSettings()), "contacts")
    left: list[BadRow] = []
    assert list(table.rows(left)) == [(1, ["1", "x"]), (3, ["3", "y"])]
    assert [(row.line, row.reason, row.apart) for row in left] == [(2, reason, False)]
    write_back(table, {3: {1: "new"}}, [], tmp_path / "to", tmp_path / "changed")
    assert (tmp_path / "to").read_bytes() == data.replace(b'"y"', b'"new"')


def test_a_thing_in_an_array_that_is_no_object_is_left_as_it_is(tmp_path: Path) -> None:
    text = r'[ {"id": "1\\u0000"} , [{"id": "2"}], "\u0000", {"id": "2\u0000"},{"id": "3"}' "\n]\n"
    table = table_of(tmp_path, text, "contacts.json")
    left: list[BadRow] = []
    assert list(table.rows(left)) == [(1, [r"1\u0000"]), (5, ["3"])]
    assert [row.line for row in left] == [2, 3, 4]
    write_back(table, {5: {0: "4"}}, [], tmp_path / "to", tmp_path / "changed")
    assert (tmp_path / "to").read_text() == text.replace('"3"', '"4"')


TYPED: dict[str, tuple[str, FieldSettings, str, str]] = {
    "yes where ones are": ('{"id": 1, "a": 0}\n', FieldSettings(column="a", type="yes-no"), "true", '{"id": 1, "a": 1}\n'),
    "no where ones are, in words": (
        '{"id": 1, "a": 1}\n', FieldSettings(column="a", type="yes-no", yes="ja", no="nej"), "nej", '{"id": 1, "a": 0}\n',
    ),
    "yes in words where true is": (
        '{"id": 1, "a": false}\n', FieldSettings(column="a", type="yes-no", yes="ja", no="nej"), "ja", '{"id": 1, "a": true}\n',
    ),
    "yes in words where words are": (
        '{"id": 1, "a": "nej"}\n', FieldSettings(column="a", type="yes-no", yes="ja", no="nej"), "ja", '{"id": 1, "a": "ja"}\n',
    ),
    "yes where nothing shows how": ('{"id": 1, "a": null}\n', FieldSettings(column="a", type="yes-no"), "true", '{"id": 1, "a": true}\n'),
    "yes in words where nothing shows how": (
        '{"id": 1, "a": null}\n', FieldSettings(column="a", type="yes-no", yes="ja", no="nej"), "ja", '{"id": 1, "a": "ja"}\n',
    ),
    "a number with a comma": ('{"id": 1, "a": 1.5}\n', FieldSettings(column="a", type="number", decimal=","), "7,25", '{"id": 1, "a": 7.25}\n'),
    "a number where nothing shows how": ('{"id": 1, "a": null}\n', FieldSettings(column="a", type="number"), "7.25", '{"id": 1, "a": 7.25}\n'),
    "a number in a column that is added": ('{"id": 1}\n', FieldSettings(column="a", type="number"), "7", '{"id": 1, "a": 7}\n'),
    "a day": ('{"id": 1, "a": null}\n', FieldSettings(column="a", type="date"), "2026-05-04", '{"id": 1, "a": "2026-05-04"}\n'),
}  # fmt: skip


@pytest.mark.parametrize("case", TYPED)
def test_a_value_of_a_typed_field_is_what_its_column_holds(tmp_path: Path, case: str) -> None:
    text, known, value, expected = TYPED[case]
    table = table_of(tmp_path, text)
    created = [] if "a" in table.columns else ["a"]
    write_back(table, {1: {1: value}}, created, tmp_path / "to", tmp_path / "changed", {1: known})
    assert (tmp_path / "to").read_text() == expected


@pytest.mark.parametrize("name", ["contacts.ndjson", "contacts.json"])
def test_a_bom_may_stand_there_twice(tmp_path: Path, name: str) -> None:
    text = '\ufeff\ufeff{"id": "1", "a": "x"}\n' if name.endswith("ndjson") else '\ufeff\ufeff[{"id": "1", "a": "x"}]\n'
    table = table_of(tmp_path, text, name)
    assert list(table.rows([])) == [(1, ["1", "x"])]
    assert rewritten(table, {1: {"a": "y"}}) == text.replace("x", "y")


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
    | st.lists(st.text("abc", min_size=1, max_size=3), max_size=3)
)
objects = st.dictionaries(st.sampled_from(["id", "a", "b", "ö"]), values, min_size=1)


@settings(max_examples=100)
@given(
    rows=st.lists(objects, min_size=1, max_size=4),
    array=st.booleans(),
    indent=st.none() | st.just(2),
    text=st.text("xyz1", max_size=4),
)
def test_the_other_values_of_any_export_stay(
    tmp_path: Path, rows: list[dict[str, Any]], array: bool, indent: int | None, text: str
) -> None:
    written = json.dumps(rows, indent=indent) if array else "".join(json.dumps(row) + "\n" for row in rows)
    table = table_of(tmp_path, written, "contacts.json" if array else "contacts.ndjson")
    assert rewritten(table, {}) == written
    changed = rewritten(table, {len(rows): {table.columns[0]: text}})
    after = json.loads(changed) if array else [json.loads(line) for line in changed.splitlines()]
    assert after[:-1] == rows[:-1]
    name = table.columns[0]
    assert {**after[-1], name: 0} == {**rows[-1], name: 0}
    assert [
        values[0] for _, values in table_of(tmp_path, changed, "again.ndjson" if not array else "again.json").rows([])
    ][-1] == text


def test_companies_have_a_separator_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "companies.ndjson"
    path.write_text('{"company_id": 1, "interests": ["a", "b"]}\n')
    crm = CrmSettings.model_validate({"companies": {"interests_separator": ";"}})
    table = open_table(path, Mapping(crm), "companies")
    assert [values for _, values in table.rows([])] == [["1", "a;b"]]
    assert isinstance(table, JsonTable)
    assert rewritten(table, {1: {"interests": "a;b;c"}}) == '{"company_id": 1, "interests": ["a", "b", "c"]}\n'


def test_a_line_that_is_longer_than_any_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"contacts\.ndjson:2: this line is longer than 16 MB"):
        table_of(tmp_path, '{"id": 1}\n{"id": "' + "x" * 16_000_000 + '"}\n')


def test_objects_with_ever_new_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"contacts\.ndjson:5001: .* more than 5,000 different names"):
        table_of(tmp_path, "".join(f'{{"n{number}": 1}}\n' for number in range(20_000)))
