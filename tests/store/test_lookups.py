"""What is found by its name: the same letters are the same name, however their accents are put together."""

from __future__ import annotations

from typing import Literal
from unicodedata import normalize

import pytest

from linktrack.errors import Conflict, UnknownName
from linktrack.store.lookups import folder_id, mailing_id, recipient_id, unknown_link
from linktrack.store.session import Database

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")


def add_person(database: Database, number: int, contact: str, email: str, name: str) -> None:
    database.execute(
        "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (?, ?, ?, ?, '{}')",
        (number, contact, email, name),
    )


@pytest.mark.parametrize("typed", FORMS)
@pytest.mark.parametrize("stored", FORMS)
@pytest.mark.parametrize(
    "named", ["René Nyström", "RENÉ NYSTRÖM", " rené nyström ", "åsa@x.example", "ÅSA@x.example", "é7"]
)
def test_a_person_is_found_however_accents_are_put_together(
    database: Database, stored: Form, typed: Form, named: str
) -> None:
    person = (normalize(stored, text) for text in ("É7", "åsa@x.example", "René Nyström"))
    add_person(database, 7, *person)
    add_person(database, 8, "8", "rene@x.example", "Rene Nystrom")
    assert recipient_id(database, normalize(typed, named)) == 7
    assert recipient_id(database, "rene nystrom") == 8, "another letter is another name"


@pytest.mark.parametrize(
    "named", ["ÅSA@RÄV.example", "åsa@xn--rv-via.example", "B@xn--rv-via.example", "b@räv.example"]
)
def test_a_person_is_found_however_the_host_of_the_address_is_written(database: Database, named: str) -> None:
    add_person(database, 7, "7", "Åsa@räv.example", "")
    add_person(database, 8, "8", "b@XN--rv-via.example", "")
    assert recipient_id(database, named) == (8 if named[0] in "bB" else 7)


@pytest.mark.parametrize("named", ["Anna Weiß", "anna weiss", "ANNA WEISS", "dan@weiß.example", "Dan@WEISS.example"])
def test_of_two_who_are_called_the_same_but_for_their_letters_none_is_taken(database: Database, named: str) -> None:
    add_person(database, 7, "7", "dan@weiß.example", "Anna Weiß")
    add_person(database, 8, "8", "dan@WEISS.example", "Anna Weiss")
    with pytest.raises(Conflict, match=r"\(7, 8\)"):
        recipient_id(database, named)


def test_ligatures_are_their_letters(database: Database) -> None:
    add_person(database, 7, "7", "", "Sta\ufb00an Gri\ufb03n")
    add_person(database, 8, "8", "", "Staffan Griffin")
    for named in ("Sta\ufb00an Griffin", "staffan griffin"):
        with pytest.raises(Conflict, match=r"\(7, 8\)"):
            recipient_id(database, named)


def test_an_address_in_letters_and_in_punycode_is_of_both_who_have_it(database: Database) -> None:
    add_person(database, 7, "7", "info@xn--bro-hoa.example", "")
    add_person(database, 8, "8", "INFO@BÜRO.example", "")
    with pytest.raises(Conflict, match=r"\(7, 8\)"):
        recipient_id(database, "info@büro.example")
    add_person(database, 9, "kai@xn--strae-oqa.example", "", "")
    assert recipient_id(database, "kai@straße.example") == 9


def test_an_id_goes_before_anothers_address_which_is_said(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[str]()
    monkeypatch.setattr(database, "warn", said.append)
    add_person(database, 7, "info@x.example", "anna@x.example", "Anna")
    add_person(database, 8, "b@x.example", "Info@x.example", "Bert")
    assert recipient_id(database, "b@x.example") == 8 and said == []
    assert recipient_id(database, "info@x.example") == 7
    assert len(said) == 1 and "(b@x.example)" in said[0]


def test_people_of_one_name_in_two_forms_are_told_apart_by_their_ids(database: Database) -> None:
    add_person(database, 7, "7", "a@x.example", normalize("NFC", "René"))
    add_person(database, 8, "8", "b@x.example", normalize("NFD", "René"))
    with pytest.raises(Conflict, match="7, 8"):
        recipient_id(database, "rené")


@pytest.mark.parametrize("typed", FORMS)
def test_mailings_and_folders_too_but_for_their_case(database: Database, typed: Form) -> None:
    name = "vår.1"  # which is kept composed
    database.execute(
        "INSERT INTO mailing (id, name, subject, type, html, settings, created_at) VALUES (3, ?, '', '', x'', '{}', 0)",
        (name,),
    )
    database.execute("INSERT INTO folder (id, path, created_at) VALUES (4, ?, 0)", ("köp/å",))
    assert mailing_id(database, normalize(typed, "vår.1")) == 3
    assert folder_id(database, normalize(typed, "köp/å")) == 4
    with pytest.raises(UnknownName, match="did you mean"):
        mailing_id(database, normalize(typed, "Vår.1"))


def test_a_link_that_may_not_be_named_is_not_answered_with_itself(database: Database) -> None:
    problem = unknown_link(database, "honeypot")
    assert problem.noun == "link" and problem.near == ()
