"""The states that a shipment goes through: stored, finished, cancelled, restored.

A shipment is stored, with all its recipients, as *unfinished* before the first of its mails can be seen, and finished
after the last: whatever happens in between, no figure counts mails that were not handed out, and no mail is out
whose address nobody knows. What was made by mistake is cancelled; `restore_shipment` takes that back.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from linktrack.contacts.recipients import INTERESTS, store_recipients
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import Contact
from linktrack.email_addresses import domain_of
from linktrack.errors import BadInput, Conflict
from linktrack.links.merge_tags import fold, names
from linktrack.links.tokens import MAX_SHIPMENT
from linktrack.mailings.catalogue import StoredMailing, StoredPlacement, placements_of, refuse_deleted, tagged_target
from linktrack.mailings.outputs.standing_tags import StandingTag, check_fields
from linktrack.mailings.progress import Advance, unseen
from linktrack.mailings.shipments import Shipment, ShipmentSettings, find_shipment, got_it_elsewhere
from linktrack.store.catalogue import touch
from linktrack.store.open_times import note_open_times
from linktrack.store.session import Database

_BATCH = 500


class AlreadySent(Conflict):
    """Some who are to get a mailing have got it already: `recipients` of them."""

    def __init__(self, mailing: str, recipients: int) -> None:
        self.mailing = mailing
        self.recipients = recipients
        have = "1 of these contacts has" if recipients == 1 else f"{recipients:,} of these contacts have"
        super().__init__(
            f"{have} got the mailing {mailing!r} already, and nothing was stored: leave them out with --except (the "
            "rows of linktrack shipment recipients will do), or add --again"
        )


class SentElsewhere(Conflict):
    """Some of a shipment that is unfinished or cancelled, and is to count after all, have got its mailing by another
    one: `recipients` of them."""

    def __init__(self, shipment: Shipment, recipients: int) -> None:
        self.shipment = shipment
        self.recipients = recipients
        have = "has" if recipients == 1 else "have"
        cancel = "" if shipment.state == "cancelled" else f"linktrack shipment cancel {shipment.id} leaves it unsent, "
        super().__init__(
            f"shipment {shipment.id} stays {shipment.state}: {recipients:,} of its {shipment.recipients:,} recipients "
            f"{have} got the mailing {shipment.mailing!r} by another shipment, and would have it twice: {cancel}"
            "--again says that this is meant"
        )


def make_shipment(
    database: Database,
    mailing: StoredMailing,
    contacts: Iterable[Contact],
    mapping: Mapping,
    settings: ShipmentSettings,
    *,
    sent_at: int,
    test: bool,
    again: bool,
    moment: int,
    tags: Sequence[StandingTag] = (),
    progress: Advance = unseen,
) -> Shipment:
    """Store an unfinished shipment and its recipients, all of them or nothing; memory is flat in their number.

    It has reached the disk when this returns. `tags` are the merge tags that stand in the mail: their fields are kept,
    so that they can be filled now or later. A contact whose `consent` is False is not counted. Conflict for a deleted
    mailing, and AlreadySent unless it is a test or goes to them `again`; BadInput for an empty list and, where the
    mail is filled, for a tag that cannot be.
    """
    refuse_deleted(mailing)
    count = 0
    domains: Counter[str] = Counter()
    refusing: Counter[str] = Counter()
    with database.transaction(durable=True):
        needed = needed_fields(mailing, placements_of(database, mailing.id), tags)
        shipment_id = _insert_shipment(database, mailing.id, settings, sent_at, test, moment)
        stream = iter(contacts)
        while batch := list(islice(stream, _BATCH)):
            if settings.fill and not count:
                check_fields(tags, (*batch[0].fields, *mapping.settings.contacts.fields, "company"))
            ids = store_recipients(database, batch, needed, mapping)
            rows = [
                (shipment_id, ids[contact.contact_id], position, contact.email, contact.name, contact.consent is False)
                for position, contact in enumerate(batch, count + 1)
            ]
            columns = ("shipment_id", "recipient_id", "position", "email", "name", "uncounted")
            database.insert("shipment_recipient", columns, rows)
            domains.update(domain_of(contact.email) for contact in batch)
            refusing.update([domain_of(contact.email) for contact in batch if contact.consent is False])
            count += len(batch)
            progress("Recipients", len(batch), None)
        if not count:
            raise BadInput("there is nobody to send to: nothing was stored")
        if not (test or again) and (got := got_it_elsewhere(database, find_shipment(database, shipment_id))):
            raise AlreadySent(mailing.name, got)
        database.executemany(
            "INSERT INTO shipment_domain (shipment_id, domain, sent, uncounted, human, machine, clickers) "
            "VALUES (?, ?, ?, ?, 0, 0, 0)",
            [(shipment_id, domain, sent, refusing[domain]) for domain, sent in sorted(domains.items())],
        )
        counts = (count, refusing.total(), shipment_id)
        database.execute("UPDATE shipment SET recipients = ?, uncounted = ? WHERE id = ?", counts)
        touch(database)
    return find_shipment(database, shipment_id)


def count_recipients(database: Database) -> None:
    """Note anew to how many each shipment went. Part of a transaction."""
    of = "FROM shipment_recipient WHERE shipment_id = shipment.id"
    database.execute(
        f"UPDATE shipment SET recipients = (SELECT count(*) {of}), "  # noqa: S608  (of our own)
        f"uncounted = (SELECT count(*) {of} AND shipment_recipient.uncounted)"
    )


def note_rendered(database: Database, shipment_id: int, out: str) -> None:
    """That mails of a shipment, with all that is personal in them, are written into a folder once more."""
    with database.transaction():
        settings = find_shipment(database, shipment_id).settings
        noted = replace(settings, rendered=tuple(dict.fromkeys((*settings.rendered, out))))
        database.execute("UPDATE shipment SET settings = ? WHERE id = ?", (noted.text(), shipment_id))


def finish_shipment(database: Database, shipment_id: int, moment: int) -> None:
    """Its last mail was handed out: from now on it counts, unless it is a test or cancelled."""
    with database.transaction(durable=True):
        database.execute(
            "UPDATE shipment SET finished_at = COALESCE(finished_at, ?) WHERE id = ?", (moment, shipment_id)
        )
        _open_its_clicks(database, shipment_id)


def cancel_shipment(database: Database, number: int, moment: int) -> Shipment:
    """A shipment counts no more, in no figure and for no action; its addresses are answered as before.

    Conflict when it is cancelled already.
    """
    with database.transaction(durable=True):
        if find_shipment(database, number).state == "cancelled":
            raise Conflict(f"shipment {number} is cancelled already: linktrack shipment restore {number} takes it back")
        database.execute("UPDATE shipment SET cancelled_at = ? WHERE id = ?", (moment, number))
        touch(database)
    return find_shipment(database, number)


def restore_shipment(database: Database, number: int, moment: int, *, again: bool = False) -> Shipment:
    """A cancelled shipment counts again, and one that was unfinished counts from now on: it was sent after all.

    Conflict when it is neither; SentElsewhere unless it is a test or may go to people `again`.
    """
    with database.transaction(durable=True):
        before = find_shipment(database, number)
        if before.cancelled_at is None and before.finished_at is not None:
            raise Conflict(f"shipment {number} is neither cancelled nor unfinished: there is nothing to take back")
        if before.cancelled_at is None:  # cancelling is undone without a question
            refuse_sent_elsewhere(database, before, again=again)
        database.execute(
            "UPDATE shipment SET cancelled_at = NULL, finished_at = COALESCE(finished_at, ?) WHERE id = ?",
            (moment, number),
        )
        _open_its_clicks(database, number)
    return find_shipment(database, number)


def refuse_sent_elsewhere(database: Database, shipment: Shipment, *, again: bool) -> None:
    """Refuse to send a shipment after all that does not count, when people have got its mailing by another one.

    SentElsewhere, unless it is a test or may go to people `again`.
    """
    waits = not shipment.test and shipment.state in ("unfinished", "cancelled")
    if waits and not again and (got := got_it_elsewhere(database, shipment, since=True)):
        raise SentElsewhere(shipment, got)


def _open_its_clicks(database: Database, shipment_id: int) -> None:
    """A shipment counts from now on: a run of the actions has to look where its clicks lie."""
    touch(database)
    clicked = database.row("SELECT first_click, last_click FROM shipment_tally WHERE shipment_id = ?", (shipment_id,))
    if clicked is not None and clicked[0] is not None:
        note_open_times(database, [(clicked[0], clicked[1])])


def _insert_shipment(
    database: Database, mailing_id: int, settings: ShipmentSettings, sent_at: int, test: bool, moment: int
) -> int:
    """A new shipment under a random number that no other has; its id."""
    while True:
        number = secrets.randbelow(MAX_SHIPMENT) + 1
        made = database.value(
            "INSERT INTO shipment (number, mailing_id, sent_at, is_test, recipients, settings, created_at) "
            "VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT (number) DO NOTHING RETURNING id",
            (number, mailing_id, sent_at, test, settings.text(), moment),
        )
        if made is not None:
            return int(made)


def needed_fields(
    mailing: StoredMailing, placements: Sequence[StoredPlacement], tags: Sequence[StandingTag] = ()
) -> list[str]:
    """The contact fields that the mailing, its targets, prefills and subscriptions page need, beside those all have."""
    wanted = [standing.tag.name for standing in tags if standing.tag.plain]
    for placement in placements:
        extra = mailing.settings.merge_tags
        wanted += names(tagged_target(mailing, placement), extra)
        if placement.response.get("kind") == "form":
            wanted += names(str(placement.response.get("url", "")), extra)
            wanted += [str(value) for value in placement.response.get("prefill", {}).values()]
        if placement.link == "subscriptions":
            wanted.append(INTERESTS)
    own = {"contactid", "id", "email", "name"}
    return list(dict.fromkeys(name for name in wanted if fold(name) not in own))
