"""No token is ever issued twice: not from two workspaces with one secret, and not after a restore."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mailings.mailings_world import MailingsWorld, add, write_contacts

from linktrack.links.signing_keys import open_keys
from linktrack.links.tokens import Keyring
from linktrack.store.opening import open_database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

PEOPLE = 100_000


def shipped(workspace: Workspace, root: Path) -> set[str]:
    """The tokens of 100,000 recipients of a shipment of the mailing news; its mails have them."""
    contacts = write_contacts(root / "contacts.csv", range(50))
    with open_database(workspace) as database:
        done, rows = MailingsWorld(workspace, database).rewrite(contacts, again=True)
        sign = open_keys(workspace, database).tokens.signer(done.shipment.number)
    written = {row["token"] for row in rows}
    assert all(row["html"].count(f'/{row["token"]}"') == 2 for row in rows)
    made = {sign(recipient) for recipient in range(1, PEOPLE + 1)}
    assert written < made and len(made) == PEOPLE
    return made


def test_two_workspaces_with_one_secret_have_not_one_address_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda limit: 1)  # not even with the same number of the shipment
    monkeypatch.setenv("LINKTRACK_SECRET", Keyring.generate().text())
    found = []
    for name in ("one", "two"):
        workspace = init_workspace(tmp_path / name, "https://click.example.com")
        with open_database(workspace) as database:
            add(database)
        found.append(shipped(workspace, tmp_path))
    assert found[0].isdisjoint(found[1])


def test_a_workspace_that_was_restored_and_gone_on_with_makes_no_address_again(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "workspace", "https://click.example.com")
    with open_database(workspace) as database:
        add(database)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(workspace.root / "linktrack.db", tmp_path / "backup.db")
    first = shipped(workspace, tmp_path)
    for name in ("linktrack.db", "linktrack.db-wal", "linktrack.db-shm"):
        (workspace.root / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", workspace.root / "linktrack.db")
    second = shipped(load_workspace(workspace.root), tmp_path)
    assert first.isdisjoint(second)
