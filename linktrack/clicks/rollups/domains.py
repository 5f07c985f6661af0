"""The domains that the mails of a shipment were sent to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from linktrack.email_addresses import domain_of
from linktrack.store.many import at_once, near
from linktrack.store.session import Database

_REMEMBERED = 200_000  # recipients of shipments, some 20 MB
_SPREAD = 8  # see `near`: others of the shipment will be asked for too


class Domains:
    """The domain of each recipient of a shipment, looked up once while one job goes on: people click again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._forget()

    def _forget(self) -> None:
        self._known: dict[int, dict[int, str]] = {}  # by shipment and recipient
        self._remembered = 0
        self._domains = _Domains()

    def of(self, shipment: int, some: Collection[int]) -> Mapping[int, str]:
        """The domains of these recipients of a shipment, and of others."""
        if self._remembered >= _REMEMBERED:
            self._forget()
        known = self._known.setdefault(shipment, {})
        new = sorted(recipient for recipient in some if recipient not in known)
        for asked in at_once(new):
            these, values = near(asked, "recipient_id", _SPREAD)
            rows = self._database.rows(
                f"SELECT recipient_id, email FROM shipment_recipient WHERE shipment_id = ? AND {these}",  # noqa: S608  (a condition of our own)
                (shipment, *values),
            )
            domains = self._domains
            known.update((recipient, domains[email[email.rfind("@") :]]) for recipient, email in rows)
            self._remembered += len(rows)
        return known


class _Domains(dict[str, str]):
    """Domains, by what stands behind the last @ of an address with it."""

    def __missing__(self, behind: str) -> str:
        domain = self[behind] = domain_of(behind)
        return domain
