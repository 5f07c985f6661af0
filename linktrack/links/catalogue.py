"""The catalogue of links: listed, found, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from linktrack.links.action_types import action_types
from linktrack.links.differences import shown_fields
from linktrack.links.folders import WITHIN, clean_path, find_folder, within
from linktrack.links.responses import LinkResponse, read_response
from linktrack.names import composed
from linktrack.store.conditions import counted_shipment
from linktrack.store.lookups import link_id, mailing_id
from linktrack.store.many import marks
from linktrack.store.session import Database


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
    response: LinkResponse
    confirm: bool
    actions: tuple[str, ...]
    created_at: int
    updated_at: int
    deleted_at: int | None
    reset_at: int | None

    @property
    def status(self) -> str:
        return "active" if self.deleted_at is None else "deleted"

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What can be edited, as text that a person can compare."""
        return [("key", self.key), *shown_fields(self.name, self.folder, self.url, self.response, self.confirm)]


class LinkPlace(NamedTuple):
    """A mailing with a link in it: in how many placements, and to how many recipients it was sent."""

    mailing: str
    placements: int
    sent: int


_LINKS = """
    SELECT link.id, link.key, link.name, link.kind, link.url, folder.path, mailing.name, link.response, link.confirm,
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
    search: str | None = None,
) -> list[LinkRow]:
    """Links by folder (with the folders inside it) and key; `search` keeps those with that text in key, name or
    address, whatever its case. NotFound for an unknown folder or mailing."""
    where, values = [f"link.kind IN ({marks(kinds)})"], list[Any](kinds)
    if not deleted:
        where.append("link.deleted_at IS NULL")
    if folder is not None:
        path = clean_path(folder)
        find_folder(database, path)
        where.append(WITHIN)
        values += within(path)
    if mailing is not None:
        where.append("mailing.id = ?")
        values.append(mailing_id(database, mailing))
    order = "ORDER BY COALESCE(folder.path, ''), link.kind DESC, link.mailing_id, link.id"
    found = _link_rows(database, f"{_LINKS} WHERE {' AND '.join(where)} {order}", values)
    if search is None:
        return found
    wanted = composed(search).casefold()
    return [
        link for link in found if any(wanted in composed(text).casefold() for text in (link.key, link.name, link.url))
    ]


def find_link(database: Database, key: str) -> LinkRow:
    """The link of this key, deleted or not. UnknownName with near keys."""
    (found,) = _link_rows(database, f"{_LINKS} WHERE link.id = ?", [link_id(database, key)])
    return found


def _link_rows(database: Database, sql: str, values: Sequence[Any]) -> list[LinkRow]:
    rows = database.rows(sql, values)
    actions = action_types(database)
    found = []
    for number, key, name, kind, url, folder, mailing, response, confirm, *times in rows:
        kinds = tuple(actions.get(number, ()))
        said = read_response(response)
        found.append(LinkRow(number, key, name, kind, url, folder, mailing, said, bool(confirm), kinds, *times))
    return found


def mailings_with(database: Database, link_id: int) -> list[LinkPlace]:
    """The mailings where a link stands, by name, each with its places there and how many mails were sent (by shipments
    that count: neither tests, nor cancelled, nor unfinished)."""
    rows = database.rows(
        "SELECT mailing.name, count(*), (SELECT coalesce(sum(recipients), 0) FROM shipment "  # noqa: S608  (of our own)
        f"WHERE shipment.mailing_id = mailing.id AND {counted_shipment()}) "
        "FROM placement JOIN mailing ON mailing.id = placement.mailing_id "
        "WHERE placement.link_id = ? AND mailing.deleted_at IS NULL GROUP BY mailing.id, mailing.name "
        "ORDER BY mailing.name",
        (link_id,),
    )
    return [LinkPlace(*row) for row in rows]
