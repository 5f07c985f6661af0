"""XLSX exports: read with ids as text, and written back by editing only the sheet's own part of the package."""

from __future__ import annotations

import io
import re
import tracemalloc
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.crm.export import open_table, refuse_calculated
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.writing import write_back
from linktrack.crm.xlsx_cells import SheetTable
from linktrack.crm.xlsx_filling import CellFiller
from linktrack.crm.xlsx_writing import with_cells
from linktrack.errors import BadInput

openpyxl = pytest.importorskip("openpyxl")


def made(path: Path, rows: list[list[Any]], **more: Any) -> SheetTable:
    """A workbook with two sheets, a style, a width and a comment, whose first sheet holds `rows`."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Contacts"
    for row in rows:
        sheet.append(row)
    sheet["A1"].font = openpyxl.styles.Font(bold=True)
    sheet.column_dimensions["B"].width = 40
    sheet.freeze_panes = "A2"
    for cell, form in more.items():
        sheet[cell].number_format = form
    book.create_sheet("Other")["A1"] = "kept"
    book.save(path)
    return opened(path)


def opened(path: Path) -> SheetTable:
    table = open_table(path, Mapping(), "contacts")
    assert isinstance(table, SheetTable)
    return table


def rewritten(table: SheetTable, changes: dict[int, dict[int, str]], created: tuple[str, ...] = ()) -> Path:
    to = table.path.with_name("to.xlsx")
    write_back(table, changes, created, to, table.path.with_name("changed.csv"))
    return to


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


ROWS: list[list[Any]] = [
    ["contact_id", "name", "level", "score", "since", "calls"],
    ["007", "Åsa & Co <x>", "cold", 12.5, date(2025, 3, 1), True],
    [8, "Bo", None, None, None, None],
    [None, None, None, None, None, None],
    ["9", "Cy", "hot", 3, date(2026, 1, 31), False],
]


def test_ids_are_text_and_empty_rows_are_none(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    assert table.columns == ROWS[0]
    assert list(table.rows([])) == [
        (2, ["007", "Åsa & Co <x>", "cold", "12.5", "2025-03-01", "true"]),
        (3, ["8", "Bo", "", "", "", ""]),
        (5, ["9", "Cy", "hot", "3", "2026-01-31", "false"]),
    ]


def test_without_changes_the_file_is_the_same(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    assert rewritten(table, {}).read_bytes() == table.path.read_bytes()
    assert (tmp_path / "changed.csv").read_text() == ",".join(ROWS[0]) + "\n"


def test_only_the_sheet_changes_and_in_it_only_the_cells(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    to = rewritten(table, {2: {2: 'h<o>t & "x"', 3: "7.25", 4: "2026-05-04", 5: "false"}, 3: {2: " warm "}, 5: {1: ""}})
    before, after = parts(table.path), parts(to)
    assert list(before) == list(after)
    assert [name for name in before if before[name] != after[name]] == ["xl/worksheets/sheet1.xml"]
    old, new = (re.findall(rb"<c .*?(?:/>|</c>)", data["xl/worksheets/sheet1.xml"]) for data in (before, after))
    assert {cell[:9] for cell in set(old) - set(new)} == {
        b'<c r="' + at + b'"' for at in (b"C2", b"D2", b"E2", b"F2", b"B5")
    }
    sheet = openpyxl.load_workbook(to).active
    assert [cell.value for cell in sheet[2]] == ["007", "Åsa & Co <x>", 'h<o>t & "x"', 7.25, sheet["E2"].value, False]
    assert sheet["E2"].value.date() == date(2026, 5, 4) and sheet["E2"].is_date
    assert [sheet["C3"].value, sheet["B5"].value] == [" warm ", None]
    assert next(values for _, values in opened(to).rows([]))[2:] == ['h<o>t & "x"', "7.25", "2026-05-04", "false"]
    assert (tmp_path / "changed.csv").read_text().splitlines()[2] == "8,Bo, warm ,,,"


EMPTY = {
    "closes itself, with a style": ('<c r="B2" s="1"/>', ' s="1"'),
    "closes itself": ('<c r="B2"/>', ""),
    "closes itself after blanks": ("<c s='1' r='B2'  />", ' s="1"'),
    "closes itself and says its type": ('<c r="B2" s="1" t="s"/>', ' s="1"'),
    "has an end": ('<c r="B2" s="1"></c>', ' s="1"'),
    "has an end after blanks": ('<c r="B2" s="1"> </c >', ' s="1"'),
    "has a value without a text": ('<c r="B2" s="1"><v/></c>', ' s="1"'),
    "is not there": ("", ""),
}


@pytest.mark.parametrize("behind", ["", '<c r="C2" s="2"/>', '<c r="C2"><v>1</v></c>'])
@pytest.mark.parametrize("case", EMPTY)
def test_an_empty_cell_is_filled_in_and_keeps_its_style(case: str, behind: str) -> None:
    cell, style = EMPTY[case]
    sheet = "<worksheet><sheetData>{}</sheetData></worksheet>"
    before = sheet.format(f'<row r="2"><c r="A2"><v>1</v></c>{cell}{behind}</row><row r="3" ht="20"/>')
    written = '<c r="{}"{} t="inlineStr"><is><t xml:space="preserve">x</t></is></c>'
    row = f'<row r="2"><c r="A2"><v>1</v></c>{written.format("B2", style)}{behind}</row>'
    after = sheet.format(f'{row}<row r="3" ht="20">{written.format("B3", "")}</row>')
    wanted = {2: {1: "x"}, 3: {1: "x"}}
    written_anew = with_cells(lambda: io.BytesIO(before.encode()), wanted, 3, CellFiller())
    assert b"".join(written_anew).decode() == after


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_where_a_part_is_cut_into_blocks_does_not_matter(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = (
        '<?xml version="1.0"?><worksheet><dimension ref="A1:B4"/><sheetData><!-- <row r="2"> --><row r="1" spans="1:2">'
        '<c r="A1"><v>1</v></c></row><row r="2"><c r="A2" t="str"><v>Åsa</v></c><c r="B2"><v>2</v></c></row>'
        '<row r="4" ht="20"/></sheetData><x/></worksheet>'
    )
    wanted = {1: {2: "new"}, 2: {0: "Bø", 1: "3"}, 4: {2: "x"}}

    def written(encoding: str) -> str:
        part = (sheet if encoding == "utf-8" else "\ufeff" + sheet).encode(encoding)
        return b"".join(with_cells(lambda: io.BytesIO(part), wanted, 3, CellFiller())).decode(encoding)

    whole = {encoding: written(encoding) for encoding in ("utf-8", "utf-16-le")}
    monkeypatch.setattr("linktrack.crm.xlsx_writing.BLOCK", size)
    assert {encoding: written(encoding) for encoding in whole} == whole
    assert whole["utf-16-le"] == "\ufeff" + whole["utf-8"]
    assert '<dimension ref="A1:C4"/>' in whole["utf-8"]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/media/picture.bin"])
def test_a_part_with_a_hundred_megabytes_of_blanks_is_written_back_in_little_memory(tmp_path: Path, part: str) -> None:
    before = parts(made(tmp_path / "contacts.xlsx", ROWS).path)
    with zipfile.ZipFile(tmp_path / "wide.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, data in {"xl/media/picture.bin": b"", **before}.items():
            with package.open(name, "w") as file:
                begin, behind, rest = data.partition(b"<sheetData>")
                file.write(begin + behind)
                for _ in range(100 if name == part else 0):
                    file.write(b" " * 1_000_000)
                file.write(rest)
    table = opened(tmp_path / "wide.xlsx")
    tracemalloc.start()
    try:
        to = rewritten(table, {2: {2: "hot"}})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert next(values[2] for _, values in opened(to).rows([])) == "hot"


def test_a_row_with_more_text_than_any_line_may_have_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "contacts.xlsx", [["contact_id", "name"], ["1", "x" * 32_000]])
    with zipfile.ZipFile(tmp_path / "contacts.xlsx") as package:
        names = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(tmp_path / "long.xlsx", "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in names.items():
            package.writestr(name, data.replace(b"x" * 32_000, b"x" * 16_000_001))
    with pytest.raises(BadInput, match="row 2 holds more than 16 million characters"):
        opened(tmp_path / "long.xlsx")


def test_a_part_that_cannot_be_unpacked_stops_the_writing_with_a_sentence(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    data = table.path.read_bytes()
    begin = data.index(b"docProps/core.xml") + len(b"docProps/core.xml")
    table.path.write_bytes(data[:begin] + b"\xff" * 20 + data[begin + 20 :])
    with pytest.raises(BadInput, match=r"it cannot be written back: its part docprops/core\.xml cannot be unpacked"):
        rewritten(table, {2: {2: "hot"}})


def test_what_cannot_be_read_back_names_the_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    monkeypatch.setattr("linktrack.crm.xlsx_cells.rewrite_workbook", lambda path, to, *_: to.write_bytes(b"PK"))
    with pytest.raises(BadInput) as found:
        rewritten(table, {2: {2: "hot"}})
    assert found.value.file == str(table.path)
    assert "what was written cannot be read back" in found.value.sentence
    assert "to.xlsx" not in str(found.value)


def test_a_column_is_added(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", ROWS)
    to = rewritten(table, {3: {6: "new"}}, ("Last campaign",))
    with closing(openpyxl.load_workbook(to, read_only=True)) as book:  # this reader stops where the dimension ends
        rows = list(book.active.iter_rows(values_only=True))
    assert [row[6] for row in rows] == ["Last campaign", None, "new", None, None]
    assert opened(to).columns[-1] == "Last campaign"


def test_a_text_where_a_number_was_becomes_a_text(tmp_path: Path) -> None:
    to = rewritten(made(tmp_path / "contacts.xlsx", ROWS), {2: {3: "about 7", 4: "soon", 5: "maybe"}, 5: {3: "0008"}})
    sheet = openpyxl.load_workbook(to).active
    assert [sheet["D2"].value, sheet["E2"].value, sheet["F2"].value, sheet["D5"].value] == [
        "about 7",
        "soon",
        "maybe",
        "0008",
    ]


def test_columns_with_formulas_are_read_but_not_written_into(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", [["contact_id", "name", "sum"], ["1", "Bo", "=1+1"], ["2", "Cy", "=1+2"]])
    assert table.calculated == {2}
    refuse_calculated(table, 1, "the field 'name'")
    with pytest.raises(BadInput, match="would overwrite the column 'sum', which holds formulas"):
        refuse_calculated(table, 2, "the field 'sum'")


def test_single_cells_that_cannot_be_written_into_are_known(tmp_path: Path) -> None:
    made(tmp_path / "contacts.xlsx", [["contact_id", "name", "sum"], ["1", "Bo", "=1+1"], ["2", "Cy", 3], ["3", "Di"]])
    book = openpyxl.load_workbook(tmp_path / "contacts.xlsx")
    book.active.merge_cells("B3:C3")
    book.active["C4"] = openpyxl.worksheet.formula.ArrayFormula("C4:C6", "=A1:A3")
    book.save(tmp_path / "contacts.xlsx")
    table = opened(tmp_path / "contacts.xlsx")
    assert table.calculated == frozenset()
    assert table.unwritable(2, 2) == table.unwritable(5, 2) == "its cell holds a formula"
    assert table.unwritable(3, 2) == "its cell is merged with another one, which covers it"
    assert table.unwritable(3, 1) == table.unwritable(2, 1) == ""


def test_a_workbook_with_the_dates_of_old_macs(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (["contact_id", "since"], ["1", date(2025, 3, 1)]):
        book.active.append(row)
    book.save(tmp_path / "contacts.xlsx")
    to = rewritten(opened(tmp_path / "contacts.xlsx"), {2: {1: "2026-05-04"}})
    assert openpyxl.load_workbook(to).active["B2"].value.date() == date(2026, 5, 4)


def test_a_title_above_the_header_and_columns_left_free(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", [[None, None], [None, "contact_id", "level"], [None, "1", "cold"]])
    assert table.columns == ["", "contact_id", "level"]
    to = rewritten(table, {3: {2: "hot"}})
    assert [values for _, values in opened(to).rows([])] == [["", "1", "hot"]]


def test_a_nul_is_in_no_row_and_in_no_header(tmp_path: Path) -> None:
    table = made(tmp_path / "contacts.xlsx", [["contact_id", "name"], ["1", "a_x0000_b"], ["2", "c"]])
    left: list[BadRow] = []
    assert list(table.rows(left)) == [(3, ["2", "c"])]
    assert [(row.line, row.reason) for row in left] == [(2, "it holds a NUL, which no database takes")]
    with pytest.raises(BadInput, match=r"more\.xlsx:1: the header's row: it holds a NUL"):
        made(tmp_path / "more.xlsx", [["contact_id", "name_x0000_"], ["1", "a"]])


NOT_XLSX = {
    "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (.xls), or one with a password"),
    "a broken package": (b"PK\x03\x04 nothing", "not a usable XLSX file"),
    "a table of HTML": (b"\r\n<html xmlns:o='x'><table><tr><td>contact_id</td></tr></table>", "a web page or XML"),
    "a table of HTML behind a BOM": (b"\xef\xbb\xbf<TABLE border=1><tr>", "save it as .xlsx or CSV"),
    "XML of Excel 2003": (b"<?xml version='1.0'?><Workbook/>", "a web page or XML"),
    "a table of HTML in UTF-16": ("\ufeff<table><tr><td>contact_id</td></tr>".encode("utf-16-le"), "a web page or XML"),
    "a table of HTML in UTF-16 without a BOM": ("<html><body><table>".encode("utf-16-be"), "a web page or XML"),
    "a PDF": (b"%PDF-1.7", "this is neither CSV nor XLSX nor NDJSON, but a PDF"),
    "a gzip file": (b"\x1f\x8b\x08\0\0", "but a gzip file: unpack it first"),
    "a program": (b"\x7fELF\0\1\0", "this is no workbook (.xlsx), nor a table in text: save it again"),
    "UTF-16 without a BOM": ("contact_id;name\n1;Åsa".encode("utf-16-le"), 'set encoding = "utf-16-le"'),
}


@pytest.mark.parametrize("case", NOT_XLSX)
def test_other_files_are_refused(tmp_path: Path, case: str) -> None:
    data, sentence = NOT_XLSX[case]
    (tmp_path / "contacts.xlsx").write_bytes(data)
    with pytest.raises(BadInput, match=re.escape(sentence)):
        opened(tmp_path / "contacts.xlsx")


def test_packages_of_other_kinds_are_refused_as_what_they_are(tmp_path: Path) -> None:
    made(tmp_path / "whole.xlsx", ROWS)
    path = tmp_path / "contacts.xlsx"
    path.write_bytes(b"Content-Type: application/vnd.ms-excel\r\n\r\n" + (tmp_path / "whole.xlsx").read_bytes())
    with pytest.raises(BadInput, match=r"this is no workbook \(.xlsx\), but a ZIP file with something before it"):
        opened(path)
    for kind, what in (
        ("spreadsheet", r"spreadsheet \(\.ods\)"),
        ("text", r"text \(\.odt\)"),
        ("graphics", "file"),
    ):
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
            package.writestr("content.xml", "<x/>")
        with pytest.raises(BadInput, match=f"this is an OpenDocument {what}: open it there and save it as .xlsx"):
            opened(path)


def test_a_table_in_text_that_is_named_a_workbook_is_read(tmp_path: Path) -> None:
    (tmp_path / "contacts.xlsx").write_text("contact_id;name\n1;Bo\n")
    assert next(open_table(tmp_path / "contacts.xlsx", Mapping(), "contacts").rows([]))[1] == ["1", "Bo"]


FOOTERS: dict[str, list[Any]] = {
    "a number of things": ["Total", "2 rader"],
    "a number": ["Total", 2],
    "a sum of money": ["Summa", "SEK 3 500,50"],
    "a share": ["Antal", "97,5 %"],
    "how many": ["Count:", "2 records."],
}


@pytest.mark.parametrize("case", FOOTERS)
def test_a_total_of_two_cells_is_a_footer(tmp_path: Path, case: str) -> None:
    table = made(
        tmp_path / "contacts.xlsx", [["contact_id", "name", "level"], [1, "Bo", "x"], [2, "Cy", "y"], FOOTERS[case]]
    )
    left: list[BadRow] = []
    assert [values[0] for _, values in table.rows(left)] == ["1", "2"]
    assert [(row.line, row.reason, row.apart) for row in left] == [(4, "it holds a total, like a footer", True)]


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "contacts.xlsx")
    with pytest.raises(BadInput, match="the sheet 'Sheet' is empty"):
        opened(tmp_path / "contacts.xlsx")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@settings(max_examples=5)  # each of them starts two processes that read a workbook
@given(names=st.lists(texts, min_size=20, max_size=20))
def test_any_text_can_be_written_and_read_back(tmp_path: Path, names: list[str]) -> None:
    table = made(tmp_path / "contacts.xlsx", [["contact_id", "name"], *([str(number), "Bo"] for number in range(20))])
    again = opened(rewritten(table, {row: {1: name} for row, name in enumerate(names, 2)}))
    assert [values[1] for _, values in again.rows([])] == names
