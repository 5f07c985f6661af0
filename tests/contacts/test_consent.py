"""Who may be tracked: the latest word of a person wins over the export, until the CRM has learnt of it."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from linktrack.contacts.consent import anybody_said, may_be_tracked, said_at, said_of, say_consent
from linktrack.contacts.export_evidence import Witness
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import read_contacts
from linktrack.settings.crm import ConsentSettings, ContactSettings, CrmSettings
from linktrack.store.session import Database

MAPPING = Mapping(CrmSettings(contacts=ContactSettings(consent=ConsentSettings(column="C", yes=["Ja", "Yes "]))))
PERSON = 7


@pytest.fixture
def known(database: Database) -> Database:
    database.execute(
        "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (7, '10042', 'anna@x.example', 'Anna', '{}')"
    )
    return database


def see(database: Database, folder: Path, *cells: str, mapping: Mapping = MAPPING) -> list[bool]:
    """What files of contacts say one after the other: each with this cell (`-` = no such column; the same text is the
    same file)."""
    found = []
    for cell in cells:
        path = folder / "contacts.csv"
        path.write_text("contact_id,x\n10042,\n" if cell == "-" else f"contact_id,C\n10042,{cell}\n", "utf-8")
        witness = Witness(database, path, mapping)
        (contact,) = read_contacts(path, mapping)
        found.append(witness.may_be_tracked(contact))
        with database.transaction():
            witness.note_what_was_seen(1_000)
    return found


@pytest.mark.parametrize(
    ("cell", "given"),
    [("Ja", True), ("ja", True), (" YES", True), ("Nej", False), ("", False), ("perhaps", False), ("-", True)],
)
def test_the_export_says_who_may_be_tracked(known: Database, tmp_path: Path, cell: str, given: bool) -> None:
    assert see(known, tmp_path, cell) == [given]


@pytest.mark.parametrize(("empty", "given"), [("yes", True), ("no", False)])
def test_what_an_empty_cell_means_is_a_setting(empty: str, given: bool) -> None:
    settings = ConsentSettings.model_validate({"column": "C", "yes": ["Ja"], "empty": empty})
    assert settings.given("  ") is given and settings.given("Ja") and not settings.given("Nej")


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_latest_word_counts(known: Database, order: tuple[int, ...]) -> None:
    assert not anybody_said(known) and said_of(known, PERSON) is None and may_be_tracked(known, PERSON)
    for step in order:
        say_consent(known, PERSON, step == 1, 100 + step * 100)
    assert said_of(known, PERSON) is False and not may_be_tracked(known, PERSON) and anybody_said(known)


CASES = {
    "no file has heard of it": (False, ["Ja"], [False]),
    "the CRM has learnt of it, and the person has agreed there since": (False, ["Nej", "Ja"], [False, True]),
    "it has learnt, and an older export is used again": (False, ["Ja", "Nej", "Ja"], [False, False, False]),
    "it has learnt, and another export says otherwise": (False, ["Ja", "Nej", "Yes"], [False, False, True]),
    "a file without the column proves nothing": (False, ["-", "Ja", "-"], [False, False, False]),
    "who has agreed themselves is tracked until the CRM has known and says no": (
        True, ["Nej", "", "Ja", "no"], [True, True, True, False],
    ),
    "a refusal is heeded once the CRM has known, though a file like this was seen before": (
        True, ["Nej", "Ja", "Nej", "Nej"], [True, True, False, False],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_word_wins_until_the_crm_has_learnt_of_it(known: Database, tmp_path: Path, case: str) -> None:
    word, cells, expected = CASES[case]
    say_consent(known, PERSON, word, 500)
    assert see(known, tmp_path, *cells) == expected


def test_a_word_of_before_that_arrives_late_does_not_count_against_the_crm(known: Database, tmp_path: Path) -> None:
    say_consent(known, PERSON, False, 500)
    assert see(known, tmp_path, "Nej", "Ja") == [False, True]
    say_consent(known, PERSON, False, 700)  # before the file was seen
    assert may_be_tracked(known, PERSON) and said_at(known, PERSON) == 1_000
    assert see(known, tmp_path, "Ja", "Yes", "no") == [True, True, False], (
        "the CRM's word counts, however often it changes"
    )
    assert see(known, tmp_path, "yes") == [True]
    say_consent(known, PERSON, False, 2_000)
    assert not may_be_tracked(known, PERSON) and said_at(known, PERSON) == 2_000
    assert see(known, tmp_path, " Ja") == [False], "the CRM has not learnt of the new word"


STORED = {
    "the CRM says the same": (["Nej"], (False, 500, 1_000, None, None)),
    "it says otherwise since": (["Nej", "Ja"], (False, 500, 1_000, True, 1_000)),
    "and the same again": (["Nej", "Ja", "no"], (False, 500, 1_000, False, 1_000)),
}


@pytest.mark.parametrize("case", STORED)
def test_a_persons_own_word_and_its_time_stay_beside_that_of_the_crm(
    known: Database, tmp_path: Path, case: str
) -> None:
    cells, stored = STORED[case]
    say_consent(known, PERSON, False, 500)
    see(known, tmp_path, *cells)
    columns = "consent, said_at, known_at, crm_consent, crm_said_at"
    assert known.row(f"SELECT {columns} FROM said_consent") == stored


def test_without_a_word_the_latest_mail_says_it(known: Database) -> None:
    known.execute(
        "INSERT INTO mailing (id, name, subject, type, html, settings, created_at) VALUES (1, 'a', '', '', x'', '{}', 0)"
    )
    for shipment, uncounted in ((1, True), (2, False)):
        known.execute(
            "INSERT INTO shipment (id, number, mailing_id, sent_at, is_test, recipients, settings, created_at) "
            "VALUES (?, ?, 1, 0, FALSE, 1, '{}', 0)",
            (shipment, shipment),
        )
        known.execute(
            "INSERT INTO shipment_recipient (shipment_id, recipient_id, position, email, name, uncounted) "
            "VALUES (?, 7, 1, '', '', ?)",
            (shipment, uncounted),
        )
        assert may_be_tracked(known, PERSON) is not uncounted
