"""The domains that the mails of a shipment were sent to."""

from __future__ import annotations

from collections.abc import Sequence

from linktrack.contacts.recipients import domain_of
from linktrack.store.many import marks
from linktrack.store.session import Database


def domains_of(database: Database, shipment: int, some: Sequence[int]) -> dict[int, str]:
    """The domains of some recipients of a shipment, as many as one query can name."""
    rows = database.rows(
        "SELECT recipient_id, email FROM shipment_recipient WHERE shipment_id = ? "  # noqa: S608  (marks of our own)
        f"AND recipient_id IN ({marks(some)})",
        (shipment, *some),
    )
    known = _Domains()
    return {recipient: known[email[email.rfind("@") :]] for recipient, email in rows}


class _Domains(dict[str, str]):
    """Domains, by what stands behind the last @ of an address with it."""

    def __missing__(self, behind: str) -> str:
        domain = self[behind] = domain_of(behind)
        return domain
