"""Cells of typed fields in a workbook: a number, a day, yes or no stay such, and an empty cell becomes what the others
of its column are."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from linktrack.crm.export import open_table
from linktrack.crm.mapping import Mapping
from linktrack.crm.typed_values import same_value, typed_text, value_of
from linktrack.crm.writing import write_back
from linktrack.crm.xlsx_cells import SheetTable
from linktrack.crm.xlsx_filling import CellFiller, CellValue, SeenCells
from linktrack.crm.xlsx_formats import NUMBER, CellFormat, number_of, number_text
from linktrack.settings.crm import FieldSettings

openpyxl = pytest.importorskip("openpyxl")
xlsxwriter = pytest.importorskip("xlsxwriter")

HEADER: list[Any] = ["contact_id", "since", "score", "calls", "flag", "words"]
FULL: list[Any] = ["1", date(2025, 3, 1), 12.5, True, 1, "ja"]
FIELDS = {
    "since": FieldSettings(column="since", type="date", format="%d.%m.%Y"),
    "score": FieldSettings(column="score", type="number", decimal=","),
    "calls": FieldSettings(column="calls", type="yes-no"),
    "flag": FieldSettings(column="flag", type="yes-no"),
    "words": FieldSettings(column="words", type="yes-no", yes="ja", no="nej"),
}


def by_openpyxl(path: Path, *, mac: bool = False) -> None:
    book = openpyxl.Workbook()
    if mac:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in (HEADER, FULL, ["2"], ["3"]):
        book.active.append(row)
    book.active["C4"].number_format = "0.00"
    book.active["B4"].border = openpyxl.styles.Border(top=openpyxl.styles.Side("thin"))
    book.save(path)


def by_xlsxwriter(path: Path, **options: Any) -> None:
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Contacts")
        day, thin = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"border": 1})
        sheet.write_row(0, 0, HEADER)
        for row, values in enumerate((FULL, ["2"], ["3"]), 1):
            for at, value in enumerate(values):
                if isinstance(value, date):
                    sheet.write_datetime(row, at, datetime(value.year, value.month, value.day), day)
                else:
                    sheet.write(row, at, value)
        sheet.write_blank(3, 1, None, thin)
        sheet.write_blank(3, 2, None, book.add_format({"num_format": "0.00"}))


def by_libreoffice(path: Path) -> None:
    """As it writes a sheet that is given in its own XML: what is true is a formula TRUE() there."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not here")
    kinds = {bool: "boolean", int: "float", float: "float", date: "date", str: "string"}
    names = {"boolean": "boolean-value", "float": "value", "date": "date-value", "string": "string-value"}

    def cell(value: object) -> str:
        kind = kinds[type(value)]
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        style = ' table:style-name="d"' if kind == "date" else ' table:style-name="b"' if kind == "boolean" else ""
        text = f"<text:p>{shown}</text:p>" if kind == "string" else ""
        return f'<table:table-cell office:value-type="{kind}" office:{names[kind]}="{shown}"{style}>{text}</table:table-cell>'

    rows = "".join(
        f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in (HEADER, FULL, ["2"], ["3"])
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{what}:1.0"'
        for name, what in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("number", "datastyle"))
    )  # fmt: skip
    styles = (
        '<number:date-style style:name="n"><number:year number:style="long"/><number:text>-</number:text><number:month '
        'number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>'
        '<number:boolean-style style:name="m"><number:boolean/></number:boolean-style>'
        '<style:style style:name="d" style:family="table-cell" style:data-style-name="n"/>'
        '<style:style style:name="b" style:family="table-cell" style:data-style-name="m"/>'
    )
    source = path.with_suffix(".fods")
    source.write_text(
        f'<?xml version="1.0"?><office:document {spaces} office:version="1.2" '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:automatic-styles>'
        f'{styles}</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="Contacts">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document>"
    )
    profile = f"-env:UserInstallation=file://{path.parent}/profile"
    order = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(path.parent), str(source)]
    subprocess.run(order, check=True, capture_output=True, timeout=240)


MAKERS: dict[str, Callable[[Path], None]] = {
    "openpyxl": by_openpyxl,
    "openpyxl, with the dates of old Macs": lambda path: by_openpyxl(path, mac=True),
    "xlsxwriter": by_xlsxwriter,
    "xlsxwriter, with the dates of old Macs": lambda path: by_xlsxwriter(path, date_1904=True),
    "xlsxwriter, row by row": lambda path: by_xlsxwriter(path, constant_memory=True),
    "LibreOffice": by_libreoffice,
}


def opened(path: Path) -> SheetTable:
    table = open_table(path, Mapping(), "contacts")
    assert isinstance(table, SheetTable)
    return table


def rewritten(table: SheetTable, changes: dict[int, dict[int, str]], created: tuple[str, ...] = ()) -> Path:
    fields = {at: FIELDS[name] for at, name in enumerate((*table.columns, *created)) if name in FIELDS}
    to = table.path.with_name("to.xlsx")
    write_back(table, changes, created, to, table.path.with_name("changed.csv"), fields)
    return to


@pytest.mark.parametrize("maker", MAKERS)
def test_what_is_filled_in_or_changed_has_the_type_of_its_column(tmp_path: Path, maker: str) -> None:
    MAKERS[maker](tmp_path / "contacts.xlsx")
    table = opened(tmp_path / "contacts.xlsx")
    assert table.calculated == frozenset()  # also where what is true is a formula
    assert next(table.rows([]))[1] == ["1", "2025-03-01", "12.5", "true", "1", "ja"]
    assert [table.unwritable(2, at) for at in range(6)] == [""] * 6
    changed = {1: "04.05.2026", 2: "7,25", 3: "false", 4: "false", 5: "nej"}
    filled = {1: "05.05.2026", 2: "3", 3: "true", 4: "true", 5: "ja"}
    to = rewritten(table, {2: changed, 3: filled, 4: filled})
    sheet = openpyxl.load_workbook(to).active
    for row, expected in (
        (2, [date(2026, 5, 4), 7.25, False, 0, "nej"]),
        (3, [date(2026, 5, 5), 3, True, 1, "ja"]),
        (4, [date(2026, 5, 5), 3, True, 1, "ja"]),
    ):
        cells = sheet[row][1:]
        assert cells[0].is_date and cells[0].value.date() == expected[0]
        assert [(type(cell.value), cell.value) for cell in cells[1:]] == [(type(one), one) for one in expected[1:]]
    assert [values for _, values in opened(to).rows([])] == [
        ["1", "2026-05-04", "7.25", "false", "0", "nej"],
        ["2", "2026-05-05", "3", "true", "1", "ja"],
        ["3", "2026-05-05", "3", "true", "1", "ja"],
    ]
    if "LibreOffice" not in maker:
        assert sheet["C4"].number_format == "0.00"  # its own


def test_what_libreoffice_opens_again_has_the_types(tmp_path: Path) -> None:
    by_libreoffice(tmp_path / "contacts.xlsx")
    to = rewritten(opened(tmp_path / "contacts.xlsx"), {3: {1: "04.05.2026", 3: "false"}}, ("more",))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    order = [shutil.which("soffice"), profile, "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(to)]
    subprocess.run(list(map(str, order)), check=True, capture_output=True, timeout=240)
    assert (tmp_path / "to.csv").read_text("utf-8").splitlines()[2].startswith("2,2026-05-04,,FALSE,")


def test_columns_that_are_added_have_the_type_of_the_field(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["contact_id", "born"], ["1", date(1980, 1, 2)], ["2", None]):
        book.active.append(row)
    book.save(tmp_path / "contacts.xlsx")
    values = dict(enumerate(("04.05.2026", "7,25", "true", "no", "ja"), 2))
    to = rewritten(opened(tmp_path / "contacts.xlsx"), {3: values}, tuple(HEADER[1:]))
    row = openpyxl.load_workbook(to).active[3][2:]
    assert [cell.value for cell in row] == [datetime(2026, 5, 4), 7.25, True, False, "ja"]
    assert row[0].is_date  # in the style of the sheet's other days


def test_a_day_where_no_cell_shows_days_is_a_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["contact_id", "since"], ["1", None]):
        book.active.append(row)
    book.save(tmp_path / "contacts.xlsx")
    to = rewritten(opened(tmp_path / "contacts.xlsx"), {2: {1: "04.05.2026"}})
    assert openpyxl.load_workbook(to).active["B2"].value == "04.05.2026"


def test_a_formula_that_is_a_value_is_read_as_one_and_written_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["contact_id", "calls", "sum"], ["1", "=TRUE()", "=1+1"], ["2", "=FALSE()", "=1+2"], ["3", "= true( )", "=1"]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "contacts.xlsx")
    table = opened(tmp_path / "contacts.xlsx")
    assert table.calculated == {2}
    assert [values[1] for _, values in table.rows([])] == ["true", "false", ""]
    assert [table.unwritable(line, 1) for line in (2, 3, 4)] == ["", "", "its cell holds a formula"]
    to = rewritten(table, {2: {1: "false"}})
    sheet = openpyxl.load_workbook(to).active
    assert [sheet[f"B{row}"].value for row in (2, 3)] == [False, "=FALSE()"]
    with zipfile.ZipFile(to) as package:
        assert b'<c r="B2" t="b"><v>0</v></c>' in package.read("xl/worksheets/sheet1.xml")


FORMATS = [NUMBER, CellFormat("day"), CellFormat("zeros", 4), CellFormat("time"), NUMBER]
DATE, SCORE, YES = FIELDS["since"], FIELDS["score"], FIELDS["calls"]
TEXT = FieldSettings(column="x")
HEAD = SeenCells(0, "t", "0", 1)
FILLED: dict[str, tuple[FieldSettings | None, list[SeenCells], str, str, str, CellValue]] = {
    "a day beside days": (DATE, [HEAD, SeenCells(0, "n", "1", 3)], "", "", "04.05.2026", CellValue("n", "46146", "1")),
    "a day in a cell that shows days, beside texts": (DATE, [SeenCells(0, "t", "0", 9)], "", "1", "04.05.2026", CellValue("n", "46146", "1")),
    "a day beside texts": (DATE, [SeenCells(0, "t", "0", 9)], "", "", "04.05.2026", CellValue("t", "04.05.2026", "")),
    "a day beside more texts than days": (DATE, [SeenCells(0, "t", "0", 9), SeenCells(0, "n", "1", 3)], "", "", "04.05.2026", CellValue("t", "04.05.2026", "")),
    "a day over a text": (DATE, [SeenCells(0, "n", "1", 3)], "t", "0", "04.05.2026", CellValue("t", "04.05.2026", "0")),
    "a day over a number that is shown as one": (DATE, [SeenCells(0, "n", "1", 3)], "n", "4", "04.05.2026", CellValue("n", "46146", "1")),
    "a day that is written as a number beside such": (
        FieldSettings(column="x", type="date", format="%Y%m%d"), [SeenCells(0, "n", "4", 3)], "", "", "20260504", CellValue("n", "20260504", "4"),
    ),
    "a day that is written as a number over one": (
        FieldSettings(column="x", type="date", format="%Y%m%d"), [SeenCells(0, "n", "1", 3)], "n", "4", "20260504", CellValue("n", "20260504", "4"),
    ),
    "a day before the first": (DATE, [SeenCells(0, "n", "1", 3)], "", "", "04.05.1899", CellValue("t", "04.05.1899", "")),
    "a number in a cell that shows days": (SCORE, [], "", "1", "7,5", CellValue("n", "7.5", "")),
    "a number in a cell that shows days, beside numbers": (SCORE, [SeenCells(0, "n", "4", 3)], "", "1", "7,5", CellValue("n", "7.5", "4")),
    "a number with zeros before it": (SCORE, [SeenCells(0, "n", "2", 3)], "", "", "7", CellValue("n", "7", "2")),
    "a number beside texts": (SCORE, [HEAD, SeenCells(0, "t", "0", 3)], "", "", "7,5", CellValue("t", "7,5", "")),
    "a number that is too long for one": (SCORE, [], "", "", "9007199254740993", CellValue("t", "9007199254740993", "")),
    "a number beside its header alone": (SCORE, [HEAD], "", "", "7,5", CellValue("n", "7.5", "")),
    "yes beside what is true": (YES, [HEAD, SeenCells(0, "b", "0", 3)], "", "", "true", CellValue("b", "1", "")),
    "yes beside ones": (YES, [HEAD, SeenCells(0, "n", "4", 3)], "", "", "true", CellValue("n", "1", "4")),
    "no over a one": (YES, [HEAD], "n", "0", "false", CellValue("n", "0", "0")),
    "yes beside words": (FIELDS["words"], [SeenCells(0, "t", "0", 3)], "", "", "ja", CellValue("t", "ja", "")),
    "yes in words where nothing is": (FIELDS["words"], [HEAD], "", "", "ja", CellValue("t", "ja", "")),
    "yes in words over what is false": (FIELDS["words"], [HEAD], "b", "0", "ja", CellValue("b", "1", "0")),
    "a text beside numbers": (TEXT, [HEAD, SeenCells(0, "n", "4", 3)], "", "", "98138", CellValue("n", "98138", "4")),
    "a text beside numbers that is none": (TEXT, [HEAD, SeenCells(0, "n", "4", 3)], "", "", "098", CellValue("t", "098", "")),
    "a text beside numbers and texts": (TEXT, [SeenCells(0, "n", "4", 3), SeenCells(0, "t", "0", 2)], "", "", "98138", CellValue("t", "98138", "")),
    "a text where nothing is": (TEXT, [HEAD], "", "", "98138", CellValue("t", "98138", "")),
    "a name in a column that no field has": (None, [SeenCells(0, "n", "4", 3)], "", "", "2026", CellValue("t", "2026", "")),
    "nothing": (SCORE, [], "n", "4", "", CellValue("", "", "4")),
}  # fmt: skip


@pytest.mark.parametrize("case", FILLED)
def test_what_a_text_becomes(case: str) -> None:
    known, seen, held, style, text, expected = FILLED[case]
    filler = CellFiller(FORMATS, date(1899, 12, 30), {} if known is None else {0: known}, seen)
    found = filler.value(0, text, held, style)
    assert found == expected
    if found.kind == "n" and known is not None:
        read, _ = number_text(found.text, FORMATS[int(found.style or 0)], date(1899, 12, 30))
        assert same_value(read, text, known)


DAYS = [date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(1904, 1, 1), date(2026, 5, 4), date(9999, 12, 31)]


@pytest.mark.parametrize("since", [date(1899, 12, 30), date(1904, 1, 1)])
@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_read_as_it_was_written(day: date, since: date) -> None:
    digits = number_of(day.isoformat(), CellFormat("day"), since)
    if day < since:
        assert digits is None
    else:
        assert digits is not None
        assert number_text(digits, CellFormat("day"), since) == (day.isoformat(), "")


MEANT: dict[str, tuple[FieldSettings, str, object, str]] = {
    "a day as the field writes it": (DATE, "04.05.2026", date(2026, 5, 4), "2026-05-04"),
    "a day as workbooks are read": (DATE, "2026-05-04", date(2026, 5, 4), "2026-05-04"),
    "no day": (DATE, "soon", "soon", "soon"),
    "a number with a comma": (SCORE, "-7,50", Decimal("-7.5"), "-7.50"),
    "no number": (SCORE, "7 kr", "7 kr", "7 kr"),
    "yes": (FIELDS["words"], "JA", True, "true"),
    "a one": (FIELDS["words"], "1", True, "true"),
    "no": (FIELDS["words"], "nej", False, "false"),
    "neither": (FIELDS["words"], "kanske", "kanske", "kanske"),
    "a text": (TEXT, "1", "1", "1"),
    "nothing": (SCORE, "", "", ""),
}


@pytest.mark.parametrize("case", MEANT)
def test_what_a_text_means(case: str) -> None:
    known, text, meant, plain = MEANT[case]
    assert (value_of(text, known), typed_text(text, known)) == (meant, plain)
    assert same_value(text, text, known) and same_value(plain, text, known)
    assert not same_value("else", text, known) and (text == "" or not same_value("", text, known))
