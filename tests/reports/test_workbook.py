"""Workbooks: every report and list opened again by another reader, hostile texts, full sheets, charts."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from clicks_world import World
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet
from reports.reports_world import ZONE, Oracle, speak
from reports.test_report_commands import KEYS
from tests_support import Run

from linktrack.cli import report_layouts
from linktrack.cli.output import is_time
from linktrack.cli.report_drawing import Layout
from linktrack.crm.xlsx_reading import read_sheet
from linktrack.errors import BadInput
from linktrack.moments import HOUR
from linktrack.reports import workbook
from linktrack.reports.headings import SWEDISH, heading
from linktrack.reports.totals import SUM
from linktrack.reports.workbook import Sheet, write_workbook
from linktrack.reports.workbook_chart import Chart

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
CHART_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
RATES = {"click_rate", "rate_low", "rate_high", "other_rate", "share", "median"}
OF_ALL_CLICKERS = {"share", "median"}
DIFFERENCES = {"difference", "low", "high"}
WITH_A_SHAPE = {"hour", "day", "weekday", "weekhour", "domain", "device", "reason", "age", "engagement"}
NO_SUMS = {"compare", "nonclickers", "contact"}


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def opened(data: bytes) -> Worksheet:
    """The first sheet, as openpyxl sees it. Nothing in the file is a formula or a link."""
    texts = parts(data)
    for name, text in texts.items():
        if name.startswith("xl/worksheets/sheet"):
            assert b"<f>" not in text and b"<f " not in text and b"hyperlink" not in text, name
    assert not [name for name in texts if "externalLink" in name or name.endswith("calcChain.xml")]
    sheet = load_workbook(io.BytesIO(data)).worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def rows_of(sheet: Worksheet) -> list[list[Cell]]:
    return [[cell for cell in row if isinstance(cell, Cell)] for row in sheet.iter_rows(min_row=2)]


def as_cell(column: str, value: Any, times: Iterable[str]) -> Any:
    """What a cell holds of a value of JSON."""
    if isinstance(value, list):
        return ", ".join(value) or None
    if value is None or value == "":
        return None
    if column in times and isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=None, microsecond=0)
    return datetime.fromisoformat(value) if column == "day" else value


@pytest.mark.parametrize(("arguments", "keys"), KEYS, ids=[" ".join(arguments) for arguments, _ in KEYS])
def test_every_report_as_a_workbook_of_typed_cells(
    own_world: World, run: Run, arguments: list[str], keys: list[str]
) -> None:
    path = own_world.workspace.root / "report.xlsx"
    done = run("report", *arguments, "-o", path)
    assert (done.code, done.out) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    sheet = opened(path.read_bytes())
    rows = run("report", *arguments, "--format", "json").json
    times = () if "weekhour" in arguments else {key for key in keys if is_time(key)}
    named = {key: f"{heading(key, 'en')} ({ZONE})" for key in (*times, "day")}
    assert [cell.value for cell in sheet[1]] == [named.get(key, heading(key, "en")) for key in keys]
    cells = rows_of(sheet)
    for row, shown in zip(rows, cells, strict=False):
        thin = row.get("clickers", 5) < 5
        for key, cell in zip(keys, shown, strict=True):
            expected = as_cell(key, row[key], times)
            if thin and key in RATES - OF_ALL_CLICKERS:
                assert cell.value is None
            elif expected is not None or cell.value is not None:
                assert cell.value == expected, (key, row)
            if cell.value is not None and key in RATES:
                assert cell.number_format == "0.0%"
            if cell.value is not None and key in DIFFERENCES:
                assert cell.number_format == "+0.0%;-0.0%;0.0%"
            if key in times and cell.value is not None:
                assert cell.is_date and cell.number_format == "yyyy-mm-dd hh:mm:ss"
            if key.endswith("_id") or key == "email":
                assert cell.value is None or (cell.data_type in ("s", "inlineStr") and cell.number_format == "@")
    below = cells[len(rows) :]
    if arguments[0] not in NO_SUMS:
        assert below[0][0].value == "Total"
        for key, cell in zip(keys, below[0], strict=True):
            if key in ("clicks", "clickers", "machine_clicks", "sent", "recipients", "count"):
                assert cell.value == sum(row[key] for row in rows)
        below = below[1:]
    assert [row[0].value for row in below][:1] == [None]
    assert re.match(r"Judged by the rules of .*is-bot", str(below[1][0].value))
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None and sheet.auto_filter.ref.startswith("A1:")
    assert sheet.auto_filter.ref.endswith(str(len(rows) + 1)), "sums are not filtered"
    assert not [name for name in own_world.workspace.root.iterdir() if "unfinished" in name.name]


@pytest.mark.parametrize(("arguments", "keys"), KEYS, ids=[" ".join(arguments) for arguments, _ in KEYS])
def test_reports_with_a_shape_have_a_chart_with_title_and_text(
    own_world: World, run: Run, arguments: list[str], keys: list[str]
) -> None:
    path = own_world.workspace.root / "report.xlsx"
    assert run("report", *arguments, "-o", path).code == 0
    texts = parts(path.read_bytes())
    charts = [text for name, text in texts.items() if name.startswith("xl/charts/")]
    assert len(charts) == bool(WITH_A_SHAPE & set(arguments))
    for chart in charts:
        title = "".join(found.text or "" for found in ElementTree.fromstring(chart).iter(CHART_TEXT))
        assert re.fullmatch(r"[A-Z][a-z ]+ by [a-z ]+", title)
        drawing = ElementTree.fromstring(texts["xl/drawings/drawing1.xml"])
        (said,) = (one.get("descr", "") for one in drawing.iter(f"{DRAWING}cNvPr"))
        assert said.startswith(f"Chart of {title[:1].lower()}{title[1:]}, ")
        assert re.search(r"The highest of [\w ]+ is [\d.%]+, at .+\.$", said)
        assert b"numCache" in chart, "a viewer that calculates nothing shows it too"


SIMPLE: list[tuple[list[str], list[str]]] = [
    (["folder", "list"], ["path", "links", "created_at", "status"]),
    (["link", "list"], ["key", "name", "folder", "url", "kind", "status", "mailing", "response", "actions"]),
    (["action", "list"], ["link", "number", "type", "description", "settings"]),
    (["action", "log"], ["id", "kind", "contact_id", "name", "operation", "old", "new", "link", "mailing", "shipment",
                         "click", "clicked_at", "run", "status", "ran_at", "message"]),
    (["mailing", "list"], ["mailing", "subject", "type", "placements", "links", "shipments", "size", "status", "created_at"]),
    (["mailing", "links", "spring"], ["placement", "link", "label", "kind", "line", "column", "target", "tracked", "reason"]),
    (["mailing", "check", "spring"], ["mailing", "rule", "part", "line", "column", "address", "message"]),
    (["shipment", "list"], ["shipment", "mailing", "sent_at", "test", "state", "recipients", "output", "created_at"]),
    (["shipment", "recipients", "1"], ["contact_id", "email", "name", "clicks", "machine_clicks", "first_click", "last_click"]),
    (["click", "list"], ["click", "clicked_at", "contact_id", "link", "placement", "mailing", "shipment", "verdict",
                         "reasons", "ip", "user_agent", "source"]),
    (["click", "judge", "--dry-run"], ["reason", "before", "after", "lost", "gained"]),
    (["key", "list"], ["key", "signs", "verifies", "created_at", "revoked_at", "state", "fingerprint"]),
    (["doctor"], ["check", "state", "detail", "advice"]),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "keys"), SIMPLE, ids=[" ".join(arguments) for arguments, _ in SIMPLE])
def test_every_list_as_a_workbook_and_as_csv_for_a_spreadsheet(
    own_world: World, run: Run, arguments: list[str], keys: list[str]
) -> None:
    path = own_world.workspace.root / "list.xlsx"
    done = run(*arguments, "-o", path)
    assert done.code in (0, 6) and done.out == ""
    times = {key for key in keys if is_time(key)}
    titles = [f"{heading(key, 'en')} ({ZONE})" if key in times else heading(key, "en") for key in keys]
    sheet = opened(path.read_bytes())
    assert [cell.value for cell in sheet[1]] == titles
    rows = run(*arguments, "--format", "json").json
    assert len(rows_of(sheet)) == len(rows)
    for row, cells in zip(rows, rows_of(sheet), strict=True):
        for key, cell in zip(keys, cells, strict=True):
            if not isinstance(row[key], dict | list) and key != "detail":  # doctor's, which says what time it is
                assert cell.value == as_cell(key, row[key], times)
    table = path.with_suffix(".csv")
    assert run(*arguments, "-o", table, "--excel").out == ""
    assert table.read_bytes().startswith(b"\xef\xbb\xbf" + ",".join(keys).encode() + b"\r\n")


def test_every_column_has_a_name_in_swedish() -> None:
    keys = {key for _, own in (*KEYS, *SIMPLE) for key in own}
    keys |= {key for layout in vars(report_layouts).values() if isinstance(layout, Layout)
             for key in layout.columns}  # fmt: skip
    assert sorted(key for key in keys if key not in SWEDISH) == []


def test_a_workbook_in_swedish(own_world: World, run: Run) -> None:
    speak(own_world, "sv")
    path = own_world.workspace.root / "report.xlsx"
    assert run("report", "mailing", "spring", "--by", "day", "--top", "2", "-o", path).code == 0
    sheet = opened(path.read_bytes())
    assert [cell.value for cell in sheet[1]] == [f"Dag ({ZONE})", "Klick", "Klickare", "Maskinklick"]
    first = [row[0].value for row in rows_of(sheet)]
    assert first[0] == datetime(2026, 5, 4)
    assert first[2:4] == ["3 till", "Summa"]
    assert str(first[5]).startswith("Bedömt enligt reglerna ")


# --- cells -------------------------------------------------------------------------------------------------------


def written(rows: list[dict[str, Any]], tmp_path: Path, **more: Any) -> bytes:
    out = io.BytesIO()
    sheet = Sheet(list(rows[0]) if rows else ["name"], frozenset(more.pop("times", ())), ZoneInfo(ZONE), "en", **more)
    write_workbook(out, sheet, rows, tmp_path)
    assert list(tmp_path.iterdir()) == []
    return out.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", '=HYPERLINK("http://evil.example","click")', "@SUM(A1)", "+1", "-1", "{=1}", "https://evil.example/",
        "mailto:a@example.com", "internal:Sheet1!A1", "external:c:\\x.xls", "=cmd|' /C calc'!A0", "007", "1e5",
        "2026-05-04", "TRUE", " x ", "å ä 中 🙂", "نجوى", "a\nb", "_x0041_", "#REF!", "'quoted",
    ],
)  # fmt: skip
def test_a_text_stays_the_text_that_it_is(text: str, tmp_path: Path) -> None:
    sheet = opened(written([{"name": text}], tmp_path))
    cell = rows_of(sheet)[0][0]
    assert (cell.data_type in ("s", "inlineStr"), cell.hyperlink) == (True, None)
    assert re.sub("_x005F_", "_", str(cell.value)) == text


def test_what_a_spreadsheet_would_run_when_it_is_edited_is_marked_as_text(tmp_path: Path) -> None:
    styles = parts(written([{"name": "=1+1"}, {"name": "plain"}], tmp_path))
    (marked,) = re.findall(rb"<c r=\"A2\" s=\"(\d+)\"", styles["xl/worksheets/sheet1.xml"])
    formats = re.findall(rb"<xf [^>]*/?>", styles["xl/styles.xml"].partition(b"<cellXfs")[2])
    assert b'quotePrefix="1"' in formats[int(marked)]
    assert b'<c r="A3" t="inlineStr">' in styles["xl/worksheets/sheet1.xml"]


def test_odd_values(tmp_path: Path) -> None:
    rows = [
        {"contact_id": "0012", "name": "x" * 40_000, "clicks": 10**17, "at": -3_000_000_000_000, "test": True},
        {"contact_id": "-5", "name": "\x07\ud800\uffff", "clicks": -3, "at": 1_777_881_600_000, "test": False},
    ]
    first, second = rows_of(opened(written(rows, tmp_path, times=["at"])))
    assert [cell.value for cell in first[:3]] == ["0012", "x" * 32_766 + "…", str(10**17)]
    assert str(first[3].value).startswith("1874-")
    assert [cell.value for cell in second] == ["-5", "\\x07\\ud800\\uffff", -3, datetime(2026, 5, 4, 10), False]


def test_times_of_the_hour_that_comes_twice_are_shown_with_their_offset(tmp_path: Path) -> None:
    rows = [{"hour": 1_792_886_400_000 + number * HOUR} for number in range(-1, 3)]
    cells = [row[0] for row in rows_of(opened(written(rows, tmp_path, times=["hour"])))]
    assert all(cell.is_date for cell in cells)
    assert [cell.value for cell in cells] == [datetime(2026, 10, 25, hour) for hour in (1, 2, 2, 3)]
    plain = "yyyy-mm-dd hh:mm:ss"
    assert [cell.number_format for cell in cells] == [plain, f'{plain}"+02:00"', f'{plain}"+01:00"', plain]


def test_no_rows_are_a_header(tmp_path: Path) -> None:
    sheet = opened(written([], tmp_path, notes=("Judged.",)))
    assert [cell.value for cell in sheet["A"]] == ["Name", None, "Judged."]


def test_a_full_sheet_has_no_sums_and_more_than_that_is_refused(
    own_world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = len(run("report", "links", "--format", "json").json)
    path = own_world.workspace.root / "links.xlsx"
    monkeypatch.setattr(workbook, "MOST_ROWS", count)
    assert run("report", "links", "-o", path).code == 0
    sheet = opened(path.read_bytes())
    assert sheet.max_row == count + 1
    before = path.read_bytes()
    monkeypatch.setattr(workbook, "MOST_ROWS", count - 1)
    done = run("report", "links", "-o", path)
    assert (done.code, done.out) == (3, "")
    assert "CSV" in done.err and f"{count - 1} rows" in done.err
    assert path.read_bytes() == before
    assert not [name for name in own_world.workspace.root.iterdir() if "unfinished" in name.name]


def test_the_most_rows_are_those_of_a_sheet() -> None:
    assert workbook.MOST_ROWS == 2**20 - 1


def test_sums_stand_below_what_is_drawn(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"domain": f"d{number}", "clicks": number} for number in range(40)]
    chart = Chart("bar", ("domain",), ("clicks",))
    with_sum = [*rows, {"domain": "Total", "clicks": 780, SUM: True}]
    few = [*rows[:5], {"domain": "Total", "clicks": 10, SUM: True}]
    assert "$A$2:$A$6" in parts(written(few, tmp_path, chart=chart))["xl/charts/chart1.xml"].decode()
    data = written(with_sum, tmp_path, chart=chart)
    drawn = parts(data)["xl/charts/chart1.xml"].decode()
    assert "$A$2:$A$31" in drawn, "the first thirty bars"


def test_without_the_extra_its_install_line_is_said(
    own_world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    done = run("report", "links", "-o", "links.xlsx")
    assert (done.code, done.out) == (3, "")
    assert "pip install 'linktrack[xlsx]'" in done.err
    assert not (own_world.workspace.root / "links.xlsx").exists()


def test_a_long_list_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    import tracemalloc

    def many(count: int) -> Iterator[dict[str, Any]]:
        return ({"contact_id": f"C{number}", "name": f"Person {number}"} for number in range(count))

    peaks = []
    for count in (300, 300, 6_000):
        tracemalloc.start()
        write_workbook(io.BytesIO(), Sheet(["contact_id", "name"], frozenset(), UTC, "en"), many(count), tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 400_000, "the bytes of the file, and no rows"


def test_too_much_is_an_error_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 1)
    with pytest.raises(BadInput, match="--format csv"):
        written([{"name": "a"}, {"name": "b"}], tmp_path)


def test_the_reader_of_exports_reads_a_workbook_of_ours(oracle: Oracle, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "clickers.xlsx"
    assert run("report", "clickers", "link-1", "-o", path).code == 0
    cells = read_sheet(path, "")
    rows = run("report", "clickers", "link-1", "--format", "json").json
    read = [row.values for row in cells.rows()]
    assert not cells.calculated
    assert [row[:3] for row in read[1 : len(rows) + 1]] == [
        [row["contact_id"], row["email"], row["name"]] for row in rows
    ]
    cells.close()
