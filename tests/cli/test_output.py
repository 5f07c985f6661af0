"""Rows as tables, JSON, NDJSON, CSV, TSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linktrack.cli.output import Format, show_record, show_rows
from linktrack.cli.row_formats import SPREADSHEETS, by_names, cell_text, row_blocks
from linktrack.moments import HOUR
from linktrack.settings.tables import Language
from linktrack.visible import visible

ROWS: list[dict[str, Any]] = [
    {
        "key": "offer",
        "name": "Ja, tack | gärna",
        "clicks": 12,
        "click_rate": 0.0625,
        "last_at": None,
        "tags": ["a", "b"],
    },
    {
        "key": "tab",
        "name": 'x\ty"z"\n',
        "clicks": 0,
        "click_rate": None,
        "last_at": "2026-05-04T09:00:00+00:00",
        "tags": [],
    },
]
COLUMNS = list(ROWS[0])


def shown(format: Format, rows: list[dict[str, Any]] = ROWS, **options: Any) -> str:
    out = io.StringIO()
    show_rows(rows, COLUMNS, format, stream=out, **options)
    return out.getvalue()


def test_json_and_ndjson_hold_values_as_they_are() -> None:
    assert json.loads(shown(Format.json)) == ROWS
    assert [json.loads(line) for line in shown(Format.ndjson).splitlines()] == ROWS
    assert json.loads(shown(Format.json, [])) == []


def test_csv_is_read_back_by_a_csv_reader() -> None:
    header, first, second = csv.reader(io.StringIO(shown(Format.csv)))
    assert header == COLUMNS
    assert first == ["offer", "Ja, tack | gärna", "12", "0.0625", "", "a, b"]
    assert second[1] == 'x\ty"z"\n'


class Terminal(io.StringIO):
    """What is shown there must not move a cursor."""

    def isatty(self) -> bool:
        return True


MOVING = "\x1bx"  # what a terminal would act on

# The format, who reads it, a row, and the text.
WRITTEN: dict[str, tuple[Format, type[io.StringIO], Language | None, dict[str, Any], str]] = {
    "CSV for a program": (
        Format.csv, io.StringIO, None, {"a": MOVING, "b": [MOVING, "y"]}, 'a,b\n\x1bx,"\x1bx, y"\n',
    ),
    "CSV for a spreadsheet": (
        Format.csv, io.StringIO, "sv", {"a": MOVING, "b": 0.5}, "\ufeffa;b\r\n\x1bx;0,5\r\n",
    ),
    "CSV for a person": (
        Format.csv, Terminal, None, {"a": MOVING, "b": [MOVING, "=1"]}, 'a,b\n\\x1bx,"\\x1bx, \'=1"\n',
    ),
    "a spreadsheet's CSV for a person": (
        Format.csv, Terminal, "sv", {"a": MOVING, "b": [MOVING]}, "a;b\n\\x1bx;\\x1bx\n",
    ),
    "CSV with nothing in the only column": (Format.csv, io.StringIO, None, {"a": ""}, 'a\n""\n'),
    "CSV with nothing in one of two columns": (Format.csv, io.StringIO, None, {"a": "", "b": None}, "a,b\n,\n"),
    "CSV with a comma in a column's name": (Format.csv, io.StringIO, None, {"a,b": 1}, '"a,b"\n1\n'),
    "TSV for a program": (Format.tsv, io.StringIO, None, {"a": MOVING, "b": [MOVING]}, "a\tb\n\x1bx\t\x1bx\n"),
    "TSV for a person": (Format.tsv, Terminal, None, {"a": MOVING, "b": [MOVING]}, "a\tb\n\\x1bx\t\\x1bx\n"),
    "JSON whose names are no ASCII": (Format.json, io.StringIO, None, {"å%": "å"}, '[\n  {"å%": "å"}\n]\n'),
    "NDJSON whose names are no ASCII": (Format.ndjson, io.StringIO, None, {"å%": "å"}, '{"å%": "å"}\n'),
    "Markdown": (Format.md, io.StringIO, None, {"a": "*", "b": 1}, "| a | b |\n| --- | --- |\n| \\* | 1 |\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_a_row_is_written_as_who_reads_it_wants_it(case: str) -> None:
    format, stream, language, row, text = WRITTEN[case]
    out = stream()
    show_rows([row], list(row), format, stream=out, spreadsheet=language and SPREADSHEETS[language])
    assert out.getvalue() == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (False, "false"), (1, "1"), (0, "0"), (100, "100"), (0.5, "0.5"), (100.0, "100"), (-2.0, "-2"),
        (1 / 3, "0.333333"), ("0.50", "0.50"), ([], ""), (["å", True, 2.0], "å, true, 2"), (("a", None), "a, "),
        ({"å": [1]}, '{"å": [1]}'),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_as_text(value: object, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize("named", [True, False], ids=["tuples", "mappings"])
def test_the_first_row_waits_for_no_other_and_the_others_come_by_hundreds(named: bool) -> None:
    read: list[int] = []

    def rows() -> Iterator[Any]:
        for number in range(1002):
            read.append(number)
            row = _Named("x", str(number), number)
            yield row if named else row._asdict()

    blocks = row_blocks(rows(), ["sent_at", "name"])
    assert (next(blocks), read) == ([(0,), ("0",)] if named else [[0], ["0"]], [0])
    sizes = [[len(cells) for cells in block] for block in blocks]
    assert sizes == [[500, 500], [500, 500], [1, 1]]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
@pytest.mark.parametrize("name", ["å", "秋", "å 秋\u2028"])
def test_json_is_read_back_in_every_encoding(name: str, encoding: str) -> None:
    rows: list[dict[str, Any]] = [{"name": "a"}, {"name": name}, {"name": [name]}]
    texts = {}
    for format in (Format.json, Format.ndjson):
        out = io.TextIOWrapper(io.BytesIO(), encoding, "backslashreplace", newline="")
        show_rows(rows, ["name"], format, stream=out)
        out.seek(0)
        texts[format] = out.read()
    assert json.loads(texts[Format.json]) == rows
    assert [json.loads(line) for line in texts[Format.ndjson].splitlines()] == rows


def test_tsv_has_one_line_a_row_and_no_quotes() -> None:
    assert shown(Format.tsv).splitlines() == [
        "\t".join(COLUMNS),
        "offer\tJa, tack | gärna\t12\t0.0625\t\ta, b",
        'tab\tx\\ty"z"\\n\t0\t\t2026-05-04T09:00:00+00:00\t',
    ]


def test_tsv_for_a_program_escapes_only_what_would_end_a_cell() -> None:
    odd = "\x1b\x85\u200f\u2028\\x1b"
    assert shown(Format.tsv, [{**ROWS[0], "key": f"{odd}\t\r\n"}]).split("\n")[1].split("\t")[0] == f"{odd}\\t\\r\\n"


def test_markdown_escapes_its_bars() -> None:
    lines = shown(Format.md).splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- | --- |"
    assert lines[2] == "| offer | Ja, tack \\| gärna | 12 | 0.0625 |  | a, b |"


def test_a_table_is_for_people() -> None:
    text = shown(Format.table, table=["key", "click_rate", "last_at"])
    assert "6.2%" in text
    assert "[" not in shown(Format.table, [{**ROWS[0], "name": "no [bold]markup[/bold]"}]).replace(
        "[bold]markup[/bold]", ""
    )
    assert shown(Format.table, []) == ""


def test_a_record_in_json_is_one_object() -> None:
    out = io.StringIO()
    show_record(ROWS[0], Format.json, stream=out)
    assert json.loads(out.getvalue()) == ROWS[0]
    out = io.StringIO()
    show_record(ROWS[0], Format.tsv, stream=out)
    assert out.getvalue().splitlines()[:2] == ["name\tvalue", "key\toffer"]


STOCKHOLM = ZoneInfo("Europe/Stockholm")


def test_times_are_shown_in_the_zone_with_their_offset_and_in_a_table_to_the_minute() -> None:
    rows = [{"key": "a", "sent_at": 1777881600123, "first_click": None, "hour": 1767229200000}]
    columns = list(rows[0])
    texts = {}
    for format in set(Format) - {Format.xlsx}:
        out = io.StringIO()
        show_rows(rows, columns, format, zone=STOCKHOLM, stream=out)
        texts[format] = out.getvalue()
    row = {"key": "a", "sent_at": "2026-05-04T10:00:00.123+02:00", "first_click": None,
           "hour": "2026-01-01T02:00:00+01:00"}  # fmt: skip
    assert json.loads(texts[Format.json]) == [row]
    assert texts[Format.tsv].splitlines()[1] == f"a\t{row['sent_at']}\t\t{row['hour']}"
    assert "2026-05-04 10:00 " in texts[Format.table]
    assert "2026-01-01 02:00" in texts[Format.table]
    out = io.StringIO()
    show_record(rows[0], Format.json, zone=STOCKHOLM, stream=out)
    assert json.loads(out.getvalue()) == row


@pytest.mark.parametrize("format", [one for one in Format if one is not Format.xlsx])
@pytest.mark.parametrize("language", [None, *SPREADSHEETS])
def test_rows_of_the_hour_that_comes_twice_can_be_told_apart(format: Format, language: Language | None) -> None:
    rows = [{"hour": 1_792_886_400_000 + number * HOUR} for number in range(-1, 3)]  # 02:00 is the second and the third
    out = io.StringIO()
    spreadsheet = None if language is None else SPREADSHEETS[language]
    show_rows(rows, ["hour"], format, zone=STOCKHOLM, stream=out, spreadsheet=spreadsheet)
    assert len({line for line in out.getvalue().splitlines() if "2026-10-25" in line}) == 4
    one = io.StringIO()
    show_record(rows[2], format, zone=STOCKHOLM, stream=one)
    assert "+01:00" in one.getvalue()
    if format is Format.table:
        assert out.getvalue().splitlines()[2:] == [
            *("2026-10-25 01:00", "2026-10-25 02:00+02:00", "2026-10-25 02:00+01:00", "2026-10-25 03:00")
        ]


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="sent_at"):
        show_rows([{"sent_at": 0}], ["sent_at"], Format.json, stream=io.StringIO())


@pytest.mark.parametrize(
    ("column", "value", "cell"),
    [
        pytest.param("name", "=1+1", "'=1+1", id="a text that a spreadsheet would run"),
        pytest.param("user_agent", "x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0", id="a part of one"),
        pytest.param("email", "+1@example.com", "+1@example.com", id="an address has to be found again"),
        pytest.param("email", "=cmd|x@b.se", "'=cmd|x@b.se", id="what only looks like one is a text"),
        pytest.param("contact_id", "-10042", "-10042", id="an id too"),
        pytest.param("difference", -0.25, "-0.25", id="a number is none"),
        pytest.param("name", "a\rb", "a\rb", id="a carriage return alone would end the line"),
    ],
)
def test_csv_is_guarded_against_formulas(column: str, value: object, cell: str) -> None:
    out = io.StringIO()
    show_rows([{column: value}], [column], Format.csv, stream=out)
    assert list(csv.reader(io.StringIO(out.getvalue()))) == [[column], [cell]]


@given(st.text())
def test_no_control_character_is_ever_visible(text: str) -> None:
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in visible(text))


_cells = st.one_of(
    st.text(st.sampled_from(list("ab1 =+-@;,|\t\n\r\"'_*\\å秋\u202e\x7f\x9b")), max_size=5),
    st.sampled_from([None, True, False, 0, 1, 1.0, -0.25, 10**12, ["a", 1], ["a", True], {"k": "å"}, []]),
)


@given(
    st.lists(st.fixed_dictionaries({"name": _cells, "q%s": _cells, "sent_at": _cells}), min_size=1, max_size=4),
    st.sampled_from([one for one in Format if one not in (Format.xlsx, Format.table, Format.json)]),
    st.sampled_from([None, *SPREADSHEETS]),
    st.sampled_from(["utf-8", "latin-1", "ascii"]),
)
@example([{"name": "å"}, {"name": "秋"}], Format.ndjson, None, "latin-1")
def test_a_row_is_written_alike_whatever_stands_beside_it(
    rows: list[dict[str, Any]], format: Format, language: Language | None, encoding: str
) -> None:
    spreadsheet = None if language is None else SPREADSHEETS[language]

    def written(some: list[dict[str, Any]]) -> str:
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding, "backslashreplace", newline="")
        show_rows(some, list(rows[0]), format, zone=STOCKHOLM, stream=out, spreadsheet=spreadsheet)
        return raw.getvalue().decode(encoding)

    head = written([])
    alone = [written([row]).removeprefix(head) for row in rows]
    assert written([rows[0], *rows]) == head + alone[0] + "".join(alone)


class _Named(NamedTuple):
    beside: str
    name: str
    sent_at: int


@pytest.mark.parametrize("format", [one for one in Format if one is not Format.xlsx])
def test_a_row_names_its_values_whether_it_is_a_tuple_or_a_mapping(format: Format) -> None:
    rows = [_Named("x", f"={number}", number) for number in range(3)]
    texts = []
    for some in (rows, [row._asdict() for row in rows]):
        out = io.StringIO()
        show_rows(some, ["sent_at", "name"], format, zone=STOCKHOLM, stream=out)
        texts.append(out.getvalue())
    assert texts[0] == texts[1]
    assert "1970-01-01" in texts[0]
    assert by_names(rows[2]) == by_names(rows[2]._asdict()) == {"beside": "x", "name": "=2", "sent_at": 2}
