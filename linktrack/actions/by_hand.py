"""Clickers added to selections and projects by hand: an order like an action that every clicker's last click has."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from linktrack.actions.ledger import begin_open_clicks
from linktrack.actions.planned import Placed
from linktrack.links.actions import parse_action
from linktrack.links.catalog import find_link
from linktrack.store.session import Database


@dataclass(frozen=True)
class ByHand:
    """Whom to add and to what: the clickers of a link, of one mailing if `mailing` is named."""

    key: str
    mailing: str | None
    selections: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()

    def actions(self) -> list[Placed]:
        """What each click of theirs is to cause."""
        wanted = (("selection", self.selections), ("project", self.projects))
        return [Placed(parse_action({"type": kind, "add": list(names)}), 1, 0) for kind, names in wanted if names]

    @classmethod
    def parse(cls, said: Mapping[str, Any]) -> ByHand:
        return cls(said["key"], said["mailing"], tuple(said["selections"]), tuple(said["projects"]))


def choose_clickers(database: Database, wanted: ByHand) -> int:
    """Put the last human click of each clicker into `open_click`. Returns how many. NotFound for an unknown link.

    They come from the rollups, as in the report, so they are found when the clicks themselves have been purged.
    """
    link = find_link(database, wanted.key)
    begin_open_clicks(database)
    last: dict[int, tuple[Any, ...]] = {}
    for recipient_id, contact_id, shipment_id, at, click_id, identity, placement_id in database.rows(
        "SELECT r.id, r.contact_id, k.shipment_id, k.last_click, c.id, c.identity, c.placement_id FROM link_clicker k "
        "JOIN recipient r ON r.id = k.recipient_id JOIN shipment s ON s.id = k.shipment_id "
        "JOIN mailing m ON m.id = s.mailing_id "
        "LEFT JOIN click c ON c.clicked_at = k.last_click AND c.link_id = k.link_id "
        "AND c.recipient_id = k.recipient_id AND c.shipment_id = k.shipment_id "
        "WHERE k.link_id = ? AND k.human > 0 AND NOT s.is_test AND r.forgotten_at IS NULL AND (? = '' OR m.name = ?) "
        "ORDER BY k.last_click, c.id DESC",
        (link.id, wanted.mailing or "", wanted.mailing or ""),
    ):
        identity = zlib.crc32(contact_id.encode()) if click_id is None else identity
        row = (click_id or 0, identity, at, link.id, shipment_id, placement_id or 0, recipient_id, contact_id, 0)
        last[recipient_id] = row
    database.executemany("INSERT INTO open_click VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(last.values()))
    return len(last)
