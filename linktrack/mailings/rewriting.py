"""Rewriting: a mailing's copies for the contacts of a file, stored as a shipment and handed out; and handed out again.

`rewrite` and `render_again` are the doors. A shipment is stored as unfinished before its first mail can be seen and
finished after its last, so whatever stops the job in between leaves nothing in the figures.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from linktrack.contacts.choosing import Choosing, Part, read_contact_ids
from linktrack.contacts.left import Absences
from linktrack.crm.export import BadRow, Contact, read_contacts
from linktrack.crm.mapping import Mapping, mapping_of
from linktrack.errors import BadInput, Conflict, LinktrackError, UsageError
from linktrack.files import Kept, check_new_folder, making_folder, sentence_of
from linktrack.links.keys import open_keys
from linktrack.links.tokens import Tokens
from linktrack.mailings.catalog import find_mailing
from linktrack.mailings.compile import Mail
from linktrack.mailings.outputs.headers import reachable, sender
from linktrack.mailings.outputs.html import html_files
from linktrack.mailings.outputs.mime import Message
from linktrack.mailings.outputs.ndjson import ndjson_rows
from linktrack.mailings.outputs.output_folder import new_file, write_mails, write_stream
from linktrack.mailings.outputs.template import write_template
from linktrack.mailings.placements import place_late_keys
from linktrack.mailings.preparing import compile_mail
from linktrack.mailings.shipments import (
    MERGE_TAG,
    WITH_HEADER,
    Recipient,
    Shipment,
    ShipmentSettings,
    find_shipment,
    finish_shipment,
    make_shipment,
    recipients_of,
    shared_addresses,
    unfinished_shipments,
)
from linktrack.moments import iso, now
from linktrack.store.session import Database, Tell, in_silence
from linktrack.workspace import Workspace

STREAMS = ("ndjson", "mbox")  # outputs that are one stream and can go to stdout
_STEP = 100  # mails between two reports of progress
_NAMED = 5  # addresses in a sentence

Out = Path | BinaryIO  # a new folder, or a stream
Clock = Callable[[], int]  # the time, UTC milliseconds
Progress = Callable[[str, int, int | None], None]  # what passes, how many more did, of how many


def unseen(what: str, more: int, total: int | None) -> None:
    """The `progress` of who does not look."""


@dataclass(frozen=True)
class RewriteOrder:
    """What `rewrite` is asked for. Times are UTC milliseconds; `sender` "" is the workspace's own."""

    mailing: str
    contacts: Path
    sent_at: int
    output: str = "html"
    merge_tag: str = ""
    sender: str = ""
    honeypot: bool = False
    test: bool = False
    again: bool = False  # also to those who got it already
    only: Path | None = None
    leave_out: Path | None = None
    part: Part | None = None


@dataclass(frozen=True)
class Rewritten:
    """What was handed out. The rows of the contacts file are recipients, `rejected`, `left` (the mailing's type) and
    `not_chosen`; `notes` are sentences."""

    shipment: Shipment
    placements: int
    files: int
    rejected: tuple[BadRow, ...] = ()
    left: int = 0
    not_chosen: int = 0
    notes: tuple[str, ...] = ()


class CutShort(Conflict):
    """A shipment's mails were not all handed out; of a stream, `rows` were. What stopped it decides the exit code."""

    def __init__(self, shipment: Shipment, rows: int | None, reason: LinktrackError) -> None:
        self.shipment = shipment
        self.rows = rows
        self.exit_code = reason.exit_code
        counted = "" if rows is None else f" after {rows:,} of {shipment.recipients:,} rows"
        super().__init__(f"its mails were cut short{counted} ({reason}). {ways_on(shipment)}")


def ways_on(shipment: Shipment) -> str:
    """What to do about a shipment whose mails were not all handed out."""
    number = shipment.id
    again = f"linktrack shipment render {number} --out DIR writes them all"
    if shipment.state != "unfinished":
        return f"{again} again."
    return (
        f"Shipment {number} is unfinished and counts in no figure: {again}, linktrack shipment restore {number} says "
        f"that they were sent after all, linktrack shipment cancel {number} that they were not."
    )


def rewrite(
    workspace: Workspace,
    database: Database,
    order: RewriteOrder,
    out: Out,
    *,
    kept: Kept,
    clock: Clock = now,
    tell: Tell = in_silence,
    progress: Progress = unseen,
) -> Rewritten:
    """Store a shipment of a mailing to the contacts of a file, and hand its mails out.

    `tell` hears of earlier shipments that are unfinished. UnknownName, BadInput, Conflict with the way out, and then
    nothing is stored; CutShort when the shipment is stored and its mails were not all handed out.
    """
    tokens = open_keys(workspace, database).tokens
    settings = ShipmentSettings(
        base_url=workspace.settings.base_url,
        output=order.output,
        key_id=tokens.keyring.signing_id,
        honeypot=order.honeypot,
        merge_tag=(order.merge_tag or MERGE_TAG) if order.output == "template" else "",
        sender=order.sender or workspace.settings.sender.from_,
    )
    _check_out(settings, out, kept)
    _tell_of_unfinished(workspace, database, tell)
    moment = clock()
    mailing = find_mailing(database, order.mailing)
    place_late_keys(database, mailing, settings.base_url)
    mail = compile_mail(database, mailing, settings)
    mapping = mapping_of(workspace)
    audience = _Audience(database, order, mapping, mailing.type, _choosing(order, mapping, tokens), moment)
    shipment = make_shipment(
        database,
        mailing,
        audience,
        mapping,
        settings,
        sent_at=order.sent_at,
        test=order.test,
        again=order.again,
        moment=moment,
        progress=lambda more: progress("Recipients", more, None),
    )
    files = _hand_out(database, mail, shipment, tokens, out, kept, clock, tell, progress)
    return Rewritten(
        find_shipment(database, shipment.id),
        mail.placements,
        files,
        tuple(audience.rejected),
        audience.left,
        audience.not_chosen,
        tuple(_notes(database, shipment, audience)),
    )


def render_again(
    workspace: Workspace,
    database: Database,
    number: int,
    out: Out,
    *,
    output: str | None = None,
    sender: str = "",
    kept: Kept,
    clock: Clock = now,
    tell: Tell = in_silence,
    progress: Progress = unseen,
) -> Rewritten:
    """Hand a stored shipment's mails out once more: the same bytes with the same tokens, unless another output or
    sender is asked for. An unfinished one is finished by it. Errors as `rewrite`."""
    stored = find_shipment(database, number)
    tokens = open_keys(workspace, database).tokens
    settings = replace(
        stored.settings,
        output=output or stored.settings.output,
        sender=sender or stored.settings.sender or workspace.settings.sender.from_,
    )
    if settings.output == "template" and not settings.merge_tag:
        settings = replace(settings, merge_tag=MERGE_TAG)
    _check_out(settings, out, kept)
    mail = compile_mail(database, find_mailing(database, stored.mailing), settings)
    shipment = replace(stored, settings=settings)
    files = _hand_out(database, mail, shipment, tokens, out, kept, clock, tell, progress)
    return Rewritten(find_shipment(database, number), mail.placements, files)


def _check_out(settings: ShipmentSettings, out: Out, kept: Kept) -> None:
    """What can be known before anything is stored: that e-mails have a sender, and that there is a place for them."""
    if settings.output in WITH_HEADER:
        if not settings.sender:
            raise BadInput(
                "e-mails need a sender: add --from 'Anna <anna@example.com>', or write from = \"…\" under [sender] in "
                "linktrack.toml"
            )
        sender(settings.sender)
    if isinstance(out, Path):
        check_new_folder(out, kept)
    elif settings.output not in STREAMS:
        raise UsageError(f"--as {settings.output} makes several files: name a folder with --out DIR")


def _tell_of_unfinished(workspace: Workspace, database: Database, tell: Tell) -> None:
    for shipment in unfinished_shipments(database):
        when = iso(shipment.created_at, workspace.zone)
        tell(
            f"Shipment {shipment.id} of {shipment.mailing} to {shipment.recipients:,} recipients, made at {when}, was "
            f"not handed out to the end, unless another command is at it just now. {ways_on(shipment)}"
        )


def _choosing(order: RewriteOrder, mapping: Mapping, tokens: Tokens) -> Choosing:
    return Choosing(
        tokens.workspace_id,
        None if order.only is None else read_contact_ids(order.only, mapping),
        frozenset() if order.leave_out is None else read_contact_ids(order.leave_out, mapping),
        order.part,
    )


class _Audience:
    """The contacts of a file that a mailing goes to, in the file's order; what becomes of the others is counted.

    Consumed once, in the transaction that stores the shipment: what the file shows of those who have left is part of
    it. BadInput when there is nobody.
    """

    def __init__(
        self, database: Database, order: RewriteOrder, mapping: Mapping, type: str, choosing: Choosing, moment: int
    ) -> None:
        self._database, self._order, self._mapping = database, order, mapping
        self._type, self._choosing, self._moment = type, choosing, moment
        self._unmet = set(choosing.only or ())
        self.rejected: list[BadRow] = []
        self.taken = self.left = self.not_chosen = 0

    def __iter__(self) -> Iterator[Contact]:
        people = self._chosen()
        if self._order.output in WITH_HEADER:
            people = reachable(people, self.rejected)
        for contact in people:
            self.taken += 1
            yield contact
        if not self.taken:
            raise BadInput(
                f"there is nobody in the contacts file to send to, and nothing was stored: {len(self.rejected)} rows "
                f"cannot be used, {self.not_chosen} contacts are not chosen, {self.left} have left this type of mailing"
            )

    def _chosen(self) -> Iterator[Contact]:
        absences = Absences(self._database, self._order.contacts, self._mapping)
        for contact in read_contacts(self._order.contacts, self._mapping, self.rejected):
            gone = absences.leaves_out(contact, self._type)
            self._unmet.discard(contact.contact_id)
            if not self._choosing.takes(contact.contact_id):
                self.not_chosen += 1
            elif gone:
                self.left += 1
            else:
                yield contact
        absences.note_what_was_seen(self._moment)

    def notes(self) -> Iterator[str]:
        if self._unmet:
            asked = len(self._choosing.only or ())
            yield (
                f"{len(self._unmet):,} of the {asked:,} contacts that --only names are not in the contacts file: "
                f"{_some(sorted(self._unmet))}"
            )


def _hand_out(
    database: Database,
    mail: Mail,
    shipment: Shipment,
    tokens: Tokens,
    out: Out,
    kept: Kept,
    clock: Clock,
    tell: Tell,
    progress: Progress,
) -> int:
    """Write a stored shipment's mails in the order of the contacts, and finish it. Returns how many files were made.

    A folder appears under its name only when it is complete. CutShort when it does not come to that.
    """
    handed = _Handed(shipment, progress)
    is_stream = not isinstance(out, Path)
    try:
        people = recipients_of(database, shipment, tokens)
        files = _write(mail, shipment, people, out, kept, handed)
        handed.report()
        finish_shipment(database, shipment.id, clock())
    except KeyboardInterrupt:
        tell(ways_on(shipment))
        raise
    except (OSError, LinktrackError) as problem:
        reason = problem if isinstance(problem, LinktrackError) else _reason(problem)
        raise CutShort(shipment, handed.count if is_stream else None, reason) from None
    return files


def _write(
    mail: Mail, shipment: Shipment, people: Iterable[Recipient], out: Out, kept: Kept, handed: _Handed
) -> int:
    output = shipment.settings.output
    if not isinstance(out, Path):
        write_stream(out, _rows(mail, shipment, people), handed.add)
        return 0
    with making_folder(out, kept) as folder:
        if output == "template":
            write_template(folder, mail, shipment.settings.merge_tag, handed.watched(people))
        elif output in STREAMS:
            name = "recipients.ndjson" if output == "ndjson" else "mailing.mbox"
            with open(new_file(folder / name), "wb", buffering=0) as file:
                write_stream(file, _rows(mail, shipment, people), handed.add)
        elif output == "eml":
            message = Message(mail, shipment)
            files = ((row.contact_id, message.buffers(row)) for row in people)
            write_mails(folder, ".eml", files, handed.add)
        else:
            write_mails(folder, ".html", html_files(mail, people), handed.add)
        return handed.count if output in ("html", "eml") else len(list(folder.iterdir()))


def _rows(mail: Mail, shipment: Shipment, people: Iterable[Recipient]) -> Iterator[list[bytes]]:
    """The mails of a stream, each as buffers."""
    if shipment.settings.output == "ndjson":
        return ndjson_rows(mail, people)
    message = Message(mail, shipment)
    return (message.mbox_buffers(row) for row in people)


class _Handed:
    """How many mails were handed to the system; progress is reported every `_STEP` of them."""

    def __init__(self, shipment: Shipment, progress: Progress) -> None:
        self._total, self._progress = shipment.recipients, progress
        self.count = self._reported = 0

    def add(self, more: int) -> None:
        self.count += more
        if self.count - self._reported >= _STEP:
            self.report()

    def report(self) -> None:
        self._progress("Mails", self.count - self._reported, self._total)
        self._reported = self.count

    def watched(self, people: Iterable[Recipient]) -> Iterator[Recipient]:
        for row in people:
            yield row
            self.add(1)


def _reason(problem: OSError) -> LinktrackError:
    if problem.errno == errno.EPIPE:
        return Conflict("whoever read them has gone")
    return sentence_of(problem)


def _notes(database: Database, shipment: Shipment, audience: _Audience) -> Iterator[str]:
    """What is worth knowing about a shipment before it is sent."""
    yield from audience.notes()
    shared = shared_addresses(database, shipment.id)
    if shared:
        yield (
            f"{len(shared):,} addresses stand with more than one contact, and each of these gets a mail: {_some(shared)}"
        )
    if not shipment.test and is_loopback(shipment.settings.base_url):
        yield (
            f"the addresses in these mails lead to this machine only ({shipment.settings.base_url}): set base_url in "
            "linktrack.toml before you send anything, or add --test"
        )


def _some(found: Sequence[str]) -> str:
    return ", ".join(found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
