"""Addresses that nearly are a registered link's, and links with actions that nobody can click: what is worth knowing
before a mailing goes out, since such actions would never run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from linktrack.links.hosts import read_web_address
from linktrack.store.session import Database

_USUAL_PORTS = ("80", "443")


class NearLink(NamedTuple):
    """An address in a mail, and the registered link that it is but for scheme, slash or query."""

    address: str
    key: str
    url: str


def nearly_registered(database: Database, addresses: Iterable[str]) -> list[NearLink]:
    """Those of the addresses that are a registered link's but for scheme, slash or query, in their order."""
    links = {
        bare(url): (key, url)
        for key, url in database.rows(
            "SELECT key, url FROM link WHERE kind = 'registered' AND deleted_at IS NULL AND url <> '' ORDER BY id DESC"
        )
    }
    found = []
    for address in dict.fromkeys(addresses):
        near = links.get(bare(address))
        if near is not None and near[1] != address:
            found.append(NearLink(address, *near))
    return found


def links_in_no_mailing(database: Database) -> list[str]:
    """The keys of registered links with actions that stand in no mailing (deleted ones do not count), by key."""
    rows = database.rows(
        "SELECT key FROM link WHERE kind = 'registered' AND deleted_at IS NULL "
        "AND EXISTS (SELECT 1 FROM action WHERE action.link_id = link.id) AND NOT EXISTS ("
        "SELECT 1 FROM placement JOIN mailing ON mailing.id = placement.mailing_id "
        "WHERE placement.link_id = link.id AND gone_at IS NULL AND mailing.deleted_at IS NULL) ORDER BY key"
    )
    return [row[0] for row in rows]


def bare(address: str) -> str:
    """A web address without scheme, query and last slash, its host as browsers send it; others as they are."""
    seen = read_web_address(address)
    if seen is None:
        return address
    port = re.search(r":(\d+)$", address[: seen.end])
    where = seen.host if port is None or port[1] in _USUAL_PORTS else f"{seen.host}:{port[1]}"
    before, mark, fragment = address[seen.end :].partition("#")
    path = before.partition("?")[0].rstrip("/")
    return f"{where}{path}{mark}{fragment}"
