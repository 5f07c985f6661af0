"""Choosing contacts: lists of ids as they come from other commands and from the CRM, and random parts."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.contacts.choosing import CONTACT_ID, Choosing, Part, read_contact_ids
from linktrack.crm.mapping import Mapping
from linktrack.errors import BadInput, NotFound, UsageError
from linktrack.reports.headings import heading
from linktrack.settings.crm import CrmSettings

EXPORT = Mapping(CrmSettings.model_validate({"encoding": "cp1252", "delimiter": ";", "contacts": {"id": "Kontakt-ID"}}))

FILES = {
    "TSV as commands print it into a pipe": b"contact_id\temail\tname\n1\ta@x.example\t\xc3\x85sa\n2\tb@x.example\tBo\n",
    "CSV as commands print it": b'contact_id,email,name\n1,a@x.example,"\xc3\x85sa, Bo"\n2,b@x.example,Bo\n',
    "JSON as commands print it": b'[\n  {"contact_id": "1", "clicks": 2},\n  {"contact_id": "2", "clicks": 1}\n]\n',
    "NDJSON as commands print it": b'{"contact_id": "1", "clicks": 2}\n{"contact_id": "2", "clicks": 1}\n',
    "rows of an earlier rewrite": b'{"contact_id": "1", "email": "", "token": "x"}\n{"contact_id": "2", "email": "y"}\n',
    "ids alone": b"contact_id\n1\n2\n",
    "the column last, ids twice, an empty one": b"email;contact_id\nx;1\ny;2\nz;1\n;\n",
    "the CRM's export": "Kontakt-ID;Namn\n1;\u00c5sa\n2;Bo\n".encode("cp1252"),
}


@pytest.mark.parametrize("case", FILES)
def test_any_rows_with_a_contact_id_will_do(tmp_path: Path, case: str) -> None:
    path = tmp_path / "rows"  # a pipe has no suffix
    path.write_bytes(FILES[case])
    assert read_contact_ids(path, EXPORT) == {"1", "2"}


BROKEN = {
    "an object, then CSV": (b'{"contact_id":"1"}\ncontact_id,email\n2,b@x.example\n', 2),
    "objects with a stray line": (b'{"contact_id":"1"}\nlinktrack: interrupted\n{"contact_id":"2"}\n', 2),
    "objects with one that is cut off": (b'{"contact_id":"1"}\n{"contact_id":"2"', 2),
    "CSV, then TSV with another header": (b"contact_id,email\n1,a@x.example\ncontact_id\tname\n2\tBo\n", 3),
    "CSV, then ids alone": (b"contact_id,email\n1,a@x.example\ncontact_id\n2\n", 3),
    "CSV, then other columns": (b"contact_id,email\n1,a@x.example\nemail,contact_id\nb@x.example,2\n", 3),
    "CSV, then objects": (b'contact_id,email\n1,a@x.example\n{"contact_id":"2"}\n', 3),
    "a row with a field too few": (b"contact_id,email,name\n1,a@x.example,A\n2,b@x.example\n", 3),
    "a quote that is never closed": (b'contact_id,name\n1,A\n2,"Bo\n', 3),
    "the CRM's export, then ids": (b"Kontakt-ID;Namn\n1;A\ncontact_id\n2\n", 1),  # which is taken for a title
    "an id that looks like a footer": (b"contact_id,email\n1,a@x.example\nA-7,\n", 3),
}


@pytest.mark.parametrize("ending", ["", ".csv", ".ndjson"])
@pytest.mark.parametrize("case", BROKEN)
def test_nothing_of_a_broken_list_is_taken(tmp_path: Path, case: str, ending: str) -> None:
    data, line = BROKEN[case]
    path = tmp_path / f"list{ending}"
    path.write_bytes(data)
    with pytest.raises(BadInput) as refused:
        read_contact_ids(path, EXPORT)
    assert (refused.value.exit_code, refused.value.file) == (3, str(path))
    if ending == "":
        assert refused.value.line == line


TWICE = {
    "TSV": b"contact_id\temail\n1\ta@x.example\ncontact_id\temail\n2\tb@x.example\n",
    "CSV of a spreadsheet": b"contact_id;email\r\n1;a@x.example\r\ncontact_id;email\r\n2;b@x.example\r\n",
    "NDJSON": b'{"contact_id":"1"}\n{"contact_id":"2","email":"b"}\n',
    "the CRM's export with title and footer": b"Export 2026-05-04 from CRM\nKontakt-ID;Namn\n1;A\n2;B\n\nAntal rader: 2\n",
}


@pytest.mark.parametrize("case", TWICE)
def test_outputs_of_one_kind_may_stand_one_behind_the_other(tmp_path: Path, case: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(TWICE[case])
    assert read_contact_ids(path, EXPORT) == {"1", "2"}


@pytest.mark.parametrize(
    "nobody",
    [b"[]\n", b"\xef\xbb\xbf[]", b"contact_id\temail\n", b"\xef\xbb\xbfcontact_id,email\r\n", b"Kontakt-ID;Namn\n"],
    ids=repr,
)
def test_no_rows_are_nobody(tmp_path: Path, nobody: bytes) -> None:
    path = tmp_path / "rows"
    path.write_bytes(nobody)
    assert read_contact_ids(path, EXPORT) == frozenset()


@pytest.mark.parametrize("nothing", [b"", b"\n", b" \r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"], ids=repr)
def test_a_file_with_nothing_in_it_is_what_a_failed_command_leaves(tmp_path: Path, nothing: bytes) -> None:
    path = tmp_path / "rows"
    path.write_bytes(nothing)
    with pytest.raises(BadInput, match="has nothing in it, not even a header") as refused:
        read_contact_ids(path, EXPORT)
    assert refused.value.exit_code == 3


def test_a_folder_is_an_export(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_bytes(FILES["the CRM's export"])
    assert read_contact_ids(tmp_path, EXPORT) == {"1", "2"}


HEADERS = {
    "our heading in English": (["Contact ID", "E-mail"], "Nyckel", {"1"}),
    "our heading in Swedish": (["Kontakt-id", "E-post"], "Nyckel", {"1"}),
    "our heading where the mapping's column is there too": (["Kontakt-id", "Nyckel"], "Nyckel", {"a"}),
    "our name where the mapping has it for companies": (["contact_id", "Nyckel"], "Nyckel", {"a"}),
    "our name where the mapping's contacts are not there": (["contact_id", "E-mail"], "Nyckel", {"1"}),
}


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("case", HEADERS)
def test_the_column_of_ids_is_found_by_our_headings_too(tmp_path: Path, case: str, ending: str) -> None:
    header, name, expected = HEADERS[case]
    mapping = Mapping(CrmSettings.model_validate({"contacts": {"id": name, "company": "contact_id"}}))
    path = tmp_path / f"list.{ending}"
    if ending == "csv":
        path.write_text(f"{','.join(header)}\n1,a\n", "utf-8")
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in (header, ["1", "a"]):
            book.active.append(row)
        book.save(path)
    assert read_contact_ids(path, mapping) == expected


def test_the_headings_are_those_of_workbooks() -> None:
    assert ("contact_id", heading("contact_id", "en"), heading("contact_id", "sv")) == CONTACT_ID


def test_other_files_are_errors_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("id,mail\n1,x\n")
    with pytest.raises(BadInput, match="contact_id"):
        read_contact_ids(tmp_path / "other.csv", EXPORT)
    with pytest.raises(NotFound):
        read_contact_ids(tmp_path / "nothing.csv", EXPORT)


@given(
    st.sets(st.text(min_size=1, max_size=20), max_size=60),
    st.integers(1, 12),
    st.text(min_size=1),
    st.binary(min_size=16, max_size=16),
)
def test_parts_are_disjoint_and_together_everybody(ids: set[str], parts: int, split: str, workspace_id: bytes) -> None:
    found = [
        {one for one in ids if Choosing(workspace_id, part=Part(number, parts, split)).takes(one)}
        for number in range(1, parts + 1)
    ]
    assert sum(map(len, found)) == len(ids) and set().union(*found) == ids


def test_the_same_split_gives_the_same_parts_for_ever() -> None:
    here = bytes(range(16))
    chosen = [number for number in range(20) if Part(1, 2, "subject").holds(str(number), here)]
    assert chosen == [3, 6, 7, 8, 16, 17, 18, 19]  # never to be changed: mailings have gone out by it


@pytest.mark.parametrize(
    ("text", "split"),
    [("0/2", "x"), ("3/2", "x"), ("1", "x"), ("1/0", "x"), ("a/b", "x"), ("1/1001", "x"), ("1/2", ""), ("1/2", " ")],
)
def test_what_is_no_part_is_a_usage_error(text: str, split: str) -> None:
    with pytest.raises(UsageError):
        Part.read(text, split)
    assert Part.read(" 2/3 ", " x ") == Part(2, 3, "x")


def test_only_and_except_and_part_together() -> None:
    choosing = Choosing(bytes(16), only={"1", "2", "3"}, leave_out={"2"})
    assert [one for one in "12345" if choosing.takes(one)] == ["1", "3"]
