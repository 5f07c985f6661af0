"""No token is ever issued twice: not from two workspaces with one secret, and not after a restore."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from mailings.mailings_world import World, add, write_contacts

from linktrack.store.session import open_database
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

PEOPLE = 100_000


def addresses(workspace: Workspace, contacts: Path) -> set[str]:
    """All addresses of a rewrite of the mailing news."""
    with open_database(workspace) as database:
        _, rows = World(workspace, database).rewrite(contacts, again=True)
    return {
        match
        for row in rows
        for match in re.findall(r"https://click\.example\.com/[a-z2-7]+/[a-z2-7]{32}", row["html"])
    }


@pytest.fixture(scope="module")
def contacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_contacts(tmp_path_factory.mktemp("people") / "contacts.csv", range(PEOPLE))


def test_two_workspaces_with_one_secret_have_not_one_address_in_common(
    tmp_path: Path, contacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda limit: 1)  # not even with the same number of the shipment
    found = []
    for name in ("one", "two"):
        workspace = init_workspace(tmp_path / name, "https://click.example.com")
        if name == "two":
            shutil.copy(tmp_path / "one" / "linktrack.key", tmp_path / "two" / "linktrack.key")
            with open_database(workspace) as database, database.transaction():
                from linktrack.links.tokens import Keyring

                ring = Keyring.parse(workspace.secret())
                database.execute("UPDATE signing_key SET fingerprint = ?", (ring.fingerprint(0),))
        with open_database(workspace) as database:
            add(database)
        found.append(addresses(workspace, contacts))
    assert [len(one) for one in found] == [2 * PEOPLE, 2 * PEOPLE]
    assert found[0].isdisjoint(found[1])


def test_a_workspace_that_was_restored_and_gone_on_with_makes_no_address_again(tmp_path: Path, contacts: Path) -> None:
    workspace = init_workspace(tmp_path / "workspace", "https://click.example.com")
    with open_database(workspace) as database:
        add(database)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(workspace.root / "linktrack.db", tmp_path / "backup.db")
    first = addresses(workspace, contacts)
    for name in ("linktrack.db", "linktrack.db-wal", "linktrack.db-shm"):
        (workspace.root / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.db", workspace.root / "linktrack.db")
    second = addresses(load_workspace(workspace.root), contacts)
    assert len(first) == len(second) == 2 * PEOPLE
    assert first.isdisjoint(second)
