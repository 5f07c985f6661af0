"""Who may be tracked: what a person has said themselves on the subscriptions page, and what the CRM's export says.

What they have said wins over the export until the CRM knows it and then says otherwise: a file of contacts was seen
that says the same, and a later one, of other content, that says something else. A file without the column of the
consent proves nothing, nor one that was seen before. Their own word stays in the record beside the CRM's later one. All
rows of `said_consent` are written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.contacts.seen import SeenExport
    from linktrack.crm.people import Contact


def say_consent(database: Database, recipient_id: int, consent: bool, at: int) -> None:
    """A person has said at this time whether they may be tracked. Part of a transaction.

    The latest word counts, in whatever order words become known; it does not take back what the CRM has said after it.
    """
    kept = "CASE WHEN excluded.said_at < said_consent.crm_said_at THEN said_consent.{0} END"
    crm = ", ".join(f"{column} = {kept.format(column)}" for column in ("known_at", "crm_consent", "crm_said_at"))
    database.execute(
        "INSERT INTO said_consent (recipient_id, consent, said_at) VALUES (?, ?, ?) ON CONFLICT (recipient_id) "  # noqa: S608  (columns of our own)
        f"DO UPDATE SET consent = excluded.consent, said_at = excluded.said_at, {crm} "
        "WHERE excluded.said_at >= said_consent.said_at",
        (recipient_id, consent, at),
    )


def said_of(database: Database, recipient_id: int) -> bool | None:
    """What counts of a person who has said something themselves: that, or what the CRM has said since; None where they
    have said nothing."""
    said = database.value(
        "SELECT COALESCE(crm_consent, consent) FROM said_consent WHERE recipient_id = ?", (recipient_id,)
    )
    return None if said is None else bool(said)


def said_at(database: Database, recipient_id: int) -> int:
    """Since when `said_of` counts (UTC milliseconds), -1 for never."""
    at = database.value(
        "SELECT COALESCE(crm_said_at, said_at) FROM said_consent WHERE recipient_id = ?", (recipient_id,)
    )
    return -1 if at is None else int(at)


def may_be_tracked(database: Database, recipient_id: int) -> bool:
    """Whether a person may be tracked, as far as is known without a file of contacts: by what they have said
    themselves, else by the latest mail that they got."""
    said = said_of(database, recipient_id)
    if said is not None:
        return said
    return not database.value(
        "SELECT uncounted FROM shipment_recipient WHERE recipient_id = ? ORDER BY shipment_id DESC LIMIT 1",
        (recipient_id,),
    )


def anybody_said(database: Database) -> bool:
    """Whether any person has said something."""
    return database.value("SELECT 1 FROM said_consent LIMIT 1") is not None


def anybody_refused(database: Database) -> bool:
    """Whether anybody has refused tracking in any shipment: then lists and reports say how many are not counted."""
    return database.value("SELECT 1 FROM shipment WHERE uncounted > 0 LIMIT 1") is not None


class Consents:
    """What people have said themselves, held against a file of contacts as it is read.

    `may_be_tracked` is asked once for each row; `note_what_was_seen` afterwards stores what the file has shown.
    """

    def __init__(self, database: Database, seen: SeenExport) -> None:
        self._database = database
        self._seen = seen
        self._said: dict[str, _Word] = {
            contact_id: _Word(recipient, bool(consent), known_at is not None)
            for contact_id, recipient, consent, known_at in database.stream(
                "SELECT contact_id, recipient_id, COALESCE(crm_consent, consent), known_at FROM said_consent "
                "JOIN recipient ON recipient.id = recipient_id"
            )
        }
        self._has_column = False
        self._learnt: list[_Word] = []
        self._overruled: list[_Word] = []

    @property
    def people(self) -> frozenset[str]:
        """Who has said something themselves, by the contact's id."""
        return frozenset(self._said)

    def may_be_tracked(self, contact: Contact) -> bool:
        """Whether this contact may be tracked, after what this very row says."""
        shown = contact.consent
        if shown is not None:
            self._has_column = True
        word = self._said.get(contact.contact_id)
        if word is None:
            return shown is not False
        if shown is None:
            return word.consent
        if self._seen.before:  # which proves nothing, but that what the CRM knows is a refusal again is not passed over
            return word.consent and (shown or not word.is_known)
        if shown is word.consent:
            if not word.is_known:
                self._learnt.append(word)
            return shown
        if word.is_known:
            self._overruled.append(word)
            return shown
        return word.consent

    def note_what_was_seen(self, moment: int) -> None:
        """Store that the file was seen, whose word the CRM knows by it, and for whom it says otherwise since. Part of a
        transaction."""
        if not self._has_column or self._seen.before:
            return
        self._seen.note(moment)
        self._database.executemany(
            "UPDATE said_consent SET known_at = ? WHERE recipient_id = ?",
            [(moment, word.recipient_id) for word in self._learnt],
        )
        self._database.executemany(
            "UPDATE said_consent SET crm_consent = ?, crm_said_at = ? WHERE recipient_id = ?",
            [(not word.consent, moment, word.recipient_id) for word in self._overruled],
        )


class _Word(NamedTuple):
    recipient_id: int
    consent: bool  # what counts
    is_known: bool  # to the CRM
