"""A preview: one recipient's copy as it would be written, with addresses that lead nowhere. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from linktrack.contacts.consent import may_be_tracked, said_of
from linktrack.contacts.recipients import field_value, known_recipient
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import Contact, read_contacts
from linktrack.email_addresses import same_email
from linktrack.errors import NotFound
from linktrack.links.merge_tags import MergeTag, fold
from linktrack.links.tokens import TOKEN_LENGTH
from linktrack.mailings.catalogue import StoredMailing, find_mailing
from linktrack.mailings.copying import copy_for
from linktrack.mailings.outputs.filling import values_of
from linktrack.mailings.shipments import Recipient
from linktrack.mailings.spots import Sharing
from linktrack.store.lookups import recipient_id, recipient_of_id
from linktrack.store.session import Database

NOWHERE = "https://preview.invalid"  # RFC 6761: a name that never leads anywhere
_SOMEBODY = "a" * TOKEN_LENGTH


@dataclass(frozen=True)
class Preview:
    """The HTML of one copy, whose it is (None: nobody's, as the mail was written), and the merge tags left in it.
    `written` is the mailing's own HTML."""

    html: bytes
    written: bytes
    person: Recipient | None
    standing: tuple[str, ...]


def preview_of(
    database: Database, name: str, mapping: Mapping, *, contacts: Path | None = None, contact: str | None = None
) -> Preview:
    """A mailing's copy for a contact of a file (the first one unless named by id or address), or for a recipient that
    is known from earlier shipments. Merge tags that name no field of theirs stay as they are.

    UnknownName or NotFound for a mailing or contact that is not there.
    """
    mailing = find_mailing(database, name)
    person = None
    if contacts is not None:
        person = _of_file(database, contacts, contact, mapping)
    elif contact is not None:
        person = _known(database, contact)
    return _copy(database, mailing, person, mapping)


def _copy(database: Database, mailing: StoredMailing, person: Recipient | None, mapping: Mapping) -> Preview:
    def value_of(tag: MergeTag) -> str | None:
        if contact is None:
            return None
        return values.get(fold(tag.name), field_value(contact, tag.name, mapping))

    values = {} if person is None else values_of(person)
    contact = None if person is None else Contact(person.contact_id, person.email, person.name, dict(person.fields), 0)
    sharing = Sharing(_SOMEBODY) if person is not None and person.shared_token else None
    copy = copy_for(database, mailing, NOWHERE, _SOMEBODY, value_of, sharing)
    return Preview(copy.html, mailing.html, person, tuple(map(str, copy.standing)))


def _of_file(database: Database, path: Path, wanted: str | None, mapping: Mapping) -> Recipient:
    for contact in read_contacts(path, mapping, []):
        if wanted is None or same_email(wanted) in map(same_email, (contact.contact_id, contact.email)):
            refuses = contact.consent is False
            known = recipient_of_id(database, contact.contact_id)
            if known is not None and (said := said_of(database, known)) is not None:
                refuses = not said
            return Recipient(
                contact.contact_id, contact.email, contact.name, _SOMEBODY, contact.fields, _SOMEBODY if refuses else ""
            )
    who = "nobody" if wanted is None else f"no contact {wanted!r}"
    raise NotFound(f"{path} has {who} in it: check --contacts and --contact")


def _known(database: Database, wanted: str) -> Recipient:
    found = recipient_id(database, wanted)
    known = known_recipient(database, found)
    shared = "" if may_be_tracked(database, found) else _SOMEBODY
    return Recipient(known.contact_id or "", known.email, known.name, _SOMEBODY, known.fields, shared)
