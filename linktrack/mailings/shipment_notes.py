"""What is worth knowing about a shipment before it is sent, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from linktrack.hosts import is_this_machine
from linktrack.links.merge_tags import fold
from linktrack.mailings.audience import some_of
from linktrack.mailings.handing_out import Copies
from linktrack.mailings.shipments import (
    Shipment,
    empty_values,
    shared_addresses,
)
from linktrack.sentences import counted
from linktrack.store.session import Database


def notes_on(database: Database, shipment: Shipment, copies: Copies) -> Iterator[str]:
    """What is worth knowing about a shipment before it is sent."""
    mail = copies.own
    if shipment.settings.output == "html" and mail.filling is None and mail.tags:
        yield f"merge tags stand there as they are: {some_of([str(tag) for tag in mail.tags])}"
    if shipment.settings.fill:
        written = {fold(tag.tag.name): tag.written for tag in reversed(mail.tags) if tag.tag.plain}
        for field, count in empty_values(database, shipment.id, written).items():
            people = f"{count:,} of the {counted(shipment.recipients, 'recipient')}"
            yield f"nothing stands where {written[field]} was for {people}: their value is empty"
    elif copies.uncounted is not None and copies.uncounted.filling is not None:  # of the links' own targets alone
        names = copies.uncounted.filling.names
        for field, count in empty_values(database, shipment.id, names, uncounted=True).items():
            people = f"{count:,} of the {shipment.uncounted:,} who refuse tracking"
            yield f"{field} is empty in the links of {people}: they have no such value"
    shared = shared_addresses(database, shipment.id)
    if shared:
        addresses = "1 address stands" if len(shared) == 1 else f"{len(shared):,} addresses stand"
        yield f"{addresses} with several contacts, and each of these gets a mail: {some_of(shared)}"
    if not shipment.test and is_this_machine(shipment.settings.base_url):
        yield (
            f"the addresses in these mails lead to this machine only ({shipment.settings.base_url}): set base_url in "
            "linktrack.toml before you send anything, or add --test"
        )
