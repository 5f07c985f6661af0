"""One lost run on its way into the ledger, whole or not at all."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.actions import selecting
from linktrack.actions.ledger.additions import Additions
from linktrack.actions.ledger.definitions import note_definition
from linktrack.actions.ledger.known import decided_later, last_decision
from linktrack.actions.ledger.retry_order import order_retries
from linktrack.actions.ledger.return_addresses import Led, lead_to, led_by_later
from linktrack.actions.ledger.rows import ChangeRow, MadeRow, SettledRow, settled_as
from linktrack.actions.ledger.runs import TAKEN, begin_taken, is_taken, set_status
from linktrack.actions.lost_runs.catalogue import LostCatalogue, TodaysLink
from linktrack.actions.lost_runs.made import Made
from linktrack.actions.lost_runs.reading import LostRun, click_in, number_in, types_that_make
from linktrack.actions.planned import MADE_KINDS, CrmChange, NumberedAction, stable_id
from linktrack.contacts.left import leave, mailing_types
from linktrack.contacts.recipients import recipient_for
from linktrack.contacts.types import same_type
from linktrack.contacts.words import say_again
from linktrack.errors import BadInput, Conflict
from linktrack.links.actions import ActionTable
from linktrack.links.stored_actions import read_action
from linktrack.store.forgotten import forgotten_among
from linktrack.store.lookups import mailing_called
from linktrack.store.session import Database


class _Shipment(NamedTuple):
    """A shipment that people know by its `id`. `is_later`: it was made since the restore. The lost workspace may have
    had another one with this id, so only a change that was made for its random `number` is of this one."""

    id: int
    number: int
    is_later: bool = False


class _KnownPlace(NamedTuple):
    """What a change is about, as the database knows it."""

    recipient_id: int
    key: str  # of the link, as the run knew it
    link: TodaysLink
    shipment: _Shipment
    click: tuple[int, int]  # time, print
    action: int


class RunTaking:
    """One run on its way into the ledger."""

    def __init__(self, database: Database, run: LostRun, catalogue: LostCatalogue) -> None:
        self.database, self.run, self.catalogue = database, run, catalogue
        self.run_id = 0
        self.types = mailing_types(database)
        self.is_forgotten = forgotten_among(database)
        self._people: dict[str, int] = {}
        self._links: dict[str, TodaysLink | None] = {}
        self._shipments: dict[tuple[int, str], _Shipment | None] = {}
        self._definitions: dict[tuple[int, int], int] = {}
        self._likely: dict[tuple[str, str, str], int] = {}
        self._settled: dict[tuple[int, str, str], SettledRow] = {}
        self._today: dict[tuple[int, int], ActionTable | None] = {}  # of actions, by link and number, as they are today
        self._later: dict[tuple[str, int], str] = {}  # by link and number: what a later action did
        self._missing: set[tuple[int, int]] = set()  # actions, by link and number
        self._lost_links: set[str] = set()

    def carry_out(self) -> tuple[int, int] | None:
        """Take it over in one transaction: (changes, of them unknown); None where it stands in the ledger already."""
        database, run = self.database, self.run
        if is_taken(database, run.summary):
            return None
        selecting.begin(database)
        with database.transaction(durable=True):
            self.run_id = begin_taken(database, run.number, run.ran_at, run.folder)
            self.additions = Additions(database, self.run_id)
            changes = unknown = 0
            for number, change in enumerate(run.changes(), 1):
                changes += 1
                try:
                    known = self._known(change)
                except ValueError as problem:
                    raise BadInput(str(problem), file=run.folder / "changes.ndjson", line=number) from None
                if known is None:
                    unknown += 1
                    continue
                self._keep(number, change, known)
            database.insert("spool_settled", SettledRow._fields, list(self._settled.values()))
            self.additions.flush()
            self.additions.store(run.summary, run.ran_at)
            order_retries(database)
            set_status(database, self.run_id, TAKEN)
            self._refuse_later_actions()
            self.catalogue.refuse_links(self._lost_links, run)
            self.catalogue.refuse_missing(self._missing, run)
            self._note_words()
            selecting.pass_as_lost_runs(database, run.passed())
        return changes, unknown

    def _note_words(self) -> None:
        """Note what people had said of mailings and of tracking when the run was made, but for the forgotten."""
        for word in self.run.words():
            if not self.is_forgotten(word.contact_id):
                say_again(self.database, self._person(word.contact_id), word.said, word.type, word.said_at)

    def _refuse_later_actions(self) -> None:
        """Conflict where changes come from actions that the workspace has never had, or has under other numbers: it
        would do all of it again."""
        if self._later:
            every = sorted(self._later.items())
            named = ", ".join(f"action {number} of {link} ({kind})" for (link, number), kind in every)
            raise Conflict(
                f"this run carried out what was added since the backup: {named}. Add each again first with linktrack "
                "action add, in the order of their numbers, so that nothing is done again: an action gets the next "
                "number of its link (add one and remove it for a number between them that none of them has). If "
                "another action has such a number by now, restore the backup once more and begin with these. What is "
                "not wanted is removed afterwards",
                file=self.run.folder,
            )

    def _known(self, change: CrmChange) -> _KnownPlace | None:
        """What a change is about; None where the database does not have it, or the person was forgotten. ValueError for
        no change of a run.

        What else is to be known of the person is noted in any case.
        """
        click = click_in(change)
        if self.is_forgotten(change.contact_id):
            return None
        link, shipment = self._link(change.link), self._shipment(change.shipment, change.mailing)
        if change.kind not in (*MADE_KINDS, "company-interest"):  # whose company is not said
            self._decide(change, click)
        action = 0 if link is None or shipment is None else self._action(change, link, shipment)
        if shipment is None or (shipment.is_later and not (action and change.kind in MADE_KINDS)):
            if change.kind in MADE_KINDS:
                self._keep_once(change, link, click)
            return None
        if link is None:
            self._lost_links |= {change.link} if change.kind in MADE_KINDS else set()
            return None
        if action and self.run.links is None and self._is_missing(link, action, change):
            self._later[change.link, action] = change.kind
        elif self.catalogue.is_missing(link.id, action):
            self._missing.add((link.id, action))
        return _KnownPlace(self._person(change.contact_id), change.link, link, shipment, click, action)

    def _action(self, change: CrmChange, link: TodaysLink, shipment: _Shipment) -> int:
        """The number of the action that made a change; 0 for one by hand, or of another shipment."""
        kind = change.link, change.kind, change.name
        lost = (self.run.links or {}).get(change.link)
        identity = change.link if lost is None else lost.identity
        action = number_in(change, identity, shipment.number, link.last_action, self._likely.get(kind, 0))
        self._likely[kind] = action
        return action

    def _is_missing(self, link: TodaysLink, number: int, change: CrmChange) -> bool:
        """Whether a link has another action under a number, or never had one: as far as that can be told, where a run
        does not say its actions. An action that was removed is not missing."""
        if (link.id, number) not in self._today:
            sql = "SELECT type, settings FROM action WHERE link_id = ? AND number = ?"
            row = self.database.row(sql, (link.id, number))
            self._today[link.id, number] = None if row is None else read_action(*row).table
        there = self._today[link.id, number]
        if there is None:
            return number > link.last_action
        other = change.kind == "script" and number > link.backed_up_action and there["script"] != change.name
        return other or there["type"] not in types_that_make(change.kind)

    def _keep_once(self, change: CrmChange, link: TodaysLink | None, click: tuple[int, int]) -> None:
        """Note that a person has got from a link what is made once, though by a mailing that the database lacks. The
        files do not say by which action, so it counts for all of the link's actions of that kind."""
        then = self.catalogue.once(self.run, change.link, change.kind, change.name)
        if link is None:
            self._lost_links |= {change.link} if then else set()
            return
        self._missing |= {(link.id, number) for number in then if self.catalogue.is_missing(link.id, number)}
        for number, settings in self.database.rows(
            "SELECT number, settings FROM action WHERE link_id = ? AND type = ?", (link.id, change.kind)
        ):
            action = NumberedAction(read_action(change.kind, settings), number, 0)
            if action.repeat == "once":
                known = _KnownPlace(self._person(change.contact_id), change.link, link, _Shipment(0, 0), click, number)
                row = self._row(0, change, known, Made())
                self._keep_made(row._replace(id=stable_id(change.id, number)), Made())

    def _person(self, contact_id: str) -> int:
        """The number of a contact; one who got their first mail after the backup is known from now on."""
        if contact_id not in self._people:
            self._people[contact_id] = recipient_for(self.database, contact_id)
        return self._people[contact_id]

    def _link(self, key: str) -> TodaysLink | None:
        if key not in self._links:
            self._links[key] = self.catalogue.link_of(self.run, key)
        return self._links[key]

    def _shipment(self, shipment_id: int, mailing: str) -> _Shipment | None:
        """The shipment that people knew by this number: one of the backup, whatever its mailing is called."""
        if (shipment_id, mailing) not in self._shipments:
            row = self.database.row(
                "SELECT s.id, s.number, s.created_at >= w.restored_at FROM shipment s JOIN workspace w ON 1 = 1 "
                "JOIN mailing m ON m.id = s.mailing_id WHERE s.id = ? AND (m.name = ? OR s.created_at < w.restored_at)",
                (shipment_id, mailing),
            )
            self._shipments[shipment_id, mailing] = None if row is None else _Shipment(*row)
        return self._shipments[shipment_id, mailing]

    def _keep(self, number: int, change: CrmChange, known: _KnownPlace) -> None:
        """Put a change and what it made aside for the ledger."""
        made = self.run.made.get(change.id, Made()) if change.kind in MADE_KINDS else Made()
        row = self._row(number, change, known, made)
        self.additions.add_change(row)
        if change.kind in MADE_KINDS:
            self._keep_made(row, made)

    def _row(self, number: int, change: CrmChange, known: _KnownPlace, made: Made) -> ChangeRow:
        definition = self._definition(known, change.kind)
        return ChangeRow(
            self.run_id, number, known.recipient_id, change.id, *known.click, known.link.id, known.shipment.id,
            known.action, change.kind, change.name, change.operation, change.old, change.new, definition,
            made.status, made.message, self.run.ran_at,
        )  # fmt: skip

    def _keep_made(self, change: ChangeRow, made: Made) -> None:
        row = MadeRow(
            change.recipient_id, change.id, self.run_id, change.clicked_at, change.click_print, change.link_id,
            change.shipment_id, change.kind, change.name, change.action, change.definition_id, made.owner,
            made.start_at, made.end_at, made.status, made.exit_code, made.return_url, "{}", made.message,
            self.run.ran_at,
        )  # fmt: skip
        # A script that had been started when the backup was taken stands there already, as interrupted.
        self.additions.replace_made(row)
        if made.return_url and not led_by_later(self.database, row):
            led = Led(row.link_id, row.recipient_id, row.shipment_id, made.return_url, row.id)
            lead_to(self.database, [led])

    def _decide(self, change: CrmChange, click: tuple[int, int]) -> None:
        """Note what a click has decided, unless a later click has, or a later run because of the same click. Where the
        run does not say who had left, a person who lost the interest named like a type of mailing has left that type,
        also one of a mailing that was added after the backup."""
        recipient_id = self._person(change.contact_id)
        value = change.new if change.operation == "set" else "yes" if change.operation == "add" else ""
        key = recipient_id, change.kind, settled_as(change.kind, change.name)
        before = last_decision(self.database, *key)
        if (
            before is None
            or before < click
            or (before == click and not decided_later(self.database, self.run_id, key, click))
        ):
            self._settled[key] = SettledRow(*key, *click, value)
        if not self.run.tells_words and change.kind == "interest" and change.operation == "remove":
            types = {same_type(type) for type in self.types}
            if same_type(change.name) in types or mailing_called(self.database, change.mailing) is None:
                leave(self.database, recipient_id, change.name, "action", click[0])

    def _definition(self, known: _KnownPlace, kind: str) -> int:
        """The ledger's number of the action as the run has found it; where that is not said, as it is today."""
        key = known.link.id, known.action
        if key not in self._definitions:
            database = self.database
            row = database.row("SELECT type, settings FROM action WHERE link_id = ? AND number = ?", key)
            lost = (self.run.links or {}).get(known.key)
            table = None if lost is None else lost.actions.get(known.action)
            table = table or ({"type": kind} if row is None else read_action(*row).table)
            self._definitions[key] = note_definition(database, self.run_id, *key, table)
        return self._definitions[key]
