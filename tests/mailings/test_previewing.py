"""A preview is one recipient's copy; it stores nothing, and its addresses lead nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mailings.mailings_world import MailingsWorld, add, write_contacts

from linktrack.crm.mapping import Mapping
from linktrack.errors import NotFound, UnknownName
from linktrack.mailings.previewing import NOWHERE, preview_of
from linktrack.store.session import Database

MAIL = (
    "<body><p>Hej {{ name }}, {{ Town }}{% if x %}!{% endif %} {{ missing }}</p>"
    '<a href="https://shop.example/?t={{ Town }}">Köp</a></body>'
).encode()


@pytest.fixture
def contacts(world: MailingsWorld) -> Path:
    add(world.database, "filled", MAIL)
    path = world.workspace.root / "contacts.csv"
    path.write_text("contact_id,email,name,Town\n1,a@x.example,Åsa <b>,Lund & Malmö\n2,b@x.example,Bo,Umeå\n", "utf-8")
    return path


def everything(database: Database) -> list[object]:
    tables = [row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [database.rows(f'SELECT * FROM "{table}"') for table in tables]


def test_it_is_the_first_contact_s_copy_unless_one_is_named(world: MailingsWorld, contacts: Path) -> None:
    before = everything(world.database)
    first = preview_of(world.database, "filled", Mapping(), contacts=contacts)
    assert first.person is not None and first.person.contact_id == "1"
    text = first.html.decode()
    assert "Hej Åsa &lt;b&gt;, Lund &amp; Malmö{% if x %}!{% endif %} {{ missing }}</p>" in text
    for who in ("2", "B@x.example"):
        other = preview_of(world.database, "filled", Mapping(), contacts=contacts, contact=who).html.decode()
        assert "Hej Bo, Umeå" in other
    assert [tag.partition(" (")[0] for tag in first.standing] == ["{% if x %}", "{% endif %}", "{{ missing }}"]
    assert everything(world.database) == before


def test_its_addresses_lead_nowhere_and_no_other_byte_changes(world: MailingsWorld, contacts: Path) -> None:
    shown = preview_of(world.database, "filled", Mapping())
    addresses = re.findall(rb'href="([^"]+)"', shown.html)
    assert shown.person is None and len(addresses) == 1 and addresses[0].startswith(NOWHERE.encode() + b"/")
    assert shown.html.replace(addresses[0], b"https://shop.example/?t={{ Town }}") == MAIL


def test_a_recipient_of_earlier_shipments_needs_no_file(world: MailingsWorld, contacts: Path) -> None:
    world.rewrite(contacts, mailing="filled", test=True)
    shown = preview_of(world.database, "filled", Mapping(), contact="b@x.example")
    assert "Hej Bo, Umeå" in shown.html.decode()
    with pytest.raises(UnknownName):
        preview_of(world.database, "filled", Mapping(), contact="nobody")


def test_who_is_not_in_the_file_is_said(world: MailingsWorld, contacts: Path) -> None:
    with pytest.raises(NotFound, match="no contact '9'"):
        preview_of(world.database, "filled", Mapping(), contacts=contacts, contact="9")
    with pytest.raises(NotFound, match="nobody"):
        preview_of(world.database, "filled", Mapping(), contacts=write_contacts(contacts, []))
    with pytest.raises(UnknownName):
        preview_of(world.database, "fille", Mapping())
