"""The audience of a mailing: which contacts of a file get it, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from linktrack.contacts.choosing import Choosing
from linktrack.contacts.consent import anybody_said
from linktrack.contacts.export_evidence import Witness
from linktrack.crm.export import misnamed
from linktrack.crm.export_rows import BadRow
from linktrack.crm.mapping import Mapping
from linktrack.crm.near_ids import near_ids
from linktrack.crm.people import Contact, read_contacts
from linktrack.email_addresses import same_email
from linktrack.errors import BadInput
from linktrack.mailings.outputs.headers import reachable
from linktrack.sentences import counted
from linktrack.store.forgotten import forgotten_among
from linktrack.store.session import Database

_NAMED = 5  # of many in a sentence


class Audience:
    """The contacts of a file that a mailing goes to, in the file's order; what becomes of the others is counted.

    The `consent` of those who refuse to be tracked is False, by what they have said themselves or by the file.

    Consumed once, in the transaction that stores the shipment: what the file shows of those who have left is part of
    it. `type` is the mailing's; `by_mail`: it must have an address. BadInput when there is nobody, and, unless it is a
    test, when of those who are to be left out nobody is there: ids of another kind would mail to all of them.
    """

    def __init__(
        self,
        database: Database,
        contacts: Path,
        mapping: Mapping,
        choosing: Choosing,
        *,
        type: str,
        by_mail: bool,
        test: bool,
        moment: int,
    ) -> None:
        self._database, self._contacts, self._mapping, self._choosing = database, contacts, mapping, choosing
        self._type, self._by_mail, self._test, self._moment = type, by_mail, test, moment
        self._unmet = {"--only": set(choosing.only or ()), "--except": set(choosing.leave_out)}
        self._passed_over: set[int] = set()  # prints of the addresses of who is not taken, but would be reached
        self.rejected: list[BadRow] = []
        self.taken = self.left = self.not_chosen = self.forgotten = 0

    def __iter__(self) -> Iterator[Contact]:
        people = self._chosen()
        if self._by_mail:
            people = reachable(people, self.rejected)
        for contact in people:
            self.taken += 1
            yield contact
        if not self.taken:
            raise BadInput(
                f"there is nobody in the contacts file to send to, and nothing was stored: {len(self.rejected)} rows "
                f"cannot be used, {self.not_chosen} contacts are not chosen, {self.forgotten} were forgotten, "
                f"{self.left} have left this type of mailing" + "".join(f"; {one}" for one in self._strangers())
            )
        asked = len(self._choosing.leave_out)
        if asked and len(self._unmet["--except"]) == asked and not self._test:
            raise BadInput(
                f"nobody would be left out, and nothing was stored: {'; '.join(self._strangers())} (leave --except "
                "away if nobody is meant)"
            )

    def _chosen(self) -> Iterator[Contact]:
        witness = Witness(self._database, self._contacts, self._mapping)
        asked = self._mapping.settings.contacts.consent
        may_refuse = asked is not None or anybody_said(self._database)
        was_forgotten = forgotten_among(self._database)
        for contact in read_contacts(self._contacts, self._mapping, self.rejected):
            if asked is not None and contact.consent is None:
                raise _no_consent(asked.column, self._contacts)
            gone = witness.leaves_out(contact, self._type)
            consent = contact.consent is not False
            if may_refuse and witness.may_be_tracked(contact) is not consent:
                contact = replace(contact, consent=not consent)
            for named in self._unmet.values():
                named.discard(contact.contact_id)
            if was_forgotten(contact.contact_id):
                self.forgotten += 1
            elif not self._choosing.takes(contact.contact_id):
                self.not_chosen += 1
                self._passed_over.add(_print(contact.email))
            elif gone:
                self.left += 1
                self._passed_over.add(_print(contact.email))
            else:
                yield contact
        witness.note_what_was_seen(self._moment)

    def notes(self, shipment_id: int) -> Iterator[str]:
        """What is worth knowing of the file, once the shipment with the contacts is stored."""
        yield from misnamed(self._contacts)
        yield from self._strangers()
        if elsewhere := self._also_elsewhere(shipment_id):
            addresses = counted(len(elsewhere), "address of this shipment stands", "addresses of this shipment stand")
            yield (
                f"{addresses} with further contacts of the file too, who get no mail by it (another part, or who was "
                f"left out): {some_of(elsewhere)}"
            )

    def _strangers(self) -> Iterator[str]:
        """A sentence on those whom --only names and who are not in the contacts file, and one on those of --except,
        with the ids that may be meant."""
        asked = {"--only": len(self._choosing.only or ()), "--except": len(self._choosing.leave_out)}
        for option, unmet in self._unmet.items():
            if unmet:
                there = (contact.contact_id for contact in read_contacts(self._contacts, self._mapping, []))
                near = near_ids(unmet, there)
                first = sorted(unmet, key=lambda one: (one not in near, one))
                shown = [f"{one} (is {' or '.join(near[one])} meant?)" if one in near else one for one in first]
                yield (
                    f"{len(unmet):,} of the {counted(asked[option], 'contact')} that {option} names "
                    f"{'is' if len(unmet) == 1 else 'are'} not in the contacts file: {some_of(shown)}"
                )

    def _also_elsewhere(self, shipment_id: int) -> list[str]:
        """The shipment's addresses, as they are compared, that other contacts of the file have too, who are not in
        the shipment."""
        if not self._passed_over:
            return []
        rows = self._database.stream("SELECT email FROM shipment_recipient WHERE shipment_id = ?", (shipment_id,))
        return sorted({same_email(email) for (email,) in rows if email and _print(email) in self._passed_over})


def _print(email: str) -> int:
    """An address however it is written, as a number: of a large file not all addresses are kept."""
    return hash(same_email(email))


def _no_consent(column: str, contacts: Path) -> BadInput:
    return BadInput(
        f"it has no column {column!r}, so nobody knows who may be tracked, and nothing was stored: add the column to "
        "the export, or name the right one as consent under [crm.contacts]",
        file=contacts,
    )


def some_of(found: Sequence[str]) -> str:
    """A few of many, for a sentence."""
    return ", ".join(found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
