"""The catalogue of links: what a person makes, finds, edits, moves and deletes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linktrack.errors import BadInput, Conflict, NotFound
from linktrack.links.folders import clean_path
from linktrack.moments import now
from linktrack.store import lookups
from linktrack.store.lookups import mailing_id, unknown_link
from linktrack.store.session import Database

if TYPE_CHECKING:
    from sqlmodel import Session

    from linktrack.store.tables import LinkRecord

SPECIAL_LINKS = {  # made by the migrations
    "unsubscribe": "Unsubscribe from this type of mailing",
    "subscriptions": "Manage subscriptions",
    "view-online": "View in the browser",
    "honeypot": "Honeypot for machines",
}
REDIRECT = {"kind": "redirect"}
RESPONSE_KINDS = ("redirect", "text", "form")
KEY_SHAPE = r"[A-Za-z0-9][A-Za-z0-9._\-]*"
_KEY_LENGTH = 100


@dataclass(frozen=True)
class LinkRow:
    """A link as it is read; `folder` is a path, `mailing` the one that a local link belongs to."""

    id: int
    key: str
    name: str
    kind: str
    url: str
    folder: str | None
    mailing: str | None
    response: dict[str, Any]
    actions: tuple[str, ...]
    created_at: int
    updated_at: int
    deleted_at: int | None
    reset_at: int | None

    @property
    def status(self) -> str:
        return "active" if self.deleted_at is None else "deleted"


# --- reading ---------------------------------------------------------------------------------------------------

_LINKS = """
    SELECT link.id, link.key, link.name, link.kind, link.url, folder.path, mailing.name, link.response,
           link.created_at, link.updated_at, link.deleted_at, link.reset_at
    FROM link LEFT JOIN folder ON folder.id = link.folder_id LEFT JOIN mailing ON mailing.id = link.mailing_id
"""


def list_links(
    database: Database,
    *,
    folder: str | None = None,
    kinds: Sequence[str] = ("registered",),
    deleted: bool = False,
    mailing: str | None = None,
) -> list[LinkRow]:
    """Links by folder (with the folders inside it) and key. NotFound for an unknown folder or mailing."""
    where, values = [f"link.kind IN ({', '.join('?' * len(kinds))})"], list[Any](kinds)
    if not deleted:
        where.append("link.deleted_at IS NULL")
    if folder is not None:
        path = clean_path(folder)
        lookups.folder_id(database, path)
        where.append("(folder.path = ? OR substr(folder.path, 1, ?) = ?)")
        values += [path, len(path) + 1, path + "/"]
    if mailing is not None:
        where.append("mailing.id = ?")
        values.append(mailing_id(database, mailing))
    order = "ORDER BY COALESCE(folder.path, ''), link.kind DESC, link.mailing_id, link.id"
    return _link_rows(database, f"{_LINKS} WHERE {' AND '.join(where)} {order}", values)


def find_link(database: Database, key: str) -> LinkRow:
    """The link of this key, deleted or not. NotFound with near keys."""
    found = _link_rows(database, f"{_LINKS} WHERE link.key = ?", [key])
    if found:
        return found[0]
    raise unknown_link(database, key)


def _link_rows(database: Database, sql: str, values: Sequence[Any]) -> list[LinkRow]:
    rows = database.rows(sql, values)
    actions: dict[int, list[str]] = {}
    for link_id, kind in database.rows("SELECT link_id, type FROM action ORDER BY link_id, position"):
        actions.setdefault(link_id, []).append(kind)
    found = []
    for link_id, key, name, kind, url, folder, mailing, response, *times in rows:
        kinds = tuple(actions.get(link_id, ()))
        found.append(LinkRow(link_id, key, name, kind, url, folder, mailing, json.loads(response), kinds, *times))
    return found


# --- making and changing ---------------------------------------------------------------------------------------


def checked_key(key: str) -> str:
    """A key as it may stand in `linktrack:KEY`. BadInput for other characters, Conflict for a special link's."""
    if not re.fullmatch(KEY_SHAPE, key) or len(key) > _KEY_LENGTH:
        shown = key if len(key) <= _KEY_LENGTH else f"{key[:_KEY_LENGTH]}…"
        rule = "letters, digits, '-', '_' and '.', beginning with a letter or digit"
        raise BadInput(f"{shown!r} is not a key: use {rule}, at most {_KEY_LENGTH} of them")
    if key in SPECIAL_LINKS:
        raise Conflict(f"{key!r} is a special link: choose another key")
    return key


def checked_url(url: str) -> str:
    """A target: http or https with a host; a missing scheme becomes https. BadInput otherwise."""
    url = url.strip()
    if re.match(r"(?i)[a-z0-9.\-]+\.[a-z]{2,}(:\d+)?([/?#]|$)", url):
        url = f"https://{url}"
    if not re.match(r"(?i)https?://[^\s/?#]", url) or re.search(r"[\x00-\x20]", url):
        raise BadInput(f"{url!r} is not an address for a link: write it like https://www.example.com/offer")
    return url


def checked_response(response: Any) -> dict[str, Any]:
    """What a visitor sees, as in the TOML definitions. BadInput with the way out."""
    if not isinstance(response, dict) or response.get("kind") not in RESPONSE_KINDS:
        raise BadInput(f"a response is a table with kind = one of {', '.join(RESPONSE_KINDS)}, not {response!r}")
    kind = response["kind"]
    allowed = {"redirect": {"kind"}, "text": {"kind", "text"}, "form": {"kind", "url", "prefill"}}[kind]
    if unknown := set(response) - allowed:
        raise BadInput(f"a {kind} response has no setting {sorted(unknown)[0]!r}: it has {', '.join(sorted(allowed))}")
    if kind == "text" and not (isinstance(response.get("text"), str) and response["text"].strip()):
        raise BadInput('a text response needs its text: { kind = "text", text = "<p>Thanks!</p>" }')
    if kind == "form":
        if not isinstance(response.get("url"), str):
            raise BadInput(
                'a form response needs its url: { kind = "form", url = "https://forms.example.com/contact" }'
            )
        checked_url(response["url"])
        prefill = response.get("prefill", {})
        if not isinstance(prefill, dict) or not all(isinstance(value, str) for value in prefill.values()):
            raise BadInput('prefill names a contact field for each form field: prefill = { name = "name" }')
    return response


def checked_target(url: str, response: dict[str, Any]) -> str:
    """The URL that goes with a response: only a redirect needs one. BadInput where it is missing."""
    if not url.strip() and response["kind"] != "redirect":
        return ""
    return checked_url(url)


def add_link(
    session: Session,
    key: str,
    *,
    url: str = "",
    name: str | None = None,
    folder_id: int | None = None,
    response: dict[str, Any] | None = None,
) -> LinkRecord:
    """Register a link. Conflict when the key is taken (also by a deleted link: restore it)."""
    from sqlmodel import select

    from linktrack.store.tables import LinkRecord

    key = checked_key(key)
    other = session.exec(select(LinkRecord).where(LinkRecord.key == key)).first()
    if other is not None:
        way_out = f"linktrack link restore {key}" if other.deleted_at else f"linktrack link edit {key}"
        state = "deleted, but its mails are still out there" if other.deleted_at else "there already"
        raise Conflict(f"a link {key!r} is {state}: use {way_out}, or choose another key")
    moment = now()
    response = checked_response(response or REDIRECT)
    link = LinkRecord(
        key=key,
        name=name or key,
        kind="registered",
        url=checked_target(url, response),
        folder_id=folder_id,
        response=json.dumps(response, ensure_ascii=False),
        created_at=moment,
        updated_at=moment,
    )
    session.add(link)
    session.flush()
    return link


def edit_link(
    session: Session,
    key: str,
    *,
    new_key: str | None = None,
    url: str | None = None,
    name: str | None = None,
    response: dict[str, Any] | None = None,
) -> LinkRecord:
    """Change a registered or local link. Sent mails follow: their addresses name the link, not its URL."""
    link = _editable(session, key)
    if new_key is not None and new_key != key:
        from sqlmodel import select

        from linktrack.store.tables import LinkRecord

        if session.exec(select(LinkRecord).where(LinkRecord.key == checked_key(new_key))).first() is not None:
            raise Conflict(f"a link {new_key!r} is there already: choose another key")
        link.key = new_key
    if name is not None:
        link.name = name
    if response is not None:
        link.response = json.dumps(checked_response(response), ensure_ascii=False)
    if url is not None or response is not None:
        link.url = checked_target(link.url if url is None else url, json.loads(link.response))
    link.updated_at = now()
    session.add(link)
    return link


def delete_link(database: Database, key: str) -> None:
    """Mark a link as deleted: it leaves lists and new mailings, and mails already sent still resolve it."""
    with database.transaction():
        _registered(database, key)
        database.execute("UPDATE link SET deleted_at = COALESCE(deleted_at, ?) WHERE key = ?", (now(), key))


def restore_link(database: Database, key: str) -> None:
    """Take a deleted link back. Conflict when it is not deleted."""
    with database.transaction():
        if _registered(database, key).deleted_at is None:
            raise Conflict(f"the link {key!r} is not deleted")
        database.execute("UPDATE link SET deleted_at = NULL WHERE key = ?", (key,))


def move_link(database: Database, key: str, folder: str) -> str | None:
    """Put a registered link into a folder (`/` = no folder). Returns the folder's path."""
    with database.transaction():
        if _registered(database, key).kind == "local":
            raise Conflict(
                f"{key!r} belongs to its mailing and to no folder: register a link with the same URL instead"
            )
        path = None if folder.strip() in ("", "/") else clean_path(folder)
        folder_id = None if path is None else lookups.folder_id(database, path)
        database.execute("UPDATE link SET folder_id = ? WHERE key = ?", (folder_id, key))
    return path


def _registered(database: Database, key: str) -> LinkRow:
    link = find_link(database, key)
    if link.kind == "special":
        raise Conflict(f"{key!r} is a special link of the system and stays as it is")
    return link


def _editable(session: Session, key: str) -> LinkRecord:
    from sqlmodel import select

    from linktrack.store.tables import LinkRecord

    link = session.exec(select(LinkRecord).where(LinkRecord.key == key)).first()
    if link is None:
        raise NotFound(f"there is no link {key!r}: see linktrack link list")
    if link.kind == "special":
        raise Conflict(f"{key!r} is a special link of the system and stays as it is")
    return link
