"""What a walk over the clicks notes as it goes: what was done, counts, and the failures that stand open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from linktrack.actions.done import Done
from linktrack.actions.ledger.rows import Book, ClosedRow, Failure
from linktrack.actions.planned import Clicked, FoundScript, NumberedAction, RowCells, ScriptResult, Thing
from linktrack.errors import CannotChange

MAX_SENTENCES = 100  # of failures that are kept to be said


class Notes:
    """Counts of one walk, and what was `done` since somebody took it. `open_failures` are what failed before and is not
    done yet; without a `book` no rows are kept aside for the ledger."""

    def __init__(self, open_failures: dict[tuple[int, str], Failure], book: Book | None) -> None:
        self.open_failures, self.book = open_failures, book
        self.done: list[Done] = []
        self.by_kind: Counter[str] = Counter()
        self.sentences: list[str] = []  # of the first failures
        self.failed = self.interrupted = 0

    def taken(self) -> list[Done]:
        """What was done since this was asked last, which is counted but for what failed."""
        done, self.done = self.done, []
        self.by_kind.update([one.kind for one in done if one.status != "failed" or one.cells])  # see `Done.is_told`
        return done

    def fail(self, done: Done, problem: CannotChange) -> None:
        """Note what could not be carried out, and why."""
        reason = str(problem)
        self.attempt(done.click.recipient_id, done.id)
        self.say_failed(done.click, reason)
        self.done.append(done._replace(status="failed", message=reason))

    def say_failed(self, click: Clicked, reason: str) -> None:
        """Count a failure, and keep a sentence about it for the report."""
        self.failed += 1
        if len(self.sentences) < MAX_SENTENCES:
            self.sentences.append(f"link {click.link.key!r}, contact {click.contact_id!r}: {reason}")

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

    def make(self, click: Clicked, action: NumberedAction, identifier: str, thing: Thing, cells: RowCells) -> None:
        """Note that something exists because of a click, with the cells of its row."""
        name, text, _, _, _, _ = thing
        done = click, action, identifier, action.kind, name, "make", "", text, "ok", "", thing, cells
        self.done.append(tuple.__new__(Done, done))  # which is thrice as fast as Done(…)

    def report(
        self, click: Clicked, action: NumberedAction, script: str, found: FoundScript, result: ScriptResult
    ) -> None:
        """Note what a script has answered."""
        identifier = found.id
        if found.is_left_over:
            self._keep("spool_reported", (click.recipient_id, identifier))
        self.attempt(click.recipient_id, identifier)
        status, message = result.status, result.message
        if status != "ok":
            self.say_failed(click, f"the script {script}: {message or status}")
            self.interrupted += status == "interrupted"
        cells = {
            "script": script,
            "status": status,
            "exit_code": result.exit_code,
            "return_url": result.return_url,
            "message": message,
        }
        done = Done(click, action, identifier, "script", script, "run", "", status, status, message, cells=cells)
        self.done.append(done)

    def _keep(self, table: str, row: Sequence[object]) -> None:
        """Keep a row aside for the ledger, unless this is a rehearsal."""
        if self.book is not None:
            self.book.add(table, row)
