"""Placements: which link each spot of a mailing is, and the key that its address carries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from linktrack.errors import Conflict, NotFound, UnknownName
from linktrack.links.editing import REDIRECT, NewLink, store_link
from linktrack.links.identities import rename_links
from linktrack.links.near_targets import comparable_address
from linktrack.links.placement_keys import placement_keys
from linktrack.mailings.addresses import Address
from linktrack.mailings.catalogue import (
    HEADER_POSITION,
    HONEYPOT_POSITION,
    MailingOptions,
    StoredMailing,
    mailing_parts,
    placements_of,
    untracked_reason,
)
from linktrack.store.catalogue import touch
from linktrack.store.lookups import is_placement, link_called, unknown_link
from linktrack.store.many import at_once, marks
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database

_NOT_IN_MAILS = ("honeypot",)  # a special link that no author names

_SYSTEM = {  # the placements that no author wrote: (part, kind, label, the special link's key)
    HONEYPOT_POSITION: ("html", "honeypot", "honeypot", "honeypot"),
    HEADER_POSITION: ("header", "header", "List-Unsubscribe", "unsubscribe"),
}

LinkChoice = tuple[Address, int | str]  # an address with the id of its link, or the URL that gets a local one


def choose_links(
    database: Database, addresses: Iterable[Address], settings: MailingOptions
) -> tuple[list[LinkChoice], list[Address]]:
    """A choice for each address that is to be tracked, and the addresses whose `linktrack:` key is unknown."""
    open_ones = [address for address in addresses if not address.reason]
    named = _links_by_key(database, {address.key for address in open_ones if address.key})
    by_url = _registered_by_address(database)
    choices: list[LinkChoice] = []
    unknown: list[Address] = []
    for address in open_ones:
        if address.key or address.url.lower().startswith("linktrack:"):
            link = None if address.key in _NOT_IN_MAILS else named.get(address.key)
            if link is None:
                unknown.append(address)
            else:
                choices.append((address, link))
        elif (registered := by_url.get(comparable_address(address.target))) is not None:
            choices.append((address, registered))
        elif settings.track_all:
            choices.append((address, address.target))
    return choices, unknown


def make_local_links(
    database: Database, mailing_id: int, name: str, choices: Sequence[LinkChoice], moment: int
) -> dict[str, int]:
    """The mailing's local links by URL, made where they are missing: `<mailing>.<n>` in order of appearance.

    One that an edit had taken out comes back.
    """
    rows = database.rows("SELECT url, id FROM link WHERE mailing_id = ? AND kind = 'local' ORDER BY id", (mailing_id,))
    local: dict[str, int] = dict(rows)
    prefix = f"{name}."
    like_ours = database.rows("SELECT key FROM link WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    taken = {key for (key,) in like_ours}
    number = 0
    used: dict[str, int] = {}
    for address, url in choices:
        if isinstance(url, int):
            continue
        if url not in local:
            number += 1
            while f"{name}.{number}" in taken:
                number += 1
            link = NewLink(f"{name}.{number}", address.label, "local", url, REDIRECT.stored(), mailing_id=mailing_id)
            local[url] = store_link(database, link, moment)
        used[url] = local[url]
    database.executemany("UPDATE link SET deleted_at = NULL WHERE id = ?", [(link,) for link in set(used.values())])
    return used


def rename_local_links(database: Database, mailing_id: int, old: str, new: str) -> None:
    """The keys of a mailing's local links after it got another name. Part of a transaction."""
    rows = database.rows(
        "SELECT id, key FROM link WHERE mailing_id = ? AND kind = 'local' AND substr(key, 1, ?) = ? ORDER BY id",
        (mailing_id, len(old) + 1, f"{old}."),
    )
    for link_id, key in rows:
        wanted, number = new + key[len(old) :], 0
        while link_called(database, wanted):
            number += 1
            wanted = f"{new}.{number}"
        rename_links(database, {link_id: wanted})


def place(
    database: Database, mailing_id: int, name: str, choices: Sequence[LinkChoice], local: dict[str, int]
) -> list[tuple[Address, str]]:
    """Store a placement for each choice. Returns the addresses with their keys."""
    touch(database)
    placed: list[tuple[Address, str]] = []
    for address, link in choices:
        key = _free_key(database, name, address.position)
        _insert_placement(database, key, mailing_id, link if isinstance(link, int) else local[link], address)
        placed.append((address, key))
    return placed


def take_up(database: Database, mailing_id: int, *, sent: bool, moment: int) -> None:
    """Take up the spots of a mailing's parts before they are placed anew. Where test mails were `sent`, they are kept
    as gone, so that their addresses lead on; else nobody has them."""
    if sent:
        database.execute(
            "UPDATE placement SET gone_at = ? WHERE mailing_id = ? AND position > 0 AND gone_at IS NULL",
            (moment, mailing_id),
        )
    else:
        database.execute("DELETE FROM placement WHERE mailing_id = ? AND position > 0", (mailing_id,))


def drop_unused_links(database: Database, mailing_id: int, moment: int) -> None:
    """After a mailing was changed: local links of addresses that it no longer has are deleted. None goes for good, for
    SQLite would give its number to another link, and a run that a backup does not know may have gone by it."""
    standing = "SELECT link_id FROM placement WHERE gone_at IS NULL"
    database.execute(
        "UPDATE link SET deleted_at = ? WHERE kind = 'local' AND mailing_id = ? AND deleted_at IS NULL "  # noqa: S608  (names of our own)
        f"AND id NOT IN ({standing})",
        (moment, mailing_id),
    )


def place_late_keys(database: Database, mailing: StoredMailing, tracking: str) -> int:
    """Place the addresses whose `linktrack:` key was unknown when the mailing was added and is there now.

    NotFound when one is still unknown: a mail with such an address must not go out. Returns how many were placed.
    """
    have = {placement.position for placement in placements_of(database, mailing.id)}
    missing = [
        address
        for address in mailing_parts(mailing, tracking).addresses
        if not address.reason and address.position not in have and untracked_reason(address) == "unknown-key"
    ]
    if not missing:
        return 0
    with database.transaction():
        choices, unknown = choose_links(database, missing, replace(mailing.settings, track_all=False))
        if unknown:
            first = unknown[0]
            problem, where = unknown_link(database, first.key), f"line {first.line}, column {first.column}"
            raise UnknownName(
                f"{where} of the mailing {mailing.name!r}: {problem.sentence}, or make it with linktrack link add "
                f"{first.key or 'KEY'} --url URL",
                noun=problem.noun,
                name=problem.name,
                near=problem.near,
            )
        place(database, mailing.id, mailing.name, choices, {})
    return len(choices)


def place_system_links(database: Database, mailing: StoredMailing, positions: Iterable[int]) -> None:
    """Make the placements at `HONEYPOT_POSITION` and `HEADER_POSITION` that the mailing does not have yet."""
    there = {placement.position for placement in placements_of(database, mailing.id)}
    missing = [position for position in positions if position not in there]
    if not missing:
        return
    with database.transaction():
        touch(database)
        for position in missing:
            part, kind, label, link = _SYSTEM[position]
            special = link_called(database, link)
            if special is None:
                raise NotFound(f"the special link {link!r} is missing: run linktrack doctor")
            address = Address(position, part, kind, 0, 0, 0, 0, label, f"linktrack:{link}", "", "", link)
            _insert_placement(database, _free_key(database, mailing.name, position), mailing.id, special.id, address)


def _registered_by_address(database: Database) -> dict[str, int]:
    """Ids of registered links by their address as it is compared; of several with one address the one made first."""
    rows = database.rows(
        "SELECT url, id FROM link WHERE deleted_at IS NULL AND kind = 'registered' AND url <> '' ORDER BY id DESC"
    )
    return {comparable_address(url): link_id for url, link_id in rows}


def _links_by_key(database: Database, keys: Iterable[str]) -> dict[str, int]:
    """Ids of registered and special links that are not deleted, by key."""
    found: dict[str, int] = {}
    for some in at_once(sorted(keys)):
        rows = database.rows(
            "SELECT key, id FROM link WHERE deleted_at IS NULL AND kind IN ('registered', 'special') "  # noqa: S608  (marks of our own)
            f"AND key IN ({marks(some)})",
            some,
        )
        found.update(rows)
    return found


def _insert_placement(database: Database, key: str, mailing_id: int, link_id: int, address: Address) -> None:
    database.execute(
        "INSERT INTO placement (key, mailing_id, link_id, position, part, kind, label, url, start, stop, line, "
        '"column") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (key, mailing_id, link_id, address.position, address.part, address.kind, address.label, address.url,
         address.start, address.stop, address.line, address.column),
    )  # fmt: skip


def _free_key(database: Database, mailing: str, position: int) -> str:
    """The first of the spot's keys that no placement of the workspace has."""
    for key in placement_keys(workspace_id(database), mailing, position):
        if not is_placement(database, key):
            return key
    raise Conflict("no short key is left for this placement: give the mailing another name")
