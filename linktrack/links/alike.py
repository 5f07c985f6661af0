"""What the catalogue says of a mail's links: addresses that nearly are a registered link's, and links with actions that
nobody can click. Their actions would never run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linktrack.links.near_targets import differs_in, page_of
from linktrack.store.session import Database


class NearLink(NamedTuple):
    """An address in a mail, and the registered link whose address it would be but for what it `differs_in`."""

    address: str
    key: str
    differs_in: tuple[str, ...]


def nearly_registered(database: Database, addresses: Iterable[str]) -> list[NearLink]:
    """The addresses that differ from a registered link's in scheme, slash, query or fragment alone, in their order."""
    links: dict[tuple[str, str] | None, tuple[str, str]] = {
        page_of(url): (key, url)
        for key, url in database.rows(
            "SELECT key, url FROM link WHERE kind = 'registered' AND deleted_at IS NULL AND url <> '' ORDER BY id DESC"
        )
    }
    found = []
    for address in dict.fromkeys(addresses):
        page = page_of(address)
        key, url = links.get(page, ("", "")) if page is not None else ("", "")
        if differences := differs_in(address, url):
            found.append(NearLink(address, key, differences))
    return found


def links_in_no_mailing(database: Database) -> list[str]:
    """The keys of registered links with actions that stand in no mailing (deleted ones do not count), by key."""
    rows = database.rows(
        "SELECT key FROM link WHERE kind = 'registered' AND deleted_at IS NULL "
        "AND EXISTS (SELECT 1 FROM action WHERE action.link_id = link.id) AND NOT EXISTS ("
        "SELECT 1 FROM placement JOIN mailing ON mailing.id = placement.mailing_id "
        "WHERE placement.link_id = link.id AND gone_at IS NULL AND mailing.deleted_at IS NULL) ORDER BY key"
    )
    return [key for (key,) in rows]
