"""What a run starts from: the options, the clicks that it looks at with their actions, and the CRM as its export shows
it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from linktrack.actions import selecting
from linktrack.actions.by_hand import ByHand
from linktrack.actions.crm_load import has_interests, load_state
from linktrack.actions.crm_needs import needs_of
from linktrack.actions.crm_state import CrmState
from linktrack.actions.ledger.definitions import worded_anew
from linktrack.actions.ledger.known import Ledger
from linktrack.actions.ledger.rows import Book
from linktrack.actions.ledger.runs import last_look, purged_failures
from linktrack.actions.page_buttons import button_actions
from linktrack.actions.planned import Departing, FoundScript, NumberedAction, Staff
from linktrack.actions.planning import Planner, Terms
from linktrack.actions.selecting import PassedClick
from linktrack.actions.slots import Calendar
from linktrack.contacts.left import mailing_types
from linktrack.contacts.types import same_type, spelled_types
from linktrack.contacts.words import Word, words_of
from linktrack.crm.export import mapping_of
from linktrack.errors import NotFound
from linktrack.files.reading import tidy_path
from linktrack.links.stored_actions import StandingAction, standing_actions
from linktrack.moments import datetime_of, iso, zone_of
from linktrack.names import composed
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database
from linktrack.workspace import Workspace


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked to do: it stands in the ledger until the run is done, so that it can be resumed.

    `now` (UTC milliseconds) is the time that free slots are looked for from. Without an `export`, which only a run by
    hand may lack, everybody who clicked is taken for a contact. `replay` names a link whose actions of today are
    carried out for earlier clicks, too. `export_print` is what the export's content was known by when the run began.
    """

    export: Path | None
    now: int
    retry_failed: bool = False
    retry_interrupted: bool = False
    replay: str | None = None
    by_hand: ByHand | None = None
    export_print: str = ""

    @property
    def retried(self) -> tuple[str, ...]:
        """The states of failures that are tried again."""
        return (*(("failed", "timeout") if self.retry_failed else ()), *(("interrupted",) * self.retry_interrupted))

    def text(self) -> str:
        export = None if self.export is None else str(tidy_path(self.export))
        return json.dumps({**asdict(self), "export": export})

    @classmethod
    def parse(cls, text: str) -> RunOptions:
        said = json.loads(text)
        export, hand = said.pop("export"), said.pop("by_hand")
        return cls(
            None if export is None else Path(export), by_hand=None if hand is None else ByHand.parse(hand), **said
        )


@dataclass(frozen=True)
class Work:
    """What is asked for with all that it needs, read and checked; nothing has been written so far."""

    workspace: Workspace
    options: RunOptions
    ledger: Ledger
    actions: Mapping[int, list[NumberedAction]]
    state: CrmState
    staff: Staff
    notes: tuple[str, ...]
    standing: tuple[StandingAction, ...]  # all actions of the workspace, with or without clicks
    reworded: Mapping[int, list[NumberedAction]]  # by link the actions that have other settings since they made things

    def planner(self, scripts: Iterable[FoundScript], book: Book | None) -> Planner:
        """The walk over the clicks, with what scripts have said; a rehearsal without a `book`."""
        settings, options = self.workspace.settings, self.options
        zone, guard = zone_of(settings.time_zone), settings.actions.guard_formulas
        types = frozenset(map(same_type, mailing_types(self.ledger.database)))
        terms = Terms(self.actions, self.state, self.staff, options.now, zone, guard, options.retried, types)
        return Planner(terms, self.ledger.before(replays=options.replay is not None), scripts, book)

    def passing(self, unknown: Collection[str]) -> Iterator[PassedClick]:
        """The clicks that the run passes, which are no more than it looks at now; a run by hand passes none. `unknown`
        contacts are not in the export."""
        if self.options.by_hand is not None:
            return iter(())
        return selecting.find_passing(self.ledger.found, unknown, get_unsubscribes=get_unsubscribes(self.workspace))

    def words(self, run_id: int, departures: Sequence[Departing]) -> Iterator[Word]:
        """What the people whose clicks the run looks at have said, and what anybody has since the last run began; and
        who leaves by it. To be asked for when it is known what the run passes."""
        database = self.ledger.database
        people = selecting.looked_at(passes=self.options.by_hand is None)
        since = last_look(database, run_id)
        yield from words_of(database, people, 0 if since is None else since)
        for one in departures:
            yield Word(one.contact_id, "action", one.type, one.at)


def get_unsubscribes(workspace: Workspace) -> bool:
    """Whether a look at the page of the unsubscribe link is the person's will already."""
    return workspace.settings.clicks.unsubscribe_on == "get"


def prepare(workspace: Workspace, database: Database, options: RunOptions) -> Work:
    """Read what a run needs. NotFound without the export, BadInput when it lacks what an action needs."""
    export, now, mapping = options.export, options.now, mapping_of(workspace)
    if export is not None and not export.exists():
        raise NotFound(f"no such file or folder: {export}")
    clicks = selecting.begin(database)
    if options.by_hand is None:
        get = get_unsubscribes(workspace)
        selecting.find_open(clicks, get_unsubscribes=get)
        if options.retried:
            selecting.find_failed(clicks, options.retried)
        if options.replay is not None:
            selecting.find_passed(clicks, options.replay, get_unsubscribes=get)
        ledger = Ledger(clicks)
        actions = ledger.actions()
        pressed_on = ledger.pressed_on()
        if pressed_on and has_interests(export, mapping):
            types = spelled_types(mailing_types(database), workspace.settings.subscriptions.types)
            buttons = button_actions(types.values())
            actions |= {link_id: [*actions.get(link_id, ()), *buttons] for link_id in pressed_on}
    else:
        selecting.find_clickers(clicks, options.by_hand.key, options.by_hand.mailing)
        ledger = Ledger(clicks)
        actions = dict.fromkeys(ledger.links, options.by_hand.actions())
    settings = workspace.settings.actions
    state = load_state(export, mapping, needs_of(actions), ledger.contact_ids(), settings.time_zone)
    if export is None:
        for contact_id, name, email in ledger.people():
            state.people[contact_id].cells[:] = name, email
    for member in ledger.memberships():
        if member.kind not in state.listed:
            state.members[member.contact_id, member.kind, composed(member.name)] = bool(member.value)
    calendar = Calendar(settings, datetime_of(now))
    for user, start, end in ledger.bookings(now):
        calendar.book(user, datetime_of(start), datetime_of(end))
    for user, begin, until in state.bookings:
        calendar.book(user, begin, until)
    requests = ledger.request_counts() if state.open_requests is None else dict(state.open_requests)
    staff = Staff(mapping.settings, state.users, calendar, requests)
    anew = [] if options.by_hand is not None else list(worded_anew(database))
    notes = tuple(_beyond_reach(workspace, database, options)) + tuple(
        f"action {one.action.number} of the link {one.key!r} ({one.action.definition.type}) has other settings by now: "
        f"what it made before ({one.changes:,}) stays, and is not made again for the same clicks"
        for one in anew
    )
    reworded: dict[int, list[NumberedAction]] = {}
    for one in anew:
        reworded.setdefault(one.link_id, []).append(one.action)
    standing = tuple(standing_actions(database))
    return Work(workspace, options, ledger, actions, state, staff, notes, standing, reworded)


def _beyond_reach(workspace: Workspace, database: Database, options: RunOptions) -> Iterator[str]:
    """What a run is asked for that cannot be done any more, because clicks were purged."""
    purged = horizon(database).clicks
    if purged == NEVER:
        return
    when = iso(purged, workspace.zone)
    if options.replay is not None:
        yield f"clicks before {when} were purged: the replay does not reach them"
    if options.retried and (failures := purged_failures(database, options.retried)):
        what = "1 action that failed" if failures == 1 else f"{failures:,} actions that failed"
        yield f"{what} cannot be tried again: the clicks were before {when}, and purged"
