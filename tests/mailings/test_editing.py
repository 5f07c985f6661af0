"""Mailings changed, renamed, deleted and restored: what may be changed when, and that no address is ever lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mailings.mailings_world import MAIL, MOMENT, MailingsWorld, add, write_contacts

from linktrack.errors import BadInput, Conflict, NotFound, UsageError
from linktrack.links.editing import add_link
from linktrack.links.utm import Utm
from linktrack.mailings.adding import Draft, add_mailing
from linktrack.mailings.catalogue import MailingOptions, find_mailing, list_mailings, placements_of
from linktrack.mailings.editing import Edited, MailingChanges, delete_mailings, edit_mailing, restore_mailings
from linktrack.mailings.shipment_states import cancel_shipment

BASE = "https://click.example.com"
OTHER = b'<body><a href="https://shop.example/y">New</a> <a href="https://shop.example/x">Buy</a></body>\n'


@pytest.fixture
def contacts(world: MailingsWorld) -> Path:
    return write_contacts(world.workspace.root / "contacts.csv", range(1, 4))


def edit(world: MailingsWorld, which: str = "news", /, **changes: object) -> Edited:
    return edit_mailing(world.database, which, MailingChanges(**changes), BASE, moment=MOMENT)  # type: ignore[arg-type]


SENT_AS = {
    "nothing": True,
    "a test": True,
    "a shipment": False,
    "one that was cancelled": False,
    "one that is unfinished": False,
}


@pytest.mark.parametrize("sent", SENT_AS)
@pytest.mark.parametrize(
    "changes", [{"html": OTHER}, {"text": b"Hej"}, {"type": "offers"}], ids=lambda one: next(iter(one))
)
def test_html_text_and_type_are_changed_only_while_nobody_but_testers_has_them(
    world: MailingsWorld, contacts: Path, sent: str, changes: dict[str, object]
) -> None:
    if sent != "nothing":
        world.rewrite(contacts, test=sent == "a test")
    if sent == "one that was cancelled":
        cancel_shipment(world.database, 1, MOMENT)
    if sent == "one that is unfinished":
        world.database.execute("UPDATE shipment SET finished_at = NULL")
    if SENT_AS[sent]:
        assert edit(world, **changes).changed == tuple(changes)
    else:
        with pytest.raises(Conflict, match="has been shipped"):
            edit(world, **changes)
        assert find_mailing(world.database, "news").html == MAIL


def test_what_goes_still_resolves_in_test_mails_and_comes_back_when_it_is_written_again(
    world: MailingsWorld, contacts: Path
) -> None:
    _, (row, *_) = world.rewrite(contacts, test=True)
    before = {spot.key: spot.link for spot in placements_of(world.database, find_mailing(world.database, "news").id)}
    edited = edit(world, html=OTHER)
    assert edited.added is not None and edited.added.placements == 2
    after = placements_of(world.database, edited.added.id)
    assert [(spot.link, spot.link_url) for spot in after] == [
        ("news.2", "https://shop.example/y"),
        ("news.1", "https://shop.example/x"),
    ]
    assert not {spot.key for spot in after} & set(before)
    links: dict[str, str] = dict(
        world.database.rows("SELECT placement.key, link.key FROM placement JOIN link ON link.id = placement.link_id")
    )
    assert before.items() <= links.items()  # the addresses in the test mails lead where they led
    assert all(f"/{key}/{row['token']}" in row["html"] for key in before)
    edit(world, html=MAIL)
    assert world.database.row("SELECT deleted_at FROM link WHERE key = 'news.2'") == (MOMENT,)
    edit(world, html=OTHER)
    assert world.database.rows("SELECT key FROM link WHERE deleted_at IS NULL AND kind = 'local' ORDER BY key") == [
        ("news.1",),
        ("news.2",),
    ]


def test_without_a_shipment_nothing_of_before_stays(world: MailingsWorld) -> None:
    edit(world, html=OTHER)
    edit(world, html=MAIL)
    assert world.database.value("SELECT count(*) FROM placement") == 2
    assert world.database.rows("SELECT key, deleted_at FROM link WHERE kind = 'local' ORDER BY id") == [
        ("news.1", None),
        ("news.2", MOMENT),  # its number and identity are no other link's, ever
    ]


def test_name_subject_and_utm_are_changed_also_when_it_was_sent_and_reports_follow(
    world: MailingsWorld, contacts: Path
) -> None:
    world.rewrite(contacts)
    edited = edit(world, name="spring", subject="Vår", utm={"source": "brev", "term": ""})
    assert edited.changed == ("name", "subject", "utm_source", "utm_term")
    mailing = find_mailing(world.database, "spring")
    assert (mailing.subject, mailing.settings.utm.source, mailing.settings.utm.term) == ("Vår", "brev", "")
    assert [spot.link for spot in placements_of(world.database, mailing.id)] == ["spring.1", "unsubscribe"]
    assert [(row.mailing, row.shipments) for row in list_mailings(world.database)] == [("spring", 1)]
    add(world.database)  # the old name is free, and its links are others
    assert [spot.link for spot in placements_of(world.database, find_mailing(world.database, "news").id)] == [
        "news.1",
        "unsubscribe",
    ]


def test_what_is_as_it_was_is_no_change(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts)
    assert edit(world, html=MAIL, type="newsletter").changed == ()
    with pytest.raises(UsageError):
        edit(world)


def test_a_broken_mail_or_a_taken_name_changes_nothing(world: MailingsWorld) -> None:
    add(world.database, "other")
    for changes, kind in (
        ({"html": b"<a href='https://x.example>x"}, BadInput),
        ({"html": b"\x89PNG\r\n\x1a\n" + bytes(100)}, BadInput),
        ({"subject": "new", "name": "other"}, Conflict),
        ({"text": b"<html><p>Hej", "text_file": "mail.txt"}, BadInput),
        ({"name": "a/b"}, BadInput),
        ({"subject": "\udcff"}, BadInput),
    ):
        with pytest.raises(kind):
            edit(world, **changes)
    mailing = find_mailing(world.database, "news")
    assert (mailing.html, mailing.subject) == (MAIL, "Hej") and len(placements_of(world.database, mailing.id)) == 2


def test_a_taken_name_is_no_reason_to_name_options_that_edit_has_not(world: MailingsWorld) -> None:
    add(world.database, "other")
    with pytest.raises(Conflict, match="choose another name, or give that one another first") as caught:
        edit(world, name="other")
    assert "--replace" not in str(caught.value)


def test_deleted_and_restored(world: MailingsWorld) -> None:
    delete_mailings(world.database, ["news"], moment=MOMENT)
    assert list_mailings(world.database) == [] and len(list_mailings(world.database, deleted=True)) == 1
    for refused in (lambda: delete_mailings(world.database, ["news"], moment=MOMENT), lambda: edit(world, subject="x")):
        with pytest.raises(Conflict, match="deleted"):
            refused()
    restore_mailings(world.database, ["news"])
    assert [row.mailing for row in list_mailings(world.database)] == ["news"]
    with pytest.raises(Conflict, match="not deleted"):
        restore_mailings(world.database, ["news"])


def test_a_deleted_mailing_s_name_is_free_when_only_testers_had_it(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, test=True)
    keys = {row[0] for row in world.database.rows("SELECT key FROM placement")}
    for _ in range(2):
        delete_mailings(world.database, ["news"], moment=MOMENT)
        add(world.database)
    names = [row.mailing for row in list_mailings(world.database, deleted=True)]
    assert sorted(names) == ["news", "news (deleted 2)", "news (deleted)"]
    assert keys < {row[0] for row in world.database.rows("SELECT key FROM placement")}
    assert world.ids(contacts) == ["1", "2", "3"]
    delete_mailings(world.database, ["news"], moment=MOMENT)
    with pytest.raises(Conflict, match="mailing restore news"):
        add(world.database)
    restore_mailings(world.database, ["news (deleted)"])
    edit(world, "news (deleted)", name="first")
    assert [row.mailing for row in list_mailings(world.database)] == ["first"]


@pytest.mark.parametrize("test", [True, False])
def test_add_with_replace_takes_the_place_of_what_only_testers_had(
    world: MailingsWorld, contacts: Path, test: bool
) -> None:
    world.rewrite(contacts, test=test)
    draft = Draft("news", OTHER)
    if test:
        added = add_mailing(world.database, draft, BASE, moment=MOMENT, replace_it=True)
        assert added.id == 1 and find_mailing(world.database, "news").html == OTHER
    else:
        with pytest.raises(Conflict, match="has been shipped"):
            add_mailing(world.database, draft, BASE, moment=MOMENT, replace_it=True)


def test_registered_links_in_a_mail_those_nearly_in_it_and_those_in_none_are_said(world: MailingsWorld) -> None:
    moment = (MOMENT, MOMENT)
    for number, (key, url) in enumerate(
        [
            ("offer", "https://www.example.com/offer"),
            ("form", "https://www.example.com/form?a=1"),
            ("idle", "https://i.example/"),
        ],
        50,
    ):
        world.database.execute(
            "INSERT INTO link (id, key, identity, name, kind, url, response, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, 'registered', ?, ?, ?, ?)",
            (number, key, key, key, url, json.dumps({"kind": "redirect"}), *moment),
        )
        world.database.execute(
            "INSERT INTO action (link_id, number, position, type, settings) VALUES (?, 1, 1, 'request', '{}')",
            (number,),
        )
    html = (
        b'<a href="https://WWW.example.com/offer">same</a>\n<a href="http://www.example.com/offer/">near</a>\n'
        b'<a href="https://www.example.com/form">query</a> <a href="https://www.example.com/other">other</a>'
    )
    added = add(world.database, "near", html)
    assert added.registered == ("offer",)
    assert added.notes == (
        "registered links in it: offer",
        "line 2: http://www.example.com/offer/ is the link offer but for the scheme and the slash at the end, so its "
        'actions do not run: write href="linktrack:offer" if it is meant',
        "line 3: https://www.example.com/form is the link form but for the query, so its actions do not run: write "
        'href="linktrack:form" if it is meant',
        'links with actions that stand in no mailing: form, idle (href="linktrack:KEY" puts one into a mail)',
    )


UTM = {
    "a source that is missing": {"campaign": "spring"},
    "a placeholder that nothing fills": {"source": "news", "campaign": "{hej}"},
    "a medium that is none": {"source": "news", "medium": "banner"},
    "a source that the author overrules": {"source": "news"},
}


@pytest.mark.parametrize("case", UTM)
def test_an_edit_says_what_adding_with_the_same_values_says(world: MailingsWorld, case: str) -> None:
    html = b'<a href="https://shop.example/x?utm_source=old">x</a> <a href="linktrack:gone">y</a>'
    settings = MailingOptions(Utm.from_settings({"medium": "email", **UTM[case]}))
    added = add_mailing(world.database, Draft("like-this", html, settings=settings), BASE, moment=MOMENT)
    add(world.database, "edited", html)
    edited = edit(world, "edited", utm={"medium": "email", **UTM[case]})
    assert any("utm_" in one for one in added.warnings), added.warnings
    assert edited.warnings == added.warnings
    assert edit(world, "edited", subject="Another").warnings == ()


def test_a_key_that_is_nearly_a_links_is_said_with_it(world: MailingsWorld) -> None:
    add_link(world.database, "koppar", url="https://shop.example/koppar")
    draft = Draft("near", b'<a href="linktrack:kopp">x</a>')
    assert any("no link 'kopp' (did you mean 'koppar'?)" in one for one in add_mailing(
        world.database, draft, BASE, moment=MOMENT).warnings)  # fmt: skip
    with pytest.raises(NotFound, match="did you mean 'koppar'"):
        add_mailing(world.database, replace(draft, name="strict"), BASE, moment=MOMENT, strict=True)
