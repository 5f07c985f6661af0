"""What a run starts from: the order, the open clicks with their actions, and the CRM as its export shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from linktrack.actions.by_hand import ByHand, choose_clickers
from linktrack.actions.crm_load import load_state, needs_of
from linktrack.actions.crm_state import CrmState
from linktrack.actions.ledger import Ledger, find_open_clicks
from linktrack.actions.planned import Desk, Placed
from linktrack.actions.slots import Calendar
from linktrack.crm.mapping import mapping_of
from linktrack.errors import NotFound
from linktrack.store.session import Database
from linktrack.workspace import Workspace

Crash = Callable[[str], None]  # called with the name of each point at which a test may end the process


@dataclass(frozen=True)
class Order:
    """What a run is asked to do: it stands in the ledger until the run is done, so that it can be resumed.

    `now` (UTC milliseconds) is the time that free slots are looked for from. Without an `export`, which only an
    order by hand may lack, everybody who clicked is taken for a contact.
    """

    export: Path | None
    now: int
    retry_failed: bool = False
    by_hand: ByHand | None = None

    def text(self) -> str:
        export = None if self.export is None else str(self.export.absolute())
        hand = None if self.by_hand is None else asdict(self.by_hand)
        return json.dumps({"export": export, "retry_failed": self.retry_failed, "by_hand": hand})

    @classmethod
    def parse(cls, text: str, now: int) -> Order:
        said = json.loads(text)
        hand = said.get("by_hand")
        return cls(
            None if said["export"] is None else Path(said["export"]),
            now,
            said["retry_failed"],
            None if hand is None else ByHand.parse(hand),
        )


@dataclass(frozen=True)
class Work:
    """An order with all that it needs, read and checked; nothing has been written so far."""

    workspace: Workspace
    order: Order
    ledger: Ledger
    actions: Mapping[int, list[Placed]]
    state: CrmState
    desk: Desk


def prepare(workspace: Workspace, database: Database, order: Order) -> Work:
    """Read what an order needs. NotFound without the export, BadInput when it lacks what an action needs."""
    export, now, mapping = order.export, order.now, mapping_of(workspace)
    if export is not None and not export.exists():
        raise NotFound(f"no such file or folder: {export}")
    if order.by_hand is None:
        find_open_clicks(database, retry=order.retry_failed)
        ledger = Ledger(database)
        actions = ledger.actions()
    else:
        choose_clickers(database, order.by_hand)
        ledger = Ledger(database)
        actions = dict.fromkeys(ledger.links, order.by_hand.actions())
    settings = workspace.settings.actions
    state = load_state(export, mapping, needs_of(actions), ledger.contact_ids(), settings.time_zone)
    for contact_id, kind, name, value in ledger.memberships():
        if kind not in state.listed:
            state.members[contact_id, kind, name] = bool(value)
    calendar = Calendar(settings, _moment(now))
    for user, start, end in ledger.bookings(now):
        calendar.book(user, _moment(start), _moment(end))
    for user, begin, until in state.bookings:
        calendar.book(user, begin, until)
    requests = ledger.request_counts() if state.open_requests is None else dict(state.open_requests)
    return Work(workspace, order, ledger, actions, state, Desk(mapping.settings, state.users, calendar, requests))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
