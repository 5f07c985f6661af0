"""Rewriting: a mailing's copies for the contacts of a file, stored as a shipment and handed out; and handed out again.

`rewrite` and `render_again` are the doors. A shipment is stored as unfinished before its first mail can be seen and
finished after its last, so whatever stops the job in between leaves nothing in the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from linktrack.contacts.choosing import Choosing, Part, read_contact_ids
from linktrack.contacts.consent import anybody_said
from linktrack.crm.export import mapping_of
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.errors import UsageError
from linktrack.files.protected import Protected
from linktrack.files.reading import tidy_path
from linktrack.links.signing_keys import open_keys
from linktrack.links.tokens import TOKEN_LENGTH, Tokens
from linktrack.mailings.audience import Audience
from linktrack.mailings.catalogue import StoredMailing, find_mailing
from linktrack.mailings.handing_out import Copies, Out, check_out, hand_out, ways_on
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.placements import place_late_keys
from linktrack.mailings.preparing import compile_mail
from linktrack.mailings.progress import Advance, unseen
from linktrack.mailings.shipment_notes import notes_on
from linktrack.mailings.shipment_states import make_shipment, note_rendered, refuse_sent_elsewhere
from linktrack.mailings.shipments import (
    MERGE_TAG,
    PERSON_MERGE_TAG,
    WITH_HEADER,
    Shipment,
    ShipmentSettings,
    find_shipment,
    recipients_left,
    shared_token,
    signing_as_then,
    unfinished_shipments,
)
from linktrack.mailings.spots import Sharing
from linktrack.moments import Clock, iso, now
from linktrack.sentences import counted
from linktrack.store.lock import handing_out
from linktrack.store.lock_waits import Tell, in_silence
from linktrack.store.session import Database
from linktrack.workspace import Workspace


@dataclass(frozen=True)
class RewriteOptions:
    """What `rewrite` is asked for. Times are UTC milliseconds; `sender` "" is the workspace's own. UsageError for what
    does not go together."""

    mailing: str
    contacts: Path
    sent_at: int
    output: str = "html"
    merge_tag: str = ""
    person_merge_tag: str = ""  # of a template: where the recipient's own token goes; "" is the usual one, if needed
    sender: str = ""
    honeypot: bool = False
    fill: bool = False
    keep_merge_tags: bool = False
    test: bool = False
    again: bool = False  # also to those who got it already
    only: tuple[Path, ...] = ()  # lists of contacts: none is everybody
    leave_out: tuple[Path, ...] = ()
    part: Part | None = None
    streamed: bool = False  # the contacts came through a pipe: their file is gone when the job is done
    import_first: bool = True  # what waits in the own click log: who has unsubscribed is to be known before
    wait: float = 0  # seconds, for another import

    def __post_init__(self) -> None:
        if self.output != "template" and (self.merge_tag or self.person_merge_tag):
            raise UsageError(
                f"{'--merge-tag' if self.merge_tag else '--person-merge-tag'} goes with --as template: only a template "
                "has a merge tag where the token goes"
            )


@dataclass(frozen=True)
class Rewritten:
    """What was handed out: the mails of `recipients`, of whom `uncounted` refused tracking. The rows of the contacts
    file, or the recipients of a shipment that is rendered, are these, `rejected`, `left` (the mailing's type),
    `not_chosen` and `forgotten`; `notes` are sentences."""

    shipment: Shipment
    placements: int
    files: int
    recipients: int
    uncounted: int = 0
    rejected: tuple[BadRow, ...] = ()
    left: int = 0
    not_chosen: int = 0
    forgotten: int = 0
    notes: tuple[str, ...] = ()
    imported: int | None = None  # new clicks of the own click log that were imported first; None where none waited


def rewrite(
    workspace: Workspace,
    database: Database,
    options: RewriteOptions,
    out: Out,
    *,
    protected: Protected,
    clock: Clock = now,
    tell: Tell = in_silence,
    progress: Advance = unseen,
) -> Rewritten:
    """Store a shipment of a mailing to the contacts of a file, and hand its mails out.

    `tell` hears of earlier shipments that are unfinished. UnknownName, BadInput, Conflict with the way out (NotImported
    among them), and then nothing is stored but clicks; CutShort when the shipment is stored and its mails were not all
    handed out.
    """
    tokens = open_keys(workspace, database).tokens
    imported = None
    if options.import_first:
        from linktrack.clicks.waiting import import_waiting  # all that reads logs, which a rendering does not need

        way_out = "--no-import goes on without it"
        imported = import_waiting(workspace, database, options.wait, way_out=way_out, clock=clock).stored
    mapping = mapping_of(workspace)
    asked = mapping.settings.contacts.consent is not None or workspace.settings.pages.consent
    may_refuse = asked or anybody_said(database)
    template = options.output == "template"
    settings = ShipmentSettings(
        base_url=workspace.settings.base_url,
        output=options.output,
        key_id=tokens.keyring.signing_id,
        honeypot=options.honeypot,
        merge_tag=(options.merge_tag or MERGE_TAG) if template else "",
        person_merge_tag=options.person_merge_tag or (PERSON_MERGE_TAG if may_refuse else "") if template else "",
        sender=options.sender or workspace.settings.sender.from_,
        fill=options.fill,
        keep_merge_tags=options.keep_merge_tags,
        out=str(tidy_path(out)) if isinstance(out, Path) else "",
        contacts="" if options.streamed else str(tidy_path(options.contacts)),
    )
    check_out(settings, out, protected)
    _tell_of_unfinished(workspace, database, tell)
    moment = clock()
    mailing = find_mailing(database, options.mailing)
    place_late_keys(database, mailing, settings.base_url)
    mail = _own_copies(database, mailing, settings)
    if may_refuse and not template:  # a mail that cannot be written for those who do is found before anything is stored
        compile_mail(database, mailing, settings, Sharing("a" * TOKEN_LENGTH))
    audience = Audience(
        database,
        options.contacts,
        mapping,
        _choosing(options, mapping, tokens),
        type=mailing.type,
        by_mail=options.output in WITH_HEADER,
        test=options.test,
        moment=moment,
    )
    with handing_out(workspace, database, options.wait):
        shipment = make_shipment(
            database,
            mailing,
            audience,
            mapping,
            settings,
            sent_at=options.sent_at,
            test=options.test,
            again=options.again,
            moment=moment,
            tags=mail.tags,
            progress=progress,
        )
        copies = _copies(database, mailing, shipment, mail, tokens)
        written = hand_out(database, copies, shipment, tokens, out, protected, clock, tell, progress)
    return Rewritten(
        find_shipment(database, shipment.id),
        mail.placements,
        *written,
        tuple(audience.rejected),
        audience.left,
        audience.not_chosen,
        audience.forgotten,
        (*audience.notes(shipment.id), *notes_on(database, shipment, copies)),
        imported,
    )


def render_again(
    workspace: Workspace,
    database: Database,
    number: int,
    out: Out,
    *,
    output: str | None = None,
    sender: str = "",
    fill: bool = False,
    keep_merge_tags: bool = False,
    again: bool = False,
    protected: Protected,
    clock: Clock = now,
    tell: Tell = in_silence,
    progress: Advance = unseen,
) -> Rewritten:
    """Hand a stored shipment's mails out once more: the same bytes with the same tokens, unless another output or
    sender is asked for, or values were purged since. An unfinished one is finished by it. Who was forgotten since gets
    none, and is counted.

    Errors as `rewrite`; SentElsewhere where people have got the mailing of one that is unfinished or cancelled by
    another, unless it may go to them `again`.
    """
    stored = find_shipment(database, number)
    refuse_sent_elsewhere(database, stored, again=again)
    tokens = signing_as_then(open_keys(workspace, database).tokens, stored)
    settings = replace(
        stored.settings,
        output=output or stored.settings.output,
        sender=sender or stored.settings.sender or workspace.settings.sender.from_,
    )
    if fill or keep_merge_tags or settings.output == "template":
        settings = replace(settings, fill=fill, keep_merge_tags=keep_merge_tags)
    if settings.output == "template":
        own = settings.person_merge_tag or (PERSON_MERGE_TAG if stored.uncounted else "")
        settings = replace(settings, merge_tag=settings.merge_tag or MERGE_TAG, person_merge_tag=own)
    check_out(settings, out, protected)
    _tell_of_unfinished(workspace, database, tell, but_for=number)
    mailing = find_mailing(database, stored.mailing)
    mail = _own_copies(database, mailing, settings)
    left = recipients_left(database, stored)
    shipment = replace(stored, settings=settings, recipients=left.recipients, uncounted=left.uncounted)
    copies = _copies(database, mailing, shipment, mail, tokens)
    if isinstance(out, Path):
        note_rendered(database, number, str(tidy_path(out)))
    written = hand_out(database, copies, shipment, tokens, out, protected, clock, tell, progress)
    return Rewritten(
        find_shipment(database, number),
        mail.placements,
        *written,
        forgotten=stored.recipients - written.recipients,
        notes=tuple(notes_on(database, shipment, copies)),
    )


def _own_copies(database: Database, mailing: StoredMailing, settings: ShipmentSettings) -> Mail:
    """The mails of those who may be tracked; a template with two merge tags is everybody's."""
    template = Sharing(settings.merge_tag, targets=False) if settings.person_merge_tag else None
    return compile_mail(database, mailing, settings, template)


def _copies(database: Database, mailing: StoredMailing, shipment: Shipment, mail: Mail, tokens: Tokens) -> Copies:
    """What the mails of a shipment are made from, once its shared token is known."""
    if not shipment.uncounted or shipment.settings.output == "template":
        return Copies(mail)
    sharing = Sharing(shared_token(shipment, tokens))
    return Copies(mail, compile_mail(database, mailing, shipment.settings, sharing))


def _tell_of_unfinished(workspace: Workspace, database: Database, tell: Tell, *, but_for: int = 0) -> None:
    for shipment in unfinished_shipments(database):
        if shipment.id == but_for:
            continue
        people, when = counted(shipment.recipients, "recipient"), iso(shipment.created_at, workspace.zone)
        tell(
            f"Shipment {shipment.id} of {shipment.mailing} to {people}, made at {when}, was not handed out to the end, "
            f"unless another command is at it just now. {ways_on(database, shipment)}"
        )


def _choosing(options: RewriteOptions, mapping: Mapping, tokens: Tokens) -> Choosing:
    only, leave_out = (
        frozenset().union(*(read_contact_ids(path, mapping) for path in paths))
        for paths in (options.only, options.leave_out)
    )
    return Choosing(tokens.workspace_id, only if options.only else None, leave_out, options.part)
