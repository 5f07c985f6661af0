"""Who has left a type of mailing: the latest word counts, in whatever order the words become known."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from linktrack.contacts.export_evidence import witness_of
from linktrack.contacts.left import Departure, come_back, departures_of, has_left, leave, subscribe_again
from linktrack.contacts.types import EVERY_TYPE
from linktrack.crm.mapping import Mapping
from linktrack.errors import Conflict, UnknownName
from linktrack.names import composed
from linktrack.store.session import Database


@pytest.fixture
def person(database: Database) -> int:
    database.execute(
        "INSERT INTO recipient (id, contact_id, email, name, fields) VALUES (7, '10042', 'anna@x.example', 'Anna', '{}')"
    )
    return 7


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_latest_of_leaving_and_coming_back_counts(database: Database, person: int, order: tuple[int, ...]) -> None:
    for step in order:
        if step == 1:
            come_back(database, person, "newsletter", 200)
        else:
            leave(database, person, "newsletter", "unsubscribe", 100 + step * 100)
    assert departures_of(database, person) == [Departure("newsletter", "unsubscribe", 300)]
    come_back(database, person, "newsletter", 400)
    leave(database, person, "newsletter", "page", 350)
    assert departures_of(database, person) == []


@pytest.mark.parametrize("spelled", ["NEWS brev", " News brev ", "news Brev\N{COMBINING DIAERESIS}"])
def test_a_type_is_one_however_it_is_spelled(database: Database, person: int, spelled: str) -> None:
    type = composed("News brev\N{COMBINING DIAERESIS}") if spelled[-1] == "\N{COMBINING DIAERESIS}" else "News brev"
    leave(database, person, spelled, "unsubscribe", 1)
    leave(database, person, type, "page", 2)
    assert [one.left_at for one in departures_of(database, person)] == [2]
    assert [one.type for one in departures_of(database, person, [type])] == [type], "as the settings spell it"
    come_back(database, person, spelled, 3)
    assert departures_of(database, person) == []


def test_what_was_joined_since_every_type_was_left_is_known(database: Database, person: int) -> None:
    come_back(database, person, "fairs", 1)
    leave(database, person, EVERY_TYPE, "page", 2)
    come_back(database, person, "Offers", 3)
    assert departures_of(database, person, ["Offers"]) == [Departure(EVERY_TYPE, "page", 2, ("Offers",))]
    assert subscribe_again(database, "10042", "offers", moment=4, types=["Offers"]) == ()
    with pytest.raises(Conflict, match="without --type"):
        subscribe_again(database, "10042", "fairs", moment=4, types=["Fairs"])


def test_types_are_left_one_by_one(database: Database, person: int) -> None:
    leave(database, person, "newsletter", "unsubscribe", 1)
    leave(database, person, "offers", "action", 2)
    assert [one.type for one in departures_of(database, person)] == ["newsletter", "offers"]
    assert subscribe_again(database, "10042", "Offers", moment=3) == ("offers",)
    assert [one.type for one in departures_of(database, person)] == ["newsletter"]


@pytest.mark.parametrize("named", ["10042", "ANNA@x.example", "anna"])
def test_a_person_is_taken_back_by_id_address_or_name(database: Database, person: int, named: str) -> None:
    leave(database, person, "newsletter", "page", 1)
    leave(database, person, EVERY_TYPE, "unsubscribe", 1)
    assert subscribe_again(database, named, None, moment=2) == (EVERY_TYPE, "newsletter")
    assert departures_of(database, person) == [] and subscribe_again(database, named, None, moment=3) == ()


def test_who_has_left_every_type_is_not_taken_back_into_one(database: Database, person: int) -> None:
    leave(database, person, EVERY_TYPE, "unsubscribe", 1)
    with pytest.raises(Conflict, match="without --type"):
        subscribe_again(database, "10042", "newsletter", moment=2)
    with pytest.raises(UnknownName):
        subscribe_again(database, "10043", None, moment=2)
    assert has_left([EVERY_TYPE], "newsletter") and not has_left([EVERY_TYPE], "transactional")


@pytest.mark.parametrize("how", ["taken back by hand", "seen with it again"])
def test_coming_back_wins_over_a_leaving_that_another_clock_has_dated_ahead(
    database: Database, person: int, tmp_path: Path, how: str
) -> None:
    ahead = 1_000_000
    leave(database, person, "newsletter", "unsubscribe", ahead)
    if how == "taken back by hand":
        assert subscribe_again(database, "10042", None, moment=10) == ("newsletter",)
    else:
        for name, interests in (("a.csv", "sport"), ("b.csv", "newsletter")):
            (tmp_path / name).write_text(f"contact_id,email,interests\n10042,anna@x.example,{interests}\n")
            witness_of(database, tmp_path / name, Mapping()).note_what_was_seen(10)
    assert departures_of(database, person) == []
    leave(database, person, "newsletter", "unsubscribe", ahead)  # the same click, read again
    assert departures_of(database, person) == []
    leave(database, person, "newsletter", "unsubscribe", ahead + 2)
    assert [one.type for one in departures_of(database, person)] == ["newsletter"]


def test_a_type_is_known_by_mailings_by_the_settings_and_by_those_who_have_left_it(
    database: Database, person: int
) -> None:
    database.execute(
        "INSERT INTO mailing (name, html, text, subject, type, settings, created_at) VALUES "
        "('news', ?, NULL, '', 'Newsletter', '{}', 1)",
        (b"<p>x</p>",),
    )
    leave(database, person, "fairs", "page", 1)
    assert subscribe_again(database, "10042", "newsletter ", moment=2) == ()
    assert subscribe_again(database, "10042", "offers", moment=2, types=["Offers"]) == ()
    assert subscribe_again(database, "10042", "Fairs", moment=2) == ("fairs",)
    assert subscribe_again(database, "10042", "fairs", moment=3) == ()
    with pytest.raises(UnknownName) as caught:
        subscribe_again(database, "10042", "newsleter", moment=2, types=["Offers"])
    assert (caught.value.near, caught.value.exit_code) == (("Newsletter",), 4)


def test_an_export_that_a_run_has_seen_counts_as_the_contacts_files_do(
    database: Database, person: int, tmp_path: Path
) -> None:
    def see(name: str, interests: str) -> list[str]:
        path = tmp_path / name
        path.write_text(f"contact_id,email,interests\n10042,anna@x.example,{interests}\n10043,b@x.example,x\n")
        witness_of(database, path, Mapping()).note_what_was_seen(10)
        return [one.type for one in departures_of(database, person)]

    leave(database, person, "Newsletter", "unsubscribe", 1)
    leave(database, person, EVERY_TYPE, "unsubscribe", 1)
    assert see("a.csv", "newsletter") == [EVERY_TYPE, "newsletter"]
    assert see("b.csv", "sport") == [EVERY_TYPE, "newsletter"]
    assert see("a.csv", "newsletter") == [EVERY_TYPE, "newsletter"]
    assert see("c.csv", "newsletter;sport") == [EVERY_TYPE, "newsletter"]  # one name, which is another
    assert see("d.csv", '"sport,newsletter"') == [EVERY_TYPE]  # contact subscribe alone ends this one
