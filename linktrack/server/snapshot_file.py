"""The snapshot's file beside the database: made from the catalogue, read, and kept up to date."""

from __future__ import annotations

import json
from typing import Any

from linktrack.actions.ledger.return_addresses import links_leading_elsewhere
from linktrack.errors import BadInput, LinktrackError
from linktrack.files.reading import read_own
from linktrack.files.writing import replace_own
from linktrack.links.merge_tags import find
from linktrack.links.tokens import Keyring, Tokens
from linktrack.mailings.catalogue import MailingOptions, tagged_url
from linktrack.mailings.shipments import list_shipments
from linktrack.server.snapshot import (
    KnownLink,
    KnownMailing,
    KnownPlacement,
    KnownShipment,
    LinkKind,
    Snapshot,
    keeping_lost,
    read_snapshot,
)
from linktrack.store.catalogue import version
from linktrack.store.revisions import database_id_of, workspace_id
from linktrack.store.session import Database
from linktrack.workspace import Workspace

_MOST = 1 << 30  # bytes: of millions of placements


def take_snapshot(database: Database) -> Snapshot:
    """The catalogue as it is in the database, all of one moment."""
    with database.at_one_moment():
        returning = links_leading_elsewhere(database)
        links, forms = _links(database, returning)
        mailings: dict[int, KnownMailing] = {}
        made_with: dict[int, MailingOptions] = {}
        for number, name, kind, settings in database.rows("SELECT id, name, type, settings FROM mailing"):
            made_with[number] = MailingOptions.read(settings)
            mailings[number] = KnownMailing(name, kind, made_with[number].merge_tags)
        placements = {}
        for key, mailing, link, url, link_key, link_name, folder in database.rows(
            "SELECT placement.key, placement.mailing_id, placement.link_id, link.url, link.key, link.name, "
            "COALESCE(folder.path, '') FROM placement JOIN link ON link.id = placement.link_id "
            "LEFT JOIN folder ON folder.id = link.folder_id"
        ):
            if links[link].kind == "form":
                target = forms[link]
            elif links[link].kind == "redirect":
                target = tagged_url(url, mailings[mailing].name, made_with[mailing], link_key, link_name, folder)
            else:
                target = ""
            placements[key] = KnownPlacement(link, mailing, target, bool(find(target, mailings[mailing].pairs)))
        by_name = {mailing.name: number for number, mailing in mailings.items()}
        shipments = {
            sending.number: KnownShipment(sending.id, by_name[sending.mailing], sending.sent_at, sending.state)
            for sending in list_shipments(database)
        }
        keys = database.rows("SELECT id, fingerprint FROM signing_key WHERE revoked_at IS NULL ORDER BY id")
        return Snapshot(
            workspace_id(database),
            database_id_of(database),
            version(database),
            {number: bytes(mark) for number, mark in keys},
            placements,
            links,
            mailings,
            shipments,
        )


def load_snapshot(workspace: Workspace) -> Snapshot | None:
    """The snapshot of the workspace's file, None where there is none. BadInput for a file that is none."""
    path = workspace.snapshot_path
    if not path.exists():
        return None
    try:
        text = read_own(path, "a snapshot", _MOST).decode()
    except UnicodeDecodeError:
        text = ""
    return read_snapshot(text, str(path))


def refresh_snapshot(workspace: Workspace, database: Database) -> Snapshot:
    """Take the snapshot anew and write its file where something is different. What only the file knows is kept; a
    file that cannot be read is replaced."""
    try:
        before = load_snapshot(workspace)
    except LinktrackError:
        before = None
    taken = take_snapshot(database)
    now = taken if before is None else keeping_lost(taken, before)
    if now != before:
        replace_own(workspace.snapshot_path, now.text().encode())
    return now


def is_behind(snapshot: Snapshot, database: Database) -> bool:
    """Whether the catalogue has changed since the snapshot was taken, or is another database's."""
    found = database.row("SELECT database_id, catalogue FROM workspace")
    return found != (snapshot.database_id, snapshot.catalogue)


def tokens_of(workspace: Workspace, snapshot: Snapshot) -> Tokens:
    """What verifies: the keys of the workspace's file that the snapshot knows. BadInput when one of them is missing."""
    ring = Keyring.parse(workspace.secret())
    ours = {number for number in ring.secrets if ring.fingerprint(number) == snapshot.keys.get(number)}
    missing = sorted(snapshot.keys.keys() - ours)
    if missing:
        raise BadInput(
            f"the signing key {' and '.join(map(str, missing))} is not the one that addresses in sent mails were made "
            f"with, or is missing: bring {workspace.key_path} back from a backup; what can be done without one is said "
            "by linktrack key list"
        )
    return Tokens(ring.only(ours), snapshot.workspace_id)


def _links(database: Database, returning: set[int]) -> tuple[dict[int, KnownLink], dict[int, str]]:
    """All links, and the addresses of forms."""
    links: dict[int, KnownLink] = {}
    forms: dict[int, str] = {}
    for number, key, kind, response, confirm in database.rows("SELECT id, key, kind, response, confirm FROM link"):
        said: dict[str, Any] = json.loads(response)
        shown: LinkKind = key if kind == "special" else said.get("kind", "redirect")
        text = str(said.get("text", "")) if shown == "text" else ""
        prefill = tuple((str(name), str(value)) for name, value in said.get("prefill", {}).items())
        links[number] = KnownLink(
            shown, bool(confirm) and kind != "special", text, prefill if shown == "form" else (), number in returning
        )
        if shown == "form":
            forms[number] = str(said["url"])
    return links, forms
