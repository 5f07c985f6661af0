"""Handing out: a stored shipment's mails written in the order of the contacts; after the last one it is finished."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from linktrack.errors import BadInput, Conflict, LinktrackError, UsageError
from linktrack.files.disk_folders import check_new_folder, making_folder
from linktrack.files.protected import Protected
from linktrack.files.reading import sentence_of
from linktrack.links.tokens import Tokens
from linktrack.mail_senders import sender
from linktrack.mailings.outputs.html import html_maker
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.mime import Message
from linktrack.mailings.outputs.ndjson import ndjson_maker
from linktrack.mailings.outputs.output_folder import new_file, write_mails, write_stream
from linktrack.mailings.outputs.template import write_template
from linktrack.mailings.progress import Advance
from linktrack.mailings.shipment_states import finish_shipment
from linktrack.mailings.shipments import (
    WITH_HEADER,
    Recipient,
    Shipment,
    ShipmentSettings,
    got_it_elsewhere,
    recipients_of,
)
from linktrack.moments import Clock
from linktrack.store.lock_waits import Tell
from linktrack.store.session import Database

STREAMS = ("ndjson", "mbox")  # outputs that are one stream and can go to stdout
_STEP = 100  # mails between two reports of progress

Out = Path | BinaryIO  # a new folder, or a stream
Make = Callable[[Recipient], list[bytes]]  # a recipient's mail


class CutShort(Conflict):
    """A shipment's mails were not all handed out; of a stream, `rows` were. What stopped it decides the exit code."""

    def __init__(self, shipment: Shipment, rows: int | None, reason: LinktrackError, ways: str) -> None:
        self.shipment = shipment
        self.rows = rows
        self.exit_code = reason.exit_code
        counted = "" if rows is None else f" after {rows:,} of {shipment.recipients:,} rows"
        super().__init__(f"its mails were cut short{counted} ({reason}). {ways}")


def ways_on(database: Database, shipment: Shipment) -> str:
    """What to do about a shipment whose mails were not all handed out."""
    number = shipment.id
    write = f"linktrack shipment render {number} --out DIR"
    if shipment.state != "unfinished":
        return f"{write} writes them all again."
    cancel = f"linktrack shipment cancel {number}"
    restore = f"linktrack shipment restore {number}"
    got = 0
    if not shipment.test:
        with suppress(LinktrackError):  # the database may be what has stopped them
            got = got_it_elsewhere(database, shipment, since=True)
    if got:
        return (
            f"Shipment {number} is unfinished and counts in no figure, and {got:,} of its recipients "
            f"{'has' if got == 1 else 'have'} got the mailing by another one: {cancel} says that its mails were not "
            f"sent, {restore} --again that they were all the same, {write} --again writes them all."
        )
    return (
        f"Shipment {number} is unfinished and counts in no figure: {write} writes them all, {restore} says that they "
        f"were sent after all, {cancel} that they were not."
    )


def check_out(settings: ShipmentSettings, out: Out, protected: Protected) -> None:
    """What can be known before anything is stored: that e-mails have a sender, and that there is a place for them."""
    if settings.fill and (settings.keep_merge_tags or settings.output == "template"):
        other = "--as template" if settings.output == "template" else "--keep-merge-tags"
        raise UsageError(f"--fill and {other} do not go together: say who fills the merge tags")
    if settings.person_merge_tag and settings.person_merge_tag == settings.merge_tag:
        raise UsageError(
            "--merge-tag and --person-merge-tag are the same: unsubscribing needs the recipient's own token, and those "
            "who refused tracking share the other"
        )
    if settings.output in WITH_HEADER:
        if not settings.sender:
            raise BadInput(
                "e-mails need a sender: add --from 'Anna <anna@example.com>', or write from = \"…\" under [sender] in "
                "linktrack.toml"
            )
        sender(settings.sender)
    if isinstance(out, Path):
        check_new_folder(out, protected)
    elif settings.output not in STREAMS:
        raise UsageError(f"--as {settings.output} makes several files: name a folder with --out DIR")


class HandedOut(NamedTuple):
    """What was written: how many files, the mails of how many recipients, and how many of these refused tracking."""

    files: int
    recipients: int
    uncounted: int


@dataclass(frozen=True)
class Copies:
    """What a shipment's mails are made from: `own` for whoever may be tracked, `uncounted` for who refused."""

    own: Mail
    uncounted: Mail | None = None


def hand_out(
    database: Database,
    copies: Copies,
    shipment: Shipment,
    tokens: Tokens,
    out: Out,
    protected: Protected,
    clock: Clock,
    tell: Tell,
    progress: Advance,
) -> HandedOut:
    """Write a stored shipment's mails in the order of the contacts, and finish it. `shipment.recipients` are those that
    are left of it: who was forgotten since gets none.

    A folder appears under its name only when it is complete. CutShort when it does not come to that.
    """
    handed = _Handed(shipment, progress)
    is_stream = not isinstance(out, Path)
    try:
        with closing(recipients_of(database, shipment, tokens)) as people:
            files = _write(copies, shipment, handed.looked_at(people), out, protected, handed)
        handed.report()
        if shipment.finished_at is None:
            finish_shipment(database, shipment.id, clock())
    except KeyboardInterrupt:
        tell(ways_on(database, shipment))
        raise
    except (OSError, LinktrackError) as problem:
        reason = problem if isinstance(problem, LinktrackError) else _reason(problem)
        rows = handed.count if is_stream else None
        raise CutShort(shipment, rows, reason, ways_on(database, shipment)) from None
    return HandedOut(files, handed.count, handed.uncounted)


def _write(
    copies: Copies, shipment: Shipment, people: Iterable[Recipient], out: Out, protected: Protected, handed: _Handed
) -> int:
    output = shipment.settings.output
    if not isinstance(out, Path):
        handed.count_all(write_stream(out, map(_maker(copies, shipment), people)))
        return 0
    with making_folder(out, protected) as folder:
        if output == "template":
            write_template(folder, copies.own, shipment.settings, handed.watched(people))
        elif output in STREAMS:
            name = "recipients.ndjson" if output == "ndjson" else "mailing.mbox"
            with os.fdopen(new_file(folder / name), "wb", buffering=0) as file:
                handed.count_all(write_stream(file, map(_maker(copies, shipment), people)))
        else:
            make = _maker(copies, shipment)
            handed.count_all(write_mails(folder, f".{output}", ((row.contact_id, make(row)) for row in people)))
        return handed.count if output in ("html", "eml") else len(list(folder.iterdir()))


def _maker(copies: Copies, shipment: Shipment) -> Make:
    """What makes a recipient's mail, as buffers for one gathering write."""
    own = _maker_of(copies.own, shipment)
    if copies.uncounted is None:
        return own
    other = _maker_of(copies.uncounted, shipment)
    return lambda row: other(row) if row.shared_token else own(row)


def _maker_of(mail: Mail, shipment: Shipment) -> Make:
    match shipment.settings.output:
        case "html":
            return html_maker(mail)
        case "ndjson":
            return ndjson_maker(mail)
        case "eml":
            return Message(mail, shipment).buffers
    return Message(mail, shipment).mbox_buffers


class _Handed:
    """How many mails were handed to the system; progress is reported every `_STEP` of them."""

    def __init__(self, shipment: Shipment, progress: Advance) -> None:
        self._total, self._progress = shipment.recipients, progress
        self.count = self.uncounted = self._reported = 0

    def add(self, more: int) -> None:
        self.count += more
        if self.count - self._reported >= _STEP:
            self.report()

    def count_all(self, written: Iterable[None]) -> None:
        """Count the mails as they are written."""
        for _ in written:
            self.add(1)

    def report(self) -> None:
        self._progress("Mails", self.count - self._reported, self._total)
        self._reported = self.count

    def looked_at(self, people: Iterable[Recipient]) -> Iterator[Recipient]:
        for row in people:
            self.uncounted += bool(row.shared_token)
            yield row

    def watched(self, people: Iterable[Recipient]) -> Iterator[Recipient]:
        for row in people:
            yield row
            self.add(1)


def _reason(problem: OSError) -> LinktrackError:
    if problem.errno == errno.EPIPE:
        return Conflict("whoever read them has gone")
    return sentence_of(problem)
