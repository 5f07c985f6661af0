"""What a walk over the clicks has done: each change as it is found, before the ledger and the files have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import NamedTuple

from linktrack.actions.planned import MADE_FILES, Clicked, CrmChange, Delivered, NumberedAction, RowCells, Thing
from linktrack.click_names import click_name
from linktrack.moments import iso

NO_CELLS: RowCells = {}


class Done(NamedTuple):
    """A change because of a click, or one that `failed`, with its row of the ledger to be.

    `made` is the thing that it made, if it did; `cells` are the further ones of its row in the file of its kind, which
    a script that was run has, too.
    """

    click: Clicked
    action: NumberedAction
    id: str
    kind: str
    name: str
    operation: str  # set, add, remove, make, run
    old: str
    new: str
    status: str = "ok"  # ok, failed, timeout, interrupted
    message: str = ""
    made: Thing | None = None
    cells: RowCells = NO_CELLS

    @property
    def is_told(self) -> bool:
        """Whether the files of the run tell of it. What could not be carried out stands in the ledger alone."""
        return self.status != "failed" or bool(self.cells)

    def change(self, zone: tzinfo) -> CrmChange:
        """It as `changes.ndjson` shows it."""
        click, sent = self.click, self.click.shipment
        return CrmChange(
            *(self.id, self.kind, click.contact_id, self.name, self.operation, self.old, self.new),
            *(click.link.key, sent.mailing, sent.id, click_name(click.at, click.print), iso(click.at, zone)),
        )

    def row(self, clicked_at: str) -> RowCells:
        """Its row in the file of its kind, by column; `clicked_at` is how the time of its click is shown."""
        _, _, link, sent, _, _, contact_id, _, _ = self.click
        return {
            "id": self.id,
            "contact_id": contact_id,
            "link": link.key,
            "mailing": sent.mailing,
            "shipment": sent.id,
            "clicked_at": clicked_at,
            **self.cells,
        }


def delivered(done: Iterable[Done], zone: tzinfo) -> Iterator[Delivered]:
    """What the files of a run would tell of."""
    for one in done:
        if one.is_told:
            yield Delivered(one.change(zone), MADE_FILES[one.kind] if one.cells else "", one.cells)
