"""What the database knows of people: asked, left alone where it cannot be, and their own mail."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from server.server_world import BASE, SENT, SentWorld
from tests_support import Run

from linktrack.contacts.left import come_back, leave
from linktrack.server.new_tabs import in_new_tabs
from linktrack.server.people import QuietDatabase, StoredPeople
from linktrack.store.session import Database


class Clock:
    """Seconds that a test counts itself."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(world: SentWorld, clock: Clock) -> Iterator[StoredPeople]:
    database = QuietDatabase(world.workspace, clock)
    yield StoredPeople(database)
    database.close()


@pytest.fixture
def number(database: Database) -> int:
    return int(database.value("SELECT number FROM shipment"))


def test_the_values_of_a_person(people: StoredPeople, number: int) -> None:
    anna = {"contact_id": "C1", "id": "C1", "email": "anna@example.com", "name": "Anna Å", "city": "Malmö"}
    assert people.values(number, 1) == anna
    assert people.values(number, 3) == {}
    assert people.values(number ^ 1, 1) == {}, "another shipment's recipient 1 may be somebody else"


def test_a_script_s_address(people: StoredPeople, number: int, database: Database, world: SentWorld) -> None:
    link = int(database.value("SELECT link_id FROM placement WHERE key = ?", (world.places["offer"],)))
    assert people.return_address(link, number, 1) == ""
    database.execute(
        "INSERT INTO return_address (link_id, recipient_id, shipment_id, url, change_id) VALUES (?, 1, 1, ?, 'x')",
        (link, "https://other.example/"),
    )
    assert people.return_address(link, number, 1) == "https://other.example/"
    assert people.return_address(link, number ^ 1, 1) == ""


def test_the_types_that_a_person_gets(people: StoredPeople, number: int, database: Database) -> None:
    assert people.types(number, 1) == frozenset({"newsletter"})
    assert people.types(number ^ 1, 1) == frozenset()
    leave(database, 1, "newsletter", "page", 1)
    come_back(database, 1, "Offers", 1)
    assert people.types(number, 1) == frozenset({"offers"})
    leave(database, 1, "", "unsubscribe", 2)
    assert people.types(number, 1) == frozenset()
    come_back(database, 1, "Offers", 3)
    assert people.types(number, 1) == frozenset({"offers"}), "who has left all of them may join one again"


def test_the_interests_of_the_contacts_file_and_what_was_said_since(
    people: StoredPeople, number: int, database: Database
) -> None:
    def at_the_last_rewrite(cell: str) -> None:
        database.execute("UPDATE recipient SET fields = ? WHERE id = 1", (json.dumps({"interests": cell}),))

    at_the_last_rewrite("Offers, Fairs")
    assert people.types(number, 1) == frozenset({"offers", "fairs"}), (
        "who was sent a newsletter may not get it any more"
    )
    come_back(database, 1, "Newsletter", SENT - 1)
    assert people.types(number, 1) == frozenset({"offers", "fairs"}), "the file of the last rewrite is newer"
    come_back(database, 1, "Newsletter", SENT + 1)
    leave(database, 1, "Fairs", "page", SENT - 1)
    assert people.types(number, 1) == frozenset({"newsletter", "offers"})
    at_the_last_rewrite("")
    assert people.types(number, 1) == frozenset({"newsletter"})
    at_the_last_rewrite("Offers;Fairs")
    assert people.types(number, 1) == frozenset({"newsletter"}), "a cell that is not understood says nothing"


def test_a_rewrite_keeps_the_interests_for_the_subscriptions_page(
    world: SentWorld, run: Run, people: StoredPeople, number: int
) -> None:
    with world.workspace.config_path.open("a") as settings:
        settings.write('\n[crm.contacts]\ninterests = "Intressen"\n')
    Path("people.csv").write_text(
        'contact_id,email,name,intressen\nC1,a@x.example,A,"Offers,Newsletter"\nC2,b@x.example,B,\n'
    )
    done = run(
        "mailing", "rewrite", "spring", "--contacts", "people.csv", "--again", "--out", "again", "--as", "ndjson"
    )
    assert done.code == 0, done.err
    assert (people.types(number, 1), people.types(number, 2)) == (frozenset({"offers", "newsletter"}), frozenset())


def test_a_locked_database_is_left_alone_for_five_seconds(
    people: StoredPeople, clock: Clock, number: int, world: SentWorld, database: Database
) -> None:
    path = world.workspace.database_path
    assert path is not None and people.values(number, 1)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = path.with_name("aside")
    path.rename(aside)
    assert people.values(number, 1) is None
    aside.rename(path)
    clock.now = 4.9
    assert people.values(number, 1) is None
    clock.now = 5.1
    assert people.values(number, 1)


def test_a_database_that_another_one_took_the_place_of_is_opened_anew(
    people: StoredPeople, number: int, world: SentWorld, database: Database, tmp_path: Path
) -> None:
    path = world.workspace.database_path
    assert path is not None and people.values(number, 1)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "other.db")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("UPDATE recipient SET name = 'Another' WHERE id = 1")
    other.close()
    database.close()
    (tmp_path / "other.db").replace(path)
    found = people.values(number, 1)
    assert found is not None and found["name"] == "Another"


def test_a_person_s_own_mail(people: StoredPeople, number: int, world: SentWorld) -> None:
    token = world.tokens["C1"]
    copy = people.copy(number, 1, token, "a" * 32)
    assert copy is not None
    assert "<p>Hej Anna Å!</p>" in copy and f'href="{BASE}/{world.places["offer"]}/{token}" target="_blank"' in copy
    assert copy.count(token) == 8 and copy.startswith('<!doctype html><html><head><base target="_blank"><title>')
    assert people.copy(number ^ 1, 1, token, "a" * 32) is None


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>x</p>", '<base target="_blank"><p>x</p>'),
        ("<!doctype html><p>", '<!doctype html><base target="_blank"><p>'),
        ("<html lang=en><HEAD><a target=_top>", '<html lang=en><HEAD><base target="_blank"><a target=_blank>'),
        ('<a TARGET="_self" href="x">', '<base target="_blank"><a TARGET="_blank" href="x">'),
        ("<p target=x><a target>", '<base target="_blank"><p target=x><a target>'),
        (
            "<base target='top'><area target=a><form target=b>",
            "<base target=\"_blank\"><base target='_blank'><area target=_blank><form target=_blank>",
        ),
    ],
)
def test_links_open_in_new_tabs(html: str, shown: str) -> None:
    assert in_new_tabs(html) == shown
