"""Who refused tracking in which shipment: their clicks are counted together, as nobody's."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from linktrack.clicks.rollups.clicker_changes import PersonInShipment, in_pieces
from linktrack.links.tokens import NOBODY
from linktrack.store.many import marks
from linktrack.store.session import Database


class Refusing:
    """Who refused, looked up in the database for the shipments in which somebody did."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._refused: dict[int, set[int]] = {}  # recipients by shipment, of those that were looked up
        self._asked: dict[int, bool] = {}  # whether anybody refused in a shipment

    def shipments_among(self, shipments: Collection[int]) -> set[int]:
        """Which of these shipments anybody refused tracking in."""
        return {shipment for shipment in shipments if self._anybody_in(shipment)}

    def look_up(self, people: Iterable[PersonInShipment]) -> None:
        """Learn of these people (shipment, recipient) whether they refused; `counted_as` knows of no others."""
        asked = set(people)
        self._refused = {shipment: set() for shipment in self.shipments_among({shipment for shipment, _ in asked})}
        for shipment, some in in_pieces(person for person in asked if person[0] in self._refused):
            rows = self._database.rows(
                "SELECT recipient_id FROM shipment_recipient WHERE shipment_id = ? AND uncounted "  # noqa: S608  (marks)
                f"AND recipient_id IN ({marks(some)})",
                (shipment, *some),
            )
            self._refused[shipment].update(row[0] for row in rows)

    def counted_as(self, shipment: int, recipient: int) -> int:
        """The recipient that a click counts for."""
        refused = self._refused.get(shipment)
        return NOBODY if refused and recipient in refused else recipient

    def _anybody_in(self, shipment: int) -> bool:
        known = self._asked.get(shipment)
        if known is None:
            found = self._database.value("SELECT 1 FROM shipment WHERE id = ? AND uncounted > 0", (shipment,))
            known = self._asked[shipment] = found is not None
        return known
