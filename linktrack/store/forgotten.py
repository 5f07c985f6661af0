"""The prints of people who were forgotten: the one thing that is kept of them, so that nothing brings them back.

A print is BLAKE2b-128 of the contact id under the workspace's id. The id is taken as `contact_ids.same_id` compares it,
so a person is known in whatever form a spreadsheet has left it, and one that is an e-mail address as
`email_addresses.same_email` does. The workspace's id stays through restores and new
signing keys, so a forgotten person stays forgotten; and a print of one workspace says nothing in another. Nothing leads
from a print to the clicks that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from linktrack.contact_ids import same_id
from linktrack.email_addresses import same_email
from linktrack.store.revisions import workspace_id
from linktrack.store.session import Database

Print = Callable[[str], bytes]


def forgotten_among(database: Database) -> Callable[[str], bool]:
    """The question whether a contact id is a forgotten person's, for many of them. Read once, as it is now."""
    prints = {bytes(stored) for (stored,) in database.rows("SELECT print FROM forgotten")}
    if not prints:
        return lambda contact_id: False
    print_of = _printing(database)
    return lambda contact_id: print_of(contact_id) in prints


def is_forgotten(database: Database, contact_id: str) -> bool:
    """Whether this contact id is a forgotten person's."""
    return forgotten_among(database)(contact_id)


def note_forgotten(database: Database, contact_id: str) -> None:
    """Keep the print of a person who is being forgotten. Part of a transaction."""
    database.execute(
        "INSERT INTO forgotten (print) VALUES (?) ON CONFLICT (print) DO NOTHING", (_printing(database)(contact_id),)
    )


def take_print_away(database: Database, contact_id: str) -> bool:
    """Let a person be written to again; whether there was a print of them. Part of a transaction."""
    kept = (_printing(database)(contact_id),)
    return bool(database.execute("DELETE FROM forgotten WHERE print = ?", kept).rowcount)


def nobodies(database: Database) -> frozenset[int]:
    """The numbers under which the clicks of forgotten people are counted."""
    return frozenset(forgotten_times(database))


def forgotten_times(database: Database) -> dict[int, int]:
    """The same with when each was forgotten (UTC milliseconds)."""
    return dict(database.rows("SELECT id, forgotten_at FROM recipient WHERE forgotten_at IS NOT NULL"))


def may_be_back(database: Database) -> bool:
    """Whether somebody who was forgotten may be written to again: there are fewer prints than people were forgotten.
    Nothing says who."""
    prints = int(database.value("SELECT count(*) FROM forgotten"))
    return prints < int(database.value("SELECT count(*) FROM recipient WHERE forgotten_at IS NOT NULL"))


def _printing(database: Database) -> Print:
    key = workspace_id(database)

    def print_of(contact_id: str) -> bytes:
        return blake2b(_compared(contact_id).encode(), key=key, digest_size=16, person=b"linktrack-gone").digest()

    return print_of


def _compared(contact_id: str) -> str:
    """The one form of a contact id for all forms that it comes in."""
    whole = same_id(contact_id)
    return same_email(whole) if "@" in whole else whole
