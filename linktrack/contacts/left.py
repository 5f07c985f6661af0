"""Who has left which type of mailing, how, and what brings a person back.

A person leaves by the unsubscribe link, the subscriptions page, or an action that takes away the interest named like
the type. The CRM learns of it late. So they are left out until the CRM knows it and gives the interest back (a file of
contacts was seen without that interest, and a later one, of other content, with it), until they come back themselves,
or by `contact subscribe`. A file without the interests' column proves nothing, nor one that was seen before.

All rows of `left_type` are written here, each type by the name under which types are compared. A return is kept too
(`how` is `back`), so that an older click that arrives late does not take the person away again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from linktrack.contacts.types import EVERY_TYPE, same_type, spelled_types
from linktrack.crm.mapping import Mapping, find_column
from linktrack.crm.multivalue import names_in
from linktrack.errors import Conflict
from linktrack.store.forgotten import take_print_away
from linktrack.store.lookups import recipient_id, unknown_type
from linktrack.store.session import Database

if TYPE_CHECKING:
    from linktrack.contacts.seen import SeenExport
    from linktrack.crm.people import Contact

TRANSACTIONAL = "transactional"  # what a person has asked for themselves: leaving every type does not end it
How = Literal["unsubscribe", "page", "action"]

_BACK = "back"


class Departure(NamedTuple):
    """A type that a person has left, as mailings spell it, when (UTC milliseconds) and how. `joined` are the types that
    they have come back to since, where they have left every type."""

    type: str
    how: str
    left_at: int
    joined: tuple[str, ...] = ()


def leave(database: Database, recipient_id: int, type: str, how: How, at: int) -> None:
    """A person has left a type of mailing (`EVERY_TYPE`: all) at this time. Part of a transaction.

    The latest of leaving and coming back counts, in whatever order they become known.
    """
    _note(database, recipient_id, type, how, at)


def come_back(database: Database, recipient_id: int, type: str, at: int) -> None:
    """A person gets a type of mailing again from this time on. Part of a transaction."""
    _note(database, recipient_id, type, _BACK, at)


def subscribe_again(
    database: Database, named: str, type: str | None, *, moment: int, types: Collection[str] = ()
) -> tuple[str, ...]:
    """Take a person back whom a contact id, address or name names, into one type or all that they have left.

    Returns the types. For a forgotten person, of whom only a print is known, that print is removed, and every type is
    returned. UnknownName for nobody, or for a type that neither a mailing nor `types` has. Conflict for one type of a
    person who has left every type, or who was forgotten.
    """
    with database.transaction():
        if take_print_away(database, named):
            if type is not None:
                raise Conflict(f"{named} was forgotten, with the types they have left: take them back without --type")
            return (EVERY_TYPE,)
        recipient = recipient_id(database, named)
        left = departures_of(database, recipient, types)
        back = [one.type for one in left if type is None or same_type(one.type) == same_type(type)]
        joined = [same_type(one) for departure in left for one in departure.joined]
        if type is not None and has_left([one.type for one in left if one.type not in back], type, joined):
            raise Conflict(f"{named} has left every type of mailing: take them back without --type")
        if type is not None and not back:
            _check_type(database, type, types)
        for one in back:
            _take_back(database, recipient, one, moment)
    return tuple(back)


def _check_type(database: Database, type: str, types: Collection[str]) -> None:
    left = (one for (one,) in database.rows("SELECT DISTINCT type FROM left_type"))
    known = [*types, *mailing_types(database), *left]
    if same_type(type) not in map(same_type, known):
        raise unknown_type(type, known)


def mailing_types(database: Database) -> list[str]:
    """The types of all mailings, also of deleted ones: what can be left."""
    return [type for (type,) in database.rows("SELECT DISTINCT type FROM mailing WHERE type <> '' ORDER BY type")]


def types_since(database: Database) -> dict[str, int]:
    """The types that can be left, as they are compared, each with the time (UTC milliseconds) of its first mailing."""
    found: dict[str, int] = {}
    for type, at in database.rows("SELECT type, min(created_at) FROM mailing WHERE type <> '' GROUP BY type"):
        found[same_type(type)] = min(at, found.get(same_type(type), at))
    return found


def departures_of(database: Database, recipient_id: int, types: Collection[str] = ()) -> list[Departure]:
    """The types that a person has left and not come back to, by type, spelled as mailings have them, or `types`."""
    spelled = spelled_types(mailing_types(database), types)
    stored = database.rows(
        "SELECT type, how, left_at FROM left_type WHERE recipient_id = ? ORDER BY type", (recipient_id,)
    )
    rows = [Departure(spelled.get(type) or type, how, left_at) for type, how, left_at in stored]
    left, back = ([row for row in rows if (row.how == _BACK) is came] for came in (False, True))
    return [
        row._replace(joined=tuple(one.type for one in back if row.type == EVERY_TYPE and one.left_at > row.left_at))
        for row in left
    ]


def has_left(left: Sequence[str], type: str, joined: Collection[str] = ()) -> bool:
    """Whether a person who has left the types in `left` is left out of a mailing of this type. `joined` (as `same_type`
    has them) are types that they came back to after they left every type."""
    wanted = same_type(type)
    ended = wanted != TRANSACTIONAL and wanted not in joined
    return any(same_type(one) == wanted or (one == EVERY_TYPE and ended) for one in left)


class Absences:
    """Everybody who has left a type, held against a file of contacts as it is read.

    `leaves_out` is asked once for each row; `note_what_was_seen` afterwards stores what the file has shown of them.
    """

    def __init__(self, database: Database, seen: SeenExport, mapping: Mapping) -> None:
        self._database = database
        self._seen = seen
        self._mapping = mapping
        self._left: dict[str, list[_Absence]] = {}
        for contact_id, *row in database.stream(
            "SELECT contact_id, recipient_id, type, without_at FROM left_type "
            "JOIN recipient ON recipient.id = recipient_id WHERE how <> ?",
            (_BACK,),
        ):
            self._left.setdefault(contact_id, []).append(_Absence(*row))
        self._returned_since: dict[str, set[str]] = {}  # who left every type, and the types that they have joined since
        for contact_id, type in database.stream(
            "SELECT contact_id, back.type FROM left_type AS back JOIN left_type AS every "
            "ON every.recipient_id = back.recipient_id AND every.type = ? AND every.how <> ? "
            "JOIN recipient ON recipient.id = back.recipient_id "
            "WHERE back.how = ? AND back.type <> ? AND back.left_at > every.left_at",
            (EVERY_TYPE, _BACK, _BACK, EVERY_TYPE),
        ):
            self._returned_since.setdefault(contact_id, set()).add(same_type(type))
        self._column: str | None = None
        self._looked = False
        self._without: list[_Absence] = []
        self._returned: list[_Absence] = []

    @property
    def people(self) -> frozenset[str]:
        """Who has left any type, by the contact's id."""
        return frozenset(self._left)

    def leaves_out(self, contact: Contact, type: str) -> bool:
        """Whether this contact has left the type, after what this very row says of their interests."""
        if not self._looked:
            self._look_for_column(list(contact.fields))
        absences = self._left.get(contact.contact_id)
        if not absences:
            return False
        interests = self._interests(contact)
        here: list[str] = []
        for absence in absences:
            gone = True
            if interests is not None and absence.type != EVERY_TYPE:
                if same_type(absence.type) not in interests:
                    if absence.without_at is None:
                        self._without.append(absence)
                elif absence.without_at is not None:
                    self._returned.append(absence)
                    gone = False
            if gone:
                here.append(absence.type)
        return has_left(here, type, self._returned_since.get(contact.contact_id, ()))

    def note_what_was_seen(self, moment: int) -> None:
        """Store that the file was seen, who stood in it without their interest, and who has come back. Part of a
        transaction."""
        if self._column is None or self._seen.before:
            return
        self._seen.note(moment)
        self._database.executemany(
            "UPDATE left_type SET without_at = ? WHERE recipient_id = ? AND type = ?",
            [(moment, absence.recipient_id, absence.type) for absence in self._without],
        )
        for absence in self._returned:
            _take_back(self._database, absence.recipient_id, absence.type, moment)

    def _look_for_column(self, columns: Sequence[str]) -> None:
        self._looked = True
        found = find_column(columns, self._mapping.settings.contacts.interests)
        self._column = None if found is None else columns[found]

    def _interests(self, contact: Contact) -> frozenset[str] | None:
        """A contact's interests as they are compared; None where the file says nothing that is new."""
        if self._column is None or self._seen.before:
            return None
        try:
            names = names_in(contact.fields[self._column], self._mapping.settings.contacts.interests_separator)
        except ValueError:  # a cell of a shape that is not understood
            return None
        return frozenset(map(same_type, names))


class _Absence(NamedTuple):
    recipient_id: int
    type: str
    without_at: int | None


def _take_back(database: Database, recipient_id: int, type: str, moment: int) -> None:
    """Take a person back into a type that they have left by what is stored, even if that has a later time than this
    moment: a log is written by another clock."""
    database.execute(
        "UPDATE left_type SET how = ?, left_at = CASE WHEN left_at < ? THEN ? ELSE left_at + 1 END, without_at = NULL "
        "WHERE recipient_id = ? AND type = ?",
        (_BACK, moment, moment, recipient_id, same_type(type)),
    )


def _note(database: Database, recipient_id: int, type: str, how: str, at: int) -> None:
    database.execute(
        "INSERT INTO left_type (recipient_id, type, how, left_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (recipient_id, type) DO UPDATE SET how = excluded.how, left_at = excluded.left_at, "
        "without_at = NULL WHERE excluded.left_at > left_type.left_at "
        # what is known already, from an import and then from a run, changes nothing
        "OR (excluded.left_at = left_type.left_at AND (excluded.how = ?) <> (left_type.how = ?))",
        (recipient_id, same_type(type), how, at, _BACK, _BACK),
    )
