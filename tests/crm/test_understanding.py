"""doctor --crm: every column of an export with what it is taken for, and what looks wrong with it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests_support import Run

from linktrack.crm.describe import DescribedColumn, describe_export
from linktrack.crm.mapping import Mapping
from linktrack.errors import NotFound
from linktrack.settings.crm import CrmSettings
from linktrack.workspace import Workspace

MAPPING = Mapping(
    CrmSettings.model_validate(
        {
            "contacts": {
                "id": "No", "email": "E-mail", "name": ["First", "Last"], "our_contact": "Seller", "interests": "Likes",
                "interests_separator": ";",
                "fields": {
                    "level": {"column": "Level", "type": "list", "values": ["cold", "hot"]},
                    "since": {"column": "Since", "type": "date", "format": "%d.%m.%Y"},
                    "score": {"column": "Score", "type": "number"},
                    "campaign": {"column": "Campaign", "create": True},
                    "gone": "Gone",
                },
            },
        }
    )
)  # fmt: skip
TEXT = (
    "No;First;Last;E-mail;Likes;Level;Since;Score;Phone\n"
    "1;Bo;Ek;bo@example.com;News;cold;01.05.2026;3,5;123\n"
    "1;Cy;Al;cy@example.com;;warm;2026-05-01;many;\n"
    ";Di;Br;di@example.com;;;;;456\n"
)


@pytest.fixture
def columns(tmp_path: Path) -> dict[str, DescribedColumn]:
    (tmp_path / "contacts.csv").write_text(TEXT)
    understood = describe_export(tmp_path / "contacts.csv", MAPPING)
    assert understood.sentences == ["contacts.csv: CSV, utf-8, delimiter ';', line ends LF; 9 columns, 3 rows."]
    return {column.column: column for column in understood.columns}


UNDERSTOOD: dict[str, tuple[Any, ...]] = {
    "the id, with what is wrong with it": ("No", 1, "contact id", 2, "1", "warning", "1 row without one: left alone; 1 row with the id of an earlier one"),
    "one of two names": ("Last", 3, "name", 3, "Ek", "ok", ""),
    "the address": ("E-mail", 4, "e-mail address", 3, "bo@example.com", "ok", ""),
    "interests with their separator": ("Likes", 5, "interests, with ';' between", 1, "News", "ok", ""),
    "a list with values that do not fit": ("Level", 6, "field level (list: cold, hot)", 2, "cold", "warning", "1 row not fitting: 'warm' is none of cold, hot (row 3)"),
    "a date, also as ISO 8601": ("Since", 7, "field since (date)", 2, "01.05.2026", "ok", ""),
    "numbers": ("Score", 8, "field score (number)", 2, "3,5", "warning", "1 row not fitting: 'many' is not a number (row 3)"),
    "a column that nothing uses": ("Phone", 9, "", None, "123", "ok", ""),
    "one that the mapping names and that is not there": ("Seller", None, "our contact (the seller)", None, "", "warning", "the file has no such column"),
    "a field without its column": ("Gone", None, "field gone (text)", None, "", "warning", "the file has no such column"),
    "a column that is made": ("Campaign", None, "field campaign (text)", None, "", "ok", "it is added when an action sets it"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_how_a_column_is_understood(columns: dict[str, DescribedColumn], case: str) -> None:
    name, *rest = UNDERSTOOD[case]
    assert columns[name] == DescribedColumn("contacts.csv", rest[0], name, *rest[1:])


def test_a_folder_shows_all_its_files(tmp_path: Path) -> None:
    for noun, text in {
        "contacts": "contact_id\n=1\n", "companies": "company_id,name\n1,A\n", "selections": "selection,contact_id\n",
        "projects": "project,contact_id\n", "users": "user\nANNA\n", "requests": "owner\n", "other": "x\n",
        "follow-ups": "assigned_to,start,end\n",
    }.items():  # fmt: skip
        (tmp_path / f"{noun}.csv").write_text(text)
    found = describe_export(tmp_path, Mapping()).columns
    assert {column.file for column in found} == {
        f"{noun}.csv" for noun in ("contacts", "companies", "selections", "projects", "users", "requests", "follow-ups")
    }
    problems = {(column.file, column.column): column.problem for column in found if column.state != "ok"}
    assert problems == {
        ("contacts.csv", "contact_id"): "1 look like formulas and are taken as they stand",
        ("companies.csv", "interests"): "the file has no such column",
    }
    (tmp_path / "contacts.csv").unlink()
    with pytest.raises(NotFound, match=r"has no contacts\.csv"):
        describe_export(tmp_path, Mapping())


def test_the_command_ends_with_6_when_the_id_is_not_there(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    export = tmp_path / "people.csv"
    export.write_text("code,name\n1,Bo\n")
    shown = run("doctor", "--crm", export, "--format", "json")
    assert shown.code == 6
    assert [(row["column"], row["meaning"], row["state"], row["guessed"]) for row in shown.json] == [
        ("code", "", "ok", False),
        ("name", "name", "ok", False),
        ("contact_id", "contact id", "error", False),
    ]
    assert "people.csv: CSV, utf-8, delimiter ',', line ends LF; 2 columns, 1 row." in shown.err
    export.write_text("contact_id,name\n1,Bo\n")
    assert run("doctor", "--crm", export).code == 0
    assert run("doctor", "--crm", tmp_path / "nothing.csv").code == 4
    assert run("doctor", "--write").code == 2


FINDINGS: dict[str, tuple[str, int]] = {
    "nothing": ("contact_id,name,interests\n1,Bo,News\n2,Cy,\n", 0),
    "a title and a footer": ("Our people\n\ncontact_id,name,interests\n1,Bo,\n2,Cy,\n\nTotal: 2\n", 0),
    "a footer with every delimiter": ("contact_id,name,interests\n1,Bo,\n2,Cy,\n\nThe end,,\n", 0),
    "a row with too few fields": ("contact_id,name,interests\n1,Bo\n2,Cy,\n", 6),
    "a row with too many fields": ("contact_id,name,interests\n1,Bo,,x\n2,Cy,\n", 6),
    "a row with a quote that is not closed": ('contact_id,name,interests\n1, "Bo,\n2,Cy,\n', 6),
    "an id that is repeated": ("contact_id,name,interests\n1,Bo,\n1,Cy,\n", 6),
    "an id that is missing": ("contact_id,name,interests\n1,Bo,\n,Cy,x\n", 6),
    "a cell of interests that is never changed": ("contact_id,name,interests\n1,Bo,a;b|c\n2,Cy,\n", 6),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_the_command_ends_with_6_when_rows_cannot_be_used(
    workspace: Workspace, run: Run, tmp_path: Path, case: str
) -> None:
    text, code = FINDINGS[case]
    export = tmp_path / "contacts.csv"
    export.write_text(text)
    workspace.config_path.write_text(
        workspace.config_path.read_text() + '\n[crm.contacts]\ninterests_separator = ","\n'
    )
    shown = run("doctor", "--crm", export, "--quiet")
    assert shown.code == code, shown.err
    assert shown.err == ("1 row cannot be read: correct the export.\n" if "a row" in case else "")


def test_every_row_that_is_left_is_named_by_deep(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    export = tmp_path / "contacts.csv"
    export.write_text("contact_id,name,level\n" + "".join(f"{number},Bo\n" for number in range(9)) + "9,Cy,hot\n")
    shown = run("doctor", "--crm", export)
    assert "and 6 more, which doctor --crm --deep names." in shown.err
    deep = run("doctor", "--crm", export, "--deep")
    assert (shown.code, deep.code) == (6, 6)
    named = [line for line in deep.err.splitlines() if "was left" in line]
    assert named == [
        f"contacts.csv:{line} was left as it came: it has 2 fields and the header 3." for line in range(2, 11)
    ]


def test_an_export_of_which_nothing_can_be_guessed_is_said_to_be_one(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    export, before = tmp_path / "people.csv", workspace.config_path.read_text()
    export.write_text("x,y\n1,2\n")
    written = run("doctor", "--crm", export, "--write")
    assert written.code == 6
    assert "linktrack.toml stays as it is: no column of this export could be guessed: name them" in written.err
    assert workspace.config_path.read_text() == before


SWEDISH = (
    "Kontakter våren 2026\n\n"
    "Kontakt-ID;Förnamn;Efternamn;E-post;Företag;Vår kontakt;Intressen;Intressenivå\n"
    "100123;Karin;Sjöström-Lindqvist;karin.sjostrom-lindqvist@fjallbris-exempel.example;Fjällbris AB;ANNA;Nyheter|Mässor;ljummen\n"
    "100124;Åsa;Öberg;asa@example.com;Fjällbris AB;BO;Nyheter;varm\n"
    "100125;Bo\n"
    "Slut på listan\n"
).encode("cp1252")


def test_the_guess_is_shown_in_eighty_columns_and_written(
    workspace: Workspace, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "kontakter.csv"
    export.write_bytes(SWEDISH)
    before = workspace.config_path.read_text()
    workspace.config_path.write_text(
        before + "\n# Our CRM\n[crm]  # since 2024\nusers = ['ANNA']  # who may own things\n"
    )
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("doctor", "--crm", export, "--format", "table")
    assert shown.code == 6
    assert [line.rstrip() for line in shown.out.splitlines()] == TABLE.splitlines()
    assert "kontakter.csv: CSV, cp1252, delimiter ';', line ends LF; 8 columns, 2 rows." in shown.err
    assert (
        "3 rows were left as they came: lines 1 (it stands before the header, like a title), 6 (it has 2 fields"
        in shown.err
    )
    assert "--write" in shown.err
    written = run("doctor", "--crm", export, "--write")
    assert written.code == 6, written.err  # for the row with two fields
    text = workspace.config_path.read_text()
    assert text.startswith(before + "\n# Our CRM\n[crm]  # since 2024\nusers = ['ANNA']  # who may own things\n")
    assert tomllib.loads(text)["crm"] == {
        "users": ["ANNA"],
        "encoding": "cp1252",
        "contacts": {
            "header_row": 3,
            "id": "Kontakt-ID",
            "email": "E-post",
            "company": "Företag",
            "our_contact": "Vår kontakt",
            "interests": "Intressen",
            "name": ["Förnamn", "Efternamn"],
            "interests_separator": "|",
        },
    }
    again = run("doctor", "--crm", export, "--write")
    assert again.code == 6
    assert "stays as it is" in again.err
    assert workspace.config_path.read_text() == text


TABLE = """\
column        meaning                      example                       problem
────────────  ───────────────────────────  ────────────────────────────  ───────
Kontakt-ID    contact id                   100123
Förnamn       name                         Karin
Efternamn     name                         Sjöström-Lindqvist
E-post        e-mail address               karin.sjostrom-lindqvist@fj…
Företag       company                      Fjällbris AB
Vår kontakt   our contact (the seller)     ANNA
Intressen     interests, with '|' between  Nyheter|Mässor
Intressenivå                               ljummen
"""


def test_what_stands_there_is_changed_only_when_it_is_said(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    export = tmp_path / "people.csv"
    export.write_text("Record ID,Email\n1,a@example.com\n")
    text = workspace.config_path.read_text() + '\n[crm.contacts]\nid = "Number"  # of last year\nemail = "Email"\n'
    workspace.config_path.write_text(text)
    refused = run("doctor", "--crm", export, "--write")
    assert refused.code == 2
    assert 'Change crm.contacts.id = "Record ID" in linktrack.toml?' in refused.err
    assert workspace.config_path.read_text() == text
    assert run("doctor", "--crm", export, "--write", "--yes").code == 0
    assert workspace.config_path.read_text() == text.replace('"Number"', '"Record ID"')


SAID = {
    "cp1252 where UTF-8 is set": ("utf-8", "cp1252", "contact_id,name\n1,Åsa\n2,Örjan\n"),
    "cp1252 where ASCII is set": ("ascii", "cp1252", "contact_id,name\n1,Åsa\n2,Örjan\n"),
}


@pytest.mark.parametrize("case", SAID)
def test_another_encoding_than_is_set_is_shown_and_written_after_a_question(
    workspace: Workspace, run: Run, tmp_path: Path, case: str
) -> None:
    before, encoding, content = SAID[case]
    export = tmp_path / "people.csv"
    export.write_bytes(content.encode(encoding))
    text = workspace.config_path.read_text() + f'\n[crm]\nencoding = "{before}"  # ours\n'
    workspace.config_path.write_text(text)
    shown = run("doctor", "--crm", export)
    assert (shown.code, "Åsa" in shown.out) == (6, True)
    assert f"people.csv: CSV, {encoding}, delimiter ','" in shown.err
    refused = run("doctor", "--crm", export, "--write")
    assert (refused.code, workspace.config_path.read_text()) == (2, text)
    assert f'Change crm.encoding = "{encoding}" in linktrack.toml?' in refused.err
    assert run("doctor", "--crm", export, "--write", "--yes").code == 0
    assert workspace.config_path.read_text() == text.replace(f'"{before}"', f'"{encoding}"')
