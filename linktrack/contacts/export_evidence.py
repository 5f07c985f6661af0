"""A file of contacts as a witness: what it shows of those who have left a type, and of those who may be tracked."""

from __future__ import annotations

from pathlib import Path

from linktrack.contacts.consent import Consents
from linktrack.contacts.left import Absences
from linktrack.contacts.seen import SeenExport
from linktrack.contacts.types import EVERY_TYPE
from linktrack.crm.export import Table
from linktrack.crm.mapping import Mapping
from linktrack.crm.people import contacts_in, open_contacts
from linktrack.store.session import Database


class Witness:
    """What people have said themselves, held against a file of contacts as it is read.

    Both questions are asked once for each row; `note_what_was_seen` afterwards stores what the file has shown.
    """

    def __init__(self, database: Database, export: Path, mapping: Mapping, known_print: bytes = b"") -> None:
        """`known_print` as in a `SeenExport`."""
        seen = SeenExport(database, export, known_print)
        self._absences = Absences(database, seen, mapping)
        self._consents = Consents(database, seen)
        self.leaves_out = self._absences.leaves_out
        self.may_be_tracked = self._consents.may_be_tracked
        self.asked_of = self._absences.people | self._consents.people  # of whom the file may show something

    def note_what_was_seen(self, moment: int) -> None:
        """Store what the file has shown. Part of a transaction."""
        self._absences.note_what_was_seen(moment)
        self._consents.note_what_was_seen(moment)


def witness_of(
    database: Database, export: Path, mapping: Mapping, contacts: Table | None = None, known_print: bytes = b""
) -> Witness:
    """What a whole export of the CRM shows, for `note_what_was_seen`. `contacts` are those of it, if they are open
    already; `known_print` as in a `SeenExport`. Errors as `read_contacts`."""
    witness = Witness(database, export, mapping, known_print)
    for contact in contacts_in(contacts or open_contacts(export, mapping), mapping, [], witness.asked_of):
        witness.leaves_out(contact, EVERY_TYPE)
        witness.may_be_tracked(contact)
    return witness
