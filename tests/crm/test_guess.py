"""The guess: the columns of an export as the usual CRMs and languages call them, checked by what stands in them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.crm.guess import GuessedSetting, guess_mapping
from linktrack.crm.mapping import Mapping
from linktrack.crm.settings_file import with_settings
from linktrack.errors import BadInput
from linktrack.settings.crm import CrmSettings

EXPORTS: dict[str, tuple[str, dict[str, object]]] = {
    "our own names": ("contact_id,email,name\n1,a@x.se,A\n", {}),
    "SuperOffice": (
        '"Contact ID";"First name";"Last name";"E-mail";"Company ID";"Company";"Our contact";"Interests"\n'
        '"1";"A";"B";"a@x.se";"9";"C";"ANNA";"News, Events"\n',
        {"id": "Contact ID", "email": "E-mail", "company": "Company ID", "our_contact": "Our contact", "name": ["First name", "Last name"]},
    ),
    "SuperOffice in Swedish": (
        "Person-ID;Kontakt-ID;Förnamn;Efternamn;E-postadress;Vår kontakt;Intressen\n1;9;A;B;a@x.se;ANNA;x;\n2;9;A;B;b@x.se;ANNA;\n",
        {"id": "Person-ID", "email": "E-postadress", "company": "Kontakt-ID", "our_contact": "Vår kontakt", "interests": "Intressen", "name": ["Förnamn", "Efternamn"]},
    ),
    "SuperOffice's API, each person of a company of their own": (
        "person_id,contact_id,firstname,lastname,email\n1,9,A,B,a@x.se\n2,8,A,B,b@x.se\n",
        {"id": "person_id", "company": "contact_id", "name": ["firstname", "lastname"]},
    ),
    "SuperOffice's API as it writes itself": (
        "personId,contactId,Organisation\n1,9,A\n2,8,B\n", {"id": "personId", "company": "Organisation"},
    ),
    "persons' numbers that are none": ("person_id,contact_id\n,1\n,2\n", {}),
    "Swedish": (
        "Kundnr;Namn;Mejl;Företagsnr;Prenumererar på\n1;A;a@x.se;9;x;y\n2;B;b@x.se;9;\n".replace("x;y", '"x;y"'),
        {"id": "Kundnr", "name": "Namn", "email": "Mejl", "company": "Företagsnr", "interests": "Prenumererar på", "interests_separator": ";"},
    ),
    "HubSpot": (
        '"Record ID","First Name","Last Name","Email","Contact owner","Associated Company IDs","Marketing interests"\n'
        '"151","K","S","karin@example.com","anna@example.com","9042","Newsletter;Product news"\n',
        {"id": "Record ID", "company": "Associated Company IDs", "our_contact": "Contact owner", "interests": "Marketing interests", "interests_separator": ";", "name": ["First Name", "Last Name"]},
    ),
    "Salesforce's Data Loader": (
        '"ID","FIRSTNAME","LASTNAME","EMAIL","ACCOUNTID","OWNERID","INTERESTS__C"\n"003A","K","S","k@x.se","001","005","News;Events"\n',
        {"id": "ID", "company": "ACCOUNTID", "our_contact": "OWNERID", "interests": "INTERESTS__C", "interests_separator": ";", "name": ["FIRSTNAME", "LASTNAME"]},
    ),
    "a report of Salesforce": (
        '"Contact ID","First Name","Last Name","Email","Account Name"\n"003A","K","S","k@x.se","Acme"\n\n"Copyright"\n',
        {"id": "Contact ID", "company": "Account Name", "name": ["First Name", "Last Name"]},
    ),
    "Dynamics": (
        "(Do Not Modify) Contact,(Do Not Modify) Row Checksum,Full Name,Email Address 1,Owner,Company Name\n"
        "8f3c,x,K S,k@x.se,Anna,Acme\n",
        {"id": "(Do Not Modify) Contact", "email": "Email Address 1", "name": "Full Name", "our_contact": "Owner", "company": "Company Name"},
    ),
    "an id that is repeated is none": (
        "ID,Kundnr,E-post\n1,7,a@x.se\n1,8,b@x.se\n1,9,c@x.se\n", {"id": "Kundnr", "email": "E-post"},
    ),
    "addresses by what they are": ("contact_id,Reach me at\n1,a@x.se\n2,\n", {"email": "Reach me at"}),
    "a column called e-mail with other things in it": ("contact_id,E-mail,Address\n1,yes,a@x.se\n2,no,b@x.se\n", {"email": "Address"}),
    "a title above the header": ("Lista;;\n\nKundnr;Namn;E-post\n1;A;a@x.se\n", {"header_row": 3, "id": "Kundnr", "name": "Namn", "email": "E-post"}),
    "interests with bars": ("contact_id,interests\n1,a|b\n2,c\n", {"interests_separator": "|"}),
    "interests as JSON need no separator": ('contact_id,interests\n1,"[""a"",""b""]"\n', {}),
    "nothing that is known": ("x,y\n1,2\n", {}),
}  # fmt: skip


@pytest.mark.parametrize("case", EXPORTS)
def test_columns_are_guessed(tmp_path: Path, case: str) -> None:
    text, expected = EXPORTS[case]
    path = tmp_path / "people.csv"
    path.write_text(text)
    mapping, guessed = guess_mapping(path, Mapping())
    assert {setting.keys[-1]: setting.value for setting in guessed} == expected
    assert all(setting.keys[:2] == ("crm", "contacts") for setting in guessed)
    for setting, value in expected.items():
        assert getattr(mapping.settings.contacts, setting) == value


def test_what_the_mapping_says_stays_where_the_export_has_it(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Kundnr,Record ID,E-post\n1,2,a@x.se\n")
    crm = CrmSettings.model_validate({"contacts": {"id": "Kundnr", "email": "Mail"}})
    mapping, guessed = guess_mapping(path, Mapping(crm))
    assert guessed == [GuessedSetting(("crm", "contacts", "email"), "E-post", "Mail")]
    assert mapping.settings.contacts.id == "Kundnr"


def test_a_folder_is_guessed_file_by_file(tmp_path: Path) -> None:
    for noun, text in {
        "contacts": "contact_id\n1\n", "companies": "Företags-ID,Företag,Intressen\n1,A,x;y\n",
        "selections": "Urval,Person-ID\nA,1\n", "users": "Associate,Mail\nANNA,a\n",
    }.items():  # fmt: skip
        (tmp_path / f"{noun}.csv").write_text(text)
    assert {".".join(setting.keys): setting.value for setting in guess_mapping(tmp_path, Mapping())[1]} == {
        "crm.companies.id": "Företags-ID",
        "crm.companies.name": "Företag",
        "crm.companies.interests": "Intressen",
        "crm.companies.interests_separator": ";",
        "crm.selections.name": "Urval",
        "crm.selections.contact": "Person-ID",
        "crm.user_column": "Associate",
    }


ID = GuessedSetting(("crm", "contacts", "id"), "No")
ENCODING = GuessedSetting(("crm", "encoding"), "cp1252")
FILES = {
    "an empty file": ("", '[crm]\nencoding = "cp1252"\n\n[crm.contacts]\nid = "No"\n'),
    "a comment and other tables": (
        '# mine\nbase_url = "x" # y\n\n[utm]\nsource = "s"\n',
        '# mine\nbase_url = "x" # y\n\n[utm]\nsource = "s"\n\n[crm]\nencoding = "cp1252"\n\n[crm.contacts]\nid = "No"\n',
    ),
    "a table with a comment behind a value": (
        '[crm]\nusers = []   # nobody\n[crm.contacts]\n# the id\nid = "A"  # old\n\n[utm]\n',
        '[crm]\nusers = []   # nobody\nencoding = "cp1252"\n\n[crm.contacts]\n# the id\nid = "No"  # old\n\n[utm]\n',
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_settings_are_written_beside_what_stands_there(case: str) -> None:
    text, expected = FILES[case]
    assert with_settings(text, [ENCODING, ID]) == expected


SHAPES = [
    "[crm.contacts]\nid = 'x'\n", "crm.users = []\n", "[crm.contacts.fields]\na = 'b'\n", "crm = {users = []}\n",
    "[crm.contacts]\n[utm]\n[crm.companies]\n", "[crm]\ncontacts = {id = 'x'}\n", "[a]\r\nb = 1\r\n",
]  # fmt: skip


@given(st.sampled_from(SHAPES), st.sampled_from(SHAPES))
def test_a_shape_of_tables_takes_the_settings_or_says_what_to_add(one: str, two: str) -> None:
    for text in (one, one + two):
        try:
            before = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        try:
            after = tomllib.loads(with_settings(text, [ENCODING, ID]))
        except BadInput as problem:
            assert 'add by hand crm.encoding = "cp1252", crm.contacts.id = "No"' in problem.sentence
            continue
        assert after["crm"]["encoding"] == "cp1252"
        assert after["crm"]["contacts"]["id"] == "No"
        assert set(before) <= set(after)
