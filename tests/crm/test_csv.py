"""CSV exports: whatever they look like, they are read right and written back with every other byte as it came."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linktrack.crm import csv_table
from linktrack.crm.csv_dialect import find_line_end
from linktrack.crm.csv_fields import (
    goes_on,
    is_doubtful,
    plain_record,
    quoted,
    split_if_plain,
    split_plain,
    split_record,
    unquoted,
)
from linktrack.crm.csv_records import read_plain, read_records
from linktrack.crm.csv_table import CsvTable
from linktrack.crm.export import left_alone, need_column, open_table
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import read_contacts
from linktrack.crm.writing import write_back
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings


def table_of(folder: Path, data: bytes, **crm: object) -> CsvTable:
    path = folder / "contacts.csv"
    path.write_bytes(data)
    table = open_table(path, Mapping(CrmSettings.model_validate(crm)), "contacts")
    assert isinstance(table, CsvTable)
    return table


def rewritten(
    table: CsvTable, changes: dict[int, dict[int, str]], created: tuple[str, ...] = ()
) -> tuple[bytes, bytes]:
    to, changed = table.path.with_name("to"), table.path.with_name("changed")
    write_back(table, changes, created, to, changed)
    return to.read_bytes(), changed.read_bytes()


READ = {
    "commas": (b"contact_id,name\n1,Bo\n", [["1", "Bo"]]),
    "semicolons, with commas inside": (b"contact_id;name\r\n1;Bo, Jr\r\n", [["1", "Bo, Jr"]]),
    "tabs": (b"contact_id\tname\n1\tBo\n", [["1", "Bo"]]),
    "bars": (b"contact_id|name\n1|Bo\n", [["1", "Bo"]]),
    "Excel's sep= line": (b"sep=;\r\ncontact_id;name\r\n1;Bo\r\n", [["1", "Bo"]]),
    "a BOM": ("\ufeffcontact_id,name\n1,Åsa\n".encode(), [["1", "Åsa"]]),
    "UTF-16, little end first": ("\ufeffcontact_id,name\n1,Åsa\n".encode("utf-16-le"), [["1", "Åsa"]]),
    "a BOM that stands there twice": ("\ufeff\ufeffcontact_id,name\n1,Åsa\n".encode(), [["1", "Åsa"]]),
    "a BOM of UTF-16 that stands there twice": ("\ufeff\ufeffcontact_id,name\n1,Å\n".encode("utf-16-le"), [["1", "Å"]]),
    "UTF-16, big end first": ("\ufeffcontact_id,name\n1,Åsa\n".encode("utf-16-be"), [["1", "Åsa"]]),
    "line ends of an old Mac": (b"contact_id,name\r1,Bo\r2,Cy\r", [["1", "Bo"], ["2", "Cy"]]),
    "no line end at the end": (b"contact_id,name\n1,Bo", [["1", "Bo"]]),
    "quotes, doubled quotes, line ends inside": (b'contact_id,name\n1,"B ""o""\r\nX"\n', [["1", 'B "o"\r\nX']]),
    "a quote inside an unquoted cell": (b'contact_id,name\n1,5" pipe\n2,x\n', [["1", '5" pipe'], ["2", "x"]]),
    "a quoted cell over two lines, then a stray quote": (
        b'contact_id,name,size\n1,"two\nlines",5" pipe\n2,x,y\n',
        [["1", "two\nlines", '5" pipe'], ["2", "x", "y"]],
    ),
    "two quoted cells over several lines in one record": (
        b'contact_id,a,b\n1,"x\ny","z\n\nw"\n2,,\n',
        [["1", "x\ny", "z\n\nw"], ["2", "", ""]],
    ),
    "text behind a closing quote belongs to the cell": (b'contact_id,name\n1,"a"b\n', [["1", "ab"]]),
    "blank lines are no rows": (b"contact_id,name\n\n1,Bo\n  \n", [["1", "Bo"]]),
    "a row that ends with empty cells too many": (b'contact_id,name\n2,Bo,, ,""\n', [["2", "Bo", "", " ", ""]]),
    "blanks before a quoted cell": (
        b'contact_id, email, "name", level\n1, a@x, "Berg, Ann" , cold\n2, b@x, " B ""o""", x\n',
        [["1", " a@x", "Berg, Ann", " cold"], ["2", " b@x", ' B "o"', " x"]],
    ),
    "a lone CR in a cell of a CRLF file": (
        b"contact_id,name\r\n1,Bo\rEk\r\n2,Cy\r\r\n",
        [["1", "Bo\rEk"], ["2", "Cy\r"]],
    ),
    "a lone CR in a cell of an LF file": (b"contact_id,name\n1,Bo\rEk\n", [["1", "Bo\rEk"]]),
    "Windows' line ends written twice": (
        b"contact_id,name\r\r\n1,Bo\r\r\n\r\r\n2,Cy\r\r\n",
        [["1", "Bo"], ["2", "Cy"]],
    ),
    "Windows' line ends written twice, behind Excel's sep= line": (
        b"sep=;\r\r\ncontact_id;name\r\r\n1;B,o\r\r\n",
        [["1", "B,o"]],
    ),
    "Windows' line ends written twice, and within quotes": (
        b'contact_id,name\r\r\n1,"B\r\r\no"\r\r\n2,Cy',
        [["1", "B\r\r\no"], ["2", "Cy"]],
    ),
    "Windows' line ends written three times": (b"contact_id,name\r\r\r\n1,Bo\r\r\r\n", [["1", "Bo"]]),
    "Windows' line ends written twice but in two lines": (
        b"contact_id,name\r\r\n1,Bo\r\r\n2,Cy\r\n3,Di\r\r\n4,Ed\n",
        [["1", "Bo"], ["2", "Cy"], ["3", "Di"], ["4", "Ed"]],
    ),
    "line ends the other way round": (b'contact_id,name\n\r1,"B\n\ro"\n\r\n\r2,C\n\r', [["1", "B\n\ro"], ["2", "C"]]),
    "line ends the other way round, behind Excel's sep= line, without a last one": (
        b"sep=;\n\rcontact_id;name\n\r1;Bo\n\r2;C,y",
        [["1", "Bo"], ["2", "C,y"]],
    ),
    "LF in the quoted header of an old Mac": (b'contact_id,"na\nme"\r1,Bo\r', [["1", "Bo"]]),
    "Excel's sep= line in quotes": (b'"sep=;"\r\ncontact_id;name\r\n1;B,o\r\n', [["1", "B,o"]]),
    "Excel's sep= line in capitals": (b"SEP=|\ncontact_id|name\n1|B,o\n", [["1", "B,o"]]),
    "a title above the header": (b"Contacts 2026\n\ncontact_id;name\n1;Bo\n", [["1", "Bo"]]),
    "blank lines above the header": (b"\n \ncontact_id;name\n1;Bo\n", [["1", "Bo"]]),
    "leading zeros and formulas are text": (
        b'contact_id,name\n007,=1+1\n"=""8""",-3\n',
        [["007", "=1+1"], ['="8"', "-3"]],
    ),
    "a header only": (b"contact_id,name\n", []),
    "one column": (b"contact_id\n1\n\n2\n", [["1"], ["2"]]),
}


@pytest.mark.parametrize("case", READ)
def test_it_is_read_and_comes_back_byte_for_byte(tmp_path: Path, case: str) -> None:
    data, rows = READ[case]
    table = table_of(tmp_path, data)
    assert [values for _, values in table.rows([])] == rows
    assert rewritten(table, {})[0] == data


REFUSED = {
    "an empty file": (b"", {}, "contacts.csv: the file is empty: an export begins with a line that names its columns"),
    "blank lines only": (b"\r\n\r\n", {}, "the file is empty"),
    "bytes that are not UTF-8, with a preview": (
        "contact_id,name\n1,Åsa Öst\n".encode("cp1252"),
        {},
        "contacts.csv:2: byte 0xC5 is not UTF-8 and the file has no BOM; as cp1252 the line would read '1,Åsa Öst'",
    ),
    "NUL bytes in most lines": (b"contact_id,name\n1,\0\n2,\0\n", {}, "contacts.csv:2: the file holds NUL bytes"),
    "NUL bytes in the header": (b"contact_id,name\0\n1,Bo\n2,Cy\n", {}, "contacts.csv:1: the file holds NUL bytes"),
    "UTF-16 without a BOM": (
        "contact_id,name\n1,Bo\n".encode("utf-16-le"),
        {},
        "contacts.csv: it is UTF-16 without a BOM; as utf-16-le its first line would read 'contact_id,name': if that is "
        'right, set encoding = "utf-16-le" under [crm]',
    ),
    "UTF-16 without a BOM, with letters beyond ASCII": (
        "contact_id,name\n1,Åsa åäö\n".encode("utf-16-be"),
        {},
        'if that is right, set encoding = "utf-16-be"',
    ),
    "UTF-16 without a BOM, where another encoding is set": (
        "contact_id,name\n1,Åsa\n".encode("utf-16-le"),
        {"encoding": "cp1252"},
        'set encoding = "utf-16-le"',
    ),
    "a quote that is never closed": (b'contact_id,name\n1,"Bo\n2,Cy\n', {}, "contacts.csv:2: the quote that opens"),
    "a quote that is never closed between semicolons": (
        b'contact_id;name\n1;Bo\n2;"Cy\n3;Di\n',
        {},
        "contacts.csv:3: the quote that opens in this record is never closed",
    ),
    "a damaged header": (
        b"\xef\xbb\xbfcontact_id,n\xffme\n1,Bo\n",
        {},
        "contacts.csv:1: the row that names the columns is damaged: byte 0xFF in it cannot be read as utf-8",
    ),
    "as many lines as not that are no UTF-8": ("contact_id\nÅ\n".encode() + b"\xff\n", {}, "byte 0xFF is not UTF-8"),
    "a damaged line of UTF-16": ("\ufeffcontact_id\n1\n".encode("utf-16-le") + b"\0\xd8\0\xd8", {}, "as utf-16-le"),
    "another encoding than the mapping says": (
        b"contact_id,name\n1,\x81\n2,\x81\n",
        {"encoding": "cp1252"},
        "contacts.csv:2: byte 0x81 cannot be read as cp1252",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_the_place_and_the_way_out(tmp_path: Path, case: str) -> None:
    data, crm, sentence = REFUSED[case]
    with pytest.raises(BadInput) as problem:
        list(table_of(tmp_path, data, **crm).rows([]))
    assert sentence in str(problem.value)


DAMAGED = {
    "a byte that is not UTF-8, behind a BOM": (
        b"\xef\xbb\xbfcontact_id,name\n1,Bo\n2,C\xffy\n3,Di\n",
        {},
        "byte 0xFF in it cannot be read as utf-8",
    ),
    "a byte that is not UTF-8, as the settings say": (
        b"contact_id,name\n1,Bo\n2,C\xffy\n3,Di\n",
        {"encoding": "utf-8"},
        "byte 0xFF in it cannot be read as utf-8",
    ),
    "a byte that is not UTF-8, where ten other lines are beyond ASCII": (
        b"contact_id,name\n1,Bo\n2,C\xffy\n3,Di\n" + 10 * "9,Å\n".encode(),
        {},
        "byte 0xFF in it cannot be read as utf-8",
    ),
    "a byte that cp1252 has not": (
        b"contact_id,name\n1,Bo\n2,C\x81y\n3,Di\n",
        {"encoding": "cp1252"},
        "byte 0x81 in it cannot be read as cp1252",
    ),
    "a NUL byte": (b"contact_id,name\n1,Bo\n2,C\0y\n3,Di\n", {}, "it holds a NUL, which no database takes"),
    "a quote that the next one closes": (
        b'contact_id,name\n1,Bo\n2,"Cy\n4,"Eve"\n3,Di\n',
        {},
        "a quote in it is not closed where its field ends, and the lines behind it may be other rows",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_row_is_left_as_it_is_and_stops_no_other(tmp_path: Path, case: str) -> None:
    data, crm, reason = DAMAGED[case]
    table = table_of(tmp_path, data, **crm)
    left: list[BadRow] = []
    rows = dict(table.rows(left))
    line = 5 if b'"' in data else 4
    assert (rows[2], rows[line]) == (["1", "Bo"], ["3", "Di"])
    assert [(row.line, row.reason, row.apart) for row in left] == [(3, reason, False)]
    left[0].text.encode()
    changes = {2: {1: "new"}, line: {1: "Dy"}}
    assert rewritten(table, changes)[0] == data.replace(b"1,Bo", b"1,new").replace(b"3,Di", b"3,Dy")
    made = rewritten(table, {2: {2: "x"}}, ("level",))[0].splitlines()
    assert made[0].endswith(b"contact_id,name,level")
    assert made[2] == data.splitlines()[2]


def test_a_bad_byte_far_into_the_file_is_found_in_its_line(tmp_path: Path) -> None:
    lines = b"contact_id,name\n" + b"1,Bo\n" * 500_000
    with pytest.raises(BadInput, match=r"contacts\.csv:500002: byte 0xE5 .*'9,åsa'"):
        table_of(tmp_path, lines + b"9,\xe5sa\n")


def test_plain_ascii_is_of_the_encoding_that_the_mapping_names(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"contact_id,name\n1,Bo\n", encoding="windows-1252")
    assert rewritten(table, {2: {1: "Åsa"}})[0] == "contact_id,name\n1,Åsa\n".encode("cp1252")


def test_a_text_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    table = table_of(tmp_path, "contact_id,name\n1,Å\n".encode("cp1252"), encoding="cp1252")
    with pytest.raises(BadInput, match=r"contacts\.csv:2: '漢' .* cannot be written as cp1252"):
        rewritten(table, {2: {1: "漢"}})


CHANGED = {
    "a plain cell": (b"id,a,b\r\n1,x,y\r\n2,x,y\r\n", {2: {1: "z"}}, (), b"id,a,b\r\n1,z,y\r\n2,x,y\r\n", b"id,a,b\r\n1,z,y\r\n"),
    "a quoted cell stays quoted": (b'id,a\n1,"x"\n', {2: {1: "z"}}, (), b'id,a\n1,"z"\n', b'id,a\n1,"z"\n'),
    "a cell is quoted when it must be": (b"id;a\n1;x\n", {2: {1: 'y;"z"'}}, (), b'id;a\n1;"y;""z"""\n', b'id;a\n1;"y;""z"""\n'),
    "a column is added": (
        b"id,a\r\n1,x\r\n\r\n2,y\r\n", {2: {2: "n"}}, ("New",), b"id,a,New\r\n1,x,n\r\n\r\n2,y,\r\n", b"id,a,New\r\n1,x,n\r\n",
    ),
    "a column is added, but to no row that is ragged": (
        b"T\n\nid,contact_id\n1,x\n2\n3,y,z\nThe end\n", {4: {2: "n"}}, ("New",),
        b"T\n\nid,contact_id,New\n1,x,n\n2\n3,y,z\nThe end\n", b"id,contact_id,New\n1,x,n\n",
    ),
    "a cell behind blanks": (b'id, a, b\n1, "x, y", z\n', {2: {1: "w"}}, (), b'id, a, b\n1,w, z\n', b'id, a, b\n1,w, z\n'),
    "a column is added to a header in quotes": (
        b'"id","a"\n"1","x"\n', {2: {2: "n"}}, ("New",), b'"id","a","New"\n"1","x","n"\n', b'"id","a","New"\n"1","x","n"\n',
    ),
    "a column is added where all cells are quoted": (
        b'"id","a"\n"1","x"\n"2",""\n"3","y"\n', {3: {2: "n"}}, ("New",),
        b'"id","a","New"\n"1","x",""\n"2","","n"\n"3","y",""\n', b'"id","a","New"\n"2","","n"\n',
    ),
    "a cell is filled in where all cells but the empty ones are quoted": (
        b'"id","a","b"\n"1",,"x"\n"2",,\n', {2: {1: "n"}, 3: {3: "m"}}, ("New",),
        b'"id","a","b","New"\n"1","n","x",\n"2",,,"m"\n', b'"id","a","b","New"\n"1","n","x",\n"2",,,"m"\n',
    ),
    "a cell is filled in where numbers are not quoted": (
        b'"id","a"\n1,"x"\n2,\n', {3: {1: "n", 2: "m"}}, ("New",),
        b'"id","a","New"\n1,"x",\n2,n,m\n', b'"id","a","New"\n2,n,m\n',
    ),
    "Windows' line ends that were written twice stay, also where a column is added": (
        b"id;a\r\r\n1;x\r\r\n2;y\r\r\n", {3: {1: "z", 2: "n"}}, ("New",),
        b"id;a;New\r\r\n1;x;\r\r\n2;z;n\r\r\n", b"id;a;New\r\r\n2;z;n\r\r\n",
    ),
    "each line keeps its own end where they are mixed": (
        b"id;a\r\r\n1;x\r\n2;y\n3;z\r\r\n4;w\r\r\n5;v\r\r\n", {2: {1: "X"}, 3: {1: "Y"}, 4: {1: "Z"}}, ("New",),
        b"id;a;New\r\r\n1;X;\r\n2;Y;\n3;Z;\r\r\n4;w;\r\r\n5;v;\r\r\n",
        b"id;a;New\r\r\n1;X;\r\n2;Y;\n3;Z;\r\r\n",
    ),
    "a header alone with CR CR LF takes a column before them": (
        b"id;a\r\r\n1;x\r\n2;y\r\n", {2: {2: "n"}}, ("New",), b"id;a;New\r\r\n1;x;n\r\n2;y;\r\n", b"id;a;New\r\r\n1;x;n\r\n",
    ),
    "line ends the other way round stay": (
        b"id;a\n\r1;x\n\r2;y\n\r", {2: {1: "z", 2: "n"}}, ("New",), b"id;a;New\n\r1;z;n\n\r2;y;\n\r", b"id;a;New\n\r1;z;n\n\r",
    ),
    "a column is added where every row ends with a delimiter": (
        b"id,a\n1,x,\n2,y,\n", {2: {2: "n"}}, ("New",), b"id,a,New\n1,x,n\n2,y,\n", b"id,a,New\n1,x,n\n",
    ),
    "the only cell of a row becomes empty": (b"id\n1\n", {2: {0: ""}}, (), b'id\n""\n', b'id\n""\n'),
    "UTF-16 keeps its BOM in both files": (
        "\ufeffid,a\n1,x\n2,y\n".encode("utf-16-be"), {3: {1: "å"}}, (),
        "\ufeffid,a\n1,x\n2,å\n".encode("utf-16-be"), "\ufeffid,a\n2,å\n".encode("utf-16-be"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED)
def test_only_the_changed_cells_change(tmp_path: Path, case: str) -> None:
    data, changes, created, expected, changed = CHANGED[case]
    assert rewritten(table_of(tmp_path, data), changes, created) == (expected, changed)


cells = st.text(st.sampled_from(list("ab\"';,|\\\t\r\n =Åé漢")), max_size=6)
escapes = st.sampled_from(["", "\\"])
grids = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
)


@st.composite
def csv_files(draw: st.DrawFn) -> tuple[bytes, str, str, str]:
    """Any CSV file: (its bytes, delimiter, escape, encoding), quoted here and there, ragged here and there."""
    delimiter, escape = draw(st.sampled_from(";,\t|")), draw(escapes)
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]))
    lines = ["contact_id" + delimiter + "name" + delimiter + "note"]
    for row in draw(grids):
        written = [quoted(cell, delimiter, escape, always=draw(st.booleans())) for cell in row]
        lines.append(delimiter.join(written))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    text = end.join(lines) + (end if draw(st.booleans()) else "")
    return text.encode(encoding), delimiter, escape, encoding


@settings(max_examples=150)
@given(
    file=csv_files(), changes=st.dictionaries(st.integers(0, 8), st.dictionaries(st.integers(0, 5), cells, min_size=1))
)
def test_every_byte_outside_the_changed_cells_stays(
    tmp_path: Path, file: tuple[bytes, str, str, str], changes: dict[int, dict[int, str]]
) -> None:
    data, delimiter, escape, encoding = file
    table = table_of(tmp_path, data, delimiter=delimiter, escape=escape)
    assert rewritten(table, {})[0] == data
    lines = [line for line, _ in table.rows([])]
    wanted = {lines[at]: dict(cells) for at, cells in changes.items() if at < len(lines)}
    written, only_changed = rewritten(table, wanted)
    # The values are those wanted, and the spans of all other cells are the same as in the file.
    old = list(table.records())
    new = list(table_of(tmp_path, written, delimiter=delimiter, escape=escape).records())
    assert len(old) == len(new)
    for one, two in zip(old, new, strict=True):
        edits = wanted.get(one.line, {})
        for at, span in enumerate(two.fields):
            if at in edits:
                assert unquoted(span, escape) == edits[at]
            else:
                assert span == (one.fields[at] if at < len(one.fields) else "") or (span == '""' and edits)
        assert two.end == one.end
    end = table.dialect.end
    text = io.StringIO(only_changed.decode(encoding), newline=end[-1])
    assert len(list(read_records(text, delimiter, escape=escape, file_end=end))) == 1 + len(wanted)


FIELDS = [
    "",
    "a",
    "b c",
    '""',
    '"b"',
    '"c,d"',
    '"e ""f"" g"',
    ' "h"',
    '"i" ',
    'j"k',
    '"l',
    'm"',
    '"n""',
    '\\"',
    '"o\n"',
    "\0",
    "\r",
]


@given(
    lines=st.lists(
        st.tuples(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4), st.sampled_from(["\n", "\n", "\r\n", ""])),
        max_size=4,
    ),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_lines_read_at_once_are_the_records_that_they_are_one_by_one(
    lines: list[tuple[list[str], str]], end: str
) -> None:
    text = io.StringIO("".join(",".join(fields) + end for fields, end in lines), newline="\n")
    pieces = list(text)
    at_once = read_plain(pieces, ",", end) if pieces else None
    if at_once is None:
        assert not all(end == own and {*fields} <= {*FIELDS[:7]} for fields, own in lines) or not lines
        return
    records = list(read_records(pieces, ",", file_end=end))
    assert [record.text for record in records] == pieces
    assert [record.values for record in records] == [values or [""] for values in at_once]
    assert all(record.end == end for record in records)
    assert not any(is_doubtful(field) or goes_on(field) for record in records for field in record.fields)
    assert [record.fields for record in records] == [split_record(record.body, ",") for record in records]


def test_rows_are_read_at_once_up_to_and_behind_what_is_odd(tmp_path: Path) -> None:
    odd = [
        *('4,"x\ny",z', "", ' "5",x,y', "short", '"6"7,x,y', "w,x,y,z", "\r", "\0,x,y", "\udc80,x,y"),
        *("note,,", "7,,", "\nTotal,9,"),
    ]
    lines = ["title", "id,name,z", *(line for one in odd for line in (one, "1,å,z", '2,"ö",z', '3,"z ""ä""",z'))]
    data = "\n".join([*lines, "Total,9,"]).encode("utf-8", "surrogateescape")

    def rows() -> tuple[list[tuple[int, list[str]]], list[BadRow]]:
        left: list[BadRow] = []
        return list(table_of(tmp_path, data, contacts={"id": "id"}).rows(left)), left

    with mock.patch.object(csv_table, "BATCH", 2):
        at_once = rows()
    with mock.patch.object(csv_table, "read_plain", lambda *_: None):
        assert at_once == rows()
    assert len(at_once[0]) > 3 * len(odd) and len(at_once[1]) > 6


@settings(max_examples=150)
@given(text=st.text('ab ,;"\\\t\u2028', max_size=30), delimiter=st.sampled_from(";,\t"))
def test_what_is_plain_means_the_same_to_the_standard_library(text: str, delimiter: str) -> None:
    fields = split_record(text, delimiter)
    assert split_if_plain(text, delimiter) in (None, fields)
    if plain_record(delimiter).fullmatch(text):
        assert fields is not None and delimiter.join(fields) == text and fields == split_plain(text, delimiter)
        assert next(csv.reader([text], delimiter=delimiter)) == [unquoted(field) for field in fields]
    elif '"' in text and fields is not None:
        assert any('"' in field and not plain_record(delimiter).fullmatch(field) for field in fields)


@given(rows=grids, delimiter=st.sampled_from(";,\t|"), escape=escapes, always=st.booleans())
def test_what_is_written_is_read_back_also_by_the_standard_library(
    rows: list[list[str]], delimiter: str, escape: str, always: bool
) -> None:
    always = always or bool(escape)  # the standard library sees an escape outside of quotes, too
    lines = [delimiter.join(quoted(cell, delimiter, escape, always=always) for cell in row) for row in rows]
    text = "\n".join(line or '""' for line in lines) + "\n"
    assert (
        list(
            csv.reader(
                io.StringIO(text, newline=""), delimiter=delimiter, doublequote=not escape, escapechar=escape or None
            )
        )
        == rows
    )
    records = read_records(io.StringIO(text, newline=""), delimiter, escape=escape)
    assert [[unquoted(field, escape) for field in record.fields] for record in records] == rows


BACKSLASHES = {
    "around words": rb'1,"a \"b\" c",x',
    "around words with a delimiter": rb'1,"a \"b\", c",x',
    "after an inch": rb'1,"5\" pipe",x',
    "before a delimiter": rb'1,"5\", long",x',
    "at the end": rb'1,"5\"",x',
}


@pytest.mark.parametrize("case", BACKSLASHES)
def test_quotes_with_backslashes_are_asked_for_and_then_read(tmp_path: Path, case: str) -> None:
    data = b"contact_id,note,level\n" + BACKSLASHES[case] + b'\n2,"plain","y"\n'
    with pytest.raises(BadInput, match=r"contacts\.csv:2: .*escape = '\\'"):
        list(table_of(tmp_path, data).rows([]))
    table = table_of(tmp_path, data, escape="\\")
    rows = list(table.rows([]))
    assert [values[2] for _, values in rows] == ["x", "y"]
    assert rows[0][1][1] == BACKSLASHES[case].decode().split(',"')[1].split('",x')[0].replace("\\", "")
    written = rewritten(table, {3: {1: 'a "b"', 2: "c\\d"}})[0]
    assert written == data.replace(b'"plain","y"', rb'"a \"b\"","c\\d"')


def test_a_path_in_quotes_is_no_escape(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'contact_id,home,level\n1,"C:\\",x,\n2,"D:\\",y,\n')
    assert [values[:3] for _, values in table.rows([])] == [["1", "C:\\", "x"], ["2", "D:\\", "y"]]


def test_two_hundred_columns(tmp_path: Path) -> None:
    header = ",".join(["contact_id", *(f"c{number}" for number in range(199))])
    data = f"{header}\n" + "".join(f"{number}{',x' * 199}\n" for number in range(20))
    table = table_of(tmp_path, data.encode())
    assert len(table.columns) == 200
    written, _ = rewritten(table, {5: {150: "y"}})
    assert written.decode().splitlines()[4] == "3" + ",x" * 149 + ",y" + ",x" * 49
    assert [
        n for n, (a, b) in enumerate(zip(data.splitlines(), written.decode().splitlines(), strict=True)) if a != b
    ] == [4]


def test_a_column_that_stands_there_twice_may_not_be_used(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"contact_id,level,level\n1,a,b\n")
    with pytest.raises(BadInput, match=r"contacts.csv: the export has several columns 'level' \(numbers 2 and 3\)"):
        need_column(table, "level", "the field 'level'", "level under [crm.contacts.fields]")
    assert need_column(table, " Contact_ID", "it", "id") == 0


def test_an_unknown_delimiter_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"the delimiter, if these are several columns, under \[crm\]"):
        need_column(table_of(tmp_path, b"contact_id^name\n1^Bo\n"), "contact_id", "every contact", "id")
    table = table_of(tmp_path, b"contact_id^name\n1^Bo\n", delimiter="^")
    assert [values for _, values in table.rows([])] == [["1", "Bo"]]


def test_contacts_without_an_id_and_repeated_ids_are_told(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("contact_id,name\n1,Bo\n,Cy\n1,Di\n")
    rejected: list[BadRow] = []
    assert [contact.name for contact in read_contacts(path, Mapping(), rejected)] == ["Bo"]
    assert [(row.line, row.reason) for row in rejected] == [
        (3, "the row has no contact id"),
        (4, "the id '1' has come before"),
    ]
    with pytest.raises(BadInput, match=r"contacts\.csv:3: the row has no contact id"):
        list(read_contacts(path, Mapping()))


LEFT: dict[str, tuple[bytes, dict[str, object], list[tuple[int, str, int]]]] = {
    "a value too many": (b"contact_id;email;name;lvl\n1;a@x.example;Ann;Berg;cold\n2;b;c;d\n", {}, [(2, "it has 5 fields and the header 4", 5)]),
    "a value too few": (b"contact_id;email;name\n1;a@x.example\n2;b;c\n", {}, [(2, "it has 2 fields and the header 3", 2)]),
    "footers of a Salesforce report": (
        b'"contact_id","name"\n"2","Bo"\n\n\n"Report by Ann"\n"Copyright (c) 2026 salesforce.com, inc."\n', {},
        [(5, "it has 1 field and the header 2, like a title or a footer", 1), (6, "it has 1 field and the header 2, like a title or a footer", 1)],
    ),
    "footers that a spreadsheet has saved again": (
        b"contact_id;name;lvl\r\n2;Bo;x\r\n;;\r\nInforme de contactos;;\r\nCopyright 2026 salesforce;;\r\nTotal;;3\r\n", {},
        [
            (4, "it has one cell, which is no id like those above, like a footer", 1),
            (5, "it has one cell, which is no id like those above, like a footer", 1),
            (6, "it holds a total, like a footer", 2),
        ],
    ),
    "a total at the end": (b"contact_id;name;lvl\n2;Bo;x\nTotal: 2;;\n", {}, [(3, "it has one cell, which is no id like those above, like a footer", 1)]),
    "a title above the header": (b"All contacts;;\n\ncontact_id;name;lvl\n2;b;c\n", {}, [(1, "it stands before the header, like a title", 3)]),
    "a title above a header that is named": (
        b"All contacts\n\nnumber;name\n2;b\n", {"contacts": {"header_row": 3, "id": "number"}},
        [(1, "it stands before the header, like a title", 1)],
    ),
    "a quote after blanks that a line end follows": (
        b'contact_id,name,lvl\n1, "Ann, of\nBerg", cold\n2,b,c\n', {},
        [(2, "a quote after blanks is not closed in its line", 3), (3, "it has 2 fields and the header 3", 2)],
    ),
    "text behind a quoted cell that blanks precede": (
        b'contact_id,name,lvl\n1, "Ann, of" Berg\n2,b,c\n', {}, [(2, "a quote after blanks is not closed in its line", 3)],
    ),
    "half a row before a line end without quotes": (
        b"contact_id,name,lvl\r\n1,An\nn,cold\r\n2,b,c\r\n", {},
        [(2, "it has 2 fields and the header 3", 2), (3, "it has 2 fields and the header 3", 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT)
def test_what_is_no_row_is_named_and_left_as_it_is(tmp_path: Path, case: str) -> None:
    data, crm, expected = LEFT[case]
    table = table_of(tmp_path, data, **crm)
    left: list[BadRow] = []
    rows = list(table.rows(left))
    assert [(row.line, row.reason, row.fields) for row in left] == expected
    assert [values[0] for _, values in rows if any(values)] == ["2"]
    written, _ = rewritten(table, {rows[0][0]: {1: "new", len(table.columns): "x"}}, ("New",))
    before, after = data.splitlines(keepends=True), written.splitlines(keepends=True)
    kept = [at for at, (old, new) in enumerate(zip(before, after, strict=True), 1) if old == new]
    assert {line for line, *_ in expected} <= set(kept)


NO_FOOTERS = {
    "an id alone behind a blank line": (b"contact_id;name\n1;Bo\n\n2;\n", ["1", "2"]),
    "an id alone at the end": (b"contact_id;name\nC1;Bo\nD2;\n", ["C1", "D2"]),
    "an id of another kind between others": (b"contact_id;name\n1;Bo\nx y;\n3;Cy\n", ["1", "x y", "3"]),
    "ids of several kinds": (b"contact_id;name\n1;Bo\nab;Cy\nc3;\nde;\n", ["1", "ab", "c3", "de"]),
    "a contact who is called like a total": (b"contact_id;name\n1;Bo\n\nTotal;Ltd\n", ["1", "Total"]),
    "the only row": (b"contact_id;name\n\nBo;\n", ["Bo"]),
}


@pytest.mark.parametrize("case", NO_FOOTERS)
def test_what_may_be_a_contact_is_no_footer(tmp_path: Path, case: str) -> None:
    data, ids = NO_FOOTERS[case]
    left: list[BadRow] = []
    assert [values[0] for _, values in table_of(tmp_path, data).rows(left)] == ids
    assert left == []


def test_rows_that_are_left_are_said_to_who_reads_contacts(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("contact_id,name\n1,Bo\n2\n3,Cy,x\nThe end\n4\n")
    rejected: list[BadRow] = []
    assert [contact.contact_id for contact in read_contacts(path, Mapping(), rejected)] == ["1"]
    assert [(row.line, row.fields, row.text) for row in rejected] == [
        (3, 1, "2"),
        (4, 3, "3,Cy,x"),
        (5, 1, "The end"),
        (6, 1, "4"),
    ]
    assert list(left_alone(open_table(path, Mapping(), "contacts"), rejected)) == [
        "contacts.csv: 4 rows were left as they came: lines 3 (it has 1 field and the header 2, like a title or a "
        "footer), 4 (it has 3 fields and the header 2), 5 (it has 1 field and the header 2, like a title or a footer) "
        "and 1 more, which doctor --crm --deep names"
    ]
    assert list(left_alone(open_table(path, Mapping(), "contacts"), rejected, each=True)) == [
        f"contacts.csv:{row.line} was left as it came: {row.reason}" for row in rejected
    ]
    assert [row.apart for row in rejected] == [True, False, True, True]
    with pytest.raises(BadInput, match=r"contacts\.csv:3: it has 1 field and the header 2.*: correct the export"):
        list(read_contacts(path, Mapping()))
    path.write_text("contact_id,name\n1,Bo\n2\n")
    with pytest.raises(BadInput, match=r"contacts\.csv:3: it has 1 field"):
        list(read_contacts(path, Mapping()))


ENDS = {
    "of Windows": ("a,b\r\n1,2\r\n", "\r\n"),
    "of Windows, written twice": ("a,b\r\r\n1,2\r\r\n", "\r\r\n"),
    "of Windows, written twice, cut within": ("a,b\r\r\n1,2\r", "\r\r\n"),
    "of Windows, written twice but in the first line": ("a,b\r\n1,2\r\r\n3,4\r\r\n5,6\r\r\n", "\r\r\n"),
    "of the first line, where half of them are written twice": ("a,b\n1,2\r\r\n", "\n"),
    "within quotes are none": ('a,"b\r\r\n\r\r\n"\n1,2', "\n"),
    "of a file all of whose line ends are within quotes": ('"a\r\nb"', "\r\n"),
    "of an old Mac": ("a,b\r1,2\r", "\r"),
    "of an old Mac, with blank lines": ("a,b\r\r1,2", "\r"),
    "the other way round": ("a,b\n\r1,2\n\r", "\n\r"),
    "the other way round, cut within": ("a,b\n\r1,2\n", "\n\r"),
    "of Unix, before a blank line of Windows": ("a,b\n\r\n1,2\n", "\n"),
    "of one line": ("a,b", "\n"),
}


@pytest.mark.parametrize("case", ENDS)
def test_the_line_ends_of_a_file(case: str) -> None:
    sample, end = ENDS[case]
    assert find_line_end(sample) == end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n", "\n\r"])
def test_lines_are_counted_from_the_first_of_the_file(tmp_path: Path, end: str) -> None:
    table = table_of(tmp_path, end.join(["sep=;", "contact_id;name", "1;Bo", ""]).encode())
    assert (table.header_line, [line for line, _ in table.rows([])]) == (2, [3])


def test_a_header_row_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"contacts\.csv: row 9, which header_row names, is none of its rows"):
        table_of(tmp_path, b"contact_id,name\n1,Bo\n", contacts={"header_row": 9})


def test_a_line_that_is_longer_than_any_row_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"contacts\.csv:3: this line is longer than 16 MB"):
        table_of(tmp_path, b"contact_id,name\n1,Bo\n2," + b" " * 16_000_000)
    table_of(tmp_path, b"contact_id,name\n" + b"1,Boooooooooooooooooooo\n" * 800_000)
