"""What a walk over the clicks notes as it goes: rows for the ledger, counts, and the failures that stand open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo

from linktrack.actions.ledger.rows import Book, ChangeRow, ClosedRow, Failure, MadeRow
from linktrack.actions.planned import Clicked, CrmChange, NumberedAction, ScriptResult, Thing
from linktrack.click_names import click_name
from linktrack.errors import CannotChange
from linktrack.moments import iso

MAX_SENTENCES = 100  # of failures that are kept to be said


class Notes:
    """Counts and rows of one walk. `now` is its time (UTC milliseconds), `zone` the one that its changes' times are in,
    `open_failures` what failed before and is not done yet; without a `book` no rows are kept aside for the ledger."""

    def __init__(
        self, now: int, zone: tzinfo, open_failures: dict[tuple[int, str], Failure], book: Book | None
    ) -> None:
        self.now, self.zone, self.open_failures, self.book = now, zone, open_failures, book
        self.by_kind: Counter[str] = Counter()
        self.sentences: list[str] = []  # of the first failures
        self.failed = self.interrupted = self.number = 0
        # A click with its name and time in words, which all its changes have.
        self.shown: tuple[Clicked | None, str, str] = (None, "", "")

    def change(
        self, click: Clicked, identifier: str, kind: str, name: str, operation: str, old: str, new: str
    ) -> CrmChange:
        """A change as its files and the ledger have it."""
        if self.shown[0] is not click:
            self.shown = click, click_name(click.at, click.print), iso(click.at, self.zone)
        _, named, moment = self.shown
        link, sent = click.link.key, click.shipment
        return CrmChange(
            identifier, kind, click.contact_id, name, operation, old, new, link, sent.mailing, sent.id, named, moment
        )

    def fail(self, click: Clicked, action: NumberedAction, row: CrmChange, problem: CannotChange) -> None:
        """Keep aside that something could not be carried out, and why."""
        reason = str(problem)
        self.attempt(click.recipient_id, row.id)
        self.say_failed(click, reason)
        self._add(click, action, row, "failed", reason)

    def say_failed(self, click: Clicked, reason: str) -> None:
        """Count a failure, and keep a sentence about it for the report."""
        self.failed += 1
        if len(self.sentences) < MAX_SENTENCES:
            self.sentences.append(f"link {click.link.key!r}, contact {click.contact_id!r}: {reason}")

    def count(
        self, click: Clicked, action: NumberedAction, row: CrmChange, status: str = "ok", message: str = ""
    ) -> CrmChange:
        """Keep a change aside that did something. Returns the change."""
        self.by_kind[row.kind] += 1
        self._add(click, action, row, status, message)
        return row

    def _add(self, click: Clicked, action: NumberedAction, row: CrmChange, status: str, message: str) -> None:
        self.number += 1
        if self.book is not None:
            self.book.add(
                "spool_change",
                ChangeRow._make((
                    self.book.run_id, self.number, click.recipient_id, row.id, click.at, click.print, click.link.id,
                    click.shipment.id, action.number, row.kind, row.name, row.operation, row.old, row.new,
                    action.definition_id, status, message, self.now,
                )),
            )  # fmt: skip

    def attempt(self, recipient_id: int, identifier: str) -> None:
        """What failed before under this id has been tried again, and stands open no more."""
        if self.open_failures:
            failure = self.open_failures.pop((recipient_id, identifier), None)
            if failure is not None:
                self._keep("spool_attempted", failure)

    def close(self, recipient_id: int, identifier: str, why: str) -> None:
        """What failed before under this id will never be done: it stays in the ledger, and stands open no more."""
        failure = self.open_failures.pop((recipient_id, identifier), None) if self.open_failures else None
        if failure is not None:
            self._keep("spool_closed", ClosedRow(*failure[:4], why))

    def make(self, click: Clicked, action: NumberedAction, identifier: str, thing: Thing) -> CrmChange:
        """Keep aside that something exists because of a click. Returns the change."""
        kind = action.definition.type
        row = self.change(click, identifier, kind, thing.name, "make", "", thing.text)
        self._keep(
            "spool_made",
            MadeRow(
                click.recipient_id,
                identifier,
                self.book.run_id if self.book else 0,
                click.at,
                click.print,
                click.link.id,
                click.shipment.id,
                kind,
                thing.name,
                action.number,
                action.definition_id,
                thing.owner,
                thing.start_at,
                thing.end_at,
                "ok",
                exit_code=None,
                return_url="",
                fields="{}",
                message="",
                ran_at=self.now,
            ),
        )
        return self.count(click, action, row)

    def report(self, click: Clicked, action: NumberedAction, row: CrmChange, script: str, result: ScriptResult) -> None:
        """Keep aside what a script has answered."""
        self._keep("spool_reported", (click.recipient_id, row.id))
        self.attempt(click.recipient_id, row.id)
        if result.status != "ok":
            self.say_failed(click, f"the script {script}: {result.message or result.status}")
            self.interrupted += result.status == "interrupted"
        self.count(click, action, row, result.status, result.message)

    def _keep(self, table: str, row: Sequence[object]) -> None:
        """Keep a row aside for the ledger, unless this is a rehearsal."""
        if self.book is not None:
            self.book.add(table, row)
