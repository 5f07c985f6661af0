"""Rows as tables, JSON, NDJSON, CSV, TSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.cli.output import Format, iso, show_record, show_rows
from linktrack.visible import visible

ROWS: list[dict[str, Any]] = [
    {"key": "offer", "name": "Ja, tack | gärna", "clicks": 12, "click_rate": 0.0625, "last": None, "tags": ["a", "b"]},
    {
        "key": "tab",
        "name": 'x\ty"z"\n',
        "clicks": 0,
        "click_rate": None,
        "last": "2026-05-04T09:00:00+00:00",
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


def test_tsv_has_one_line_a_row_and_no_quotes() -> None:
    assert shown(Format.tsv).splitlines() == [
        "\t".join(COLUMNS),
        "offer\tJa, tack | gärna\t12\t0.0625\t\ta, b",
        'tab\tx\\ty"z"\\n\t0\t\t2026-05-04T09:00:00+00:00\t',
    ]


def test_markdown_escapes_its_bars() -> None:
    lines = shown(Format.md).splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- | --- |"
    assert lines[2] == "| offer | Ja, tack \\| gärna | 12 | 0.0625 |  | a, b |"


def test_a_table_is_for_people() -> None:
    text = shown(Format.table, table=["key", "click_rate", "last"])
    assert "6.2%" in text
    assert "2026-05-04 09:00" in text
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


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00+00:00"),
        (1777881600123, "2026-05-04T08:00:00.123+00:00"),
        (-1000, "1969-12-31T23:59:59+00:00"),
    ],
)
def test_times(milliseconds: int | None, text: str | None) -> None:
    assert iso(milliseconds) == text


@given(st.text())
def test_no_control_character_is_ever_visible(text: str) -> None:
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in visible(text))
