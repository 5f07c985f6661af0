"""The snapshot: what it holds of the catalogue, its file, and what it keeps when a database is restored."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from server.server_world import SENT, SNAPSHOT, SentWorld, send

from linktrack.errors import BadInput
from linktrack.links.editing import edit_link
from linktrack.links.signing_keys import open_keys, revoke_key, rotate_key
from linktrack.mailings.shipment_states import cancel_shipment
from linktrack.server.snapshot import keeping_lost, read_snapshot
from linktrack.server.snapshot_file import is_behind, load_snapshot, refresh_snapshot, take_snapshot, tokens_of
from linktrack.store.opening import open_database
from linktrack.store.session import Database


def test_it_holds_what_answers_need(world: SentWorld, database: Database) -> None:
    taken = take_snapshot(database)
    shown = {}
    for key, place in world.places.items():
        spot = taken.placements[place]
        link = taken.links[spot.link_id]
        shown[key] = (link.kind, spot.url, link.confirm, spot.tags)
    utm = "utm_source=news&utm_campaign=spring"
    assert shown == {
        "local": ("redirect", f"https://www.example.com/spring?city={{{{ city }}}}&{utm}", False, True),
        "offer": ("redirect", f"https://www.example.com/offer?{utm}", False, False),
        "thanks": ("text", "", False, False),
        "ask": ("form", "https://forms.example.com/ask", False, False),
        "sure": ("redirect", f"https://www.example.com/sure?{utm}", True, False),
        "unsubscribe": ("unsubscribe", "", False, False),
        "subscriptions": ("subscriptions", "", False, False),
        "view-online": ("view-online", "", False, False),
        "honeypot": ("honeypot", "", False, False),
    }
    ask = taken.links[taken.placements[world.places["ask"]].link_id]
    assert ask.prefill == (("name", "name"), ("mail", "email"))
    assert taken.types == ("Newsletter",)
    ((number, sending),) = taken.shipments.items()
    assert (sending.sent_at, sending.state) == (SENT, "sent")
    tokens = tokens_of(world.workspace, taken)
    assert [tokens.verify(token) for token in world.tokens.values()] == [(number, 1), (number, 2)]


def test_its_text_reads_back(world: SentWorld, database: Database) -> None:
    taken = take_snapshot(database)
    assert read_snapshot(taken.text(), "x") == taken
    assert read_snapshot(SNAPSHOT.text(), "x") == SNAPSHOT


def test_its_file_is_private_and_holds_no_key_and_nobody(world: SentWorld, database: Database) -> None:
    refresh_snapshot(world.workspace, database)
    path = world.workspace.snapshot_path
    assert path.name == "linktrack.snapshot" and path.stat().st_mode & 0o777 == 0o600
    text = path.read_text("utf-8")
    (secret,) = open_keys(world.workspace, database).keyring.secrets.values()
    for never in (secret.hex(), "anna", "Malmö", *world.tokens.values()):
        assert never not in text


def test_it_is_behind_until_it_is_taken_again(world: SentWorld, database: Database) -> None:
    first = refresh_snapshot(world.workspace, database)
    assert not is_behind(first, database)
    edit_link(database, "offer", url="https://www.example.com/other")
    assert is_behind(first, database)
    second = refresh_snapshot(world.workspace, database)
    assert not is_behind(second, database) and load_snapshot(world.workspace) == second
    assert second.placements[world.places["offer"]].url.startswith("https://www.example.com/other?")


def test_a_file_that_says_the_same_is_not_written_again(world: SentWorld, database: Database) -> None:
    refresh_snapshot(world.workspace, database)
    before = world.workspace.snapshot_path.stat()
    refresh_snapshot(world.workspace, database)
    assert world.workspace.snapshot_path.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"linktrack-snapshot": 2}', '{"linktrack-snapshot": 1}', "\x00"]
)
def test_a_file_that_is_none_is_said_and_replaced(world: SentWorld, database: Database, text: str) -> None:
    world.workspace.snapshot_path.write_text(text)
    with pytest.raises(BadInput, match="no snapshot"):
        load_snapshot(world.workspace)
    assert refresh_snapshot(world.workspace, database) == load_snapshot(world.workspace)


def test_keys_that_are_added_verify_and_revoked_ones_do_not(world: SentWorld, database: Database) -> None:
    tokens = list(world.tokens.values())
    rotate_key(world.workspace, database)
    taken = refresh_snapshot(world.workspace, database)
    assert sorted(taken.keys) == [0, 1]
    assert tokens_of(world.workspace, taken).verify(tokens[0]) is not None
    revoke_key(world.workspace, database, 0)
    taken = refresh_snapshot(world.workspace, database)
    assert sorted(taken.keys) == [1]
    assert tokens_of(world.workspace, taken).verify(tokens[0]) is None


def test_a_missing_key_is_said(world: SentWorld, database: Database) -> None:
    taken = take_snapshot(database)
    world.workspace.key_path.write_text(f"0:{'ab' * 32}\n")
    with pytest.raises(BadInput, match="signing key 0"):
        tokens_of(world.workspace, taken)


def test_a_cancelled_shipment_stays(world: SentWorld, database: Database) -> None:
    cancel_shipment(database, 1, SENT)
    assert [sending.state for sending in take_snapshot(database).shipments.values()] == ["cancelled"]


def test_what_a_restored_database_has_lost_is_kept(world: SentWorld, database: Database, tmp_path: Path) -> None:
    from linktrack.mailings.adding import Draft, add_mailing

    workspace = world.workspace
    path = workspace.database_path
    assert path is not None
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "backup.db")
    later = send(workspace, database, tmp_path)  # a second sending of the same mailing
    lost_mail = Draft("lost", b'<a href="https://www.example.com/lost">x</a>', type="Offers")
    add_mailing(database, lost_mail, "https://click.example.com", moment=SENT)
    before = refresh_snapshot(workspace, database)
    database.close()
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", path)
    with open_database(workspace) as restored:
        now = refresh_snapshot(workspace, restored)
    assert now.placements.keys() == before.placements.keys() and now.shipments.keys() == before.shipments.keys()
    verified = tokens_of(workspace, now).verify(later.tokens["C1"])
    assert verified is not None
    spot = now.placements[later.places["offer"]]
    assert now.shipments[verified[0]].mailing_id == spot.mailing_id > 0
    (lost,) = (
        spot
        for key, spot in now.placements.items()
        if before.mailings[before.placements[key].mailing_id].name == "lost"
    )
    assert lost.mailing_id < 0 and lost.link_id < 0 and now.mailings[lost.mailing_id].type == "Offers"
    assert load_snapshot(workspace) == now


def test_another_workspace_s_snapshot_is_not_kept() -> None:
    other = replace(SNAPSHOT, workspace_id=b"o" * 16, placements={}, shipments={})
    assert keeping_lost(other, SNAPSHOT) == other
