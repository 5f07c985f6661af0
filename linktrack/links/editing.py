"""Links as a person makes, changes, moves and deletes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from linktrack.errors import BadInput, Conflict
from linktrack.links.catalogue import LinkRow, find_link
from linktrack.links.differences import LinkDifference
from linktrack.links.folders import clean_path, ensure_folder, find_folder, is_deleted
from linktrack.links.location import checked_target
from linktrack.links.merge_tags import Pairs
from linktrack.links.responses import LinkResponse, RedirectResponse, TextResponse
from linktrack.links.special_links import SPECIAL_LINKS
from linktrack.moments import Clock, now
from linktrack.names import composed
from linktrack.store.catalogue import touch
from linktrack.store.lookups import link_called
from linktrack.store.many import marks
from linktrack.store.session import Database

REDIRECT = RedirectResponse()
KEY_SHAPE = r"[A-Za-z0-9][A-Za-z0-9._\-]*"
_KEY_LENGTH = 100


def checked_key(key: str) -> str:
    """A key as it may stand in `linktrack:KEY`. BadInput for other characters, Conflict for a special link's."""
    if not re.fullmatch(KEY_SHAPE, key) or len(key) > _KEY_LENGTH:
        shown = key if len(key) <= _KEY_LENGTH else f"{key[:_KEY_LENGTH]}…"
        rule = "letters a to z, digits, '-', '_' and '.', beginning with a letter or digit"
        raise BadInput(f"{shown!r} is not a key: use {rule}, at most {_KEY_LENGTH} of them")
    if key in SPECIAL_LINKS:
        raise Conflict(f"{key!r} is a special link: choose another key")
    return key


def target_of(url: str, response: LinkResponse, pairs: Pairs = ()) -> str:
    """The address of a link with this response, as it is kept: a redirect needs one, a text has none, and for a form
    it is what the link is known by in mails. BadInput otherwise."""
    if isinstance(response, TextResponse):
        if url.strip():
            raise BadInput(
                f"a link either shows a text or leads to {url.strip()!r}: leave one of them out (link edit KEY "
                "--redirect --url URL does away with the text; a text can have the address in an <a href>)"
            )
        return ""
    if not url.strip():
        if isinstance(response, RedirectResponse):
            raise BadInput("a link that redirects needs an address: https://www.example.com/offer, say")
        return ""
    return checked_target(url, pairs)


def add_link(
    database: Database,
    key: str,
    *,
    url: str = "",
    name: str | None = None,
    folder: str | None = None,
    parents: bool = False,
    response: LinkResponse = REDIRECT,
    confirm: bool = False,
    pairs: Pairs = (),
    clock: Clock = now,
) -> LinkRow:
    """Register a link, in a folder that is there or, with `parents`, is made.

    Conflict when the key is taken (also by a deleted link: restore it), NotFound without the folder, BadInput for an
    address that nobody can be led to.
    """
    key = checked_key(key)
    with database.transaction():
        folder_id = None
        if folder is not None:
            path = clean_path(folder)
            folder_id = ensure_folder(database, path, clock) if parents else find_folder(database, path)
        other = link_called(database, key)
        if other is not None:
            is_deleted_one = other.deleted_at is not None
            way_out = f"linktrack link restore {key}" if is_deleted_one else f"linktrack link edit {key}"
            state = "deleted, but its mails are still out there" if is_deleted_one else "there already"
            raise Conflict(f"a link {key!r} is {state}: use {way_out}, or choose another key")
        url = target_of(url, response, pairs)
        link = NewLink(key, composed(name or key), "registered", url, response.stored(), folder_id, confirm=confirm)
        store_link(database, link, clock())
        return find_link(database, key)


class NewLink(NamedTuple):
    """A link as it is stored first, with the numbers of its folder and, if it is a local one, its mailing."""

    key: str
    name: str
    kind: str
    url: str
    response: str
    folder_id: int | None = None
    mailing_id: int | None = None
    confirm: bool = False


def store_link(database: Database, link: NewLink, moment: int, identity: str = "") -> int:
    """Store a link that is not there yet, with an `identity` that no other has, or one made of its key. Returns its
    number. Part of a transaction."""
    columns = ", ".join((*NewLink._fields, "identity"))
    identity = identity or _free_identity(database, link.key)
    return int(
        database.value(
            f"INSERT INTO link ({columns}, created_at, updated_at) VALUES ({marks(link)}, ?, ?, ?) RETURNING id",  # noqa: S608  (of our own)
            (*link, identity, moment, moment),
        )
    )


def _free_identity(database: Database, key: str) -> str:
    """A key, or where another link has begun with that one, the key with a number behind it, as no key has one."""
    taken = {
        identity
        for (identity,) in database.rows(
            "SELECT identity FROM link WHERE identity = ? OR substr(identity, 1, ?) = ?", (key, len(key) + 1, f"{key}#")
        )
    }
    return next(one for one in (key, *(f"{key}#{number}" for number in range(2, len(taken) + 3))) if one not in taken)


def edit_link(
    database: Database,
    key: str,
    *,
    new_key: str | None = None,
    url: str | None = None,
    name: str | None = None,
    response: LinkResponse | None = None,
    confirm: bool | None = None,
    pairs: Pairs = (),
    clock: Clock = now,
) -> list[LinkDifference]:
    """Change a registered or local link; returns what is different now. Sent mails follow: their addresses name the
    link, not its URL. A response that becomes a text drops the address, which it cannot lead to any more.
    """
    from sqlmodel import select

    from linktrack.store.tables import LinkRecord

    with database.session() as session:
        before = find_link(database, key)
        _refuse_special(before)
        link = session.exec(select(LinkRecord).where(LinkRecord.id == before.id)).one()
        if new_key is not None and new_key != key:
            if link_called(database, checked_key(new_key)) is not None:
                raise Conflict(f"a link {new_key!r} is there already: choose another key")
            link.key = new_key
        if name is not None:
            link.name = composed(name)
        said = before.response if response is None else response
        if url is None and isinstance(said, TextResponse):
            url = ""
        link.response = said.stored()
        link.url = target_of(link.url if url is None else url, said, pairs)
        if confirm is not None:
            link.confirm = confirm
        link.updated_at = clock()
        session.add(link)
        session.flush()
        touch(database)
        after = find_link(database, link.key)
    return [
        LinkDifference(key, "change", field, old, new)
        for (field, old), (_, new) in zip(before.shown, after.shown, strict=True)
        if old != new
    ]


def delete_links(database: Database, keys: Sequence[str], clock: Clock = now) -> None:
    """Mark links as deleted, all or none: they leave lists and new mailings, and mails already sent still resolve
    them."""
    with database.transaction():
        for key in keys:
            link = _registered(database, key)
            database.execute("UPDATE link SET deleted_at = COALESCE(deleted_at, ?) WHERE id = ?", (clock(), link.id))
        touch(database)


def restore_links(database: Database, keys: Sequence[str]) -> dict[str, str]:
    """Take deleted links back, all or none. Those whose folder is deleted are in no folder then: they are returned
    with that folder's path. Conflict when one is not deleted."""
    lost: dict[str, str] = {}
    with database.transaction():
        for key in keys:
            link = _registered(database, key)
            if link.deleted_at is None:
                raise Conflict(f"the link {key!r} is not deleted")
            if link.folder is not None and is_deleted(database, link.folder):
                lost[key] = link.folder
                database.execute("UPDATE link SET folder_id = NULL WHERE id = ?", (link.id,))
            database.execute("UPDATE link SET deleted_at = NULL WHERE id = ?", (link.id,))
        touch(database)
    return lost


def move_links(database: Database, keys: Sequence[str], folder: str) -> str | None:
    """Put registered links into a folder (`/` = no folder), all or none. Returns the folder's path."""
    with database.transaction():
        path = None if folder.strip() in ("", "/") else clean_path(folder)
        folder_id = None if path is None else find_folder(database, path)
        for key in keys:
            link = _registered(database, key)
            if link.kind == "local":
                raise Conflict(
                    f"{key!r} belongs to its mailing and to no folder: register a link with the same URL instead"
                )
            database.execute("UPDATE link SET folder_id = ? WHERE id = ?", (folder_id, link.id))
    return path


def _registered(database: Database, key: str) -> LinkRow:
    link = find_link(database, key)
    _refuse_special(link)
    return link


def _refuse_special(link: LinkRow) -> None:
    if link.kind == "special":
        raise Conflict(f"{link.key!r} is a special link of the system and stays as it is")
