"""XLSX packages as programs write them and as strangers bend them: the legal ones are read, the others refused."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linktrack.crm import xlsx_reading
from linktrack.crm.export import open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import read_contacts
from linktrack.crm.writing import write_back
from linktrack.crm.xlsx_cells import SheetTable
from linktrack.crm.xlsx_formats import cell_format
from linktrack.crm.xlsx_package import unescaped, xml_escaped
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings

openpyxl = pytest.importorskip("openpyxl")
SHEET = "xl/worksheets/sheet1.xml"
Parts = dict[str, bytes]


def base() -> Parts:
    """The parts of a small workbook: a header and two contacts."""
    book = openpyxl.Workbook()
    for row in (["contact_id", "name", "level"], ["1", "Bo", "cold"], ["2", "Åsa", "warm"]):
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    with zipfile.ZipFile(data) as package:
        return {name: package.read(name) for name in package.namelist()}


def saved(folder: Path, parts: Parts, name: str = "contacts.xlsx") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for part, data in parts.items():
            package.writestr(part, data)
    return path


def opened(path: Path, **contacts: object) -> SheetTable:
    table = open_table(path, Mapping(CrmSettings.model_validate({"contacts": contacts})), "contacts")
    assert isinstance(table, SheetTable)
    return table


def sheet_of(parts: Parts, old: str, new: str) -> Parts:
    xml = parts[SHEET].decode()
    assert old in xml
    return {**parts, SHEET: xml.replace(old, new).encode()}


def renamed(parts: Parts, change: Callable[[str], str]) -> Parts:
    return {change(name): data for name, data in parts.items()}


def prefixed(parts: Parts) -> Parts:
    xml = re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", parts[SHEET].decode()).replace("xmlns=", "xmlns:x=")
    return {**parts, SHEET: xml.encode()}


def relative(parts: Parts) -> Parts:
    rels = parts["xl/_rels/workbook.xml.rels"].decode()
    rels = rels.replace("/xl/worksheets/sheet1.xml", "./worksheets/../worksheets/sheet1.xml")
    return {**parts, "xl/_rels/workbook.xml.rels": rels.encode()}


def at_the_root(parts: Parts) -> Parts:
    moved = renamed(
        parts,
        lambda name: name.replace("xl/_rels/workbook.xml", "_rels/book.xml").replace("xl/workbook.xml", "book.xml"),
    )
    moved["_rels/.rels"] = moved["_rels/.rels"].replace(b"xl/workbook.xml", b"book.xml")
    return moved


def in_utf16(parts: Parts) -> Parts:
    def recoded(data: bytes) -> bytes:
        text = re.sub(r"^<\?xml.*?\?>", "", data.decode(), count=1)
        return ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16")

    return {name: recoded(data) if name.endswith((".xml", ".rels")) else data for name, data in parts.items()}


def in_latin1(parts: Parts) -> Parts:
    text = re.sub(r"^<\?xml.*?\?>", "", parts[SHEET].decode(), count=1)
    return {**parts, SHEET: ('<?xml version="1.0" encoding="ISO-8859-1"?>' + text).encode("latin-1")}


def with_shared_strings(parts: Parts) -> Parts:
    """The name of the second contact as a shared text in two runs, with how it is said and an escaped sign."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    item = "<si><t>x</t></si><si><r><t>Å</t></r><r><t>sa</t></r><rPh sb='0' eb='1'><t>osa</t></rPh></si>"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    rels = parts["xl/_rels/workbook.xml.rels"].decode()
    relation = f'<Relationship Id="rIdTexts" Type="{kind}" Target="texts/Shared%20Texts.xml"/></Relationships>'
    xml = re.sub(r'<c r="B3".*?</c>', '<c r="B3" t="s"><v>1</v></c>', parts[SHEET].decode())
    return {
        **parts,
        SHEET: xml.encode(),
        "xl/_rels/workbook.xml.rels": rels.replace("</Relationships>", relation).encode(),
        "xl/texts/Shared Texts.xml": f'<sst xmlns="{main}">{item}</sst>'.encode(),
    }


def without_references(parts: Parts) -> Parts:
    return {**parts, SHEET: re.sub(rb'(<(?:row|c)) r="[A-Z]*\d+"', rb"\1", parts[SHEET])}


def as_they_are(parts: Parts) -> Parts:
    return parts


LEGAL: dict[str, Callable[[Parts], Parts]] = {
    "as openpyxl writes it": as_they_are,
    "names of parts with backslashes": lambda parts: renamed(parts, lambda name: name.replace("/", "\\")),
    "names of parts in capitals": lambda parts: renamed(parts, str.upper),
    "a workbook at the root under another name": at_the_root,
    "targets with ./ and ../": relative,
    "parts in UTF-16": in_utf16,
    "a sheet in Latin-1": in_latin1,
    "shared texts in runs": with_shared_strings,
    "elements with a prefix": prefixed,
    "cells and rows that do not say where they are": without_references,
    "a comment that looks like a row": lambda parts: sheet_of(parts, "<sheetData>", '<!-- <row r="2"><c r="C2"><v>1</v></c></row> --><sheetData>'),
    "a comment that looks like a cell in its row": lambda parts: sheet_of(parts, '<c r="B2"', '<!-- <c r="C2"/> > --><c r="B2"'),
    "twenty thousand comments": lambda parts: sheet_of(parts, "<sheetData>", '<!-- <row r="2"> -->' * 20_000 + "<sheetData>"),
    "CDATA that looks like a row": lambda parts: sheet_of(parts, "</sheetData>", '</sheetData><extLst><ext uri="x"><![CDATA[<row r="2"><c r="C2"/></row>]]></ext></extLst>'),
    "an attribute with an angle": lambda parts: sheet_of(parts, '<row r="2"', """<row r="2" note='<row r="2"> >'""".replace("<row r=\"2\"> >", "&lt;row> ")),
    "rows outside of the data": lambda parts: sheet_of(parts, "<sheetData>", '<row r="2"><c r="C2"/></row><sheetData>'),
    "single quotes": lambda parts: {**parts, SHEET: parts[SHEET].replace(b'"', b"'")},
}  # fmt: skip


@pytest.mark.parametrize("case", LEGAL)
def test_a_legal_package_is_read_and_written_back(tmp_path: Path, case: str) -> None:
    parts = LEGAL[case](base())
    table = opened(saved(tmp_path, parts))
    assert table.columns == ["contact_id", "name", "level"]
    assert list(table.rows([])) == [(2, ["1", "Bo", "cold"]), (3, ["2", "Åsa", "warm"])]
    to = tmp_path / "to.xlsx"
    write_back(table, {2: {2: "höt & <x>"}}, [], to, tmp_path / "changed.csv")
    assert list(opened(to).rows([])) == [(2, ["1", "Bo", "höt & <x>"]), (3, ["2", "Åsa", "warm"])]
    with zipfile.ZipFile(to) as package:
        after = {name: package.read(name) for name in package.namelist()}
    assert list(after) == list(parts)
    changed = [name for name in parts if parts[name] != after[name]]
    assert [name.replace("\\", "/").lower() for name in changed] == [SHEET]


def replaced_cell(cell: str) -> Callable[[Parts], Parts]:
    return lambda parts: {**parts, SHEET: re.sub(rb'<c r="C3".*?</c>', cell.encode(), parts[SHEET])}


BOMB = "<!DOCTYPE x [" + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 9}">' for n in range(9)) + "]>"
HOSTILE: dict[str, tuple[Callable[[Parts], Parts], str]] = {
    "a cell in the last corner of a sheet": (
        lambda parts: sheet_of(parts, "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
        "its used cells reach to XFD1048576, and more than 50 million are never read",
    ),
    "a cell that no sheet has": (replaced_cell('<c r="ZZZZZZ4294967295"><v>1</v></c>'), "the cell 'ZZZZZZ4294967295' stands where none can be"),
    "a row that no sheet has": (lambda parts: sheet_of(parts, '<row r="3"', '<row r="4294967295"'), "the row 4294967295 stands where none can be"),
    "rows out of order": (lambda parts: sheet_of(parts, '<row r="3"', '<row r="1"'), "the row 1 stands where none can be"),
    "a cell of another row": (replaced_cell('<c r="C2"><v>1</v></c>'), "the cell 'C2' stands where none can be"),
    "a text that is not there": (replaced_cell('<c r="C3" t="s"><v>99</v></c>'), "is the text '99', which is not there"),
    "entities that grow": (lambda parts: {**parts, SHEET: BOMB.encode() + parts[SHEET].partition(b"?>")[2]}, "a part declares a document type"),
    "a sheet that is cut": (lambda parts: {**parts, SHEET: parts[SHEET][:-40]}, "its XML is broken"),
    "no sheet": (lambda parts: {name: data for name, data in parts.items() if name != SHEET}, f"its part {SHEET} is missing"),
    "no workbook": (lambda parts: {"content.xml": b"<x/>"}, "it has no workbook"),
    "a part there twice": (lambda parts: {**parts, SHEET.upper(): b"<x/>"}, f"it holds the part {SHEET} twice"),
    "a part of gigabytes": (lambda parts: {**parts, SHEET: b" " * 500_000_001}, f"its part {SHEET} is larger than 500 MB"),
    "a name of 490 million signs": (lambda parts: {**parts, SHEET: b"<" + b"a" * 100_000_000}, "a tag is longer than 16 MB"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_package_ends_with_a_sentence(tmp_path: Path, case: str) -> None:
    bend, sentence = HOSTILE[case]
    path = saved(tmp_path, bend(base()))
    with pytest.raises(BadInput, match=re.escape(sentence)):
        list(opened(path).rows([]))


def test_the_death_of_the_reading_process_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, base())
    monkeypatch.setattr(xlsx_reading, "_BEGIN", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(BadInput, match=r"the process that read it was ended \(signal 9\): save it as CSV"):
        opened(path)
    monkeypatch.setattr(xlsx_reading, "_BEGIN", "import time; time.sleep(60)")
    monkeypatch.setattr(xlsx_reading, "SECONDS", 0.2)
    with pytest.raises(BadInput, match="reading it takes more than"):
        opened(path)


def test_a_module_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, base())
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert len(list(opened(path).rows([]))) == 2


def made(folder: Path, rows: list[list[Any]], formats: dict[str, str] | None = None, **sheets: str) -> Path:
    """A workbook with `rows` on a sheet `People`, number formats by cell, and further sheets before it by state."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "People"
    for row in rows:
        sheet.append(row)
    for cell, form in (formats or {}).items():
        sheet[cell].number_format = form
    for at, (name, state) in enumerate(sheets.items()):
        other = book.create_sheet(name, at)
        other.append(["contact_id", "name"])
        other.append([name, name])
        other.sheet_state = state
    book.active = len(sheets)
    book.save(folder / "contacts.xlsx")
    return folder / "contacts.xlsx"


def test_the_first_sheet_that_people_see_is_taken(tmp_path: Path) -> None:
    path = made(tmp_path, [["contact_id"], ["7"]], Hidden="hidden", Deep="veryHidden")
    assert opened(path).sheet == "People"
    assert [values for _, values in opened(path, sheet="deep").rows([])] == [["Deep", "Deep"]]
    with pytest.raises(BadInput, match="it has no sheet 'X': set sheet to one of 'Hidden', 'Deep', 'People'"):
        opened(path, sheet="X")


def test_another_sheet_is_written_back(tmp_path: Path) -> None:
    table = opened(made(tmp_path, [["contact_id"], ["7"]], Second="visible"), sheet="People")
    write_back(table, {2: {1: "new"}}, ["level"], tmp_path / "to.xlsx", tmp_path / "changed.csv")
    book = openpyxl.load_workbook(tmp_path / "to.xlsx")
    assert [[cell.value for cell in row] for row in book["People"].rows] == [["contact_id", "level"], ["7", "new"]]
    assert book["Second"]["A2"].value == "Second"


IDS: dict[str, tuple[Any, str, str | None, str]] = {
    "a number": (17, "General", "17", ""),
    "a long number": (1234567890123450, "General", "1234567890123450", ""),
    "the longest that is exact": (2**53 - 1, "0", str(2**53 - 1), ""),
    "one that a spreadsheet has rounded": (2**53, "0", None, "a spreadsheet has rounded it"),
    "one of twenty digits": (12345678901234567890, "0", None, "a spreadsheet has rounded it"),
    "zeros before it": (123, "0000000", "0000123", ""),
    "zeros before a longer one": (12345, "000", "12345", ""),
    "digits in groups": (123456, '000"-"000', None, "it is shown in the format"),
    "a letter before it": (17, '"K"0000', None, "it is shown in the format"),
    "a text": ("0017", "General", "0017", ""),
    "a sum of money": (17, "#,##0.00", "17", ""),
}


@pytest.mark.parametrize("case", IDS)
def test_ids_are_what_was_typed_or_left_alone(tmp_path: Path, case: str) -> None:
    value, form, expected, reason = IDS[case]
    path = made(tmp_path, [["name", "contact_id"], ["Bo", value], ["Cy", "x"]], {"B2": form})
    rejected: list[BadRow] = []
    found = [contact.contact_id for contact in read_contacts(path, Mapping(), rejected)]
    assert found == [one for one in (expected, "x") if one]
    assert [row.line for row in rejected] == ([] if expected else [2])
    assert all(f"the number in 'contact_id' is not what was typed: {reason}" in row.reason for row in rejected)


def test_titles_and_footers_are_no_contacts(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["All contacts", None],
        [None],
        ["contact_id", "name"],
        ["1", "Bo"],
        ["2"],
        [None],
        ["Confidential"],
        ["Copyright 2026"],
        ["Total", 3],
        ["3", "Cy", "x"],
    ]
    left: list[BadRow] = []
    table = opened(made(tmp_path, rows))
    assert list(table.rows(left)) == [(4, ["1", "Bo"]), (5, ["2", ""])]
    assert sorted((row.line, row.reason) for row in left) == [
        (1, "it stands before the header, like a title"),
        (7, "it has one cell, which is no id like those above, like a footer"),
        (8, "it has one cell, which is no id like those above, like a footer"),
        (9, "it holds a total, like a footer"),
        (10, "it has 3 cells and the header 2"),
    ]
    assert opened(table.path, header_row=4).columns == ["1", "Bo"]


FORMATS = {
    "General": "number", "0.00": "number", "#,##0": "number", "0%": "number", "0.00E+00": "number", '0" kr"': "worded",
    "yyyy-mm-dd": "day", "d.m.yy": "day", "mmmm": "day", "[$-409]d-mmm": "day", "hh:mm": "time", "mm:ss": "time",
    "h:mm AM/PM": "time", "[h]:mm": "elapsed", "[Red]0": "number", '"days" 0': "worded", "yyyy hh:mm": "day",
    "00": "zeros", "000;-000": "zeros", "000-000": "worded", "@": "number", "\\d0": "worded",
}  # fmt: skip


@pytest.mark.parametrize("code", FORMATS)
def test_what_a_number_format_says(code: str) -> None:
    assert cell_format("200", code).kind == FORMATS[code]


@pytest.mark.parametrize("text", ["", "a_x000D_b", "\r\n\t", "\x00\x1f", "_x005F_", "_xABCD", "\ufffe", "é漢😀"])
def test_any_text_is_escaped_and_read_again(text: str) -> None:
    assert unescaped(xml_escaped(text)) == text


def test_a_workbook_of_libreoffice_is_written_back_and_opened_by_it_again(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not here")

    def convert(path: Path, form: str, *how: str) -> None:
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        order = [office, profile, "--headless", *how, "--convert-to", form, "--outdir", str(tmp_path), str(path)]
        subprocess.run(order, check=True, capture_output=True, timeout=120)

    (tmp_path / "contacts.csv").write_text(
        "contact_id,name,level,since,score\n0017,Åsa,cold,2025-03-01,12.5\n8,Bo,,2026-01-31,3\n"
    )
    convert(tmp_path / "contacts.csv", "xlsx", "--infilter=CSV:44,34,76")
    table = opened(tmp_path / "contacts.xlsx")
    before = list(table.rows([]))
    assert before[0][1][1:] == ["Åsa", "cold", "2025-03-01", "12.5"]
    write_back(table, {3: {2: "hot", 3: "2026-05-04", 5: "x"}}, ["new"], tmp_path / "to.xlsx", tmp_path / "changed.csv")
    assert [values for _, values in opened(tmp_path / "to.xlsx").rows([])] == [
        [*before[0][1], ""],
        [*before[1][1][:2], "hot", "2026-05-04", "3", "x"],
    ]
    convert(tmp_path / "to.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76")
    assert (tmp_path / "to.csv").read_text("utf-8").splitlines()[0] == "contact_id,name,level,since,score,new"
    assert (tmp_path / "to.csv").read_text("utf-8").splitlines()[2].endswith(",hot,2026-05-04,3,x")


def test_a_workbook_as_excel_lays_it_out_is_written_back(tmp_path: Path) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")  # which writes what Excel writes: shared texts, spans, a theme
    with xlsxwriter.Workbook(str(tmp_path / "contacts.xlsx")) as book:
        sheet = book.add_worksheet("Kontakter")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        zeros = book.add_format({"num_format": "0000000", "bold": True})
        sheet.write_row(0, 0, ["contact_id", "level", "since", "sum", "level too"])
        for row, number in enumerate((123, 17), 1):
            sheet.write_number(row, 0, number, zeros)
            sheet.write_row(row, 1, ["cold", ""])
            sheet.write_datetime(row, 2, datetime(2025, 3, row), day)
            sheet.write_formula(row, 3, f"=A{row + 1}*2", None, number * 2)
            sheet.write(row, 4, "cold")
        sheet.write_comment("B2", "a remark")
        sheet.add_table(0, 6, 2, 7)
        sheet.conditional_format("B2:B3", {"type": "duplicate"})
        sheet.autofilter("A1:E3")
        book.add_worksheet("Mer").write_formula("A1", "=Kontakter!A2")
    table = opened(tmp_path / "contacts.xlsx")
    assert table.columns[:5] == ["contact_id", "level", "since", "sum", "level too"]
    assert table.calculated == {3}
    assert [values[:5] for _, values in table.rows([])] == [
        ["0000123", "cold", "2025-03-01", "246", "cold"],
        ["0000017", "cold", "2025-03-02", "34", "cold"],
    ]
    write_back(table, {3: {1: "hot", 2: "2026-05-04"}}, [], tmp_path / "to.xlsx", tmp_path / "changed.csv")
    with zipfile.ZipFile(table.path) as old, zipfile.ZipFile(tmp_path / "to.xlsx") as new:
        assert [name for name in old.namelist() if old.read(name) != new.read(name)] == [SHEET]
        lines = [re.findall(r"<c .*?(?:/>|</c>)", package.read(SHEET).decode()) for package in (old, new)]
    assert [(one, two) for one, two in zip(*lines, strict=True) if one != two] == [
        ('<c r="B3" t="s"><v>5</v></c>', '<c r="B3" t="inlineStr"><is><t xml:space="preserve">hot</t></is></c>'),
        ('<c r="C3" s="2"><v>45718</v></c>', '<c r="C3" s="2"><v>46146</v></c>'),
    ]
