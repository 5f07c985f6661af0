"""CSV files that linktrack makes: in the export's dialect, guarded, and readable whatever stands in them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.crm.authored import PLAIN, AuthoredCsv, dialect_of
from linktrack.crm.csv_dialect import Dialect
from linktrack.crm.csv_fields import unquoted
from linktrack.crm.csv_records import read_records
from linktrack.crm.export import open_table
from linktrack.crm.mapping import Mapping
from linktrack.settings.crm import CrmSettings

COLUMNS = ("id", "contact_id", "email", "number", "text")


def written(dialect: Dialect, *rows: tuple[object, ...], guard: bool = True) -> bytes:
    file = io.BytesIO()
    made = AuthoredCsv(file, dialect, COLUMNS, guard=guard)
    for some in (rows[:1], rows[1:]):
        made.rows(dict(zip(COLUMNS, row, strict=True)) for row in some)
    return file.getvalue()


ROW = ("=id", "-1", "+bo@example.com", -5, "=1+1")  # guarded by what it is, whatever column it stands in
DIALECTS: dict[str, tuple[bytes, dict[str, object], bytes]] = {
    "commas": (b"contact_id,a\n", {}, b"id,contact_id,email,number,text\n'=id,-1,+bo@example.com,-5,'=1+1\n"),
    "semicolons and CRLF": (b"contact_id;a\r\n", {}, b"id;contact_id;email;number;text\r\n'=id;-1;+bo@example.com;-5;'=1+1\r\n"),
    "tabs and CR": (b"contact_id\ta\r", {}, b"id\tcontact_id\temail\tnumber\ttext\r'=id\t-1\t+bo@example.com\t-5\t'=1+1\r"),
    "a BOM": (b"\xef\xbb\xbfcontact_id,a\n", {}, b"\xef\xbb\xbfid,contact_id,email,number,text\n'=id,-1,+bo@example.com,-5,'=1+1\n"),
    "a BOM that stands there twice": (b"\xef\xbb\xbf\xef\xbb\xbfcontact_id,a\n", {}, b"\xef\xbb\xbfid,contact_id,email,number,text\n'=id,-1,+bo@example.com,-5,'=1+1\n"),
    "line ends that were written twice": (b"contact_id,a\r\r\n", {}, b"id,contact_id,email,number,text\r\r\n'=id,-1,+bo@example.com,-5,'=1+1\r\r\n"),
    "a line sep=": (b"sep=;\ncontact_id;a\n", {}, b"id;contact_id;email;number;text\n'=id;-1;+bo@example.com;-5;'=1+1\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", DIALECTS)
def test_a_file_is_in_the_dialect_of_the_export(tmp_path: Path, case: str) -> None:
    export, crm, expected = DIALECTS[case]
    path = tmp_path / "contacts.csv"
    path.write_bytes(export)
    assert written(dialect_of(open_table(path, Mapping(CrmSettings.model_validate(crm)), "contacts")), ROW) == expected


def test_without_a_csv_export_it_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "contacts.ndjson"
    path.write_text('{"contact_id": 1}\n')
    assert dialect_of(open_table(path, Mapping(), "contacts")) == dialect_of(None) == PLAIN
    assert written(PLAIN, ROW, guard=False).endswith(b"\n=id,-1,+bo@example.com,-5,=1+1\n")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_it_is_in_the_encoding_of_the_export(encoding: str) -> None:
    bom = b"\xff\xfe" if encoding == "utf-16-le" else b""
    data = written(Dialect(encoding, bom, ";", "", "", "\r\n"), ("1", "2", "å@x.se", 1, "Åsa;Öst"))
    assert data == bom + 'id;contact_id;email;number;text\r\n1;2;å@x.se;1;"Åsa;Öst"\r\n'.encode(encoding)


def test_a_text_that_the_encoding_lacks_makes_it_utf_8_with_a_bom() -> None:
    rows = [("1", "2", "å@x.se", 1, "Åsa"), ("2", "2", "", 1, "漢"), ("3", "2", "", None, "Öst")]
    data = written(Dialect("cp1252", b"", ";", ""), *rows)
    assert data.decode("utf-8-sig") == "id;contact_id;email;number;text\n1;2;å@x.se;1;Åsa\n2;2;;1;漢\n3;2;;;Öst\n"
    assert data.startswith(b"\xef\xbb\xbf")
    assert written(PLAIN, ("1", "2", "", 1, "\ud83d")).endswith(b"?\n")


CONTROLS = {
    "a NUL": ("a\0b", "a b"),
    "a NUL before what a spreadsheet would run": ("\0=1+1", "' =1+1"),
    "an escape sequence": ("\x1b[31mred", " [31mred"),
    "what some take for line ends": ("a\vb\fc\x1cd", "a b c d"),
    "tabs and line ends are kept": ("a\tb\nc\rd", '"a\tb\nc\rd"'),
}


@pytest.mark.parametrize("case", CONTROLS)
def test_a_control_character_is_a_blank(case: str) -> None:
    text, expected = CONTROLS[case]
    data = written(PLAIN, ("1", text, "", None, text))
    assert data.endswith(f",,,{expected}\n".encode())
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", data)


def test_what_linktrack_wrote_it_reads_whatever_an_export_held(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    signs = "".join(map(chr, range(0x20)))
    path.write_bytes(written(PLAIN, ("1", signs, signs, None, signs)).replace(b"id,contact_id", b"number,contact_id"))
    assert len(list(open_table(path, Mapping(CrmSettings()), "contacts").rows([]))) == 1


values = st.text(st.sampled_from(list("ab=;,\t|\"\\\r\n' å漢")), max_size=8)


@given(
    rows=st.lists(st.tuples(*[values] * 5), max_size=5),
    delimiter=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16-le"]),
    escape=st.sampled_from(["", "\\"]),
)
def test_what_is_written_without_a_guard_is_read_again(
    rows: list[tuple[str, ...]], delimiter: str, encoding: str, escape: str
) -> None:
    data = written(Dialect(encoding, b"", delimiter, "", escape), *rows, guard=False)
    text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else encoding)
    records = list(read_records(io.StringIO(text, newline="\n"), delimiter, escape=escape))
    assert [tuple(unquoted(field, escape) for field in record.fields) for record in records] == [COLUMNS, *rows]
