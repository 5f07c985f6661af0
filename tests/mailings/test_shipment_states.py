"""The states of a shipment, and what each of them changes."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mailings.mailings_world import MOMENT, MailingsWorld, add, write_contacts

from linktrack.errors import Conflict
from linktrack.files.protected import Protected
from linktrack.mailings.handing_out import ways_on
from linktrack.mailings.rewriting import render_again
from linktrack.mailings.shipment_recipients import RecipientRow, recipient_rows
from linktrack.mailings.shipment_states import (
    AlreadySent,
    SentElsewhere,
    cancel_shipment,
    finish_shipment,
    restore_shipment,
)
from linktrack.mailings.shipments import find_shipment, list_shipments, unfinished_shipments
from linktrack.store.catalogue import version
from linktrack.store.many import at_once
from linktrack.store.open_times import open_times


@pytest.fixture
def contacts(world: MailingsWorld) -> Path:
    return write_contacts(world.workspace.root / "contacts.csv", range(1, 8))


def test_cancel_and_restore_undo_each_other(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts)
    assert (find_shipment(world.database, 1).state, world.sent()) == ("sent", 7)
    before = version(world.database)
    assert cancel_shipment(world.database, 1, MOMENT).state == "cancelled"
    assert world.sent() == 0 and version(world.database) > before
    with pytest.raises(Conflict, match="cancelled already"):
        cancel_shipment(world.database, 1, MOMENT)
    assert restore_shipment(world.database, 1, MOMENT).state == "sent"
    assert world.sent() == 7
    with pytest.raises(Conflict, match="neither cancelled nor unfinished"):
        restore_shipment(world.database, 1, MOMENT)


def test_an_unfinished_one_is_finished_or_cancelled_and_counts_only_then(world: MailingsWorld, contacts: Path) -> None:
    for _ in range(2):
        world.rewrite(contacts, again=True)
    world.database.execute("UPDATE shipment SET finished_at = NULL")
    assert [shipment.id for shipment in unfinished_shipments(world.database)] == [1, 2] and world.sent() == 0
    assert restore_shipment(world.database, 1, MOMENT).state == "sent"
    assert cancel_shipment(world.database, 2, MOMENT).state == "cancelled"
    assert unfinished_shipments(world.database) == [] and world.sent() == 7
    assert restore_shipment(world.database, 2, MOMENT).state == "sent", "cancelling is undone without a question"


def test_a_test_is_one_in_every_state(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    assert find_shipment(world.database, 1).state == "test"
    assert cancel_shipment(world.database, 1, MOMENT).state == "cancelled"
    assert restore_shipment(world.database, 1, MOMENT).state == "test" and world.sent() == 0


@pytest.mark.parametrize("how", ["restored", "finished"])
def test_a_run_looks_again_where_the_clicks_of_a_shipment_lie_that_counts_from_now_on(
    world: MailingsWorld, contacts: Path, how: str
) -> None:
    world.rewrite(contacts)
    tally = ("INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click) "
             "VALUES (1, 2, 0, 0, 0, 1, ?, ?)")  # fmt: skip
    world.database.execute(tally, (MOMENT, MOMENT + 3_600_000))
    cancel_shipment(world.database, 1, MOMENT)
    assert open_times(world.database) == []
    if how == "restored":
        restore_shipment(world.database, 1, MOMENT)
    else:
        finish_shipment(world.database, 1, MOMENT)
    assert open_times(world.database) == [(MOMENT, MOMENT + 3_600_000)]


def test_shipments_have_random_numbers_and_a_taken_one_is_drawn_again(
    world: MailingsWorld, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: Iterator[int] = iter([41, 41, 41, 7])
    monkeypatch.setattr(secrets, "randbelow", lambda limit: next(drawn))
    for _ in range(2):
        world.rewrite(contacts, test=True)
    assert [(shipment.id, shipment.number) for shipment in list_shipments(world.database)] == [(1, 42), (2, 8)]


def test_recipients_are_counted_by_the_domain_of_their_address(world: MailingsWorld) -> None:
    path = world.workspace.root / "contacts.csv"
    path.write_text("contact_id,email\n1,a@X.example\n2,b@x.example \n3,\n4,c@y.example\n5,nobody\n", "utf-8")
    world.rewrite(path)
    rows = world.database.rows("SELECT domain, sent, human, machine, clickers FROM shipment_domain ORDER BY domain")
    assert rows == [("", 2, 0, 0, 0), ("x.example", 2, 0, 0, 0), ("y.example", 1, 0, 0, 0)]


ALREADY = {
    "everybody again": ({}, range(1, 8), 7),
    "one of them among others": ({}, [7, 8, 9], 1),
    "others": ({}, [8, 9], 0),
    "a test is not stopped": ({"test": True}, range(1, 8), 0),
    "again was asked for": ({"again": True}, range(1, 8), 0),
}


@pytest.mark.parametrize("case", ALREADY)
def test_who_got_the_mailing_already_stops_a_second_one(world: MailingsWorld, contacts: Path, case: str) -> None:
    options, ids, stopped = ALREADY[case]
    world.rewrite(contacts)
    path = write_contacts(world.workspace.root / "second.csv", ids)
    if not stopped:
        world.rewrite(path, **options)
        assert len(list_shipments(world.database)) == 2
        return
    with pytest.raises(AlreadySent) as caught:
        world.rewrite(path, **options)
    assert (caught.value.recipients, caught.value.exit_code) == (stopped, 5)
    assert len(list_shipments(world.database)) == 1


# How the first shipment, to 1–7, stands, whom the second goes to and how: how many have got the mailing elsewhere.
ELSEWHERE: dict[str, tuple[str, dict[str, Any], range, int]] = {
    "an unfinished one, and all of them since": ("unfinished", {}, range(1, 8), 7),
    "a cancelled one, and one of them since": ("cancelled", {}, range(7, 12), 1),
    "one that is both": ("unfinished and cancelled", {}, range(6, 12), 2),
    "others since": ("unfinished", {}, range(8, 12), 0),
    "a test since": ("unfinished", {"test": True}, range(1, 8), 0),
    "another mailing since": ("cancelled", {"mailing": "offers"}, range(1, 8), 0),
}


def set_aside(world: MailingsWorld, number: int, state: str) -> None:
    """Put a shipment into a state in which it does not count."""
    if "unfinished" in state:
        world.database.execute("UPDATE shipment SET finished_at = NULL WHERE id = ?", (number,))
    if "cancelled" in state:
        cancel_shipment(world.database, number, MOMENT)


@pytest.mark.parametrize("way", ["restore", "render"])
@pytest.mark.parametrize("case", ELSEWHERE)
def test_one_that_did_not_count_is_not_sent_after_all_to_who_has_got_the_mailing_elsewhere(
    world: MailingsWorld, contacts: Path, case: str, way: str
) -> None:
    state, order, ids, elsewhere = ELSEWHERE[case]
    add(world.database, "offers")
    world.rewrite(contacts)
    set_aside(world, 1, state)
    world.rewrite(write_contacts(world.workspace.root / "second.csv", ids), **order)

    def send(again: bool = False) -> bytes:
        out = io.BytesIO()
        if way == "restore":
            restore_shipment(world.database, 1, MOMENT, again=again)
        else:
            render_again(world.workspace, world.database, 1, out, protected=Protected(), again=again)
        return out.getvalue()

    if elsewhere and not (way == "restore" and "cancelled" in state):
        before = find_shipment(world.database, 1)
        with pytest.raises(SentElsewhere, match=f"{elsewhere} of its 7 recipients ha(s|ve) got") as caught:
            send()
        assert (caught.value.recipients, caught.value.exit_code) == (elsewhere, 5)
        assert ("shipment cancel 1" in str(caught.value)) == ("cancelled" not in state)
        assert find_shipment(world.database, 1) == before
    made = send(again=bool(elsewhere))
    assert find_shipment(world.database, 1).finished_at is not None
    assert way == "restore" or made.count(b'"contact_id"') == 7


def test_a_test_may_be_sent_after_all_whoever_has_got_the_mailing(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    set_aside(world, 1, "unfinished")
    world.rewrite(contacts)
    assert restore_shipment(world.database, 1, MOMENT).state == "test"


def test_the_ways_on_from_an_unfinished_one_begin_with_cancelling_when_its_people_have_got_the_mailing(
    world: MailingsWorld, contacts: Path
) -> None:
    world.rewrite(contacts)
    set_aside(world, 1, "unfinished")
    assert "--again" not in ways_on(world.database, find_shipment(world.database, 1))
    world.rewrite(contacts)
    said = ways_on(world.database, find_shipment(world.database, 1))
    assert "7 of its recipients have got the mailing by another one: linktrack shipment cancel 1" in said
    assert "shipment restore 1 --again" in said and "shipment render 1 --out DIR --again" in said


@pytest.mark.parametrize("state", ["test", "unfinished", "cancelled"])
def test_what_was_a_test_or_never_sent_stops_nobody(world: MailingsWorld, contacts: Path, state: str) -> None:
    world.rewrite(contacts, test=state == "test")
    if state == "unfinished":
        world.database.execute("UPDATE shipment SET finished_at = NULL")
    if state == "cancelled":
        cancel_shipment(world.database, 1, MOMENT)
    world.rewrite(contacts)
    assert world.sent() == 7


SPREAD = [9, 3, 5, *range(10, 40)]  # people, of whom some get the second shipment too: their numbers lie apart


def test_the_recipients_of_a_shipment_come_in_its_order_with_their_clicks(
    world: MailingsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.workspace.root
    world.rewrite(write_contacts(folder / "contacts.csv", SPREAD))
    world.rewrite(write_contacts(folder / "second.csv", [30, 3, 41]), again=True)
    people = {contact: number for number, contact in world.database.rows("SELECT id, contact_id FROM recipient")}
    placements = [row[0] for row in world.database.rows("SELECT id FROM placement ORDER BY position")]
    world.database.insert(
        "clicker",
        ("shipment_id", "recipient_id", "placement_id", "link_id", "human", "machine", "first_click", "last_after"),
        [
            (1, people["3"], placements[0], 1, 2, 1, MOMENT, 5),
            (1, people["3"], placements[1], 2, 1, 0, MOMENT - 7, 7),
            (1, people["5"], placements[0], 1, 0, 3, None, None),
            (2, people["30"], placements[0], 1, 1, 2, MOMENT + 9, 6),
        ],
    )
    world.database.execute("UPDATE shipment_recipient SET uncounted = TRUE WHERE recipient_id = ?", (people["9"],))
    world.database.execute("UPDATE recipient SET contact_id = NULL WHERE id = ?", (people["5"],))
    world.database.execute("UPDATE shipment_recipient SET name = '' WHERE recipient_id = ?", (people["5"],))
    others = [RecipientRow(str(one), f"p{one}@x.example", f"Person {one}", 0, 0, None, None, False) for one in SPREAD]
    found = [
        RecipientRow("9", "p9@x.example", "Person 9", 0, 0, None, None, True),
        RecipientRow("3", "p3@x.example", "Person 3", 3, 1, MOMENT - 7, MOMENT + 5, False),
        RecipientRow("", "", "", 0, 3, None, None, False),
        *others[3:],
    ]
    assert list(recipient_rows(world.database, 1)) == found
    monkeypatch.setattr("linktrack.mailings.shipment_recipients.at_once", partial(at_once, many=2))
    assert list(recipient_rows(world.database, 1)) == found, "whatever their number"
    assert list(recipient_rows(world.database, 2)) == [
        RecipientRow("30", "p30@x.example", "Person 30", 1, 2, MOMENT + 9, MOMENT + 15, False),
        RecipientRow("3", "p3@x.example", "Person 3", 0, 0, None, None, False),
        RecipientRow("41", "p41@x.example", "Person 41", 0, 0, None, None, False),
    ]
    cancel_shipment(world.database, 1, MOMENT)
    assert list(recipient_rows(world.database, 1)) == [
        row._replace(clicks=None, machine_clicks=None, first_click=None, last_click=None) for row in found
    ]
