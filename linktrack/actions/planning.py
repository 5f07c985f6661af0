"""The planner: open clicks in the order of time become changes, each decided by what the clicks before it left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from linktrack.actions.kinds import PLANS
from linktrack.actions.kinds import script as script_kind
from linktrack.actions.planned import (
    MADE_KINDS,
    Clicked,
    Decision,
    Placed,
    Thing,
    made_before,
    made_id,
    stable_id,
)
from linktrack.actions.scripts import Found
from linktrack.actions.work import Work
from linktrack.links.actions import ScriptAction
from linktrack.links.placeholders import fill
from linktrack.moments import iso

Row = dict[str, Any]  # a change as `changes.ndjson` shows it
Delivered = tuple[Row, tuple[str, dict[str, Any]] | None]  # a change; the file and further cells of what was made
MAX_NOTES = 100


class Planner:
    """One walk over the open clicks. Afterwards `by_kind`, `unknown` and `notes` say what was found."""

    def __init__(self, work: Work, scripts: Found, run_id: int | None) -> None:
        """Without `run_id` the walk is a rehearsal, and no rows are kept aside for the ledger."""
        self.ledger, self.actions, self.state, self.desk = work.ledger, work.actions, work.state, work.desk
        self.by_hand = work.order.by_hand is not None
        self.zone = ZoneInfo(work.workspace.settings.actions.time_zone)
        self.now, self.scripts, self.run_id = work.order.now, scripts, run_id
        self.settled = self.ledger.settled()
        self.made = made_before(self.ledger.made(), self.actions, self.ledger.links)
        self.by_kind: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.notes: list[str] = []
        self.handled = 0
        self.failed = 0
        self.contacts: set[str] = set()
        self.number = 0

    def counts(self) -> dict[str, int]:
        return {
            "clicks": self.handled,
            "contacts": len(self.contacts),
            "failed": self.failed,
            "unknown_contacts": len(self.unknown),
        }

    def new_names(self, kind: str) -> list[str]:
        """Selections or projects that the export lists nobody in, so that the CRM is going to make them."""
        if kind not in self.state.listed:
            return []
        added = {name for name, _, change in self.state.net_members(kind) if change == "add"}
        return sorted(added - self.state.known_names.get(kind, set()))

    def changes(self) -> Iterator[Delivered]:
        """Every change in order, with the file and the further cells of what was made."""
        for click, retried in self.ledger.clicks():
            if click.contact_id not in self.state.people:
                if not retried:
                    self.unknown[click.contact_id] += 1
                continue
            if not retried:
                self.handled += 1
                self.contacts.add(click.contact_id)
                if not self.by_hand:
                    self._keep("spool_handled", (click.id, self.run_id))
            for placed in self.actions.get(click.link.id, ()):
                if retried and placed.definition.type != "script":
                    continue
                yield from self._act(click, placed)

    def _act(self, click: Clicked, placed: Placed) -> Iterator[Delivered]:
        kind = placed.definition.type
        identifier = ""
        if kind in MADE_KINDS:
            identifier = made_id(placed, click)
            if isinstance(placed.definition, ScriptAction):
                yield from self._script(click, placed, placed.definition.script, identifier)
                return
            if identifier in self.made:
                return
            self.made.add(identifier)
        try:
            plan = PLANS[kind](
                placed.definition,
                lambda text: fill(text, lambda name: self._value(click, name)),
                lambda name: self.state.value(click.contact_id, name),
                self.desk,
            )
            for wanted in plan:
                if isinstance(wanted, Decision):
                    yield from self._decide(click, placed, wanted)
                else:
                    yield self._make(click, placed, identifier, wanted)
        except ValueError as problem:
            self._note(click, str(problem))

    def _decide(self, click: Clicked, placed: Placed, wanted: Decision) -> Iterator[Delivered]:
        recipient, name = click.recipient_id, wanted.name
        if wanted.kind == "company-interest":  # a company is decided on by all its people
            company = self.state.people[click.contact_id].cells.get("company", "")
            recipient, name = 0, f"{company}\x1f{name}"
        at = self.now if self.by_hand else click.at
        if self.settled.get((recipient, wanted.kind, name), (-1, -1)) > (at, click.id):
            return  # this click came late: a later one has been handled already
        try:
            changed = self.state.apply(click.contact_id, wanted)
        except LookupError as problem:
            self._note(click, str(problem.args[0]))
            return
        self._keep("spool_settled", (recipient, wanted.kind, name, at, click.id, wanted.value))
        if changed is not None:
            place = (placed.definition.type, placed.number, wanted.kind, wanted.name, wanted.operation)
            identifier = stable_id(at, click.identity, click.link.key, *place)
            row = self._row(click, identifier, wanted.kind, wanted.name, wanted.operation, *changed)
            yield self._count(click, placed, row, "ok"), None

    def _make(self, click: Clicked, placed: Placed, identifier: str, thing: Thing) -> Delivered:
        kind = placed.definition.type
        row = self._row(click, identifier, kind, thing.name, "make", "", thing.text)
        times = (thing.start_at, thing.end_at)
        what = (click.id, click.link.id, click.shipment.id, click.recipient_id, kind, placed.number, thing.owner)
        self._keep("spool_made", (identifier, self.run_id, *what, *times, "ok", None, "", "{}", "", self.now))
        self._count(click, placed, row, "ok")
        return row, (f"{kind}s.csv", dict(thing.row))

    def _script(self, click: Clicked, placed: Placed, script: str, identifier: str) -> Iterator[Delivered]:
        click_id, result = self.scripts.get(identifier, (0, None))
        if click_id != click.id:
            return
        status = "planned" if result is None else result.status
        row = self._row(click, identifier, "script", script, "run", "", status)
        self.by_kind["script"] += 1  # the ledger has it since the script was started
        self._keep("spool_reported", (identifier,))
        if result is None:
            yield row, None
            return
        self.failed += result.status != "ok"
        cells = {
            "script": script,
            "status": result.status,
            "exit_code": result.exit_code,
            "return_url": result.return_url,
            "message": result.message,
        }
        yield row, ("scripts.ndjson", cells)
        if result.status == "ok":
            try:
                for decision in script_kind.plan(result, self.desk):
                    yield from self._decide(click, placed, decision)
            except ValueError as problem:
                self._note(click, f"the script {script}: {problem}")

    def _row(self, click: Clicked, identifier: str, kind: str, name: str, operation: str, old: str, new: str) -> Row:
        return {
            "id": identifier,
            "kind": kind,
            "contact_id": click.contact_id,
            "name": name,
            "operation": operation,
            "old": old,
            "new": new,
            "link": click.link.key,
            "mailing": click.shipment.mailing,
            "shipment": click.shipment.id,
            "click": click.id,
            "clicked_at": iso(click.at),
        }

    def _count(self, click: Clicked, placed: Placed, row: Row, status: str) -> Row:
        self.by_kind[row["kind"]] += 1
        self.number += 1
        where = (click.id, click.link.id, click.shipment.id, click.recipient_id, click.at)
        what = (row["kind"], row["name"], row["operation"], row["old"], row["new"])
        after = (placed.definition_id, status, self.now)
        self._keep("spool_change", (self.number, row["id"], self.run_id, *where, *what, *after))
        return row

    def _keep(self, table: str, row: tuple[Any, ...]) -> None:
        """Keep a row aside for the ledger, unless this is a rehearsal."""
        if self.run_id is not None:
            self.ledger.add(table, row)

    def _value(self, click: Clicked, name: str) -> str:
        group, _, what = name.partition(".")
        if group == "contact":
            return self.state.value(click.contact_id, what)
        if group == "link":
            return str(getattr(click.link, what))
        if group == "company":
            return self.state.company(click.contact_id, what)
        if group == "mailing":
            return str({"name": click.shipment.mailing}.get(what) or getattr(click.shipment, what))
        moment = datetime.fromtimestamp(click.at / 1000, self.zone).isoformat(timespec="seconds")
        values = {"at": moment, "date": moment[:10], "time": moment[11:16], "placement": click.placement}
        return values.get(what, str(click.shipment.id))

    def _note(self, click: Clicked, problem: str) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(f"link {click.link.key!r}, contact {click.contact_id!r}: {problem}")
